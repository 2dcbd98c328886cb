// SPDX-License-Identifier: Apache-2.0
//
// The identities of all outcomes that are stored or on their way, each with a digest of what a
// resent one must repeat: 16 bytes, 36 to 40 with the free places of the hash table. In parts, each
// of which grows by itself at a time of its own, so that growing never holds up the writer for
// long.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_OUTCOME_IDENTITIES_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_OUTCOME_IDENTITIES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/numeric/int128.h"
#include "engine/domain/facts.h"
#include "engine/domain/time.h"
#include "engine/measurement/open_table.h"
#include "engine/measurement/uneven_parts.h"
#include "engine/ports/fact_log.h"

namespace insightloop {

// What a resent outcome must repeat. Another content has the same digest once in 2^32: it then
// counts as repeated.
std::uint32_t ContentDigest(Time occur_time, OutcomeKind kind, std::int64_t value);

// Not thread-safe.
class OutcomeIdentities {
 public:
  // The digest of the outcome with that identity (KeyedHash); absent when there is none.
  [[nodiscard]] std::optional<std::uint32_t> Find(absl::uint128 identity) const {
    const Entry* const found =
        parts_[PartOf(identity)].Find(HashOf(identity), Is{MiddleOf(identity)});
    return found == nullptr ? std::nullopt : std::optional(found->digest);
  }

  // Brings into the cache what the others read first.
  void Prefetch(absl::uint128 identity) const {
    parts_[PartOf(identity)].Prefetch(HashOf(identity));
  }

  // The digest of the outcome with that identity; absent when it was added now, with this digest.
  std::optional<std::uint32_t> FindOrAdd(absl::uint128 identity, std::uint32_t digest);
  // Adds those of stored outcomes, of which none is the same.
  void Add(std::span<const StoredIdentity> rows);
  // Does nothing when the identity is not there.
  void Remove(absl::uint128 identity);

  // What the identities take at most.
  [[nodiscard]] std::int64_t bytes() const;

 private:
  // Has the lower 96 bits of an identity; the part tells some of the others.
  struct Entry {
    // 0 is also an identity's, of one outcome in 2^96, which is not known again.
    [[nodiscard]] bool is_free() const { return low == 0 && middle == 0; }
    [[nodiscard]] std::size_t hash() const { return low; }

    std::uint64_t low = 0;
    std::uint32_t middle = 0;
    std::uint32_t digest = 0;
  };

  // Of an entry of the same hash.
  struct Is {
    bool operator()(const Entry& entry) const { return entry.middle == middle; }

    std::uint32_t middle;
  };

  // An identity is a hash already.
  static std::size_t HashOf(absl::uint128 identity) { return absl::Uint128Low64(identity); }
  static std::uint32_t MiddleOf(absl::uint128 identity) {
    return static_cast<std::uint32_t>(absl::Uint128High64(identity));
  }
  static std::size_t PartOf(absl::uint128 identity) {
    return UnevenPartOf(absl::Uint128High64(identity));
  }

  std::array<OpenTable<Entry>, kUnevenParts> parts_;
  std::size_t size_ = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_OUTCOME_IDENTITIES_H_
