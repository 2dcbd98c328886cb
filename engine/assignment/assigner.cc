// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/assigner.h"

#include <cmath>
#include <variant>

#include "absl/strings/str_cat.h"
#include "engine/assignment/hashing.h"
#include "engine/domain/error.h"
#include "engine/domain/resource.h"

namespace insightloop {
namespace {

// Adds what is wrong with one attribute's value.
void CheckAttributeValue(const Attribute& attribute, const std::string& field,
                         const AttributeValue& value, const Limits& limits,
                         Violations& violations) {
  // Alternatives of AttributeValue, in the order of the enum after UNSPECIFIED.
  if (value.index() + 1 != static_cast<std::size_t>(attribute.value_type)) {
    violations.Add("WRONG_ATTRIBUTE_TYPE", field,
                   absl::StrCat("is ", Quoted(AttributeText(value)), "; ", attribute.meta.name,
                                " takes a ", std::string(EnumName(attribute.value_type))));
  } else if (const auto* text = std::get_if<std::string>(&value);
             text != nullptr && (text->size() > limits.max_label || !IsUtf8(*text))) {
    violations.Add(
        "WRONG_ATTRIBUTE_TYPE", field,
        absl::StrCat("is ", Quoted(*text), "; give at most ", limits.max_label, " bytes of UTF-8"));
  } else if (const auto* number = std::get_if<double>(&value);
             number != nullptr && !std::isfinite(*number)) {
    violations.Add("NOT_FINITE", field, "is not finite; give a finite number");
  }
}

}  // namespace

absl::StatusOr<Assignment> Assign(const Catalog& catalog, const Limits& limits,
                                  std::string_view experiment, std::string_view unit_id,
                                  const AttributeMap& attributes) {
  Violations violations;
  if (!IsNameIn(Experiment::kCollection, experiment)) {
    violations.Add("INVALID_NAME", "experiment",
                   absl::StrCat("is ", Quoted(experiment), "; give experiments/{id}"));
  }
  CheckUnitId(unit_id, limits, violations);
  CheckAttributes(catalog, attributes, limits, violations);
  if (!violations.empty()) return violations.ToStatus();
  const CatalogExperiment* found = catalog.FindExperiment(experiment);
  if (found == nullptr) return NotFound("experiment", experiment);

  const Experiment& definition = found->experiment;
  const auto answer = [&](AssignmentReason reason, std::string_view variant = "") {
    return Assignment{std::string(variant), reason, definition.epoch};
  };
  if (definition.external) return answer(AssignmentReason::kExternal);
  if (definition.state == ExperimentState::kPaused) {
    return answer(AssignmentReason::kPaused, ControlOf(definition.variants).variant_id);
  }
  if (definition.state != ExperimentState::kRunning) return answer(AssignmentReason::kNotRunning);
  if (!found->slots.test(static_cast<std::size_t>(SlotOf(found->layer_salt, unit_id)))) {
    return answer(AssignmentReason::kOutOfTraffic);
  }
  if (!MeetsAll(definition.eligibility, attributes)) return answer(AssignmentReason::kNotEligible);
  const std::size_t variant = VariantOf(definition.salt, unit_id, found->weights);
  return answer(AssignmentReason::kAssigned, definition.variants[variant].variant_id);
}

void CheckUnitId(std::string_view unit_id, const Limits& limits, Violations& violations) {
  if (unit_id.empty() || unit_id.size() > limits.max_unit_id || !IsUtf8(unit_id)) {
    violations.Add("INVALID_UNIT_ID", "unit_id",
                   absl::StrCat("is ", Quoted(unit_id), " (", unit_id.size(), " bytes); give 1 to ",
                                limits.max_unit_id, " bytes of UTF-8"));
  }
}

void CheckAttributes(const Catalog& catalog, const AttributeMap& attributes, const Limits& limits,
                     Violations& violations) {
  if (attributes.size() > limits.max_attributes) {
    violations.Add(
        "TOO_MANY_ATTRIBUTES", "attributes",
        absl::StrCat("has ", attributes.size(), "; give at most ", limits.max_attributes));
    return;
  }
  for (const auto& [id, value] : attributes) {
    const std::string field = absl::StrCat("attributes.", id);
    const Attribute* attribute = catalog.FindAttribute(absl::StrCat("attributes/", id));
    if (attribute == nullptr) {
      violations.Add("UNDECLARED_ATTRIBUTE", field,
                     absl::StrCat("is not declared; create attributes/", id, " first"));
    } else {
      CheckAttributeValue(*attribute, field, value, limits, violations);
    }
  }
}

}  // namespace insightloop
