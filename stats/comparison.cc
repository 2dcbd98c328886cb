// SPDX-License-Identifier: Apache-2.0

#include "stats/comparison.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace internal {

absl::Status CheckEstimate(const EffectEstimate& estimate) {
  if (absl::Status status = CheckFinite(estimate.effect, "effect"); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckFiniteNotNegative(estimate.standard_error, "standard_error");
      !status.ok()) {
    return status;
  }
  if (absl::Status status =
          CheckDegreesOfFreedom(estimate.degrees_of_freedom, "degrees_of_freedom");
      !status.ok()) {
    return status;
  }
  if (estimate.standard_error == 0) {
    return absl::FailedPreconditionError(
        "standard_error is 0; an effect without variance has neither test nor interval");
  }
  return absl::OkStatus();
}

absl::Status BeyondDouble(const EffectEstimate& estimate) {
  return absl::FailedPreconditionError(
      absl::StrCat("effect ", estimate.effect, " with standard error ", estimate.standard_error,
                   " gives results beyond the range of a double"));
}

}  // namespace internal

namespace {

// The test that the effect, times `sign`, is above the threshold, times `sign`.
absl::StatusOr<OneSidedTest> TestOneSide(const EffectEstimate& estimate, double threshold,
                                         double level, int sign) {
  if (absl::Status status = internal::CheckLevel(level); !status.ok()) return status;
  if (absl::Status status = internal::CheckFinite(threshold, "threshold"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckEstimate(estimate); !status.ok()) return status;
  const double statistic = sign * (estimate.effect - threshold) / estimate.standard_error;
  const internal::Tail tail = internal::UpperTail(statistic, estimate.degrees_of_freedom);
  const double width =
      internal::OneSidedQuantile(level, estimate.degrees_of_freedom) * estimate.standard_error;
  const OneSidedTest test = {.p_value = tail.p,
                             .log_p_value = tail.log_p,
                             .bound = estimate.effect - sign * width,
                             .level = level};
  if (!std::isfinite(test.log_p_value) || !std::isfinite(test.bound))
    return internal::BeyondDouble(estimate);
  return test;
}

}  // namespace

absl::StatusOr<Comparison> Compare(const EffectEstimate& estimate, double level) {
  if (absl::Status status = internal::CheckLevel(level); !status.ok()) return status;
  if (absl::Status status = internal::CheckEstimate(estimate); !status.ok()) return status;
  const double statistic = estimate.effect / estimate.standard_error;
  const internal::Tail tail = internal::TwoSidedTail(statistic, estimate.degrees_of_freedom);
  const double half_width =
      internal::TwoSidedQuantile(level, estimate.degrees_of_freedom) * estimate.standard_error;
  const Comparison comparison = {
      .effect = estimate.effect,
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
    return internal::BeyondDouble(estimate);
  }
  return comparison;
}

absl::StatusOr<OneSidedTest> TestAbove(const EffectEstimate& estimate, double threshold,
                                       double level) {
  return TestOneSide(estimate, threshold, level, 1);
}

absl::StatusOr<OneSidedTest> TestBelow(const EffectEstimate& estimate, double threshold,
                                       double level) {
  return TestOneSide(estimate, threshold, level, -1);
}

}  // namespace insightloop::stats
