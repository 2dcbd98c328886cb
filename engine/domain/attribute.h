// SPDX-License-Identifier: Apache-2.0
//
// Declared properties of units and conditions over them. The fields are described in the contract,
// attribute.proto and segment.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_ATTRIBUTE_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_ATTRIBUTE_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/json.h"
#include "engine/domain/resource.h"

namespace insightloop {

// The type of an attribute's values.
enum class ValueType { kValueTypeUnspecified, kString, kNumber, kBoolean };

template <>
struct EnumNames<ValueType> {
  static constexpr std::string_view kNames[] = {"VALUE_TYPE_UNSPECIFIED", "STRING", "NUMBER",
                                                "BOOLEAN"};
};

struct Attribute {
  static constexpr std::string_view kCollection = "attributes";
  ResourceMeta meta;
  ValueType value_type{};
  std::string description;
};

template <class V>
void Fields(V& v, Attribute& x) {
  MetaFields(v, x.meta);
  v("value_type", x.value_type);
  v("description", x.description);
}

// What is known of a unit: values by attribute id.
using AttributeMap = std::map<std::string, AttributeValue>;

// Holds when the attribute (`attributes/{id}`) has exactly this value.
struct Condition {
  std::string attribute;
  std::optional<AttributeValue> equals;
};

template <class V>
void Fields(V& v, Condition& x) {
  v("attribute", x.attribute);
  v("equals", x.equals);
}

struct Segment {
  static constexpr std::string_view kCollection = "segments";
  ResourceMeta meta;
  std::vector<Condition> conditions;
  std::string description;
};

template <class V>
void Fields(V& v, Segment& x) {
  MetaFields(v, x.meta);
  v("conditions", x.conditions);
  v("description", x.description);
}

// Whether every condition holds; a unit without the attribute fails it.
bool MeetsAll(const std::vector<Condition>& conditions, const AttributeMap& attributes);

// Text of a value as segments name it: `true`, `12.5`, or the string itself.
std::string AttributeText(const AttributeValue& value);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_ATTRIBUTE_H_
