// SPDX-License-Identifier: Apache-2.0

#include "stats/two_proportions.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/int128.h"
#include "stats/wald.h"

namespace insightloop::stats {
namespace {

using internal::Int128;

absl::Status CheckProportion(const Proportion& arm, absl::string_view name) {
  if (arm.trials < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".trials is ", arm.trials, "; it must not be negative"));
  }
  if (arm.successes < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".successes is ", arm.successes, "; it must not be negative"));
  }
  if (arm.successes > arm.trials) {
    return absl::InvalidArgumentError(absl::StrCat(name, ".successes is ", arm.successes,
                                                   ", more than ", name, ".trials, ", arm.trials));
  }
  if (arm.trials == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ".trials is 0; a share needs at least one unit"));
  }
  return absl::OkStatus();
}

// p (1-p) / n from whole numbers: 1 - p would lose the digits of a share close to 1.
long double SquaredStandardError(const Proportion& arm) {
  const auto trials = static_cast<long double>(arm.trials);
  const Int128 product = Int128{arm.successes} * (arm.trials - arm.successes);
  return static_cast<long double>(product) / trials / trials / trials;
}

}  // namespace

absl::StatusOr<Comparison> CompareProportions(const Arms<Proportion>& arms, double level) {
  const auto& [control, treatment] = arms;
  if (absl::Status status = CheckProportion(control, "control"); !status.ok()) return status;
  if (absl::Status status = CheckProportion(treatment, "treatment"); !status.ok()) return status;

  // Over the common denominator the difference is a whole number.
  const Int128 numerator =
      Int128{treatment.successes} * control.trials - Int128{control.successes} * treatment.trials;
  const Int128 denominator = Int128{treatment.trials} * control.trials;
  const internal::Estimate estimate = {
      .effect = static_cast<double>(static_cast<long double>(numerator) /
                                    static_cast<long double>(denominator)),
      .standard_error = static_cast<double>(
          std::sqrt(SquaredStandardError(treatment) + SquaredStandardError(control))),
      .degrees_of_freedom = {},
  };
  return internal::CompareByEstimate(estimate, level);
}

}  // namespace insightloop::stats
