// SPDX-License-Identifier: Apache-2.0
//
// Numbers, times and paragraphs as people read them. Pure; none of it fails.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_TEXT_H_
#define INSIGHTLOOP_CLIENTS_DEMO_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "insightloop/v1/verdict.pb.h"

namespace insightloop::demo {

// Columns that UTF-8 text of Latin letters and signs takes on a terminal; colours take none.
std::size_t DisplayWidth(const std::string& text);

// The text with blanks up to that width: behind it, or before it.
std::string PadRight(const std::string& text, std::size_t width);
std::string PadLeft(const std::string& text, std::size_t width);

// The text in lines of at most that width, broken between words.
std::vector<std::string> Wrapped(const std::string& text, std::size_t width);

// "30,000".
std::string Grouped(std::int64_t number);

// "Mon 2 Mar", and "Mon 2 Mar 08:00", in UTC.
std::string DayText(std::int64_t seconds);
std::string TimeText(std::int64_t seconds);

// A value and a difference of a statistic in its own unit: "12.07 %" and "+3.71 pp".
std::string ValueText(v1::Result::Statistic statistic, double value);
std::string EffectText(v1::Result::Statistic statistic, double effect);

// "[+2.4, +5.0]", in the unit of EffectText; "–" for an interval that is not stated.
std::string IntervalText(v1::Result::Statistic statistic, const v1::Interval& interval);

// "0.034", "< 0.001".
std::string PValueText(double p_value);

// "metrics/csat" -> "csat".
std::string ShortName(const std::string& name);

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_TEXT_H_
