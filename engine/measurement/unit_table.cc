// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/unit_table.h"

#include <algorithm>
#include <cstring>

#include "absl/hash/hash.h"
#include "engine/domain/absl_view.h"

namespace insightloop {
namespace {

constexpr std::size_t kArenaPiece = 64 << 10;
constexpr std::size_t kNameHeader = sizeof(std::uint32_t) + sizeof(std::uint16_t);

// Of a hash, what is kept: none of the bits by which its part was chosen.
std::uint32_t HalfOf(std::size_t hash) { return static_cast<std::uint32_t>(hash); }

}  // namespace

std::size_t UnitTable::HashOf(std::int64_t unit_type, std::string_view external_id) {
  return absl::HashOf(unit_type, AbslView(external_id));
}

void UnitTable::Prefetch(std::span<const std::size_t> hashes) const {
  for (const std::size_t hash : hashes) parts_[UnevenPartOf(hash)].Prefetch(HalfOf(hash));
  std::vector<UnitNumber> units;
  units.reserve(hashes.size());
  for (const std::size_t hash : hashes) {
    const Entry* const likely =
        parts_[UnevenPartOf(hash)].Find(HalfOf(hash), [](const Entry&) { return true; });
    if (likely == nullptr) continue;
    units.push_back(likely->unit);
    Prefetch(likely->unit);
  }
  for (const UnitNumber unit : units) __builtin_prefetch(units_[unit - 1].name);
}

UnitNumber UnitTable::Find(std::int64_t unit_type, std::string_view external_id,
                           std::size_t hash) const {
  if (external_id.empty()) return 0;  // as an erased unit's is
  const Name name{unit_type, external_id};
  const Entry* const found = parts_[UnevenPartOf(hash)].Find(
      HalfOf(hash), [&](const Entry& entry) { return NameOf(entry.unit) == name; });
  return found == nullptr ? 0 : found->unit;
}

UnitNumber UnitTable::Add(std::int64_t unit_type, std::string_view external_id) {
  const Name name{unit_type, external_id};
  units_.PushBack({.name = StoreName(name)});
  const auto unit = static_cast<UnitNumber>(units_.size());
  if (!external_id.empty()) {
    const std::size_t hash = HashOf(unit_type, external_id);
    parts_[UnevenPartOf(hash)].FindOrAdd({.unit = unit, .half = HalfOf(hash)});
  }
  return unit;
}

// Its entry stays in the table, where it is found no more.
std::size_t UnitTable::Erase(UnitNumber unit) {
  const std::size_t length = NameOf(unit).external_id.size();
  char* const place = units_[unit - 1].name + sizeof(std::uint32_t);
  std::memset(place, 0, sizeof(std::uint16_t) + length);
  return length;
}

void UnitTable::AddOutcome(UnitNumber unit, std::int64_t id, Time occur_time) {
  Unit& changed = units_[unit - 1];
  changed.last_outcome = id;
  changed.latest = std::max(changed.latest, occur_time);
}

// Four bytes of the type's word, which are enough for any dictionary that fits in memory, two of
// the length, then the name.
char* UnitTable::StoreName(const Name& name) {
  const std::size_t bytes = kNameHeader + name.external_id.size();
  if (arena_left_ < bytes) {
    arena_.push_back(std::make_unique_for_overwrite<char[]>(kArenaPiece));
    arena_left_ = kArenaPiece;
  }
  char* const place = arena_.back().get() + (kArenaPiece - arena_left_);
  arena_left_ -= bytes;
  const auto type = static_cast<std::uint32_t>(name.unit_type);
  const auto length = static_cast<std::uint16_t>(name.external_id.size());
  std::memcpy(place, &type, sizeof(type));
  std::memcpy(place + sizeof(type), &length, sizeof(length));
  std::memcpy(place + kNameHeader, name.external_id.data(), name.external_id.size());
  return place;
}

UnitTable::Name UnitTable::NameOf(UnitNumber unit) const {
  const char* const place = units_[unit - 1].name;
  std::uint32_t type = 0;
  std::uint16_t length = 0;
  std::memcpy(&type, place, sizeof(type));
  std::memcpy(&length, place + sizeof(type), sizeof(length));
  return {.unit_type = type, .external_id = {place + kNameHeader, length}};
}

}  // namespace insightloop
