// SPDX-License-Identifier: Apache-2.0
//
// Order statistics of integers: which value has a given rank among many.
//
// Method: the values are counted by their leading bits, which says between which limits those of
//         the wanted ranks lie; only what is between them is looked at once more.
// Source: selection by a radix of Knuth, The Art of Computer Programming 3, 1998, section 5.2.5.
//
// Units:  ranks from 1, in ascending order of the values.
// Pure functions, safe from any thread.

#ifndef INSIGHTLOOP_STATS_ORDER_STATISTICS_H_
#define INSIGHTLOOP_STATS_ORDER_STATISTICS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace insightloop::stats {

// The values of those ranks among the values of all columns together.
//
// Shapes: any number of columns; how values are spread over them does not matter. The result is as
//         long as `ranks`.
// Errors: kInvalidArgument when ranks are not in ascending order, or one is below 1 or above the
//         number of values.
// Two passes; allocates for the values between the least and the greatest result.
absl::StatusOr<std::vector<std::int64_t>> ValuesAtRanks(
    std::span<const std::span<const std::int64_t>> columns, std::span<const std::int64_t> ranks);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_ORDER_STATISTICS_H_
