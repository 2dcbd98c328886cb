// SPDX-License-Identifier: Apache-2.0
//
// The rules of metrics that rules.h declares.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/domain/attribute.h"
#include "engine/domain/error.h"
#include "engine/domain/event.h"
#include "engine/domain/json.h"
#include "engine/domain/limits.h"
#include "engine/domain/metric.h"
#include "engine/field_rules.h"
#include "engine/resources.h"
#include "engine/rules.h"

namespace insightloop {
namespace {

// Refuses a field that only other kinds of metric have.
void CheckKindHas(const Metric& metric, std::string_view field, bool is_set,
                  const std::vector<MetricKind>& kinds, Violations& violations) {
  if (!is_set || metric.kind == MetricKind::kKindUnspecified ||
      std::find(kinds.begin(), kinds.end(), metric.kind) != kinds.end()) {
    return;
  }
  std::vector<std::string> names;
  for (const MetricKind kind : kinds) names.emplace_back(EnumName(kind));
  violations.Add("NOT_FOR_KIND", field,
                 absl::StrCat("is set, but the kind is ", std::string(EnumName(metric.kind)),
                              "; leave it out, it is of ", absl::StrJoin(names, ", ")));
}

void CheckInside(std::string_view field, double value, std::string_view example,
                 Violations& violations) {
  if (value > 0 && value < 1) return;
  violations.Add("OUT_OF_RANGE", field,
                 absl::StrCat("is ", value, "; give more than 0 and less than 1, such as ",
                              std::string(example)));
}

void CheckCap(const Cap& cap, Violations& violations) {
  if (cap.value.has_value() == cap.percentile.has_value()) {
    violations.Add("FIELD_REQUIRED", "cap", "has no limit; give either a value or a percentile");
    return;
  }
  if (cap.percentile.has_value()) {
    CheckInside("cap.percentile", *cap.percentile, "0.99", violations);
  }
  if (cap.value.has_value() && !(*cap.value > 0 && std::isfinite(*cap.value))) {
    violations.Add("OUT_OF_RANGE", "cap.value",
                   absl::StrCat("is ", *cap.value, "; give a finite number above 0"));
  }
}

void CheckCovariate(const Covariate& covariate, const Limits& limits, Violations& violations) {
  if (covariate.history.has_value() != covariate.attribute.empty()) {
    violations.Add("FIELD_REQUIRED", "covariate",
                   "has no source; give either a history or an attribute");
    return;
  }
  if (!covariate.history.has_value()) return;
  if (*covariate.history < Days(1) || *covariate.history > limits.max_window) {
    violations.Add(
        "OUT_OF_RANGE", "covariate.history",
        absl::StrCat("is ", FormatDuration(*covariate.history), "; give ", FormatDuration(Days(1)),
                     " to ", FormatDuration(limits.max_window), ", 1 to 366 days"));
  }
}

// What only some kinds of metric have, and must have.
void CheckFieldsOfKind(const Metric& metric, const Limits& limits, Violations& violations) {
  using enum MetricKind;
  CheckKindHas(metric, "denominator", metric.denominator.has_value(), {kRatio}, violations);
  CheckKindHas(metric, "quantile", metric.quantile != 0, {kQuantile}, violations);
  CheckKindHas(metric, "cap", metric.cap.has_value(), {kCount, kMean, kRatio}, violations);
  CheckKindHas(metric, "covariate", metric.covariate.has_value(), {kProportion, kCount, kMean},
               violations);
  CheckKindHas(metric, "weight", !metric.weight.empty(), {kCsat, kNps}, violations);
  if (metric.kind == kRatio && (!metric.denominator || metric.denominator->event.empty())) {
    violations.Add("FIELD_REQUIRED", "denominator.event", "is empty; give events/{id}");
  }
  if (metric.kind == kQuantile) CheckInside("quantile", metric.quantile, "0.9", violations);
  if (metric.kind == kRetention && (!metric.window || metric.window->delay == Duration{})) {
    violations.Add("FIELD_REQUIRED", "window.delay",
                   "is 0s; RETENTION needs a window that opens later, such as after 604800s");
  }
  if (metric.cap.has_value()) CheckCap(*metric.cap, violations);
  if (metric.covariate.has_value()) CheckCovariate(*metric.covariate, limits, violations);
}

// Adds an error for an event whose values the kind of metric cannot be made of.
void CheckEventFits(const Metric& metric, const Event& event, Violations& violations) {
  const auto refuse = [&](std::string_view needs) {
    violations.Add("EVENT_DOES_NOT_FIT", "event",
                   absl::StrCat("is ", metric.event, " with values of kind ",
                                std::string(EnumName(event.value_kind)), "; ",
                                std::string(EnumName(metric.kind)), " needs ", std::string(needs)));
  };
  const bool score = event.value_kind == ValueKind::kScore;
  switch (metric.kind) {
    case MetricKind::kMean:
    case MetricKind::kQuantile:
      if (event.value_kind == ValueKind::kNone) refuse("an event with a value");
      break;
    case MetricKind::kCount:
      if (score || event.value_kind == ValueKind::kMoney) refuse("NONE or NUMBER");
      break;
    case MetricKind::kCsat:
      if (!score || *event.maximum - *event.minimum < 2) {
        refuse("SCORE with at least three boxes");
      }
      break;
    case MetricKind::kNps:
      if (!score || *event.minimum != 0 || *event.maximum != 10) refuse("SCORE from 0 to 10");
      break;
    case MetricKind::kProportion:
    case MetricKind::kRatio:
    case MetricKind::kRetention:
    case MetricKind::kKindUnspecified:
      break;
  }
}

// Adds an error for an event whose values cannot be summed.
absl::Status CheckDenominator(ResourceStore::Transaction& store, const Denominator& denominator,
                              Violations& violations) {
  const auto event = Load<Event>(store, "denominator.event", denominator.event);
  if (!event.ok()) return event.status();
  if (denominator.sum_values && event->value_kind == ValueKind::kNone) {
    violations.Add("EVENT_DOES_NOT_FIT", "denominator.event",
                   absl::StrCat("is ", denominator.event,
                                " with values of kind NONE; leave out "
                                "sum_values to count its outcomes, or give an event with a value"));
  }
  return absl::OkStatus();
}

void CheckCapSteps(const Event& event, double cap, Violations& violations) {
  const double step = event.value_kind == ValueKind::kNone ? 1 : event.resolution;
  const std::int64_t most = Limits{}.max_steps;
  const auto steps = ToSteps(cap, step, most);
  if (steps.has_value() && *steps >= 1) return;
  violations.Add("OUT_OF_RANGE", "cap.value",
                 absl::StrCat("is ", cap, "; give 1 to ", most, " steps of ", step));
}

// Adds an error for an attribute that is no number.
absl::Status CheckNumber(ResourceStore::Transaction& store, std::string_view field,
                         const std::string& name, Violations& violations) {
  if (name.empty()) return absl::OkStatus();
  const auto attribute = Load<Attribute>(store, field, name);
  if (!attribute.ok()) return attribute.status();
  if (attribute->value_type != ValueType::kNumber) {
    violations.Add(
        "WRONG_ATTRIBUTE_TYPE", field,
        absl::StrCat("is ", name, " of type ", std::string(EnumName(attribute->value_type)),
                     "; give an attribute of type NUMBER"));
  }
  return absl::OkStatus();
}

}  // namespace

void Validate(const Metric& metric, const Limits& limits, Violations& violations) {
  CheckSet("kind", metric.kind, violations);
  CheckText("description", metric.description, limits.max_text, false, violations);
  if (metric.event.empty()) {
    violations.Add("FIELD_REQUIRED", "event", "is empty; give events/{id}");
  }
  CheckFieldsOfKind(metric, limits, violations);
  if (!metric.window.has_value()) return;
  if (metric.window->delay < Duration{} || metric.window->delay > limits.max_window) {
    violations.Add("OUT_OF_RANGE", "window.delay",
                   absl::StrCat("is ", FormatDuration(metric.window->delay), "; give 0s to ",
                                FormatDuration(limits.max_window)));
  }
  if (metric.window->length <= Duration{} || metric.window->length > limits.max_window) {
    violations.Add(
        "OUT_OF_RANGE", "window.length",
        absl::StrCat("is ", FormatDuration(metric.window->length),
                     "; give more than 0s and at most ", FormatDuration(limits.max_window)));
  }
}

absl::Status ValidateWithin(ResourceStore::Transaction& store, const Metric& metric,
                            Violations& violations) {
  const auto event = Load<Event>(store, "event", metric.event);
  if (!event.ok()) return event.status();
  CheckEventFits(metric, *event, violations);
  if (metric.cap.has_value() && metric.cap->value.has_value()) {
    CheckCapSteps(*event, *metric.cap->value, violations);
  }
  if (metric.denominator.has_value()) {
    auto status = CheckDenominator(store, *metric.denominator, violations);
    if (!status.ok()) return status;
  }
  if (metric.covariate.has_value()) {
    const std::string& attribute = metric.covariate->attribute;
    auto status = CheckNumber(store, "covariate.attribute", attribute, violations);
    if (!status.ok()) return status;
  }
  return CheckNumber(store, "weight", metric.weight, violations);
}

}  // namespace insightloop
