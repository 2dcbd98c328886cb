// SPDX-License-Identifier: Apache-2.0
//
// What conditions must look like, in both of their forms: the tree (`eligibility`, `conditions`)
// and the text (`eligibility_filter`, `filter`). Messages name a place in the tree, such as
// `eligibility[0].any_of[1].matches`, or in the text, such as `eligibility_filter: column 9`.

#ifndef INSIGHTLOOP_ENGINE_CONDITION_RULES_H_
#define INSIGHTLOOP_ENGINE_CONDITION_RULES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/attribute.h"
#include "engine/domain/error.h"
#include "engine/domain/experiment.h"
#include "engine/domain/limits.h"
#include "engine/ports/resource_store.h"
#include "engine/rules.h"

namespace insightloop {

// The conditions of a resource. Refers to the resource.
struct ConditionForms {
  std::string_view tree_field;
  const std::vector<Condition>& tree;
  std::string_view text_field;
  const std::string& text;
  bool of_segment = false;  // required, and must name no segment
};
ConditionForms FormsOf(const Segment& segment);
ConditionForms FormsOf(const Experiment& experiment);

// Adds everything that is wrong with conditions by themselves.
void CheckConditions(const ConditionForms& forms, const Limits& limits, Violations& violations);

// Adds every attribute and segment that they name; none of a text that cannot be read.
void AddReferences(const ConditionForms& forms, std::vector<Reference>& references);

// Adds every test that does not fit its attribute's type. The conditions are valid by themselves,
// and what they name exists. Error: of the store.
absl::Status CheckConditionTypes(const ConditionForms& forms, ResourceStore::Transaction& store,
                                 Violations& violations);

// The conditions of a stored resource, from whichever form it has; none when it has neither. Error:
// kInternal for a text that cannot be read, which was checked before it was stored.
absl::StatusOr<std::vector<Condition>> ConditionsOf(const std::vector<Condition>& tree,
                                                    const std::string& filter);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_CONDITION_RULES_H_
