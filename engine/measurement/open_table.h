// SPDX-License-Identifier: Apache-2.0
//
// A hash table of small entries side by side, for lookups at places that are in no cache: an entry
// is in the first place of its hash or, where others are, in one of the next, mostly in one or two
// lines of cache next to each other. Entries are never removed.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_OPEN_TABLE_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_OPEN_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace insightloop {

// An `Entry{}` is_free(); of every other the lower bits of hash() are as good as random. Not
// thread-safe.
template <class Entry>
class OpenTable {
 public:
  // Of a new entry: no other is the same.
  struct IsNone {
    bool operator()(const Entry&) const { return false; }
  };

  // The entry of that hash for which `is_it` holds, until the next Add(); nullptr: there is none.
  template <class IsIt>
  [[nodiscard]] const Entry* Find(std::size_t hash, const IsIt& is_it) const {
    if (places_.empty()) return nullptr;
    const Entry& place = places_[PlaceOf(hash, is_it)];
    return place.is_free() ? nullptr : &place;
  }

  // Adds the entry, unless `is_it` holds for one of the same hash. Returns whether it did.
  template <class IsIt = IsNone>
  bool Add(const Entry& entry, const IsIt& is_it = {}) {
    if (4 * (taken_ + 1) > 3 * places_.size()) Grow();
    Entry& place = places_[PlaceOf(entry.hash(), is_it)];
    if (!place.is_free()) return false;
    place = entry;
    ++taken_;
    return true;
  }

  // Brings into the cache what Find() and Add() read first.
  void Prefetch(std::size_t hash) const {
    if (places_.empty()) return;
    const Entry* const place = &places_[FirstPlaceOf(hash)];
    __builtin_prefetch(place);
    // Few lookups go further.
    const auto third_after = reinterpret_cast<std::uintptr_t>(place) + 3 * sizeof(Entry);
    __builtin_prefetch(reinterpret_cast<const void*>(third_after));
  }

 private:
  [[nodiscard]] std::size_t FirstPlaceOf(std::size_t hash) const {
    return hash & (places_.size() - 1);
  }

  // Where the entry is, or is to be put.
  template <class IsIt>
  [[nodiscard]] std::size_t PlaceOf(std::size_t hash, const IsIt& is_it) const {
    std::size_t place = FirstPlaceOf(hash);
    while (!places_[place].is_free() && !(places_[place].hash() == hash && is_it(places_[place]))) {
      place = (place + 1) & (places_.size() - 1);
    }
    return place;
  }

  void Grow() {
    const std::vector<Entry> before =
        std::exchange(places_, std::vector<Entry>(std::max<std::size_t>(2 * places_.size(), 4)));
    for (const Entry& entry : before) {
      if (!entry.is_free()) places_[PlaceOf(entry.hash(), IsNone{})] = entry;
    }
  }

  std::vector<Entry> places_;  // a power of two; at most three quarters are taken
  std::size_t taken_ = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_OPEN_TABLE_H_
