// SPDX-License-Identifier: Apache-2.0

#include "stats/mean_difference.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/wald.h"

namespace insightloop::stats {
namespace {

absl::Status CheckMoments(const Moments& arm, absl::string_view name) {
  if (arm.count < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".count is ", arm.count, "; it must not be negative"));
  }
  if (!std::isfinite(arm.mean)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".mean is ", arm.mean, "; it must be finite"));
  }
  if (arm.sample_variance && !(std::isfinite(*arm.sample_variance) && *arm.sample_variance >= 0)) {
    return absl::InvalidArgumentError(absl::StrCat(name, ".sample_variance is ",
                                                   *arm.sample_variance,
                                                   "; it must be finite and not negative"));
  }
  if (arm.count < 2) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ".count is ", arm.count, "; a comparison of means needs two units"));
  }
  if (!arm.sample_variance) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".sample_variance is missing though ", name, ".count is ", arm.count));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Comparison> CompareMeans(const Arms<Moments>& arms, double level) {
  const auto& [control, treatment] = arms;
  if (absl::Status status = CheckMoments(control, "control"); !status.ok()) return status;
  if (absl::Status status = CheckMoments(treatment, "treatment"); !status.ok()) return status;

  const auto n_control = static_cast<double>(control.count);
  const auto n_treatment = static_cast<double>(treatment.count);
  const double part_control = *control.sample_variance / n_control;
  const double part_treatment = *treatment.sample_variance / n_treatment;
  const double squared_error = part_control + part_treatment;
  internal::Estimate estimate = {
      .effect = treatment.mean - control.mean,
      .standard_error = std::sqrt(squared_error),
      .degrees_of_freedom = {},
  };
  if (squared_error > 0) {
    // Shares of the variance, so that nothing overflows whatever the metric's unit.
    const double share_control = part_control / squared_error;
    const double share_treatment = part_treatment / squared_error;
    estimate.degrees_of_freedom =
        1 / (share_control * share_control / static_cast<double>(control.count - 1) +
             share_treatment * share_treatment / static_cast<double>(treatment.count - 1));
  }
  return internal::CompareByEstimate(estimate, level);
}

}  // namespace insightloop::stats
