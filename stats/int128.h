// SPDX-License-Identifier: Apache-2.0
//
// The 128-bit signed integer in which this room keeps sums and products of 64-bit counts exact.
// A compiler extension of GCC and Clang; __extension__ keeps pedantic builds quiet. Internal to
// stats/.

#ifndef INSIGHTLOOP_STATS_INT128_H_
#define INSIGHTLOOP_STATS_INT128_H_

namespace insightloop::stats::internal {

__extension__ typedef __int128 Int128;

}  // namespace insightloop::stats::internal

#endif  // INSIGHTLOOP_STATS_INT128_H_
