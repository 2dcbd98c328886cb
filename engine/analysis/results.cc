// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/results.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/analysis/contrast.h"
#include "engine/analysis/epoch_strata.h"
#include "engine/analysis/holm.h"
#include "engine/analysis/response_bounds.h"
#include "engine/analysis/weighted_answers.h"
#include "stats/posterior.h"

namespace insightloop {
namespace {

void AddAbsent(Result& result, const std::string& field, const std::string& reason) {
  result.absent.push_back({.field = field, .reason = reason});
}

void SetValues(Result& result, const Contrast& contrast) {
  result.units_treatment = contrast.units.treatment;
  result.units_control = contrast.units.control;
  if (contrast.asked.has_value()) {
    result.asked_treatment = contrast.asked->treatment;
    result.asked_control = contrast.asked->control;
    result.dismissed_treatment = contrast.dismissed->treatment;
    result.dismissed_control = contrast.dismissed->control;
  }
  result.treatment_value = contrast.values.treatment;
  result.control_value = contrast.values.control;
  result.absolute_effect = contrast.effect;
  if (!result.treatment_value) AddAbsent(result, "treatmentValue", contrast.no_treatment_value);
  if (!result.control_value) AddAbsent(result, "controlValue", contrast.no_control_value);
  if (!result.absolute_effect) AddAbsent(result, "absoluteEffect", contrast.no_effect);
}

// Of the effect turned so that up is good.
void SetPosterior(Result& result, const Study& study, const stats::Comparison& comparison) {
  const std::size_t metric = *FindMetric(study, result.metric);
  const double sign = GoodDirection(study, metric) == Direction::kDecrease ? -1 : 1;
  const auto posterior = stats::EstimatePosterior(
      {.effect = sign * comparison.effect, .standard_error = comparison.standard_error},
      std::nullopt);
  if (!posterior.ok()) return;
  result.chance_to_win = posterior->chance_to_win;
  result.expected_loss = posterior->loss_of_treatment;
}

void SetComparison(Result& result, const Study& study, const Contrast& contrast) {
  if (contrast.comparison.has_value()) {
    result.standard_error = contrast.comparison->standard_error;
    result.absolute_interval = ToInterval(study, contrast.comparison->interval);
    result.p_value = contrast.comparison->p_value;
    result.log_p_value = contrast.comparison->log_p_value;
    SetPosterior(result, study, *contrast.comparison);
    return;
  }
  for (const char* field : {"standardError", "absoluteInterval", "pValue", "logPValue",
                            "adjustedPValue", "chanceToWin", "expectedLoss"}) {
    AddAbsent(result, field, contrast.no_comparison);
  }
}

void SetLift(Result& result, const Study& study, const Contrast& contrast) {
  if (contrast.lift.has_value()) {
    result.relative_lift = contrast.lift->lift;
    result.relative_interval = ToInterval(study, contrast.lift->interval);
    return;
  }
  AddAbsent(result, "relativeLift", contrast.no_lift);
  AddAbsent(result, "relativeInterval", contrast.no_lift);
}

// What was done to the numbers before they were compared.
void SetAdjustments(Result& result, const Study& study, const Figures& figures,
                    const Contrast& contrast, std::size_t metric) {
  const StudyMetric& of = study.metrics[metric];
  if (contrast.variance_removed.has_value()) {
    result.adjusted_for = of.metric->covariate;
    result.variance_removed = contrast.variance_removed;
  } else if (of.metric->covariate.has_value()) {
    AddAbsent(result, "varianceRemoved", contrast.no_adjustment);
  }
  if (const auto& steps = figures.caps[metric]; steps.has_value()) {
    result.cap = static_cast<double>(*steps) * of.resolution;
  } else if (of.metric->cap.has_value()) {
    AddAbsent(result, "cap", "All numbers are 0, so there is no percentile of others.");
  }
}

// A primary metric's interval at the level that decides, and its p-value.
void SetDeciding(Result& result, const Study& study, const CellFigures& cell,
                 const ContrastOf& of) {
  const double alpha = study.alpha_of(*FindPrimary(study, of.metric));
  const Contrast contrast = MakeContrast(study, cell, of, 1 - alpha);
  result.adjustment = alpha < study.alpha ? Adjustment::kBonferroni : Adjustment::kNone;
  if (contrast.comparison.has_value()) {
    result.adjusted_interval = ToInterval(study, contrast.comparison->interval);
    // Of the same sequence as that interval: below alpha exactly where it excludes 0.
    result.adjusted_p_value = std::fmin(1.0, contrast.comparison->p_value * (study.alpha / alpha));
  } else {
    AddAbsent(result, "adjustedInterval", contrast.no_comparison);
  }
}

Answers AnswersOf(const Study& study, const MetricSums& sums, std::size_t metric) {
  const std::int64_t answered = sums.values.count();
  Answers answers;
  if (sums.asked > 0) {
    answers.response_rate = static_cast<double>(answered) / static_cast<double>(sums.asked);
  }
  if (study.kind(metric) == MetricKind::kNps) {
    answers.promoters = sums.promoters;
    answers.passives = answered - sums.promoters - sums.detractors;
    answers.detractors = sums.detractors;
  }
  for (const AnswerUnits& answer : sums.answers) {
    answers.counts.push_back(
        {.answer = static_cast<double>(answer.answer) * study.metrics[metric].resolution,
         .units = answer.units});
  }
  return answers;
}

void SetSurvey(Result& result, const Study& study, const CellFigures& cell, const ContrastOf& of) {
  if (of.statistic == StatisticsOf(study.kind(of.metric)).front()) {
    // Of the epochs that the other figures are of.
    const auto& [control, treatment] =
        MakeEpochStrata(study, cell, of.metric, {.control = of.control, .treatment = of.treatment},
                        Basis::kAnswers)
            .together;
    result.answers_control = AnswersOf(study, control.sums, of.metric);
    result.answers_treatment = AnswersOf(study, treatment.sums, of.metric);
    if (!study.metrics[of.metric].metric->weight.empty()) {
      result.weighted = WeighAnswers(study, cell, of);
    }
  }
  if (!cell.segment.empty()) return;
  // At the level that decides.
  const StudyPrimary* const primary = FindPrimary(study, of.metric);
  const double alpha = primary == nullptr ? study.alpha : study.alpha_of(*primary);
  BoundsByResponse bounds = BoundByResponse(study, cell, of, 1 - alpha);
  if (!bounds.lee.has_value()) AddAbsent(result, "leeBounds", bounds.no_lee);
  if (!bounds.manski.has_value()) AddAbsent(result, "manskiBounds", bounds.no_manski);
  result.lee_bounds = std::move(bounds.lee);
  result.manski_bounds = std::move(bounds.manski);
}

// Of what adds up over units.
void SetImpact(Result& result, const Study& study, const Figures& figures, const ContrastOf& of) {
  const bool adds_up = of.statistic == Statistic::kShare || of.statistic == Statistic::kMean;
  if (!adds_up || !result.absolute_effect.has_value()) return;
  const auto& matured = figures.all.matured_units;
  Impact impact = {.units = std::accumulate(matured.begin(), matured.end(), std::int64_t{0})};
  const auto units = static_cast<double>(*impact.units);
  impact.estimate = *result.absolute_effect * units;
  if (result.absolute_interval.has_value()) {
    impact.lower = *result.absolute_interval->lower * units;
    impact.upper = *result.absolute_interval->upper * units;
  }
  const Metric& metric = *study.metrics[of.metric].metric;
  const Event* event = FindByName(study.plan->events, metric.event);
  if (event != nullptr && ReadsValue(metric, *event)) impact.currency = event->currency;
  result.impact = impact;
}

Result MakeResult(const Study& study, const Figures& figures, const CellFigures& cell,
                  const ContrastOf& of) {
  Result result = {.metric = study.metric_name(of.metric),
                   .role = study.metrics[of.metric].role,
                   .statistic = of.statistic,
                   .variant = study.variant_id(of.treatment),
                   .control = study.variant_id(of.control),
                   .segment = cell.segment};
  const Contrast contrast = MakeContrast(study, cell, of, 1 - study.alpha);
  SetValues(result, contrast);
  SetComparison(result, study, contrast);
  SetLift(result, study, contrast);
  SetAdjustments(result, study, figures, contrast, of.metric);
  if (!contrast.left_out.empty()) AddAbsent(result, "epoch", contrast.left_out);
  if (IsSurvey(study.kind(of.metric))) SetSurvey(result, study, cell, of);
  if (!cell.segment.empty()) return result;
  if (result.role == Role::kPrimary) SetDeciding(result, study, cell, of);
  SetImpact(result, study, figures, of);
  return result;
}

std::vector<Result> ResultsOf(const Study& study, const Figures& figures, const CellFigures& cell) {
  std::vector<Result> results;
  for (std::size_t m = 0; m < study.metrics.size(); ++m) {
    for (const std::size_t treatment : study.treatments) {
      for (const Statistic statistic : StatisticsOf(study.kind(m))) {
        results.push_back(MakeResult(study, figures, cell,
                                     {.metric = m,
                                      .statistic = statistic,
                                      .control = study.control,
                                      .treatment = treatment}));
      }
    }
  }
  return results;
}

// A correction is called NONE where there is nothing else in the family.
Adjustment Named(Adjustment adjustment, std::size_t comparisons) {
  return comparisons > 1 ? adjustment : Adjustment::kNone;
}

// Bonferroni over so many comparisons, whether or not all could be made.
void AdjustByBonferroni(Result& result, std::size_t comparisons) {
  result.adjustment = Named(Adjustment::kBonferroni, comparisons);
  if (!result.p_value.has_value()) return;
  result.adjusted_p_value = std::fmin(1.0, *result.p_value * static_cast<double>(comparisons));
}

absl::Status AdjustAllUnits(std::vector<Result>& results) {
  std::vector<Result*> secondary;
  for (Result& result : results) {
    switch (result.role) {
      case Role::kPrimary:
        break;  // done where its deciding interval was made
      case Role::kSecondary:
        secondary.push_back(&result);
        break;
      case Role::kGuardrail:
      case Role::kMechanism:
      case Role::kDelivery:
      case Role::kRoleUnspecified:
        AdjustByBonferroni(result, 1);
        break;
    }
  }
  for (Result* const result : secondary) {
    result->adjustment = Named(Adjustment::kHolm, secondary.size());
  }
  return AdjustByHolm(secondary);
}

void AddDropped(std::vector<Result>& results, const std::vector<std::string>& attributes) {
  for (Result& result : results) {
    if (result.role != Role::kPrimary) continue;
    for (const std::string& attribute : attributes) {
      AddAbsent(result, "segment",
                absl::StrCat("Results by ", attribute,
                             " are left out: it has more values than a verdict may show."));
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<Result>> MakeResults(
    const Study& study, const Figures& figures,
    const std::vector<std::string>& dropped_attributes) {
  std::vector<Result> results = ResultsOf(study, figures, figures.all);
  if (absl::Status status = AdjustAllUnits(results); !status.ok()) return status;
  AddDropped(results, dropped_attributes);

  std::map<std::string, std::size_t> cells_of_attribute;
  for (const CellFigures& cell : figures.cells) ++cells_of_attribute[AttributeOf(cell.segment)];
  for (const CellFigures& cell : figures.cells) {
    const std::size_t comparisons =
        cells_of_attribute[AttributeOf(cell.segment)] * study.treatments.size();
    for (Result& result : ResultsOf(study, figures, cell)) {
      AdjustByBonferroni(result, comparisons);
      results.push_back(std::move(result));
    }
  }
  return results;
}

}  // namespace insightloop
