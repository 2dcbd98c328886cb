// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/status/status.h"
#include "stats/comparison.h"
#include "stats/confidence_sequence.h"
#include "stats/internal/tails.h"
#include "stats/planning.h"
#include "tests/reference/methods.h"
#include "tests/reference/read.h"

namespace insightloop::reference {
namespace {

using stats::Design;
using stats::PlannedMetric;
using stats::PlannedTest;

double Get(const Json& inputs, const char* name) { return inputs.at(name).get<double>(); }

// Adds a field: null where it cannot be computed, an error where an argument is wrong.
absl::Status Set(Json& answer, const char* name, const absl::StatusOr<double>& value) {
  if (absl::IsInvalidArgument(value.status())) return value.status();
  answer[name] = OrNull(value);
  return absl::OkStatus();
}

Design Once(const Json& inputs) { return {.weights = {1, 1}, .alpha = Get(inputs, "alpha")}; }

Design CountingBothTails(Design design) {
  design.count_wrong_side = true;
  return design;
}

PlannedMetric Share(PlannedTest test, double baseline) {
  return {.test = test, .baseline = baseline};
}

// Effects in standard deviations.
PlannedMetric Standardized(PlannedTest test) { return {.test = test, .standard_deviation = 1}; }

// ---- Two proportions

double EffectOnShare(const Json& inputs) {
  return Get(inputs, "p_treatment") - Get(inputs, "p_control");
}

absl::StatusOr<Json> SizeForProportions(const Json& inputs) {
  Design design = Once(inputs);
  const double allocation = inputs.value("allocation", 1.0);
  design.weights = {1, allocation};
  Json answer;
  const auto add = [&](const char* name, const Design& with, PlannedTest test) {
    auto total = SampleSize(with, Share(test, Get(inputs, "p_control")), EffectOnShare(inputs),
                            Get(inputs, "power"));
    if (total.ok()) *total /= 1 + allocation;
    return Set(answer, name, total);
  };
  absl::Status status = add("n_per_arm_pooled_null", design, PlannedTest::kPooledProportion);
  status.Update(add("n_per_arm_arcsine", design, PlannedTest::kArcsineProportion));
  status.Update(add("n_per_arm_unpooled", design, PlannedTest::kProportion));
  if (!status.ok()) return status;
  return answer;
}

absl::StatusOr<Json> PowerForProportions(const Json& inputs, const Design& design, double units) {
  Json answer;
  const auto add = [&](const char* name, const Design& with, PlannedTest test) {
    return Set(answer, name,
               Power(with, Share(test, Get(inputs, "p_control")), EffectOnShare(inputs), units));
  };
  absl::Status status = add("power_pooled_null", design, PlannedTest::kPooledProportion);
  status.Update(add("power_pooled_null_both_tails", CountingBothTails(design),
                    PlannedTest::kPooledProportion));
  status.Update(add("power_arcsine", CountingBothTails(design), PlannedTest::kArcsineProportion));
  if (!status.ok()) return status;
  return answer;
}

absl::StatusOr<Json> PowerForEqualProportions(const Json& inputs) {
  return PowerForProportions(inputs, Once(inputs), 2 * Get(inputs, "n_per_arm"));
}

// ---- Two arms of given sizes

Design WithArms(const Json& inputs) {
  Design design = Once(inputs);
  design.weights = {Get(inputs, "n_control"), Get(inputs, "n_treatment")};
  return design;
}

double UnitsOfArms(const Json& inputs) {
  return Get(inputs, "n_control") + Get(inputs, "n_treatment");
}

absl::StatusOr<Json> PowerForUnequalProportions(const Json& inputs) {
  return PowerForProportions(inputs, WithArms(inputs), UnitsOfArms(inputs));
}

absl::StatusOr<Json> DetectableShare(const Json& inputs) {
  const double baseline = Get(inputs, "p_control");
  const auto effect =
      DetectableEffect(Once(inputs), Share(PlannedTest::kPooledProportion, baseline),
                       2 * Get(inputs, "n_per_arm"), Get(inputs, "power"));
  if (!effect.ok()) return effect.status();
  return Json{{"p_treatment", baseline + *effect},
              {"mde_absolute", *effect},
              {"mde_relative", *effect / baseline}};
}

// ---- Two means

// statsmodels' non-central t loses its fifth digit for large samples: at its detectable effect for
// twice a million units the power is 0.80007, not 0.8 (mpmath, 30 digits). Such a field is left
// out.
bool StatsmodelsKnowsT(double units) { return units < 1e6; }

absl::StatusOr<Json> SizeForMeans(const Json& inputs) {
  const double ratio = Get(inputs, "ratio_treatment_to_control");
  Design design = Once(inputs);
  design.weights = {1, ratio};
  Json answer;
  const auto add = [&](const char* name, const Design& with, PlannedTest test) {
    auto total =
        SampleSize(with, Standardized(test), Get(inputs, "effect_size_d"), Get(inputs, "power"));
    if (total.ok() && test == PlannedTest::kStudentT && !StatsmodelsKnowsT(*total)) {
      return absl::OkStatus();
    }
    if (total.ok()) *total /= 1 + ratio;
    return Set(answer, name, total);
  };
  absl::Status status = add("n_control_t", CountingBothTails(design), PlannedTest::kStudentT);
  status.Update(add("n_control_normal", CountingBothTails(design), PlannedTest::kMean));
  status.Update(add("n_control_normal_closed_form", design, PlannedTest::kMean));
  if (!status.ok()) return status;
  return answer;
}

absl::StatusOr<Json> PowerForMeans(const Json& inputs) {
  const Design design = CountingBothTails(WithArms(inputs));
  Json answer;
  const auto add = [&](const char* name, PlannedTest test) {
    return Set(
        answer, name,
        Power(design, Standardized(test), Get(inputs, "effect_size_d"), UnitsOfArms(inputs)));
  };
  absl::Status status = add("power_normal", PlannedTest::kMean);
  if (StatsmodelsKnowsT(UnitsOfArms(inputs))) status.Update(add("power_t", PlannedTest::kStudentT));
  if (!status.ok()) return status;
  return answer;
}

absl::StatusOr<Json> DetectableMean(const Json& inputs) {
  const Design design = WithArms(inputs);
  Json answer;
  const auto add = [&](const char* name, const Design& with, PlannedTest test) {
    return Set(
        answer, name,
        DetectableEffect(with, Standardized(test), UnitsOfArms(inputs), Get(inputs, "power")));
  };
  absl::Status status = add("mde_d_normal_closed_form", design, PlannedTest::kMean);
  if (StatsmodelsKnowsT(UnitsOfArms(inputs))) {
    status.Update(add("mde_d_t", CountingBothTails(design), PlannedTest::kStudentT));
  }
  if (!status.ok()) return status;
  return answer;
}

absl::StatusOr<Json> TotalSize(const Json& inputs) {
  const PlannedMetric metric =
      inputs.at("kind") == "mean"
          ? PlannedMetric{.test = PlannedTest::kMean,
                          .standard_deviation = std::sqrt(Get(inputs, "variance"))}
          : Share(PlannedTest::kProportion, Get(inputs, "baseline"));
  const auto total =
      SampleSize(Once(inputs), metric, Get(inputs, "mde_absolute"), Get(inputs, "power"));
  if (!total.ok()) return total.status();
  return Json{{"n_total", *total}};
}

// ---- Growthbook's planner: every arm against control without correction, relative lifts. It books
// the price of reading at any time as a larger standard deviation.

struct Plan {
  Design design;
  PlannedMetric metric;
};

absl::StatusOr<Plan> RelativePlan(const Json& inputs) {
  Plan plan = {.design = Once(inputs), .metric = {.test = PlannedTest::kRelativeMean}};
  plan.design.weights.assign(inputs.at("variations").get<std::size_t>(), 1);
  const Json& metric = inputs.at("metric");
  if (metric.at("type") == "mean") {
    plan.metric.baseline = Get(metric, "mean");
    plan.metric.standard_deviation = Get(metric, "stddev");
  } else {
    const double p = Get(metric, "p");
    plan.metric.baseline = p;
    plan.metric.standard_deviation = std::sqrt(p * (1 - p));
  }
  const auto tuned = static_cast<std::int64_t>(Get(inputs, "sequential_tuning"));
  if (tuned == 0) return plan;
  // Of the two arms, 2 / variations; the multiplier depends on the ratio of the two numbers alone.
  const auto multiplier =
      stats::AnytimeMultiplier({.units = 2 * std::llround(Get(inputs, "users")),
                                .planned_units = tuned * std::llround(Get(inputs, "variations")),
                                .alpha = plan.design.alpha});
  if (!multiplier.ok()) return multiplier.status();
  plan.metric.standard_deviation *=
      *multiplier / stats::internal::NormalUpperQuantile(plan.design.alpha / 2);
  return plan;
}

absl::StatusOr<Json> RelativePower(const Json& inputs) {
  const auto plan = RelativePlan(inputs);
  if (!plan.ok()) return plan.status();
  const auto power =
      Power(CountingBothTails(plan->design), plan->metric,
            Get(inputs, "relative_effect") * plan->metric.baseline, Get(inputs, "users"));
  if (!power.ok()) return power.status();
  return Json{{"power", *power}};
}

absl::StatusOr<Json> DetectableLift(const Json& inputs) {
  const auto plan = RelativePlan(inputs);
  if (!plan.ok()) return plan.status();
  const auto effect =
      DetectableEffect(plan->design, plan->metric, Get(inputs, "users"), Get(inputs, "power"));
  if (!effect.ok()) return effect.status();
  return Json{{"mde_relative", *effect / plan->metric.baseline}};
}

// ---- How many times its units so far a running experiment still needs

absl::StatusOr<stats::EffectEstimate> EstimateSoFar(const Json& inputs) {
  const auto arms = EstimateMeans({.control = ReadMoments(inputs.at("control")),
                                   .treatment = ReadMoments(inputs.at("treatment"))});
  if (!arms.ok()) return arms.status();
  return EffectOf(*arms, inputs);
}

absl::StatusOr<Json> ScalingFactor(const Json& inputs) {
  const std::string analysis = inputs.at("analysis");
  if (analysis == "bayesian") return NotOffered("planning with a prior is not offered");
  const auto estimate = EstimateSoFar(inputs);
  if (!estimate.ok()) return estimate.status();
  const stats::Arms<std::int64_t> units = {.control = inputs.at("control").at("n"),
                                           .treatment = inputs.at("treatment").at("n")};
  const auto standard_deviation = stats::ImpliedStandardDeviation(*estimate, units);
  if (!standard_deviation.ok()) return standard_deviation.status();
  const PlannedMetric metric = {.standard_deviation = *standard_deviation};

  Design design = CountingBothTails(Once(inputs));
  design.weights = {static_cast<double>(units.control), static_cast<double>(units.treatment)};
  if (analysis == "sequential") {
    design.reading = stats::Reading::kAnytime;
    design.planned_units = inputs.value("tuning_parameter", 5000);
  }
  const auto so_far = static_cast<double>(units.control + units.treatment);
  const double effect = Get(inputs, "target_mde");
  const auto power_now = Power(design, metric, effect, so_far);
  if (!power_now.ok()) return power_now.status();
  const auto needed = SampleSize(design, metric, effect, Get(inputs, "target_power"));
  if (!needed.ok()) return needed.status();
  return Json{{"power_now", *power_now}, {"scaling_factor", std::max(0.0, *needed / so_far - 1)}};
}

}  // namespace

void AddPowerMethods(Methods& methods) {
  methods["sample_size_two_proportions"] = SizeForProportions;
  methods["power_two_proportions"] = PowerForEqualProportions;
  methods["power_two_proportions_unequal"] = PowerForUnequalProportions;
  methods["mde_two_proportions"] = DetectableShare;
  methods["sample_size_two_means"] = SizeForMeans;
  methods["power_two_means"] = PowerForMeans;
  methods["mde_two_means"] = DetectableMean;
  methods["gpower_total_sample_size"] = TotalSize;
  methods["growthbook_power"] = RelativePower;
  methods["growthbook_mde"] = DetectableLift;
  methods["growthbook_midexperiment_scaling_factor"] = ScalingFactor;
}

}  // namespace insightloop::reference
