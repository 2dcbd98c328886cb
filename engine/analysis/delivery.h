// SPDX-License-Identifier: Apache-2.0
//
// Whether the action arrived: without that its effect says nothing about the insight.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_DELIVERY_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_DELIVERY_H_

#include <optional>

#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/verdict.h"

namespace insightloop {

// Whether each treatment reached at least half of the planned share of its units, and whether the
// mechanism's level in it is at its floor: both by an upper bound of the level that holds at any
// reading, from enough_data.h's fewest units on. Absent where the hypothesis plans neither.
// Pure function; safe from any thread.
std::optional<HealthCheck> CheckDelivery(const Study& study, const Figures& figures);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_DELIVERY_H_
