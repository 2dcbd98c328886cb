// SPDX-License-Identifier: Apache-2.0
//
// A sealed plan as the analysis reads it: its metrics with their events and scales, its control and
// its treatments by index, and the splits it has had. Everything else in this folder takes it.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_STUDY_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_STUDY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/domain/event.h"
#include "engine/domain/experiment.h"
#include "engine/domain/metric.h"
#include "engine/domain/sealed_plan.h"
#include "engine/domain/verdict.h"

namespace insightloop {

struct StudyMetric {
  const Metric* metric = nullptr;  // into the plan
  Role role{};
  double resolution = 1;  // size of one step of a unit's number, in the metric's unit
  std::vector<double> joint_resolutions;  // of MetricSums::joint; empty when there is none
};

// A metric that decides.
struct StudyPrimary {
  std::size_t metric = 0;  // into Study::metrics
  double alpha = 0;        // its share, over all treatments
  std::optional<EffectSize> smallest_effect;
};

struct Study {
  const SealedPlan* plan = nullptr;  // outlives the study
  std::vector<StudyMetric> metrics;  // as PlannedMetrics
  std::size_t control = 0;           // into plan->variants, as are the treatments
  std::vector<std::size_t> treatments;
  std::vector<StudyPrimary> primaries;  // that of the hypothesis, then the plan's others
  std::vector<Epoch> epochs;  // not empty; the only one has the number 0 when it was made up
  double alpha = 0;
  bool stopped = false;  // no more units come

  const std::string& variant_id(std::size_t variant) const {
    return plan->variants[variant].variant_id;
  }
  const std::string& metric_name(std::size_t metric) const {
    return metrics[metric].metric->meta.name;
  }
  MetricKind kind(std::size_t metric) const { return metrics[metric].metric->kind; }
  bool had_weight(std::size_t variant) const;  // in some epoch
  bool must_all_win() const { return plan->plan.co_primary_rule == CoPrimaryRule::kAll; }
  // Of one treatment's interval on that primary metric.
  double alpha_of(const StudyPrimary& primary) const {
    return primary.alpha / static_cast<double>(treatments.size());
  }
  bool is_always_valid() const { return plan->plan.method == Method::kAlwaysValid; }
};

// `experiment` as it is now, with its epochs; none means one with the weights of the plan, as
// external experiments have. Error: kInternal for a plan that lacks a definition, has no control,
// or no treatment, or for an epoch without a weight for each of its variants.
absl::StatusOr<Study> MakeStudy(const SealedPlan& plan, const Experiment& experiment);

// Place of a metric among `study.metrics`; absent when the plan has none of that name.
std::optional<std::size_t> FindMetric(const Study& study, std::string_view name);

// The primary metric that it is; nullptr for other metrics.
const StudyPrimary* FindPrimary(const Study& study, std::size_t metric);

// Which way is good: of the primary metric what the hypothesis predicts, where it says so.
Direction GoodDirection(const SealedPlan& plan, const Metric& metric);
Direction GoodDirection(const Study& study, std::size_t metric);

// Whether an outcome's value is read, rather than outcomes counted.
bool ReadsValue(const Metric& metric, const Event& event);

// What is stated of a metric of that kind. The first decides.
std::vector<Statistic> StatisticsOf(MetricKind kind);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_STUDY_H_
