// SPDX-License-Identifier: Apache-2.0
//
// What each kind of resource must look like. One overload per kind; those of metrics are in
// metric_rules.cc, the others in rules.cc. The frame that applies them is resources.cc.

#ifndef INSIGHTLOOP_ENGINE_RULES_H_
#define INSIGHTLOOP_ENGINE_RULES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/domain/attribute.h"
#include "engine/domain/campaign.h"
#include "engine/domain/error.h"
#include "engine/domain/event.h"
#include "engine/domain/experiment.h"
#include "engine/domain/hypothesis.h"
#include "engine/domain/insight.h"
#include "engine/domain/layer.h"
#include "engine/domain/limits.h"
#include "engine/domain/metric.h"
#include "engine/domain/programme.h"
#include "engine/domain/unit_type.h"
#include "engine/ports/random.h"
#include "engine/ports/resource_store.h"

namespace insightloop {

// A field that names another resource.
struct Reference {
  std::string field;            // path
  std::string_view collection;  // where the name must lie
  std::string name;             // not empty
};

// Adds everything that is wrong with the fields of a resource by itself. References are checked by
// the frame.
void Validate(const Insight& insight, const Limits& limits, Violations& violations);
void Validate(const Hypothesis& hypothesis, const Limits& limits, Violations& violations);
void Validate(const UnitType& unit_type, const Limits& limits, Violations& violations);
void Validate(const Attribute& attribute, const Limits& limits, Violations& violations);
void Validate(const Segment& segment, const Limits& limits, Violations& violations);
void Validate(const Event& event, const Limits& limits, Violations& violations);
void Validate(const Metric& metric, const Limits& limits, Violations& violations);
void Validate(const Layer& layer, const Limits& limits, Violations& violations);
void Validate(const Programme& programme, const Limits& limits, Violations& violations);
void Validate(const Campaign& campaign, const Limits& limits, Violations& violations);
void Validate(const Experiment& experiment, const Limits& limits, Violations& violations);

// Parts of the rules of experiments that also hold for changes while they run.
void CheckVariants(const std::vector<Variant>& variants, const Limits& limits,
                   Violations& violations);
void CheckSlotCount(std::int32_t slot_count, Violations& violations);

// kFailedPrecondition (CONFLICTING_OVERRIDES) when another running or paused experiment of the
// layer has an override for a unit of this one's: the unit would be in two of them. Error: of the
// store.
absl::Status CheckOverridesOfLayer(ResourceStore::Transaction& store, const Experiment& experiment);

// Every resource that this one refers to.
std::vector<Reference> ReferencesOf(const Insight& insight);
std::vector<Reference> ReferencesOf(const Hypothesis& hypothesis);
std::vector<Reference> ReferencesOf(const UnitType& unit_type);
std::vector<Reference> ReferencesOf(const Attribute& attribute);
std::vector<Reference> ReferencesOf(const Segment& segment);
std::vector<Reference> ReferencesOf(const Event& event);
std::vector<Reference> ReferencesOf(const Metric& metric);
std::vector<Reference> ReferencesOf(const Layer& layer);
std::vector<Reference> ReferencesOf(const Programme& programme);
std::vector<Reference> ReferencesOf(const Campaign& campaign);
std::vector<Reference> ReferencesOf(const Experiment& experiment);

// Adds what is wrong with a resource in the light of those it refers to, which exist. Error: of the
// store.
absl::Status ValidateWithin(ResourceStore::Transaction& store, const Hypothesis& hypothesis,
                            Violations& violations);
absl::Status ValidateWithin(ResourceStore::Transaction& store, const Segment& segment,
                            Violations& violations);
absl::Status ValidateWithin(ResourceStore::Transaction& store, const Metric& metric,
                            Violations& violations);
absl::Status ValidateWithin(ResourceStore::Transaction& store, const Experiment& experiment,
                            Violations& violations);
template <class T>
absl::Status ValidateWithin(ResourceStore::Transaction&, const T&, Violations&) {
  return absl::OkStatus();  // the other kinds depend on nothing
}

// Sets what the server sets on a new resource.
void Complete(Insight& insight, Random& random);
void Complete(Layer& layer, Random& random);
void Complete(Experiment& experiment, Random& random);
template <class T>
void Complete(T&, Random&) {}

// Fills in the defaults that are stored, in a new or edited resource.
void FillDefaults(Event& event);
void FillDefaults(Experiment& experiment);
template <class T>
void FillDefaults(T&) {}

// Undoes an edit of the fields that the server sets.
void KeepServerFields(const Insight& before, Insight& after);
void KeepServerFields(const Layer& before, Layer& after);
void KeepServerFields(const Programme& before, Programme& after);
void KeepServerFields(const Experiment& before, Experiment& after);
template <class T>
void KeepServerFields(const T&, T&) {}

// kFailedPrecondition (IMMUTABLE_FIELD, SEALED) when an edit changes what cannot change any more.
absl::Status CheckChange(const Attribute& before, const Attribute& after);
absl::Status CheckChange(const Event& before, const Event& after);
absl::Status CheckChange(const Metric& before, const Metric& after);
absl::Status CheckChange(const Experiment& before, const Experiment& after);
template <class T>
absl::Status CheckChange(const T&, const T&) {
  return absl::OkStatus();
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_RULES_H_
