// SPDX-License-Identifier: Apache-2.0
//
// Difference of two means: spend, counts, survey scores.
//
// Method: Welch's t test, which does not assume equal variances, with Satterthwaite's degrees of
//         freedom; the interval uses the same t distribution.
// Source: Welch, "The generalization of 'Student's' problem when several different population
//         variances are involved", Biometrika 34 (1947); Satterthwaite, Biometrics Bulletin 2
//         (1946).
// Warning: approximate for skewed metrics. Uncapped money at unequal shares misleads even with
//         thousands of units.

#ifndef INSIGHTLOOP_STATS_MEAN_DIFFERENCE_H_
#define INSIGHTLOOP_STATS_MEAN_DIFFERENCE_H_

#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"
#include "stats/moments.h"

namespace insightloop::stats {

// The mean of one arm, with count - 1 degrees of freedom.
//
// Errors: kInvalidArgument    the count is negative, the mean or variance is not finite, the
//                             variance is negative, or missing though there are two units or more.
//         kFailedPrecondition there are fewer than two units.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<ArmEstimate> EstimateMean(const Moments& moments);

// The difference of two means, with Satterthwaite's degrees of freedom.
//
// Errors: as EstimateMean(), naming the arm; kFailedPrecondition also when it does not fit in a
//         double.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<EffectEstimate> MeanDifference(const Arms<Moments>& arms);

// Compares the means of two arms.
//
// Units:  the effect is in the metric's unit. `degrees_of_freedom` is set.
// Errors: kInvalidArgument    as EstimateMean(), naming the arm, or `level` is not in (0, 1).
//         kFailedPrecondition an arm has fewer than two units, both variances are 0, or the
//                             results do not fit in a double.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<Comparison> CompareMeans(const Arms<Moments>& arms, double level);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_MEAN_DIFFERENCE_H_
