// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/text.h"

#include <array>
#include <ctime>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace insightloop::demo {
namespace {

std::tm ToCalendar(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm calendar{};
  gmtime_r(&time, &calendar);
  return calendar;
}

bool IsShare(v1::Result::Statistic statistic) {
  return statistic == v1::Result::SHARE || statistic == v1::Result::TOP_TWO_SHARE;
}

// A difference without its unit.
std::string EffectNumber(v1::Result::Statistic statistic, double effect) {
  if (IsShare(statistic)) return absl::StrFormat("%+.2f", 100 * effect);
  if (statistic == v1::Result::NET_PROMOTER_SCORE) return absl::StrFormat("%+.1f", effect);
  return absl::StrFormat("%+.2f", effect);
}

}  // namespace

std::size_t DisplayWidth(const std::string& text) {
  std::size_t width = 0;
  bool in_color = false;
  for (const char c : text) {
    if (c == '\x1b') in_color = true;
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (!in_color && !continues) ++width;
    if (in_color && c == 'm') in_color = false;
  }
  return width;
}

std::string PadRight(const std::string& text, std::size_t width) {
  const std::size_t taken = DisplayWidth(text);
  return taken < width ? text + std::string(width - taken, ' ') : text;
}

std::string PadLeft(const std::string& text, std::size_t width) {
  const std::size_t taken = DisplayWidth(text);
  return taken < width ? std::string(width - taken, ' ') + text : text;
}

std::vector<std::string> Wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!lines.back().empty() && DisplayWidth(lines.back()) + 1 + DisplayWidth(word) > width) {
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

std::string Grouped(std::int64_t number) {
  std::string text = absl::StrCat(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string DayText(std::int64_t seconds) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm calendar = ToCalendar(seconds);
  return absl::StrCat(kDays[static_cast<std::size_t>(calendar.tm_wday)], " ", calendar.tm_mday, " ",
                      kMonths[static_cast<std::size_t>(calendar.tm_mon)]);
}

std::string TimeText(std::int64_t seconds) {
  const std::tm calendar = ToCalendar(seconds);
  return absl::StrFormat("%s %02d:%02d", DayText(seconds), calendar.tm_hour, calendar.tm_min);
}

std::string ValueText(v1::Result::Statistic statistic, double value) {
  if (IsShare(statistic)) return absl::StrFormat("%.2f %%", 100 * value);
  if (statistic == v1::Result::NET_PROMOTER_SCORE) return absl::StrFormat("%.1f", value);
  return absl::StrFormat("%.2f", value);
}

std::string EffectText(v1::Result::Statistic statistic, double effect) {
  return EffectNumber(statistic, effect) + (IsShare(statistic) ? " pp" : "   ");
}

std::string IntervalText(v1::Result::Statistic statistic, const v1::Interval& interval) {
  if (!interval.has_lower() || !interval.has_upper()) return "–";
  return absl::StrCat("[", EffectNumber(statistic, interval.lower()), ", ",
                      EffectNumber(statistic, interval.upper()), "]");
}

std::string PValueText(double p_value) {
  return p_value < 0.001 ? "< 0.001" : absl::StrFormat("%.3f", p_value);
}

std::string ShortName(const std::string& name) { return name.substr(name.rfind('/') + 1); }

}  // namespace insightloop::demo
