// SPDX-License-Identifier: Apache-2.0

#include "stats/mean_difference.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {
namespace {

// `prefix` comes before the names of the fields in errors: "control." or nothing.
absl::Status CheckMoments(const Moments& moments, absl::string_view prefix) {
  if (absl::Status status = internal::CheckCount(moments.count, absl::StrCat(prefix, "count"));
      !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckFinite(moments.mean, absl::StrCat(prefix, "mean"));
      !status.ok()) {
    return status;
  }
  if (moments.sample_variance.has_value()) {
    if (absl::Status status = internal::CheckFiniteNotNegative(
            *moments.sample_variance, absl::StrCat(prefix, "sample_variance"));
        !status.ok()) {
      return status;
    }
  }
  if (moments.count < 2) {
    return absl::FailedPreconditionError(absl::StrCat(prefix, "count is ", moments.count,
                                                      "; a comparison of means needs two units"));
  }
  if (!moments.sample_variance.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(prefix, "sample_variance is missing though ",
                                                   prefix, "count is ", moments.count));
  }
  return absl::OkStatus();
}

absl::StatusOr<ArmEstimate> Estimate(const Moments& moments, absl::string_view prefix) {
  if (absl::Status status = CheckMoments(moments, prefix); !status.ok()) return status;
  return ArmEstimate{
      .units = moments.count,
      .value = moments.mean,
      .standard_error = std::sqrt(*moments.sample_variance / static_cast<double>(moments.count)),
      .degrees_of_freedom = static_cast<double>(moments.count - 1),
  };
}

}  // namespace

absl::StatusOr<ArmEstimate> EstimateMean(const Moments& moments) { return Estimate(moments, ""); }

absl::StatusOr<EffectEstimate> MeanDifference(const Arms<Moments>& arms) {
  const absl::StatusOr<ArmEstimate> control = Estimate(arms.control, "control.");
  if (!control.ok()) return control.status();
  const absl::StatusOr<ArmEstimate> treatment = Estimate(arms.treatment, "treatment.");
  if (!treatment.ok()) return treatment.status();
  return Difference({.control = *control, .treatment = *treatment});
}

absl::StatusOr<Comparison> CompareMeans(const Arms<Moments>& arms, double level) {
  const absl::StatusOr<EffectEstimate> difference = MeanDifference(arms);
  if (!difference.ok()) return difference.status();
  return Compare(*difference, level);
}

}  // namespace insightloop::stats
