// SPDX-License-Identifier: Apache-2.0

#include "stats/sample_ratio.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/int128.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace {

using internal::Int128;

constexpr std::size_t kMostArms = std::size_t{1} << 20;

}  // namespace

absl::StatusOr<SampleRatioResult> TestSampleRatio(std::span<const std::int64_t> unit_counts,
                                                  std::span<const std::uint32_t> weights,
                                                  double least_expected) {
  const std::size_t arms = unit_counts.size();
  if (weights.size() != arms) {
    return absl::InvalidArgumentError(
        absl::StrCat("unit_counts has ", arms, " arms, but weights has ", weights.size()));
  }
  if (arms < 2 || arms > kMostArms) {
    return absl::InvalidArgumentError(
        absl::StrCat("unit_counts has ", arms, " arms; it must have 2 to ", kMostArms));
  }
  if (!(least_expected >= 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("least_expected is ", least_expected, "; it must not be negative"));
  }
  std::int64_t total = 0;
  std::int64_t total_weight = 0;
  for (std::size_t k = 0; k < arms; ++k) {
    if (unit_counts[k] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("unit_counts[", k, "] is ", unit_counts[k], "; it must not be negative"));
    }
    if (weights[k] == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("weights[", k, "] is 0; drop arms that receive no traffic"));
    }
    if (__builtin_add_overflow(total, unit_counts[k], &total)) {
      return absl::InvalidArgumentError(
          absl::StrCat("unit_counts[", k, "] is ", unit_counts[k],
                       "; together with the arms before it that exceeds 63 bits"));
    }
    total_weight += weights[k];
  }

  if (total == 0) {
    return absl::FailedPreconditionError("unit_counts are all 0; there is no split to test");
  }

  // Expected units are total * weight / total_weight; over that denominator every deviation is a
  // whole number, of less than 63 + 52 bits.
  long double chi_squared = 0;
  const auto denominator = static_cast<long double>(total) * static_cast<long double>(total_weight);
  for (std::size_t k = 0; k < arms; ++k) {
    const Int128 expected = Int128{total} * weights[k];
    const long double expected_units =
        static_cast<long double>(expected) / static_cast<long double>(total_weight);
    if (expected_units < least_expected) {
      return absl::FailedPreconditionError(
          absl::StrCat("arm ", k, " expects ", static_cast<double>(expected_units), " of ", total,
                       " units; the test needs at least ", least_expected));
    }
    const auto deviation =
        static_cast<long double>(Int128{unit_counts[k]} * total_weight - expected);
    chi_squared += deviation * deviation / denominator / weights[k];
  }

  const int degrees_of_freedom = static_cast<int>(arms) - 1;
  const auto statistic = static_cast<double>(chi_squared);
  const internal::Tail tail = internal::ChiSquareUpperTail(statistic, degrees_of_freedom);
  return SampleRatioResult{
      .chi_squared = statistic,
      .degrees_of_freedom = degrees_of_freedom,
      .p_value = tail.p,
      .log_p_value = tail.log_p,
  };
}

}  // namespace insightloop::stats
