// SPDX-License-Identifier: Apache-2.0
//
// The identities of all stored outcomes, each with a digest of what a resent one must repeat: 20
// bytes, at most 48 with the free places of the hash table. In parts, each of which grows by itself
// at a time of its own, so that growing never holds up the writer for long.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_OUTCOME_IDENTITIES_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_OUTCOME_IDENTITIES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "absl/numeric/int128.h"
#include "engine/domain/facts.h"
#include "engine/domain/time.h"
#include "engine/measurement/uneven_parts.h"

namespace insightloop {

// What a resent outcome must repeat. Another content has the same digest once in 2^32: it then
// counts as repeated.
std::uint32_t ContentDigest(Time occur_time, OutcomeKind kind, std::int64_t value);

// Not thread-safe.
class OutcomeIdentities {
 public:
  // The digest of the outcome with that identity (KeyedHash); absent when there is none.
  [[nodiscard]] std::optional<std::uint32_t> Find(absl::uint128 identity) const {
    const Part& part = parts_[PartOf(identity)];
    const auto found = part.find(Entry(identity, 0));
    if (found == part.end()) return std::nullopt;
    return found->digest;
  }

  // Brings into the cache what Find() and Add() read first.
  void Prefetch(absl::uint128 identity) const {
    parts_[PartOf(identity)].prefetch(Entry(identity, 0));
  }

  // Does nothing when the identity is there.
  void Add(absl::uint128 identity, std::uint32_t digest) {
    if (parts_[PartOf(identity)].insert(Entry(identity, digest)).second) ++size_;
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Entry {
    Entry(absl::uint128 identity, std::uint32_t d)
        : words{static_cast<std::uint32_t>(absl::Uint128Low64(identity)),
                static_cast<std::uint32_t>(absl::Uint128Low64(identity) >> 32),
                static_cast<std::uint32_t>(absl::Uint128High64(identity)),
                static_cast<std::uint32_t>(absl::Uint128High64(identity) >> 32)},
          digest(d) {}

    std::array<std::uint32_t, 4> words;  // in 32 bits, so that an entry needs no padding
    std::uint32_t digest;
  };
  // An identity is a hash already.
  struct Hash {
    std::size_t operator()(const Entry& entry) const {
      return std::uint64_t{entry.words[1]} << 32 | entry.words[0];
    }
  };
  struct Equal {
    bool operator()(const Entry& a, const Entry& b) const { return a.words == b.words; }
  };
  using Part = absl::flat_hash_set<Entry, Hash, Equal>;

  static std::size_t PartOf(absl::uint128 identity) {
    return UnevenPartOf(absl::Uint128High64(identity));
  }

  std::array<Part, kUnevenParts> parts_;
  std::size_t size_ = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_OUTCOME_IDENTITIES_H_
