// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/response_bounds.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/epoch_strata.h"
#include "stats/answer_counts.h"
#include "stats/confidence_sequence.h"
#include "stats/effect_bounds.h"
#include "stats/lee_bounds.h"
#include "stats/manski_bounds.h"

namespace insightloop {
namespace {

using Counts = std::vector<stats::AnswerCount>;

// Answers by what they count in the statistic.
Counts CountsOf(Statistic statistic, const MetricSums& sums, double resolution) {
  const std::int64_t answered = sums.values.count();
  switch (statistic) {
    case Statistic::kNetPromoterScore:
      return {{-100, sums.detractors},
              {0, answered - sums.promoters - sums.detractors},
              {100, sums.promoters}};
    case Statistic::kTopTwoShare:
      return {{0, answered - sums.top_two}, {1, sums.top_two}};
    default:
      break;
  }
  Counts counts;
  for (const AnswerUnits& answer : sums.answers) {
    counts.push_back({static_cast<double>(answer.answer) * resolution, answer.units});
  }
  return counts;
}

stats::AnswerRange RangeOf(const Study& study, const ContrastOf& of) {
  if (of.statistic == Statistic::kNetPromoterScore) return {.lowest = -100, .highest = 100};
  if (of.statistic == Statistic::kTopTwoShare) return {.lowest = 0, .highest = 1};
  // A score has both ends.
  const Event* event = FindByName(study.plan->events, study.metrics[of.metric].metric->event);
  return {.lowest = event->minimum.value_or(0), .highest = event->maximum.value_or(0)};
}

// A reach that holds at any reading is more than enough for one.
absl::StatusOr<stats::Interval> IntervalOf(const Study& study, const CellFigures& cell,
                                           const ContrastOf& of, const stats::EffectBounds& bounds,
                                           double level) {
  if (!study.is_always_valid()) return stats::ImbensManskiInterval(bounds, level);
  const auto reach = stats::AnytimeMultiplier(
      MakeAnytimePlan(study, cell, {.control = of.control, .treatment = of.treatment}, 1 - level));
  if (!reach.ok()) return reach.status();
  return stats::Interval{.lower = bounds.lower.effect - *reach * bounds.lower.standard_error,
                         .upper = bounds.upper.effect + *reach * bounds.upper.standard_error,
                         .level = level};
}

ResponseBounds ToBounds(const Study& study, const stats::EffectBounds& effect,
                        const absl::StatusOr<stats::Interval>& interval) {
  ResponseBounds bounds = {.lower = effect.lower.effect, .upper = effect.upper.effect};
  if (interval.ok()) bounds.interval = ToInterval(study, *interval);
  return bounds;
}

std::string SplitDiffers() {
  return "The variants' split changed between epochs, and answers of different times cannot be "
         "trimmed together.";
}

}  // namespace

BoundsByResponse BoundByResponse(const Study& study, const CellFigures& cell, const ContrastOf& of,
                                 double level) {
  const EpochStrata strata = MakeEpochStrata(
      study, cell, of.metric, {.control = of.control, .treatment = of.treatment}, Basis::kAsked);
  if (strata.strata.size() > 1) return {.no_lee = SplitDiffers(), .no_manski = SplitDiffers()};
  const MetricSums& control = strata.together.control.sums;
  const MetricSums& treatment = strata.together.treatment.sums;
  const double resolution = study.metrics[of.metric].resolution;
  const Counts of_control = CountsOf(of.statistic, control, resolution);
  const Counts of_treatment = CountsOf(of.statistic, treatment, resolution);
  const bool counted = of.statistic != Statistic::kMeanScore ||
                       (!control.answers.empty() && !treatment.answers.empty());
  if (!counted || HasOverflowed(control) || HasOverflowed(treatment)) {
    const std::string why = "The answers of one variant are none, or too many different ones.";
    return {.no_lee = why, .no_manski = why};
  }
  const stats::Arms<stats::SurveyArm> arms = {
      .control = {.answers = of_control, .asked = control.asked},
      .treatment = {.answers = of_treatment, .asked = treatment.asked}};
  BoundsByResponse bounds;
  const auto lee = stats::EstimateLeeBounds(arms);
  if (lee.ok()) {
    bounds.lee = ToBounds(study, lee->effect, IntervalOf(study, cell, of, lee->effect, level));
    bounds.lee->trimmed_share = lee->trimmed_share;
    if (lee->trimmed_arm != stats::TrimmedArm::kNeither) {
      bounds.lee->trimmed_variant = study.variant_id(
          lee->trimmed_arm == stats::TrimmedArm::kControl ? of.control : of.treatment);
    }
  } else {
    bounds.no_lee = "Bounds need at least two answers in each of the two variants.";
  }
  const auto manski = stats::EstimateManskiBounds(arms, RangeOf(study, of));
  if (manski.ok()) {
    bounds.manski =
        ToBounds(study, manski->effect, IntervalOf(study, cell, of, manski->effect, level));
  } else {
    bounds.no_manski =
        "Bounds need two units asked in each of the two variants, and answers on the scale.";
  }
  return bounds;
}

}  // namespace insightloop
