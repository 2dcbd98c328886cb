// SPDX-License-Identifier: Apache-2.0
//
// What intervals that may be read at any time are tuned to. They are tightest at the planned size,
// 27 % wider at a tenth of it, 3 % at four times as many units; what they promise needs a size that
// no reading changes.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_ANYTIME_PLAN_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_ANYTIME_PLAN_H_

#include <cstddef>
#include <cstdint>

#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/sealed_plan.h"
#include "stats/comparison.h"
#include "stats/confidence_sequence.h"

namespace insightloop {

// The planned size of two variants, indices into SealedPlan::variants: their shares of the plan's,
// or 10,000 units where it says none.
std::int64_t PlannedUnits(const SealedPlan& plan, const stats::Arms<std::size_t>& variants);

// Of two variants at a corrected alpha. Units are the matured ones of both in the whole experiment,
// so that a segment counts as far along as everything is. Planned are PlannedUnits(), or those of
// the file where an external experiment without a planned size is finished and read once.
stats::AnytimePlan MakeAnytimePlan(const Study& study, const CellFigures& cell,
                                   const stats::Arms<std::size_t>& variants, double alpha);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_ANYTIME_PLAN_H_
