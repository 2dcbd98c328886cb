// SPDX-License-Identifier: Apache-2.0
//
// Reads figures by the plan into what the decision takes: whether there is enough data, and the
// class of every treatment with its reasons and what would change it.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_READING_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_READING_H_

#include <vector>

#include "engine/analysis/decision.h"
#include "engine/analysis/figures.h"
#include "engine/analysis/progress.h"
#include "engine/analysis/study.h"

namespace insightloop {

// By index of Study::primaries, then of Study::treatments: whether a survey was answered at another
// rate than in the control, so that its answers may not show the arm to be better.
using DifferingResponse = std::vector<std::vector<bool>>;

// What the decision takes of `figures`. Whether there is enough data is judged by `base`, so that
// two readings of the same moment differ in their effects alone. Failures of health are left to
// the caller.
Situation ReadSituation(const Study& study, const Progress& progress, const CellFigures& figures,
                        const CellFigures& base, const DifferingResponse& response);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_READING_H_
