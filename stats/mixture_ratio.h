// SPDX-License-Identifier: Apache-2.0
//
// The mixture sequential probability ratio test (mSPRT): like a confidence sequence it may be read
// at any time, but is tuned by how large effects are expected to be rather than by a planned size.
//
// Method: the likelihood of the estimated effect d when true effects are normal around 0 with
//         variance tau^2, over its likelihood when there is none. With its standard error s,
//           ln L = -ln(1 + tau^2 / s^2) / 2 + d^2 tau^2 / (2 s^2 (s^2 + tau^2)),
//         and min(1, 1 / L) is a p-value at this look; the interval holds the effects it would not
//         reject. Over several looks the smallest such p-value is valid at every moment:
//         AlwaysValidLogPValues() of e_value.h.
// Source: Johari, Koomen, Pekelis, Walsh, "Always Valid Inference: Continuous Monitoring of A/B
//         Tests", Operations Research 70 (2022), and "Peeking at A/B Tests", KDD 2017. There n
//         pairs of units have the variance V = 2 sigma^2, or p_c (1 - p_c) + p_t (1 - p_t) for
//         shares; here V / n is s^2, so that arms may have different sizes.
//
// Units:  tau^2 in the square of the effect's unit. Fix it before the first look.
// Errors: kInvalidArgument    tau^2 is not finite and positive, alpha is not in (0, 1), or as
//                             Compare().
//         kFailedPrecondition as Compare().
// Pure function; safe from any thread; no allocation unless it fails.

#ifndef INSIGHTLOOP_STATS_MIXTURE_RATIO_H_
#define INSIGHTLOOP_STATS_MIXTURE_RATIO_H_

#include "absl/status/statusor.h"
#include "stats/comparison.h"

namespace insightloop::stats {

struct MixtureRatioPlan {
  double tau_squared = 0;
  double alpha = 0;  // after correction
};

struct MixtureRatio {
  double log_likelihood_ratio = 0;  // ln L; above 0 speaks for an effect
  Comparison comparison;            // at this look; no degrees of freedom
};

absl::StatusOr<MixtureRatio> CompareByMixtureRatio(const EffectEstimate& estimate,
                                                   const MixtureRatioPlan& plan);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_MIXTURE_RATIO_H_
