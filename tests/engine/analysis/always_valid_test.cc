// SPDX-License-Identifier: Apache-2.0
//
// Verdicts that may be read at any time. Multipliers at alpha 0.05 are those published for the
// Gaussian mixture's boundary by n / N*: 0.1, 0.5, 1, 2, 4 give 3.86, 3.08, 3.04, 3.06, 3.13.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kTwoDigits = 0.005;

PlanBuilder Visits() {
  return PlanBuilder().Primary("visit", MetricKind::kProportion).AlwaysValid();
}

// 1,000 units in each arm.
Measured Visited(const std::vector<std::int64_t>& successes) {
  MeasuredBuilder measured(successes.size());
  for (std::size_t v = 0; v < successes.size(); ++v) {
    measured.Arm(v, 1'000, {Share(successes[v], 1'000)});
  }
  return measured.Build();
}

// Standard errors from the estimate to the end of the interval.
double MultiplierOf(const Result& result) {
  return (*result.absolute_interval->upper - *result.absolute_effect) / *result.standard_error;
}

double Multiplier(const PlanBuilder& plan, const Experiment& experiment = Running()) {
  return MultiplierOf(
      ResultOf(Judged(plan.Build(), Visited({100, 120}), experiment), {.metric = "visit"}));
}

TEST(AlwaysValidTest, IsAsWideAsPublished) {
  EXPECT_NEAR(Multiplier(Visits().PlannedUnits(20'000)), 3.86, kTwoDigits);
  EXPECT_NEAR(Multiplier(Visits().PlannedUnits(4'000)), 3.08, kTwoDigits);
  EXPECT_NEAR(Multiplier(Visits().PlannedUnits(2'000)), 3.04, kTwoDigits);
  EXPECT_NEAR(Multiplier(Visits().PlannedUnits(1'000)), 3.06, kTwoDigits);
  EXPECT_NEAR(Multiplier(Visits().PlannedUnits(500)), 3.13, kTwoDigits);
}

TEST(AlwaysValidTest, WithoutAPlannedSizeItIsTenThousandUnlessTheFileIsFinished) {
  EXPECT_DOUBLE_EQ(Multiplier(Visits()), Multiplier(Visits().PlannedUnits(10'000)));
  EXPECT_NEAR(Multiplier(Visits(), StoppedAfter(Days(14))), 3.04, kTwoDigits);
}

TEST(AlwaysValidTest, AStoppedExperimentOfOursKeepsTheSizeItWasReadWith) {
  SealedPlan plan = Visits().Build();
  plan.external = false;
  const Verdict verdict = Judged(plan, Visited({100, 120}));
  EXPECT_DOUBLE_EQ(MultiplierOf(ResultOf(verdict, {.metric = "visit"})),
                   Multiplier(Visits().PlannedUnits(10'000)));
}

TEST(AlwaysValidTest, TwoVariantsHaveTheirShareOfThePlannedSize) {
  const PlanBuilder plan =
      Visits().Variants({"control", "treatment", "other"}).Weight(2, 2).PlannedUnits(4'000);
  const Verdict verdict = Judged(plan.Build(), Visited({100, 120, 110}), Running());
  EXPECT_NEAR(MultiplierOf(ResultOf(verdict, {.metric = "visit"})), 3.04, kTwoDigits);
}

TEST(AlwaysValidTest, ASegmentCountsAsFarAlongAsTheWhole) {
  Measured measured = Visited({100, 120});
  for (std::size_t v = 0; v < 2; ++v) {
    measured.strata.push_back({.epoch = 1,
                               .variant = v,
                               .segment = "country=DE",
                               .units = 200,
                               .metrics = {Share(30, 200)}});
  }
  const Verdict verdict =
      Judged(Visits().SegmentBy("country").PlannedUnits(2'000).Build(), measured, Running());
  const Result cell = ResultOf(verdict, {.metric = "visit", .segment = "country=DE"});
  EXPECT_NEAR(MultiplierOf(cell), 3.04, kTwoDigits);
}

TEST(AlwaysValidTest, TestAndIntervalsAgreeAndSayWhatTheyPromise) {
  const Result result =
      ResultOf(Judged(Visits().PlannedUnits(2'000).Build(), Visited({100, 150}), Running()),
               {.metric = "visit"});
  EXPECT_EQ(result.absolute_interval->validity, Validity::kAlwaysValid);
  EXPECT_EQ(result.relative_interval->validity, Validity::kAlwaysValid);
  EXPECT_EQ(result.adjusted_interval->validity, Validity::kAlwaysValid);
  // p = sqrt(x + 1) exp(-z^2 x / (2 (x + 1))) with x = -2 ln 0.05 + ln(1 - 2 ln 0.05) at n = N*.
  const double z = 0.05 / std::sqrt(0.1 * 0.9 / 1'000 + 0.15 * 0.85 / 1'000);
  const double x = -2 * std::log(0.05) + std::log(1 - 2 * std::log(0.05));
  EXPECT_NEAR(*result.p_value, std::sqrt(x + 1) * std::exp(-z * z * x / (2 * (x + 1))), 1e-12);
  EXPECT_LT(*result.p_value, 0.05);
  EXPECT_GT(*result.absolute_interval->lower, 0);
  EXPECT_GT(*result.relative_interval->lower, 0);
}

TEST(AlwaysValidTest, DecidesBeforeThePlannedSize) {
  const Verdict verdict =
      Judged(Visits().PlannedUnits(20'000).Build(), Visited({100, 200}), Running());
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PRIMARY_BETTER"));
}

TEST(AlwaysValidTest, ButNotBeforeAWeekIsOver) {
  Experiment young = Running();
  young.start_time = Start() + Days(24);  // read on day 30
  const Verdict verdict = Judged(Visits().Build(), Visited({100, 200}), young);
  EXPECT_EQ(verdict.decision, Decision::kKeepRunning);
}

TEST(AlwaysValidTest, ReadingOnPastThePlannedSizeIsValidAndSaid) {
  const Verdict open = Judged(Visits().PlannedUnits(2'000).Build(), Visited({100, 110}), Running());
  EXPECT_EQ(open.decision, Decision::kKeepRunning);
  EXPECT_THAT(CodesOf(open), ElementsAre("PAST_PLAN"));
  EXPECT_THAT(open.reasons.at(0).detail, HasSubstr("as valid"));
  const Verdict won = Judged(Visits().PlannedUnits(1'000).Build(), Visited({100, 200}), Running());
  EXPECT_THAT(CodesOf(won), ElementsAre("PRIMARY_BETTER"));
}

TEST(AlwaysValidTest, WhatAFixedHorizonCallsAWinMayStayOpen) {
  const Measured measured = Visited({100, 130});  // z = 2.1
  const PlanBuilder fixed = PlanBuilder().Primary("visit", MetricKind::kProportion);
  EXPECT_EQ(Judged(fixed.Build(), measured).decision, Decision::kShip);
  EXPECT_EQ(Judged(Visits().Build(), measured).decision, Decision::kInconclusive);
}

}  // namespace
}  // namespace insightloop::testing
