// SPDX-License-Identifier: Apache-2.0
//
// Closes the loop: what a final verdict taught, as a new insight that names where it came from.

#ifndef INSIGHTLOOP_ENGINE_LOOP_FEEDBACK_H_
#define INSIGHTLOOP_ENGINE_LOOP_FEEDBACK_H_

#include "engine/domain/insight.h"
#include "engine/domain/sealed_plan.h"
#include "engine/domain/verdict.h"

namespace insightloop {

// The insight of a final verdict: its finding in words and figures, one piece of evidence per
// treatment on the primary metric, the hypothesis' insights as parents, the verdict as its origin.
// The name is left to the caller. Pure.
Insight MakeInsight(const SealedPlan& plan, const Verdict& verdict);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_LOOP_FEEDBACK_H_
