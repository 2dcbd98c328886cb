// SPDX-License-Identifier: Apache-2.0
//
// Divides a hash table into parts that grow one after the other. Parts of the same size fill at the
// same time, and so all double while a hundredth more is added; here the last takes nearly twice as
// many as the first, so that they double in turn until the whole has.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_UNEVEN_PARTS_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_UNEVEN_PARTS_H_

#include <cstddef>
#include <cstdint>

namespace insightloop {

inline constexpr std::size_t kUnevenParts = 256;

// The part, from 0, of what has this hash. Uses the upper 24 bits alone.
inline std::size_t UnevenPartOf(std::uint64_t hash) {
  // The first 8 bits name a part p, the next 16 whether it stays there: of p / 256 = x, a share of
  // (2 + x) / 3 does, and the others go to the part opposite. So p gets its (2 + x) / 3 and from
  // opposite, where x is 1 - x, its x / 3: together (2 + 2 x) / 3, from two thirds to four.
  const std::size_t part = hash >> 56;
  const std::size_t within = hash >> 40 & 0xffff;
  return 3 * within < 2 * 0x10000 + 0x100 * part ? part : kUnevenParts - 1 - part;
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_UNEVEN_PARTS_H_
