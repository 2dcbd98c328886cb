// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ResultsTest, ComparesMeansInTheMetricsUnit) {
  // Cents: 0, 100, 200, 300 in the control, 100 more in the treatment.
  const SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  const Verdict verdict =
      Judged(plan, MeasuredBuilder(2)
                       .Arm(0, 4, {Values({{0, 1}, {100, 1}, {200, 1}, {300, 1}})})
                       .Arm(1, 4, {Values({{100, 1}, {200, 1}, {300, 1}, {400, 1}})})
                       .Build());
  const Result result = ResultOf(verdict, {.metric = "spend"});
  EXPECT_EQ(result.statistic, Statistic::kMean);
  EXPECT_DOUBLE_EQ(*result.control_value, 1.5);
  EXPECT_DOUBLE_EQ(*result.treatment_value, 2.5);
  EXPECT_DOUBLE_EQ(*result.absolute_effect, 1.0);
  // Each sample variance is 5/3, so the squared standard error is 2 (5/3) / 4 and df is 6.
  EXPECT_NEAR(*result.standard_error, std::sqrt(5.0 / 6), 1e-14);
  // Student's t with 6 degrees of freedom leaves out 2.5 % beyond 2.446912 (tables).
  EXPECT_NEAR(*result.absolute_interval->upper, 1 + 2.446912 * std::sqrt(5.0 / 6), 1e-6);
}

TEST(ResultsTest, ListsOneTreatmentAsUncorrected) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  const Result result = ResultOf(Judged(plan, MeasuredBuilder(2)
                                                  .Arm(0, 1000, {Share(100, 1000)})
                                                  .Arm(1, 1000, {Share(130, 1000)})
                                                  .Build()),
                                 {.metric = "visit"});
  EXPECT_EQ(result.adjustment, Adjustment::kNone);
  EXPECT_EQ(result.adjusted_p_value, result.p_value);
  EXPECT_EQ(result.adjusted_interval->lower, result.absolute_interval->lower);
  EXPECT_THAT(result.absent, IsEmpty());
}

TEST(ResultsTest, AnEmptyArmLeavesTheOthersValue) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  const Result result =
      ResultOf(Judged(plan, MeasuredBuilder(2).Arm(0, 1000, {Share(100, 1000)}).Build()),
               {.metric = "visit"});
  EXPECT_DOUBLE_EQ(*result.control_value, 0.1);
  EXPECT_EQ(result.units_treatment, 0);
  for (const char* field :
       {"treatmentValue", "absoluteEffect", "standardError", "absoluteInterval", "relativeLift",
        "relativeInterval", "pValue", "logPValue", "adjustedPValue", "adjustedInterval"}) {
    EXPECT_EQ(WhyAbsent(result, field), "No unit of treatment has matured.") << field;
  }
  EXPECT_FALSE(result.treatment_value || result.absolute_effect || result.standard_error ||
               result.absolute_interval || result.relative_lift || result.p_value ||
               result.log_p_value || result.adjusted_p_value || result.adjusted_interval);
}

TEST(ResultsTest, ZeroVarianceLeavesTheEffectButNoInterval) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  const Result result = ResultOf(
      Judged(plan,
             MeasuredBuilder(2).Arm(0, 50, {Share(50, 50)}).Arm(1, 50, {Share(0, 50)}).Build()),
      {.metric = "visit"});
  EXPECT_DOUBLE_EQ(*result.absolute_effect, -1);
  EXPECT_FALSE(result.standard_error || result.p_value || result.absolute_interval);
  EXPECT_THAT(WhyAbsent(result, "pValue"), HasSubstr("the same value"));
}

TEST(ResultsTest, ASingleUnitHasNoVariance) {
  const SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  const Result result = ResultOf(Judged(plan, MeasuredBuilder(2)
                                                  .Arm(0, 1, {Values({{100, 1}})})
                                                  .Arm(1, 2, {Values({{100, 1}, {300, 1}})})
                                                  .Build()),
                                 {.metric = "spend"});
  EXPECT_DOUBLE_EQ(*result.absolute_effect, 1);
  EXPECT_THAT(WhyAbsent(result, "standardError"), HasSubstr("at least two units"));
}

TEST(ResultsTest, ASingleAnswerHasNoVariance) {
  const SealedPlan plan = PlanBuilder().Primary("nps", MetricKind::kNps).Build();
  const Result result =
      ResultOf(Judged(plan, MeasuredBuilder(2)
                                .Arm(0, 100, {Nps({.promoters = 1, .asked = 10})})
                                .Arm(1, 100, {Nps({.promoters = 5, .detractors = 5, .asked = 10})})
                                .Build()),
               {.metric = "nps"});
  EXPECT_DOUBLE_EQ(*result.absolute_effect, -100);
  EXPECT_FALSE(result.standard_error || result.p_value || result.absolute_interval);
  EXPECT_THAT(WhyAbsent(result, "standardError"), HasSubstr("at least two units"));
}

TEST(ResultsTest, NobodyAnsweringIsNotAScoreOfZero) {
  const SealedPlan plan = PlanBuilder().Primary("nps", MetricKind::kNps).Build();
  const Result result = ResultOf(Judged(plan, MeasuredBuilder(2)
                                                  .Arm(0, 100, {Nps({.promoters = 1, .asked = 1})})
                                                  .Arm(1, 100, {Nps({.asked = 10})})
                                                  .Build()),
                                 {.metric = "nps"});
  EXPECT_FALSE(result.treatment_value.has_value());
  EXPECT_EQ(WhyAbsent(result, "treatmentValue"), "Nobody in treatment answered.");
  EXPECT_DOUBLE_EQ(*result.control_value, 100);
}

TEST(ResultsTest, ABaselineOfZeroOrBelowHasNoRelativeLift) {
  const SealedPlan plan = PlanBuilder().Primary("profit", MetricKind::kMean).Build();
  const Result result = ResultOf(Judged(plan, MeasuredBuilder(2)
                                                  .Arm(0, 4, {Values({{-100, 2}, {-300, 2}})})
                                                  .Arm(1, 4, {Values({{100, 2}, {300, 2}})})
                                                  .Build()),
                                 {.metric = "profit"});
  EXPECT_TRUE(result.p_value.has_value());
  EXPECT_FALSE(result.relative_lift || result.relative_interval);
  EXPECT_THAT(WhyAbsent(result, "relativeLift"), HasSubstr("above 0"));
  EXPECT_THAT(WhyAbsent(result, "relativeInterval"), HasSubstr("above 0"));
}

TEST(ResultsTest, AnUncertainBaselineHasNoRelativeLift) {
  // 4 of 100: a share of 0.04 with standard error 0.0196, less than three of which it is.
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  const Result result = ResultOf(
      Judged(plan,
             MeasuredBuilder(2).Arm(0, 100, {Share(4, 100)}).Arm(1, 100, {Share(50, 100)}).Build()),
      {.metric = "visit"});
  EXPECT_THAT(WhyAbsent(result, "relativeLift"), HasSubstr("three of its own standard errors"));
}

TEST(ResultsTest, SecondaryComparisonsShareOneHolmFamilyAcrossMetrics) {
  const SealedPlan plan = PlanBuilder()
                              .Primary("visit", MetricKind::kProportion)
                              .Secondary("click", MetricKind::kProportion)
                              .Secondary("open", MetricKind::kProportion)
                              .Secondary("order", MetricKind::kProportion)
                              .Build();
  const Verdict verdict = Judged(
      plan,
      MeasuredBuilder(2)
          .Arm(0, 1000, {Share(100, 1000), Share(100, 1000), Share(100, 1000), Share(0, 1000)})
          .Arm(1, 1000, {Share(100, 1000), Share(150, 1000), Share(125, 1000), Share(0, 1000)})
          .Build());
  const Result click = ResultOf(verdict, {.metric = "click"});
  const Result open = ResultOf(verdict, {.metric = "open"});
  const Result order = ResultOf(verdict, {.metric = "order"});
  EXPECT_EQ(click.adjustment, Adjustment::kHolm);
  // Three were planned, also if one of them cannot be tested.
  EXPECT_NEAR(*click.adjusted_p_value, 3 * *click.p_value, 1e-15);
  EXPECT_NEAR(*open.adjusted_p_value, 2 * *open.p_value, 1e-15);
  EXPECT_FALSE(order.adjusted_p_value.has_value());
  EXPECT_THAT(WhyAbsent(order, "adjustedPValue"), HasSubstr("the same value"));
}

TEST(ResultsTest, BothStatisticsOfSatisfactionCountForTheFamily) {
  const SealedPlan plan = PlanBuilder()
                              .Primary("visit", MetricKind::kProportion)
                              .Secondary("csat", MetricKind::kCsat)
                              .Build();
  const Verdict verdict =
      Judged(plan, MeasuredBuilder(2)
                       .Arm(0, 300, {Share(100, 300), Csat({20, 20, 20, 20, 20}, 120)})
                       .Arm(1, 300, {Share(100, 300), Csat({10, 10, 10, 30, 40}, 120)})
                       .Build());
  const Result top = ResultOf(verdict, {.metric = "csat", .statistic = Statistic::kTopTwoShare});
  const Result mean = ResultOf(verdict, {.metric = "csat", .statistic = Statistic::kMeanScore});
  EXPECT_EQ(top.adjustment, Adjustment::kHolm);
  const double smaller = std::min(*top.p_value, *mean.p_value);
  EXPECT_NEAR(std::min(*top.adjusted_p_value, *mean.adjusted_p_value), 2 * smaller, 1e-15);
}

TEST(ResultsTest, GuardrailsAndMechanismAreNotCorrected) {
  const SealedPlan plan = PlanBuilder()
                              .Variants({"control", "treatment", "other"})
                              .Primary("visit", MetricKind::kProportion)
                              .Mechanism("open", MetricKind::kProportion)
                              .Guarded("refund", MetricKind::kProportion, {0.1, Scale::kAbsolute})
                              .Build();
  const std::vector<MetricSums> sums = {Share(100, 1000), Share(110, 1000), Share(90, 1000)};
  const Verdict verdict = Judged(
      plan, MeasuredBuilder(3).Arm(0, 1000, sums).Arm(1, 1000, sums).Arm(2, 1000, sums).Build());
  for (const char* metric : {"open", "refund"}) {
    const Result result = ResultOf(verdict, {.metric = metric});
    EXPECT_EQ(result.adjustment, Adjustment::kNone);
    EXPECT_EQ(result.adjusted_p_value, result.p_value);
    EXPECT_FALSE(result.adjusted_interval.has_value());
  }
  EXPECT_EQ(ResultOf(verdict, {.metric = "open"}).role, Role::kMechanism);
  EXPECT_EQ(ResultOf(verdict, {.metric = "refund"}).role, Role::kGuardrail);
}

TEST(ResultsTest, SegmentCellsAreCorrectedWithinTheirAttribute) {
  const SealedPlan plan = PlanBuilder()
                              .Primary("visit", MetricKind::kProportion)
                              .SegmentBy("country")
                              .SegmentBy("newbie")
                              .Build();
  MeasuredBuilder measured(2);
  measured.Arm(0, 1000, {Share(100, 1000)}).Arm(1, 1000, {Share(130, 1000)});
  for (const char* segment : {"newbie=true", "country=AT", "country=CH", "country=DE"}) {
    measured.Cell(segment, 0, 300, {Share(30, 300)}).Cell(segment, 1, 300, {Share(60, 300)});
  }
  const Verdict verdict = Judged(plan, measured.Build());
  const Result de = ResultOf(verdict, {.metric = "visit", .segment = "country=DE"});
  EXPECT_EQ(de.adjustment, Adjustment::kBonferroni);
  EXPECT_DOUBLE_EQ(*de.adjusted_p_value, 3 * *de.p_value);
  EXPECT_EQ(de.units_treatment, 300);
  const Result newbie = ResultOf(verdict, {.metric = "visit", .segment = "newbie=true"});
  EXPECT_EQ(newbie.adjustment, Adjustment::kNone);
  // All units come first, then the attributes in the order of the plan.
  EXPECT_EQ(verdict.results[0].segment, "");
  EXPECT_EQ(verdict.results[1].segment, "country=AT");
  EXPECT_EQ(verdict.results[4].segment, "newbie=true");
}

TEST(ResultsTest, ADroppedSegmentAttributeIsNamed) {
  const SealedPlan plan =
      PlanBuilder().Primary("visit", MetricKind::kProportion).SegmentBy("zip").Build();
  Measured measured = MeasuredBuilder(2).Build();
  measured.dropped_segments = {"zip"};
  EXPECT_THAT(WhyAbsent(ResultOf(Judged(plan, measured), {.metric = "visit"}), "segment"),
              HasSubstr("by zip are left out"));
}

}  // namespace
}  // namespace insightloop::testing
