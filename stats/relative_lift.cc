// SPDX-License-Identifier: Apache-2.0

#include "stats/relative_lift.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/internal/arguments.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace {

constexpr double kLeastStandardErrors = 3;

absl::Status CheckReach(const Reach& reach) {
  if (absl::Status status = internal::CheckLevel(reach.level); !status.ok()) return status;
  return internal::CheckFinitePositive(reach.standard_errors, "standard_errors");
}

// What a test read once reaches. Of checked arms.
absl::StatusOr<Reach> FixedReach(const Arms<ArmEstimate>& arms, double level) {
  if (absl::Status status = internal::CheckArms(arms); !status.ok()) return status;
  if (absl::Status status = internal::CheckLevel(level); !status.ok()) return status;
  const double c = internal::TwoSidedQuantile(level, internal::CombinedDegreesOfFreedom(arms));
  if (!(c > 0) || !std::isfinite(c)) {
    return absl::FailedPreconditionError(
        absl::StrCat("level is ", level, ", too close to 0 or 1 for its quantile"));
  }
  return Reach{.standard_errors = c, .level = level};
}

absl::Status CheckPositive(const ArmEstimate& arm, absl::string_view name,
                           absl::string_view where) {
  if (arm.value > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(name, ".value is ", arm.value, "; a relative lift needs ", where));
}

absl::Status CheckFarFromZero(const ArmEstimate& arm, absl::string_view name) {
  if (absl::Status status = CheckPositive(arm, name, "positive means in both arms"); !status.ok()) {
    return status;
  }
  if (arm.value < kLeastStandardErrors * arm.standard_error) {
    return absl::FailedPreconditionError(absl::StrCat(
        name, ".value is ", arm.value, ", less than ", kLeastStandardErrors,
        " of its standard errors, ", arm.standard_error, "; too uncertain for a relative lift"));
  }
  return absl::OkStatus();
}

absl::Status NoVariance() {
  return absl::FailedPreconditionError(
      "standard_error is 0 in both arms; a lift without variance has no interval");
}

absl::Status BeyondDouble(const Arms<ArmEstimate>& arms) {
  return absl::FailedPreconditionError(absl::StrCat("treatment.value ", arms.treatment.value,
                                                    " over control.value ", arms.control.value,
                                                    " gives results beyond the range of a double"));
}

bool IsFinite(const Interval& interval) {
  return std::isfinite(interval.lower) && std::isfinite(interval.upper);
}

}  // namespace

absl::StatusOr<RelativeLift> EstimateRelativeLift(const Arms<ArmEstimate>& arms, double level) {
  const absl::StatusOr<Reach> reach = FixedReach(arms, level);
  if (!reach.ok()) return reach.status();
  return EstimateRelativeLift(arms, *reach);
}

absl::StatusOr<RelativeLift> EstimateRelativeLift(const Arms<ArmEstimate>& arms,
                                                  const Reach& reach) {
  const auto& [control, treatment] = arms;
  if (absl::Status status = internal::CheckArms(arms); !status.ok()) return status;
  if (absl::Status status = CheckReach(reach); !status.ok()) return status;
  if (absl::Status status = CheckFarFromZero(control, "control"); !status.ok()) return status;
  if (absl::Status status = CheckFarFromZero(treatment, "treatment"); !status.ok()) return status;

  const double lift = (treatment.value - control.value) / control.value;
  // log1p keeps the digits of a small lift, the plain logarithm those of a fall to almost nothing.
  const double log_ratio =
      std::abs(lift) < 0.5 ? std::log1p(lift) : std::log(treatment.value / control.value);
  const double log_standard_error = std::hypot(treatment.standard_error / treatment.value,
                                               control.standard_error / control.value);
  if (log_standard_error == 0) return NoVariance();
  const double half_width = reach.standard_errors * log_standard_error;
  const RelativeLift result = {
      .lift = lift,
      .log_standard_error = log_standard_error,
      // Rounding must not leave out the lift itself.
      .interval = {.lower = std::min(lift, std::expm1(log_ratio - half_width)),
                   .upper = std::max(lift, std::expm1(log_ratio + half_width)),
                   .level = reach.level},
  };
  if (!std::isfinite(result.lift) || !IsFinite(result.interval)) return BeyondDouble(arms);
  return result;
}

absl::StatusOr<Interval> FiellerInterval(const Arms<ArmEstimate>& arms, double level) {
  const absl::StatusOr<Reach> reach = FixedReach(arms, level);
  if (!reach.ok()) return reach.status();
  return FiellerInterval(arms, *reach);
}

absl::StatusOr<Interval> FiellerInterval(const Arms<ArmEstimate>& arms, const Reach& reach) {
  const auto& [control, treatment] = arms;
  if (absl::Status status = internal::CheckArms(arms); !status.ok()) return status;
  if (absl::Status status = CheckReach(reach); !status.ok()) return status;
  if (absl::Status status = CheckPositive(control, "control", "a positive mean of the control");
      !status.ok()) {
    return status;
  }
  // All in shares of the control's mean, each side c standard errors wide.
  const double control_width = reach.standard_errors * (control.standard_error / control.value);
  const double treatment_width = reach.standard_errors * (treatment.standard_error / control.value);
  if (control_width >= 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("control.value is ", control.value, ", not above ", reach.standard_errors,
                     " of its standard errors, ", control.standard_error,
                     "; a control of 0 is not ruled out, so the relative lift has no bounds"));
  }
  if (control_width == 0 && treatment_width == 0) return NoVariance();
  // The roots of (m_t - ratio m_c)^2 = c^2 (se_t^2 + ratio^2 se_c^2), less 1.
  const double lift = (treatment.value - control.value) / control.value;
  const double square = control_width * control_width;
  const double rest = (1 - control_width) * (1 + control_width);
  const double middle = (lift + square) / rest;
  const double half_width = std::hypot(treatment_width * std::sqrt(rest),
                                       treatment.value / control.value * control_width) /
                            rest;
  const Interval interval = {
      .lower = middle - half_width, .upper = middle + half_width, .level = reach.level};
  if (!IsFinite(interval)) return BeyondDouble(arms);
  return interval;
}

absl::StatusOr<EffectEstimate> RelativeLiftByDelta(const Arms<ArmEstimate>& arms) {
  const auto& [control, treatment] = arms;
  if (absl::Status status = internal::CheckArms(arms); !status.ok()) return status;
  if (control.value == 0) {
    return absl::FailedPreconditionError(
        "control.value is 0; a relative lift needs a control mean other than 0");
  }
  const double ratio = treatment.value / control.value;
  const EffectEstimate estimate = {
      .effect = (treatment.value - control.value) / std::abs(control.value),
      .standard_error = std::hypot(treatment.standard_error / control.value,
                                   control.standard_error / control.value * ratio),
      .degrees_of_freedom = internal::CombinedDegreesOfFreedom(arms),
  };
  if (!std::isfinite(estimate.effect) || !std::isfinite(estimate.standard_error)) {
    return BeyondDouble(arms);
  }
  return estimate;
}

}  // namespace insightloop::stats
