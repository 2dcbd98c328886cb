// SPDX-License-Identifier: Apache-2.0
//
// What people said against what they did: one metric of the plan in the units that gave the same
// kind of answer to a survey.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_SAID_AND_DID_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_SAID_AND_DID_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/metric.h"
#include "engine/domain/verdict.h"

namespace insightloop {

// Whether a metric's numbers can be set against answers.
bool IsBehaviour(MetricKind kind);

// For each survey of the study and each treatment a line for each kind of answer; empty where the
// plan has no survey, or no metric that IsBehaviour(). Pure function; safe from any thread.
std::vector<SaidAndDid> CompareSaidAndDid(const Study& study, const Figures& figures);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_SAID_AND_DID_H_
