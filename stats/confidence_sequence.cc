// SPDX-License-Identifier: Apache-2.0

#include "stats/confidence_sequence.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"
#include "stats/internal/tails.h"
#include "stats/normal_mixture.h"

namespace insightloop::stats {
namespace {

absl::Status CheckPlan(const AnytimePlan& plan, double alpha_below) {
  if (absl::Status status = internal::CheckAtLeast(1, plan.units, "units"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckAtLeast(1, plan.planned_units, "planned_units");
      !status.ok()) {
    return status;
  }
  if (!(plan.alpha > 0 && plan.alpha < alpha_below)) {
    return absl::InvalidArgumentError(
        absl::StrCat("alpha is ", plan.alpha, "; it must be above 0 and below ", alpha_below));
  }
  return absl::OkStatus();
}

absl::Status CheckTwoSided(const AnytimePlan& plan) { return CheckPlan(plan, 1); }
absl::Status CheckOneSided(const AnytimePlan& plan) { return CheckPlan(plan, 0.5); }

// n rho^2 for the rho that is tightest at the planned units.
double RelativeTime(const AnytimePlan& plan, double two_sided_alpha) {
  return static_cast<double>(plan.units) / static_cast<double>(plan.planned_units) *
         internal::TightestTime(two_sided_alpha);
}

double OneSidedMultiplier(const AnytimePlan& plan) {
  const double x = RelativeTime(plan, 2 * plan.alpha);
  // ln(1 + sqrt(x + 1) / (2 a)), whose quotient may overflow.
  const double log_term = std::log(2 * plan.alpha + std::sqrt(x + 1)) - std::log(2 * plan.alpha);
  return std::sqrt(2 * (x + 1) / x * log_term);
}

// ln p of the one-sided test.
double OneSidedLogP(const AnytimePlan& plan, double z) {
  if (z <= 0) return 0;
  const double x = RelativeTime(plan, 2 * plan.alpha);
  const double exponent = z * z * (x / (x + 1)) / 2;
  const double log_expm1 = exponent + std::log(-std::expm1(-exponent));
  return std::min(0.0, std::log1p(x) / 2 - std::numbers::ln2 - log_expm1);
}

// The test that the effect, times `sign`, is above the threshold, times `sign`.
absl::StatusOr<OneSidedTest> TestOneSide(const EffectEstimate& estimate, double threshold,
                                         const AnytimePlan& plan, int sign) {
  if (absl::Status status = CheckOneSided(plan); !status.ok()) return status;
  if (absl::Status status = internal::CheckFinite(threshold, "threshold"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckEstimate(estimate); !status.ok()) return status;
  const double log_p =
      OneSidedLogP(plan, sign * (estimate.effect - threshold) / estimate.standard_error);
  const OneSidedTest test = {
      .p_value = std::exp(log_p),
      .log_p_value = log_p,
      .bound = estimate.effect - sign * OneSidedMultiplier(plan) * estimate.standard_error,
      .level = 1 - plan.alpha};
  if (!std::isfinite(test.log_p_value) || !std::isfinite(test.bound)) {
    return internal::BeyondDouble(estimate);
  }
  return test;
}

}  // namespace

absl::StatusOr<Comparison> CompareAnytime(const EffectEstimate& estimate, const AnytimePlan& plan) {
  if (absl::Status status = CheckTwoSided(plan); !status.ok()) return status;
  return internal::CompareByMixture(estimate, RelativeTime(plan, plan.alpha), plan.alpha);
}

absl::StatusOr<OneSidedTest> TestAboveAnytime(const EffectEstimate& estimate, double threshold,
                                              const AnytimePlan& plan) {
  return TestOneSide(estimate, threshold, plan, 1);
}

absl::StatusOr<OneSidedTest> TestBelowAnytime(const EffectEstimate& estimate, double threshold,
                                              const AnytimePlan& plan) {
  return TestOneSide(estimate, threshold, plan, -1);
}

absl::StatusOr<double> AnytimeMultiplier(const AnytimePlan& plan) {
  if (absl::Status status = CheckTwoSided(plan); !status.ok()) return status;
  return internal::MixtureMultiplier(RelativeTime(plan, plan.alpha), plan.alpha);
}

absl::StatusOr<double> OneSidedAnytimeMultiplier(const AnytimePlan& plan) {
  if (absl::Status status = CheckOneSided(plan); !status.ok()) return status;
  return OneSidedMultiplier(plan);
}

}  // namespace insightloop::stats
