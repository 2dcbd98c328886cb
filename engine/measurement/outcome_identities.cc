// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/outcome_identities.h"

#include <xxhash.h>

#include <bit>

namespace insightloop {

std::uint32_t ContentDigest(Time occur_time, OutcomeKind kind, std::int64_t value) {
  const std::array<std::int64_t, 3> content = {occur_time.micros, static_cast<std::int64_t>(kind),
                                               value};
  return static_cast<std::uint32_t>(XXH64(content.data(), sizeof(content), /*seed=*/0));
}

void OutcomeIdentities::Add(absl::uint128 identity, std::uint32_t digest) {
  const Entry entry{.words = std::bit_cast<std::array<std::uint32_t, 4>>(identity),
                    .digest = digest};
  const bool is_new = parts_[PartOf(identity)].Add(entry, Is{identity});
  if (is_new) ++size_;
}

}  // namespace insightloop
