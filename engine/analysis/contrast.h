// SPDX-License-Identifier: Apache-2.0
//
// Two arms on one statistic at one level: what can be stated, and why the rest cannot. The only
// place of the analysis that compares metrics; results show it, the decision reads it.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_CONTRAST_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_CONTRAST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "engine/domain/verdict.h"
#include "stats/comparison.h"
#include "stats/relative_lift.h"

namespace insightloop {

// Every reason is a sentence, and is set exactly when what it explains is absent. Of several strata
// (epoch_strata.h) values and effect are those of the combined ones.
struct Contrast {
  stats::Arms<std::int64_t> units;  // behind the values; of surveys, those that answered
  // Of surveys: units asked, and those of them that turned it down and never answered.
  std::optional<stats::Arms<std::int64_t>> asked, dismissed;
  stats::Arms<std::optional<double>> values;
  std::string no_treatment_value, no_control_value;
  std::optional<double> effect;  // treatment - control
  std::string no_effect;
  std::optional<stats::Comparison> comparison;
  std::string no_comparison;
  std::optional<stats::RelativeLift> lift;
  std::string no_lift;
  std::optional<double> variance_removed;  // by the metric's covariate, of all figures above
  std::string no_adjustment;               // of a metric with a covariate
  std::string left_out;                    // which epochs are, and why; empty when none is
};

// Two variants of a study on one of its metrics.
struct ContrastOf {
  std::size_t metric = 0;  // into Study::metrics
  Statistic statistic{};
  std::size_t control = 0, treatment = 0;  // into SealedPlan::variants
};

// Compares two arms of a cell. At a level test and intervals are those of the plan's method; with a
// reach the intervals have that, and the test is read once.
Contrast MakeContrast(const Study& study, const CellFigures& cell, const ContrastOf& of,
                      double level);
Contrast MakeContrast(const Study& study, const CellFigures& cell, const ContrastOf& of,
                      const stats::Reach& reach);

// An interval made by the plan's method.
EffectInterval ToInterval(const Study& study, const stats::Interval& interval);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_CONTRAST_H_
