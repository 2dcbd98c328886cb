// SPDX-License-Identifier: Apache-2.0
//
// A rule over events. The fields are described in the contract, metric.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_METRIC_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_METRIC_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/hypothesis.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"
#include "engine/domain/time.h"

namespace insightloop {

// How outcomes become a metric's value.
enum class MetricKind {
  kKindUnspecified,
  kProportion,
  kCount,
  kMean,
  kCsat,
  kNps,
  kRatio,
  kQuantile,
  kRetention
};

template <>
struct EnumNames<MetricKind> {
  static constexpr std::string_view kNames[] = {
      "KIND_UNSPECIFIED", "PROPORTION", "COUNT", "MEAN", "CSAT", "NPS", "RATIO",
      "QUANTILE",         "RETENTION"};
};

// `[delay, delay + length)` after a unit's first exposure.
struct Window {
  Duration delay;
  Duration length;

  friend bool operator==(const Window&, const Window&) = default;
};

template <class V>
void Fields(V& v, Window& x) {
  v("delay", x.delay);
  v("length", x.length);
}

// What a RATIO is relative to.
struct Denominator {
  std::string event;
  bool sum_values = false;

  friend bool operator==(const Denominator&, const Denominator&) = default;
};

template <class V>
void Fields(V& v, Denominator& x) {
  v("event", x.event);
  v("sum_values", x.sum_values);
}

// Exactly one of the two.
struct Cap {
  std::optional<double> value, percentile;
};

template <class V>
void Fields(V& v, Cap& x) {
  v("value", x.value);
  v("percentile", x.percentile);
}

// Exactly one of the two.
struct Covariate {
  std::optional<Duration> history;
  std::string attribute;
};

template <class V>
void Fields(V& v, Covariate& x) {
  v("history", x.history);
  v("attribute", x.attribute);
}

struct Metric {
  static constexpr std::string_view kCollection = "metrics";
  ResourceMeta meta;
  MetricKind kind{};
  std::string event;
  std::optional<Window> window;  // absent: until the experiment stops
  Direction desired_direction{};
  std::string description;
  std::optional<Denominator> denominator;
  double quantile = 0;
  std::optional<Cap> cap;
  std::optional<Covariate> covariate;
  std::string weight;  // attribute
};

template <class V>
void Fields(V& v, Metric& x) {
  MetaFields(v, x.meta);
  v("kind", x.kind);
  v("event", x.event);
  v("window", x.window);
  v("desired_direction", x.desired_direction);
  v("description", x.description);
  v("denominator", x.denominator);
  v("quantile", x.quantile);
  v("cap", x.cap);
  v("covariate", x.covariate);
  v("weight", x.weight);
}

// Names of the attributes that a metric reads.
inline std::vector<std::string> AttributesOf(const Metric& metric) {
  std::vector<std::string> names;
  if (metric.covariate.has_value() && !metric.covariate->attribute.empty()) {
    names.push_back(metric.covariate->attribute);
  }
  if (!metric.weight.empty()) names.push_back(metric.weight);
  return names;
}

// Whether units answer it (NPS, CSAT) rather than cause it.
constexpr bool IsSurvey(MetricKind kind) {
  return kind == MetricKind::kCsat || kind == MetricKind::kNps;
}

// Whether its value is a share of units (PROPORTION, RETENTION).
constexpr bool IsShare(MetricKind kind) {
  return kind == MetricKind::kProportion || kind == MetricKind::kRetention;
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_METRIC_H_
