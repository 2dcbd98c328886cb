// SPDX-License-Identifier: Apache-2.0
//
// Records facts about units and summarises them. What crosses this port are facts, fates and exact
// sums; how facts are stored, deduplicated and folded does not.

#ifndef INSIGHTLOOP_ENGINE_PORTS_MEASUREMENT_H_
#define INSIGHTLOOP_ENGINE_PORTS_MEASUREMENT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/await.h"
#include "engine/domain/facts.h"
#include "engine/domain/metric.h"
#include "engine/domain/time.h"
#include "engine/ports/exposed_units.h"
#include "engine/ports/unit_erasure.h"
#include "stats/exact_sums.h"
#include "stats/joint_sums.h"

namespace insightloop {

// Largest value that counts: absolute, in steps, or the percentile of all matured units' values
// that are not 0, over all variants together.
struct MeasuredCap {
  std::optional<std::int64_t> steps;
  double share = 0;  // without steps: 0.99 is the 99th percentile

  friend bool operator==(const MeasuredCap&, const MeasuredCap&) = default;
};

// What was known of a unit before its first exposure: the metric's own number over the days before
// (they end at the start of the UTC day of the first exposure), or a number among the attributes of
// the first exposure.
struct MeasuredCovariate {
  Duration history;       // 0: the attribute
  std::string attribute;  // id

  friend bool operator==(const MeasuredCovariate&, const MeasuredCovariate&) = default;
};

// One step of a covariate or weight that is an attribute.
inline constexpr double kAttributeResolution = 1e-6;

// A metric as a plan sealed it, with what it needs of its events.
struct MeasuredMetric {
  std::string event;  // FactName of the metric's event
  MetricKind kind{};
  // PROPORTION, COUNT, RATIO: read the value instead of counting rows.
  bool event_has_value = false;
  std::optional<Window> window;  // absent: until `stop_time`
  std::int64_t steps_per_unit = 1;
  std::int64_t top_two_from = 0;  // CSAT: least value, in steps, of the top two boxes
  std::string denominator_event;  // RATIO: FactName
  bool denominator_sums = false;  // RATIO: sum the values of the denominator's event, not its rows
  double quantile = 0;            // QUANTILE: 0.9 is the 90th percentile
  std::optional<MeasuredCap> cap;
  std::optional<MeasuredCovariate> covariate;
  bool by_week = false;  // also compare the first and second week of each unit
  bool find_largest = false;
  std::string weight;  // surveys: id of the number among the attributes that weights an answer

  friend bool operator==(const MeasuredMetric&, const MeasuredMetric&) = default;
};

// What to measure: one experiment under its sealed plan.
struct MeasurePlan {
  std::string experiment;
  std::vector<std::string> variants;
  std::vector<MeasuredMetric> metrics;
  std::vector<std::string> segment_attributes;  // ids
  // Metric, no survey and with one number per unit, that is set against the answers to surveys.
  std::optional<std::size_t> behaviour;
  std::optional<Time> stop_time;  // once stopped
  Duration lateness_allowance;    // a unit is matured this long after its longest window closed
  std::size_t max_segment_values = 0;

  friend bool operator==(const MeasurePlan&, const MeasurePlan&) = default;
};

// A quantile of units' numbers, and numbers around it: of the ranks of stats::RanksOfQuantile().
struct QuantileSums {
  std::int64_t units = 0;
  std::int64_t value = 0, lower = 0, upper = 0;
  std::int64_t lower_rank = 0, upper_rank = 0;  // from 1

  friend bool operator==(const QuantileSums&, const QuantileSums&) = default;
};

// How many units gave an answer.
struct AnswerUnits {
  std::int64_t answer = 0;  // in steps
  std::int64_t units = 0;

  friend bool operator==(const AnswerUnits&, const AnswerUnits&) = default;
};

// Different answers to a survey of which each is counted.
inline constexpr std::size_t kMostAnswers = 101;

// What a unit that was asked said, for MetricSums::behaviour: nothing; for NPS as a detractor,
// passive or promoter; for CSAT one of the top two boxes (good) or not (bad).
enum class Said { kNothing, kBad, kMiddling, kGood };
inline constexpr std::size_t kSaidValues = 4;

// Exact figures of one metric over some units. In steps of the event's resolution, except for
// PROPORTION, RETENTION and counts of rows, whose step is 1. Capped where the metric has a cap.
struct MetricSums {
  stats::ExactSums values;     // each unit's number; for surveys, each answering unit's last answer
  std::int64_t nonzero = 0;    // units whose number is not 0
  std::int64_t asked = 0;      // surveys: units asked, whether or not they answered
  std::int64_t dismissed = 0;  // surveys: of those, units that turned it down and never answered
  std::int64_t promoters = 0, detractors = 0;  // NPS
  std::int64_t top_two = 0;                    // CSAT
  // Surveys: ascending; empty where all strata together have more than kMostAnswers different ones.
  std::vector<AnswerUnits> answers;
  // Surveys, in a plan with a behaviour: its numbers in the units asked, by what these said (by
  // value of Said). Empty without.
  std::vector<stats::ExactSums> behaviour;
  // Surveys with a weight: of units that answered and have one above 0, their weight times what the
  // answer counts, then the weight; both in steps of kAttributeResolution. Promoters and the top
  // two boxes count 1, detractors -1, all others 0.
  std::optional<stats::JointSums> weighted;
  std::int64_t largest = 0;  // with `find_largest`: of the units' numbers, if above 0

  // Of RATIO and of metrics with a covariate: the unit's number, then its denominator, then its
  // covariate and whether that is missing (1, and the covariate counts as 0).
  std::optional<stats::JointSums> joint;
  // With `by_week`: the unit's numbers of days 0 to 6 and 7 to 13 after the first exposure, of
  // matured units that have these days and the lateness allowance behind them; without a cap.
  std::optional<stats::JointSums> weeks;
  std::optional<QuantileSums> quantile;  // QUANTILE

  friend bool operator==(const MetricSums&, const MetricSums&) = default;
};

// Matured units of one epoch, variant and segment cell.
struct Stratum {
  std::int32_t epoch = 0;
  std::size_t variant = 0;  // index into MeasurePlan::variants; a crossed unit's is its first
  bool crossed = false;     // units seen in two variants of one epoch: left out, kept apart here
  std::string segment;      // `{attribute id}={value}`; empty: all units
  std::int64_t units = 0;
  std::vector<MetricSums> metrics;  // by index of MeasurePlan::metrics

  friend bool operator==(const Stratum&, const Stratum&) = default;
};

// Rows of outcomes inside a window of an exposed unit, and those of them that came past the
// acceptance window and are left out; and the units that have some of either.
struct OutcomeCounts {
  std::int64_t outcomes = 0, late = 0;
  std::int64_t units = 0, units_with_late = 0;

  friend bool operator==(const OutcomeCounts&, const OutcomeCounts&) = default;
};

// Questionnaires with answers enough to be judged (stats::kLeastItems), and those of them in which
// all are the same. The answers are outcomes of one response_id with a value, whatever their
// events, but for late ones, from the unit's first exposure until the experiment stops; those that
// were stored without the hash of their response_id are in none.
struct QuestionnaireCounts {
  std::int64_t judged = 0, straight_lined = 0;

  friend bool operator==(const QuestionnaireCounts&, const QuestionnaireCounts&) = default;
};

// Exposed units whose first exposure was in that epoch.
struct EpochUnits {
  std::int32_t epoch = 0;
  std::vector<std::int64_t> units;  // as Measured::exposed_units

  friend bool operator==(const EpochUnits&, const EpochUnits&) = default;
};

// Exposed units whose first exposure was in that epoch on that day.
struct DayUnits {
  std::int32_t epoch = 0;
  Time day;                         // its start, UTC
  std::vector<std::int64_t> units;  // as Measured::exposed_units
  std::int64_t crossed = 0;

  friend bool operator==(const DayUnits&, const DayUnits&) = default;
};

// Rows of a day.
struct DayRows {
  Time day;  // its start, UTC
  std::int64_t rows = 0;

  friend bool operator==(const DayRows&, const DayRows&) = default;
};

// Late outcomes of one source.
struct LateRows {
  std::string source;  // empty: they name none
  std::int64_t rows = 0;

  friend bool operator==(const LateRows&, const LateRows&) = default;
};

// Rows that were rejected for one reason.
struct RejectedRows {
  std::string reason;
  std::vector<std::int64_t> by_variant;  // as exposed_units
  std::int64_t without_variant = 0;      // exposures to none of the plan's variants
  std::vector<DayRows> by_day;           // all of them, by day of receipt, ascending

  friend bool operator==(const RejectedRows&, const RejectedRows&) = default;
};

struct Measured {
  std::vector<Stratum> strata;
  std::vector<std::int64_t> exposed_units;   // by variant, matured or not, crossed ones left out
  std::vector<EpochUnits> exposed_by_epoch;  // the same units; epochs that have some, ascending
  std::vector<DayUnits> exposed_by_day;      // all units; days that have some, by epoch and day
  std::int64_t crossed_units = 0;
  std::int64_t in_flight_units = 0;  // not matured, not crossed
  std::int64_t outcomes = 0;         // as OutcomeCounts, also of crossed units
  std::int64_t late_outcomes = 0;
  std::vector<LateRows> late_by_source;                        // of late_outcomes, by source
  std::vector<OutcomeCounts> outcomes_by_variant;              // as exposed_units
  std::vector<QuestionnaireCounts> questionnaires_by_variant;  // as exposed_units
  std::optional<Time> last_maturity;                           // when the last unit matures
  std::optional<Time> first_exposure, last_exposure;           // of units, crossed ones left out
  // Until it stops: when the last of these happened, the exposures above and the outcomes of the
  // plan's events that exposed units have from their first exposure on, late ones left out.
  std::optional<Time> last_fact;
  std::vector<std::string> dropped_segments;  // attributes with too many values, left out
  // By index of MeasurePlan::metrics: the cap that was applied, in steps; absent without one, or
  // where a percentile has no value that is not 0 to be found among.
  std::vector<std::optional<std::int64_t>> caps;
  // Exposures that named the experiment, and outcomes that would have counted in it as it was known
  // when they came; by reason. Of all figures these alone depend on when and how often rows came.
  std::vector<RejectedRows> rejected;
  // The facts the figures are of: as many of each as were recorded first.
  std::int64_t exposure_rows = 0, outcome_rows = 0;

  friend bool operator==(const Measured&, const Measured&) = default;
};

// Facts to record; both kinds in one durable step, with the counts of rows that came with them and
// were rejected. The texts of outcomes must last until what became of them was told.
struct FactRows {
  std::vector<Exposure> exposures;
  std::vector<Outcome> outcomes;
  Rejections rejections;
};

struct FactFates {
  std::vector<RowFate> exposures;
  std::vector<RowFate> outcomes;
};

// An experiment in which a unit is exposed, and its variant there.
struct ExposedIn {
  std::string experiment, variant;
};

// Takes what became of rows: their fates, or why none was recorded.
using Recorded = std::function<void(absl::StatusOr<FactFates>)>;

// Implementations are safe for concurrent calls. No method throws.
class Measurement : public ExposedUnits {
 public:
  // Records facts durably and gives each row's fate, in order: ACCEPTED or LATE when new, DUPLICATE
  // when stored before (an outcome with the same unit, event and outcome_id, time and answer; an
  // exposure that is not the unit's first or earliest of that variant in its epoch), REJECTED with
  // reason ID_REUSED for a known outcome_id with other content. Rows of one call see the rows
  // before them.
  //
  // Does not wait: `recorded` is called once, here or later on a thread that other calls need, so
  // that it must be quick and must not wait for anything of this object.
  //
  // Errors: kResourceExhausted  the queue or the disk is full; nothing is stored, retry later.
  //         kUnavailable        the store cannot write; what became of the rows is unknown, retry.
  virtual void Record(FactRows rows, Recorded recorded) = 0;
  // The same, for those who can wait for it.
  absl::StatusOr<FactFates> Record(FactRows rows) {
    return Await<absl::StatusOr<FactFates>>(
        [&](Recorded recorded) { Record(std::move(rows), std::move(recorded)); });
  }

  // Erases who a unit was: what comes under its name from now on is of a new unit, but outcomes
  // that the unit has sent before stay known. Figures stay as they are. `store` is called once,
  // while nothing is recorded; it takes the unit out of what is stored, in one durable step, and
  // must not call this object: OK means that it has, an error that it has not. True when facts
  // named the unit.
  //
  // Errors: those of `store`; those of Record for a store that cannot write.
  virtual absl::StatusOr<bool> EraseUnit(
      const UnitKey& unit, const std::function<absl::Status(const UnitErasure&)>& store) = 0;

  // In which followed experiments an outcome of the unit, of that event (FactName) at that time,
  // would be inside a window. Never waits for I/O; none while a starting server reads what was
  // recorded.
  virtual std::vector<ExposedIn> FindCounting(UnitView unit, std::string_view event,
                                              Time time) const = 0;

  // Keeps the figures of the plan's experiment up to date with every fact from now on, in place of
  // those of an earlier plan of that experiment, so that measuring it costs a pass over its units.
  // Nothing else about Measure() changes.
  virtual void Follow(const MeasurePlan& plan) = 0;
  // Forgets the figures; Measure() makes them from what is stored.
  virtual void Unfollow(const std::string& experiment) = 0;

  // Returns once what was recorded before is known again. Until then Record() and Measure() wait.
  // Errors: those of reading it; nothing can be recorded then.
  virtual absl::Status WaitUntilReady() = 0;

  // For a server that is to end: gives up reading what was recorded before, if that is not done.
  // What waits for it fails with kUnavailable.
  virtual void StopLoading() = 0;

  // Summarises every fact acknowledged before the call as of `as_of`. The result depends on the
  // facts alone, never on the order of their arrival; but for rejections, as they say.
  //
  // Errors: those of reading what was stored, where the plan is not followed.
  virtual absl::StatusOr<Measured> Measure(const MeasurePlan& plan, Time as_of) = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PORTS_MEASUREMENT_H_
