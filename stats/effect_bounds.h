// SPDX-License-Identifier: Apache-2.0
//
// An effect of which the data give no single estimate but a lowest and a highest one, however many
// units there are, because some units did not answer; and a confidence interval for it.
//
// Method: [lower - c * se_lower, upper + c * se_upper] with the c that solves
//           Phi(c + (upper - lower) / max(se_lower, se_upper)) - Phi(-c) = level.
//         It covers the effect, not the whole stretch between the bounds: c is the two-sided
//         quantile when the bounds meet and comes down to the one-sided one as they part.
//         The normal distribution, whatever the bounds' degrees of freedom.
// Source: Imbens, Manski, "Confidence Intervals for Partially Identified Parameters", Econometrica
//         72 (2004). That it holds also where the bounds nearly meet, as long as the estimated
//         ones never cross: Stoye, "More on Confidence Intervals for Partially Identified
//         Parameters", Econometrica 77 (2009).
//
// All functions are pure, safe from any thread, and allocate nothing unless they fail.

#ifndef INSIGHTLOOP_STATS_EFFECT_BOUNDS_H_
#define INSIGHTLOOP_STATS_EFFECT_BOUNDS_H_

#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"

namespace insightloop::stats {

// The lowest and the highest value that an arm may have.
struct ArmBounds {
  ArmEstimate lower;
  ArmEstimate upper;
};

// The lowest and the highest effect that the data allow, each with its own standard error.
struct EffectBounds {
  EffectEstimate lower;
  EffectEstimate upper;
};

// The lowest treatment against the highest control, and the other way round. Errors as
// Difference().
absl::StatusOr<EffectBounds> DifferenceOfBounds(const Arms<ArmBounds>& arms);

// An interval that covers the effect with probability `level` or more.
//
// Errors: kInvalidArgument    an effect is not finite, lower.effect is above upper.effect, a
//                             standard error is negative or not finite, or `level` is not in
//                             (0, 1).
//         kFailedPrecondition both standard errors are 0, or the interval does not fit in a double.
absl::StatusOr<Interval> ImbensManskiInterval(const EffectBounds& bounds, double level);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_EFFECT_BOUNDS_H_
