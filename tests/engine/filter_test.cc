// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/domain/json.h"
#include "engine/domain/limits.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using testing::FailsWith;
using testing::IsOk;

// The conditions as JSON, or the error.
std::string Read(std::string_view text) {
  const auto conditions = ParseFilter("filter", text);
  if (!conditions.ok()) return conditions.status().ToString();
  Json list = Json::array();
  for (const Condition& condition : *conditions) list.push_back(ToJson(condition));
  return list.dump();
}

std::string Column(const absl::Status& status) { return DetailsOf(status).metadata["column"]; }

TEST(FilterTest, AnEmptyTextHasNoConditions) {
  EXPECT_EQ(Read(""), "[]");
  EXPECT_EQ(Read(" \t\n"), "[]");
}

TEST(FilterTest, ReadsEveryTest) {
  EXPECT_EQ(Read(R"(a = "x")"), R"([{"attribute":"attributes/a","equals":"x"}])");
  EXPECT_EQ(Read("a=x"), R"([{"attribute":"attributes/a","equals":"x"}])");
  EXPECT_EQ(Read("a = 'x'"), R"([{"attribute":"attributes/a","equals":"x"}])");
  EXPECT_EQ(Read("a = true"), R"([{"attribute":"attributes/a","equals":true}])");
  EXPECT_EQ(Read("a = false"), R"([{"attribute":"attributes/a","equals":false}])");
  EXPECT_EQ(Read("a = -1.5e3"), R"([{"attribute":"attributes/a","equals":-1500.0}])");
  EXPECT_EQ(Read("a != x"), R"([{"none_of":[{"attribute":"attributes/a","equals":"x"}]}])");
  EXPECT_EQ(Read("a < 5"),
            R"([{"attribute":"attributes/a","number":{"comparator":"LESS","value":5.0}}])");
  EXPECT_EQ(Read("a<=5"),
            R"([{"attribute":"attributes/a","number":{"comparator":"AT_MOST","value":5.0}}])");
  EXPECT_EQ(Read("a > -5"),
            R"([{"attribute":"attributes/a","number":{"comparator":"GREATER","value":-5.0}}])");
  EXPECT_EQ(Read("a >= .5"),
            R"([{"attribute":"attributes/a","number":{"comparator":"AT_LEAST","value":0.5}}])");
  EXPECT_EQ(Read("a:*"), R"([{"attribute":"attributes/a","exists":true}])");
  EXPECT_EQ(Read("in(a, x, \"y\", 2, true)"),
            R"([{"attribute":"attributes/a","one_of":["x","y",2.0,true]}])");
  EXPECT_EQ(Read(R"re(matches(a, "^x+$"))re"),
            R"([{"attribute":"attributes/a","matches":"^x+$"}])");
  EXPECT_EQ(Read(R"(version(a) >= "2.10")"),
            R"([{"attribute":"attributes/a","version":{"comparator":"AT_LEAST","value":"2.10"}}])");
  EXPECT_EQ(
      Read("version(a) != '2'"),
      R"([{"none_of":[{"attribute":"attributes/a","version":{"comparator":"EQUAL","value":"2"}}]}])");
  EXPECT_EQ(Read("segment(big-spenders)"), R"([{"segment":"segments/big-spenders"}])");
  EXPECT_EQ(Read("segment(\"vip\")"), R"([{"segment":"segments/vip"}])");
}

TEST(FilterTest, ATextTakesEscapedQuotesAndBackslashes) {
  EXPECT_EQ(Read(R"(a = "x\"y\\z\'")"), R"([{"attribute":"attributes/a","equals":"x\"y\\z'"}])");
  EXPECT_EQ(Read(R"(a = 'say "AND"')"), R"([{"attribute":"attributes/a","equals":"say \"AND\""}])");
  EXPECT_EQ(Read(R"(a = "")"), R"([{"attribute":"attributes/a","equals":""}])");
  EXPECT_EQ(Read("a = \"Hà Nội\""), R"([{"attribute":"attributes/a","equals":"Hà Nội"}])");
}

// The table of docs/assignment.md.
TEST(FilterTest, BothFormsSayTheSame) {
  const auto same = [](std::string_view text, std::string_view tree) {
    EXPECT_EQ(Read(text), Json::array({Json::parse(tree)}).dump()) << text;
  };
  same(R"(country = "VN")", R"({"attribute": "attributes/country", "equals": "VN"})");
  same(R"(country != "VN")",
       R"({"none_of": [{"attribute": "attributes/country", "equals": "VN"}]})");
  same(R"re(in(country, "VN", "TH"))re",
       R"({"attribute": "attributes/country", "one_of": ["VN", "TH"]})");
  same(R"(age >= 18)",
       R"({"attribute": "attributes/age", "number": {"comparator": "AT_LEAST", "value": 18.0}})");
  same(R"(consent:*)", R"({"attribute": "attributes/consent", "exists": true})");
  same(R"re(matches(email, "@example\\.com$"))re",
       R"({"attribute": "attributes/email", "matches": "@example\\.com$"})");
  same(
      R"(version(app) >= "2.10")",
      R"({"attribute": "attributes/app", "version": {"comparator": "AT_LEAST", "value": "2.10"}})");
  same(R"(segment(vip))", R"({"segment": "segments/vip"})");
}

// https://google.aip.dev/160: "the OR operator has higher precedence than AND".
TEST(FilterTest, OrBindsTighterThanAnd) {
  EXPECT_EQ(Read("a:* AND b:* OR c:*"), Read("a:* AND (b:* OR c:*)"));
  EXPECT_EQ(Read("a:* OR b:* AND c:*"), R"([{"any_of":[{"attribute":"attributes/a","exists":true},)"
                                        R"({"attribute":"attributes/b","exists":true}]},)"
                                        R"({"attribute":"attributes/c","exists":true}])");
  EXPECT_EQ(Read("(a:* AND b:*) OR c:*"),
            R"([{"any_of":[{"all_of":[{"attribute":"attributes/a","exists":true},)"
            R"({"attribute":"attributes/b","exists":true}]},)"
            R"({"attribute":"attributes/c","exists":true}]}])");
}

TEST(FilterTest, NotAndMinusNegateWhatFollows) {
  EXPECT_EQ(Read("NOT a:* AND b:*"), R"([{"none_of":[{"attribute":"attributes/a","exists":true}]},)"
                                     R"({"attribute":"attributes/b","exists":true}])");
  EXPECT_EQ(Read("-a:*"), Read("NOT a:*"));
  EXPECT_EQ(Read("-(a:* OR b:*)"), Read("NOT (a:* OR b:*)"));
}

TEST(FilterTest, ChainsAreOneListHoweverTheyAreParenthesised) {
  EXPECT_EQ(Read("a:* AND (b:* AND c:*)"), Read("a:* AND b:* AND c:*"));
  EXPECT_EQ(Read("((a:* AND b:*))"), Read("a:* AND b:*"));
  EXPECT_EQ(Read("(a:* OR (b:* OR c:*))"), Read("a:* OR b:* OR c:*"));
}

TEST(FilterTest, WordsOfTheLanguageMayNameAttributes) {
  EXPECT_EQ(Read("in = version"), R"([{"attribute":"attributes/in","equals":"version"}])");
  EXPECT_EQ(Read("not = or AND and = not"), R"([{"attribute":"attributes/not","equals":"or"},)"
                                            R"({"attribute":"attributes/and","equals":"not"}])");
}

TEST(FilterTest, EveryConditionKnowsItsColumn) {
  const auto conditions = ParseFilter("f", "b = \"Đà\" AND (NOT c:* OR in(d, 1))");
  ASSERT_THAT(conditions, IsOk());
  std::vector<std::pair<std::string, int>> columns;
  VisitConditions(*conditions, [&](const Condition& condition) {
    columns.emplace_back(condition.attribute, condition.column);
  });
  // Counted by hand in the text above; a combination stands where its first part does.
  EXPECT_THAT(columns, ::testing::ElementsAre(std::pair("attributes/b", 1), std::pair("", 15),
                                              std::pair("", 15), std::pair("attributes/c", 19),
                                              std::pair("attributes/d", 29)));
}

TEST(FilterTest, AMistakeNamesItsColumnWhatWasFoundAndWhatWasExpected) {
  constexpr const char* kValue = "a value: a number, true, false or a text in quotes";
  constexpr const char* kAttribute =
      "the id of an attribute: lower-case letters, digits and hyphens";
  constexpr const char* kCondition = "a condition such as country = \"VN\"";
  constexpr const char* kNumber = "a number (versions compare as in version(app) >= \"2.10\")";
  // Texts, with their messages after "filter: ".
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"country = \"\" AND", std::string("column 17: found the end, expected ") + kCondition},
      {"country =", std::string("column 10: found the end, expected ") + kValue},
      // As in docs/assignment.md.
      {"country = AND age = 1", std::string("column 11: found \"AND\", expected ") + kValue},
      {"country    = AND age = 1", std::string("column 14: found \"AND\", expected ") + kValue},
      {"a = Hà", std::string("column 5: found \"Hà\", expected ") + kValue},
      {"b = \"Hà\" AND a = %", std::string("column 18: found \"%\", expected ") + kValue},
      {"a = 1e999", std::string("column 5: found \"1e999\", expected ") + kValue},
      {"a = 2.10.1", std::string("column 5: found \"2.10.1\", expected ") + kValue},
      {"a == 1", std::string("column 4: found \"=\", expected ") + kValue},
      {"a = -b", std::string("column 5: found \"-\", expected ") + kValue},
      {"a", "column 2: found the end, expected =, !=, <, <=, >, >= or :*"},
      {"a ! 1", "column 3: found \"!\", expected =, !=, <, <=, >, >= or :*"},
      {"a is 1", "column 3: found \"is\", expected =, !=, <, <=, >, >= or :*"},
      {"a : 1", "column 5: found \"1\", expected \"*\""},
      {"a < \"5\"", std::string("column 5: found the text \"5\", expected ") + kNumber},
      {"a >= nan", std::string("column 6: found \"nan\", expected ") + kNumber},
      {"= 1", std::string("column 1: found \"=\", expected ") + kCondition},
      {"\"a\" = 1", std::string("column 1: found the text \"a\", expected ") + kCondition},
      {"Country = 1", std::string("column 1: found \"Country\", expected ") + kAttribute},
      {"attributes/a = 1", std::string("column 1: found \"attributes/a\", expected ") + kAttribute},
      {"a = 1 and b = 2", "column 7: found \"and\", expected AND, OR or the end; write AND"},
      {"(a = 1 Or b = 2)", "column 8: found \"Or\", expected AND, OR or \")\"; write OR"},
      {"not a = 1", "column 1: found \"not\", expected a condition; write NOT to negate one"},
      {"a = 1 b = 2", "column 7: found \"b\", expected AND, OR or the end"},
      {"a = 1)", "column 6: found \")\", expected AND, OR or the end"},
      {"(a = 1", "column 7: found the end, expected AND, OR or \")\""},
      {"()", std::string("column 2: found \")\", expected ") + kCondition},
      {"NOT NOT a = 1", std::string("column 5: found \"NOT\", expected ") + kCondition},
      {"a = \"x", "column 5: found a text that does not end, expected another \""},
      {"a = 'x\"", "column 5: found a text that does not end, expected another '"},
      {"a = \"x\\d\"", R"(column 7: found a backslash by itself, expected \\, \" or \')"},
      {"B = \"x", std::string("column 1: found \"B\", expected ") + kAttribute},
      {"in(a)", "column 5: found \")\", expected \",\""},
      {"in(a, )", std::string("column 7: found \")\", expected ") + kValue},
      {"in(\"a\", 1)", std::string("column 4: found the text \"a\", expected ") + kAttribute},
      {"matches(a, b)", "column 12: found \"b\", expected a regular expression in quotes"},
      {"matches(a, \"\")",
       "column 12: found the text \"\", expected a regular expression in quotes"},
      {"version(a) >= 2.10",
       "column 15: found \"2.10\", expected a version in quotes such as \"2.10\""},
      {"version(a):*", "column 11: found \":\", expected =, !=, <, <=, > or >="},
      {"segment(Vip)", "column 9: found \"Vip\", expected the id of a segment"},
      {"segment(a, b)", "column 10: found \",\", expected \")\""},
      {"starts(a, \"b\")",
       "column 1: found \"starts\", expected one of the functions in, matches, version and "
       "segment"},
  };
  for (const auto& [text, message] : cases) {
    const auto conditions = ParseFilter("filter", text);
    EXPECT_THAT(conditions, FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FILTER",
                                      ::testing::Eq("filter: " + message)))
        << text;
    const ErrorDetails details = DetailsOf(conditions.status());
    EXPECT_EQ(details.metadata.at("field"), "filter");
    EXPECT_EQ(message.rfind("column " + details.metadata.at("column") + ":", 0), 0U) << text;
    ASSERT_EQ(details.violations.size(), 1U);
    EXPECT_EQ(details.violations[0].field, "filter");
    EXPECT_EQ(details.violations[0].description, message);
  }
}

TEST(FilterTest, ParenthesesGoNoDeeperThanTheLimit) {
  const std::size_t most = Limits{}.max_condition_depth;
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "a:*" + std::string(depth, ')');
  };
  EXPECT_THAT(ParseFilter("f", nested(most)), IsOk());
  const auto deeper = ParseFilter("f", nested(most + 1));
  EXPECT_THAT(deeper, FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FILTER",
                                ::testing::HasSubstr("at most 10 parentheses in one another")));
  EXPECT_EQ(Column(deeper.status()), "11");
  EXPECT_EQ(Column(ParseFilter("f", std::string(100'000, '(')).status()), "11");
  std::string negated;
  for (int i = 0; i < 100'000; ++i) negated += "NOT (";
  EXPECT_EQ(Column(ParseFilter("f", negated).status()), "55");  // behind ten times five characters
}

// What must be so of any text: it is read, or refused with a column within it or just behind it.
void CheckAnyText(const std::string& text) {
  const auto conditions = ParseFilter("f", text);
  if (conditions.ok()) return;
  RC_ASSERT(DetailsOf(conditions.status()).reason == "INVALID_FILTER");
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  const int column = std::atoi(Column(conditions.status()).c_str());
  RC_ASSERT(column >= 1);
  RC_ASSERT(column <= characters + 1);
}

RC_GTEST_PROP(FilterProperties, AnyBytesAreReadOrRefused, (const std::string& text)) {
  CheckAnyText(text);
}

RC_GTEST_PROP(FilterProperties, AnyWordsAreReadOrRefused, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
      std::vector<std::string>{"(",    ")",    "AND ",  "OR ",        "NOT ",       "-",    "a",
                               "b-2 ", "=",    "!=",    "<",          ">=",         ":",    "*",
                               ":*",   ",",    "in(",   "matches(a,", "version(a)", "and ", "\"x\"",
                               "'é'",  "true", "5",     "-.5e3",      "segment(",   " ",    "\\",
                               "\"",   "!",    "a = 1", " AND b:*",   "\xFF",       "ạ"}));
  std::string text;
  for (const std::string& word : words) text += word;
  CheckAnyText(text);
}

}  // namespace
}  // namespace insightloop
