// SPDX-License-Identifier: Apache-2.0

#include "stats/caps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {
namespace {

std::vector<std::int64_t> NonZeroValues(std::span<const std::span<const std::int64_t>> columns) {
  std::size_t most = 0;
  for (const std::span<const std::int64_t> column : columns) most += column.size();
  std::vector<std::int64_t> values;
  values.reserve(most);
  for (const std::span<const std::int64_t> column : columns) {
    std::copy_if(column.begin(), column.end(), std::back_inserter(values),
                 [](std::int64_t value) { return value != 0; });
  }
  return values;
}

// The least whole number of at least share * count. A share such as 0.07 is no binary number; its
// rounding must not turn the 7th of 100 into the 8th.
std::size_t RankOf(double share, std::size_t count) {
  constexpr long double kRounding = std::numeric_limits<double>::epsilon();
  const long double exact = static_cast<long double>(share) * static_cast<long double>(count);
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(exact * (1 - kRounding))));
}

}  // namespace

absl::StatusOr<std::int64_t> PercentileCap(std::span<const std::span<const std::int64_t>> columns,
                                           double share) {
  if (absl::Status status = internal::CheckInsideUnitInterval(share, "share"); !status.ok()) {
    return status;
  }
  std::vector<std::int64_t> values = NonZeroValues(columns);
  if (values.empty()) {
    return absl::FailedPreconditionError("all values are 0; a percentile cap needs others");
  }
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(RankOf(share, values.size()) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void ApplyCap(std::int64_t cap, std::span<std::int64_t> column) {
  for (std::int64_t& value : column) value = std::min(value, cap);
}

}  // namespace insightloop::stats
