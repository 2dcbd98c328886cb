// SPDX-License-Identifier: Apache-2.0

#include "stats/planning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <tuple>
#include <utility>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::DoubleNear;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Normal quantiles with mpmath 1.3.0 at 30 digits: 0.975, 0.8, and the square of their sum, with
// which the textbook's size per arm is 2 * kSquare * (sd / effect)^2.
constexpr double kZ = 1.95996398454005423552;
constexpr double kZ80 = 0.841621233572914205179;
constexpr double kSquare = 7.84887973434908895116;

PlannedMetric Mean(double standard_deviation) { return {.standard_deviation = standard_deviation}; }
PlannedMetric Share(PlannedTest test, double baseline) {
  return {.test = test, .baseline = baseline};
}

// Bisection ends within a few units of the last digit; the rest is the quantiles' rounding.
auto Relative(double expected) { return IsOkAndHolds(DoubleNear(expected, expected * 1e-12)); }

// ---- Means

TEST(SampleSizeTest, MatchesTheTextbookForMeans) {
  EXPECT_THAT(SampleSize({}, Mean(10), 0.5, 0.8), Relative(4 * kSquare * 400));
  EXPECT_THAT(SampleSize({}, Mean(10), -0.5, 0.8), Relative(4 * kSquare * 400));
}

TEST(SampleSizeTest, PlansForTheSmallestTreatment) {
  // 1/n_c + 1/n_t = (1 / 0.5 + 1 / 0.1) / n.
  const Design design = {.weights = {50, 40, 10}};
  EXPECT_THAT(SampleSize(design, Mean(1), 0.1, 0.8), Relative(12 * kSquare * 100));
}

TEST(SampleSizeTest, TakesWeightsOfAnySize) {
  const Design design = {.weights = {1e308, 1e308}};
  EXPECT_THAT(SampleSize(design, Mean(1), 0.1, 0.8), Relative(4 * kSquare * 100));
}

TEST(SampleSizeTest, ShrinksByTheVarianceRemoved) {
  PlannedMetric metric = Mean(1);
  metric.variance_removed = 0.36;
  EXPECT_THAT(SampleSize({}, metric, 0.1, 0.8), Relative(0.64 * 4 * kSquare * 100));
}

TEST(SampleSizeTest, PlansAOneSidedTestAtTwiceItsLevel) {
  // (z_0.95 + z_0.8)^2 = 6.18255723201976938747 with mpmath.
  EXPECT_THAT(SampleSize({.alpha = 0.1}, Mean(1), 0.1, 0.8),
              Relative(4 * 6.18255723201976938747 * 100));
}

TEST(SampleSizeTest, MatchesCohensTableForStudentsT) {
  // Cohen 1988, table 2.4.1, alpha 0.05 two-sided, power 0.8: 393, 64 and 26 per arm for d = 0.2,
  // 0.5 and 0.8. The table rounds to the nearest unit.
  const Design design = {.count_wrong_side = true};
  const PlannedMetric metric = {.test = PlannedTest::kStudentT, .standard_deviation = 1};
  EXPECT_THAT(SampleSize(design, metric, 0.2, 0.8), IsOkAndHolds(DoubleNear(2 * 393, 1)));
  EXPECT_THAT(SampleSize(design, metric, 0.5, 0.8), IsOkAndHolds(DoubleNear(2 * 64, 1)));
  EXPECT_THAT(SampleSize(design, metric, 0.8, 0.8), IsOkAndHolds(DoubleNear(2 * 26, 1)));
}

TEST(PowerTest, MatchesTheIntegralForStudentsT) {
  // mpmath 1.3.0 at 30 digits, integral over the density of the standard deviation.
  const Design design = {.count_wrong_side = true};
  const PlannedMetric metric = {.test = PlannedTest::kStudentT, .standard_deviation = 1};
  EXPECT_THAT(Power(design, metric, 0.003962036861794486, 2'000'000),
              IsOkAndHolds(DoubleNear(0.8, 1e-11)));
}

TEST(PowerTest, IsTheLevelWithoutAnEffect) {
  for (const PlannedTest test : {PlannedTest::kMean, PlannedTest::kRelativeMean,
                                 PlannedTest::kStudentT, PlannedTest::kProportion,
                                 PlannedTest::kPooledProportion, PlannedTest::kArcsineProportion}) {
    const PlannedMetric metric = {.test = test, .baseline = 0.3, .standard_deviation = 1};
    EXPECT_THAT(Power({.alpha = 0.02, .count_wrong_side = true}, metric, 0, 60),
                IsOkAndHolds(DoubleNear(0.02, 1e-13)));
    EXPECT_THAT(Power({.alpha = 0.02}, metric, 0, 60), IsOkAndHolds(DoubleNear(0.01, 1e-13)));
  }
}

TEST(PowerTest, IsOneHalfAtTheCriticalValue) {
  // The standard error of 400 units in each arm is sqrt(2 / 400).
  EXPECT_THAT(Power({}, Mean(1), kZ * std::sqrt(0.005), 800), IsOkAndHolds(DoubleNear(0.5, 1e-14)));
}

TEST(DetectableEffectTest, MatchesTheTextbookForMeans) {
  EXPECT_THAT(DetectableEffect({}, Mean(10), 800, 0.8),
              Relative(10 * (kZ + kZ80) * std::sqrt(0.005)));
}

TEST(DetectableEffectTest, SolvesTheQuadraticOfARelativeLift) {
  // d^2 = k^2 (1 + (1 + d)^2) with k = (z + z') sd / (mean sqrt(n per arm)).
  const PlannedMetric metric = {
      .test = PlannedTest::kRelativeMean, .baseline = 4, .standard_deviation = 10};
  const double k = (kZ + kZ80) * 10 / 4 / std::sqrt(1000);
  const double lift = (k * k + k * std::sqrt(2 - k * k)) / (1 - k * k);
  EXPECT_THAT(DetectableEffect({}, metric, 2000, 0.8), Relative(4 * lift));
  EXPECT_THAT(Power({}, metric, 4 * lift, 2000), IsOkAndHolds(DoubleNear(0.8, 1e-12)));
}

// ---- Shares

TEST(SampleSizeTest, MatchesTheTextbookForShares) {
  // Per arm (z + z')^2 (p_c q_c + p_t q_t) / d^2, and with the pooled share p
  // ((z sqrt(2 p q) + z' sqrt(p_c q_c + p_t q_t)) / d)^2 (Fleiss, Levin, Paik, 4.2), with mpmath.
  EXPECT_THAT(SampleSize({}, Share(PlannedTest::kProportion, 0.1), 0.02, 0.8),
              Relative(2 * 3838.10219009670449712));
  EXPECT_THAT(SampleSize({}, Share(PlannedTest::kPooledProportion, 0.1), 0.02, 0.8),
              Relative(2 * 3840.84748243627249838));
}

TEST(PowerTest, MatchesTheClosedFormOfThePooledTest) {
  // P(Z <= (d sqrt(n) - z sqrt(2 p q)) / sqrt(p_c q_c + p_t q_t)) with mpmath.
  EXPECT_THAT(Power({}, Share(PlannedTest::kPooledProportion, 0.1), 0.02, 8000),
              IsOkAndHolds(DoubleNear(0.815699508423881467086, 1e-13)));
}

TEST(PowerTest, MatchesTheClosedFormOfTheArcsine) {
  // From 1/4 to 3/4 Cohen's h is 2 (pi / 3 - pi / 6) = pi / 3: P(Z <= h sqrt(5) - z), with 10 units
  // in each arm, and the other side's tail; mpmath.
  const PlannedMetric metric = Share(PlannedTest::kArcsineProportion, 0.25);
  EXPECT_THAT(Power({}, metric, 0.5, 20), IsOkAndHolds(DoubleNear(0.648636138286645567836, 1e-13)));
  EXPECT_THAT(Power({.count_wrong_side = true}, metric, 0.5, 20),
              IsOkAndHolds(DoubleNear(0.648644617937941510617, 1e-13)));
}

TEST(PowerTest, AllowsSharesOfNoneAndAll) {
  EXPECT_THAT(Power({}, Share(PlannedTest::kProportion, 0.7), 0.3, 100), IsOk());
  EXPECT_THAT(Power({}, Share(PlannedTest::kArcsineProportion, 0.3), -0.3, 100), IsOk());
}

// ---- Reading at any time

TEST(SampleSizeTest, KnowsThePriceOfReadingAtAnyTime) {
  // (3.0352089904 + z')^2 / (z + z')^2: the multiplier sqrt(2 (x+1) / x ln(sqrt(x+1) / a)) at
  // x = -2 ln a + ln(1 - 2 ln a), a = 0.05, with mpmath.
  EXPECT_THAT(SampleSize({.reading = Reading::kAnytime}, Mean(1), 0.1, 0.8),
              Relative(1.91489908038095047 * 4 * kSquare * 100));
}

TEST(DetectableEffectTest, FollowsTheMultiplierAroundThePlannedSize) {
  // With power 1/2 the effect is as many standard errors as the multiplier says: at 0.1, 0.5, 1, 2
  // and 4 times the planned units 3.86, 3.08, 3.04, 3.06 and 3.13; digits by mpmath as above.
  const Design design = {.reading = Reading::kAnytime, .planned_units = 1000};
  for (const auto& [units, multiplier] : {std::pair{100, 3.85505463353031072},
                                          {500, 3.0835687143683501111},
                                          {1000, 3.03520899037625291},
                                          {2000, 3.06147721886741690},
                                          {4000, 3.12711414368799043}}) {
    EXPECT_THAT(DetectableEffect(design, Mean(1), units, 0.5),
                Relative(multiplier * 2 / std::sqrt(units)));
  }
}

TEST(DetectableEffectTest, FollowsTheMultiplierFarFromThePlannedSize) {
  // As above, at 1e-9, 1e-6 and 1 times the planned units, and at 1e12 times them.
  for (const auto& [planned_units, units, multiplier] :
       {std::tuple{std::int64_t{1'000'000'000'000}, 1e3, 27476.501793356636928808},
        {1'000'000'000'000, 1e6, 868.887297224088268571122},
        {1'000'000'000'000, 1e12, 3.0352089903762529122875},
        {1, 1e12, 5.97443842665565459105375}}) {
    const Design design = {.reading = Reading::kAnytime, .planned_units = planned_units};
    EXPECT_THAT(DetectableEffect(design, Mean(1), units, 0.5),
                Relative(multiplier * 2 / std::sqrt(units)));
  }
}

// ---- Margins

TEST(PowerTest, ShowsTheMarginAsItWouldAnEffectOfThatSize) {
  const Design not_worse = {.goal = Goal::kNotWorse, .margin = 0.2};
  for (const double units : {50.0, 400.0, 3000.0}) {
    const auto expected = Power({}, Mean(1), 0.3, units);
    ASSERT_THAT(expected, IsOk());
    EXPECT_THAT(Power(not_worse, Mean(1), 0.1, units), IsOkAndHolds(DoubleNear(*expected, 1e-14)));
  }
  // A true effect at the margin passes with half the two-sided level.
  EXPECT_THAT(Power(not_worse, Mean(1), -0.2, 400), IsOkAndHolds(DoubleNear(0.025, 1e-14)));
}

TEST(PowerTest, ShowsTrueEquivalenceLessOftenThanAnEffect) {
  // With power 1 - b at the margin both ends of the interval of a true 0 keep their sides with
  // chance 1 - 2 b: 60 % at 80 %, 80 % at 90 %, whatever the method.
  for (const Reading reading : {Reading::kOnce, Reading::kAnytime}) {
    const Design difference = {.reading = reading};
    const Design equivalent = {.goal = Goal::kEquivalent, .margin = 0.1, .reading = reading};
    for (const double power : {0.8, 0.9}) {
      const auto units = SampleSize(difference, Mean(1), 0.1, power);
      ASSERT_THAT(units, IsOk());
      EXPECT_THAT(Power(equivalent, Mean(1), 0, *units),
                  IsOkAndHolds(DoubleNear(2 * power - 1, 1e-11)));
    }
  }
}

TEST(SampleSizeTest, KnowsThePriceOfEquivalence) {
  // A chance of 95 % takes ((c + z_0.975) / (c + z_0.8))^2 times the size for 80 % power at the
  // margin: 1.66 when read at any time (c = 3.035), 1.96 when read once (c = 1.960); mpmath.
  for (const auto& [reading, price] : {std::pair{Reading::kAnytime, 1.66015064443955188717},
                                       {Reading::kOnce, 1.95771062913996850945}}) {
    const auto units = SampleSize({.reading = reading}, Mean(1), 0.1, 0.8);
    ASSERT_THAT(units, IsOk());
    EXPECT_THAT(SampleSize({.goal = Goal::kEquivalent, .margin = 0.1, .reading = reading}, Mean(1),
                           0, 0.95),
                Relative(price * *units));
  }
}

TEST(PowerTest, CannotShowEquivalenceWithAWideInterval) {
  EXPECT_THAT(Power({.goal = Goal::kEquivalent, .margin = 0.01}, Mean(1), 0, 100), IsOkAndHolds(0));
}

// ---- Properties

TEST(PlanningTest, TurnsBackWhatItPlanned) {
  std::mt19937_64 random(20'261'125);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 300; ++round) {
    const auto test = static_cast<PlannedTest>(random() % 6);
    const PlannedMetric metric = {.test = test,
                                  .baseline = 0.01 + 0.5 * uniform(random),
                                  .standard_deviation = std::exp(10 * uniform(random) - 5),
                                  .variance_removed = uniform(random) / 2};
    Design design = {.weights = {1 + uniform(random), 0.2 + uniform(random), 1.2},
                     .alpha = 0.001 + 0.1 * uniform(random)};
    design.count_wrong_side = round % 2 == 0;
    if (test != PlannedTest::kStudentT && round % 3 == 0) design.reading = Reading::kAnytime;
    const double power = 0.3 + 0.65 * uniform(random);
    const double units = std::exp(5 + 15 * uniform(random));
    const auto effect = DetectableEffect(design, metric, units, power);
    if (!effect.ok()) continue;  // too few units for any share or lift
    EXPECT_THAT(Power(design, metric, *effect, units), IsOkAndHolds(DoubleNear(power, 1e-11)));
    EXPECT_THAT(SampleSize(design, metric, *effect, power),
                IsOkAndHolds(DoubleNear(units, units * 1e-9)));
  }
}

// ---- Errors

TEST(PlanningTest, RejectsAWrongDesign) {
  const auto power = [](const Design& design) { return Power(design, Mean(1), 0.1, 100); };
  EXPECT_THAT(power({.weights = {1}}), StatusIs(kInvalid, HasSubstr("weights has 1 entries")));
  EXPECT_THAT(power({.weights = {1, 0}}), StatusIs(kInvalid, HasSubstr("weights[1] is 0")));
  EXPECT_THAT(power({.weights = {-1, 1}}), StatusIs(kInvalid, HasSubstr("weights[0] is -1")));
  EXPECT_THAT(power({.alpha = 1}), StatusIs(kInvalid, HasSubstr("alpha is 1")));
  EXPECT_THAT(power({.alpha = kNan}), StatusIs(kInvalid, HasSubstr("alpha is nan")));
  EXPECT_THAT(power({.goal = Goal::kNotWorse}), StatusIs(kInvalid, HasSubstr("margin is 0")));
  EXPECT_THAT(power({.reading = Reading::kAnytime, .planned_units = 0}),
              StatusIs(kInvalid, HasSubstr("planned_units is 0")));
}

TEST(PlanningTest, RejectsAWrongMetric) {
  const auto power = [](const PlannedMetric& metric) { return Power({}, metric, 0.1, 100); };
  EXPECT_THAT(power(Mean(0)), StatusIs(kInvalid, HasSubstr("standard_deviation is 0")));
  EXPECT_THAT(power({.baseline = kNan, .standard_deviation = 1}),
              StatusIs(kInvalid, HasSubstr("baseline is nan")));
  EXPECT_THAT(power({.test = PlannedTest::kRelativeMean, .standard_deviation = 1}),
              StatusIs(kInvalid, HasSubstr("baseline is 0")));
  EXPECT_THAT(
      power({.test = PlannedTest::kRelativeMean, .baseline = -0.05, .standard_deviation = 1}),
      StatusIs(kInvalid, HasSubstr("baseline is -0.05")));
  EXPECT_THAT(power({.standard_deviation = 1, .variance_removed = 1}),
              StatusIs(kInvalid, HasSubstr("variance_removed is 1")));
  for (const double share : {0.0, 1.0, -0.2}) {
    EXPECT_THAT(power(Share(PlannedTest::kProportion, share)),
                StatusIs(kInvalid, HasSubstr("baseline is ")));
  }
}

TEST(PlanningTest, RejectsWhatATestCannotDo) {
  const PlannedMetric student = {.test = PlannedTest::kStudentT, .standard_deviation = 1};
  EXPECT_THAT(Power({.goal = Goal::kNotWorse, .margin = 1}, student, 0, 100),
              StatusIs(kInvalid, HasSubstr("kDifference")));
  EXPECT_THAT(Power({.goal = Goal::kEquivalent, .margin = 0.1},
                    Share(PlannedTest::kPooledProportion, 0.5), 0, 100),
              StatusIs(kInvalid, HasSubstr("kDifference")));
  EXPECT_THAT(Power({.reading = Reading::kAnytime}, student, 1, 100),
              StatusIs(kInvalid, HasSubstr("read once")));
  EXPECT_THAT(DetectableEffect({.goal = Goal::kNotWorse, .margin = 1}, Mean(1), 100, 0.8),
              StatusIs(kInvalid, HasSubstr("goal")));
}

TEST(PlanningTest, RejectsWrongNumbers) {
  EXPECT_THAT(Power({}, Mean(1), kInfinity, 100), StatusIs(kInvalid, HasSubstr("effect is inf")));
  EXPECT_THAT(Power({}, Share(PlannedTest::kProportion, 0.9), 0.2, 100),
              StatusIs(kInvalid, HasSubstr("effect is 0.2 on a baseline of 0.9")));
  for (const double units : {0.0, -5.0, 1e19, kNan}) {
    EXPECT_THAT(Power({}, Mean(1), 1, units), StatusIs(kInvalid, HasSubstr("units is ")));
    EXPECT_THAT(DetectableEffect({}, Mean(1), units, 0.8),
                StatusIs(kInvalid, HasSubstr("units is ")));
  }
  EXPECT_THAT(Power({}, {.test = PlannedTest::kStudentT, .standard_deviation = 1}, 1, 2.9),
              StatusIs(kInvalid, HasSubstr("needs three")));
  for (const double power : {0.0, 1.0, kNan}) {
    EXPECT_THAT(SampleSize({}, Mean(1), 1, power), StatusIs(kInvalid, HasSubstr("power is ")));
  }
  EXPECT_THAT(SampleSize({}, Mean(1), 1, 0.05),
              StatusIs(kInvalid, HasSubstr("power is 0.05; it must be above alpha")));
  EXPECT_THAT(DetectableEffect({}, Mean(1), 100, 0.01), StatusIs(kInvalid, HasSubstr("power is ")));
  EXPECT_THAT(SampleSize({}, Mean(1), kNan, 0.8), StatusIs(kInvalid, HasSubstr("effect is ")));
  EXPECT_THAT(SampleSize({}, Mean(0), 1, 0.8), StatusIs(kInvalid, HasSubstr("standard_deviation")));
  EXPECT_THAT(DetectableEffect({}, Mean(0), 100, 0.8),
              StatusIs(kInvalid, HasSubstr("standard_deviation")));
}

TEST(SampleSizeTest, RejectsWhatNoSizeWouldShow) {
  EXPECT_THAT(SampleSize({}, Mean(1), 0, 0.8), StatusIs(kInvalid, HasSubstr("effect is 0")));
  EXPECT_THAT(SampleSize({.goal = Goal::kNotWorse, .margin = 0.1}, Mean(1), -0.1, 0.8),
              StatusIs(kInvalid, HasSubstr("effect is -0.1")));
  EXPECT_THAT(SampleSize({.goal = Goal::kEquivalent, .margin = 0.1}, Mean(1), 0.2, 0.8),
              StatusIs(kInvalid, HasSubstr("effect is 0.2")));
  EXPECT_THAT(SampleSize({.goal = Goal::kNotWorse, .margin = 0.1}, Mean(1), 0, 0.8), IsOk());
}

TEST(SampleSizeTest, RefusesSizesBeyondAllMeasure) {
  EXPECT_THAT(SampleSize({}, Mean(1), 1e-12, 0.8),
              StatusIs(kCannotSay, HasSubstr("more than 1e+18")));
  EXPECT_THAT(SampleSize({}, Mean(1e308), 1e-6, 0.8),
              StatusIs(kCannotSay, HasSubstr("more than 1e+18")));
}

TEST(SampleSizeTest, RefusesSizesWithoutAUnitInEveryArm) {
  const PlannedMetric student = {.test = PlannedTest::kStudentT, .standard_deviation = 1};
  for (const double effect : {30.0, 1e9}) {
    EXPECT_THAT(
        SampleSize({}, Mean(1), effect, 0.8),
        StatusIs(kCannotSay, HasSubstr("fewest units there can be, 2, are enough: one in the "
                                       "smallest arm")));
    EXPECT_THAT(SampleSize({.weights = {1, 8, 1}}, Mean(1), effect, 0.8),
                StatusIs(kCannotSay, HasSubstr("can be, 10, are enough")));
    EXPECT_THAT(SampleSize({.weights = {1, 9}}, student, effect, 0.8),
                StatusIs(kCannotSay, HasSubstr("can be, 10, are enough")));
  }
  EXPECT_THAT(SampleSize({}, student, 1e6, 0.8),
              StatusIs(kCannotSay, HasSubstr("can be, 3, are enough: one in the smallest arm and "
                                             "three in the two compared")));
  // 4 (z + z')^2 (sd / effect)^2 with an effect that takes a little more than one unit each.
  EXPECT_THAT(SampleSize({}, Mean(1), 3.9, 0.8), Relative(4 * kSquare / (3.9 * 3.9)));
}

TEST(DetectableEffectTest, RefusesWhereNoEffectIsLargeEnough) {
  EXPECT_THAT(DetectableEffect({}, Share(PlannedTest::kPooledProportion, 0.5), 6, 0.8),
              StatusIs(kCannotSay, HasSubstr("units is 6")));
  EXPECT_THAT(DetectableEffect(
                  {}, {.test = PlannedTest::kRelativeMean, .baseline = 1, .standard_deviation = 10},
                  1000, 0.8),
              StatusIs(kCannotSay, HasSubstr("units is 1000")));
}

TEST(PowerTest, RefusesWhatLeavesTheRangeOfADouble) {
  EXPECT_THAT(Power({}, Mean(std::numeric_limits<double>::denorm_min()), 0, 1e6),
              StatusIs(kCannotSay, HasSubstr("beyond the range")));
  EXPECT_THAT(Power({.goal = Goal::kEquivalent, .margin = 1}, Mean(1e308), 0, 1),
              StatusIs(kCannotSay, HasSubstr("beyond the range")));
}

// ---- From what has been seen, and how long

TEST(ImpliedStandardDeviationTest, TurnsTheStandardErrorBack) {
  // Definition: 3 * sqrt(1/400 + 1/100).
  EXPECT_THAT(ImpliedStandardDeviation({.effect = 7, .standard_error = 3 * std::sqrt(0.0125)},
                                       {.control = 400, .treatment = 100}),
              Relative(3));
}

TEST(ImpliedStandardDeviationTest, RejectsWrongArguments) {
  EXPECT_THAT(ImpliedStandardDeviation({.standard_error = 0}, {.control = 1, .treatment = 1}),
              StatusIs(kInvalid, HasSubstr("standard_error is 0")));
  EXPECT_THAT(ImpliedStandardDeviation({.standard_error = 1}, {.control = 1, .treatment = 0}),
              StatusIs(kInvalid, HasSubstr("0 in treatment")));
}

TEST(ImpliedStandardDeviationTest, CannotSayBeyondADouble) {
  EXPECT_THAT(ImpliedStandardDeviation({.standard_error = 1e305},
                                       {.control = 1 << 30, .treatment = 1 << 30}),
              StatusIs(kCannotSay, HasSubstr("beyond the range")));
}

TEST(DaysForTest, CountsWholeDaysAndAWeekAtLeast) {
  EXPECT_THAT(DaysFor(10'000, 1000), IsOkAndHolds(10));
  EXPECT_THAT(DaysFor(10'001, 1000), IsOkAndHolds(11));
  EXPECT_THAT(DaysFor(1, 1000), IsOkAndHolds(kLeastDays));
}

TEST(DaysForTest, RejectsWrongArguments) {
  EXPECT_THAT(DaysFor(0, 1000), StatusIs(kInvalid, HasSubstr("units is 0")));
  EXPECT_THAT(DaysFor(1000, 0), StatusIs(kInvalid, HasSubstr("units_per_day is 0")));
  EXPECT_THAT(DaysFor(1e18, 1), StatusIs(kCannotSay, HasSubstr("days")));
}

}  // namespace
}  // namespace insightloop::stats
