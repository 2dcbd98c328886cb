// SPDX-License-Identifier: Apache-2.0
//
// The 128-bit integers in which this room keeps sums and products of 64-bit counts exact.
// A compiler extension of GCC and Clang; __extension__ keeps pedantic builds quiet. Internal to
// stats/.

#ifndef INSIGHTLOOP_STATS_INTERNAL_INT128_H_
#define INSIGHTLOOP_STATS_INTERNAL_INT128_H_

namespace insightloop::stats::internal {

__extension__ typedef __int128 Int128;

// For arithmetic modulo 2^128: intermediate results may wrap, the last one is exact if it fits.
__extension__ typedef unsigned __int128 UInt128;

}  // namespace insightloop::stats::internal

#endif  // INSIGHTLOOP_STATS_INTERNAL_INT128_H_
