// SPDX-License-Identifier: Apache-2.0

#include "engine/loop/feedback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/domain/limits.h"
#include "engine/domain/resource.h"

namespace insightloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SealedPlan APlan() {
  return {.hypothesis = {.insights = {"insights/a", "insights/b"},
                         .because = "customers forget",
                         .if_action = "we remind them",
                         .then_outcome = "they buy again",
                         .segment = "segments/new",
                         .primary_metric = "metrics/bought"}};
}

Verdict AVerdict(Decision decision) {
  Verdict verdict{.name = "experiments/e/verdicts/v1",
                  .decision = decision,
                  .ship_variant = decision == Decision::kShip ? "reminder" : ""};
  verdict.results = {{.metric = "metrics/bought",
                      .role = Role::kPrimary,
                      .statistic = Statistic::kShare,
                      .variant = "reminder",
                      .control = "control",
                      .units_treatment = 100,
                      .units_control = 90,
                      .absolute_effect = 0.02,
                      .relative_lift = 0.2,
                      .absolute_interval = EffectInterval{.lower = 0.01, .upper = 0.03}},
                     {.metric = "metrics/bought", .role = Role::kPrimary, .segment = "kind=new"},
                     {.metric = "metrics/spent", .role = Role::kSecondary}};
  return verdict;
}

TEST(FeedbackTest, AnInsightNamesWhereItCameFrom) {
  const Insight insight = MakeInsight(APlan(), AVerdict(Decision::kShip));
  EXPECT_EQ(insight.verdict, "experiments/e/verdicts/v1");
  EXPECT_THAT(insight.parents, ElementsAre("insights/a", "insights/b"));
  EXPECT_EQ(insight.segment, "segments/new");
  EXPECT_EQ(insight.why, "customers forget");
}

TEST(FeedbackTest, ItsEvidenceIsThePrimaryComparisonOfAllUnits) {
  const Insight insight = MakeInsight(APlan(), AVerdict(Decision::kShip));
  ASSERT_EQ(insight.evidence.size(), 1U);
  EXPECT_EQ(insight.evidence[0].source_system, SourceSystem::kExperiment);
  EXPECT_EQ(insight.evidence[0].sample_size, 190);
  EXPECT_EQ(insight.evidence[0].figure, 0.02);
  EXPECT_EQ(insight.evidence[0].finding,
            "reminder against control on metrics/bought: +0.02 [+0.01, +0.03], +20 % relative");
}

TEST(FeedbackTest, ItsStatementSaysWhatWasDecided) {
  EXPECT_THAT(MakeInsight(APlan(), AVerdict(Decision::kShip)).statement, HasSubstr("reminder"));
  EXPECT_THAT(MakeInsight(APlan(), AVerdict(Decision::kDoNotShip)).statement,
              HasSubstr("Harmful: we remind"));
  EXPECT_THAT(MakeInsight(APlan(), AVerdict(Decision::kNoMeaningfulEffect)).statement,
              HasSubstr("Does not matter"));
  EXPECT_THAT(MakeInsight(APlan(), AVerdict(Decision::kInconclusive)).statement,
              HasSubstr("Still open"));
}

TEST(FeedbackTest, ALongStatementIsCutBetweenCharacters) {
  SealedPlan plan = APlan();
  for (plan.hypothesis.if_action = ""; plan.hypothesis.if_action.size() < 2'000;) {
    plan.hypothesis.if_action += "é";
  }
  const Insight insight = MakeInsight(plan, AVerdict(Decision::kDoNotShip));
  EXPECT_LE(insight.statement.size(), Limits{}.max_text);
  EXPECT_TRUE(IsUtf8(insight.statement));
}

}  // namespace
}  // namespace insightloop
