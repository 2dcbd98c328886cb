// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

bool Hold(const std::vector<Condition>& conditions, const AttributeMap& attributes,
          const std::vector<Segment>& segments = {}) {
  const auto compiled = CompiledConditions::Compile(conditions, segments);
  EXPECT_THAT(compiled, IsOk());
  return compiled.ok() && compiled->Hold(attributes);
}

AttributeMap With(std::string_view id, AttributeValue value) {
  return {{std::string(id), std::move(value)}};
}
AttributeMap Country(std::string value) { return With("country", std::move(value)); }

// Tests of attributes/x.
Condition Equals(AttributeValue value) {
  return {.attribute = "attributes/x", .equals = std::move(value)};
}
Condition Number(Comparator comparator, double value) {
  return {.attribute = "attributes/x", .number = NumberTest{comparator, value}};
}
Condition Matches(std::string pattern) {
  return {.attribute = "attributes/x", .matches = std::move(pattern)};
}
Condition IsVersion(Comparator comparator, std::string value) {
  return {.attribute = "attributes/x", .version = VersionTest{comparator, std::move(value)}};
}

TEST(ConditionTest, NoConditionsHoldForEveryUnit) {
  EXPECT_TRUE(CompiledConditions().Hold(AttributeMap()));
  EXPECT_TRUE(Hold({}, {}));
}

TEST(ConditionTest, AValueEqualsOnlyOneOfItsType) {
  EXPECT_TRUE(Hold({Equals("5")}, With("x", "5")));
  EXPECT_FALSE(Hold({Equals("5")}, With("x", 5.0)));
  EXPECT_FALSE(Hold({Equals("5")}, With("x", "6")));
  EXPECT_TRUE(Hold({Equals(true)}, With("x", true)));
  EXPECT_FALSE(Hold({Equals(true)}, With("x", 1.0)));
  EXPECT_FALSE(Hold({Equals(true)}, With("x", "true")));
}

TEST(ConditionTest, NegativeZeroIsZero) {
  EXPECT_TRUE(Hold({Equals(0.0)}, With("x", -0.0)));
  EXPECT_TRUE(Hold({Number(Comparator::kEqual, -0.0)}, With("x", 0.0)));
  EXPECT_TRUE(Hold({{.attribute = "attributes/x", .one_of = {1.0, -0.0}}}, With("x", 0.0)));
}

TEST(ConditionTest, OneOfFindsEachOfItsValuesAndNoOther) {
  Condition condition{.attribute = "attributes/x"};
  for (int i = 999; i >= 0; --i) condition.one_of.emplace_back(std::to_string(2 * i));
  condition.one_of.emplace_back(7.0);
  condition.one_of.emplace_back(true);
  const auto compiled = CompiledConditions::Compile({condition}, {});
  ASSERT_THAT(compiled, IsOk());
  for (int i = 0; i < 2'000; ++i) {
    EXPECT_EQ(compiled->Hold(With("x", std::to_string(i))), i % 2 == 0) << i;
  }
  EXPECT_TRUE(compiled->Hold(With("x", 7.0)));
  EXPECT_FALSE(compiled->Hold(With("x", 8.0)));
  EXPECT_TRUE(compiled->Hold(With("x", true)));
  EXPECT_FALSE(compiled->Hold(With("x", false)));
}

TEST(ConditionTest, NumbersCompare) {
  struct Case {
    Comparator comparator;
    bool below, same, above;
  };
  for (const Case& c : {Case{Comparator::kLess, true, false, false},
                        {Comparator::kAtMost, true, true, false},
                        {Comparator::kGreater, false, false, true},
                        {Comparator::kAtLeast, false, true, true},
                        {Comparator::kEqual, false, true, false},
                        {Comparator::kComparatorUnspecified, false, false, false}}) {
    EXPECT_EQ(Hold({Number(c.comparator, 18)}, With("x", 17.5)), c.below) << EnumName(c.comparator);
    EXPECT_EQ(Hold({Number(c.comparator, 18)}, With("x", 18.0)), c.same) << EnumName(c.comparator);
    EXPECT_EQ(Hold({Number(c.comparator, 18)}, With("x", 19.0)), c.above) << EnumName(c.comparator);
  }
  EXPECT_FALSE(Hold({Number(Comparator::kAtLeast, 0)}, With("x", "5")));
  EXPECT_FALSE(Hold({Number(Comparator::kAtLeast, 0)}, With("x", true)));
}

TEST(ConditionTest, ExistsAsksForNoValue) {
  const Condition exists{.attribute = "attributes/x", .exists = true};
  EXPECT_TRUE(Hold({exists}, With("x", "")));
  EXPECT_TRUE(Hold({exists}, With("x", false)));
  EXPECT_FALSE(Hold({exists}, With("y", "")));
}

TEST(ConditionTest, APatternMatchesAPartUnlessItIsAnchored) {
  EXPECT_TRUE(Hold({Matches("ob")}, With("x", "mobile")));
  EXPECT_FALSE(Hold({Matches("^ob")}, With("x", "mobile")));
  EXPECT_TRUE(Hold({Matches("^[a-z]+$")}, With("x", "mobile")));
  EXPECT_TRUE(Hold({Matches("(?i)^đà.nẵng$")}, With("x", "ĐÀ NẴNG")));
  EXPECT_FALSE(Hold({Matches("5")}, With("x", 5.0)));
}

TEST(ConditionTest, VersionsCompareNumberByNumber) {
  // Each is below the next one.
  const std::vector<std::string> ordered = {"0", "1.9", "1.10", "1.10.0.1", "2", "4294967295"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      const AttributeMap unit = With("x", ordered[i]);
      EXPECT_EQ(Hold({IsVersion(Comparator::kLess, ordered[j])}, unit), i < j) << i << " " << j;
      EXPECT_EQ(Hold({IsVersion(Comparator::kAtMost, ordered[j])}, unit), i <= j) << i << " " << j;
      EXPECT_EQ(Hold({IsVersion(Comparator::kEqual, ordered[j])}, unit), i == j) << i << " " << j;
      EXPECT_EQ(Hold({IsVersion(Comparator::kAtLeast, ordered[j])}, unit), i >= j) << i << " " << j;
      EXPECT_EQ(Hold({IsVersion(Comparator::kGreater, ordered[j])}, unit), i > j) << i << " " << j;
    }
  }
  for (const std::string same : {"2.10", "v2.10.0-rc1", "2.10.0.0", "2.10+build.5", "002.010"}) {
    EXPECT_TRUE(Hold({IsVersion(Comparator::kEqual, "2.10")}, With("x", same))) << same;
  }
}

TEST(ConditionTest, AValueThatIsNoVersionFails) {
  for (const std::string text :
       {"", "v", "-1", "2.", ".2", "2..1", "2.x", "2 ", " 2", "1.2.3.4.5", "4294967296", "V2"}) {
    EXPECT_FALSE(Hold({IsVersion(Comparator::kAtLeast, "0")}, With("x", text))) << text;
    EXPECT_THAT(CheckVersion(text), testing::StatusIs(kInvalid, HasSubstr("one to four numbers")))
        << text;
  }
  EXPECT_FALSE(Hold({IsVersion(Comparator::kAtLeast, "0")}, With("x", 2.0)));
}

TEST(ConditionTest, FindsAnAttributeAmongFewAndAmongMany) {
  for (const int count : {1, 16, 17, 100}) {
    AttributeMap unit;
    for (int i = 1; i < count; ++i) unit.emplace(absl::StrCat("w", i), 1.0);
    EXPECT_FALSE(Hold({Equals("a")}, unit)) << count;
    unit.emplace("x", "a");
    EXPECT_TRUE(Hold({Equals("a")}, unit)) << count;
  }
}

TEST(ConditionTest, ATestOfAnAttributeThatTheUnitDoesNotHaveFails) {
  for (const Condition& test :
       {Equals("a"), Number(Comparator::kLess, 5), Matches("."), IsVersion(Comparator::kLess, "5"),
        Condition{.attribute = "attributes/x", .one_of = {"a"}}}) {
    EXPECT_FALSE(Hold({test}, Country("VN")));
    EXPECT_TRUE(Hold({{.none_of = {test}}}, Country("VN")));
  }
}

TEST(ConditionTest, CombinationsHoldForAllAnyOrNone) {
  const Condition yes = Equals("a"), no = Equals("b");
  const AttributeMap unit = With("x", "a");
  EXPECT_TRUE(Hold({yes, yes}, unit));
  EXPECT_FALSE(Hold({yes, no}, unit));
  EXPECT_TRUE(Hold({{.all_of = {yes, yes}}}, unit));
  EXPECT_FALSE(Hold({{.all_of = {yes, no}}}, unit));
  EXPECT_TRUE(Hold({{.any_of = {no, yes}}}, unit));
  EXPECT_FALSE(Hold({{.any_of = {no, no}}}, unit));
  EXPECT_TRUE(Hold({{.none_of = {no, no}}}, unit));
  EXPECT_FALSE(Hold({{.none_of = {no, yes}}}, unit));
  EXPECT_FALSE(Hold({{.none_of = {{.none_of = {no}}}}}, unit));
}

TEST(ConditionTest, ASegmentStandsForItsConditionsInEitherForm) {
  const std::vector<Segment> segments = {
      {.meta = {.name = "segments/adults"}, .filter = "x >= 18 AND country = VN"},
      {.meta = {.name = "segments/local"},
       .conditions = {{.attribute = "attributes/country", .equals = "VN"}}}};
  const AttributeMap adult = {{"x", 20.0}, {"country", "VN"}};
  EXPECT_TRUE(Hold({{.segment = "segments/adults"}}, adult, segments));
  EXPECT_FALSE(Hold({{.segment = "segments/adults"}}, Country("VN"), segments));
  EXPECT_TRUE(Hold({{.segment = "segments/local"}}, Country("VN"), segments));
  EXPECT_FALSE(Hold({{.none_of = {{.segment = "segments/local"}}}}, Country("VN"), segments));
}

TEST(ConditionTest, RefusesWhatItCannotEvaluate) {
  EXPECT_THAT(CompiledConditions::Compile({Matches("(a")}, {}),
              FailsWith(kInvalid, "INVALID_PATTERN", HasSubstr("missing ): (a")));
  EXPECT_THAT(CompiledConditions::Compile({IsVersion(Comparator::kLess, "x")}, {}),
              FailsWith(kInvalid, "INVALID_VERSION", HasSubstr("is \"x\"")));
  EXPECT_THAT(CompiledConditions::Compile({{.segment = "segments/gone"}}, {}),
              FailsWith(kInvalid, "UNKNOWN_SEGMENT", HasSubstr("segments/gone")));
  EXPECT_THAT(CompiledConditions::Compile({{.none_of = {Condition{}}}}, {}),
              FailsWith(kInvalid, "UNKNOWN_CONDITION", HasSubstr("nothing this program knows")));
}

// Patterns that take exponential time where a matcher backtracks. RE2 takes time in proportion to
// the text, so that whatever it accepts ends; what would be a large program it refuses.
TEST(ConditionTest, EvilPatternsAreRefusedOrEnd) {
  const std::string input = std::string(255, 'a') + "!";
  for (const std::string pattern : {"(a+)+$", "(\\w+\\s?)*$", "(a|aa)+$", "(a*)*b", "(.*a){20}$",
                                    "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "((a*)*)*$"}) {
    ASSERT_THAT(CheckPattern(pattern), IsOk()) << pattern;
    Hold({Matches(pattern)}, With("x", input));
  }
  for (const std::string pattern :
       {"a{1001}", "(a{1000}){1000}", "((a{100}){100}){100}", "(\\pL{1,500}\\pN{1,500}){1,2}"}) {
    EXPECT_THAT(CheckPattern(pattern),
                testing::StatusIs(kInvalid, HasSubstr("which RE2 refuses: ")))
        << pattern;
  }
}

}  // namespace
}  // namespace insightloop
