// SPDX-License-Identifier: Apache-2.0
//
// A hash table of small entries side by side, for lookups at places that are in no cache: an entry
// is in the first place of its hash or, where others are, in one of the next, mostly in one or two
// lines of cache next to each other.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_OPEN_TABLE_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_OPEN_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace insightloop {

// An `Entry{}` is_free(); of every other the lower bits of hash() are as good as random. Not
// thread-safe.
template <class Entry>
class OpenTable {
  static_assert(std::is_trivially_copyable_v<Entry>);
  static_assert(alignof(Entry) <= alignof(std::max_align_t));

 public:
  OpenTable() = default;
  OpenTable(const OpenTable&) = delete;
  OpenTable& operator=(const OpenTable&) = delete;

  // Of a new entry: no other is the same.
  struct IsNone {
    bool operator()(const Entry&) const { return false; }
  };

  // The entry of that hash for which `is_it` holds, until the next change; nullptr: there is none.
  template <class IsIt>
  [[nodiscard]] const Entry* Find(std::size_t hash, const IsIt& is_it) const {
    if (size_ == 0) return nullptr;
    const Entry& place = places_[PlaceOf(hash, is_it)];
    return place.is_free() ? nullptr : &place;
  }

  // Adds the entry and returns nullptr, unless `is_it` holds for one of the same hash: that is
  // returned, as by Find().
  template <class IsIt = IsNone>
  const Entry* FindOrAdd(const Entry& entry, const IsIt& is_it = {}) {
    if (5 * (taken_ + 1) > 3 * size_) Grow();
    Entry& place = places_[PlaceOf(entry.hash(), is_it)];
    if (!place.is_free()) return &place;
    place = entry;
    ++taken_;
    return nullptr;
  }

  // Removes the entry of that hash for which `is_it` holds. Returns whether there was one.
  template <class IsIt>
  bool Remove(std::size_t hash, const IsIt& is_it) {
    if (size_ == 0) return false;
    std::size_t gap = PlaceOf(hash, is_it);
    if (places_[gap].is_free()) return false;
    // Lookups end at a free place: entries that are looked for across this one move into it.
    for (std::size_t from = After(gap); !places_[from].is_free(); from = After(from)) {
      const std::size_t first = FirstPlaceOf(places_[from].hash());
      if (Distance(first, from) < Distance(gap, from)) continue;
      places_[gap] = places_[from];
      gap = from;
    }
    places_[gap] = Entry{};
    --taken_;
    return true;
  }

  // Brings into the cache what the others read first.
  void Prefetch(std::size_t hash) const {
    if (size_ == 0) return;
    const Entry* const place = &places_[FirstPlaceOf(hash)];
    __builtin_prefetch(place);
    // Few lookups go further.
    const auto third_after = reinterpret_cast<std::uintptr_t>(place) + 3 * sizeof(Entry);
    __builtin_prefetch(reinterpret_cast<const void*>(third_after));
  }

 private:
  [[nodiscard]] std::size_t FirstPlaceOf(std::size_t hash) const { return hash & (size_ - 1); }
  [[nodiscard]] std::size_t After(std::size_t place) const { return (place + 1) & (size_ - 1); }
  // How many steps After() it takes.
  [[nodiscard]] std::size_t Distance(std::size_t from, std::size_t to) const {
    return (to - from) & (size_ - 1);
  }

  // Where the entry is, or is to be put.
  template <class IsIt>
  [[nodiscard]] std::size_t PlaceOf(std::size_t hash, const IsIt& is_it) const {
    std::size_t place = FirstPlaceOf(hash);
    while (!places_[place].is_free() && !(places_[place].hash() == hash && is_it(places_[place]))) {
      place = After(place);
    }
    return place;
  }

  // Doubles the places where they are, if realloc() can: the first use of a page of memory takes
  // longest, and then only the new half has any.
  void Grow() {
    const std::size_t before = size_;
    const std::size_t after = std::max<std::size_t>(2 * before, 4);
    void* const grown = std::realloc(places_.get(), after * sizeof(Entry));
    if (grown == nullptr) throw std::bad_alloc();
    static_cast<void>(places_.release());
    places_.reset(static_cast<Entry*>(grown));
    std::uninitialized_value_construct_n(&places_[before], after - before);
    size_ = after;

    std::size_t gap = 0;
    while (gap < before && !places_[gap].is_free()) ++gap;
    // Each stays where it is, moves to a place before that with none between them that has yet to
    // move, or moves into the new half.
    for (std::size_t place = gap; place < before; ++place) {
      if (!places_[place].is_free()) Put(TakeOut(place));
    }
    // Those at the beginning come last: they may be there because the end was full.
    for (std::size_t place = 0; place < gap; ++place) Put(TakeOut(place));
  }

  Entry TakeOut(std::size_t place) { return std::exchange(places_[place], Entry{}); }
  void Put(const Entry& entry) { places_[PlaceOf(entry.hash(), IsNone{})] = entry; }

  struct Free {
    void operator()(Entry* places) const { std::free(places); }
  };

  std::unique_ptr<Entry[], Free> places_;
  std::size_t size_ = 0;   // of places_: a power of two, or 0
  std::size_t taken_ = 0;  // at most three fifths: with more, lookups go far
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_OPEN_TABLE_H_
