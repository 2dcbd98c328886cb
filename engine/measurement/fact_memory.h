// SPDX-License-Identifier: Apache-2.0
//
// What the embedded `Measurement` remembers of the facts in its log: words, names of units,
// identities of outcomes, earliest exposures. `FactMemory` knows durable facts; a `FactStage` holds
// what a group of rows would add to it, and becomes part of it only once the log has the rows.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_MEMORY_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_MEMORY_H_

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/facts.h"
#include "engine/measurement/identity.h"
#include "engine/measurement/sharded_map.h"
#include "engine/ports/exposed_units.h"
#include "engine/ports/fact_log.h"

namespace insightloop {

// What tells apart the exposures of which only the earliest counts. Overrides are never analysed,
// so they must not stand in for an exposure that is.
struct ExposureKey {
  std::int64_t experiment = 0, unit = 0, variant = 0;
  std::int32_t epoch = 0;
  bool is_override = false;

  friend bool operator==(const ExposureKey&, const ExposureKey&) = default;
  template <class H>
  friend H AbslHashValue(H h, const ExposureKey& k) {
    return H::combine(std::move(h), k.experiment, k.unit, k.variant, k.epoch, k.is_override);
  }
};

// The order in which exposures of one key count: by time; among those of one instant, whose
// attributes may differ, by a digest of these, so that the order of arrival does not matter; none
// come last.
struct ExposureRank {
  Time time;
  std::uint64_t attributes = std::numeric_limits<std::uint64_t>::max();

  friend auto operator<=>(const ExposureRank&, const ExposureRank&) = default;
};

// `attributes` as in `ExposureRow`. Stable across processes.
ExposureRank RankOf(Time time, const std::string& attributes);

// Not thread-safe: its user guards it.
class FactMemory {
 public:
  // Reads all of the log. Errors: those of the log.
  absl::Status Load(FactLog& log);

  // The word's number; 0 when the log has none.
  [[nodiscard]] std::int64_t FindWord(const std::string& text) const;

  // As ExposedUnits.
  [[nodiscard]] std::optional<FirstExposure> FindFirstExposure(std::string_view experiment,
                                                               std::string_view unit_type,
                                                               std::string_view unit_id) const;

  [[nodiscard]] std::int64_t ExposuresOf(std::int64_t experiment) const;     // stored rows
  [[nodiscard]] std::int64_t last_outcome() const { return last_outcome_; }  // id

 private:
  friend class FactStage;
  using Numbers = absl::flat_hash_map<std::string, std::int64_t>;

  void RememberWord(const WordRow& row);
  void RememberUnit(const UnitRow& row);
  void RememberExposure(const ExposureRow& row);
  void RememberOutcome(const OutcomeRow& row);

  // Where a unit stands in an experiment; the least counts.
  struct Standing {
    Time time;
    std::int32_t epoch = 0;
    std::int64_t variant = 0;
    friend auto operator<=>(const Standing&, const Standing&) = default;
  };

  Numbers words_;
  absl::flat_hash_map<std::int64_t, std::string> texts_;  // of the words
  // By unit type, then external id.
  absl::flat_hash_map<std::int64_t, ShardedMap<std::string, std::int64_t>> units_;
  std::int64_t last_word_ = 0, last_unit_ = 0, last_outcome_ = 0;
  std::vector<std::int64_t> outcome_of_unit_;          // the last one's id, by unit; 0: none
  ShardedMap<absl::uint128, std::uint64_t> outcomes_;  // digest of the content, by identity
  ShardedMap<ExposureKey, ExposureRank> exposures_;    // the first to count
  ShardedMap<std::pair<std::int64_t, std::int64_t>, Standing> standings_;  // by experiment and unit
  absl::flat_hash_map<std::int64_t, std::int64_t> exposure_counts_;        // by experiment
};

// Rows on their way into the log. Reads `memory`, which must not change meanwhile. Not thread-safe.
class FactStage {
 public:
  FactStage(const FactMemory& memory, KeyedHash& hash) : memory_(memory), hash_(hash) {}

  // Each judges the row by what is stored and staged, and stages it when it is new.
  RowFate Add(const Exposure& exposure);
  absl::StatusOr<RowFate> Add(const Outcome& outcome);  // error: kInternal

  // What to append.
  [[nodiscard]] const FactBatch& batch() const { return batch_; }
  [[nodiscard]] bool empty() const { return batch_.exposures.empty() && batch_.outcomes.empty(); }

  // Makes the staged rows part of `memory`, the one given to the constructor. Call after appending.
  void PublishTo(FactMemory& memory) const;

 private:
  std::int64_t Word(const std::string& text);  // 0 for an empty text
  std::int64_t Unit(const UnitKey& key);
  [[nodiscard]] std::int64_t LastOutcomeOf(std::int64_t unit) const;

  const FactMemory& memory_;
  KeyedHash& hash_;
  FactBatch batch_;
  FactMemory::Numbers words_;
  absl::flat_hash_map<std::int64_t, FactMemory::Numbers> units_;
  absl::flat_hash_map<std::int64_t, std::int64_t> outcome_of_unit_;
  absl::flat_hash_map<absl::uint128, std::uint64_t> outcomes_;
  absl::flat_hash_map<ExposureKey, ExposureRank> exposures_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_MEMORY_H_
