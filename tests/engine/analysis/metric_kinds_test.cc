// SPDX-License-Identifier: Apache-2.0
//
// Ratios, quantiles, retention, caps and covariates, from measured sums to the verdict.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "tests/engine/analysis/builders.h"
#include "tests/support/status_matchers.h"

namespace insightloop::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

SealedPlan Basket() { return PlanBuilder().Primary("basket", MetricKind::kRatio).Build(); }
SealedPlan Wait() { return PlanBuilder().Primary("wait", MetricKind::kQuantile).Build(); }

SealedPlan SpendAdjustedFor(const Covariate& covariate) {
  SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  plan.metrics[0].covariate = covariate;
  return plan;
}

// Four kinds of units, each this often: spend is 1, 3, 2, 4 and `more` cents, the covariate 0, 2,
// 0, 2 in such steps.
MetricSums Spenders(std::int64_t more, std::int64_t step, int units) {
  return Joint({{{1 + more, 0, 0}, units},
                {{3 + more, 2 * step, 0}, units},
                {{2 + more, 0, 0}, units},
                {{4 + more, 2 * step, 0}, units}});
}

TEST(RatioTest, IsSumOverSumWithTheErrorOfTheDeltaMethod) {
  // Cents over orders: 600 over 4, and twice the cents.
  const Result result = ResultOf(
      Judged(Basket(),
             MeasuredBuilder(2)
                 .Arm(0, 4, {Joint({{{200, 1}, 1}, {{300, 2}, 1}, {{0, 0}, 1}, {{100, 1}, 1}})})
                 .Arm(1, 4, {Joint({{{400, 1}, 1}, {{600, 2}, 1}, {{0, 0}, 1}, {{200, 1}, 1}})})
                 .Build()),
      {.metric = "basket"});
  EXPECT_EQ(result.statistic, Statistic::kRatio);
  EXPECT_EQ(result.units_control, 4);
  EXPECT_DOUBLE_EQ(*result.control_value, 1.5);
  EXPECT_DOUBLE_EQ(*result.treatment_value, 3);
  EXPECT_DOUBLE_EQ(*result.absolute_effect, 1.5);
  EXPECT_DOUBLE_EQ(*result.relative_lift, 1);
  // Influence values (n - R d) / 1 are 0.5, 0, 0, -0.5, and twice that: variances 1/6 and 4/6.
  EXPECT_NEAR(*result.standard_error, std::sqrt((1.0 / 6 + 4.0 / 6) / 4), 1e-14);
  EXPECT_THAT(result.absent, IsEmpty());
}

TEST(RatioTest, ADenominatorOfZeroIsNoRatio) {
  const Result result =
      ResultOf(Judged(Basket(), MeasuredBuilder(2)
                                    .Arm(0, 3, {Joint({{{0, 0}, 3}})})
                                    .Arm(1, 3, {Joint({{{100, 1}, 1}, {{300, 2}, 2}})})
                                    .Build()),
               {.metric = "basket"});
  EXPECT_FALSE(result.control_value || result.absolute_effect || result.p_value);
  EXPECT_DOUBLE_EQ(*result.treatment_value, 7.0 / 5);
  EXPECT_EQ(WhyAbsent(result, "controlValue"), "The denominator of control is 0.");
  EXPECT_EQ(WhyAbsent(result, "pValue"), "The denominator of control is 0.");
}

TEST(RatioTest, WithoutVarianceThereIsNoInterval) {
  const auto always = [](std::int64_t cents, int units) {
    return std::vector<MetricSums>{Joint({{{cents, 1}, units}})};
  };
  Result result = ResultOf(
      Judged(Basket(),
             MeasuredBuilder(2).Arm(0, 9, always(100, 9)).Arm(1, 9, always(200, 9)).Build()),
      {.metric = "basket"});
  EXPECT_DOUBLE_EQ(*result.absolute_effect, 1);
  EXPECT_THAT(WhyAbsent(result, "pValue"), HasSubstr("the same ratio"));
  result = ResultOf(
      Judged(Basket(),
             MeasuredBuilder(2).Arm(0, 1, always(100, 1)).Arm(1, 9, always(200, 9)).Build()),
      {.metric = "basket"});
  EXPECT_DOUBLE_EQ(*result.control_value, 1);
  EXPECT_THAT(WhyAbsent(result, "pValue"), HasSubstr("at least two units"));
}

TEST(RatioTest, DenominatorsThatAreSummedHaveTheStepOfTheirEvent) {
  SealedPlan plan = Basket();
  plan.metrics[0].denominator->sum_values = true;
  plan.events[1].value_kind = ValueKind::kNumber;
  plan.events[1].resolution = 0.1;
  // 3.00 in cents over 1.5 in tenths.
  const MetricSums sums = Joint({{{100, 5}, 1}, {{200, 10}, 1}});
  const Result result =
      ResultOf(Judged(plan, MeasuredBuilder(2).Arm(0, 2, {sums}).Arm(1, 2, {sums}).Build()),
               {.metric = "basket"});
  EXPECT_DOUBLE_EQ(*result.control_value, 2);
}

TEST(RetentionTest, IsAShareOfUnits) {
  const auto judged = [](MetricKind kind) {
    return ResultOf(
        Judged(PlanBuilder().Primary("back", kind).Build(), MeasuredBuilder(2)
                                                                .Arm(0, 1000, {Share(100, 1000)})
                                                                .Arm(1, 1000, {Share(150, 1000)})
                                                                .Build()),
        {.metric = "back"});
  };
  const Result result = judged(MetricKind::kRetention);
  EXPECT_EQ(result.statistic, Statistic::kShare);
  EXPECT_DOUBLE_EQ(*result.treatment_value, 0.15);
  EXPECT_EQ(result.p_value, judged(MetricKind::kProportion).p_value);
}

TEST(QuantileTest, HasTheErrorOfItsRank) {
  // 1 to 1,000 cents, and one more euro. A rank is worth a cent, its error is sqrt(1000 / 4) ranks.
  const Result result = ResultOf(Judged(Wait(), MeasuredBuilder(2)
                                                    .Arm(0, 1000, {MedianOfRun(1, 1000)})
                                                    .Arm(1, 1000, {MedianOfRun(101, 1000)})
                                                    .Build()),
                                 {.metric = "wait"});
  EXPECT_EQ(result.statistic, Statistic::kQuantile);
  EXPECT_DOUBLE_EQ(*result.control_value, 5);
  EXPECT_DOUBLE_EQ(*result.treatment_value, 6);
  EXPECT_NEAR(*result.absolute_effect, 1, 1e-14);
  EXPECT_NEAR(*result.standard_error, std::sqrt(2 * 250.0) / 100, 1e-14);
  EXPECT_NEAR(*result.relative_lift, 0.2, 1e-14);
  EXPECT_THAT(result.absent, IsEmpty());
}

TEST(QuantileTest, TiesAndFewUnitsLeaveTheValues) {
  MetricSums zeros = MedianOfRun(1, 1000);
  zeros.quantile->lower = zeros.quantile->value = zeros.quantile->upper = 0;
  Result result = ResultOf(
      Judged(Wait(),
             MeasuredBuilder(2).Arm(0, 1000, {zeros}).Arm(1, 1000, {MedianOfRun(1, 1000)}).Build()),
      {.metric = "wait"});
  EXPECT_DOUBLE_EQ(*result.absolute_effect, 5);
  EXPECT_THAT(WhyAbsent(result, "pValue"), HasSubstr("the units of control have one value"));
  // The median needs 1.96^2 = 3.8 units.
  result = ResultOf(Judged(Wait(), MeasuredBuilder(2)
                                       .Arm(0, 1000, {MedianOfRun(1, 1000)})
                                       .Arm(1, 3, {MedianOfRun(1, 3)})
                                       .Build()),
                    {.metric = "wait"});
  EXPECT_DOUBLE_EQ(*result.treatment_value, 0.02);
  EXPECT_THAT(WhyAbsent(result, "pValue"), HasSubstr("treatment needs more units"));
}

TEST(QuantileTest, EachEpochIsAStratum) {
  // Also with one split: medians of 500 and 1100, then a euro more. Weights are 2000 and 400 of
  // 2400 units, squared errors 1000 / 4 and 200 / 4 cents in each arm.
  const Verdict verdict = Judged(Wait(),
                                 MeasuredBuilder(2)
                                     .Arm(0, 1000, {MedianOfRun(1, 1000)})
                                     .Arm(1, 1000, {MedianOfRun(101, 1000)})
                                     .InEpoch(2)
                                     .Arm(0, 200, {MedianOfRun(1001, 200)})
                                     .Arm(1, 200, {MedianOfRun(1101, 200)})
                                     .Build(),
                                 WithEpochs(StoppedAfter(Days(14)), {{1, 1}, {1, 1}}));
  const Result result = ResultOf(verdict, {.metric = "wait"});
  EXPECT_EQ(result.units_control, 1200);
  EXPECT_NEAR(*result.control_value, 5.0 * 5 / 6 + 11.0 / 6, 1e-13);
  EXPECT_NEAR(*result.absolute_effect, 1, 1e-13);
  EXPECT_NEAR(*result.standard_error, std::sqrt(2 * (25 * 250.0 / 36 + 1 * 50.0 / 36)) / 100,
              1e-13);
}

TEST(QuantileTest, AnEpochWithoutAnErrorLeavesNoFigureOfAll) {
  MetricSums ties = MedianOfRun(1, 200);
  ties.quantile->lower = ties.quantile->value = ties.quantile->upper = 0;
  const Verdict verdict = Judged(Wait(),
                                 MeasuredBuilder(2)
                                     .Arm(0, 1000, {MedianOfRun(1, 1000)})
                                     .Arm(1, 1000, {MedianOfRun(101, 1000)})
                                     .InEpoch(2)
                                     .Arm(0, 200, {MedianOfRun(1, 200)})
                                     .Arm(1, 200, {ties})
                                     .Build(),
                                 WithEpochs(StoppedAfter(Days(14)), {{1, 1}, {1, 1}}));
  const Result result = ResultOf(verdict, {.metric = "wait"});
  EXPECT_FALSE(result.control_value || result.treatment_value || result.p_value);
  for (const char* field : {"controlValue", "treatmentValue", "pValue"}) {
    EXPECT_THAT(WhyAbsent(result, field), HasSubstr("the units of treatment have one value"));
  }
}

TEST(QuantileTest, ASmallEpochIsLeftOutAndNamed) {
  const Verdict verdict = Judged(Wait(),
                                 MeasuredBuilder(2)
                                     .Arm(0, 1000, {MedianOfRun(1, 1000)})
                                     .Arm(1, 1000, {MedianOfRun(101, 1000)})
                                     .InEpoch(2)
                                     .Arm(0, 49, {MedianOfRun(1, 49)})
                                     .Arm(1, 60, {MedianOfRun(1, 60)})
                                     .Build(),
                                 WithEpochs(StoppedAfter(Days(14)), {{1, 1}, {1, 1}}));
  const Result result = ResultOf(verdict, {.metric = "wait"});
  EXPECT_EQ(result.units_treatment, 1000);
  EXPECT_DOUBLE_EQ(*result.treatment_value, 6);
  EXPECT_EQ(WhyAbsent(result, "epoch"),
            "Left out, with fewer than 50 units in control or treatment: epoch 2.");
}

TEST(QuantileTest, CrossedUnitsDoNotTakeItAway) {
  // First in the list, as nothing promises an order.
  const Verdict verdict = Judged(Wait(), MeasuredBuilder(2)
                                             .Crossed(1, 1, {MedianOfRun(1, 1)})
                                             .Arm(0, 1000, {MedianOfRun(1, 1000)})
                                             .Arm(1, 1000, {MedianOfRun(101, 1000)})
                                             .Build());
  EXPECT_EQ(CheckOf(verdict, Check::kCrossedUnits).status, CheckStatus::kPass);
  EXPECT_EQ(verdict.decision, Decision::kShip);
}

TEST(CovariateTest, AdjustsValuesEffectAndError) {
  // By hand: theta is 1, so at the common covariate of 1 the units have 2, 2, 3, 3 cents: their
  // sample variance is 1/3, before the adjustment it is 5/3.
  const auto judged = [](const Covariate& covariate, std::int64_t step) {
    return Judged(SpendAdjustedFor(covariate), MeasuredBuilder(2)
                                                   .Arm(0, 4, {Spenders(0, step, 1)})
                                                   .Arm(1, 4, {Spenders(1, step, 1)})
                                                   .Build());
  };
  const Result result =
      ResultOf(judged({.attribute = "attributes/age"}, 1'000'000), {.metric = "spend"});
  EXPECT_EQ(result.adjusted_for->attribute, "attributes/age");
  EXPECT_NEAR(*result.variance_removed, 0.8, 1e-14);
  EXPECT_NEAR(*result.control_value, 0.025, 1e-15);
  EXPECT_NEAR(*result.treatment_value, 0.035, 1e-15);
  EXPECT_NEAR(*result.absolute_effect, 0.01, 1e-15);
  EXPECT_NEAR(*result.standard_error, std::sqrt(2 * 1.0 / 12) / 100, 1e-15);
  EXPECT_THAT(result.absent, IsEmpty());
  // Its own number has its own steps, whose size is of no matter.
  const Result history = ResultOf(judged({.history = Days(28)}, 1), {.metric = "spend"});
  EXPECT_EQ(history.adjusted_for->history, Days(28));
  EXPECT_NEAR(*history.standard_error, *result.standard_error, 1e-15);
}

TEST(CovariateTest, ADifferenceOfTheCovariateByChanceIsTakenOut) {
  // One cent more spent for each year: the treatment has one in four of the older ones more.
  const auto rows = [](int young, int old) {
    return Joint({{{1, 0, 0}, young},
                  {{2, 0, 0}, young},
                  {{3, 2'000'000, 0}, old},
                  {{4, 2'000'000, 0}, old}});
  };
  const Result result = ResultOf(
      Judged(SpendAdjustedFor({.attribute = "attributes/age"}),
             MeasuredBuilder(2).Arm(0, 400, {rows(100, 100)}).Arm(1, 400, {rows(50, 150)}).Build()),
      {.metric = "spend"});
  EXPECT_NEAR(*result.absolute_effect, 0, 1e-15);
}

TEST(CovariateTest, UnitsWithoutOneAreAdjustedForThat) {
  // Those whose covariate is missing spend 9: the indicator explains it all the same.
  const auto rows = [](std::int64_t more) {
    return Joint({{{1 + more, 0, 0}, 25},
                  {{3 + more, 2'000'000, 0}, 25},
                  {{9 + more, 0, 1}, 25},
                  {{11 + more, 0, 1}, 25}});
  };
  const Result result =
      ResultOf(Judged(SpendAdjustedFor({.attribute = "attributes/age"}),
                      MeasuredBuilder(2).Arm(0, 100, {rows(0)}).Arm(1, 100, {rows(1)}).Build()),
               {.metric = "spend"});
  // Only the spread of 1 around 10 is left: 50 units with residual 1, over 99 and 100.
  EXPECT_NEAR(*result.standard_error, std::sqrt(2 * 50.0 / 99 / 100) / 100, 1e-15);
}

TEST(CovariateTest, SharesAreAdjustedToo) {
  SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  plan.metrics[0].covariate = {.attribute = "attributes/age"};
  // Of the young 1 in 10 visits, of the old 9 in 10: theta is 0.8, what is left of each 0.09.
  const MetricSums sums =
      Joint({{{1, 0, 0}, 10}, {{0, 0, 0}, 90}, {{1, 1'000'000, 0}, 90}, {{0, 1'000'000, 0}, 10}});
  const Result result =
      ResultOf(Judged(plan, MeasuredBuilder(2).Arm(0, 200, {sums}).Arm(1, 200, {sums}).Build()),
               {.metric = "visit"});
  EXPECT_EQ(result.statistic, Statistic::kShare);
  EXPECT_DOUBLE_EQ(*result.control_value, 0.5);
  EXPECT_NEAR(*result.standard_error, std::sqrt(2 * 200 * 0.09 / 199 / 200), 1e-14);
  EXPECT_NEAR(*result.variance_removed, 1 - 0.09 / 0.25, 1e-14);
}

TEST(CovariateTest, EpochsAreAdjustedAmongThemselves) {
  const Result result = ResultOf(Judged(SpendAdjustedFor({.attribute = "attributes/age"}),
                                        MeasuredBuilder(2)
                                            .Arm(0, 300, {Spenders(0, 1'000'000, 75)})
                                            .Arm(1, 100, {Spenders(1, 1'000'000, 25)})
                                            .InEpoch(2)
                                            .Arm(0, 100, {Spenders(10, 1'000'000, 25)})
                                            .Arm(1, 100, {Spenders(13, 1'000'000, 25)})
                                            .Build(),
                                        WithEpochs(StoppedAfter(Days(14)), {{3, 1}, {1, 1}})),
                                 {.metric = "spend"});
  // Strata weigh 400 and 200 of 600; in each, n units are left with 1/4 n / (n - 1) of variance, of
  // 5/4 n / (n - 1).
  EXPECT_NEAR(*result.absolute_effect, (2.0 * 1 + 3) / 3 / 100, 1e-15);
  EXPECT_NEAR(*result.standard_error,
              std::sqrt(4.0 / 9 * 0.25 * (1.0 / 299 + 1.0 / 99) + 1.0 / 9 * 0.25 * 2 / 99) / 100,
              1e-15);
  EXPECT_NEAR(*result.variance_removed, 0.8, 1e-14);
  EXPECT_EQ(result.adjusted_for->attribute, "attributes/age");
}

TEST(CovariateTest, OneUnitIsNotAdjustedAndAPerfectFitHasNoError) {
  const SealedPlan plan = SpendAdjustedFor({.attribute = "attributes/age"});
  Result result = ResultOf(Judged(plan, MeasuredBuilder(2)
                                            .Arm(0, 4, {Spenders(0, 1'000'000, 1)})
                                            .Arm(1, 1, {Joint({{{7, 0, 0}, 1}})})
                                            .Build()),
                           {.metric = "spend"});
  EXPECT_FALSE(result.adjusted_for.has_value());
  EXPECT_DOUBLE_EQ(*result.control_value, 0.025);
  EXPECT_DOUBLE_EQ(*result.treatment_value, 0.07);
  EXPECT_THAT(WhyAbsent(result, "varianceRemoved"), HasSubstr("at least two units"));
  const auto line = [](std::int64_t more) {
    return std::vector<MetricSums>{
        Joint({{{1 + more, 1'000'000, 0}, 5}, {{2 + more, 2'000'000, 0}, 5}})};
  };
  result =
      ResultOf(Judged(plan, MeasuredBuilder(2).Arm(0, 10, line(0)).Arm(1, 10, line(1)).Build()),
               {.metric = "spend"});
  EXPECT_DOUBLE_EQ(*result.absolute_effect, 0.01);
  EXPECT_DOUBLE_EQ(*result.variance_removed, 1);
  EXPECT_THAT(WhyAbsent(result, "pValue"), HasSubstr("explains every unit's value"));
}

TEST(CovariateTest, ReasonsNameIt) {
  const Verdict verdict =
      Judged(SpendAdjustedFor({.history = Days(28)}), MeasuredBuilder(2)
                                                          .Arm(0, 400, {Spenders(0, 1, 100)})
                                                          .Arm(1, 400, {Spenders(1, 1, 100)})
                                                          .Build());
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_THAT(verdict.reasons[0].detail, HasSubstr(", adjusted for the 28.0 days before."));
}

TEST(CapTest, AResultShowsTheOneThatWasApplied) {
  SealedPlan plan = PlanBuilder()
                        .Primary("spend", MetricKind::kMean)
                        .Secondary("orders", MetricKind::kCount)
                        .Secondary("visits", MetricKind::kCount)
                        .Build();
  plan.metrics[0].cap = {.percentile = 0.99};
  plan.metrics[1].cap = {.percentile = 0.99};
  const MetricSums some = Values({{1, 5}, {2, 5}});
  Measured measured =
      MeasuredBuilder(2).Arm(0, 10, {some, some, some}).Arm(1, 10, {some, some, some}).Build();
  measured.caps = {1234, std::nullopt, std::nullopt};
  const Verdict verdict = Judged(plan, measured);
  EXPECT_DOUBLE_EQ(*ResultOf(verdict, {.metric = "spend"}).cap, 12.34);
  const Result orders = ResultOf(verdict, {.metric = "orders"});
  EXPECT_FALSE(orders.cap.has_value());
  EXPECT_THAT(WhyAbsent(orders, "cap"), HasSubstr("All numbers are 0"));
  EXPECT_THAT(ResultOf(verdict, {.metric = "visits"}).absent, IsEmpty());
}

TEST(MetricKindsTest, OverflowedJointSumsMakeTheVerdictInvalid) {
  MetricSums overflowed = Joint({{{100, 1}, 4}});
  overflowed.joint->MarkOverflowed();
  const Verdict verdict = Judged(
      Basket(),
      MeasuredBuilder(2).Arm(0, 4, {Joint({{{100, 1}, 4}})}).Arm(1, 4, {overflowed}).Build());
  EXPECT_EQ(verdict.decision, Decision::kInvalid);
  EXPECT_THAT(WhyAbsent(ResultOf(verdict, {.metric = "basket"}), "treatmentValue"),
              HasSubstr("exceed"));
}

TEST(MetricKindsTest, FiguresThatDoNotFitThePlanAreAnError) {
  const auto refused = [](const SealedPlan& plan, const MetricSums& sums, const char* why) {
    const Measured measured = MeasuredBuilder(2).Arm(0, 4, {sums}).Arm(1, 4, {sums}).Build();
    EXPECT_THAT(MakeVerdict(plan, StoppedAfter(Days(14)), measured, Start()),
                StatusIs(absl::StatusCode::kInternal, HasSubstr(why)));
  };
  refused(Basket(), Values({{100, 4}}), "no sums of 2 variables");
  refused(Basket(), Joint({{{1, 0, 0}, 4}}), "no sums of 2 variables");
  MetricSums short_of_one = Joint({{{100, 1}, 3}});
  short_of_one.values.Add(100);
  refused(Basket(), short_of_one, "joint sums over 3 of 4 units");
  refused(Wait(), Values({{100, 4}}), "no quantile");
  MetricSums disordered = MedianOfRun(1, 4);
  disordered.quantile->upper = 0;
  refused(Wait(), disordered, "out of order");
}

TEST(MetricKindsTest, APlanThatLacksADenominatorIsAnError) {
  SealedPlan plan = Basket();
  plan.events.pop_back();
  EXPECT_THAT(MakeVerdict(plan, Running(), Measured{}, Start()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("lacks events/basket-base")));
  plan.metrics[0].denominator.reset();
  EXPECT_THAT(MakeVerdict(plan, Running(), Measured{}, Start()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("lacks the denominator")));
}

}  // namespace
}  // namespace insightloop::testing
