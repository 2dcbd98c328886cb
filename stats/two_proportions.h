// SPDX-License-Identifier: Apache-2.0
//
// Difference of two proportions: conversion, retention, the top-two share of a survey question.
//
// Method: z test with the unpooled variance p(1-p)/n of each arm, and the Wald interval, which is
//         the same test turned round, so that p-value and interval never contradict each other.
//         (The pooled test of many textbooks has a slightly different p-value.) Approximate: do
//         not decide on fewer than about 25 successes and 25 failures in each arm.
// Source: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd ed. 2003,
//         section 3.

#ifndef INSIGHTLOOP_STATS_TWO_PROPORTIONS_H_
#define INSIGHTLOOP_STATS_TWO_PROPORTIONS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/comparison.h"

namespace insightloop::stats {

// How many of an arm's units did it.
struct Proportion {
  std::int64_t successes = 0;  // 0 to trials
  std::int64_t trials = 0;     // randomization units, each counted once
};

// Compares the shares successes / trials of two arms.
//
// Units:  the effect is a difference of shares in [-1, 1]: 0.01 is one percentage point. The
//         interval is not clipped to that range.
// Errors: kInvalidArgument    a count is negative, more successes than trials, or `level` is not
//                             in (0, 1).
//         kFailedPrecondition an arm has no trials, or in each arm all units succeeded or all
//                             failed.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<Comparison> CompareProportions(const Arms<Proportion>& arms, double level);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_TWO_PROPORTIONS_H_
