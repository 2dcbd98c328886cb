// SPDX-License-Identifier: Apache-2.0
//
// The identities of all stored outcomes, each with a digest of what a resent one must repeat: 20
// bytes, up to 40 with the free places of the hash table. In parts, each of which grows by itself
// at a time of its own, so that growing never holds up the writer for long.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_OUTCOME_IDENTITIES_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_OUTCOME_IDENTITIES_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

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
    if (part.places.empty()) return std::nullopt;
    const Entry& place = part.places[part.PlaceOf(identity)];
    if (place.identity() == kFree) return std::nullopt;
    return place.digest;
  }

  // Brings into the cache what Find() and Add() read first.
  void Prefetch(absl::uint128 identity) const {
    const Part& part = parts_[PartOf(identity)];
    if (part.places.empty()) return;
    const Entry* const place = &part.places[part.FirstPlaceOf(identity)];
    __builtin_prefetch(place);
    const auto next_line = reinterpret_cast<std::uintptr_t>(place) + kCacheLine;
    __builtin_prefetch(reinterpret_cast<const void*>(next_line));
  }

  // Does nothing when the identity is there.
  void Add(absl::uint128 identity, std::uint32_t digest);

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kCacheLine = 64;
  // Also an identity, of one outcome in 2^128, which is not known again.
  static constexpr absl::uint128 kFree = 0;

  struct Entry {
    [[nodiscard]] absl::uint128 identity() const { return std::bit_cast<absl::uint128>(words); }

    std::array<std::uint32_t, 4> words{};  // of the identity, which would need padding
    std::uint32_t digest = 0;
  };

  // Open addressing: an entry is in the first place of its hash or, where others are, in one of the
  // next: mostly in one or two lines of cache side by side.
  struct Part {
    std::vector<Entry> places;  // a power of two; at most three quarters are taken
    std::size_t taken = 0;

    // An identity is a hash already.
    [[nodiscard]] std::size_t FirstPlaceOf(absl::uint128 identity) const {
      return absl::Uint128Low64(identity) & (places.size() - 1);
    }
    // Where it is, or is to be put.
    [[nodiscard]] std::size_t PlaceOf(absl::uint128 identity) const {
      std::size_t place = FirstPlaceOf(identity);
      while (places[place].identity() != kFree && places[place].identity() != identity) {
        place = (place + 1) & (places.size() - 1);
      }
      return place;
    }
    void Grow();
  };

  static std::size_t PartOf(absl::uint128 identity) {
    return UnevenPartOf(absl::Uint128High64(identity));
  }

  std::array<Part, kUnevenParts> parts_;
  std::size_t size_ = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_OUTCOME_IDENTITIES_H_
