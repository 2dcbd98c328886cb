// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/analyst.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/analysis/decision.h"
#include "engine/analysis/delivery.h"
#include "engine/analysis/figures.h"
#include "engine/analysis/health.h"
#include "engine/analysis/interactions.h"
#include "engine/analysis/outlook.h"
#include "engine/analysis/plain_language.h"
#include "engine/analysis/reading.h"
#include "engine/analysis/response_rate.h"
#include "engine/analysis/results.h"
#include "engine/analysis/said_and_did.h"
#include "engine/analysis/study.h"

namespace insightloop {
namespace {

void AddPlanned(const SealedPlan& plan, const std::string& name, Role role,
                std::vector<PlannedMetric>& planned) {
  const Metric* metric = FindByName(plan.metrics, name);
  if (metric == nullptr) return;
  const bool is_known = std::any_of(planned.begin(), planned.end(),
                                    [=](const PlannedMetric& p) { return p.metric == metric; });
  if (!is_known) planned.push_back({.metric = metric, .role = role});
}

MeasuredCap ToMeasured(const Cap& cap, const MeasuredMetric& metric) {
  if (!cap.value.has_value()) return {.share = cap.percentile.value_or(0)};
  const std::int64_t steps_per_unit = metric.event_has_value ? metric.steps_per_unit : 1;
  return {.steps = std::llround(*cap.value * static_cast<double>(steps_per_unit))};
}

MeasuredMetric ToMeasured(const SealedPlan& plan, const Metric& metric) {
  MeasuredMetric measured = {.event = metric.event, .kind = metric.kind, .window = metric.window};
  const Event* event = FindByName(plan.events, metric.event);
  if (event == nullptr) return measured;
  measured.event = FactName(*event);
  measured.event_has_value = event->value_kind != ValueKind::kNone;
  measured.steps_per_unit = StepsPerUnit(event->resolution).value_or(1);
  measured.quantile = metric.quantile;
  if (metric.denominator.has_value()) {
    const Event* denominator = FindByName(plan.events, metric.denominator->event);
    if (denominator != nullptr) measured.denominator_event = FactName(*denominator);
    measured.denominator_sums = metric.denominator->sum_values;
  }
  if (metric.cap.has_value()) measured.cap = ToMeasured(*metric.cap, measured);
  if (metric.covariate.has_value()) {
    measured.covariate = {.history = metric.covariate->history.value_or(Duration{}),
                          .attribute = std::string(IdOf(metric.covariate->attribute))};
  }
  measured.weight = IdOf(metric.weight);
  if (metric.kind == MetricKind::kCsat && event->maximum.has_value()) {
    const double boxes_below = *event->maximum - 1;
    measured.top_two_from =
        std::llround(boxes_below * static_cast<double>(measured.steps_per_unit));
  }
  return measured;
}

// Whether the first and second week of a unit's outcomes can be compared.
bool HasWeeks(const Metric& metric) {
  return !IsSurvey(metric.kind) && metric.kind != MetricKind::kQuantile &&
         metric.window.has_value();
}

// Whether one unit can have much of the sum.
bool FindsLargest(MetricKind kind) {
  return kind == MetricKind::kMean || kind == MetricKind::kCount;
}

// Files of finished experiments are complete: without windows there is nothing to wait for.
bool IsWaitingForLateFacts(const SealedPlan& plan, const MeasurePlan& measure) {
  return !plan.external ||
         std::any_of(measure.metrics.begin(), measure.metrics.end(),
                     [](const MeasuredMetric& metric) { return metric.window.has_value(); });
}

// -------------------------------------------------------------------------------------------------
// Verdict

struct Surveys {
  std::vector<HealthCheck> checks;  // one for each survey metric
  DifferingResponse differ;
};

Surveys CheckSurveys(const Study& study, const Figures& figures) {
  const std::vector<bool> all_alike(study.treatments.size());
  Surveys surveys = {.differ = DifferingResponse(study.primaries.size(), all_alike)};
  for (std::size_t m = 0; m < study.metrics.size(); ++m) {
    if (!IsSurvey(study.kind(m))) continue;
    ResponseRates rates = CheckResponseRate(study, figures, m);
    surveys.checks.push_back(std::move(rates.check));
    for (std::size_t p = 0; p < study.primaries.size(); ++p) {
      if (study.primaries[p].metric == m) surveys.differ[p] = rates.differs;
    }
  }
  return surveys;
}

bool HasCovariate(const Study& study) {
  return std::any_of(study.metrics.begin(), study.metrics.end(),
                     [](const StudyMetric& m) { return m.metric->covariate.has_value(); });
}

bool IsSameDecision(const Ruling& a, const Ruling& b) {
  return a.decision == b.decision && a.ship_variant == b.ship_variant;
}

std::vector<Reason> FailuresOf(const std::vector<HealthCheck>& health) {
  std::vector<Reason> failures;
  for (const HealthCheck& check : health) {
    if (check.status != CheckStatus::kFail) continue;
    failures.push_back({.code = std::string(EnumName(check.check)), .detail = check.detail});
  }
  return failures;
}

}  // namespace

std::vector<PlannedMetric> PlannedMetrics(const SealedPlan& plan) {
  std::vector<PlannedMetric> planned;
  AddPlanned(plan, plan.hypothesis.primary_metric, Role::kPrimary, planned);
  for (const CoPrimary& co_primary : plan.plan.co_primaries) {
    AddPlanned(plan, co_primary.metric, Role::kPrimary, planned);
  }
  AddPlanned(plan, plan.hypothesis.mechanism_metric, Role::kMechanism, planned);
  AddPlanned(plan, plan.hypothesis.delivery_metric, Role::kDelivery, planned);
  for (const Guardrail& guardrail : plan.hypothesis.guardrails) {
    AddPlanned(plan, guardrail.metric, Role::kGuardrail, planned);
  }
  for (const std::string& name : plan.plan.secondary_metrics) {
    AddPlanned(plan, name, Role::kSecondary, planned);
  }
  return planned;
}

MeasurePlan MakeMeasurePlan(const SealedPlan& plan, const Experiment& experiment,
                            const Limits& limits) {
  MeasurePlan measure = {.experiment = plan.experiment,
                         .max_segment_values = limits.max_segment_values};
  for (const Variant& variant : plan.variants) measure.variants.push_back(variant.variant_id);
  for (const PlannedMetric& planned : PlannedMetrics(plan)) {
    if (!measure.behaviour.has_value() && IsBehaviour(planned.metric->kind)) {
      measure.behaviour = measure.metrics.size();
    }
    MeasuredMetric& metric = measure.metrics.emplace_back(ToMeasured(plan, *planned.metric));
    if (planned.role != Role::kPrimary) continue;
    metric.by_week = HasWeeks(*planned.metric);
    metric.find_largest = FindsLargest(metric.kind);
  }
  for (const std::string& attribute : plan.plan.segment_attributes) {
    measure.segment_attributes.emplace_back(IdOf(attribute));
  }
  if (IsStopped(experiment)) measure.stop_time = experiment.stop_time;
  if (IsWaitingForLateFacts(plan, measure)) measure.lateness_allowance = limits.lateness_allowance;
  return measure;
}

absl::StatusOr<Verdict> MakeVerdict(const SealedPlan& plan, const Experiment& experiment,
                                    const Measured& measured, Time data_through) {
  const auto study = MakeStudy(plan, experiment);
  if (!study.ok()) return study.status();
  const auto figures = ArrangeFigures(*study, measured, CrossedUnits::kLeftOut);
  if (!figures.ok()) return figures.status();
  const auto with_crossed = ArrangeFigures(*study, measured, CrossedUnits::kInFirstVariant);
  if (!with_crossed.ok()) return with_crossed.status();
  auto results = MakeResults(*study, *figures, measured.dropped_segments);
  if (!results.ok()) return results.status();
  auto interactions = FindInteractions(*study, *figures);
  if (!interactions.ok()) return interactions.status();

  const Progress progress = MakeProgress(*study, experiment, measured, *figures, data_through);
  const Surveys surveys = CheckSurveys(*study, *figures);
  const auto read = [&](const CellFigures& cell) {
    return ReadSituation(*study, progress, cell, figures->all, surveys.differ);
  };
  Situation situation = read(figures->all);
  // Whether the decision on these figures is another one.
  const auto differs = [&, decided = Decide(situation)](const CellFigures& cell) {
    return !IsSameDecision(decided, Decide(read(cell)));
  };

  std::vector<HealthCheck> health = {
      CheckSampleRatio(*study, measured, *figures),
      CheckCrossedUnits(measured, *figures, *with_crossed, differs(with_crossed->all)),
      CheckLateFacts(*study, measured), CheckRejectedFacts(*study, measured)};
  // These have no hash.
  if (!plan.external) health.push_back(CheckExposureMismatch(measured));
  // Files of external experiments come whenever they do.
  if (experiment.state == ExperimentState::kRunning && !plan.external) {
    health.push_back(CheckFreshness(experiment, measured, data_through));
  }
  if (!figures->cells.empty()) health.push_back(CheckSegmentRatio(*study, *figures));
  for (const StudyPrimary& primary : study->primaries) {
    if (!FindsLargest(study->kind(primary.metric))) continue;
    std::vector<bool> decides;
    for (std::size_t v = 0; v < plan.variants.size(); ++v) {
      decides.push_back(differs(WithoutLargest(figures->all, primary.metric, v)));
    }
    health.push_back(CheckLargestUnit(*study, *figures, primary.metric, decides));
  }
  if (HasCovariate(*study)) health.push_back(CheckCovariateBalance(*study, *figures));
  health.insert(health.end(), surveys.checks.begin(), surveys.checks.end());
  if (auto lining = CheckStraightLining(*study, measured)) health.push_back(*std::move(lining));
  health.push_back(CheckMinDuration(progress));
  health.push_back(CheckExactSums(*study, *with_crossed));
  health.push_back(CheckPlanDeparture(*study, experiment));
  if (auto delivery = CheckDelivery(*study, *figures)) health.push_back(*std::move(delivery));

  situation.failures = FailuresOf(health);
  Ruling ruling = Decide(situation);
  ToGo to_go;
  if (ruling.decision == Decision::kKeepRunning) to_go = FindToGo(situation, progress);
  Verdict verdict{.experiment = plan.experiment,
                  .data_through = data_through,
                  .plan_digest = experiment.plan_digest,
                  .decision = ruling.decision,
                  .ship_variant = std::move(ruling.ship_variant),
                  .reasons = std::move(ruling.reasons),
                  .health = std::move(health),
                  .results = *std::move(results),
                  .matured_units = progress.matured_units,
                  .in_flight_units = progress.in_flight_units,
                  .row = ruling.row,
                  .flip = FindFlip(situation),
                  .units_to_go = to_go.units,
                  .days_to_go = to_go.days,
                  .interactions = *std::move(interactions),
                  .said_and_did = CompareSaidAndDid(*study, *figures)};
  verdict.summary = InPlainLanguage(verdict, progress.stopped);
  return verdict;
}

}  // namespace insightloop
