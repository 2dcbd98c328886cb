// SPDX-License-Identifier: Apache-2.0

#include "stats/arm_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {
namespace internal {

absl::Status CheckArm(const ArmEstimate& arm, absl::string_view name) {
  if (absl::Status status = CheckCount(arm.units, absl::StrCat(name, ".units")); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckFinite(arm.value, absl::StrCat(name, ".value")); !status.ok()) {
    return status;
  }
  if (absl::Status status =
          CheckFiniteNotNegative(arm.standard_error, absl::StrCat(name, ".standard_error"));
      !status.ok()) {
    return status;
  }
  if (absl::Status status =
          CheckDegreesOfFreedom(arm.degrees_of_freedom, absl::StrCat(name, ".degrees_of_freedom"));
      !status.ok()) {
    return status;
  }
  if (arm.units == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ".units is 0; a comparison needs units in both arms"));
  }
  return absl::OkStatus();
}

absl::Status CheckArms(const Arms<ArmEstimate>& arms) {
  if (absl::Status status = CheckArm(arms.control, "control"); !status.ok()) return status;
  return CheckArm(arms.treatment, "treatment");
}

std::optional<double> CombinedDegreesOfFreedom(std::span<const ArmEstimate> parts) {
  double standard_error = 0;
  for (const ArmEstimate& part : parts) {
    if (!part.degrees_of_freedom) return std::nullopt;
    standard_error = std::hypot(standard_error, part.standard_error);
  }
  if (standard_error == 0) return std::nullopt;
  double inverse = 0;
  for (const ArmEstimate& part : parts) {
    // Shares of the variance, so that nothing overflows whatever the metric's unit.
    const double of_error = part.standard_error / standard_error;
    const double share = of_error * of_error;
    inverse += share * share / *part.degrees_of_freedom;
  }
  return std::min(1 / inverse, std::numeric_limits<double>::max());
}

std::optional<double> CombinedDegreesOfFreedom(const Arms<ArmEstimate>& arms) {
  const std::array parts = {arms.control, arms.treatment};
  return CombinedDegreesOfFreedom(parts);
}

}  // namespace internal

absl::StatusOr<EffectEstimate> Difference(const Arms<ArmEstimate>& arms) {
  if (absl::Status status = internal::CheckArms(arms); !status.ok()) return status;
  const EffectEstimate estimate = {
      .effect = arms.treatment.value - arms.control.value,
      .standard_error = std::hypot(arms.control.standard_error, arms.treatment.standard_error),
      .degrees_of_freedom = internal::CombinedDegreesOfFreedom(arms),
  };
  if (!std::isfinite(estimate.effect) || !std::isfinite(estimate.standard_error)) {
    return absl::FailedPreconditionError(absl::StrCat("treatment.value ", arms.treatment.value,
                                                      " minus control.value ", arms.control.value,
                                                      " is beyond the range of a double"));
  }
  return estimate;
}

}  // namespace insightloop::stats
