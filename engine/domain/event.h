// SPDX-License-Identifier: Apache-2.0
//
// A declared kind of fact. The fields are described in the contract, event.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_EVENT_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_EVENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/domain/json.h"
#include "engine/domain/resource.h"

namespace insightloop {

// What an outcome's value is.
enum class ValueKind { kValueKindUnspecified, kNone, kNumber, kMoney, kScore };

template <>
struct EnumNames<ValueKind> {
  static constexpr std::string_view kNames[] = {"VALUE_KIND_UNSPECIFIED", "NONE", "NUMBER", "MONEY",
                                                "SCORE"};
};

struct Event {
  static constexpr std::string_view kCollection = "events";
  ResourceMeta meta;
  ValueKind value_kind{};
  std::string currency;
  double resolution = 0;  // one step; never 0 once stored
  std::optional<double> minimum, maximum;
  std::string description;
};

template <class V>
void Fields(V& v, Event& x) {
  MetaFields(v, x.meta);
  v("value_kind", x.value_kind);
  v("currency", x.currency);
  v("resolution", x.resolution);
  v("minimum", x.minimum);
  v("maximum", x.maximum);
  v("description", x.description);
}

// What facts of this event are stored under. A deleted event's name may be given to another one,
// with another resolution: the facts of the two must never mix.
std::string FactName(const Event& event);

// Number of steps in one unit of the event's value: 100 for a resolution of 0.01. The resolution is
// a power of ten from 1e-9 to 1, so that this is exact; absent for any other.
std::optional<std::int64_t> StepsPerUnit(double resolution);

// The value as a count of steps, rounded to the nearest; absent when not finite or beyond
// `max_steps`.
std::optional<std::int64_t> ToSteps(double value, double resolution, std::int64_t max_steps);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_EVENT_H_
