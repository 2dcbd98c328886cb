// SPDX-License-Identifier: Apache-2.0
//
// Records facts about units and summarises them. What crosses this port are facts, fates and exact
// sums; how facts are stored, deduplicated and folded does not.

#ifndef INSIGHTLOOP_ENGINE_PORTS_MEASUREMENT_H_
#define INSIGHTLOOP_ENGINE_PORTS_MEASUREMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/facts.h"
#include "engine/domain/metric.h"
#include "engine/domain/time.h"
#include "engine/ports/exposed_units.h"
#include "stats/exact_sums.h"

namespace insightloop {

// A metric as a plan sealed it, with what it needs of its event.
struct MeasuredMetric {
  std::string event;  // FactName of the metric's event
  MetricKind kind{};
  bool event_has_value = false;  // PROPORTION, COUNT: read the value instead of counting rows
  std::optional<Window> window;  // absent: until `stop_time`
  std::int64_t steps_per_unit = 1;
  std::int64_t top_two_from = 0;  // CSAT: least value, in steps, of the top two boxes
};

// What to measure: one experiment under its sealed plan.
struct MeasurePlan {
  std::string experiment;
  std::vector<std::string> variants;
  std::vector<MeasuredMetric> metrics;
  std::vector<std::string> segment_attributes;  // ids
  std::optional<Time> stop_time;                // once stopped
  Duration lateness_allowance;  // a unit is matured this long after its longest window closed
  std::size_t max_segment_values = 0;
};

// Exact figures of one metric over some units. In steps of the event's resolution, except for
// PROPORTION and event counts, whose step is 1.
struct MetricSums {
  stats::ExactSums values;   // each unit's number; for surveys, each answering unit's last answer
  std::int64_t nonzero = 0;  // units whose number is not 0
  std::int64_t asked = 0;    // surveys: units asked, whether or not they answered
  std::int64_t promoters = 0, detractors = 0;  // NPS
  std::int64_t top_two = 0;                    // CSAT
};

// Matured units of one epoch, variant and segment cell.
struct Stratum {
  std::int32_t epoch = 0;
  std::size_t variant = 0;  // index into MeasurePlan::variants; a crossed unit's is its first
  bool crossed = false;     // units seen in two variants of one epoch: left out, kept apart here
  std::string segment;      // `{attribute id}={value}`; empty: all units
  std::int64_t units = 0;
  std::vector<MetricSums> metrics;  // by index of MeasurePlan::metrics
};

// Exposed units whose first exposure was in that epoch.
struct EpochUnits {
  std::int32_t epoch = 0;
  std::vector<std::int64_t> units;  // as Measured::exposed_units
};

struct Measured {
  std::vector<Stratum> strata;
  std::vector<std::int64_t> exposed_units;   // by variant, matured or not, crossed ones left out
  std::vector<EpochUnits> exposed_by_epoch;  // the same units; epochs that have some, ascending
  std::int64_t crossed_units = 0;
  std::int64_t in_flight_units = 0;   // not matured, not crossed
  std::int64_t outcomes = 0;          // rows inside a window of an exposed unit
  std::int64_t late_outcomes = 0;     // of those, past the acceptance window and left out
  std::optional<Time> last_maturity;  // when the last unit matures
  std::optional<Time> first_exposure, last_exposure;  // of units, crossed ones left out
  std::vector<std::string> dropped_segments;          // attributes with too many values, left out
};

// Facts to record; both kinds in one durable step.
struct FactRows {
  std::vector<Exposure> exposures;
  std::vector<Outcome> outcomes;
};

struct FactFates {
  std::vector<RowFate> exposures;
  std::vector<RowFate> outcomes;
};

// Implementations are safe for concurrent calls. No method throws.
class Measurement : public ExposedUnits {
 public:
  // Records facts durably and gives each row's fate, in order: ACCEPTED or LATE when new, DUPLICATE
  // when stored before (an outcome with the same unit, event and outcome_id, time and answer; an
  // exposure that is not the unit's first or earliest of that variant in its epoch), REJECTED with
  // reason ID_REUSED for a known outcome_id with other content. Rows of one call see the rows
  // before them.
  //
  // Errors: kResourceExhausted  the queue or the disk is full; nothing is stored, retry later.
  //         kUnavailable        the store cannot write; what became of the rows is unknown, retry.
  virtual absl::StatusOr<FactFates> Record(FactRows rows) = 0;

  // Summarises every fact acknowledged before the call as of `as_of`. The result depends on the
  // facts alone, never on the order of their arrival.
  virtual absl::StatusOr<Measured> Measure(const MeasurePlan& plan, Time as_of) = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PORTS_MEASUREMENT_H_
