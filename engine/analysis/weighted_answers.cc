// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/weighted_answers.h"

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/epoch_strata.h"
#include "engine/ports/measurement.h"
#include "stats/arm_estimate.h"
#include "stats/confidence_sequence.h"
#include "stats/joint_moments.h"
#include "stats/quantity.h"

namespace insightloop {
namespace {

// Variables of MetricSums::weighted.
constexpr std::size_t kScore = 0, kWeight = 1;

absl::StatusOr<stats::JointMoments> MomentsOf(Statistic statistic, const MetricFigures& arm) {
  // A segment may have no unit in one variant.
  if (!arm.sums.weighted.has_value()) return absl::FailedPreconditionError("no units");
  const double points = statistic == Statistic::kNetPromoterScore ? 100 : 1;
  return arm.sums.weighted->ToMoments(
      std::vector<double>{points * kAttributeResolution, kAttributeResolution});
}

absl::StatusOr<stats::ArmEstimate> Estimate(Statistic statistic, const MetricFigures& arm) {
  const auto moments = MomentsOf(statistic, arm);
  if (!moments.ok()) return moments.status();
  return stats::EstimateQuantity(*moments, {.variable = kScore, .over = kWeight});
}

// (sum of weights)^2 / sum of their squares; see stats/weighted_mean.h.
std::optional<double> EffectiveUnits(Statistic statistic, const MetricFigures& arm) {
  const auto moments = MomentsOf(statistic, arm);
  if (!moments.ok() || moments->covariances.empty()) return std::nullopt;
  const auto units = static_cast<double>(moments->count);
  const double mean = moments->means[kWeight];
  const double squares = (units - 1) * moments->Covariance(kWeight, kWeight) + units * mean * mean;
  return units * mean * (units * mean) / squares;
}

}  // namespace

WeightedFigures WeighAnswers(const Study& study, const CellFigures& cell, const ContrastOf& of) {
  const stats::Arms<std::size_t> variants = {.control = of.control, .treatment = of.treatment};
  const EpochStrata strata = MakeEpochStrata(study, cell, of.metric, variants, Basis::kAnswers);
  WeightedFigures figures = {.attribute = study.metrics[of.metric].metric->weight};
  std::vector<stats::Arms<stats::ArmEstimate>> estimates;
  for (const auto& [control, treatment] : strata.strata) {
    const auto of_control = Estimate(of.statistic, control);
    const auto of_treatment = Estimate(of.statistic, treatment);
    if (!of_control.ok() || !of_treatment.ok()) return figures;
    estimates.push_back({.control = *of_control, .treatment = *of_treatment});
  }
  const auto arms = estimates.size() == 1 ? estimates.front() : CombineArms(estimates);
  if (!arms.ok()) return figures;
  figures.effective_units_control = EffectiveUnits(of.statistic, strata.together.control);
  figures.effective_units_treatment = EffectiveUnits(of.statistic, strata.together.treatment);
  figures.control_value = arms->control.value;
  figures.treatment_value = arms->treatment.value;
  figures.absolute_effect = arms->treatment.value - arms->control.value;
  auto comparison = CompareArms(*arms, 1 - study.alpha);
  if (comparison.ok() && study.is_always_valid()) {
    comparison = stats::CompareAnytime(
        {.effect = comparison->effect, .standard_error = comparison->standard_error},
        MakeAnytimePlan(study, cell, variants, study.alpha));
  }
  if (!comparison.ok()) return figures;
  figures.standard_error = comparison->standard_error;
  figures.interval = ToInterval(study, comparison->interval);
  return figures;
}

}  // namespace insightloop
