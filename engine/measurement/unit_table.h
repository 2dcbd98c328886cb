// SPDX-License-Identifier: Apache-2.0
//
// Every known unit: its name, the experiments it was exposed in, its outcomes. Up to 58 bytes
// besides the name.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_UNIT_TABLE_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_UNIT_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/domain/time.h"
#include "engine/measurement/chunked_column.h"
#include "engine/measurement/open_table.h"
#include "engine/measurement/uneven_parts.h"

namespace insightloop {

using UnitNumber = std::uint32_t;  // from 1; 0: none
using RowNumber = std::uint32_t;   // of a roster, from 0

// A row of a roster. The rows of one unit are linked: a unit knows the first, each row the next.
struct Membership {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t roster = kNone;  // place among FactMemory's rosters
  RowNumber row = 0;
};

// Not thread-safe. Units are never removed; one that is erased loses its name.
class UnitTable {
 public:
  // What a unit of that name is found by. `unit_type` is a word.
  [[nodiscard]] static std::size_t HashOf(std::int64_t unit_type, std::string_view external_id);

  // 0 when there is no such unit.
  [[nodiscard]] UnitNumber Find(std::int64_t unit_type, std::string_view external_id) const {
    return Find(unit_type, external_id, HashOf(unit_type, external_id));
  }
  // The same with the hash of the name at hand.
  [[nodiscard]] UnitNumber Find(std::int64_t unit_type, std::string_view external_id,
                                std::size_t hash) const;

  // Brings into the cache what Find() reads for names with these hashes, of all at the same time.
  void Prefetch(std::span<const std::size_t> hashes) const;
  // The same for what the other methods read of one unit.
  void Prefetch(UnitNumber unit) const { __builtin_prefetch(&units_[unit - 1]); }

  // Adds the next unit. Without an external id (erased) it is not found by name.
  UnitNumber Add(std::int64_t unit_type, std::string_view external_id);

  // Overwrites the unit's name, so that it is not found any more. Returns how long that was.
  std::size_t Erase(UnitNumber unit);

  [[nodiscard]] std::size_t size() const { return units_.size(); }

  [[nodiscard]] Membership memberships(UnitNumber unit) const { return units_[unit - 1].first; }
  void SetMemberships(UnitNumber unit, Membership first) { units_[unit - 1].first = first; }

  // Id of the unit's last stored outcome; 0: none.
  [[nodiscard]] std::int64_t last_outcome(UnitNumber unit) const {
    return units_[unit - 1].last_outcome;
  }
  // The latest time at which an outcome of the unit occurred.
  [[nodiscard]] Time latest(UnitNumber unit) const { return units_[unit - 1].latest; }
  void AddOutcome(UnitNumber unit, std::int64_t id, Time occur_time);

 private:
  // Side by side, since an outcome needs them all.
  struct Unit {
    char* name = nullptr;  // in arena_: type, length, bytes
    Membership first;
    std::int64_t last_outcome = 0;
    Time latest = kEarliestTime;
  };
  struct Name {
    std::int64_t unit_type;
    std::string_view external_id;
    friend bool operator==(const Name&, const Name&) = default;
  };
  // A unit, and half of the hash of its name: passing others over and growing reads no names.
  struct Entry {
    [[nodiscard]] bool is_free() const { return unit == 0; }
    [[nodiscard]] std::size_t hash() const { return half; }

    UnitNumber unit = 0;
    std::uint32_t half = 0;
  };

  [[nodiscard]] Name NameOf(UnitNumber unit) const;
  char* StoreName(const Name& name);

  ChunkedColumn<Unit> units_;
  std::vector<std::unique_ptr<char[]>> arena_;
  std::size_t arena_left_ = 0;                        // free bytes in the last piece
  std::array<OpenTable<Entry>, kUnevenParts> parts_;  // of units that were added with a name
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_UNIT_TABLE_H_
