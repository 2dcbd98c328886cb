// SPDX-License-Identifier: Apache-2.0

#include "engine/condition_rules.h"

#include <cmath>
#include <cstddef>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/assignment/condition.h"
#include "engine/assignment/filter.h"
#include "engine/domain/resource.h"
#include "engine/field_rules.h"
#include "engine/resources.h"

namespace insightloop {
namespace {

// Where a condition stands.
struct Place {
  std::string name;  // path in the tree, or column of the text
  bool in_text = false;

  // Where a field of it stands.
  [[nodiscard]] std::string Of(std::string_view field) const {
    return in_text ? name : absl::StrCat(name, ".", std::string(field));
  }
};

// Calls `visit(condition, place, level)` with every condition, parents first, with levels from 1.
// Leaves out what is below a condition for which that returns false.
template <class Visit>
void Walk(const std::vector<Condition>& conditions, std::string_view list, std::size_t level,
          const Visit& visit) {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const Condition& condition = conditions[i];
    const bool in_text = condition.column > 0;
    const Place place{
        in_text ? absl::StrCat(std::string(list), ": column ", condition.column) : At(list, i),
        in_text};
    if (!visit(condition, place, level)) continue;
    const auto walk_below = [&](std::string_view field, const std::vector<Condition>& below) {
      Walk(below, in_text ? std::string(list) : place.Of(field), level + 1, visit);
    };
    walk_below("all_of", condition.all_of);
    walk_below("any_of", condition.any_of);
    walk_below("none_of", condition.none_of);
  }
}

// The conditions in the form that is given.
absl::StatusOr<std::vector<Condition>> Read(const ConditionForms& forms) {
  if (forms.text.empty()) return forms.tree;
  return ParseFilter(forms.text_field, forms.text);
}

std::string_view GivenField(const ConditionForms& forms) {
  return forms.text.empty() ? forms.tree_field : forms.text_field;
}

struct Contents {
  std::vector<std::string> tests, others;  // names of the fields that are set
};

Contents ContentsOf(const Condition& condition) {
  Contents contents;
  const auto add = [](bool is_set, const char* field, std::vector<std::string>& fields) {
    if (is_set) fields.emplace_back(field);
  };
  add(condition.equals.has_value(), "equals", contents.tests);
  add(!condition.one_of.empty(), "one_of", contents.tests);
  add(condition.number.has_value(), "number", contents.tests);
  add(condition.exists, "exists", contents.tests);
  add(!condition.matches.empty(), "matches", contents.tests);
  add(condition.version.has_value(), "version", contents.tests);
  add(!condition.all_of.empty(), "all_of", contents.others);
  add(!condition.any_of.empty(), "any_of", contents.others);
  add(!condition.none_of.empty(), "none_of", contents.others);
  add(!condition.segment.empty(), "segment", contents.others);
  return contents;
}

// Exactly one of a test of an attribute, a combination and a segment.
void CheckContents(const Condition& condition, const Place& place, Violations& violations) {
  const Contents contents = ContentsOf(condition);
  const std::size_t count = contents.tests.size() + contents.others.size();
  if (count > 1) {
    auto all = contents.tests;
    all.insert(all.end(), contents.others.begin(), contents.others.end());
    violations.Add("AMBIGUOUS_CONDITION", place.name,
                   absl::StrCat("has ", absl::StrJoin(all, " and "),
                                "; give one of them, or join several with all_of"));
  } else if (!contents.others.empty()) {
    if (condition.attribute.empty()) return;
    violations.Add("AMBIGUOUS_CONDITION", place.Of("attribute"),
                   absl::StrCat("is ", Quoted(condition.attribute), " beside ",
                                contents.others.front(), "; leave one of them out"));
  } else {
    if (condition.attribute.empty()) {
      violations.Add("FIELD_REQUIRED", place.Of("attribute"),
                     "is empty; give attributes/{id}, a combination or a segment");
    }
    if (count == 0) {
      violations.Add("FIELD_REQUIRED", place.Of("equals"),
                     "is not set; give a string, number or boolean, or another test");
    }
  }
}

void CheckFinite(const AttributeValue& value, const std::string& field, Violations& violations) {
  if (const auto* number = std::get_if<double>(&value); number && !std::isfinite(*number)) {
    violations.Add("OUT_OF_RANGE", field, absl::StrCat("is ", *number, "; give a finite number"));
  }
}

void CheckTest(const Condition& condition, const Place& place, const Limits& limits,
               Violations& violations) {
  if (condition.equals) CheckFinite(*condition.equals, place.Of("equals"), violations);
  if (!condition.one_of.empty()) {
    CheckCount(place.Of("one_of"), condition.one_of.size(), 1, limits.max_condition_values,
               violations);
    for (std::size_t i = 0; i < condition.one_of.size(); ++i) {
      CheckFinite(condition.one_of[i], place.Of(At("one_of", i)), violations);
    }
  }
  if (condition.number) {
    CheckSet(place.Of("number.comparator"), condition.number->comparator, violations);
    CheckFinite(condition.number->value, place.Of("number.value"), violations);
  }
  if (condition.matches.size() > limits.max_pattern) {
    CheckText(place.Of("matches"), condition.matches, limits.max_pattern, false, violations);
  } else if (!condition.matches.empty()) {
    if (const auto status = CheckPattern(condition.matches); !status.ok()) {
      violations.Add("INVALID_PATTERN", place.Of("matches"), std::string(status.message()));
    }
  }
  if (condition.version) {
    CheckSet(place.Of("version.comparator"), condition.version->comparator, violations);
    if (const auto status = CheckVersion(condition.version->value); !status.ok()) {
      violations.Add("INVALID_VERSION", place.Of("version.value"), std::string(status.message()));
    }
  }
}

// What a test needs its attribute to be.
void CheckType(const Condition& test, const Place& place, const Attribute& attribute,
               Violations& violations) {
  const ValueType type = attribute.value_type;
  const std::string takes =
      absl::StrCat("; ", attribute.meta.name, " takes a ", std::string(EnumName(type)));
  const auto refuse = [&](std::string_view field, const std::string& what) {
    violations.Add("WRONG_ATTRIBUTE_TYPE", place.Of(field), absl::StrCat(what, takes));
  };
  const auto check_value = [&](std::string_view field, const AttributeValue& value) {
    // Alternatives of AttributeValue, in the order of the enum after UNSPECIFIED.
    if (value.index() + 1 == static_cast<std::size_t>(type)) return;
    const char* const remedy = !place.in_text               ? ""
                               : type == ValueType::kString ? ": put it in quotes"
                                                            : ": write one without quotes";
    violations.Add("WRONG_ATTRIBUTE_TYPE", place.Of(field),
                   absl::StrCat("is ", Quoted(AttributeText(value)), takes, remedy));
  };
  if (test.equals) check_value("equals", *test.equals);
  for (std::size_t i = 0; i < test.one_of.size(); ++i) check_value(At("one_of", i), test.one_of[i]);
  if (test.number && type != ValueType::kNumber) refuse("number", "compares numbers");
  if (!test.matches.empty() && type != ValueType::kString) refuse("matches", "matches texts");
  if (test.version && type != ValueType::kString) refuse("version", "compares versions in texts");
}

}  // namespace

ConditionForms FormsOf(const Segment& segment) {
  return {"conditions", segment.conditions, "filter", segment.filter, true};
}

ConditionForms FormsOf(const Experiment& experiment) {
  return {"eligibility", experiment.eligibility, "eligibility_filter",
          experiment.eligibility_filter};
}

void CheckConditions(const ConditionForms& forms, const Limits& limits, Violations& violations) {
  if (forms.text.empty()) {
    CheckCount(forms.tree_field, forms.tree.size(), forms.of_segment ? 1 : 0, limits.max_references,
               violations);
  } else {
    if (!forms.tree.empty()) {
      violations.Add("BOTH_FORMS", forms.text_field,
                     absl::StrCat("is given, and so is ", std::string(forms.tree_field),
                                  "; give one of them"));
      return;
    }
    if (forms.text.size() > limits.max_filter || !IsUtf8(forms.text)) {
      CheckText(forms.text_field, forms.text, limits.max_filter, false, violations);
      return;
    }
  }
  const auto conditions = Read(forms);
  if (!conditions.ok()) {
    violations.Add(conditions.status());
    return;
  }
  if (forms.of_segment && !forms.text.empty() && conditions->empty()) {
    violations.Add("FIELD_REQUIRED", forms.text_field, "is blank; give a condition");
  }
  std::size_t count = 0;
  Walk(*conditions, GivenField(forms), 1,
       [&](const Condition& condition, const Place& place, std::size_t level) {
         ++count;
         if (level > limits.max_condition_depth) {
           violations.Add("TOO_DEEP", place.name,
                          absl::StrCat("is ", level, " levels deep; give at most ",
                                       limits.max_condition_depth));
           return false;
         }
         CheckContents(condition, place, violations);
         CheckTest(condition, place, limits, violations);
         if (forms.of_segment && !condition.segment.empty()) {
           violations.Add("NESTED_SEGMENT", place.Of("segment"),
                          absl::StrCat("is ", Quoted(condition.segment),
                                       ", but a segment names no other one; give its conditions"));
         }
         return true;
       });
  if (count > limits.max_conditions) {
    violations.Add(
        "TOO_MANY", GivenField(forms),
        absl::StrCat("has ", count, " conditions in all; give at most ", limits.max_conditions));
  }
}

void AddReferences(const ConditionForms& forms, std::vector<Reference>& references) {
  const auto conditions = Read(forms);
  if (!conditions.ok()) return;  // CheckConditions tells why
  Walk(*conditions, GivenField(forms), 1,
       [&](const Condition& condition, const Place& place, std::size_t) {
         if (!condition.attribute.empty()) {
           references.push_back(
               {place.Of("attribute"), Attribute::kCollection, condition.attribute});
         }
         if (!condition.segment.empty()) {
           references.push_back({place.Of("segment"), Segment::kCollection, condition.segment});
         }
         return true;
       });
}

absl::Status CheckConditionTypes(const ConditionForms& forms, ResourceStore::Transaction& store,
                                 Violations& violations) {
  const auto conditions = Read(forms);
  if (!conditions.ok()) return conditions.status();
  absl::Status status;
  Walk(*conditions, GivenField(forms), 1,
       [&](const Condition& condition, const Place& place, std::size_t) {
         if (condition.attribute.empty() || !status.ok()) return true;
         const auto attribute = Load<Attribute>(store, place.Of("attribute"), condition.attribute);
         status = attribute.status();
         if (attribute.ok()) CheckType(condition, place, *attribute, violations);
         return true;
       });
  return status;
}

absl::StatusOr<std::vector<Condition>> ConditionsOf(const std::vector<Condition>& tree,
                                                    const std::string& filter) {
  if (filter.empty()) return tree;
  auto conditions = ParseFilter("filter", filter);
  if (conditions.ok()) return conditions;
  return absl::InternalError(
      absl::StrCat("a stored condition cannot be read: ", conditions.status().message()));
}

}  // namespace insightloop
