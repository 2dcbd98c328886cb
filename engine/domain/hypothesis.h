// SPDX-License-Identifier: Apache-2.0
//
// A testable claim derived from insights. The fields are described in the contract,
// hypothesis.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_HYPOTHESIS_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_HYPOTHESIS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/json.h"
#include "engine/domain/resource.h"

namespace insightloop {

// Which way is good, or predicted; unspecified means INCREASE.
enum class Direction { kDirectionUnspecified, kIncrease, kDecrease };

template <>
struct EnumNames<Direction> {
  static constexpr std::string_view kNames[] = {"DIRECTION_UNSPECIFIED", "INCREASE", "DECREASE"};
};

// What the size of an effect is measured in.
enum class Scale { kScaleUnspecified, kRelative, kAbsolute };

template <>
struct EnumNames<Scale> {
  static constexpr std::string_view kNames[] = {"SCALE_UNSPECIFIED", "RELATIVE", "ABSOLUTE"};
};

struct EffectSize {
  double value = 0;
  Scale scale{};
};

template <class V>
void Fields(V& v, EffectSize& x) {
  v("value", x.value);
  v("scale", x.scale);
}

struct Guardrail {
  std::string metric;
  std::optional<EffectSize> margin;
};

template <class V>
void Fields(V& v, Guardrail& x) {
  v("metric", x.metric);
  v("margin", x.margin);
}

struct Hypothesis {
  static constexpr std::string_view kCollection = "hypotheses";
  ResourceMeta meta;
  std::vector<std::string> insights;
  std::string because, if_action, then_outcome;
  std::string segment;
  std::string primary_metric;
  Direction predicted_direction{};
  std::optional<EffectSize> smallest_effect;
  std::string mechanism_metric;
  std::vector<Guardrail> guardrails;
  std::optional<double> author_probability;
  std::optional<double> mechanism_floor;
  std::string delivery_metric;
  std::optional<double> planned_reach;
};

template <class V>
void Fields(V& v, Hypothesis& x) {
  MetaFields(v, x.meta);
  v("insights", x.insights);
  v("because", x.because);
  v("if_action", x.if_action);
  v("then_outcome", x.then_outcome);
  v("segment", x.segment);
  v("primary_metric", x.primary_metric);
  v("predicted_direction", x.predicted_direction);
  v("smallest_effect", x.smallest_effect);
  v("mechanism_metric", x.mechanism_metric);
  v("guardrails", x.guardrails);
  v("author_probability", x.author_probability);
  v("mechanism_floor", x.mechanism_floor);
  v("delivery_metric", x.delivery_metric);
  v("planned_reach", x.planned_reach);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_HYPOTHESIS_H_
