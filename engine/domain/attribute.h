// SPDX-License-Identifier: Apache-2.0
//
// Declared properties of units, conditions over them, and segments. The fields are described in the
// contract, attribute.proto and segment.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_ATTRIBUTE_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_ATTRIBUTE_H_

#include <cstdint>
#include <functional>
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
  bool trusted_only = false;
};

template <class V>
void Fields(V& v, Attribute& x) {
  MetaFields(v, x.meta);
  v("value_type", x.value_type);
  v("description", x.description);
  v("trusted_only", x.trusted_only);
}

// What is known of a unit: values by attribute id.
using AttributeMap = std::map<std::string, AttributeValue, std::less<>>;

// How a value compares with another one.
enum class Comparator { kComparatorUnspecified, kLess, kAtMost, kGreater, kAtLeast, kEqual };

template <>
struct EnumNames<Comparator> {
  static constexpr std::string_view kNames[] = {
      "COMPARATOR_UNSPECIFIED", "LESS", "AT_MOST", "GREATER", "AT_LEAST", "EQUAL"};
};

struct NumberTest {
  Comparator comparator{};
  double value = 0;
};

template <class V>
void Fields(V& v, NumberTest& x) {
  v("comparator", x.comparator);
  v("value", x.value);
}

struct VersionTest {
  Comparator comparator{};
  std::string value;
};

template <class V>
void Fields(V& v, VersionTest& x) {
  v("comparator", x.comparator);
  v("value", x.value);
}

// A tree: exactly one of a test of `attribute`, a combination, or `segment`.
struct Condition {
  std::string attribute;  // attributes/{id}
  std::optional<AttributeValue> equals;
  std::vector<AttributeValue> one_of;
  std::optional<NumberTest> number;
  bool exists = false;
  std::string matches;  // RE2
  std::optional<VersionTest> version;
  std::vector<Condition> all_of, any_of, none_of;
  std::string segment;  // segments/{id}

  // Where it stands in the text that it was read from, in characters from 1; 0: in none. Not kept.
  std::int32_t column = 0;
};

template <class V>
void Fields(V& v, Condition& x) {
  v("attribute", x.attribute);
  v("equals", x.equals);
  v("one_of", x.one_of);
  v("number", x.number);
  v("exists", x.exists);
  v("matches", x.matches);
  v("version", x.version);
  v("all_of", x.all_of);
  v("any_of", x.any_of);
  v("none_of", x.none_of);
  v("segment", x.segment);
}

struct Segment {
  static constexpr std::string_view kCollection = "segments";
  ResourceMeta meta;
  std::vector<Condition> conditions;
  std::string description;
  std::string filter;
};

template <class V>
void Fields(V& v, Segment& x) {
  MetaFields(v, x.meta);
  v("conditions", x.conditions);
  v("description", x.description);
  v("filter", x.filter);
}

// Calls `visit` with every condition of the trees, parents first.
void VisitConditions(const std::vector<Condition>& conditions,
                     const std::function<void(const Condition&)>& visit);

// Text of a value as segments name it: `true`, `12.5`, or the string itself.
std::string AttributeText(const AttributeValue& value);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_ATTRIBUTE_H_
