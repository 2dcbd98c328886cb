// SPDX-License-Identifier: Apache-2.0
//
// How much an effect on survey answers may owe to who answered, when the arms respond at different
// rates: bounds of the effect among those who would answer in either arm.
//
// Method: with response rates r_high > r_low, the arm that responds more has answers that the other
//         arm lacks: the share q = (r_high - r_low) / r_high of its own. Trimming that share from
//         the top gives the lowest mean of the rest, from the bottom the highest; an answer value
//         that is only partly trimmed counts in part. Each mean against the untrimmed other arm is
//         one bound. The standard errors have Lee's three parts: the variance of the kept answers,
//         the estimated trimming value, and the estimated share.
// Source: Lee, "Training, Wages, and Sample Selection: Estimating Sharp Bounds on Treatment
//         Effects", Review of Economic Studies 76 (2009), propositions 1a, 2 and 3.
//
// Ties: with k = 1 - q and t the trimming value, the mean of the kept answers y is
//         t - E[max(t - y, 0)] / k
//         wherever t lies, and it is a maximum over t, so that estimating t adds nothing to the
//         first order and the sample variance of max(t - y, 0) / k is Lee's first two parts, ties
//         or not. Where the trimming ends exactly between two values, t could be either: it is the
//         nearest value of which anything is trimmed, which gives the larger standard error.
// Assumes: being in the treatment changes whether somebody answers in one direction only. Does not
//         bound what all who did not answer could hide: that is manski_bounds.h, which neither
//         contains these bounds nor is contained in them, as it is about everybody.

#ifndef INSIGHTLOOP_STATS_LEE_BOUNDS_H_
#define INSIGHTLOOP_STATS_LEE_BOUNDS_H_

#include "absl/status/statusor.h"
#include "stats/answer_counts.h"
#include "stats/comparison.h"
#include "stats/effect_bounds.h"

namespace insightloop::stats {

enum class TrimmedArm { kNeither, kControl, kTreatment };

struct LeeBounds {
  TrimmedArm trimmed_arm = TrimmedArm::kNeither;  // the one that responded more
  double trimmed_share = 0;                       // of its answers, in [0, 1)
  EffectBounds effect;  // in the unit of the answers; ImbensManskiInterval() makes the interval
};

// Bounds the effect of independent arms. At equal response rates nothing is trimmed, and both
// bounds are the difference of means with the standard error and degrees of freedom of Welch's
// test.
//
// Errors: kInvalidArgument    as MomentsOfAnswers(), or fewer were asked than answered.
//         kFailedPrecondition an arm has fewer than two answers, or a result does not fit in a
//                             double.
// Both standard errors may be 0. Pure function; safe from any thread; linear in the number of
// different values, allocates once.
absl::StatusOr<LeeBounds> EstimateLeeBounds(const Arms<SurveyArm>& arms);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_LEE_BOUNDS_H_
