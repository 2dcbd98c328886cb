// SPDX-License-Identifier: Apache-2.0
//
// A rule over events. The fields are described in the contract, metric.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_METRIC_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_METRIC_H_

#include <optional>
#include <string>
#include <string_view>

#include "engine/domain/hypothesis.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"
#include "engine/domain/time.h"

namespace insightloop {

// How outcomes become a metric's value.
enum class MetricKind { kKindUnspecified, kProportion, kCount, kMean, kCsat, kNps };

template <>
struct EnumNames<MetricKind> {
  static constexpr std::string_view kNames[] = {
      "KIND_UNSPECIFIED", "PROPORTION", "COUNT", "MEAN", "CSAT", "NPS"};
};

// `[delay, delay + length)` after a unit's first exposure.
struct Window {
  Duration delay;
  Duration length;
};

template <class V>
void Fields(V& v, Window& x) {
  v("delay", x.delay);
  v("length", x.length);
}

struct Metric {
  static constexpr std::string_view kCollection = "metrics";
  ResourceMeta meta;
  MetricKind kind{};
  std::string event;
  std::optional<Window> window;  // absent: until the experiment stops
  Direction desired_direction{};
  std::string description;
};

template <class V>
void Fields(V& v, Metric& x) {
  MetaFields(v, x.meta);
  v("kind", x.kind);
  v("event", x.event);
  v("window", x.window);
  v("desired_direction", x.desired_direction);
  v("description", x.description);
}

// Whether units answer it (NPS, CSAT) rather than cause it.
constexpr bool IsSurvey(MetricKind kind) {
  return kind == MetricKind::kCsat || kind == MetricKind::kNps;
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_METRIC_H_
