// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/condition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "engine/assignment/filter.h"
#include "engine/domain/error.h"
#include "engine/domain/text.h"
#include "re2/re2.h"

namespace insightloop {
namespace {

// What one pattern may take: a program of some 5,000 instructions and the states that RE2 caches.
// Patterns for attributes need a small part of it; a counted repeat that needs more is refused.
constexpr std::int64_t kPatternBytes = 256 << 10;

std::unique_ptr<const RE2> ReadPattern(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternBytes);
  options.set_never_capture(true);
  return std::make_unique<const RE2>(pattern, options);
}

std::string Refusal(const RE2& pattern) {
  return absl::StrCat("is ", Quoted(pattern.pattern()), ", which RE2 refuses: ", pattern.error(),
                      "; give a pattern in its syntax");
}

// Numbers from the most to the least significant.
using Version = std::array<std::uint32_t, 4>;

std::optional<Version> ReadVersion(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  text = text.substr(0, text.find_first_of("-+"));
  Version version{};
  const char* next = text.data();
  const char* const end = text.data() + text.size();
  for (std::uint32_t& number : version) {
    const auto [stop, error] = std::from_chars(next, end, number);
    if (error != std::errc()) return std::nullopt;
    if (stop == end) return version;
    if (*stop != '.') return std::nullopt;
    next = stop + 1;
  }
  return std::nullopt;
}

bool AreEqual(const AttributeValue& a, const AttributeValue& b) {
  if (a.index() != b.index()) return false;
  const auto* const text = std::get_if<std::string>(&a);
  return text != nullptr ? SameText(*text, *std::get_if<std::string>(&b)) : a == b;
}

template <class T>
bool Compares(Comparator comparator, const T& value, const T& with) {
  switch (comparator) {
    case Comparator::kLess:
      return value < with;
    case Comparator::kAtMost:
      return value <= with;
    case Comparator::kGreater:
      return value > with;
    case Comparator::kAtLeast:
      return value >= with;
    case Comparator::kEqual:
      return value == with;
    case Comparator::kComparatorUnspecified:
      break;
  }
  return false;
}

}  // namespace

// Children lie in one piece of memory.
struct CompiledConditions::Node {
  enum class Kind {
    // Of other nodes.
    kAllOf,
    kAnyOf,
    kNoneOf,
    kSegment,
    // Tests of an attribute.
    kEquals,
    kOneOf,
    kNumber,
    kExists,
    kMatches,
    kVersion
  };
  static bool IsTest(Kind kind) { return kind >= Kind::kEquals; }

  Kind kind{};
  Comparator comparator{};
  std::string attribute;  // id, of a test
  std::uint64_t attribute_hash = 0;
  std::vector<AttributeValue> values;  // sorted; of kEquals one
  double number = 0;
  Version version{};
  std::unique_ptr<const RE2> pattern;
  std::vector<Node> children;
  std::shared_ptr<const Node> segment;  // one for all that name it

  // What conditions are compiled with.
  struct Segments {
    std::span<const Segment> definitions;
    std::map<std::string, std::shared_ptr<const Node>, std::less<>> compiled;  // by name
  };
  static absl::StatusOr<Node> Combine(Kind kind, const std::vector<Condition>& conditions,
                                      Segments& segments);
  static absl::StatusOr<Node> Of(const Condition& condition, Segments& segments);
  static absl::StatusOr<Node> OfSegment(std::string_view name, Segments& segments);

  [[nodiscard]] bool Holds(const GivenAttributes& attributes) const;
  [[nodiscard]] bool HoldsTest(const GivenAttributes& attributes) const;
  [[nodiscard]] bool Passes(const AttributeValue& value) const;
  [[nodiscard]] bool PassesLong(const AttributeValue& value) const;
};

absl::StatusOr<CompiledConditions::Node> CompiledConditions::Node::Combine(
    Kind kind, const std::vector<Condition>& conditions, Segments& segments) {
  Node node{.kind = kind};
  node.children.reserve(conditions.size());
  for (const Condition& condition : conditions) {
    auto child = Of(condition, segments);
    if (!child.ok()) return child.status();
    node.children.push_back(*std::move(child));
  }
  if (node.children.size() != 1 || kind == Kind::kNoneOf) return node;
  return Node(std::move(node.children.front()));  // all or any of one is that one
}

absl::StatusOr<CompiledConditions::Node> CompiledConditions::Node::OfSegment(std::string_view name,
                                                                             Segments& segments) {
  if (const auto known = segments.compiled.find(name); known != segments.compiled.end()) {
    return Node{.kind = Kind::kSegment, .segment = known->second};
  }
  const auto segment = std::find_if(segments.definitions.begin(), segments.definitions.end(),
                                    [&](const Segment& x) { return x.meta.name == name; });
  if (segment == segments.definitions.end()) {
    return InvalidField("UNKNOWN_SEGMENT", "segment",
                        absl::StrCat("is ", Quoted(name), ", which was not given along"));
  }
  absl::StatusOr<std::vector<Condition>> conditions = segment->conditions;
  if (!segment->filter.empty()) conditions = ParseFilter("filter", segment->filter);
  if (!conditions.ok()) return conditions.status();
  Segments none;  // a segment names no other
  auto compiled = Combine(Kind::kAllOf, *conditions, none);
  if (!compiled.ok()) return compiled.status();
  auto shared = std::make_shared<const Node>(*std::move(compiled));
  segments.compiled.emplace(name, shared);
  return Node{.kind = Kind::kSegment, .segment = std::move(shared)};
}

absl::StatusOr<CompiledConditions::Node> CompiledConditions::Node::Of(const Condition& condition,
                                                                      Segments& segments) {
  if (!condition.all_of.empty()) return Combine(Kind::kAllOf, condition.all_of, segments);
  if (!condition.any_of.empty()) return Combine(Kind::kAnyOf, condition.any_of, segments);
  if (!condition.none_of.empty()) return Combine(Kind::kNoneOf, condition.none_of, segments);
  if (!condition.segment.empty()) return OfSegment(condition.segment, segments);

  const HashedName attribute(IdOf(condition.attribute));
  Node test{.attribute = std::string(attribute.text), .attribute_hash = attribute.hash};
  if (condition.equals.has_value()) {
    test.kind = Kind::kEquals;
    test.values = {*condition.equals};
  } else if (!condition.one_of.empty()) {
    test.kind = Kind::kOneOf;
    test.values = condition.one_of;
    std::sort(test.values.begin(), test.values.end());
  } else if (condition.number.has_value()) {
    test.kind = Kind::kNumber;
    test.comparator = condition.number->comparator;
    test.number = condition.number->value;
  } else if (condition.exists) {
    test.kind = Kind::kExists;
  } else if (!condition.matches.empty()) {
    test.kind = Kind::kMatches;
    test.pattern = ReadPattern(condition.matches);
    if (!test.pattern->ok()) {
      return InvalidField("INVALID_PATTERN", "matches", Refusal(*test.pattern));
    }
  } else if (condition.version.has_value()) {
    test.kind = Kind::kVersion;
    test.comparator = condition.version->comparator;
    if (const auto status = CheckVersion(condition.version->value); !status.ok()) {
      return InvalidField("INVALID_VERSION", "version.value", std::string(status.message()));
    }
    test.version = *ReadVersion(condition.version->value);
  } else {
    // Such as one of a newer server.
    return InvalidField("UNKNOWN_CONDITION", "conditions",
                        "have one that asks nothing this program knows; use a newer one");
  }
  return test;
}

// A value of another type than the test's passes none.
inline bool CompiledConditions::Node::Passes(const AttributeValue& value) const {
  if (kind == Kind::kEquals) return AreEqual(value, values.front());
  if (kind == Kind::kNumber) {
    const auto* given = std::get_if<double>(&value);
    return given != nullptr && Compares(comparator, *given, number);
  }
  return kind == Kind::kExists || PassesLong(value);
}

// Of a test.
inline bool CompiledConditions::Node::HoldsTest(const GivenAttributes& attributes) const {
  const AttributeValue* const value = attributes.Find({attribute, attribute_hash});
  return value != nullptr && Passes(*value);
}

bool CompiledConditions::Node::Holds(const GivenAttributes& attributes) const {
  if (kind == Kind::kSegment) return segment->Holds(attributes);
  if (IsTest(kind)) return HoldsTest(attributes);
  // The first child that holds, or that does not hold of kAllOf, decides.
  for (const Node& child : children) {
    const bool holds = IsTest(child.kind) ? child.HoldsTest(attributes) : child.Holds(attributes);
    if (holds != (kind == Kind::kAllOf)) return kind == Kind::kAnyOf;
  }
  return kind != Kind::kAnyOf;
}

// The tests that take longer than a call.
[[gnu::noinline]] bool CompiledConditions::Node::PassesLong(const AttributeValue& value) const {
  switch (kind) {
    case Kind::kOneOf:
      return std::binary_search(values.begin(), values.end(), value);
    case Kind::kMatches: {
      const auto* text = std::get_if<std::string>(&value);
      return text != nullptr && RE2::PartialMatch(*text, *pattern);
    }
    case Kind::kVersion: {
      const auto* text = std::get_if<std::string>(&value);
      const auto given = text == nullptr ? std::nullopt : ReadVersion(*text);
      return given.has_value() && Compares(comparator, *given, version);
    }
    default:
      return false;  // the others are not long
  }
}

CompiledConditions::CompiledConditions() = default;

CompiledConditions::CompiledConditions(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

absl::StatusOr<CompiledConditions> CompiledConditions::Compile(
    const std::vector<Condition>& conditions, std::span<const Segment> segments) {
  if (conditions.empty()) return CompiledConditions();
  Node::Segments with{.definitions = segments, .compiled = {}};
  auto root = Node::Combine(Node::Kind::kAllOf, conditions, with);
  if (!root.ok()) return root.status();
  return CompiledConditions(std::make_shared<const Node>(*std::move(root)));
}

// Flat, as Assigner::AskOnce is.
[[gnu::flatten]] bool CompiledConditions::Hold(const GivenAttributes& attributes) const {
  return root_ == nullptr || root_->Holds(attributes);
}

absl::Status CheckPattern(std::string_view pattern) {
  const auto read = ReadPattern(pattern);
  return read->ok() ? absl::OkStatus() : absl::InvalidArgumentError(Refusal(*read));
}

absl::Status CheckVersion(std::string_view version) {
  if (ReadVersion(version).has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("is ", Quoted(version), "; give one to four numbers with dots, such as 2.10.1"));
}

}  // namespace insightloop
