// SPDX-License-Identifier: Apache-2.0
//
// Reads figures by the plan into what the decision takes: how far the experiment is, whether there
// is enough data, and the class of every treatment with its reasons.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_READING_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_READING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/analysis/decision.h"
#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/experiment.h"
#include "engine/domain/time.h"
#include "engine/ports/measurement.h"

namespace insightloop {

constexpr Duration kLeastDuration = Days(7);  // weekdays differ

// Of each arm compared, before anything is decided.
constexpr std::int64_t kLeastUnits = 100;
constexpr std::int64_t kLeastSuccesses = 25;  // and failures

// How far the experiment is.
struct Progress {
  Method method{};
  bool stopped = false;
  // Until it stopped, or until now; of an external experiment, which says no other times, from the
  // first exposure to the last.
  Duration ran_for;
  bool exposed_at_once = false;  // all within a minute, as by a mailing: its days mean nothing
  std::int64_t matured_units = 0, in_flight_units = 0;
  std::int64_t planned_units = 0;  // 0: read at the end

  bool ended() const { return stopped && in_flight_units == 0; }
  bool is_horizon_reached() const {
    if (method == Method::kAlwaysValid) return true;
    return planned_units > 0 ? matured_units >= planned_units : ended();
  }
  // Once stopped, waiting does not make it longer.
  bool is_reading_allowed() const {
    return is_horizon_reached() && (stopped || ran_for >= kLeastDuration);
  }
};

Progress MakeProgress(const Study& study, const Experiment& experiment, const Measured& measured,
                      const Figures& figures, Time data_through);

// Why a comparison has too little data to be decided on, in a sentence; absent when it has enough.
// Intervals hold only approximately, and not early: decisions need 100 matured units in each of the
// two variants and 25 successes and 25 failures, 50 units that are not 0, or 50 answers.
std::optional<std::string> MissingData(const Study& study, const CellFigures& cell,
                                       std::size_t metric, std::size_t treatment);

// What the decision takes of `figures`. Whether there is enough data is judged by `base`, so that
// two readings of the same moment differ in their effects alone. `response_differs` is by index of
// Study::treatments. Failures of health are left to the caller.
Situation ReadSituation(const Study& study, const Progress& progress, const CellFigures& figures,
                        const CellFigures& base, const std::vector<bool>& response_differs);

// How far a decision is away, should everything go on as so far; absent where it is not known.
struct ToGo {
  std::optional<std::int64_t> units;  // matured ones of all variants
  std::optional<double> days;
};

// Of an experiment that is to keep running for the reasons of this situation.
ToGo FindToGo(const Situation& situation, const Progress& progress);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_READING_H_
