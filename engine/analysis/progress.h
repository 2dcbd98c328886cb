// SPDX-License-Identifier: Apache-2.0
//
// How far an experiment is, and the reasons to wait that follow from it.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_PROGRESS_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_PROGRESS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/experiment.h"
#include "engine/domain/time.h"
#include "engine/domain/verdict.h"
#include "engine/ports/measurement.h"

namespace insightloop {

struct Progress {
  Method method{};
  bool stopped = false;
  // Until it stopped, or until now; of an external experiment, which says no other times, from the
  // first exposure to the last.
  Duration ran_for;
  Duration least_duration = kDefaultMinimumDuration;  // the plan's
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
    return is_horizon_reached() && (stopped || ran_for >= least_duration);
  }
};

Progress MakeProgress(const Study& study, const Experiment& experiment, const Measured& measured,
                      const Figures& figures, Time data_through);

// `at least 7 full days are needed, as weekdays differ`.
std::string LeastDurationText(const Progress& progress);

// As members of Situation (decision.h).
std::vector<Reason> ReasonsBeforeReading(const Progress& progress);
std::vector<Reason> ReasonsToWait(const Progress& progress);
std::vector<Reason> ReasonsPastPlan(const Progress& progress);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_PROGRESS_H_
