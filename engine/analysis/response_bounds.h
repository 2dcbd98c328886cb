// SPDX-License-Identifier: Apache-2.0
//
// What an effect on survey answers may be, given who did not answer: Lee's bounds of the effect
// among those who would answer in either arm, and Manski's of that among all who were asked.
//
// Pure functions; safe from any thread.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_RESPONSE_BOUNDS_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_RESPONSE_BOUNDS_H_

#include <optional>
#include <string>

#include "engine/analysis/contrast.h"
#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/verdict.h"

namespace insightloop {

struct BoundsByResponse {
  std::optional<ResponseBounds> lee, manski;
  std::string no_lee, no_manski;  // a sentence, set exactly when the bounds are absent
};

// Of a survey's statistic; intervals are those of the plan's method at `level`.
BoundsByResponse BoundByResponse(const Study& study, const CellFigures& cell, const ContrastOf& of,
                                 double level);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_RESPONSE_BOUNDS_H_
