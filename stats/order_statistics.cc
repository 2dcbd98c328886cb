// SPDX-License-Identifier: Apache-2.0

#include "stats/order_statistics.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace insightloop::stats {
namespace {

// A value's bucket: its sign, how many bits it has, and this many of them after the first. Buckets
// are in the order of their values; those of small values have one value each.
constexpr int kBits = 5;
constexpr std::size_t kPerWidth = std::size_t{1} << kBits;
constexpr std::size_t kOfOneSign = (63 - kBits + 1) * kPerWidth;

std::size_t BucketOf(std::int64_t value) {
  const auto size = static_cast<std::uint64_t>(value < 0 ? ~value : value);
  std::size_t bucket = size;
  if (size >= kPerWidth) {
    const auto shift = static_cast<int>(std::bit_width(size)) - 1 - kBits;
    bucket = static_cast<std::size_t>(shift) * kPerWidth + (size >> shift);
  }
  return value < 0 ? kOfOneSign - 1 - bucket : kOfOneSign + bucket;
}

// The least value of a bucket of values that are not negative, counted from the one of 0.
std::int64_t LeastOf(std::size_t bucket) {
  if (bucket < kPerWidth) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = bucket / kPerWidth - 1;
  return static_cast<std::int64_t>((bucket - shift * kPerWidth) << shift);
}

struct Limits {
  std::int64_t least = 0, greatest = 0;
};

Limits LimitsOf(std::size_t bucket) {
  const bool is_negative = bucket < kOfOneSign;
  const std::size_t size = is_negative ? kOfOneSign - 1 - bucket : bucket - kOfOneSign;
  const std::int64_t from = LeastOf(size);
  // Of the last bucket there is no next one whose least value fits.
  const std::int64_t to =
      size + 1 == kOfOneSign ? std::numeric_limits<std::int64_t>::max() : LeastOf(size + 1) - 1;
  return is_negative ? Limits{~to, ~from} : Limits{from, to};
}

absl::Status CheckRanks(std::span<const std::int64_t> ranks, std::int64_t values) {
  if (!std::is_sorted(ranks.begin(), ranks.end())) {
    return absl::InvalidArgumentError("ranks must be in ascending order");
  }
  if (ranks.front() < 1 || ranks.back() > values) {
    return absl::InvalidArgumentError(absl::StrCat("ranks ", ranks.front(), " to ", ranks.back(),
                                                   " are not all ranks of ", values, " values"));
  }
  return absl::OkStatus();
}

// The bucket of that rank, from `bucket` on; `below` is how many values are in those before.
void Advance(std::int64_t rank, std::span<const std::int64_t> counts, std::size_t& bucket,
             std::int64_t& below) {
  while (below + counts[bucket] < rank) below += counts[bucket++];
}

}  // namespace

absl::StatusOr<std::vector<std::int64_t>> ValuesAtRanks(
    std::span<const std::span<const std::int64_t>> columns, std::span<const std::int64_t> ranks) {
  if (ranks.empty()) return std::vector<std::int64_t>();
  std::size_t values = 0;
  for (const auto column : columns) values += column.size();
  if (auto status = CheckRanks(ranks, static_cast<std::int64_t>(values)); !status.ok()) {
    return status;
  }

  std::vector<std::int64_t> counts(2 * kOfOneSign);
  for (const auto column : columns) {
    for (const std::int64_t value : column) ++counts[BucketOf(value)];
  }
  std::size_t first = 0;
  std::int64_t below_first = 0;
  Advance(ranks.front(), counts, first, below_first);
  std::size_t last = first;
  std::int64_t below_last = below_first;
  Advance(ranks.back(), counts, last, below_last);
  const Limits limits{LimitsOf(first).least, LimitsOf(last).greatest};
  if (limits.least == limits.greatest) return std::vector(ranks.size(), limits.least);

  std::vector<std::int64_t> between;
  between.reserve(static_cast<std::size_t>(below_last + counts[last] - below_first));
  for (const auto column : columns) {
    for (const std::int64_t value : column) {
      if (value >= limits.least && value <= limits.greatest) between.push_back(value);
    }
  }
  std::vector<std::int64_t> result;
  auto left = between.begin();  // what is before it is less than or equal to all behind
  for (const std::int64_t rank : ranks) {
    const auto at = between.begin() + (rank - below_first - 1);
    if (at >= left) {
      std::nth_element(left, at, between.end());
      left = at + 1;
    }
    result.push_back(*at);
  }
  return result;
}

}  // namespace insightloop::stats
