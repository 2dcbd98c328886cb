// SPDX-License-Identifier: Apache-2.0
//
// Divides a hash table into parts that grow one after the other. Parts of the same size fill at the
// same time, and so all double while a hundredth more is added; here the last takes nearly twice as
// many as the first, so that they double in turn until the whole has.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_UNEVEN_PARTS_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_UNEVEN_PARTS_H_

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace insightloop {

inline constexpr std::size_t kUnevenParts = 256;

// The part, from 0, of what has this hash. Uses the high half of it alone.
inline std::size_t UnevenPartOf(std::uint64_t hash) {
  // Part p takes a share that grows as 1 + p / kUnevenParts: this is the inverse of their sum.
  const double share = static_cast<double>(hash >> 32) * 0x1p-32;
  return static_cast<std::size_t>(kUnevenParts * (std::sqrt(1 + 3 * share) - 1));
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_UNEVEN_PARTS_H_
