// SPDX-License-Identifier: Apache-2.0
//
// Whether surveys were answered as often in every treatment as in the control. A warning below
// p = 0.05; below 0.001 a failure where the survey is a primary metric and Lee's bounds settle
// nothing.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_RESPONSE_RATE_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_RESPONSE_RATE_H_

#include <cstddef>
#include <vector>

#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/verdict.h"

namespace insightloop {

// Whether a survey was answered at the control's rate in every treatment: answers of those asked,
// matured units only, compared within epochs of one split. It fails where that is a primary metric
// and the bounds of what different people may have answered include no effect.
struct ResponseRates {
  HealthCheck check;
  // By index of Study::treatments, of a primary metric: it was not, and the bounds do not show that
  // the treatment is better.
  std::vector<bool> differs;
};
ResponseRates CheckResponseRate(const Study& study, const Figures& figures, std::size_t metric);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_RESPONSE_RATE_H_
