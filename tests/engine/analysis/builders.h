// SPDX-License-Identifier: Apache-2.0
//
// Sealed plans, runs and measured figures for tests of the analysis, valid unless told otherwise.

#ifndef INSIGHTLOOP_TESTS_ENGINE_ANALYSIS_BUILDERS_H_
#define INSIGHTLOOP_TESTS_ENGINE_ANALYSIS_BUILDERS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/analysis/analyst.h"
#include "engine/domain/experiment.h"
#include "engine/domain/sealed_plan.h"
#include "engine/ports/measurement.h"
#include "engine/sealing.h"
#include "stats/quantile.h"

namespace insightloop::testing {

// A plan of an external experiment at a fixed horizon; metric ids name their events, and the first
// variant is the control. Quantiles are medians; what is below a ratio counts events/{id}-base.
class PlanBuilder {
 public:
  PlanBuilder() {
    plan_.experiment = "experiments/x";
    plan_.external = true;
    plan_.unit_type = "unitTypes/customer";
    plan_.plan.method = Method::kFixedHorizon;
    Variants({"control", "treatment"});
  }
  PlanBuilder& Variants(const std::vector<std::string>& ids) {
    plan_.variants.clear();
    for (const std::string& id : ids) {
      plan_.variants.push_back({.variant_id = id, .control = plan_.variants.empty(), .weight = 1});
    }
    return *this;
  }
  PlanBuilder& Weight(std::size_t variant, std::int32_t weight) {
    plan_.variants[variant].weight = weight;
    return *this;
  }
  PlanBuilder& Primary(const std::string& id, MetricKind kind) {
    plan_.hypothesis.primary_metric = Define(id, kind, Direction::kDirectionUnspecified);
    return *this;
  }
  PlanBuilder& Mechanism(const std::string& id, MetricKind kind) {
    plan_.hypothesis.mechanism_metric = Define(id, kind, Direction::kDirectionUnspecified);
    return *this;
  }
  PlanBuilder& Guarded(const std::string& id, MetricKind kind, EffectSize margin,
                       Direction good = Direction::kIncrease) {
    plan_.hypothesis.guardrails.push_back({.metric = Define(id, kind, good), .margin = margin});
    return *this;
  }
  PlanBuilder& Secondary(const std::string& id, MetricKind kind) {
    plan_.plan.secondary_metrics.push_back(Define(id, kind, Direction::kDirectionUnspecified));
    return *this;
  }
  PlanBuilder& Smallest(double value, Scale scale) {
    plan_.hypothesis.smallest_effect = {.value = value, .scale = scale};
    return *this;
  }
  PlanBuilder& Predicted(Direction direction) {
    plan_.hypothesis.predicted_direction = direction;
    return *this;
  }
  // Another metric that decides, with that share of alpha.
  PlanBuilder& CoPrimary(const std::string& id, MetricKind kind, double alpha_share) {
    plan_.plan.co_primaries.push_back(
        {.metric = Define(id, kind, Direction::kIncrease), .alpha_share = alpha_share});
    return *this;
  }
  PlanBuilder& AllMustWin() {
    plan_.plan.co_primary_rule = CoPrimaryRule::kAll;
    return *this;
  }
  PlanBuilder& NotWorseBy(double margin, Scale scale) {
    plan_.plan.goal = Goal::kNonInferiority;
    plan_.plan.margin = {.value = margin, .scale = scale};
    return *this;
  }
  PlanBuilder& Reaching(const std::string& id, double planned_reach) {
    plan_.hypothesis.delivery_metric =
        Define(id, MetricKind::kProportion, Direction::kDirectionUnspecified);
    plan_.hypothesis.planned_reach = planned_reach;
    return *this;
  }
  // Of the mechanism.
  PlanBuilder& Floor(double floor) {
    plan_.hypothesis.mechanism_floor = floor;
    return *this;
  }
  PlanBuilder& Lasting(Duration minimum) {
    plan_.plan.minimum_duration = minimum;
    return *this;
  }
  // The answers of the metric defined last are weighted.
  PlanBuilder& Weighted(const std::string& attribute) {
    plan_.metrics.back().weight = "attributes/" + attribute;
    return *this;
  }
  PlanBuilder& AlwaysValid() {
    plan_.plan.method = Method::kAlwaysValid;
    return *this;
  }
  PlanBuilder& PlannedUnits(std::int64_t units) {
    plan_.plan.planned_units = units;
    return *this;
  }
  PlanBuilder& SegmentBy(const std::string& id) {
    plan_.plan.segment_attributes.push_back("attributes/" + id);
    return *this;
  }
  SealedPlan Build() const { return plan_; }

 private:
  std::string Define(const std::string& id, MetricKind kind, Direction good) {
    Event event = {.value_kind = ValueKind::kNone, .resolution = 1e-6};
    event.meta.name = "events/" + id;
    if (kind == MetricKind::kMean || kind == MetricKind::kRatio || kind == MetricKind::kQuantile) {
      event.value_kind = ValueKind::kMoney;
      event.currency = "EUR";
      event.resolution = 0.01;
    } else if (IsSurvey(kind)) {
      event.value_kind = ValueKind::kScore;
      event.resolution = 1;
      event.minimum = kind == MetricKind::kNps ? 0 : 1;
      event.maximum = kind == MetricKind::kNps ? 10 : 5;
    }
    Metric metric = {.kind = kind, .event = event.meta.name, .desired_direction = good};
    metric.meta.name = "metrics/" + id;
    plan_.events.push_back(event);
    if (kind == MetricKind::kQuantile) metric.quantile = 0.5;
    if (kind == MetricKind::kRatio) {
      Event& base = plan_.events.emplace_back();
      base = {.value_kind = ValueKind::kNone, .resolution = 1e-6};
      base.meta.name = event.meta.name + "-base";
      metric.denominator = {.event = base.meta.name};
    }
    plan_.metrics.push_back(metric);
    return metric.meta.name;
  }

  SealedPlan plan_;
};

inline Time Start() { return {1'700'000'000'000'000}; }

// An experiment that ran for so long.
inline Experiment StoppedAfter(Duration duration) {
  Experiment experiment;
  experiment.state = ExperimentState::kStopped;
  experiment.start_time = Start();
  experiment.stop_time = Start() + duration;
  experiment.plan_digest = Sha256Hex(experiment.sealed_plan);
  return experiment;
}

inline Experiment Running() {
  Experiment experiment = StoppedAfter({});
  experiment.state = ExperimentState::kRunning;
  experiment.stop_time = {};
  return experiment;
}

// A PROPORTION's figures.
inline MetricSums Share(std::int64_t successes, std::int64_t units) {
  MetricSums sums = {.nonzero = successes};
  for (std::int64_t i = 0; i < successes; ++i) sums.values.Add(1);
  sums.values.AddZeros(units - successes);
  return sums;
}

// A COUNT's or MEAN's figures: each value this often.
inline MetricSums Values(const std::vector<std::pair<std::int64_t, int>>& steps_and_units) {
  MetricSums sums;
  for (const auto& [steps, units] : steps_and_units) {
    for (int i = 0; i < units; ++i) sums.values.Add(steps);
    if (steps != 0) sums.nonzero += units;
  }
  return sums;
}

// Figures with joint sums: each row of variables, the unit's number first, this often.
inline MetricSums Joint(
    const std::vector<std::pair<std::vector<std::int64_t>, int>>& rows_and_units) {
  MetricSums sums;
  sums.joint.emplace(rows_and_units.front().first.size());
  for (const auto& [row, units] : rows_and_units) {
    for (int i = 0; i < units; ++i) {
      sums.values.Add(row[0]);
      EXPECT_TRUE(sums.joint->Add(row).ok());
    }
    if (row[0] != 0) sums.nonzero += units;
  }
  return sums;
}

// A median's figures, of units with the numbers from `first` on, one each.
inline MetricSums MedianOfRun(std::int64_t first, std::int64_t units) {
  MetricSums sums;
  for (std::int64_t i = 0; i < units; ++i) sums.values.Add(first + i);
  sums.nonzero = units;
  const stats::QuantileRanks ranks = *stats::RanksOfQuantile(units, 0.5);
  sums.quantile = {.units = units,
                   .value = first + ranks.value - 1,
                   .lower = first + ranks.lower - 1,
                   .upper = first + ranks.upper - 1,
                   .lower_rank = ranks.lower,
                   .upper_rank = ranks.upper};
  return sums;
}

struct NpsAnswers {
  std::int64_t promoters = 0, passives = 0, detractors = 0, asked = 0;
};

inline MetricSums Nps(const NpsAnswers& answers) {
  MetricSums sums = {
      .asked = answers.asked, .promoters = answers.promoters, .detractors = answers.detractors};
  for (std::int64_t i = 0; i < answers.promoters; ++i) sums.values.Add(10);
  for (std::int64_t i = 0; i < answers.passives; ++i) sums.values.Add(8);
  for (std::int64_t i = 0; i < answers.detractors; ++i) sums.values.Add(3);
  sums.answers = {{3, answers.detractors}, {8, answers.passives}, {10, answers.promoters}};
  std::erase_if(sums.answers, [](const AnswerUnits& answer) { return answer.units == 0; });
  return sums;
}

// A CSAT's figures: how many answered 1 to 5.
inline MetricSums Csat(const std::array<int, 5>& counts, std::int64_t asked) {
  MetricSums sums;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto answer = static_cast<std::int64_t>(i) + 1;
    for (int n = 0; n < counts[i]; ++n) sums.values.Add(answer);
    if (counts[i] > 0) sums.answers.push_back({answer, counts[i]});
  }
  sums.asked = asked;
  sums.top_two = counts[3] + counts[4];
  return sums;
}

// The same experiment, with epochs 1, 2, … of these weights by variant.
inline Experiment WithEpochs(Experiment experiment,
                             const std::vector<std::vector<std::int32_t>>& weights) {
  for (const std::vector<std::int32_t>& of_epoch : weights) {
    const auto number = static_cast<std::int32_t>(experiment.epochs.size()) + 1;
    experiment.epochs.push_back({.epoch = number, .weights = of_epoch});
  }
  return experiment;
}

// Matured units by variant, of epoch 1 unless told otherwise.
class MeasuredBuilder {
 public:
  explicit MeasuredBuilder(std::size_t variants) {
    measured_.exposed_units.resize(variants);
    measured_.outcomes_by_variant.resize(variants);
  }

  // Of what is added from here on.
  MeasuredBuilder& InEpoch(std::int32_t epoch) {
    epoch_ = epoch;
    return *this;
  }
  MeasuredBuilder& Arm(std::size_t variant, std::int64_t units, std::vector<MetricSums> metrics) {
    measured_.exposed_units[variant] += units;
    std::vector<EpochUnits>& by_epoch = measured_.exposed_by_epoch;
    if (by_epoch.empty() || by_epoch.back().epoch != epoch_) {
      by_epoch.push_back(
          {.epoch = epoch_, .units = std::vector<std::int64_t>(measured_.exposed_units.size())});
    }
    by_epoch.back().units[variant] += units;
    return Add(
        {.epoch = epoch_, .variant = variant, .units = units, .metrics = std::move(metrics)});
  }
  MeasuredBuilder& Cell(const std::string& segment, std::size_t variant, std::int64_t units,
                        std::vector<MetricSums> metrics) {
    return Add({.epoch = epoch_,
                .variant = variant,
                .segment = segment,
                .units = units,
                .metrics = std::move(metrics)});
  }
  MeasuredBuilder& Crossed(std::size_t first_variant, std::int64_t units,
                           std::vector<MetricSums> metrics) {
    measured_.crossed_units += units;
    return Add({.epoch = epoch_,
                .variant = first_variant,
                .crossed = true,
                .units = units,
                .metrics = std::move(metrics)});
  }
  MeasuredBuilder& InFlight(std::int64_t units) {
    measured_.exposed_units[0] += units;
    measured_.in_flight_units += units;
    return *this;
  }
  MeasuredBuilder& Outcomes(std::int64_t outcomes, std::int64_t late) {
    measured_.outcomes = outcomes;
    measured_.late_outcomes = late;
    return *this;
  }
  Measured Build() const { return measured_; }

 private:
  MeasuredBuilder& Add(Stratum stratum) {
    measured_.strata.push_back(std::move(stratum));
    return *this;
  }

  Measured measured_;
  std::int32_t epoch_ = 1;
};

// The verdict of an experiment that ended after two weeks.
inline Verdict Judged(const SealedPlan& plan, const Measured& measured,
                      const Experiment& experiment = StoppedAfter(Days(14))) {
  const auto verdict = MakeVerdict(plan, experiment, measured, Start() + Days(30));
  EXPECT_TRUE(verdict.ok()) << verdict.status();
  return verdict.ok() ? *verdict : Verdict{};
}

// Code of every reason, in order.
inline std::vector<std::string> CodesOf(const Verdict& verdict) {
  std::vector<std::string> codes;
  for (const Reason& reason : verdict.reasons) codes.push_back(reason.code);
  return codes;
}

// The only check of that kind, or the first.
inline HealthCheck CheckOf(const Verdict& verdict, Check check) {
  const auto found = std::find_if(verdict.health.begin(), verdict.health.end(),
                                  [=](const HealthCheck& c) { return c.check == check; });
  EXPECT_NE(found, verdict.health.end()) << EnumName(check);
  return found == verdict.health.end() ? HealthCheck{} : *found;
}

struct Which {
  std::string metric, variant = "treatment", segment = {};
  Statistic statistic = Statistic::kStatisticUnspecified;  // any
};

inline Result ResultOf(const Verdict& verdict, const Which& which) {
  for (const Result& result : verdict.results) {
    if (result.metric == "metrics/" + which.metric && result.variant == which.variant &&
        result.segment == which.segment &&
        (which.statistic == Statistic::kStatisticUnspecified ||
         which.statistic == result.statistic)) {
      return result;
    }
  }
  ADD_FAILURE() << "no result for " << which.metric << " " << which.variant;
  return {};
}

// Why a field is absent; empty when it is not listed.
inline std::string WhyAbsent(const Result& result, const std::string& field) {
  for (const AbsentField& absent : result.absent) {
    if (absent.field == field) return absent.reason;
  }
  return "";
}

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_ENGINE_ANALYSIS_BUILDERS_H_
