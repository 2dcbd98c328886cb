// SPDX-License-Identifier: Apache-2.0
//
// Measured strata arranged for reading: per segment cell one set of exact figures for each variant.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_FIGURES_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_FIGURES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/analysis/study.h"
#include "engine/ports/measurement.h"

namespace insightloop {

struct ArmFigures {
  std::int64_t units = 0;           // matured
  std::vector<MetricSums> metrics;  // by index of Study::metrics
};

struct CellFigures {
  std::string segment;           // `{attribute id}={value}`; empty for all units
  std::vector<ArmFigures> arms;  // by index of SealedPlan::variants
};

struct Figures {
  CellFigures all;
  std::vector<CellFigures> cells;  // by the plan's order of attributes, then by value
};

// What becomes of units that were seen in two variants.
enum class CrossedUnits { kLeftOut, kInFirstVariant };

// An arm without any stratum has no units. Error: kInternal when the figures do not fit the plan,
// or come from more than one epoch.
absl::StatusOr<Figures> ArrangeFigures(const Study& study, const Measured& measured,
                                       CrossedUnits crossed);

// Attribute id of a segment cell: `country` of `country=DE`.
std::string AttributeOf(const std::string& segment);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_FIGURES_H_
