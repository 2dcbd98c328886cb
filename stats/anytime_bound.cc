// SPDX-License-Identifier: Apache-2.0

#include "stats/anytime_bound.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {

absl::StatusOr<double> OneSidedAnytimeMultiplier(const AnytimePlan& plan) {
  if (plan.units < 1) {
    return absl::InvalidArgumentError(absl::StrCat("units is ", plan.units, "; give 1 or more"));
  }
  if (plan.planned_units < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("planned_units is ", plan.planned_units, "; give 1 or more"));
  }
  if (!(plan.alpha > 0 && plan.alpha < 0.5)) {
    return absl::InvalidArgumentError(
        absl::StrCat("alpha is ", plan.alpha, "; give a number above 0 and below 0.5"));
  }
  const double log_term = -2 * std::log(2 * plan.alpha);
  const double rho_squared =
      (log_term + std::log1p(log_term)) / static_cast<double>(plan.planned_units);
  const double x = static_cast<double>(plan.units) * rho_squared;
  return std::sqrt(2 * (x + 1) / x * std::log1p(std::sqrt(x + 1) / (2 * plan.alpha)));
}

absl::StatusOr<double> OneSidedAnytimeLevel(const AnytimePlan& plan) {
  const auto multiplier = OneSidedAnytimeMultiplier(plan);
  if (!multiplier.ok()) return multiplier.status();
  return 1 - internal::NormalTwoSidedTail(*multiplier).p;
}

}  // namespace insightloop::stats
