// SPDX-License-Identifier: Apache-2.0
//
// Tests of interaction: whether a treatment's effect on the primary metric is the same for all
// values of a segment attribute.
//
// Method: each value's effect d_j against that of all other values together,
//           d_others = sum of n_i d_i / sum of n_i,  se^2 = sum of n_i^2 se_i^2 / (sum of n_i)^2
//         (stats/strata.h), a difference of two independent effects, by the test of the plan's
//         method. The smallest of the p-values counts as often as there are values (Bonferroni; two
//         values are one comparison). Over the tests of all attributes and treatments: Holm.
// Why not one chi-square over all values: there is none that may be read at any time.
//
// Pure function; safe from any thread.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_INTERACTIONS_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_INTERACTIONS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/verdict.h"

namespace insightloop {

// One for each attribute with segment cells and each treatment. Values with less data than a
// decision needs (MissingData()) are left out. Error: kInternal.
absl::StatusOr<std::vector<Interaction>> FindInteractions(const Study& study,
                                                          const Figures& figures);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_INTERACTIONS_H_
