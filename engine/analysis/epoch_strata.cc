// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/epoch_strata.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "engine/analysis/wording.h"
#include "stats/strata.h"

namespace insightloop {
namespace {

struct SplitStratum {
  stats::Arms<std::int64_t> weights;
  std::vector<std::int32_t> epochs;  // numbers of those that have units of the basis
  stats::Arms<MetricFigures> arms;
};

std::int64_t CountOf(const MetricFigures& figures, Basis basis) {
  switch (basis) {
    case Basis::kUnits:
      break;
    case Basis::kAnswers:
      return figures.sums.values.count();
    case Basis::kAsked:
      return figures.sums.asked;
  }
  return figures.units;
}

bool HasAny(const stats::Arms<MetricFigures>& arms, Basis basis) {
  return CountOf(arms.control, basis) > 0 || CountOf(arms.treatment, basis) > 0;
}

bool HasEnough(const stats::Arms<MetricFigures>& arms, Basis basis) {
  return CountOf(arms.control, basis) >= stats::kLeastUnitsInStratum &&
         CountOf(arms.treatment, basis) >= stats::kLeastUnitsInStratum;
}

void AddTo(stats::Arms<MetricFigures>& sum, const stats::Arms<MetricFigures>& more) {
  AddTo(sum.control, more.control);
  AddTo(sum.treatment, more.treatment);
}

bool HaveOneRatio(const stats::Arms<std::int64_t>& a, const stats::Arms<std::int64_t>& b) {
  // Without weight in both variants there is no ratio; such epochs have that in common.
  const auto has_ratio = [](const stats::Arms<std::int64_t>& w) {
    return w.control > 0 || w.treatment > 0;
  };
  return has_ratio(a) == has_ratio(b) && a.control * b.treatment == b.control * a.treatment;
}

std::vector<SplitStratum> StrataOfOneSplit(const Study& study, const CellFigures& cell,
                                           std::size_t metric,
                                           const stats::Arms<std::size_t>& variants, Basis basis) {
  const bool can_merge = study.kind(metric) != MetricKind::kQuantile;
  std::vector<SplitStratum> strata;
  for (std::size_t e = 0; e < study.epochs.size(); ++e) {
    if (cell.epochs[e].empty()) continue;
    const stats::Arms<MetricFigures> arms = {
        .control = OfMetric(cell.epochs[e][variants.control], metric),
        .treatment = OfMetric(cell.epochs[e][variants.treatment], metric)};
    const std::vector<std::int32_t>& weights = study.epochs[e].weights;
    const stats::Arms<std::int64_t> split = {.control = weights[variants.control],
                                             .treatment = weights[variants.treatment]};
    auto stratum = std::find_if(strata.begin(), strata.end(), [&](const SplitStratum& s) {
      return can_merge && HaveOneRatio(s.weights, split);
    });
    if (stratum == strata.end()) stratum = strata.insert(strata.end(), {.weights = split});
    AddTo(stratum->arms, arms);
    if (HasAny(arms, basis)) stratum->epochs.push_back(study.epochs[e].epoch);
  }
  return strata;
}

const char* NounOf(Basis basis) {
  switch (basis) {
    case Basis::kUnits:
      break;
    case Basis::kAnswers:
      return " answers";
    case Basis::kAsked:
      return " units asked";
  }
  return " units";
}

}  // namespace

Basis BasisOf(MetricKind kind) { return IsSurvey(kind) ? Basis::kAnswers : Basis::kUnits; }

EpochStrata MakeEpochStrata(const Study& study, const CellFigures& cell, std::size_t metric,
                            const stats::Arms<std::size_t>& variants, Basis basis) {
  const std::vector<SplitStratum> strata = StrataOfOneSplit(study, cell, metric, variants, basis);
  const auto with_any = std::count_if(strata.begin(), strata.end(),
                                      [=](const SplitStratum& s) { return HasAny(s.arms, basis); });
  EpochStrata result;
  if (with_any <= 1) {
    for (const SplitStratum& stratum : strata) AddTo(result.together, stratum.arms);
    result.strata = {result.together};
    return result;
  }
  std::vector<std::int32_t> left_out;
  for (const SplitStratum& stratum : strata) {
    if (HasEnough(stratum.arms, basis)) {
      result.strata.push_back(stratum.arms);
      AddTo(result.together, stratum.arms);
    } else {
      left_out.insert(left_out.end(), stratum.epochs.begin(), stratum.epochs.end());
    }
  }
  if (left_out.empty()) return result;
  std::sort(left_out.begin(), left_out.end());
  result.left_out = absl::StrCat(
      "Left out, with ", study.kind(metric) == MetricKind::kQuantile ? "" : "another split and ",
      "fewer than ", stats::kLeastUnitsInStratum, NounOf(basis), " in ",
      study.variant_id(variants.control), " or ", study.variant_id(variants.treatment), ": ",
      EpochsText(left_out), ".");
  return result;
}

absl::StatusOr<stats::Arms<stats::ArmEstimate>> CombineArms(
    const std::vector<stats::Arms<stats::ArmEstimate>>& strata) {
  std::vector<std::vector<stats::ArmEstimate>> estimates;
  estimates.reserve(strata.size());
  for (const auto& [control, treatment] : strata) estimates.push_back({control, treatment});
  const absl::StatusOr<stats::StratifiedArms> combined = stats::CombineStrata(estimates);
  if (!combined.ok()) return combined.status();
  return stats::Arms<stats::ArmEstimate>{.control = combined->arms[0],
                                         .treatment = combined->arms[1]};
}

absl::StatusOr<stats::Comparison> CompareArms(const stats::Arms<stats::ArmEstimate>& arms,
                                              double level) {
  const absl::StatusOr<stats::EffectEstimate> effect = stats::Difference(arms);
  if (!effect.ok()) return effect.status();
  return stats::Compare(*effect, level);
}

}  // namespace insightloop
