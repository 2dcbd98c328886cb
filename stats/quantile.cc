// SPDX-License-Identifier: Apache-2.0

#include "stats/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {
namespace {

constexpr double kRankErrors = 1.96;

// A rank that is not rounded, and its standard error.
struct ExactRank {
  double rank = 0, standard_error = 0;

  [[nodiscard]] double lower() const { return rank - kRankErrors * standard_error; }
  [[nodiscard]] double upper() const { return rank + kRankErrors * standard_error; }
};

ExactRank RankOf(std::int64_t units, double quantile) {
  const auto n = static_cast<double>(units);
  return {.rank = n * quantile, .standard_error = std::sqrt(n * quantile * (1 - quantile))};
}

absl::Status CheckValues(const QuantileValues& values) {
  for (const double number :
       {values.value, values.lower, values.upper, values.lower_rank, values.upper_rank}) {
    if (absl::Status status = internal::CheckFinite(number, "a value or rank"); !status.ok()) {
      return status;
    }
  }
  if (values.lower > values.value || values.value > values.upper) {
    return absl::InvalidArgumentError(absl::StrCat("lower, value, upper are ", values.lower, ", ",
                                                   values.value, ", ", values.upper,
                                                   "; they must be in ascending order"));
  }
  if (values.lower_rank > values.upper_rank) {
    return absl::InvalidArgumentError(absl::StrCat("lower_rank is ", values.lower_rank,
                                                   "; it must not be above upper_rank, ",
                                                   values.upper_rank));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<QuantileRanks> RanksOfQuantile(std::int64_t units, double quantile) {
  if (absl::Status status = internal::CheckAtLeast(1, units, "units"); !status.ok()) return status;
  if (absl::Status status = internal::CheckInsideUnitInterval(quantile, "quantile"); !status.ok()) {
    return status;
  }
  const auto n = static_cast<double>(units);
  const auto within = [n, units](double rank) {
    // The last double of 63 bits may be above the last whole number.
    return rank >= n ? units : std::max<std::int64_t>(1, static_cast<std::int64_t>(rank));
  };
  // A quantile such as 0.07 is no binary number; its rounding must not turn the 7th of 100 into the
  // 8th.
  constexpr double kRounding = 2 * std::numeric_limits<double>::epsilon();
  const ExactRank exact = RankOf(units, quantile);
  return QuantileRanks{.value = within(std::ceil(exact.rank * (1 - kRounding))),
                       .lower = within(std::round(exact.lower())),
                       .upper = within(std::round(exact.upper()))};
}

absl::StatusOr<ArmEstimate> EstimateQuantile(const QuantileValues& values, double quantile) {
  if (absl::Status status = internal::CheckCount(values.units, "units"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckInsideUnitInterval(quantile, "quantile"); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckValues(values); !status.ok()) return status;
  const ExactRank exact = RankOf(values.units, quantile);
  if (exact.lower() <= 0 || exact.upper() >= static_cast<double>(values.units)) {
    return absl::FailedPreconditionError(absl::StrCat("units is ", values.units,
                                                      "; the bounds of a quantile of ", quantile,
                                                      " lie beyond so few"));
  }
  const double ranks = values.upper_rank - values.lower_rank;
  if (values.upper == values.lower || ranks == 0) {
    return absl::FailedPreconditionError(absl::StrCat("lower and upper are both ", values.lower,
                                                      "; the quantile has no standard error"));
  }
  const ArmEstimate arm = {
      .units = values.units,
      .value = values.value,
      .standard_error = (values.upper - values.lower) / ranks * exact.standard_error,
      .degrees_of_freedom = ranks / 2,
  };
  if (!std::isfinite(arm.standard_error)) {
    return absl::FailedPreconditionError("the standard error is beyond the range of a double");
  }
  return arm;
}

}  // namespace insightloop::stats
