// SPDX-License-Identifier: Apache-2.0
//
// A mean of survey answers in which some answers stand for more units than others, so that a group
// that answered too rarely counts as much as it is large.
//
// Method: sum(w y) / sum(w). Its linearized (Taylor) variance is that of a ratio of two sums,
//           n / (n - 1) * sum( w^2 (y - mean)^2 ) / sum(w)^2,
//         with n answers of weight above 0; n / (n - 1) makes it the usual s^2 / n when all weights
//         are equal. Weights are relative: their scale changes nothing.
//         For sums that can be merged over shards, count answers of weight above 0 in JointSums as
//         w * y and w: EstimateQuantity() of their ratio is the same estimate.
//         Values of -100, 0 and 100 make it the weighted net promoter score, of 0 and 1 a weighted
//         share such as that of the top two answers.
// Source: Cochran, Sampling Techniques, 3rd ed. 1977, chapter 6; Gatz, Smith, "The standard error
//         of a weighted mean concentration", Atmospheric Environment 29 (1995), on this variance
//         against the bootstrap. Effective units: Kish, Survey Sampling, 1965, section 11.7.
// Warning: takes the weights as known. They must not depend on the arm or on the answer.

#ifndef INSIGHTLOOP_STATS_WEIGHTED_MEAN_H_
#define INSIGHTLOOP_STATS_WEIGHTED_MEAN_H_

#include <span>

#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"

namespace insightloop::stats {

struct WeightedMean {
  // Its units are the answers of weight above 0, n; its degrees of freedom n - 1.
  ArmEstimate estimate;

  // sum(w)^2 / sum(w^2), in [1, n]: as many equally weighted answers would be as precise if weights
  // and answers have nothing to do with each other. For reading; the variance does without it.
  double effective_units = 0;
};

// Estimates the mean of one arm.
//
// Shapes: weights[k] belongs to values[k]; a weight of 0 leaves the answer out.
// Errors: kInvalidArgument    the lengths differ, a value or weight is not finite, or a weight is
//                             negative.
//         kFailedPrecondition fewer than two answers have a weight above 0.
// Pure function; safe from any thread; four passes, no allocation unless it fails.
absl::StatusOr<WeightedMean> EstimateWeightedMean(std::span<const double> values,
                                                  std::span<const double> weights);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_WEIGHTED_MEAN_H_
