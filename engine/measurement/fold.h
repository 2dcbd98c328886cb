// SPDX-License-Identifier: Apache-2.0
//
// Folds the rows of a log into the exact figures of one experiment: two passes, exposures first,
// then outcomes. The result depends on the rows alone, not on their order within a pass. Knows
// numbers only; which rows it is given is its user's choice.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_FOLD_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_FOLD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "engine/domain/time.h"
#include "engine/measurement/fact_memory.h"
#include "engine/ports/fact_log.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// Words of a plan in the log's dictionary; 0 for one that the log does not have.
struct PlanWords {
  std::vector<std::int64_t> variants;  // by index of MeasurePlan::variants
  std::vector<std::int64_t> events;    // by index of MeasurePlan::metrics
};

// Not thread-safe.
class Fold {
 public:
  // `plan` outlives the fold.
  Fold(const MeasurePlan& plan, Time as_of, const PlanWords& words);

  // An exposure of the plan's experiment. All exposures come before the first outcome.
  void Add(const ExposureRow& row);

  // Any outcome.
  void Add(const OutcomeRow& row);

  // The figures of all that was added. Call once.
  Measured Finish();

 private:
  // A unit by its first exposure: the earliest; of several at one instant, the one of the lowest
  // epoch, then variant, then rank of attributes.
  struct Unit {
    ExposureRank rank;  // of the first exposure
    std::int32_t epoch = 0;
    std::uint32_t variant = 0;       // index
    std::uint32_t attributes = 0;    // index into the distinct texts
    std::int32_t seen_epoch = 0;     // an epoch in which it was seen …
    std::uint32_t seen_variant = 0;  // … and the variant it had there
    bool crossed = false;
  };

  // A metric's number of one unit, in the making.
  struct Number {
    absl::int128 value = 0;  // wide enough for every sum of rows; surveys: the last answer
    Time answer_time;        // surveys
    bool asked = false, answered = false;
  };

  struct MetricRule {
    MeasuredMetric metric;
    bool is_survey = false;
    Duration from, to;           // of the window, after the first exposure
    std::optional<Time> before;  // without a window: absolute end
  };

  std::uint32_t TextIndex(const std::string& attributes);
  void AddTo(Number& number, const MetricRule& rule, const OutcomeRow& row) const;
  void AddTo(MetricSums& sums, const MetricRule& rule, const Number& number) const;
  [[nodiscard]] std::optional<Time> MaturityOf(const Unit& unit) const;

  // Segment cells of the distinct attribute texts. Cell 0 is that of all units.
  struct Cells {
    std::vector<std::string> names;                 // by cell
    std::vector<std::vector<std::size_t>> of_text;  // by index of the text
    std::vector<std::string> dropped;
  };
  [[nodiscard]] Cells MakeCells() const;

  const MeasurePlan& plan_;
  const Time as_of_;
  std::vector<MetricRule> rules_;
  absl::flat_hash_map<std::int64_t, std::uint32_t> variant_of_word_;
  absl::flat_hash_map<std::int64_t, std::vector<std::size_t>> metrics_of_event_;
  std::optional<Duration> longest_window_;  // end of it after the first exposure

  absl::flat_hash_map<std::int64_t, std::uint32_t> index_of_unit_;
  std::vector<Unit> units_;
  // Variants of units seen in more than one epoch, by unit and epoch.
  absl::flat_hash_map<std::pair<std::int64_t, std::int32_t>, std::uint32_t> other_epochs_;
  absl::flat_hash_map<std::string, std::uint32_t> index_of_text_;
  std::vector<std::string> texts_;  // distinct JSON texts of attributes; the first is empty
  std::vector<Number> numbers_;     // by unit, then metric
  Measured measured_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_FOLD_H_
