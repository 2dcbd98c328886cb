// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/outcome_identities.h"

#include <xxhash.h>

namespace insightloop {

std::uint32_t ContentDigest(Time occur_time, OutcomeKind kind, std::int64_t value) {
  const std::array<std::int64_t, 3> content = {occur_time.micros, static_cast<std::int64_t>(kind),
                                               value};
  return static_cast<std::uint32_t>(XXH64(content.data(), sizeof(content), /*seed=*/0));
}

}  // namespace insightloop
