// SPDX-License-Identifier: Apache-2.0
//
// The figures of a verdict: every planned metric, treatment and segment cell against the control,
// with p-values corrected for what was planned to be read together.
//
// Families: primary, Bonferroni over the treatments; secondary, Holm over all secondary
// comparisons; a segment attribute, Bonferroni over its cells and the treatments, for each metric;
// guardrails and mechanism are not corrected. A comparison that cannot be made still counts for its
// family.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_RESULTS_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_RESULTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/verdict.h"

namespace insightloop {

// All units first, then the segment cells; each by metric, treatment and statistic.
// `dropped_attributes` are named as absent beside the primary metric. Error: kInternal.
absl::StatusOr<std::vector<Result>> MakeResults(const Study& study, const Figures& figures,
                                                const std::vector<std::string>& dropped_attributes);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_RESULTS_H_
