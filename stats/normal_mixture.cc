// SPDX-License-Identifier: Apache-2.0

#include "stats/normal_mixture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace {

absl::StatusOr<double> Finite(double result, const NormalMixture& mixture) {
  if (std::isfinite(result)) return result;
  return absl::FailedPreconditionError(
      absl::StrCat("intrinsic_time ", mixture.intrinsic_time, " with rho ", mixture.rho,
                   " gives a result beyond the range of a double"));
}

absl::Status CheckMixture(const NormalMixture& mixture) {
  if (absl::Status status =
          internal::CheckFiniteNotNegative(mixture.intrinsic_time, "intrinsic_time");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckFinitePositive(mixture.rho, "rho"); !status.ok()) {
    return status;
  }
  return Finite(mixture.intrinsic_time + mixture.rho, mixture).status();
}

// The closed forms of u = S / sqrt(V + rho) and x = V / rho: ln M, and the u at which M = 1 /
// alpha.
double LogMixtureOf(double u, double x) { return u * u / 2 - std::log1p(x) / 2; }
double MixtureBound(double x, double alpha) {
  return std::sqrt(std::log1p(x) - 2 * std::log(alpha));
}

// ln(Phi(u)) + u^2 / 2, which rises with u and is convex.
double LogTilt(double u) { return internal::NormalLogUpperTailPlusHalfSquare(-u); }

// The u >= 0 at which LogTilt(u) + ln 2 is `target`, at least 0. By convexity Newton's steps from
// the right come ever closer and never pass it.
double SolveLogTilt(double target) {
  double u = std::sqrt(2 * target);  // right of it, as Phi(u) >= 1/2
  for (double step = u; step > std::numeric_limits<double>::epsilon() * u;) {
    const double log_tilt = LogTilt(u);
    const double density_over_phi =
        std::exp(-log_tilt) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    step = (log_tilt + std::numbers::ln2 - target) / (u + density_over_phi);
    u -= step;
  }
  return u;
}

}  // namespace

namespace internal {

double TightestTime(double alpha) {
  const double log_term = -2 * std::log(alpha);
  return log_term + std::log1p(log_term);
}

double LogMixture(double z, double x) { return LogMixtureOf(z * std::sqrt(x / (x + 1)), x); }

double MixtureMultiplier(double x, double alpha) {
  return std::sqrt(1 + 1 / x) * MixtureBound(x, alpha);
}

absl::StatusOr<Comparison> CompareByMixture(const EffectEstimate& estimate, double x,
                                            double alpha) {
  if (absl::Status status = CheckEstimate(estimate); !status.ok()) return status;
  const double log_p = std::min(-LogMixture(estimate.effect / estimate.standard_error, x), 0.0);
  const double half_width = MixtureMultiplier(x, alpha) * estimate.standard_error;
  const Comparison comparison = {
      .effect = estimate.effect,
      .standard_error = estimate.standard_error,
      .p_value = std::exp(log_p),
      .log_p_value = log_p,
      .interval = {.lower = estimate.effect - half_width,
                   .upper = estimate.effect + half_width,
                   .level = 1 - alpha},
      .degrees_of_freedom = {},
  };
  if (!std::isfinite(log_p) || !std::isfinite(comparison.interval.lower) ||
      !std::isfinite(comparison.interval.upper)) {
    return BeyondDouble(estimate);
  }
  return comparison;
}

}  // namespace internal

absl::StatusOr<double> NormalMixtureRho(double intrinsic_time, double alpha) {
  if (absl::Status status = internal::CheckFinitePositive(intrinsic_time, "intrinsic_time");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckInsideUnitInterval(alpha, "alpha"); !status.ok()) {
    return status;
  }
  const double rho = intrinsic_time / internal::TightestTime(alpha);
  if (rho > 0 && std::isfinite(rho)) return rho;
  return absl::FailedPreconditionError(absl::StrCat(
      "intrinsic_time ", intrinsic_time, " with alpha ", alpha, " has a rho beyond a double"));
}

absl::StatusOr<double> LogNormalMixture(const NormalMixture& mixture, double sum) {
  if (absl::Status status = CheckMixture(mixture); !status.ok()) return status;
  if (absl::Status status = internal::CheckFinite(sum, "sum"); !status.ok()) return status;
  const double u = sum / std::sqrt(mixture.intrinsic_time + mixture.rho);
  return Finite(LogMixtureOf(u, mixture.intrinsic_time / mixture.rho), mixture);
}

absl::StatusOr<double> NormalMixtureBound(const NormalMixture& mixture, double alpha) {
  if (absl::Status status = CheckMixture(mixture); !status.ok()) return status;
  if (absl::Status status = internal::CheckInsideUnitInterval(alpha, "alpha"); !status.ok()) {
    return status;
  }
  return Finite(std::sqrt(mixture.intrinsic_time + mixture.rho) *
                    MixtureBound(mixture.intrinsic_time / mixture.rho, alpha),
                mixture);
}

absl::StatusOr<double> LogOneSidedNormalMixture(const NormalMixture& mixture, double sum) {
  if (absl::Status status = CheckMixture(mixture); !status.ok()) return status;
  if (absl::Status status = internal::CheckFinite(sum, "sum"); !status.ok()) return status;
  const double u = sum / std::sqrt(mixture.intrinsic_time + mixture.rho);
  return Finite(
      std::numbers::ln2 - std::log1p(mixture.intrinsic_time / mixture.rho) / 2 + LogTilt(u),
      mixture);
}

absl::StatusOr<double> OneSidedNormalMixtureBound(const NormalMixture& mixture, double alpha) {
  if (absl::Status status = CheckMixture(mixture); !status.ok()) return status;
  if (absl::Status status = internal::CheckInsideUnitInterval(alpha, "alpha"); !status.ok()) {
    return status;
  }
  const double target = std::log1p(mixture.intrinsic_time / mixture.rho) / 2 - std::log(alpha);
  if (!std::isfinite(target)) return Finite(target, mixture);
  return Finite(std::sqrt(mixture.intrinsic_time + mixture.rho) * SolveLogTilt(target), mixture);
}

}  // namespace insightloop::stats
