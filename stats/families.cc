// SPDX-License-Identifier: Apache-2.0

#include "stats/families.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {

absl::StatusOr<double> AlphaPerComparison(double alpha, std::int64_t comparisons) {
  if (absl::Status status = internal::CheckInsideUnitInterval(alpha, "alpha"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckAtLeast(1, comparisons, "comparisons"); !status.ok()) {
    return status;
  }
  return alpha / static_cast<double>(comparisons);
}

absl::StatusOr<double> AlphaPerPair(double alpha, std::int64_t arms) {
  if (absl::Status status = internal::CheckInsideUnitInterval(alpha, "alpha"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckAtLeast(2, arms, "arms"); !status.ok()) return status;
  const auto j = static_cast<double>(arms);
  return alpha / (j * (j - 1) / 2);
}

absl::StatusOr<double> PowerOfEach(double power, std::int64_t metrics) {
  if (absl::Status status = internal::CheckInsideUnitInterval(power, "power"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckAtLeast(1, metrics, "metrics"); !status.ok())
    return status;
  return 1 - (1 - power) / static_cast<double>(metrics);
}

absl::Status CheckAlphaSplit(std::span<const double> alphas, double alpha) {
  if (absl::Status status = internal::CheckInsideUnitInterval(alpha, "alpha"); !status.ok()) {
    return status;
  }
  if (alphas.empty()) {
    return absl::InvalidArgumentError("alphas is empty; give one level per primary metric");
  }
  double sum = 0;
  for (std::size_t k = 0; k < alphas.size(); ++k) {
    if (absl::Status status =
            internal::CheckInsideUnitInterval(alphas[k], absl::StrCat("alphas[", k, "]"));
        !status.ok()) {
      return status;
    }
    sum += alphas[k];
  }
  // In doubles 0.1 + 0.2 is above 0.3.
  constexpr double kRounding = 1e-12;
  if (sum > alpha * (1 + kRounding)) {
    return absl::InvalidArgumentError(
        absl::StrCat("alphas add up to ", sum, "; they must not exceed alpha, ", alpha));
  }
  return absl::OkStatus();
}

}  // namespace insightloop::stats
