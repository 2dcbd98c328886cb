// SPDX-License-Identifier: Apache-2.0
//
// Caps: the few units with the largest values decide a mean of money; cut down to a cap they still
// count as large. A cap must be the same for all arms, as one by arm is itself an effect of the
// treatment: it is found over all of them together, before they are looked at apart.
//
// Method: winsorizing from above, at a given number of steps or at a percentile of the values that
//         are not 0 (with zeros, the percentile would depend on how many units did anything).
// Source: Kohavi, Tang, Xu, Trustworthy Online Controlled Experiments, 2020, chapter 22; the
//         percentile is the inverse of the empirical distribution function, type 1 of Hyndman, Fan,
//         "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996).

#ifndef INSIGHTLOOP_STATS_CAPS_H_
#define INSIGHTLOOP_STATS_CAPS_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"

namespace insightloop::stats {

// The percentile cap, in steps: the smallest value that occurs such that at least `share` of the
// values that are not 0 are at or below it.
//
// Shapes: one column per arm, or several; how values are spread over columns does not matter.
//         `share` is 0.99 for the 99th percentile.
// Errors: kInvalidArgument    `share` is not in (0, 1).
//         kFailedPrecondition all values are 0: there is nothing to cap.
// Pure function; safe from any thread; O(values).
absl::StatusOr<std::int64_t> PercentileCap(std::span<const std::span<const std::int64_t>> columns,
                                           double share);

// Lowers the values above `cap`, in steps, to it; the others stay, also those below 0.
void ApplyCap(std::int64_t cap, std::span<std::int64_t> column);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_CAPS_H_
