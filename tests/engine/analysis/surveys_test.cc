// SPDX-License-Identifier: Apache-2.0
//
// What a verdict shows of surveys beside the comparison: who answered what, what non-response may
// hide, weighted figures, and what units did by what they said. And what effects come to in all.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/analysis/said_and_did.h"
#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(AnswersTest, AreCountedByAnswerAndAsPromotersPassivesAndDetractors) {
  const Verdict verdict = Judged(
      PlanBuilder().Primary("nps", MetricKind::kNps).Build(),
      MeasuredBuilder(2)
          .Arm(0, 100, {Nps({.promoters = 30, .passives = 20, .detractors = 10, .asked = 80})})
          .Arm(1, 100, {Nps({.promoters = 40, .detractors = 10, .asked = 50})})
          .Build());
  const Result result = ResultOf(verdict, {.metric = "nps"});
  ASSERT_TRUE(result.answers_control.has_value());
  EXPECT_EQ(result.answers_control->response_rate, 0.75);
  EXPECT_EQ(result.answers_control->promoters, 30);
  EXPECT_EQ(result.answers_control->passives, 20);
  EXPECT_EQ(result.answers_control->detractors, 10);
  ASSERT_THAT(result.answers_control->counts, SizeIs(3));
  EXPECT_EQ(result.answers_control->counts[0].answer, 3);
  EXPECT_EQ(result.answers_control->counts[0].units, 10);
  EXPECT_EQ(result.answers_treatment->response_rate, 1);
  EXPECT_EQ(result.answers_treatment->passives, 0);
}

TEST(AnswersTest, OfCsatAreShownOnceWithTheShare) {
  const Verdict verdict = Judged(PlanBuilder().Primary("csat", MetricKind::kCsat).Build(),
                                 MeasuredBuilder(2)
                                     .Arm(0, 100, {Csat({1, 2, 3, 4, 50}, 100)})
                                     .Arm(1, 100, {Csat({1, 2, 3, 4, 60}, 100)})
                                     .Build());
  const Result share = ResultOf(verdict, {.metric = "csat", .statistic = Statistic::kTopTwoShare});
  const Result mean = ResultOf(verdict, {.metric = "csat", .statistic = Statistic::kMeanScore});
  ASSERT_TRUE(share.answers_control.has_value());
  EXPECT_THAT(share.answers_control->counts, SizeIs(5));
  EXPECT_FALSE(share.answers_control->promoters.has_value());
  EXPECT_FALSE(mean.answers_control.has_value());
}

TEST(ResponseBoundsTest, ManskiGivesThoseWhoDidNotAnswerEitherEndOfTheScale) {
  // Of 100 asked 50 answered with a top-two share of 0.8, and with 0.6 of 50: what is not known is
  // half of each.
  const Verdict verdict = Judged(PlanBuilder().Primary("csat", MetricKind::kCsat).Build(),
                                 MeasuredBuilder(2)
                                     .Arm(0, 100, {Csat({10, 0, 10, 15, 15}, 100)})
                                     .Arm(1, 100, {Csat({5, 0, 5, 20, 20}, 100)})
                                     .Build());
  const Result share = ResultOf(verdict, {.metric = "csat", .statistic = Statistic::kTopTwoShare});
  ASSERT_TRUE(share.manski_bounds.has_value());
  EXPECT_NEAR(*share.manski_bounds->lower, 0.4 - 0.8, 1e-12);
  EXPECT_NEAR(*share.manski_bounds->upper, 0.9 - 0.3, 1e-12);
  // At equal rates nothing is trimmed.
  ASSERT_TRUE(share.lee_bounds.has_value());
  EXPECT_NEAR(*share.lee_bounds->lower, 0.2, 1e-12);
  EXPECT_NEAR(*share.lee_bounds->upper, 0.2, 1e-12);
  EXPECT_EQ(share.lee_bounds->trimmed_variant, "");
  // Of the mean answer on its own scale, 1 to 5.
  const Result mean = ResultOf(verdict, {.metric = "csat", .statistic = Statistic::kMeanScore});
  EXPECT_NEAR(*mean.manski_bounds->lower, (4.0 + 1) / 2 - (3.5 + 5) / 2, 1e-12);
}

TEST(ResponseBoundsTest, AreNotStatedWhereTheSplitChanged) {
  const NpsAnswers answers = {.promoters = 60, .passives = 20, .detractors = 20, .asked = 200};
  const Verdict verdict = Judged(PlanBuilder().Primary("nps", MetricKind::kNps).Build(),
                                 MeasuredBuilder(2)
                                     .Arm(0, 200, {Nps(answers)})
                                     .Arm(1, 200, {Nps(answers)})
                                     .InEpoch(2)
                                     .Arm(0, 200, {Nps(answers)})
                                     .Arm(1, 200, {Nps(answers)})
                                     .Build(),
                                 WithEpochs(StoppedAfter(Days(14)), {{3, 1}, {1, 1}}));
  const Result result = ResultOf(verdict, {.metric = "nps"});
  EXPECT_FALSE(result.lee_bounds.has_value());
  EXPECT_THAT(WhyAbsent(result, "leeBounds"), ::testing::HasSubstr("split changed"));
}

// -------------------------------------------------------------------------------------------------
// Weights

MetricSums Weigh(MetricSums sums, const std::vector<std::pair<double, std::int64_t>>& weights) {
  sums.weighted.emplace(2);
  for (const auto& [weight, score] : weights) {
    const std::int64_t steps = std::llround(weight / kAttributeResolution);
    EXPECT_TRUE(sums.weighted->Add(std::vector<std::int64_t>{steps * score, steps}).ok());
  }
  return sums;
}

TEST(WeightedTest, AnswersCountByTheirWeight) {
  // Promoter, passive and detractor of weights 2, 1 and 1: 100 (2 - 1) / 4.
  const auto three = Nps({.promoters = 1, .passives = 1, .detractors = 1, .asked = 3});
  const Verdict verdict =
      Judged(PlanBuilder().Primary("nps", MetricKind::kNps).Weighted("weight").Build(),
             MeasuredBuilder(2)
                 .Arm(0, 100, {Weigh(three, {{2, 1}, {1, 0}, {1, -1}})})
                 .Arm(1, 100, {Weigh(three, {{1, 1}, {1, 0}, {1, -1}})})
                 .Build());
  const Result result = ResultOf(verdict, {.metric = "nps"});
  ASSERT_TRUE(result.weighted.has_value());
  EXPECT_EQ(result.weighted->attribute, "attributes/weight");
  ASSERT_TRUE(result.weighted->standard_error.has_value());
  EXPECT_NEAR(*result.weighted->control_value, 25, 1e-9);
  EXPECT_NEAR(*result.weighted->treatment_value, 0, 1e-9);
  EXPECT_NEAR(*result.weighted->effective_units_control, 16.0 / 6, 1e-9);
  EXPECT_NEAR(*result.weighted->effective_units_treatment, 3, 1e-9);
  // n/(n-1) sum w^2 (y - mean)^2 / (sum w)^2 of the control: 3/2 (4 75^2 + 25^2 + 125^2) / 16.
  const double control = 1.5 * (4 * 5625 + 625 + 15625) / 16;
  const double treatment = 1.5 * (10'000 + 10'000) / 9;
  EXPECT_NEAR(*result.weighted->standard_error, std::sqrt(control + treatment), 1e-9);
}

TEST(WeightedTest, BelowTwoWeightedAnswersThereIsNothingToState) {
  const auto one = Nps({.promoters = 1, .asked = 1});
  const Verdict verdict =
      Judged(PlanBuilder().Primary("nps", MetricKind::kNps).Weighted("weight").Build(),
             MeasuredBuilder(2)
                 .Arm(0, 100, {Weigh(one, {{2, 1}})})
                 .Arm(1, 100, {Weigh(one, {{2, 1}})})
                 .Build());
  const Result result = ResultOf(verdict, {.metric = "nps"});
  ASSERT_TRUE(result.weighted.has_value());
  EXPECT_FALSE(result.weighted->absolute_effect.has_value());
}

TEST(WeightedTest, ASegmentMayHaveUnitsInOneVariantOnly) {
  const auto two = Weigh(Nps({.promoters = 1, .detractors = 1, .asked = 2}), {{1, 1}, {1, -1}});
  const SealedPlan plan = PlanBuilder()
                              .Primary("nps", MetricKind::kNps)
                              .Weighted("weight")
                              .SegmentBy("country")
                              .Build();
  const Verdict verdict = Judged(plan, MeasuredBuilder(2)
                                           .Arm(0, 100, {two})
                                           .Arm(1, 100, {two})
                                           .Cell("country=at", 0, 100, {two})
                                           .Build());
  const Result result = ResultOf(verdict, {.metric = "nps", .segment = "country=at"});
  ASSERT_TRUE(result.weighted.has_value());
  EXPECT_FALSE(result.weighted->control_value.has_value());
  EXPECT_FALSE(result.answers_treatment->response_rate.has_value());
}

// -------------------------------------------------------------------------------------------------
// Said and did

MetricSums Did(MetricSums sums, const std::vector<std::pair<std::int64_t, std::int64_t>>& did) {
  for (const auto& [successes, units] : did)
    sums.behaviour.push_back(Share(successes, units).values);
  return sums;
}

TEST(SaidAndDidTest, ShowsTheFirstBehaviourByWhatWasSaid) {
  const auto answers = Nps({.promoters = 4, .passives = 2, .detractors = 4, .asked = 20});
  const SealedPlan plan = PlanBuilder()
                              .Primary("nps", MetricKind::kNps)
                              .Secondary("order", MetricKind::kProportion)
                              .Build();
  // In the order of Said: nothing, bad, middling, good.
  const Verdict verdict = Judged(
      plan, MeasuredBuilder(2)
                .Arm(0, 100, {Did(answers, {{1, 10}, {0, 4}, {1, 2}, {3, 4}}), Share(5, 100)})
                .Arm(1, 100, {Did(answers, {{2, 10}, {1, 4}, {0, 2}, {4, 4}}), Share(7, 100)})
                .Build());
  ASSERT_THAT(verdict.said_and_did, SizeIs(4));
  const SaidAndDid& promoters = verdict.said_and_did[0];
  EXPECT_EQ(promoters.survey, "metrics/nps");
  EXPECT_EQ(promoters.said, Saying::kPromoter);
  EXPECT_EQ(promoters.metric, "metrics/order");
  EXPECT_EQ(promoters.units_control, 4);
  EXPECT_EQ(promoters.control_value, 0.75);
  EXPECT_EQ(promoters.treatment_value, 1);
  const SaidAndDid& silent = verdict.said_and_did[3];
  EXPECT_EQ(silent.said, Saying::kNothing);
  EXPECT_EQ(silent.units_treatment, 10);
  EXPECT_EQ(silent.treatment_value, 0.2);
}

TEST(SaidAndDidTest, OfAGroupWithoutUnitsNothingIsStated) {
  const auto answers = Nps({.promoters = 4, .asked = 4});
  const SealedPlan plan = PlanBuilder()
                              .Primary("order", MetricKind::kProportion)
                              .Secondary("nps", MetricKind::kNps)
                              .Build();
  const MetricSums sums = Did(answers, {{0, 0}, {0, 0}, {0, 0}, {3, 4}});
  const Verdict verdict = Judged(plan, MeasuredBuilder(2)
                                           .Arm(0, 100, {Share(5, 100), sums})
                                           .Arm(1, 100, {Share(7, 100), sums})
                                           .Build());
  EXPECT_EQ(verdict.said_and_did[1].units_control, 0);
  EXPECT_FALSE(verdict.said_and_did[1].control_value.has_value());
}

TEST(SaidAndDidTest, NeedsASurveyAndABehaviour) {
  const MetricSums share = Share(10, 100);
  EXPECT_THAT(Judged(PlanBuilder().Primary("order", MetricKind::kProportion).Build(),
                     MeasuredBuilder(2).Arm(0, 100, {share}).Arm(1, 100, {share}).Build())
                  .said_and_did,
              IsEmpty());
  const MetricSums nps = Nps({.promoters = 4, .asked = 4});
  EXPECT_THAT(Judged(PlanBuilder().Primary("nps", MetricKind::kNps).Build(),
                     MeasuredBuilder(2).Arm(0, 100, {nps}).Arm(1, 100, {nps}).Build())
                  .said_and_did,
              IsEmpty());
}

// -------------------------------------------------------------------------------------------------
// Impact

TEST(ImpactTest, IsTheEffectOverAllMaturedUnits) {
  const SealedPlan plan = PlanBuilder()
                              .Primary("order", MetricKind::kProportion)
                              .Secondary("spend", MetricKind::kMean)
                              .Secondary("nps", MetricKind::kNps)
                              .Build();
  const MetricSums nps = Nps({.promoters = 60, .passives = 20, .detractors = 20, .asked = 100});
  const Verdict verdict =
      Judged(plan, MeasuredBuilder(2)
                       .Arm(0, 1000, {Share(100, 1000), Values({{0, 500}, {1000, 500}}), nps})
                       .Arm(1, 3000, {Share(600, 3000), Values({{0, 1500}, {2000, 1500}}), nps})
                       .Build());
  const Result order = ResultOf(verdict, {.metric = "order"});
  ASSERT_TRUE(order.impact.has_value());
  EXPECT_EQ(order.impact->units, 4000);
  EXPECT_NEAR(*order.impact->estimate, 400, 1e-9);
  EXPECT_NEAR(*order.impact->lower, 4000 * *order.absolute_interval->lower, 1e-9);
  EXPECT_EQ(order.impact->currency, "");
  const Result spend = ResultOf(verdict, {.metric = "spend"});
  EXPECT_NEAR(*spend.impact->estimate, 4000 * 5.0, 1e-9);
  EXPECT_EQ(spend.impact->currency, "EUR");
  EXPECT_FALSE(ResultOf(verdict, {.metric = "nps"}).impact.has_value());
}

}  // namespace
}  // namespace insightloop::testing
