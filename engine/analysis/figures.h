// SPDX-License-Identifier: Apache-2.0
//
// Measured strata arranged for reading: per segment cell and epoch one set of exact figures for
// each variant. Which epochs may be added up is said in epoch_strata.h.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_FIGURES_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_FIGURES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
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

using ArmsOfEpoch = std::vector<ArmFigures>;  // by index of SealedPlan::variants

struct CellFigures {
  std::string segment;  // `{attribute id}={value}`; empty for all units
  // By index of Study::epochs; empty for one without matured units.
  std::vector<ArmsOfEpoch> epochs;
  // Of the whole experiment, by index of SealedPlan::variants.
  std::vector<std::int64_t> matured_units;
};

struct Figures {
  CellFigures all;
  std::vector<CellFigures> cells;  // by the plan's order of attributes, then by value
  std::vector<std::optional<std::int64_t>> caps;  // applied, in steps; by index of Study::metrics
};

// What becomes of units that were seen in two variants.
enum class CrossedUnits { kLeftOut, kInFirstVariant };

// One metric of an arm.
struct MetricFigures {
  std::int64_t units = 0;  // matured
  MetricSums sums;
};

// An arm without any stratum has no units. Error: kInternal when the figures do not fit the plan,
// or come from an epoch that the study does not have. Quantiles are those without crossed units.
absl::StatusOr<Figures> ArrangeFigures(const Study& study, const Measured& measured,
                                       CrossedUnits crossed);

MetricFigures OfMetric(const ArmFigures& arm, std::size_t metric);

// Quantiles of two parts cannot be added: their sum has none.
void AddTo(MetricFigures& sum, const MetricFigures& more);

// The figures of a mean or count without the unit of a variant whose number is the largest, where
// the metric has looked for it (MeasuredMetric::find_largest) and has no joint sums; else the same.
// The unit still counts in all other figures.
CellFigures WithoutLargest(const CellFigures& cell, std::size_t metric, std::size_t variant);

// Whether a sum that results are read from exceeded what exact arithmetic holds.
bool HasOverflowed(const MetricSums& sums);

// A variant's figures of a metric in all epochs: for counting; their mean would mix splits.
MetricFigures AllEpochs(const CellFigures& cell, std::size_t metric, std::size_t variant);

// Attribute id of a segment cell: `country` of `country=DE`.
std::string AttributeOf(const std::string& segment);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_FIGURES_H_
