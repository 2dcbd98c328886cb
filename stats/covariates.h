// SPDX-License-Identifier: Apache-2.0
//
// Smaller standard errors from what was known of the units before they were exposed, such as their
// spend in the weeks before (CUPED).
//
// Method: unit i's outcome y_i becomes y_i - theta' (x_i - x), with x_i its covariates, x their
//         common mean over both arms, and theta the regression of the outcome on the covariates.
//         The effect stays unbiased whatever theta is, as randomized arms differ in x by chance
//         only. Outcome and covariates may be means, shares (means of 0 and 1) or ratios; for a
//         ratio the influence values take the place of y_i and x_i.
// Source: Deng, Xu, Kohavi, Walker, "Improving the Sensitivity of Online Controlled Experiments by
//         Utilizing Pre-Experiment Data", WSDM 2013; several covariates: Lin, "Agnostic Notes on
//         Regression Adjustments to Experimental Data", Annals of Applied Statistics 7 (2013).
// Warning: covariates must be of the time before the first exposure. What the treatment can change
//         takes a part of its effect away.

#ifndef INSIGHTLOOP_STATS_COVARIATES_H_
#define INSIGHTLOOP_STATS_COVARIATES_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"
#include "stats/joint_moments.h"
#include "stats/quantity.h"

namespace insightloop::stats {

// Which covariances theta comes from.
enum class ThetaPooling {
  kWithinArms,    // about each arm's own mean, with weights count - 1: no effect leaks into theta
  kPooledSample,  // about the mean of both arms together, as if they were one sample
  kEqualArms,     // the arms' sample covariances, added without weights
};

struct Adjustment {
  Quantity outcome;
  std::vector<Quantity> covariates;
  ThetaPooling pooling = ThetaPooling::kWithinArms;
};

struct AdjustedArms {
  Arms<ArmEstimate> arms;  // count - 1 degrees of freedom

  std::vector<double> theta;          // of each covariate, in units of the outcome per its unit
  std::vector<std::size_t> left_out;  // numbers of covariates without use, ascending; theta is 0

  // Of the squared standard error of the absolute effect: 0.3 is what 43 % more units would do.
  // Below 0 where adjusting did harm, which takes arms of very unequal size or variance.
  double variance_removed = 0;
};

// Adjusts the outcome in both arms. They have the same variables in the same order.
//
// A covariate is left out that is constant, or of whose variance the covariates taken before it
// leave less than one part in 10^10. Without any covariate left this is EstimateQuantity().
//
// Errors: kInvalidArgument    as EstimateQuantity(), naming the arm, or the arms have not as many
//                             variables.
//         kFailedPrecondition an arm has fewer than two units, a denominator has the mean 0, the
//                             outcome varies in neither arm, or a result does not fit in a double.
// A perfect fit leaves a standard error of 0, never a negative variance.
// Pure function; safe from any thread.
absl::StatusOr<AdjustedArms> AdjustForCovariates(const Arms<JointMoments>& arms,
                                                 const Adjustment& adjustment);

// The adjusted effect as a share of what the control is seen to have, its mean as counted:
// (m_t - m_c) / |r_c| with adjusted means m and counted mean r_c. For reports that show the counted
// means; by the delta method, with its derivative at 1 + lift and the degrees of freedom of the
// adjusted difference. EstimateRelativeLift() and RelativeLiftByDelta() of the adjusted arms are
// shares of the adjusted mean of the control instead.
//
// Errors: as AdjustForCovariates(), and kFailedPrecondition when the control's mean is 0.
// Pure function; safe from any thread.
absl::StatusOr<EffectEstimate> AdjustedLiftOverCountedMean(const Arms<JointMoments>& arms,
                                                           const Adjustment& adjustment);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_COVARIATES_H_
