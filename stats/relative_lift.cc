// SPDX-License-Identifier: Apache-2.0

#include "stats/relative_lift.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/wald.h"

namespace insightloop::stats {
namespace {

constexpr double kLeastStandardErrors = 3;

absl::Status CheckArguments(const MeanEstimate& arm, absl::string_view name) {
  if (!std::isfinite(arm.mean)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".mean is ", arm.mean, "; it must be finite"));
  }
  if (!(std::isfinite(arm.standard_error) && arm.standard_error >= 0)) {
    return absl::InvalidArgumentError(absl::StrCat(name, ".standard_error is ", arm.standard_error,
                                                   "; it must be finite and not negative"));
  }
  return absl::OkStatus();
}

absl::Status CheckFarFromZero(const MeanEstimate& arm, absl::string_view name) {
  if (arm.mean <= 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        name, ".mean is ", arm.mean, "; a relative lift needs positive means in both arms"));
  }
  if (arm.mean < kLeastStandardErrors * arm.standard_error) {
    return absl::FailedPreconditionError(absl::StrCat(
        name, ".mean is ", arm.mean, ", less than ", kLeastStandardErrors,
        " of its standard errors, ", arm.standard_error, "; too uncertain for a relative lift"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RelativeLift> EstimateRelativeLift(const Arms<MeanEstimate>& arms, double level,
                                                  std::optional<double> degrees_of_freedom) {
  const auto& [control, treatment] = arms;
  if (absl::Status status = CheckArguments(control, "control"); !status.ok()) return status;
  if (absl::Status status = CheckArguments(treatment, "treatment"); !status.ok()) return status;
  if (absl::Status status = internal::CheckLevel(level); !status.ok()) return status;
  if (degrees_of_freedom && !(std::isfinite(*degrees_of_freedom) && *degrees_of_freedom > 0)) {
    return absl::InvalidArgumentError(absl::StrCat("degrees_of_freedom is ", *degrees_of_freedom,
                                                   "; it must be finite and positive"));
  }
  if (absl::Status status = CheckFarFromZero(control, "control"); !status.ok()) return status;
  if (absl::Status status = CheckFarFromZero(treatment, "treatment"); !status.ok()) return status;

  const double lift = (treatment.mean - control.mean) / control.mean;
  // log1p keeps the digits of a small lift, the plain logarithm those of a fall to almost nothing.
  const double log_ratio =
      std::abs(lift) < 0.5 ? std::log1p(lift) : std::log(treatment.mean / control.mean);
  const double log_standard_error =
      std::hypot(treatment.standard_error / treatment.mean, control.standard_error / control.mean);
  if (log_standard_error == 0) {
    return absl::FailedPreconditionError(
        "the variance of both arms is 0; the lift has no standard error");
  }
  const double half_width = internal::CriticalValue(level, degrees_of_freedom) * log_standard_error;
  const RelativeLift result = {
      .lift = lift,
      .log_standard_error = log_standard_error,
      .interval = {.lower = std::expm1(log_ratio - half_width),
                   .upper = std::expm1(log_ratio + half_width),
                   .level = level},
  };
  if (!std::isfinite(result.lift) || !std::isfinite(result.interval.lower) ||
      !std::isfinite(result.interval.upper)) {
    return absl::FailedPreconditionError(
        absl::StrCat("treatment.mean ", treatment.mean, " over control.mean ", control.mean,
                     " gives results beyond the range of a double"));
  }
  return result;
}

}  // namespace insightloop::stats
