// SPDX-License-Identifier: Apache-2.0
//
// The numbers of an experiment's units in the metrics of its plan, in columns beside the rows of
// its roster. Each outcome is folded once, in any order; the numbers depend on the outcomes alone.
// Sums never lose anything: what does not fit 64 bits is carried.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_TALLY_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_TALLY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/domain/time.h"
#include "engine/measurement/chunked_column.h"
#include "engine/measurement/unit_table.h"
#include "engine/ports/fact_log.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// Sums by row, exact: 64 bits in a column, and what few rows carry beyond them.
class SumColumn {
 public:
  void GrowTo(std::size_t rows) { low_.GrowTo(rows); }
  void Add(RowNumber row, std::int64_t value);
  void Set(RowNumber row, std::int64_t value) { low_[row] = value; }
  // Of rows that fit.
  [[nodiscard]] std::int64_t operator[](RowNumber row) const { return low_[row]; }
  [[nodiscard]] std::span<const std::int64_t> Chunk(std::size_t chunk) const {
    return low_.Chunk(chunk);
  }
  // Multiples of 2^64 beyond the column, by row; none is 0.
  [[nodiscard]] const absl::flat_hash_map<RowNumber, std::int64_t>& carries() const {
    return carries_;
  }
  void CopyRow(const SumColumn& from, RowNumber from_row, RowNumber row);
  void Prefetch(RowNumber row) const { __builtin_prefetch(&low_[row], 1); }

 private:
  ChunkedColumn<std::int64_t> low_;
  absl::flat_hash_map<RowNumber, std::int64_t> carries_;
};

// A metric's columns; those that it does not need stay empty.
struct MetricColumns {
  SumColumn value;        // surveys: the last answer
  SumColumn denominator;  // RATIO
  SumColumn history;      // covariate of the metric's own past
  SumColumn week_one, week_two;
  ChunkedColumn<Time> answer_time;    // surveys: when it was answered
  ChunkedColumn<std::uint8_t> marks;  // surveys, and metrics with a history

  static constexpr std::uint8_t kAsked = 1, kAnswered = 2, kHasHistory = 4, kDismissed = 8;
};

// How many outcomes of a row are late, by the word of their source.
using LateOutcomes = std::map<std::int64_t, std::uint32_t>;

// The answers of one questionnaire of a unit.
struct Questionnaire {
  std::int64_t answer = 0;  // one of them
  std::uint32_t answers = 0;
  bool all_same = true;
};
// By row and StoredOutcome::response_key.
using Questionnaires = absl::btree_map<std::pair<RowNumber, std::int64_t>, Questionnaire>;

// Not thread-safe.
class Tally {
 public:
  explicit Tally(MeasurePlan plan);

  [[nodiscard]] const MeasurePlan& plan() const { return plan_; }

  // Outcomes of that event have that word; 0 while the log does not have it.
  void SetWord(const std::string& event, std::int64_t event_word);

  void GrowTo(std::size_t rows);

  // Brings into the cache what Fold() changes first for an outcome of that event (word).
  void Prefetch(RowNumber row, std::int64_t event) const;

  // An outcome of the unit in `row`, whose first exposure was at `first`.
  void Fold(RowNumber row, Time first, const StoredOutcome& outcome);

  // Takes over a row of a tally of the same plan.
  void CopyRow(const Tally& from, RowNumber from_row, RowNumber row);

  // Whether outcomes at `latest` and before can count for a unit first exposed at `first`.
  [[nodiscard]] bool CanCount(Time first, Time latest) const;

  // Whether an outcome of that event (FactName) at `time` is inside some window of a unit first
  // exposed at `first`.
  [[nodiscard]] bool IsInWindow(std::string_view event, Time first, Time time) const;

  // Ends the experiment. False when outcomes at or after the end were folded that count no more:
  // the tally is of no use then.
  bool Stop(Time stop_time);

  // Metrics without a window count outcomes before that time, and before the stop.
  void EndAt(Time end) { end_ = std::min(end_, end); }
  // Whether they have counted later ones.
  [[nodiscard]] bool HasCountedAt(Time end) const { return latest_without_window_ >= end; }

  [[nodiscard]] const MetricColumns& metric(std::size_t metric) const { return metrics_[metric]; }
  // When the last outcome of the plan's events happened that is not before its unit's exposure, and
  // not late. Exposures only ever become earlier, so that it stays one.
  [[nodiscard]] std::optional<Time> last_outcome() const { return last_outcome_; }
  // Rows of outcomes inside some window, and those of them that are late (of few rows).
  [[nodiscard]] const ChunkedColumn<std::uint32_t>& outcomes() const { return outcomes_; }
  [[nodiscard]] const absl::flat_hash_map<RowNumber, LateOutcomes>& late() const { return late_; }

  // Answers that are not before their unit's exposure, whatever their event, but for late ones and
  // those at or after the stop.
  [[nodiscard]] const Questionnaires& questionnaires() const { return questionnaires_; }

  // What it keeps of questionnaires, late outcomes and pending rows, in bytes at most.
  [[nodiscard]] std::int64_t bytes_beside_rows() const;

  // Rows to be read again from the log: some of their outcomes were stored before their exposure.
  absl::flat_hash_set<RowNumber> pending;

 private:
  struct Use {
    std::int64_t event = 0;  // word; 0 while the log does not have it
    std::string event_name;
    std::size_t metric = 0;
    bool is_denominator = false;
  };

  [[nodiscard]] bool IsInside(const MeasuredMetric& metric, Time first, Time time) const;
  bool FoldValue(RowNumber row, Time first, const Use& use, const StoredOutcome& outcome);
  void FoldHistory(RowNumber row, Time first, std::size_t metric, const StoredOutcome& outcome);
  void FoldWeeks(RowNumber row, Time first, std::size_t metric, const StoredOutcome& outcome);
  void FoldAnswer(RowNumber row, std::size_t metric, const StoredOutcome& outcome);
  void FoldQuestionnaire(RowNumber row, Time first, const StoredOutcome& outcome);

  MeasurePlan plan_;
  std::vector<Use> uses_;
  std::vector<MetricColumns> metrics_;
  ChunkedColumn<std::uint32_t> outcomes_;
  absl::flat_hash_map<RowNumber, LateOutcomes> late_;
  Questionnaires questionnaires_;
  Time latest_in_questionnaire_ = kEarliestTime;  // of the answers
  bool has_history_ = false;
  Time end_ = kLatestTime;
  Time latest_without_window_ = kEarliestTime;  // outcome of a metric without a window
  std::optional<Time> last_outcome_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_TALLY_H_
