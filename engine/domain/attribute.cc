// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/attribute.h"

#include "absl/strings/str_cat.h"

namespace insightloop {

void VisitConditions(const std::vector<Condition>& conditions,
                     const std::function<void(const Condition&)>& visit) {
  for (const Condition& condition : conditions) {
    visit(condition);
    for (const auto* children : {&condition.all_of, &condition.any_of, &condition.none_of}) {
      VisitConditions(*children, visit);
    }
  }
}

std::string AttributeText(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  const double number = std::get<double>(value);
  return number == 0 ? "0" : absl::StrCat(number);  // -0 is the same value as 0
}

}  // namespace insightloop
