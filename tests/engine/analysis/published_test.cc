// SPDX-License-Identifier: Apache-2.0
//
// Verdicts on public data sets, from their published counts: Hillstrom's e-mail campaign (2008),
// the landing page test of Udacity's course, and the passenger surveys of San Francisco's airport
// (2017, 2018). Expected figures are textbook ones, computed with SciPy and statsmodels; they are
// given to about six digits, which sets the tolerances.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kSixDigits = 1.5e-6;

// p-values are published to five digits.
MATCHER_P(IsAbout, expected, "") { return std::abs(arg / expected - 1) < 1e-3; }

Verdict Hillstrom(PlanBuilder plan) {
  plan.Variants({"none", "mens", "womens"}).Primary("visit", MetricKind::kProportion);
  return Judged(plan.Build(), MeasuredBuilder(3)
                                  .Arm(0, 21306, {Share(2262, 21306)})
                                  .Arm(1, 21307, {Share(3894, 21307)})
                                  .Arm(2, 21387, {Share(3238, 21387)})
                                  .Build());
}

TEST(HillstromTest, GivesThePublishedDifferences) {
  const Verdict verdict = Hillstrom(PlanBuilder());

  const Result mens = ResultOf(verdict, {.metric = "visit", .variant = "mens"});
  EXPECT_EQ(mens.statistic, Statistic::kShare);
  EXPECT_NEAR(*mens.treatment_value, 0.182757, kSixDigits);
  EXPECT_NEAR(*mens.control_value, 0.106167, kSixDigits);
  EXPECT_NEAR(*mens.absolute_effect, 0.076590, kSixDigits);
  EXPECT_NEAR(*mens.absolute_interval->lower, 0.069954, kSixDigits);
  EXPECT_NEAR(*mens.absolute_interval->upper, 0.083226, kSixDigits);
  EXPECT_THAT(*mens.p_value, IsAbout(2.7077e-113));
  EXPECT_NEAR(*mens.log_p_value, std::log(2.7077e-113), 1e-3);
  EXPECT_NEAR(*mens.relative_lift, 0.182757 / 0.106167 - 1, 1e-5);

  const Result womens = ResultOf(verdict, {.metric = "visit", .variant = "womens"});
  EXPECT_NEAR(*womens.absolute_effect, 0.045233, kSixDigits);
  EXPECT_NEAR(*womens.absolute_interval->lower, 0.038894, kSixDigits);
  EXPECT_NEAR(*womens.absolute_interval->upper, 0.051572, kSixDigits);
  EXPECT_THAT(*womens.p_value, IsAbout(1.9230e-44));
}

TEST(HillstromTest, SplitsAlphaBetweenTheTwoTreatments) {
  const Result mens = ResultOf(Hillstrom(PlanBuilder()), {.metric = "visit", .variant = "mens"});
  EXPECT_EQ(mens.adjustment, Adjustment::kBonferroni);
  EXPECT_DOUBLE_EQ(*mens.adjusted_p_value, 2 * *mens.p_value);
  EXPECT_DOUBLE_EQ(*mens.adjusted_interval->level, 0.975);
  EXPECT_EQ(mens.adjusted_interval->validity, Validity::kFixedHorizon);
  // The normal quantile of 0.9875 is 2.241403.
  EXPECT_NEAR(*mens.adjusted_interval->lower,
              *mens.absolute_effect - 2.241403 * *mens.standard_error, 1e-8);
}

TEST(HillstromTest, ShipsTheMensEmailAndSaysThatItIsTheBest) {
  const Verdict verdict = Hillstrom(PlanBuilder());
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_EQ(verdict.ship_variant, "mens");
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PRIMARY_BETTER", "BEST_DISTINGUISHED"));
  EXPECT_THAT(verdict.reasons[0].detail, HasSubstr("18.28 % (21,307 units) against 10.62 %"));
  // Mens less womens is 0.031356, as published.
  EXPECT_THAT(verdict.reasons[1].detail, HasSubstr("+3.136 percentage points"));
  EXPECT_EQ(verdict.matured_units, 64'000);
}

TEST(HillstromTest, FindsTheSampleRatioAsPublished) {
  const HealthCheck check = CheckOf(Hillstrom(PlanBuilder()), Check::kSampleRatio);
  EXPECT_EQ(check.status, CheckStatus::kPass);
  EXPECT_NEAR(*check.p_value, 0.9037, 5e-5);
  EXPECT_THAT(check.detail, HasSubstr("chi-square 0.2025"));
}

TEST(HillstromTest, BothHarmWhenFewerVisitsArePredicted) {
  const Verdict verdict = Hillstrom(PlanBuilder().Predicted(Direction::kDecrease));
  EXPECT_EQ(verdict.decision, Decision::kDoNotShip);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PRIMARY_WORSE", "PRIMARY_WORSE"));
}

TEST(LandingPageTest, ReportsCrossedUsersAndFindsNoWin) {
  const SealedPlan plan = PlanBuilder().Primary("converted", MetricKind::kProportion).Build();
  const Verdict verdict = Judged(plan, MeasuredBuilder(2)
                                           .Arm(0, 144300, {Share(17468, 144300)})
                                           .Arm(1, 144389, {Share(17268, 144389)})
                                           .Crossed(0, 948, {Share(114, 948)})
                                           .Crossed(1, 947, {Share(113, 947)})
                                           .Build());
  const Result result = ResultOf(verdict, {.metric = "converted"});
  EXPECT_NEAR(*result.absolute_effect, -0.00145976, 5e-9);
  EXPECT_NEAR(*result.absolute_interval->lower, -0.00383332, 5e-9);
  EXPECT_NEAR(*result.absolute_interval->upper, 0.00091379, 5e-9);
  EXPECT_NEAR(*result.p_value, 0.22805, 5e-6);
  EXPECT_EQ(*result.units_control, 144300);

  const HealthCheck crossed = CheckOf(verdict, Check::kCrossedUnits);
  EXPECT_EQ(crossed.status, CheckStatus::kWarn);
  EXPECT_THAT(crossed.detail, HasSubstr("1,895 of 290,584 exposed units"));
  EXPECT_EQ(verdict.decision, Decision::kInconclusive);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("TOO_SMALL"));
}

constexpr NpsAnswers k2017 = {.promoters = 1436, .passives = 968, .detractors = 342, .asked = 2831};
constexpr NpsAnswers k2018 = {.promoters = 1268, .passives = 935, .detractors = 447, .asked = 2809};

// A p-value of the unpooled z test of answered against not answered, by hand.
double ResponseP(double answered_c, double asked_c, double answered_t, double asked_t) {
  const double c = answered_c / asked_c, t = answered_t / asked_t;
  const double z = (t - c) / std::sqrt(c * (1 - c) / asked_c + t * (1 - t) / asked_t);
  return std::erfc(std::abs(z) / std::sqrt(2.0));
}

TEST(AirportSurveyTest, FindsTheLowerScoreAndTheLowerResponseRate) {
  const SealedPlan plan =
      PlanBuilder().Variants({"2017", "2018"}).Primary("nps", MetricKind::kNps).Build();
  const Verdict verdict = Judged(
      plan, MeasuredBuilder(2).Arm(0, 2831, {Nps(k2017)}).Arm(1, 2809, {Nps(k2018)}).Build());
  const Result result = ResultOf(verdict, {.metric = "nps", .variant = "2018"});
  EXPECT_NEAR(*result.control_value, 39.8398, 5e-5);
  EXPECT_NEAR(*result.treatment_value, 30.9811, 5e-5);
  EXPECT_NEAR(*result.absolute_effect, -8.8586, 1e-4);
  EXPECT_NEAR(*result.absolute_interval->lower, -12.7093, 1e-4);
  EXPECT_NEAR(*result.absolute_interval->upper, -5.0080, 1e-4);
  EXPECT_THAT(*result.p_value, IsAbout(6.513e-06));
  EXPECT_EQ(*result.units_control, 2746);  // who answered
  EXPECT_FALSE(result.relative_lift.has_value());
  EXPECT_THAT(WhyAbsent(result, "relativeLift"), HasSubstr("no natural zero"));

  EXPECT_EQ(verdict.decision, Decision::kDoNotShip);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PRIMARY_WORSE"));
  const HealthCheck response = CheckOf(verdict, Check::kResponseRate);
  EXPECT_EQ(response.status, CheckStatus::kWarn);
  EXPECT_THAT(*response.p_value, IsAbout(ResponseP(2746, 2831, 2650, 2809)));
  EXPECT_THAT(response.detail, HasSubstr("metrics/nps"));
}

TEST(AirportSurveyTest, GivesBothStatisticsOfSatisfaction) {
  const SealedPlan plan =
      PlanBuilder().Variants({"2017", "2018"}).Primary("q7", MetricKind::kCsat).Build();
  const Verdict verdict = Judged(plan, MeasuredBuilder(2)
                                           .Arm(0, 2831, {Csat({6, 32, 444, 1507, 699}, 2831)})
                                           .Arm(1, 2809, {Csat({6, 46, 514, 1428, 631}, 2809)})
                                           .Build());
  const Result top =
      ResultOf(verdict, {.metric = "q7", .variant = "2018", .statistic = Statistic::kTopTwoShare});
  EXPECT_NEAR(*top.control_value, 0.820685, kSixDigits);
  EXPECT_NEAR(*top.absolute_effect, -0.036304, kSixDigits);
  EXPECT_NEAR(*top.absolute_interval->lower, -0.057700, kSixDigits);
  EXPECT_NEAR(*top.absolute_interval->upper, -0.014907, kSixDigits);
  EXPECT_TRUE(top.relative_interval.has_value());

  const Result mean =
      ResultOf(verdict, {.metric = "q7", .variant = "2018", .statistic = Statistic::kMeanScore});
  EXPECT_NEAR(*mean.absolute_effect, -0.061693, kSixDigits);
  EXPECT_NEAR(*mean.absolute_interval->lower, -0.100044, kSixDigits);
  EXPECT_NEAR(*mean.absolute_interval->upper, -0.023343, kSixDigits);
  EXPECT_THAT(*mean.p_value, IsAbout(0.001621));
  EXPECT_FALSE(mean.relative_interval.has_value());

  EXPECT_EQ(verdict.decision, Decision::kDoNotShip);
  EXPECT_EQ(CheckOf(verdict, Check::kResponseRate).status, CheckStatus::kWarn);
}

// Other people answered, but trimming those who did in one wave only leaves the difference.
TEST(AirportSurveyTest, ABetterScoreThatTrimmingLeavesIsAWinWithAWarning) {
  const SealedPlan plan =
      PlanBuilder().Variants({"2018", "2017"}).Primary("nps", MetricKind::kNps).Build();
  const Verdict verdict = Judged(
      plan, MeasuredBuilder(2).Arm(0, 2809, {Nps(k2018)}).Arm(1, 2831, {Nps(k2017)}).Build());
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_EQ(CheckOf(verdict, Check::kResponseRate).status, CheckStatus::kWarn);
  const Result result = ResultOf(verdict, {.metric = "nps", .variant = "2017"});
  EXPECT_GT(*result.lee_bounds->interval->lower, 0);
  EXPECT_LT(*result.lee_bounds->lower, *result.absolute_effect);
  EXPECT_LT(*result.manski_bounds->lower, *result.lee_bounds->lower);
}

}  // namespace
}  // namespace insightloop::testing
