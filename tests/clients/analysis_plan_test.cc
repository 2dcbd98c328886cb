// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/analysis_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace insightloop::cli {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::Pair;

AnalyzeArguments Good() {
  return {
      .files = {"rows.csv"}, .arm = "segment", .control = "No", .metrics = {"visit:proportion"}};
}

std::string Refusal(const AnalyzeArguments& arguments) {
  const auto plan = MakePlan(arguments);
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(plan.status().message());
}

TEST(ParseMetricTest, ReadsEachKind) {
  const auto visit = ParseMetric("visit:proportion", false);
  ASSERT_THAT(visit, IsOk());
  EXPECT_EQ(visit->column, "visit");
  EXPECT_EQ(visit->kind, MetricKind::kProportion);
  EXPECT_EQ(ParseMetric("spend:MEAN", false)->kind, MetricKind::kMean);
  EXPECT_EQ(ParseMetric("orders:count", false)->kind, MetricKind::kCount);
  EXPECT_EQ(ParseMetric("NETPRO:nps", false)->best_score, 10);
  const auto csat = ParseMetric("Q7ALL:csat:5", false);
  ASSERT_THAT(csat, IsOk());
  EXPECT_EQ(csat->kind, MetricKind::kCsat);
  EXPECT_EQ(csat->best_score, 5);
}

TEST(ParseMetricTest, ReadsMarginsOfGuardrails) {
  const auto guardrail = ParseMetric("Q7ALL:csat:5:0.02", true);
  ASSERT_THAT(guardrail, IsOk());
  EXPECT_EQ(guardrail->best_score, 5);
  EXPECT_THAT(guardrail->margin, Optional(0.02));
}

TEST(ParseMetricTest, LetsColumnsHaveColons) {
  EXPECT_EQ(ParseMetric("utm:source:proportion", false)->column, "utm:source");
}

TEST(ParseMetricTest, SaysWhatIsWrong) {
  const auto message = [](const char* text, bool guardrail) {
    return std::string(ParseMetric(text, guardrail).status().message());
  };
  EXPECT_THAT(message("visit", false), HasSubstr("the kind is missing"));
  EXPECT_THAT(message("visit:median", false), HasSubstr("'median' is no kind of metric"));
  EXPECT_THAT(message("Q7ALL:csat", false), HasSubstr("csat needs its scale"));
  EXPECT_THAT(message("Q7ALL:csat:1", false), HasSubstr("the scale must end"));
  EXPECT_THAT(message(":mean", false), HasSubstr("the column is missing"));
  EXPECT_THAT(message("spend:mean", true), HasSubstr("the margin is missing"));
  EXPECT_THAT(message("spend:mean:-1", true), HasSubstr("the margin must be above 0"));
}

TEST(MakePlanTest, GivesEveryMetricAnIdOfItsOwn) {
  AnalyzeArguments arguments = Good();
  arguments.metrics = {"NETPRO  :nps", "NETPRO:mean", "99:count"};
  arguments.guardrails = {"%:mean:0.1"};
  const auto plan = MakePlan(arguments);
  ASSERT_THAT(plan, IsOk());
  std::vector<std::string> ids;
  for (const MetricSpec& metric : plan->metrics) ids.push_back(metric.id);
  EXPECT_THAT(ids, ElementsAre("netpro", "netpro-mean", "c99", "metric"));
}

TEST(MakePlanTest, ReadsMissingCodesAndWeights) {
  AnalyzeArguments arguments = Good();
  arguments.missing = {"Q7ALL=Blank", "q7all=0", "spend="};
  arguments.weights = {"A=90,B, the new one=10"};
  const auto plan = MakePlan(arguments);
  ASSERT_THAT(plan, IsOk());
  EXPECT_THAT(plan->missing, ElementsAre(Pair("q7all", ElementsAre("Blank", "0")),
                                         Pair("spend", ElementsAre(""))));
  EXPECT_THAT(plan->weights, ElementsAre(Pair("A", 90), Pair("B, the new one", 10)));
}

TEST(MakePlanTest, ReadsTheMethod) {
  AnalyzeArguments arguments = Good();
  EXPECT_FALSE(MakePlan(arguments)->always_valid);
  arguments.method = "fixed-horizon";
  EXPECT_FALSE(MakePlan(arguments)->always_valid);
  arguments.method = "always-valid";
  EXPECT_TRUE(MakePlan(arguments)->always_valid);
  arguments.method = "bayes";
  EXPECT_THAT(Refusal(arguments), HasSubstr("'bayes' is unknown"));
}

TEST(MakePlanTest, TakesAnArmPerFile) {
  AnalyzeArguments arguments = Good();
  arguments.files.clear();
  arguments.arm.clear();
  arguments.arm_values = {{"2017", "a.csv"}, {"2018", "b.csv"}};
  const auto plan = MakePlan(arguments);
  ASSERT_THAT(plan, IsOk());
  ASSERT_EQ(plan->sources.size(), 2U);
  EXPECT_EQ(plan->sources[1].arm, "2018");
  EXPECT_EQ(plan->sources[1].path, "b.csv");
}

TEST(MakePlanTest, SaysWhatIsMissingOrDoesNotFit) {
  AnalyzeArguments arguments = Good();
  arguments.files.clear();
  EXPECT_THAT(Refusal(arguments), HasSubstr("no file is named"));
  arguments = Good();
  arguments.files.emplace_back("b.csv");
  EXPECT_THAT(Refusal(arguments), HasSubstr("more than one file"));
  arguments = Good();
  arguments.arm.clear();
  EXPECT_THAT(Refusal(arguments), HasSubstr("--arm COLUMN is missing"));
  arguments = Good();
  arguments.control.clear();
  EXPECT_THAT(Refusal(arguments), HasSubstr("--control VALUE is missing"));
  arguments = Good();
  arguments.metrics.clear();
  EXPECT_THAT(Refusal(arguments), HasSubstr("--metric is missing"));
  arguments = Good();
  arguments.arm_values = {{"A", "a.csv"}, {"B", "b.csv"}};
  EXPECT_THAT(Refusal(arguments), HasSubstr("neither --arm nor a file"));
  arguments = Good();
  arguments.metrics = {"visit:proportion", "Visit:proportion"};
  EXPECT_THAT(Refusal(arguments), HasSubstr("given twice"));
  arguments = Good();
  arguments.missing = {"Q7ALL"};
  EXPECT_THAT(Refusal(arguments), HasSubstr("is not COLUMN=VALUE"));
  arguments = Good();
  arguments.weights = {"A=0.5,B=0.5"};
  EXPECT_THAT(Refusal(arguments), HasSubstr("not a whole number"));
  arguments = Good();
  arguments.alpha = 1.5;
  EXPECT_THAT(Refusal(arguments), HasSubstr("--alpha"));
  arguments = Good();
  arguments.smallest_effect = 0;
  EXPECT_THAT(Refusal(arguments), HasSubstr("--smallest-effect"));
}

}  // namespace
}  // namespace insightloop::cli
