// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/attribute.h"

#include <algorithm>

namespace insightloop {

bool MeetsAll(const std::vector<Condition>& conditions, const AttributeMap& attributes) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
    const auto found = attributes.find(std::string(IdOf(condition.attribute)));
    return found != attributes.end() && found->second == condition.equals;
  });
}

std::string AttributeText(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  const double number = std::get<double>(value);
  return number == 0 ? "0" : absl::StrCat(number);  // -0 is the same value as 0
}

}  // namespace insightloop
