// SPDX-License-Identifier: Apache-2.0
//
// Makes a verdict of exact figures: health first, then results, then the decision. Pure: what it is
// given is all it knows.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_ANALYST_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_ANALYST_H_

#include "absl/status/statusor.h"
#include "engine/domain/experiment.h"
#include "engine/domain/limits.h"
#include "engine/domain/sealed_plan.h"
#include "engine/domain/verdict.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// Metrics of a plan in the order in which results show them: primary, mechanism, guardrails,
// secondary; each once, in its first role.
struct PlannedMetric {
  const Metric* metric = nullptr;  // into the plan
  Role role{};
};
std::vector<PlannedMetric> PlannedMetrics(const SealedPlan& plan);

// What `Measurement` must summarise for this plan. `measured.strata[].metrics` will be in the order
// of PlannedMetrics. `experiment` gives the times of the run.
MeasurePlan MakeMeasurePlan(const SealedPlan& plan, const Experiment& experiment,
                            const Limits& limits);

// The verdict; its name and create_time are left to the caller. Too little data is a verdict.
// Error: kInternal when the figures do not fit the plan.
absl::StatusOr<Verdict> MakeVerdict(const SealedPlan& plan, const Experiment& experiment,
                                    const Measured& measured, Time data_through);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_ANALYST_H_
