// SPDX-License-Identifier: Apache-2.0

#include "stats/caps.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "stats/internal/arguments.h"
#include "stats/order_statistics.h"

namespace insightloop::stats {
namespace {

struct Signs {
  std::int64_t negative = 0, zero = 0, positive = 0;
};

Signs CountSigns(std::span<const std::span<const std::int64_t>> columns) {
  Signs signs;
  for (const std::span<const std::int64_t> column : columns) {
    for (const std::int64_t value : column) {
      signs.negative += value < 0 ? 1 : 0;
      signs.positive += value > 0 ? 1 : 0;
    }
    signs.zero += static_cast<std::int64_t>(column.size());
  }
  signs.zero -= signs.negative + signs.positive;
  return signs;
}

// The least whole number of at least share * count. A share such as 0.07 is no binary number; its
// rounding must not turn the 7th of 100 into the 8th.
std::int64_t RankOf(double share, std::int64_t count) {
  constexpr long double kRounding = std::numeric_limits<double>::epsilon();
  const long double exact = static_cast<long double>(share) * static_cast<long double>(count);
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(exact * (1 - kRounding))));
}

}  // namespace

absl::StatusOr<std::int64_t> PercentileCap(std::span<const std::span<const std::int64_t>> columns,
                                           double share) {
  if (absl::Status status = internal::CheckInsideUnitInterval(share, "share"); !status.ok()) {
    return status;
  }
  const Signs signs = CountSigns(columns);
  if (signs.negative + signs.positive == 0) {
    return absl::FailedPreconditionError("all values are 0; a percentile cap needs others");
  }
  std::int64_t rank = RankOf(share, signs.negative + signs.positive);
  if (rank > signs.negative) rank += signs.zero;
  const auto values = ValuesAtRanks(columns, std::span(&rank, 1));
  if (!values.ok()) return values.status();
  return values->front();
}

void ApplyCap(std::int64_t cap, std::span<std::int64_t> column) {
  for (std::int64_t& value : column) value = std::min(value, cap);
}

}  // namespace insightloop::stats
