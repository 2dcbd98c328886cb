// SPDX-License-Identifier: Apache-2.0
//
// Plans an experiment for the smallest effect that its hypothesis says matters or, where
// non-inferiority is the goal, for no effect and the margin: units, days, what
// each choice of the plan costs, and what can be found in the days there are. It plans for the test
// that decides (reading.h): shares as shares, everything else as means on the absolute effect, each
// treatment at its part of alpha, at sizes from which a decision is made at all.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_PLANNER_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_PLANNER_H_

#include <functional>

#include "absl/status/statusor.h"
#include "engine/domain/experiment.h"
#include "engine/domain/limits.h"
#include "engine/domain/planning.h"
#include "engine/domain/sealed_plan.h"
#include "engine/domain/verdict.h"

namespace insightloop {

// Of `plan` it reads variants, analysis plan with its defaults, hypothesis and metrics. `so_far`
// gives the verdict of this moment; it is called only for an experiment that was started, where the
// input lacks what is known of the primary metric.
//
// Errors: kInvalidArgument    a field of the input is missing or out of its range.
//         kFailedPrecondition NO_SMALLEST_EFFECT; NO_FIGURES, the experiment has none to make up
//                             for what is missing; CANNOT_PLAN, a QUANTILE, or a size beyond
//                             measure.
//         those of `so_far`.
absl::StatusOr<Planning> MakePlanning(const SealedPlan& plan, const Experiment& experiment,
                                      const PlanningInput& input, const Limits& limits,
                                      const std::function<absl::StatusOr<Verdict>()>& so_far);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_PLANNER_H_
