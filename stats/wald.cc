// SPDX-License-Identifier: Apache-2.0

#include "stats/wald.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/tails.h"

namespace insightloop::stats::internal {

absl::Status CheckLevel(double level) {
  if (level > 0 && level < 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("level is ", level, "; it must be above 0 and below 1, such as 0.95"));
}

double CriticalValue(double level, std::optional<double> degrees_of_freedom) {
  const double upper_tail = (1 - level) / 2;
  return degrees_of_freedom ? StudentTUpperQuantile(upper_tail, *degrees_of_freedom)
                            : NormalUpperQuantile(upper_tail);
}

absl::StatusOr<Comparison> CompareByEstimate(const Estimate& estimate, double level) {
  if (absl::Status status = CheckLevel(level); !status.ok()) return status;
  if (estimate.standard_error == 0) {
    return absl::FailedPreconditionError(
        "the variance of both arms is 0; the difference has no standard error");
  }
  const double statistic = estimate.effect / estimate.standard_error;
  const Tail tail = estimate.degrees_of_freedom
                        ? StudentTTwoSidedTail(statistic, *estimate.degrees_of_freedom)
                        : NormalTwoSidedTail(statistic);
  const double half_width =
      CriticalValue(level, estimate.degrees_of_freedom) * estimate.standard_error;
  const Comparison comparison = {
      .absolute_effect = estimate.effect,
      .standard_error = estimate.standard_error,
      .p_value = tail.p,
      .log_p_value = tail.log_p,
      .interval = {.lower = estimate.effect - half_width,
                   .upper = estimate.effect + half_width,
                   .level = level},
      .degrees_of_freedom = estimate.degrees_of_freedom,
  };
  // The logarithm is the first to leave the range of a double, from 1e154 standard errors on.
  if (!std::isfinite(comparison.log_p_value) || !std::isfinite(comparison.interval.lower) ||
      !std::isfinite(comparison.interval.upper)) {
    return absl::FailedPreconditionError(
        absl::StrCat("effect ", estimate.effect, " with standard error ", estimate.standard_error,
                     " gives results beyond the range of a double"));
  }
  return comparison;
}

}  // namespace insightloop::stats::internal
