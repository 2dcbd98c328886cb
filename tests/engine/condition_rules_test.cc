// SPDX-License-Identifier: Apache-2.0
//
// The rules on conditions in both forms, as callers meet them: through segments and experiments.

#include "engine/condition_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "engine/sealing.h"
#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

Condition Region(AttributeValue value) {
  return {.attribute = "attributes/region", .equals = std::move(value)};
}

class ConditionRulesTest : public testing::EngineTest {
 protected:
  void SetUp() override {
    MakeDefinitions();
    Make("region", Attribute{.value_type = ValueType::kString});
    Make("age", Attribute{.value_type = ValueType::kNumber});
    Make("consent", Attribute{.value_type = ValueType::kBoolean});
    Make("local", Segment{.conditions = {Region("VN")}});
  }

  absl::Status Eligible(std::vector<Condition> eligibility) {
    Experiment experiment = AnExperiment();
    experiment.eligibility = std::move(eligibility);
    return resources_->Create<Experiment>(By("Create"), "", experiment).status();
  }
  absl::Status EligibleByText(std::string text) {
    Experiment experiment = AnExperiment();
    experiment.eligibility_filter = std::move(text);
    return resources_->Create<Experiment>(By("Create"), "", experiment).status();
  }
  absl::Status Member(const Segment& segment) {
    return resources_->Create<Segment>(By("Create"), "", segment).status();
  }
};

TEST_F(ConditionRulesTest, TakesEveryKindOfConditionInBothForms) {
  const Condition old{.attribute = "attributes/age", .number = NumberTest{Comparator::kLess, 30}};
  EXPECT_THAT(
      Eligible({Region("VN"),
                {.any_of = {old,
                            {.attribute = "attributes/region", .one_of = {"VN", "TH"}},
                            {.attribute = "attributes/consent", .exists = true},
                            {.attribute = "attributes/region", .matches = "^V"},
                            {.attribute = "attributes/region",
                             .version = VersionTest{Comparator::kAtLeast, "2.10"}},
                            {.none_of = {{.segment = "segments/local"}, {.all_of = {old}}}}}}}),
      IsOk());
  EXPECT_THAT(EligibleByText("region = VN AND (age < 30 OR in(region, VN, TH) OR consent:* OR "
                             "matches(region, '^V') OR version(region) >= '2.10' OR "
                             "NOT segment(local))"),
              IsOk());
  EXPECT_THAT(Member({.filter = "consent = true"}), IsOk());
}

TEST_F(ConditionRulesTest, TakesOneFormOnly) {
  EXPECT_THAT(Member({.conditions = {Region("VN")}, .filter = "age > 1"}),
              FailsWith(kInvalid, "BOTH_FORMS",
                        "filter: is given, and so is conditions; give one of them"));
  Experiment experiment = AnExperiment();
  experiment.eligibility = {Region("VN")};
  experiment.eligibility_filter = "age > 1";
  EXPECT_THAT(resources_->Create<Experiment>(By("Create"), "", experiment),
              FailsWith(kInvalid, "BOTH_FORMS", HasSubstr("eligibility_filter: is given")));
}

TEST_F(ConditionRulesTest, ASegmentNeedsOneForm) {
  EXPECT_THAT(Member({}), FailsWith(kInvalid, "TOO_FEW", HasSubstr("conditions: has 0 items")));
  EXPECT_THAT(Member({.filter = " "}), FailsWith(kInvalid, "FIELD_REQUIRED", HasSubstr("filter:")));
}

TEST_F(ConditionRulesTest, ASegmentNamesNoSegment) {
  EXPECT_THAT(
      Member({.conditions = {{.none_of = {{.segment = "segments/local"}}}}}),
      FailsWith(kInvalid, "NESTED_SEGMENT", HasSubstr("conditions[0].none_of[0].segment: is")));
  EXPECT_THAT(Member({.filter = "age > 1 AND segment(local)"}),
              FailsWith(kInvalid, "NESTED_SEGMENT", HasSubstr("filter: column 21: is")));
}

TEST_F(ConditionRulesTest, AConditionIsExactlyOneThing) {
  EXPECT_THAT(Eligible({{}}), FailsWith(kInvalid, "FIELD_REQUIRED",
                                        HasSubstr("eligibility[0].attribute: is empty; give")));
  EXPECT_THAT(
      Eligible({{.attribute = "attributes/age"}}),
      FailsWith(kInvalid, "FIELD_REQUIRED", HasSubstr("eligibility[0].equals: is not set")));
  EXPECT_THAT(Eligible({{.equals = 5.0}}),
              FailsWith(kInvalid, "FIELD_REQUIRED", HasSubstr("eligibility[0].attribute")));
  EXPECT_THAT(
      Eligible({Region("VN"),
                {.any_of = {{.attribute = "attributes/region", .equals = "a", .matches = "b"}}}}),
      FailsWith(kInvalid, "AMBIGUOUS_CONDITION",
                HasSubstr("eligibility[1].any_of[0]: has equals and matches; give one")));
  EXPECT_THAT(Eligible({{.attribute = "attributes/region", .segment = "segments/local"}}),
              FailsWith(kInvalid, "AMBIGUOUS_CONDITION",
                        HasSubstr("eligibility[0].attribute: is \"attributes/region\" beside "
                                  "segment; leave one of them out")));
  EXPECT_THAT(Eligible({{.any_of = {Region("a")}, .none_of = {Region("b")}}}),
              FailsWith(kInvalid, "AMBIGUOUS_CONDITION", HasSubstr("any_of and none_of")));
}

TEST_F(ConditionRulesTest, TestsNeedSoundValues) {
  const auto refused = [&](Condition condition, const char* reason, const char* message) {
    EXPECT_THAT(Eligible({{.any_of = {Region("VN"), std::move(condition)}}}),
                FailsWith(kInvalid, reason, HasSubstr(message)));
  };
  const std::string region = "attributes/region", age = "attributes/age";
  refused({.attribute = region, .matches = "(a"}, "INVALID_PATTERN",
          "eligibility[0].any_of[1].matches: is \"(a\", which RE2 refuses: missing ): (a");
  refused({.attribute = region, .matches = std::string(257, 'a')}, "TEXT_TOO_LONG",
          "eligibility[0].any_of[1].matches: is \"aaa");
  refused({.attribute = region, .version = VersionTest{Comparator::kLess, "two"}},
          "INVALID_VERSION",
          "eligibility[0].any_of[1].version.value: is \"two\"; give one to four");
  refused({.attribute = region, .version = VersionTest{.value = "2"}}, "FIELD_REQUIRED",
          "eligibility[0].any_of[1].version.comparator: is not set; give one such as LESS");
  refused({.attribute = age, .number = NumberTest{.value = 2}}, "FIELD_REQUIRED",
          "eligibility[0].any_of[1].number.comparator: is not set");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  refused({.attribute = age, .number = NumberTest{Comparator::kLess, kInfinity}}, "OUT_OF_RANGE",
          "eligibility[0].any_of[1].number.value: is inf");
  refused({.attribute = age, .one_of = {1.0, kInfinity}}, "OUT_OF_RANGE",
          "eligibility[0].any_of[1].one_of[1]: is inf");
  refused({.attribute = region, .one_of = std::vector<AttributeValue>(1'001, "a")}, "TOO_MANY",
          "eligibility[0].any_of[1].one_of: has 1001 items; give 1 to 1000");
  EXPECT_THAT(EligibleByText("consent:* AND matches(region, '(a')"),
              FailsWith(kInvalid, "INVALID_PATTERN",
                        HasSubstr("eligibility_filter: column 23: is \"(a\", which RE2 refuses")));
  EXPECT_THAT(
      EligibleByText("version(region) < 'x'"),
      FailsWith(kInvalid, "INVALID_VERSION", HasSubstr("eligibility_filter: column 9: is \"x\"")));
}

TEST_F(ConditionRulesTest, TreesHaveLimits) {
  Condition deep = Region("VN");
  for (int level = 2; level <= 10; ++level) deep = Condition{.none_of = {deep}};
  EXPECT_THAT(Eligible({deep}), IsOk());
  EXPECT_THAT(
      Eligible({{.all_of = {deep}}}),
      FailsWith(kInvalid, "TOO_DEEP", HasSubstr("none_of[0]: is 11 levels deep; give at most 10")));
  EXPECT_THAT(Eligible(std::vector<Condition>(21, Region("VN"))),
              FailsWith(kInvalid, "TOO_MANY", HasSubstr("eligibility: has 21 items")));
  EXPECT_THAT(Eligible({{.any_of = std::vector<Condition>(199, Region("VN"))}}), IsOk());
  EXPECT_THAT(Eligible({{.any_of = std::vector<Condition>(200, Region("VN"))}}),
              FailsWith(kInvalid, "TOO_MANY",
                        HasSubstr("eligibility: has 201 conditions in all; give at most 200")));
}

TEST_F(ConditionRulesTest, TextsHaveLimits) {
  std::string many = "age:*";
  for (int i = 1; i < 200; ++i) many += " OR age:*";  // with the list itself 201
  EXPECT_THAT(EligibleByText(many),
              FailsWith(kInvalid, "TOO_MANY", HasSubstr("eligibility_filter: has 201 conditions")));
  EXPECT_THAT(EligibleByText("age = 1" + std::string(1'994, ' ')),
              FailsWith(kInvalid, "TEXT_TOO_LONG", HasSubstr("(2001 bytes); give at most 2000")));
  EXPECT_THAT(EligibleByText("region = \"\xFF\""),
              FailsWith(kInvalid, "INVALID_UTF8", HasSubstr("eligibility_filter")));
  std::string deep = "age:*";
  for (int i = 0; i < 10; ++i) deep.insert(0, "NOT (").push_back(')');
  EXPECT_THAT(EligibleByText(deep),
              FailsWith(kInvalid, "TOO_DEEP",
                        HasSubstr("eligibility_filter: column 51: is 11 levels deep")));
}

TEST_F(ConditionRulesTest, AMistakeInATextKeepsItsColumnAsMetadata) {
  const auto status = EligibleByText("age = ");
  EXPECT_THAT(status, FailsWith(kInvalid, "INVALID_FILTER",
                                HasSubstr("eligibility_filter: column 7: found the end")));
  EXPECT_EQ(DetailsOf(status).metadata.at("column"), "7");
  EXPECT_EQ(DetailsOf(status).metadata.at("field"), "eligibility_filter");
}

TEST_F(ConditionRulesTest, ValuesAreOfTheAttributesType) {
  const auto refused = [&](Condition condition, const char* message) {
    EXPECT_THAT(Eligible({{.any_of = {std::move(condition)}}}),
                FailsWith(kInvalid, "WRONG_ATTRIBUTE_TYPE", HasSubstr(message)));
  };
  const std::string region = "attributes/region", age = "attributes/age";
  refused(Region(5.0),
          "eligibility[0].any_of[0].equals: is \"5\"; attributes/region takes a STRING");
  refused({.attribute = age, .one_of = {5.0, "6"}},
          "eligibility[0].any_of[0].one_of[1]: is \"6\"; attributes/age takes a NUMBER");
  refused({.attribute = region, .number = NumberTest{Comparator::kLess, 5}},
          "eligibility[0].any_of[0].number: compares numbers; attributes/region takes a STRING");
  refused({.attribute = age, .matches = "5"},
          "eligibility[0].any_of[0].matches: matches texts; attributes/age takes a NUMBER");
  refused({.attribute = age, .version = VersionTest{Comparator::kLess, "5"}},
          "eligibility[0].any_of[0].version: compares versions in texts; attributes/age takes");
}

TEST_F(ConditionRulesTest, ATextsValuesAreOfTheAttributesType) {
  const auto refused = [&](const char* text, const char* message) {
    EXPECT_THAT(EligibleByText(text),
                FailsWith(kInvalid, "WRONG_ATTRIBUTE_TYPE", HasSubstr(message)))
        << text;
  };
  refused("consent = true AND region = 5",
          "eligibility_filter: column 20: is \"5\"; attributes/region takes a STRING: put it in "
          "quotes");
  refused("age != old",
          "eligibility_filter: column 1: is \"old\"; attributes/age takes a NUMBER: write one "
          "without quotes");
  refused("NOT in(consent, true, 'false')", "eligibility_filter: column 8: is \"false\"");
  refused("region < 5", "eligibility_filter: column 1: compares numbers; attributes/region takes");
  refused("matches(age, '5')", "eligibility_filter: column 9: matches texts");
}

TEST_F(ConditionRulesTest, WhatIsNamedMustExist) {
  constexpr auto kNotFound = absl::StatusCode::kNotFound;
  EXPECT_THAT(
      Eligible({{.none_of = {{.attribute = "attributes/gone", .exists = true}}}}),
      FailsWith(kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("eligibility[0].none_of[0].attribute")));
  EXPECT_THAT(
      Eligible({{.segment = "segments/gone"}}),
      FailsWith(kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("eligibility[0].segment: \"segments/")));
  EXPECT_THAT(Eligible({{.segment = "layers/mail"}}),
              FailsWith(kInvalid, "INVALID_NAME", HasSubstr("eligibility[0].segment")));
  EXPECT_THAT(EligibleByText("gone = 1"), FailsWith(kNotFound, "RESOURCE_NOT_FOUND",
                                                    HasSubstr("eligibility_filter: column 1: "
                                                              "\"attributes/gone\" does not")));
  EXPECT_THAT(EligibleByText("age = 1 OR segment(gone)"),
              FailsWith(kNotFound, "RESOURCE_NOT_FOUND",
                        HasSubstr("eligibility_filter: column 20: \"segments/gone\"")));
}

TEST_F(ConditionRulesTest, WhatATextNamesCannotBeDeleted) {
  EXPECT_THAT(EligibleByText("NOT segment(local) AND age > 5"), IsOk());
  for (const char* name : {"segments/local", "attributes/age"}) {
    const auto status = std::string_view(name).starts_with("segments")
                            ? resources_->Delete<Segment>(By("Delete"), name, "")
                            : resources_->Delete<Attribute>(By("Delete"), name, "");
    EXPECT_THAT(status,
                FailsWith(absl::StatusCode::kFailedPrecondition, "IN_USE", HasSubstr(name)));
  }
}

TEST_F(ConditionRulesTest, AnExternalExperimentHasNoEligibilityInEitherForm) {
  Experiment experiment = AnExternalExperiment();
  experiment.eligibility_filter = "age > 5";
  EXPECT_THAT(resources_->Create<Experiment>(By("Create"), "", experiment),
              FailsWith(kInvalid, "NOT_FOR_EXTERNAL", HasSubstr("eligibility_filter: is set")));
}

TEST_F(ConditionRulesTest, APlanSealsWhatItsConditionsName) {
  Make("adults", Segment{.filter = "age >= 18"});
  Experiment experiment = AnExperiment();
  experiment.eligibility_filter = "segment(local) AND NOT segment(adults) AND consent = true";
  const Experiment made = Make("sealed", experiment);
  const auto status = store_->Write(
      {.actor = "tester", .method = "Seal", .time = clock_.Now()},
      [&](ResourceStore::Transaction& store) {
        const auto plan = MakeSealedPlan(made, store);
        if (!plan.ok()) return plan.status();
        EXPECT_EQ(plan->eligibility_filter, experiment.eligibility_filter);
        const auto names = [](const auto& definitions) {
          std::vector<std::string> list;
          list.reserve(definitions.size());
          for (const auto& definition : definitions) list.push_back(definition.meta.name);
          return list;
        };
        EXPECT_THAT(names(plan->segments),
                    ::testing::ElementsAre("segments/adults", "segments/local"));
        EXPECT_THAT(
            names(plan->attributes),
            ::testing::ElementsAre("attributes/age", "attributes/consent", "attributes/region"));
        return absl::OkStatus();
      });
  EXPECT_THAT(status, IsOk());
}

TEST_F(ConditionRulesTest, ConditionsComeFromWhicheverFormThereIs) {
  EXPECT_TRUE(ConditionsOf({}, "")->empty());
  EXPECT_EQ(ConditionsOf({Region("VN")}, "")->size(), 1U);
  EXPECT_EQ(ConditionsOf({}, "age > 5 AND age < 9")->size(), 2U);
  EXPECT_EQ(ConditionsOf({}, "age >").status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace insightloop
