// SPDX-License-Identifier: Apache-2.0
//
// Experiments whose truth is known, run day by day, measured and judged by the engine itself: what
// simulated units do goes into its roster and tally, and every evening a verdict can be read.

#ifndef INSIGHTLOOP_TESTS_CALIBRATION_SIMULATED_EXPERIMENT_H_
#define INSIGHTLOOP_TESTS_CALIBRATION_SIMULATED_EXPERIMENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/domain/experiment.h"
#include "engine/domain/facts.h"
#include "engine/domain/limits.h"
#include "engine/domain/sealed_plan.h"
#include "engine/domain/time.h"
#include "engine/domain/verdict.h"
#include "engine/ports/measurement.h"
#include "tests/calibration/worlds.h"

namespace insightloop::calibration {

// A unit at its first exposure.
struct Arrival {
  std::int32_t epoch = 0;   // from 1
  std::size_t variant = 0;  // control, treatment
};

// What a unit does then: an outcome of the event of the plan's metric, or of what is below a ratio.
struct Act {
  Duration after;  // its exposure
  OutcomeKind kind = OutcomeKind::kOccurred;
  std::int64_t value = 0;
  bool is_denominator = false;
};

// Days on which the split stays the same: an epoch.
struct Stage {
  int days = 0;
  std::vector<std::int32_t> weights;  // control, treatment
};

double TreatedShare(const Stage& stage);

struct Scenario {
  SealedPlan plan;  // one metric, two variants; their weights are those of the first stage
  std::vector<Stage> stages;
  std::function<void(const Arrival&, Random&, std::vector<Act>&)> act;  // adds what the unit does
  Limits limits = {};
};

// All that a verdict is made of.
struct Reading {
  SealedPlan plan;
  Experiment experiment;
  Measured measured;
  Time data_through;
};

Verdict Judge(const Reading& reading);

// Runs the scenario once: 500 units arrive every day, at whose end it is read.
void RunDaily(const Scenario& scenario, Random& random,
              const std::function<void(const Reading&)>& read);

}  // namespace insightloop::calibration

#endif  // INSIGHTLOOP_TESTS_CALIBRATION_SIMULATED_EXPERIMENT_H_
