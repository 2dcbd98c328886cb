// SPDX-License-Identifier: Apache-2.0
//
// Which epochs of two variants may be added up, and which must be compared among themselves before
// they are combined: where the split between the two changed, adding up would mix the levels of
// different times into the effect (Simpson's paradox). Epochs with one ratio of the two weights are
// one stratum: in them a time counts alike in both arms. Of quantiles, which cannot be added, each
// epoch is one. A variant without weight is compared in the epochs in which it had some.
//
// Pure functions; safe from any thread.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_EPOCH_STRATA_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_EPOCH_STRATA_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"

namespace insightloop {

// What an estimate is a mean of.
enum class Basis { kUnits, kAnswers, kAsked };

// That of what is stated of a metric: units, of surveys those that answered.
Basis BasisOf(MetricKind kind);

// Two variants in one metric.
struct EpochStrata {
  std::vector<stats::Arms<MetricFigures>> strata;  // those that are read
  stats::Arms<MetricFigures> together;  // their sums, for counting when there are several
  // Which epochs are left out, and why; empty when none is. A stratum is left out below
  // stats::kLeastUnitsInStratum of the basis in an arm, unless it is the only one with any.
  std::string left_out;
};

// `variants` are indices into SealedPlan::variants.
EpochStrata MakeEpochStrata(const Study& study, const CellFigures& cell, std::size_t metric,
                            const stats::Arms<std::size_t>& variants, Basis basis);

// Combines estimates of the strata by stats::CombineStrata(), with its errors.
absl::StatusOr<stats::Arms<stats::ArmEstimate>> CombineArms(
    const std::vector<stats::Arms<stats::ArmEstimate>>& strata);

// The comparison of two estimates, with the errors of stats::Difference() and stats::Compare().
absl::StatusOr<stats::Comparison> CompareArms(const stats::Arms<stats::ArmEstimate>& arms,
                                              double level);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_EPOCH_STRATA_H_
