// SPDX-License-Identifier: Apache-2.0
//
// One proportion: how many of an arm's units converted, stayed, or gave one of the top two answers,
// and how sure their share is. Two arms are in two_proportions.h and two_proportions_score.h.
//
// Method: Wilson's interval inverts the score test of the share. Its coverage is close to the level
//         on average for any number of units, and it stays inside [0, 1]: the interval to show.
//         Clopper and Pearson's inverts the exact binomial test. Its coverage is never below the
//         level and often well above: for when that must be guaranteed.
// Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22
//         (1927); Clopper, Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the
//         Case of the Binomial", Biometrika 26 (1934); compared by Brown, Cai, DasGupta, "Interval
//         Estimation for a Binomial Proportion", Statistical Science 16 (2001).
//
// Units:  shares in [0, 1]. Interval ends have all their digits also where a share is next to 0; at
//         0 and at 1 they are exactly that.
// All functions are pure, safe from any thread, and allocate nothing unless they fail.

#ifndef INSIGHTLOOP_STATS_PROPORTION_H_
#define INSIGHTLOOP_STATS_PROPORTION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"

namespace insightloop::stats {

// How many of an arm's units did it.
struct Proportion {
  std::int64_t successes = 0;  // 0 to trials
  std::int64_t trials = 0;     // randomization units, each counted once
};

// The share successes / trials with the standard error sqrt(p (1-p) / n), for the normal
// distribution. The standard error is 0 when all units succeeded or all failed.
//
// Errors: kInvalidArgument    a count is negative, or more successes than trials.
//         kFailedPrecondition no trials.
absl::StatusOr<ArmEstimate> EstimateProportion(const Proportion& proportion);

// Same errors, and kInvalidArgument unless `level` is in (0, 1).
absl::StatusOr<Interval> WilsonInterval(const Proportion& proportion, double level);

// Same errors, and kFailedPrecondition beyond 10^12 trials, where the beta distribution's digits
// run out and Wilson's interval is the same, or when an end cannot be found, as for a level of
// 1e-17. Tens of microseconds up to a thousand trials, tens of milliseconds at the most.
absl::StatusOr<Interval> ClopperPearsonInterval(const Proportion& proportion, double level);

namespace internal {

// What all functions check of a proportion; `name` is that of the argument.
absl::Status CheckProportion(const Proportion& proportion, absl::string_view name);

// Counts for formulas. Failures come from whole numbers, as 1 - p loses the digits of a share close
// to 1.
struct Counts {
  double successes = 0;
  double failures = 0;
  double trials = 0;
};
Counts CountsOf(const Proportion& proportion);

// How far the ends of Wilson's interval are from the share itself, each with all its digits; z is
// the normal quantile.
struct WilsonDistances {
  double below = 0;
  double above = 0;
};
WilsonDistances DistancesToWilsonEnds(const Counts& counts, double z);

}  // namespace internal

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_PROPORTION_H_
