// SPDX-License-Identifier: Apache-2.0

#include "stats/mixture_ratio.h"

#include <cmath>

#include "absl/status/status.h"
#include "stats/internal/arguments.h"
#include "stats/normal_mixture.h"

namespace insightloop::stats {

absl::StatusOr<MixtureRatio> CompareByMixtureRatio(const EffectEstimate& estimate,
                                                   const MixtureRatioPlan& plan) {
  if (absl::Status status = internal::CheckFinitePositive(plan.tau_squared, "tau_squared");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckInsideUnitInterval(plan.alpha, "alpha"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckEstimate(estimate); !status.ok()) return status;
  // L is the normal mixture of d / s^2 at the information V = 1 / s^2, with rho = 1 / tau^2.
  const double relative_tau = std::sqrt(plan.tau_squared) / estimate.standard_error;
  const double x = relative_tau * relative_tau;
  const absl::StatusOr<Comparison> comparison = internal::CompareByMixture(estimate, x, plan.alpha);
  if (!comparison.ok()) return comparison.status();
  return MixtureRatio{
      .log_likelihood_ratio = internal::LogMixture(estimate.effect / estimate.standard_error, x),
      .comparison = *comparison,
  };
}

}  // namespace insightloop::stats
