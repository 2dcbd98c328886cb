// SPDX-License-Identifier: Apache-2.0
//
// What an experiment takes before it can decide, and what each choice of its plan costs. The fields
// are described in the contract, experiment.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_PLANNING_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_PLANNING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/experiment.h"
#include "engine/domain/hypothesis.h"
#include "engine/domain/json.h"
#include "engine/domain/time.h"

namespace insightloop {

// What is asked.
struct PlanningInput {
  double units_per_day = 0;
  std::optional<double> baseline, standard_deviation;
  std::int32_t days = 0;  // 0: no limit
  double power = 0;       // 0: the plan's
};

template <class V>
void Fields(V& v, PlanningInput& x) {
  v("units_per_day", x.units_per_day);
  v("baseline", x.baseline);
  v("standard_deviation", x.standard_deviation);
  v("days", x.days);
  v("power", x.power);
}

// How a choice differs from the plan.
enum class ChoiceKind {
  kKindUnspecified,
  kAsPlanned,
  kOtherMethod,
  kEqualWeights,
  kOneTreatment,
  kWithoutGuardrails
};

template <>
struct EnumNames<ChoiceKind> {
  static constexpr std::string_view kNames[] = {"KIND_UNSPECIFIED", "AS_PLANNED",
                                                "OTHER_METHOD",     "EQUAL_WEIGHTS",
                                                "ONE_TREATMENT",    "WITHOUT_GUARDRAILS"};
};

struct PlanChoice {
  ChoiceKind kind{};
  Method method{};
  double alpha = 0, power = 0;
  std::int64_t units = 0, days = 0;
  double price = 0;
  double equivalence_chance = 0;
  bool out_of_reach = false;
  std::optional<double> power_in_days, detectable_effect;
};

template <class V>
void Fields(V& v, PlanChoice& x) {
  v("kind", x.kind);
  v("method", x.method);
  v("alpha", x.alpha);
  v("power", x.power);
  v("units", x.units);
  v("days", x.days);
  v("price", x.price);
  v("equivalence_chance", x.equivalence_chance);
  v("out_of_reach", x.out_of_reach);
  v("power_in_days", x.power_in_days);
  v("detectable_effect", x.detectable_effect);
}

struct Planning {
  std::string experiment, metric;
  EffectSize smallest_effect;
  double absolute_effect = 0;
  std::optional<double> baseline, standard_deviation;
  std::int64_t figures_units = 0;
  Duration maturing_time;
  std::vector<PlanChoice> choices;
  std::vector<std::string> notes;
  Goal goal{};
};

template <class V>
void Fields(V& v, Planning& x) {
  v("experiment", x.experiment);
  v("metric", x.metric);
  v("smallest_effect", x.smallest_effect);
  v("absolute_effect", x.absolute_effect);
  v("baseline", x.baseline);
  v("standard_deviation", x.standard_deviation);
  v("figures_units", x.figures_units);
  v("maturing_time", x.maturing_time);
  v("choices", x.choices);
  v("notes", x.notes);
  v("goal", x.goal);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_PLANNING_H_
