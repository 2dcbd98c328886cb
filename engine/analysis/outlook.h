// SPDX-License-Identifier: Apache-2.0
//
// What would change a decision: how far estimates are from where an arm comes to another class, and
// how many units settle it, should the estimates stay.
//
// Pure functions; safe from any thread.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_OUTLOOK_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_OUTLOOK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/analysis/decision.h"
#include "engine/analysis/movable_bounds.h"
#include "engine/analysis/progress.h"
#include "engine/domain/hypothesis.h"

namespace insightloop {

// How the interval was made that an arm is classified by.
struct DecidingEstimate {
  std::string metric;
  double standard_error = 0;
  // Standard errors from the estimate to either end; 0 where there is no interval.
  double reach = 0;
  Direction good{};
  Scale scale{}, scale_of_smallest{};  // of `effect` and `on_its_scale` of the evidence
};

// Another state of a guardrail, and by how many standard errors its estimate is away from it.
struct GuardrailChange {
  GuardrailState state{};
  double standard_errors = 0;  // up is good
};

struct GuardrailOutlook {
  std::vector<GuardrailChange> changes;
  std::optional<double> to_hold;  // units over those there are; of an open one
};

// Of a guardrail in that state, which holds where `passes` lies above `least`, and is harmed where
// `harms` lies below.
GuardrailOutlook LookAhead(GuardrailState state, const MovableBounds& passes,
                           const MovableBounds& harms, double least);

// Adds changes, to_win and to_settle of an arm that has its class. `estimates` are as
// evidence.primaries, `metrics` and `guardrails` as evidence.guardrails.
void AddOutlook(const std::vector<DecidingEstimate>& estimates, const ArmEvidence& evidence,
                const std::vector<std::string>& metrics,
                const std::vector<GuardrailOutlook>& guardrails, ArmState& arm);

// Among several winners the best one may fall behind another before it stops winning: adds these
// changes.
void AddChangesOfBest(const std::string& metric, std::vector<ArmState>& arms);

// How far a decision is away, should everything go on as so far; absent where it is not known.
struct ToGo {
  std::optional<std::int64_t> units;  // matured ones of all variants
  std::optional<double> days;
};

// Of an experiment that is to keep running for the reasons of this situation.
ToGo FindToGo(const Situation& situation, const Progress& progress);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_OUTLOOK_H_
