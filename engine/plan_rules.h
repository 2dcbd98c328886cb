// SPDX-License-Identifier: Apache-2.0
//
// What a plan must be to keep what it promises, such as its error rates, given the definitions that
// it uses. Pure functions; safe from any thread.

#ifndef INSIGHTLOOP_ENGINE_PLAN_RULES_H_
#define INSIGHTLOOP_ENGINE_PLAN_RULES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/domain/error.h"
#include "engine/domain/sealed_plan.h"

namespace insightloop {

// Adds NEEDS_CAP for each primary, co-primary or guardrail metric of money without a cap where the
// control and a treatment are more unequal than 1.5 to 1: with so few large values in the smaller
// one, the error rate of 5 % was 11 to 15 % in simulations, and 2 to 4 % with a cap.
void CheckMoney(const SealedPlan& plan, const std::vector<Variant>& variants,
                Violations& violations);

// Adds RELATIVE_ON_NPS for an effect size or margin of that scale: NPS has no relative effect, its
// zero means nothing.
void CheckScale(const Metric& metric, const std::string& field,
                const std::optional<EffectSize>& size, Violations& violations);

// What a plan says of its primary metrics: their scales, and that each is named once (DUPLICATE).
void CheckPrimaries(const SealedPlan& plan, Violations& violations);

// Adds NO_GUARDRAIL for a plan that asks to be paused on harm to a guardrail and has none.
void CheckAutoPause(const SealedPlan& plan, Violations& violations);

// kFailedPrecondition (NO_WINDOW) for a metric without a window in an experiment that is not
// external: nobody knows when a running experiment's units are ready to be read.
absl::Status CheckWindows(const SealedPlan& plan);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PLAN_RULES_H_
