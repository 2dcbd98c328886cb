// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/outcome_identities.h"

#include <xxhash.h>

#include <array>

#include "engine/measurement/row_blocks.h"

namespace insightloop {
namespace {

constexpr std::int64_t kBytesPerOutcome = 48;  // tests/bench measures it

}  // namespace

std::uint32_t ContentDigest(Time occur_time, OutcomeKind kind, std::int64_t value) {
  const std::array<std::int64_t, 3> content = {occur_time.micros, static_cast<std::int64_t>(kind),
                                               value};
  return static_cast<std::uint32_t>(XXH64(content.data(), sizeof(content), /*seed=*/0));
}

std::optional<std::uint32_t> OutcomeIdentities::FindOrAdd(absl::uint128 identity,
                                                          std::uint32_t digest) {
  const Entry entry{.low = HashOf(identity), .middle = MiddleOf(identity), .digest = digest};
  const Entry* const found = parts_[PartOf(identity)].FindOrAdd(entry, Is{entry.middle});
  if (found != nullptr) return found->digest;
  ++size_;
  return std::nullopt;
}

void OutcomeIdentities::Add(std::span<const StoredIdentity> rows) {
  while (!rows.empty()) {
    const std::span<const StoredIdentity> some = TakeBlock(rows);
    for (const StoredIdentity& row : some) Prefetch(row.key);
    for (const StoredIdentity& row : some) {
      FindOrAdd(row.key, ContentDigest(row.occur_time, row.kind, row.value));
    }
  }
}

void OutcomeIdentities::Remove(absl::uint128 identity) {
  if (parts_[PartOf(identity)].Remove(HashOf(identity), Is{MiddleOf(identity)})) --size_;
}

std::int64_t OutcomeIdentities::bytes() const {
  return static_cast<std::int64_t>(size_) * kBytesPerOutcome;
}

}  // namespace insightloop
