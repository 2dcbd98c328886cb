// SPDX-License-Identifier: Apache-2.0
//
// From exact sums of whole numbers to a mean and to sums of products of deviations from the mean,
// without cancellation. Internal to stats/.
//
// Method: shift by the whole number nearest the mean. With m_x that number for x and
//         r_x = sum_x - count * m_x,
//           sum of (x - m_x)(y - m_y) = sum_xy - m_x * sum_y - m_y * r_x.
//         It is at most the root of sum_xx * sum_yy, so 128 bits hold it, whatever the terms on the
//         right are modulo 2^128. The remaining correction, r_x * r_y / count, is small: for y = x
//         at most half of the result.
// Source: Chan, Golub, LeVeque, "Algorithms for Computing the Sample Variance", The American
//         Statistician 37 (1983), on shifted data.
//
// All functions are pure, safe from any thread, and allocate nothing unless they fail.

#ifndef INSIGHTLOOP_STATS_INTERNAL_EXACT_CENTRING_H_
#define INSIGHTLOOP_STATS_INTERNAL_EXACT_CENTRING_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "stats/internal/int128.h"

namespace insightloop::stats::internal {

// A sum split by the whole number nearest the mean: sum = count * nearest + rest.
struct SplitSum {
  Int128 sum = 0;
  Int128 nearest = 0;
  Int128 rest = 0;  // at most count / 2, whatever its sign
};

// Of the sum of `count` > 0 whole numbers of 64 bits.
SplitSum Split(Int128 sum, std::int64_t count);

long double MeanOf(const SplitSum& sum, std::int64_t count);

// Sum of (x - mean of x)(y - mean of y) over units, from the sum of x * y and the sums of x and y.
// The two may be the same.
long double CentredProducts(Int128 sum_of_products, const SplitSum& x, const SplitSum& y,
                            std::int64_t count);

// What sums must be to have moments. kInvalidArgument unless the resolution is in [1e-100, 1e100];
// kOutOfRange for sums that overflowed, kFailedPrecondition for those without units.
absl::Status CheckResolution(double resolution, absl::string_view name);
absl::Status CheckSums(std::int64_t count, bool overflowed);

}  // namespace insightloop::stats::internal

#endif  // INSIGHTLOOP_STATS_INTERNAL_EXACT_CENTRING_H_
