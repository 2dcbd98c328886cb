// SPDX-License-Identifier: Apache-2.0

#include "stats/posterior.h"

#include <cmath>
#include <numbers>

#include "absl/status/status.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace {

// E[max(X, 0)] of a normal X. Far below 0 its two terms cancel, so that they are put together as
// s phi(z) (1 - z M(z)) with z = -m/s and Mills' ratio M.
double ExpectedGain(double mean, double deviation) {
  const double z = -mean / deviation;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  if (z <= 0) return deviation * density + mean * internal::NormalUpperTail(z).p;
  const double mills =
      std::exp(internal::NormalLogUpperTailPlusHalfSquare(z)) * std::sqrt(2 * std::numbers::pi);
  return deviation * density * (1 - z * mills);
}

}  // namespace

absl::StatusOr<EffectPosterior> EstimatePosterior(const EffectEstimate& estimate,
                                                  const std::optional<NormalPrior>& prior) {
  if (!std::isfinite(estimate.effect) || !std::isfinite(estimate.standard_error) ||
      estimate.standard_error < 0) {
    return absl::InvalidArgumentError("the effect or its standard error is not finite");
  }
  if (estimate.standard_error == 0) {
    return absl::FailedPreconditionError("a standard error of 0 leaves nothing uncertain");
  }
  EffectPosterior posterior = {.mean = estimate.effect,
                               .standard_deviation = estimate.standard_error};
  if (prior.has_value()) {
    if (!std::isfinite(prior->mean) || !std::isfinite(prior->standard_deviation) ||
        !(prior->standard_deviation > 0)) {
      return absl::InvalidArgumentError("the prior's mean or spread is not finite, or it has none");
    }
    // The weight of the estimate, from the ratio of the two spreads: no square can overflow.
    const double ratio = estimate.standard_error / prior->standard_deviation;
    const double weight = 1 / (1 + ratio * ratio);
    posterior.mean = weight * estimate.effect + (1 - weight) * prior->mean;
    posterior.standard_deviation = estimate.standard_error * std::sqrt(weight);
  }
  const double mean = posterior.mean, deviation = posterior.standard_deviation;
  if (!std::isfinite(mean / deviation)) {
    return absl::FailedPreconditionError("the effect in standard errors does not fit in a double");
  }
  posterior.chance_to_win = internal::NormalUpperTail(-mean / deviation).p;
  posterior.loss_of_treatment = ExpectedGain(-mean, deviation);
  posterior.loss_of_control = ExpectedGain(mean, deviation);
  return posterior;
}

}  // namespace insightloop::stats
