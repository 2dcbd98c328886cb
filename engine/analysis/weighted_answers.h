// SPDX-License-Identifier: Apache-2.0
//
// Survey figures with every answer weighted by a number among the attributes of its unit. They are
// shown beside the others and decide nothing.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_WEIGHTED_ANSWERS_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_WEIGHTED_ANSWERS_H_

#include "engine/analysis/contrast.h"
#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/verdict.h"

namespace insightloop {

// Of NET_PROMOTER_SCORE and TOP_TWO_SHARE of a metric with a weight. Numbers that cannot be stated,
// as below two weighted answers in a variant, are absent. Pure function; safe from any thread.
WeightedFigures WeighAnswers(const Study& study, const CellFigures& cell, const ContrastOf& of);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_WEIGHTED_ANSWERS_H_
