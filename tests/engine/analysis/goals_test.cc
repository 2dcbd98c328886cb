// SPDX-License-Identifier: Apache-2.0
//
// What a plan may ask of its primary metrics: that one does not get worse by a margin, or that any
// or all of several get better; and how long it must run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// -------------------------------------------------------------------------------------------------
// Non-inferiority

Verdict Retained(const PlanBuilder& plan, std::int64_t control, std::int64_t treatment) {
  return Judged(plan.Build(), MeasuredBuilder(2)
                                  .Arm(0, 10'000, {Share(control, 10'000)})
                                  .Arm(1, 10'000, {Share(treatment, 10'000)})
                                  .Build());
}

// The standard error of two shares of about one half in 10,000 units each is 0.7071 points.
TEST(NonInferiorityTest, ShipsWhatLosesLessThanTheMargin) {
  const PlanBuilder plan =
      PlanBuilder().Primary("visit", MetricKind::kProportion).NotWorseBy(0.02, Scale::kAbsolute);
  const Verdict shipped = Retained(plan, 5000, 4950);  // -0.5 points, from -1.89 to +0.89
  EXPECT_EQ(shipped.decision, Decision::kShip);
  EXPECT_THAT(CodesOf(shipped), ElementsAre("NOT_INFERIOR"));
  EXPECT_THAT(shipped.reasons[0].detail,
              HasSubstr("treatment is not worse by 2 percentage points or more"));
  EXPECT_EQ(Retained(plan, 5000, 4920).decision, Decision::kInconclusive);  // from -2.19
  const Verdict worse = Retained(plan, 5000, 4600);                         // to -2.6
  EXPECT_EQ(worse.decision, Decision::kDoNotShip);
  EXPECT_THAT(CodesOf(worse), ElementsAre("INFERIOR"));
  EXPECT_THAT(worse.summary->english, HasSubstr("It loses more than the plan allows."));
  EXPECT_THAT(CodesOf(Retained(plan, 5000, 4920)), ElementsAre("INFERIORITY_OPEN"));
}

TEST(NonInferiorityTest, AMarginMayBeRelative) {
  const PlanBuilder plan =
      PlanBuilder().Primary("visit", MetricKind::kProportion).NotWorseBy(0.04, Scale::kRelative);
  EXPECT_EQ(Retained(plan, 5000, 4950).decision, Decision::kShip);  // -1 %, from -3.8 %
  EXPECT_EQ(Retained(plan, 5000, 4920).decision, Decision::kInconclusive);
}

TEST(NonInferiorityTest, WhereLessIsGoodMoreIsTheLoss) {
  const PlanBuilder plan = PlanBuilder()
                               .Primary("complaint", MetricKind::kProportion)
                               .Predicted(Direction::kDecrease)
                               .NotWorseBy(0.02, Scale::kAbsolute);
  EXPECT_EQ(Retained(plan, 5000, 5050).decision, Decision::kShip);
  EXPECT_EQ(Retained(plan, 5000, 5400).decision, Decision::kDoNotShip);
}

TEST(NonInferiorityTest, WhatWouldFlipItIsMeasuredToTheMargin) {
  const PlanBuilder plan =
      PlanBuilder().Primary("visit", MetricKind::kProportion).NotWorseBy(0.02, Scale::kAbsolute);
  const Verdict verdict = Retained(plan, 5000, 4950);
  ASSERT_TRUE(verdict.flip.has_value());
  // The lower end, 1.96 standard errors below -0.5, is that far above -2.
  const double error = *ResultOf(verdict, {.metric = "visit"}).standard_error;
  EXPECT_NEAR(*verdict.flip->standard_errors, -(0.015 / error - 1.959964), 1e-3);
  EXPECT_EQ(verdict.flip->decision, Decision::kInconclusive);
}

TEST(NonInferiorityTest, TheSmallestEffectThatMattersIsNotAsked) {
  const PlanBuilder plan = PlanBuilder()
                               .Primary("visit", MetricKind::kProportion)
                               .Smallest(0.05, Scale::kAbsolute)
                               .NotWorseBy(0.02, Scale::kAbsolute);
  EXPECT_EQ(Retained(plan, 5000, 4950).decision, Decision::kShip);
}

// -------------------------------------------------------------------------------------------------
// Several primary metrics

Verdict TwoPrimaries(const PlanBuilder& plan, std::int64_t visits, std::int64_t orders) {
  return Judged(plan.Build(), MeasuredBuilder(2)
                                  .Arm(0, 10'000, {Share(5000, 10'000), Share(1000, 10'000)})
                                  .Arm(1, 10'000, {Share(visits, 10'000), Share(orders, 10'000)})
                                  .Build());
}

TEST(CoPrimaryTest, AnyOfThemWinsAtItsShareOfAlpha) {
  const PlanBuilder plan = PlanBuilder()
                               .Primary("visit", MetricKind::kProportion)
                               .CoPrimary("order", MetricKind::kProportion, 0.2);
  const Verdict verdict = TwoPrimaries(plan, 5000, 1200);
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PRIMARY_BETTER"));
  EXPECT_EQ(verdict.reasons[0].metric, "metrics/order");
  EXPECT_THAT(verdict.summary->english, HasSubstr("order: That is better"));
  const Result visit = ResultOf(verdict, {.metric = "visit"});
  const Result order = ResultOf(verdict, {.metric = "order"});
  EXPECT_EQ(order.role, Role::kPrimary);
  EXPECT_NEAR(*visit.adjusted_interval->level, 0.96, 1e-12);
  EXPECT_NEAR(*order.adjusted_interval->level, 0.99, 1e-12);
  EXPECT_NEAR(*order.adjusted_p_value, 5 * *order.p_value, 1e-12);
  EXPECT_EQ(order.adjustment, Adjustment::kBonferroni);
  // p of 1,088 against 1,000 is 0.043: enough for 0.05, not for 0.01.
  EXPECT_EQ(TwoPrimaries(plan, 5000, 1088).decision, Decision::kInconclusive);
}

// The p-value is that of the sequence that made the interval, whose shape depends on its level.
TEST(CoPrimaryTest, AdjustedPValueAndIntervalAgreeAtAnyTime) {
  for (const std::int64_t orders : {1120, 1130, 1140, 1150, 1160, 1170, 1180, 1190, 1200}) {
    const PlanBuilder plan = PlanBuilder()
                                 .AlwaysValid()
                                 .PlannedUnits(200'000)
                                 .Primary("visit", MetricKind::kProportion)
                                 .CoPrimary("order", MetricKind::kProportion, 0.05);
    const Result order = ResultOf(TwoPrimaries(plan, 5000, orders), {.metric = "order"});
    EXPECT_EQ(*order.adjusted_interval->lower > 0, *order.adjusted_p_value < 0.05) << orders;
  }
}

TEST(CoPrimaryTest, AnArmThatIsWorseOnOneMetricIsNotWaitedForToWin) {
  SealedPlan plan = PlanBuilder()
                        .Variants({"control", "mixed", "open"})
                        .AlwaysValid()
                        .Primary("visit", MetricKind::kProportion)
                        .CoPrimary("order", MetricKind::kProportion, 0.5)
                        .Build();
  const auto verdict = MakeVerdict(plan, Running(),
                                   MeasuredBuilder(3)
                                       .Arm(0, 10'000, {Share(5000, 10'000), Share(1000, 10'000)})
                                       .Arm(1, 10'000, {Share(5500, 10'000), Share(700, 10'000)})
                                       .Arm(2, 10'000, {Share(5010, 10'000), Share(1010, 10'000)})
                                       .Build(),
                                   Start() + Days(10));
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_EQ(verdict->decision, Decision::kKeepRunning);
  EXPECT_NE(verdict->units_to_go, 0);
}

TEST(CoPrimaryTest, AllMustWinAtTheFullAlpha) {
  const PlanBuilder plan = PlanBuilder()
                               .Primary("visit", MetricKind::kProportion)
                               .CoPrimary("order", MetricKind::kProportion, 0)
                               .AllMustWin();
  EXPECT_EQ(TwoPrimaries(plan, 5200, 1200).decision, Decision::kShip);
  EXPECT_EQ(TwoPrimaries(plan, 5000, 1200).decision, Decision::kInconclusive);
  EXPECT_EQ(TwoPrimaries(plan, 5200, 1088).decision, Decision::kShip);
  EXPECT_EQ(TwoPrimaries(plan, 5200, 800).decision, Decision::kDoNotShip);
}

TEST(CoPrimaryTest, TheFlipNamesTheMetricThatIsNearest) {
  const PlanBuilder plan = PlanBuilder()
                               .Primary("visit", MetricKind::kProportion)
                               .CoPrimary("order", MetricKind::kProportion, 0)
                               .AllMustWin();
  const Verdict verdict = TwoPrimaries(plan, 5200, 1080);  // the second is almost better
  ASSERT_TRUE(verdict.flip.has_value());
  EXPECT_EQ(verdict.flip->metric, "metrics/order");
  EXPECT_GT(*verdict.flip->standard_errors, 0);
  EXPECT_EQ(verdict.flip->decision, Decision::kShip);
}

// -------------------------------------------------------------------------------------------------
// Minimum duration

TEST(MinimumDurationTest, IsThePlans) {
  const Measured measured =
      MeasuredBuilder(2).Arm(0, 1000, {Share(100, 1000)}).Arm(1, 1000, {Share(300, 1000)}).Build();
  const auto decide = [&](Duration minimum, Duration ran) {
    SealedPlan plan = PlanBuilder()
                          .Primary("visit", MetricKind::kProportion)
                          .AlwaysValid()
                          .Lasting(minimum)
                          .Build();
    plan.external = false;
    const auto verdict = MakeVerdict(plan, Running(), measured, Start() + ran);
    EXPECT_TRUE(verdict.ok()) << verdict.status();
    return *verdict;
  };
  EXPECT_EQ(decide(Days(7), Days(7)).decision, Decision::kShip);
  EXPECT_THAT(CodesOf(decide(Days(14), Days(7))), ElementsAre("MIN_DURATION"));
  EXPECT_THAT(decide(Days(14), Days(7)).reasons[0].detail,
              HasSubstr("at least 14.0 days are planned"));
  EXPECT_EQ(decide(Days(14), Days(14)).decision, Decision::kShip);
  EXPECT_EQ(decide(Days(2), Days(2)).decision, Decision::kShip);
}

}  // namespace
}  // namespace insightloop::testing
