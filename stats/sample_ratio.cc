// SPDX-License-Identifier: Apache-2.0

#include "stats/sample_ratio.h"

#include <cmath>
#include <cstddef>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace {

constexpr std::size_t kMostArms = std::size_t{1} << 20;

struct Product {
  long double first = 0, second = 0;
};

// a - b, right to the last digit or two also where the products are almost equal (Kahan; Jeannerod,
// Louvet, Muller, Mathematics of Computation 82, 2013).
long double DifferenceOfProducts(const Product& a, const Product& b) {
  const long double rounded = b.first * b.second;
  const long double error = std::fma(-b.first, b.second, rounded);
  return std::fma(a.first, a.second, -rounded) + error;
}

SampleRatioResult ResultOf(double chi_squared, int degrees_of_freedom) {
  const internal::Tail tail = internal::ChiSquareUpperTail(chi_squared, degrees_of_freedom);
  return {.chi_squared = chi_squared,
          .degrees_of_freedom = degrees_of_freedom,
          .p_value = tail.p,
          .log_p_value = tail.log_p};
}

}  // namespace

namespace internal {

absl::StatusOr<std::int64_t> CountUnits(std::span<const std::int64_t> unit_counts,
                                        absl::string_view name) {
  std::int64_t total = 0;
  for (std::size_t k = 0; k < unit_counts.size(); ++k) {
    if (unit_counts[k] < 0) return CheckCount(unit_counts[k], absl::StrCat(name, "[", k, "]"));
    if (__builtin_add_overflow(total, unit_counts[k], &total)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, "[", k, "] is ", unit_counts[k],
                       "; together with the arms before it that exceeds 63 bits"));
    }
  }
  return total;
}

absl::StatusOr<std::int64_t> CheckSplit(std::span<const std::int64_t> unit_counts,
                                        std::span<const double> weights, absl::string_view name) {
  const std::size_t arms = unit_counts.size();
  if (weights.size() != arms) {
    return absl::InvalidArgumentError(
        absl::StrCat("unit_counts has ", arms, " arms, but ", name, " has ", weights.size()));
  }
  if (arms < 2 || arms > kMostArms) {
    return absl::InvalidArgumentError(
        absl::StrCat("unit_counts has ", arms, " arms; it must have 2 to ", kMostArms));
  }
  for (std::size_t k = 0; k < arms; ++k) {
    if (weights[k] == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, "[", k, "] is 0; drop arms that receive no traffic"));
    }
    if (absl::Status status = CheckFinitePositive(weights[k], absl::StrCat(name, "[", k, "]"));
        !status.ok()) {
      return status;
    }
  }
  return CountUnits(unit_counts, "unit_counts");
}

}  // namespace internal

absl::StatusOr<SampleRatioResult> TestSampleRatio(std::span<const std::int64_t> unit_counts,
                                                  std::span<const double> weights,
                                                  double least_expected) {
  const absl::StatusOr<std::int64_t> total = internal::CheckSplit(unit_counts, weights, "weights");
  if (!total.ok()) return total.status();
  if (!(least_expected >= 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("least_expected is ", least_expected, "; it must not be negative"));
  }
  if (*total == 0) {
    return absl::FailedPreconditionError("unit_counts are all 0; there is no split to test");
  }

  const auto units = static_cast<long double>(*total);
  const long double all_weights = std::accumulate(weights.begin(), weights.end(), 0.0L);
  long double chi_squared = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const long double expected = units * weights[k] / all_weights;
    if (expected < least_expected) {
      return absl::FailedPreconditionError(
          absl::StrCat("arm ", k, " expects ", static_cast<double>(expected), " of ", *total,
                       " units; the test needs at least ", least_expected));
    }
    // Times the sum of weights, so that with whole weights nothing is rounded before the square.
    const long double deviation = DifferenceOfProducts(
        {static_cast<long double>(unit_counts[k]), all_weights}, {units, weights[k]});
    chi_squared += deviation / all_weights * (deviation / all_weights) / expected;
  }

  const auto statistic = static_cast<double>(chi_squared);
  if (!std::isfinite(statistic)) {
    return absl::FailedPreconditionError(
        "weights differ by so much that the statistic is beyond the range of a double");
  }
  return ResultOf(statistic, static_cast<int>(weights.size()) - 1);
}

absl::StatusOr<SampleRatioResult> CombineSampleRatios(std::span<const SampleRatioResult> epochs) {
  if (epochs.empty()) return absl::InvalidArgumentError("epochs is empty; give the test of one");
  double chi_squared = 0;
  int degrees_of_freedom = 0;
  for (std::size_t k = 0; k < epochs.size(); ++k) {
    if (absl::Status status = internal::CheckFiniteNotNegative(
            epochs[k].chi_squared, absl::StrCat("epochs[", k, "].chi_squared"));
        !status.ok()) {
      return status;
    }
    if (epochs[k].degrees_of_freedom < 1 ||
        __builtin_add_overflow(degrees_of_freedom, epochs[k].degrees_of_freedom,
                               &degrees_of_freedom)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "epochs[", k, "].degrees_of_freedom is ", epochs[k].degrees_of_freedom,
          "; it must be at least 1, and together with the epochs before it fit in 31 bits"));
    }
    chi_squared += epochs[k].chi_squared;
  }
  if (!std::isfinite(chi_squared)) {
    return absl::FailedPreconditionError(
        "the statistics of all epochs together are beyond the range of a double");
  }
  return ResultOf(chi_squared, degrees_of_freedom);
}

}  // namespace insightloop::stats
