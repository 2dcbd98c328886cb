// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/outcome_identities.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace insightloop {

std::uint32_t ContentDigest(Time occur_time, OutcomeKind kind, std::int64_t value) {
  const std::array<std::int64_t, 3> content = {occur_time.micros, static_cast<std::int64_t>(kind),
                                               value};
  return static_cast<std::uint32_t>(XXH64(content.data(), sizeof(content), /*seed=*/0));
}

void OutcomeIdentities::Add(absl::uint128 identity, std::uint32_t digest) {
  Part& part = parts_[PartOf(identity)];
  if (4 * (part.taken + 1) > 3 * part.places.size()) part.Grow();
  Entry& place = part.places[part.PlaceOf(identity)];
  if (place.identity() != kFree) return;
  place = {.words = std::bit_cast<std::array<std::uint32_t, 4>>(identity), .digest = digest};
  ++part.taken;
  ++size_;
}

void OutcomeIdentities::Part::Grow() {
  const std::vector<Entry> before =
      std::exchange(places, std::vector<Entry>(std::max<std::size_t>(2 * places.size(), 4)));
  for (const Entry& entry : before) {
    if (entry.identity() != kFree) places[PlaceOf(entry.identity())] = entry;
  }
}

}  // namespace insightloop
