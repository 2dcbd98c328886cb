// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/study.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/analysis/analyst.h"
#include "engine/ports/measurement.h"

namespace insightloop {
namespace {

absl::Status Lacks(const std::string& definition, const Metric& metric) {
  return absl::InternalError(
      absl::StrCat("the sealed plan lacks ", definition, " of ", metric.meta.name));
}

// Size of one step of an event's values.
absl::StatusOr<double> StepOf(const Event& event) {
  const std::optional<std::int64_t> steps = StepsPerUnit(event.resolution);
  if (steps.has_value()) return 1.0 / static_cast<double>(*steps);
  return absl::InternalError(absl::StrCat("the sealed plan gives ", event.meta.name,
                                          " the resolution ", event.resolution,
                                          ", which is no power of ten"));
}

// Adds what is summed beside a unit's number, in the order of MetricSums::joint.
absl::Status AddJointResolutions(const SealedPlan& plan, StudyMetric& result) {
  const Metric& metric = *result.metric;
  if (metric.kind == MetricKind::kRatio) {
    if (!metric.denominator.has_value()) return Lacks("the denominator", metric);
    const Event* event = FindByName(plan.events, metric.denominator->event);
    if (event == nullptr) return Lacks(metric.denominator->event, metric);
    const absl::StatusOr<double> step = metric.denominator->sum_values ? StepOf(*event) : 1.0;
    if (!step.ok()) return step.status();
    result.joint_resolutions = {result.resolution, *step};
  } else if (metric.covariate.has_value()) {
    const double of_covariate =
        metric.covariate->attribute.empty() ? result.resolution : kAttributeResolution;
    result.joint_resolutions = {result.resolution, of_covariate, 1};  // 1: whether it is missing
  }
  return absl::OkStatus();
}

absl::StatusOr<StudyMetric> MakeStudyMetric(const SealedPlan& plan, const PlannedMetric& planned) {
  const Metric& metric = *planned.metric;
  const Event* event = FindByName(plan.events, metric.event);
  if (event == nullptr) return Lacks(metric.event, metric);
  StudyMetric result = {.metric = &metric, .role = planned.role};
  if (ReadsValue(metric, *event)) {
    const absl::StatusOr<double> step = StepOf(*event);
    if (!step.ok()) return step.status();
    result.resolution = *step;
  }
  if (absl::Status status = AddJointResolutions(plan, result); !status.ok()) return status;
  return result;
}

absl::Status FindArms(Study& study) {
  std::size_t controls = 0;
  const std::vector<Variant>& variants = study.plan->variants;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    if (!variants[v].control) {
      study.treatments.push_back(v);
      continue;
    }
    study.control = v;
    ++controls;
  }
  if (controls == 1 && !study.treatments.empty()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the sealed plan has ", controls, " controls and ",
                                          study.treatments.size(), " treatments"));
}

absl::Status SetEpochs(Study& study, const std::vector<Epoch>& epochs) {
  const std::vector<Variant>& variants = study.plan->variants;
  study.epochs = epochs;
  if (epochs.empty()) {
    Epoch& sealed = study.epochs.emplace_back();
    for (const Variant& variant : variants) sealed.weights.push_back(variant.weight);
  }
  for (const Epoch& epoch : study.epochs) {
    if (epoch.weights.size() == variants.size()) continue;
    return absl::InternalError(absl::StrCat("epoch ", epoch.epoch, " has ", epoch.weights.size(),
                                            " weights for ", variants.size(), " variants"));
  }
  return absl::OkStatus();
}

absl::Status FindPrimaries(Study& study) {
  const auto add = [&study](const std::string& name, double alpha,
                            const std::optional<EffectSize>& smallest) -> absl::Status {
    const auto metric = FindMetric(study, name);
    if (!metric.has_value()) {
      return absl::InternalError(absl::StrCat("the sealed plan lacks its primary metric ", name));
    }
    study.primaries.push_back({.metric = *metric, .alpha = alpha, .smallest_effect = smallest});
    return absl::OkStatus();
  };
  const AnalysisPlan& plan = study.plan->plan;
  double left = 1;  // of alpha
  for (const CoPrimary& co_primary : plan.co_primaries) left -= co_primary.alpha_share;
  const Hypothesis& hypothesis = study.plan->hypothesis;
  absl::Status status =
      add(hypothesis.primary_metric, left * study.alpha, hypothesis.smallest_effect);
  for (const CoPrimary& co_primary : plan.co_primaries) {
    if (!status.ok()) return status;
    const double share = study.must_all_win() ? 1 : co_primary.alpha_share;
    status = add(co_primary.metric, share * study.alpha, co_primary.smallest_effect);
  }
  return status;
}

}  // namespace

bool Study::had_weight(std::size_t variant) const {
  return std::any_of(epochs.begin(), epochs.end(),
                     [=](const Epoch& epoch) { return epoch.weights[variant] > 0; });
}

absl::StatusOr<Study> MakeStudy(const SealedPlan& plan, const Experiment& experiment) {
  Study study = {.plan = &plan,
                 .alpha = plan.plan.alpha == 0 ? kDefaultAlpha : plan.plan.alpha,
                 .stopped = IsStopped(experiment)};
  if (absl::Status status = FindArms(study); !status.ok()) return status;
  if (absl::Status status = SetEpochs(study, experiment.epochs); !status.ok()) return status;
  for (const PlannedMetric& planned : PlannedMetrics(plan)) {
    absl::StatusOr<StudyMetric> metric = MakeStudyMetric(plan, planned);
    if (!metric.ok()) return metric.status();
    study.metrics.push_back(*metric);
  }
  if (absl::Status status = FindPrimaries(study); !status.ok()) return status;
  return study;
}

std::optional<std::size_t> FindMetric(const Study& study, std::string_view name) {
  const auto found =
      std::find_if(study.metrics.begin(), study.metrics.end(),
                   [name](const StudyMetric& m) { return m.metric->meta.name == name; });
  if (found == study.metrics.end()) return std::nullopt;
  return static_cast<std::size_t>(found - study.metrics.begin());
}

const StudyPrimary* FindPrimary(const Study& study, std::size_t metric) {
  const auto found =
      std::find_if(study.primaries.begin(), study.primaries.end(),
                   [=](const StudyPrimary& primary) { return primary.metric == metric; });
  return found == study.primaries.end() ? nullptr : &*found;
}

bool ReadsValue(const Metric& metric, const Event& event) {
  return !IsShare(metric.kind) && event.value_kind != ValueKind::kNone;
}

std::vector<Statistic> StatisticsOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kKindUnspecified:
      break;
    case MetricKind::kProportion:
    case MetricKind::kRetention:
      return {Statistic::kShare};
    case MetricKind::kCount:
    case MetricKind::kMean:
      return {Statistic::kMean};
    case MetricKind::kNps:
      return {Statistic::kNetPromoterScore};
    case MetricKind::kCsat:
      return {Statistic::kTopTwoShare, Statistic::kMeanScore};
    case MetricKind::kRatio:
      return {Statistic::kRatio};
    case MetricKind::kQuantile:
      return {Statistic::kQuantile};
  }
  return {};
}

Direction GoodDirection(const SealedPlan& plan, const Metric& metric) {
  const Hypothesis& hypothesis = plan.hypothesis;
  const bool is_primary = metric.meta.name == hypothesis.primary_metric;
  if (is_primary && hypothesis.predicted_direction != Direction::kDirectionUnspecified) {
    return hypothesis.predicted_direction;
  }
  return metric.desired_direction;
}

Direction GoodDirection(const Study& study, std::size_t metric) {
  return GoodDirection(*study.plan, *study.metrics[metric].metric);
}

}  // namespace insightloop
