// SPDX-License-Identifier: Apache-2.0
//
// What an experiment is judged by: full copies, taken at its start, of every definition it uses, so
// that no later edit can change a verdict. Its canonical JSON and the digest of that text are kept
// with the experiment.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_SEALED_PLAN_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_SEALED_PLAN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/attribute.h"
#include "engine/domain/event.h"
#include "engine/domain/experiment.h"
#include "engine/domain/hypothesis.h"
#include "engine/domain/metric.h"

namespace insightloop {

struct SealedPlan {
  std::int32_t plan_version = 1;
  std::string experiment;
  bool external = false;
  std::string unit_type;
  std::vector<Variant> variants;
  std::vector<Condition> eligibility;
  std::string eligibility_filter;
  AnalysisPlan plan;                  // with its defaults filled in
  Hypothesis hypothesis;              // with the primary, mechanism and guardrail metrics
  std::vector<Metric> metrics;        // every metric named above, once, by name
  std::vector<Event> events;          // every event of those, once, by name
  std::vector<Attribute> attributes;  // every attribute named above, once, by name
  std::vector<Segment> segments;      // the hypothesis' and those of the eligibility, by name
};

template <class V>
void Fields(V& v, SealedPlan& x) {
  v("plan_version", x.plan_version);
  v("experiment", x.experiment);
  v("external", x.external);
  v("unit_type", x.unit_type);
  v("variants", x.variants);
  v("eligibility", x.eligibility);
  v("eligibility_filter", x.eligibility_filter);
  v("plan", x.plan);
  v("hypothesis", x.hypothesis);
  v("metrics", x.metrics);
  v("events", x.events);
  v("attributes", x.attributes);
  v("segments", x.segments);
}

// The definition of that name among full copies; nullptr when there is none.
template <class T>
const T* FindByName(const std::vector<T>& definitions, std::string_view name) {
  for (const T& definition : definitions) {
    if (definition.meta.name == name) return &definition;
  }
  return nullptr;
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_SEALED_PLAN_H_
