// SPDX-License-Identifier: Apache-2.0
//
// What the embedded `Measurement` remembers of the facts in its log: words, units, who was exposed
// where, and the numbers of the experiments that are followed. It knows durable facts only; a
// `FactStage` holds what rows would add to it.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_MEMORY_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "engine/domain/facts.h"
#include "engine/measurement/roster.h"
#include "engine/measurement/tally.h"
#include "engine/measurement/unit_table.h"
#include "engine/ports/exposed_units.h"
#include "engine/ports/fact_log.h"
#include "engine/ports/measurement.h"
#include "engine/ports/unit_erasure.h"

namespace insightloop {

// Rows that were rejected.
struct RejectionCounts {
  std::map<std::string, std::int64_t> by_variant;
  std::map<std::int64_t, std::int64_t> by_day;  // start of the day, in microseconds
};

// One experiment or holdout.
struct RememberedExperiment {
  Roster roster;
  std::unique_ptr<Tally> tally;                     // null when it is not followed
  std::map<std::string, RejectionCounts> rejected;  // by reason
};

// A row whose outcomes are to be read from the log, as it was.
struct PendingRow {
  RowNumber row = 0;
  UnitNumber unit = 0;
  Time first;
  std::int64_t last_outcome = 0;  // id
};

// Not thread-safe: its user guards it.
class FactMemory {
 public:
  // Reads all of the log. Errors: those of the log.
  absl::Status Load(FactLog& log);
  // What the log has now besides.
  void Add(const FactBatch& batch);

  // Tallies every fact of the plan's experiment. Rows with outcomes are pending at first, unless a
  // tally of the same plan can go on.
  void Follow(const MeasurePlan& plan);
  void Unfollow(const std::string& experiment);

  // nullptr for an experiment that has no exposure, no rejected row and is not followed.
  [[nodiscard]] const RememberedExperiment* Find(const std::string& experiment) const;
  // Whether some row of a followed experiment is pending.
  [[nodiscard]] bool has_pending() const { return !with_pending_.empty(); }
  // Names of the experiments that have pending rows.
  [[nodiscard]] std::vector<std::string> WithPending() const;
  [[nodiscard]] std::vector<PendingRow> PendingOf(const std::string& experiment) const;
  // Takes over what was read for `rows`, row i of `read` for rows[i]; those about which something
  // new was stored since stay pending.
  void Settle(const std::string& experiment, const std::vector<PendingRow>& rows,
              const Tally& read);
  // A tally of that plan without rows that knows the words of its events.
  [[nodiscard]] Tally EmptyTally(const MeasurePlan& plan) const;

  // As ExposedUnits.
  [[nodiscard]] std::optional<FirstExposure> FindFirstExposure(std::string_view experiment,
                                                               std::string_view unit_type,
                                                               std::string_view unit_id) const;

  // As Measurement.
  [[nodiscard]] std::vector<ExposedIn> FindCounting(UnitView unit, std::string_view event,
                                                    Time time) const;

  // What is known of the unit; the key_of of the result is the caller's to fill in.
  [[nodiscard]] UnitErasure ErasureOf(const UnitKey& unit) const;
  // Forgets the unit's name.
  void EraseUnit(UnitNumber unit);

  // Text of a word of the log; empty for 0.
  [[nodiscard]] std::string TextOf(std::int64_t word) const;

  [[nodiscard]] std::int64_t exposure_rows() const { return exposure_rows_; }
  [[nodiscard]] std::int64_t last_outcome() const { return last_outcome_; }  // id

  // What units, words, rosters and tallies take at most.
  [[nodiscard]] std::int64_t bytes() const;

 private:
  friend class FactStage;
  using Words = absl::flat_hash_map<std::string, std::int64_t>;

  void RememberWord(const WordRow& row);
  void RememberUnit(const UnitRow& row);
  void RememberExposure(const ExposureRow& row);
  template <class Row>
  void RememberOutcomes(std::span<const Row> rows);
  void PrefetchRow(std::int64_t unit, std::int64_t event) const;
  void RememberOutcome(const StoredOutcome& row);
  void RememberRejection(const RejectionKey& key, std::int64_t rows);

  [[nodiscard]] std::int64_t FindWord(std::string_view text) const;  // 0 when the log has none
  std::uint32_t IndexOf(const std::string& experiment);
  [[nodiscard]] std::optional<RowNumber> RowOf(UnitNumber unit, std::uint32_t experiment) const;
  [[nodiscard]] std::optional<ExposureRank> FindRank(std::int64_t experiment,
                                                     const ExposureKey& key) const;
  void BindWords(Tally& tally) const;

  Words words_;
  absl::flat_hash_map<std::int64_t, std::string> texts_;  // of the words
  UnitTable units_;
  std::vector<std::unique_ptr<RememberedExperiment>> experiments_;
  absl::flat_hash_map<std::string, std::uint32_t> experiment_by_name_;
  absl::flat_hash_map<std::int64_t, std::uint32_t> experiment_by_word_;
  absl::flat_hash_set<std::string> followed_events_;
  absl::flat_hash_set<std::uint32_t> with_pending_;  // experiments
  std::int64_t last_word_ = 0, exposure_rows_ = 0, last_outcome_ = 0;
  std::int64_t name_bytes_ = 0;  // of units
  std::int64_t word_bytes_ = 0;  // of the words' texts
  UnitNumber first_erased_ = 0;  // the least of the erased units; 0: none is
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_MEMORY_H_
