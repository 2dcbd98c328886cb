// SPDX-License-Identifier: Apache-2.0
//
// What of several variables per unit is estimated: the mean of one, or the ratio of two, such as
// revenue per order or clicks per view, where a unit has any number of orders.
//
// Method: the ratio of the means, not the mean of ratios; its variance by the delta method per unit
//         of randomization: unit i, with numerator n_i and denominator d_i, has the influence value
//         (n_i - R d_i) / mean of d. (Counting orders as independent would call noise a result.)
//         A weighted mean is the ratio of the variables w * y and w, which gives its linearized
//         variance.
// Source: Deng, Knoblich, Lu, "Applying the Delta Method in Metric Analytics", KDD 2018; Särndal,
//         Swensson, Wretman, Model Assisted Survey Sampling, 1992, section 5.6.
// Warning: approximate. A mean of the denominator below about 10 of its standard errors makes a
//         ratio skewed.

#ifndef INSIGHTLOOP_STATS_QUANTITY_H_
#define INSIGHTLOOP_STATS_QUANTITY_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/arm_estimate.h"
#include "stats/joint_moments.h"

namespace insightloop::stats {

// Numbers of variables in JointMoments.
struct Quantity {
  std::size_t variable = 0;         // whose mean it is, or the numerator
  std::optional<std::size_t> over;  // the denominator of a ratio; empty for a mean
};

// The quantity in one arm, with count - 1 degrees of freedom.
//
// Errors: kInvalidArgument    there is no such variable, the moments are not finite, a variance is
//                             negative or a covariance impossible, or the shapes of means and
//                             covariances disagree.
//         kFailedPrecondition there are fewer than two units, the mean of the denominator is 0, or
//                             the estimate does not fit in a double.
// A standard error of 0 is no error; Compare() says what it means. It is 0 too where all that the
// rounding of the moments leaves of it is noise.
// Pure function; safe from any thread.
absl::StatusOr<ArmEstimate> EstimateQuantity(const JointMoments& moments, const Quantity& quantity);

namespace internal {

// A quantity as the sum of its value and, for each variable, coefficient * (variable - mean): exact
// for a mean, for a ratio up to terms that vanish as units grow.
struct LinearQuantity {
  double value = 0;
  std::vector<double> coefficients;  // of every variable
};

// What EstimateQuantity() checks of moments; `prefix` goes before field names in messages:
// "", "control." or "treatment.".
absl::Status CheckJointMoments(const JointMoments& moments, absl::string_view prefix);

// Of checked moments. Errors as EstimateQuantity(), of the quantity.
absl::StatusOr<LinearQuantity> Linearize(const JointMoments& moments, const Quantity& quantity,
                                         absl::string_view prefix);

// Between two sums of coefficient * variable.
double CovarianceOf(const JointMoments& moments, const std::vector<double>& a,
                    const std::vector<double>& b);

// Of such a sum; 0 where it is below the rounding of what it is the difference of.
double VarianceOf(const JointMoments& moments, const std::vector<double>& a);

// The arm with that value and the variance of such a sum; the error if it is beyond a double.
absl::StatusOr<ArmEstimate> ToArm(const JointMoments& moments, const LinearQuantity& quantity,
                                  absl::string_view prefix);

}  // namespace internal

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_QUANTITY_H_
