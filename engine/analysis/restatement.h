// SPDX-License-Identifier: Apache-2.0
//
// What a verdict says that an earlier one of the same experiment did not: facts that came late
// restate it, and whoever acted on it should know.
//
// Pure function; safe from any thread.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_RESTATEMENT_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_RESTATEMENT_H_

#include <string>
#include <vector>

#include "engine/domain/verdict.h"

namespace insightloop {

// A sentence for each: the decision, the status of health checks, how many units, then the effects
// of all units that are not the same to the last digit shown. Empty when nothing changed.
std::vector<std::string> ChangesBetween(const Verdict& before, const Verdict& after);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_RESTATEMENT_H_
