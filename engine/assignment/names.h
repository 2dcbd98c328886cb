// SPDX-License-Identifier: Apache-2.0
//
// Hashes of names, and tables by name. An assignment looks up its target and every attribute, so
// this is a large part of its time. The hash is kept nowhere but in memory and is not for texts
// that an adversary may choose: names are made by those who may define experiments.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_NAMES_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "engine/domain/text.h"

namespace insightloop {

// Whether a name and its size fit a word. Most attributes' do.
inline bool IsWord(std::string_view name) { return name.size() < sizeof(std::uint64_t); }

// Different for any two names that fit a word.
inline std::uint64_t HashOfName(std::string_view name) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio
  const std::size_t size = name.size();
  if (IsWord(name)) {  // each step can be undone
    std::uint64_t hash = LoadShort(name) | size << 56;
    hash = (hash ^ hash >> 32) * kOdd;
    return hash ^ hash >> 29;
  }
  // A word at a time; each is mixed by a product of 128 bits, of which both halves count.
  const auto mix = [](std::uint64_t hash, std::uint64_t word) {
    const absl::uint128 product = absl::uint128(hash ^ word) * kOdd;
    return absl::Uint128Low64(product) ^ absl::Uint128High64(product);
  };
  const std::size_t last = size - sizeof(std::uint64_t);  // may overlap the word before
  std::uint64_t hash = size;
  for (std::size_t at = 0; at < last; at += sizeof(std::uint64_t)) {
    hash = mix(hash, LoadAt<std::uint64_t>(name, at));
  }
  return mix(hash, LoadAt<std::uint64_t>(name, last));
}

// A name to look up, with its hash. Points to the text.
struct HashedName {
  explicit HashedName(std::string_view name) : HashedName(name, HashOfName(name)) {}
  HashedName(std::string_view name, std::uint64_t hash_of_name) : text(name), hash(hash_of_name) {}

  // Whether they are the same; a text is read only where the hash does not tell.
  friend bool operator==(const HashedName& a, const HashedName& b) {
    if (a.hash != b.hash || a.text.size() != b.text.size()) return false;
    return IsWord(a.text) || SameText(a.text, b.text);
  }

  std::string_view text;
  std::uint64_t hash;
};

// Values by name; for (const auto& [name, value] : table) goes over them in the order in which they
// came. Finding takes fewer than half of the steps of the library's table: the whole hash lies at
// each place, so that one text is compared at most, and the places are never more than half full.
// Erasing takes time in proportion to the table. Pointers to values hold until the next change.
template <class Value>
class NameTable {
 public:
  using Entry = std::pair<std::string, Value>;

  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

  // nullptr when there is none.
  const Value* Find(const HashedName& name) const {
    const Entry* const entry = FindEntry(name);
    return entry == nullptr ? nullptr : &entry->second;
  }
  const Value* Find(std::string_view name) const { return Find(HashedName(name)); }
  Value* Find(std::string_view name) { return const_cast<Value*>(std::as_const(*this).Find(name)); }

  // The value of that name; a new one when there was none.
  Value& operator[](std::string_view name) {
    if (Value* const value = Find(name)) return *value;
    entries_.emplace_back(name, Value());
    if (2 * entries_.size() > places_.size()) {
      places_.resize(2 * places_.size());
      Arrange();
    } else {
      Occupy(entries_.size());
    }
    return entries_.back().second;
  }

  void Erase(std::string_view name) {
    if (std::erase_if(entries_, [&](const Entry& entry) { return entry.first == name; }) > 0) {
      Arrange();
    }
  }

 private:
  struct Place {
    std::uint64_t hash = 0;
    std::size_t number = 0;  // of an entry, from 1; 0: free
  };

  const Entry* FindEntry(const HashedName& name) const {
    const std::size_t mask = places_.size() - 1;
    for (std::size_t at = name.hash & mask;; at = (at + 1) & mask) {
      const Place& place = places_.data()[at];
      if (place.number == 0) return nullptr;
      if (place.hash != name.hash) continue;
      const Entry& entry = entries_.data()[place.number - 1];
      if (HashedName(entry.first, place.hash) == name) return &entry;
    }
  }

  // Gives the entry of that number the next free place from where its hash points.
  void Occupy(std::size_t number) {
    const std::uint64_t hash = HashOfName(entries_[number - 1].first);
    const std::size_t mask = places_.size() - 1;
    std::size_t at = hash & mask;
    while (places_[at].number != 0) at = (at + 1) & mask;
    places_[at] = {.hash = hash, .number = number};
  }

  void Arrange() {
    places_.assign(places_.size(), Place());
    for (std::size_t number = 1; number <= entries_.size(); ++number) Occupy(number);
  }

  std::vector<Entry> entries_;
  std::vector<Place> places_ = std::vector<Place>(2);  // a power of 2, at least half of them free
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_NAMES_H_
