// SPDX-License-Identifier: Apache-2.0
//
// Straight-lining: questionnaires in which every item got the same answer, a sign that somebody
// clicked through without reading.
//
// Method: a questionnaire of four answered items or more is straight-lined if all of them have the
//         same value; shorter ones cannot be judged. CompareProportions() says whether the share
//         differs between arms.
// Source: Kim, Dykema, Stevenson, Black, Moberg, "Straightlining: Overview of Measurement,
//         Comparison of Indicators, and Effects in Mail-Web Mixed-Mode Surveys", Social Science
//         Computer Review 37 (2019), simple nondifferentiation.
// Warning: give items of one scale. Where items are worded in opposite directions the same answer
//         to all contradicts itself; where not, it may be meant.

#ifndef INSIGHTLOOP_STATS_STRAIGHT_LINING_H_
#define INSIGHTLOOP_STATS_STRAIGHT_LINING_H_

#include <span>

#include "stats/proportion.h"

namespace insightloop::stats {

// Fewest answered items by which a questionnaire is judged.
inline constexpr int kLeastItems = 4;

// Adds one questionnaire to the counts of its arm: to the trials if it can be judged, and to the
// successes if it is straight-lined. `answers` are those of the items answered, in any order.
//
// Returns the new counts and has no errors: the counts must be valid, with room for one more. Pure
// function; safe from any thread; no allocation.
Proportion AddQuestionnaire(const Proportion& straight_lined, std::span<const double> answers);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_STRAIGHT_LINING_H_
