// SPDX-License-Identifier: Apache-2.0

#include "stats/relative_lift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The share x / n with its standard error.
ArmEstimate Share(double x, double n) {
  return {.units = 1'000, .value = x / n, .standard_error = std::sqrt(x / n * (1 - x / n) / n)};
}

void ExpectRatio(const Arms<ArmEstimate>& arms, double ratio, const Interval& expected) {
  const auto result = EstimateRelativeLift(arms, expected.level);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->lift, ratio - 1, 1e-12);
  EXPECT_NEAR(result->interval.lower, expected.lower - 1, 1e-12);
  EXPECT_NEAR(result->interval.upper, expected.upper - 1, 1e-12);
  EXPECT_EQ(result->interval.level, expected.level);
}

TEST(EstimateRelativeLiftTest, MatchesTheLogIntervalOfARatioOfShares) {
  // statsmodels 0.13.5 confint_proportions_2indep(method="log", compare="ratio").
  ExpectRatio({.control = Share(49, 100), .treatment = Share(51, 100)}, 1.0408163265306123,
              {0.7887654126262522, 1.3734104059732486, 0.95});
  ExpectRatio({.control = Share(100, 1000), .treatment = Share(130, 1000)}, 1.3,
              {1.0169842709710455, 1.6617759470226023, 0.95});
  ExpectRatio({.control = Share(5000, 100'000), .treatment = Share(5200, 100'000)}, 1.04,
              {1.001403650485489, 1.0800839396537356, 0.95});
  ExpectRatio({.control = Share(30'000, 100'000), .treatment = Share(36'000, 100'000)}, 1.2,
              {1.1850140963030502, 1.2151754181595327, 0.95});
}

TEST(EstimateRelativeLiftTest, TakesStudentsQuantileWhenGivenDegrees) {
  // By hand: ln 2, standard error 0.2, and for one degree the quantile tan(0.4 pi) at level 0.8.
  const auto result = EstimateRelativeLift(
      {{.units = 2, .value = 5, .standard_error = 1, .degrees_of_freedom = 1},
       {.units = 2, .value = 10, .standard_error = 0, .degrees_of_freedom = 1}},
      0.8);
  ASSERT_THAT(result, IsOk());
  const double half_width = 0.2 * std::tan(0.4 * std::numbers::pi);
  EXPECT_DOUBLE_EQ(result->lift, 1);
  EXPECT_DOUBLE_EQ(result->log_standard_error, 0.2);
  EXPECT_NEAR(result->interval.lower, 2 * std::exp(-half_width) - 1, 1e-14);
  EXPECT_NEAR(result->interval.upper, 2 * std::exp(half_width) - 1, 1e-14);
}

TEST(EstimateRelativeLiftTest, KeepsTheDigitsOfATinyLift) {
  // By hand: a lift of 1e-12 with a standard error of 1e-13 on the log scale; half width
  // 1.959963984540054e-13. 1 + 1e-12 itself is rounded by up to 1e-16, hence the tolerance.
  const auto result =
      EstimateRelativeLift({{.units = 1'000, .value = 1, .standard_error = 1e-13},
                            {.units = 1'000, .value = 1 + 1e-12, .standard_error = 0}},
                           0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->lift, 1e-12, 2e-16);
  EXPECT_NEAR(result->interval.lower, 1e-12 - 1.959963984540054e-13, 2e-16);
}

TEST(EstimateRelativeLiftTest, NeverFallsBelowMinusOne) {
  const auto result =
      EstimateRelativeLift({{.units = 1'000, .value = 1e9, .standard_error = 1},
                            {.units = 1'000, .value = 4e-9, .standard_error = 1e-9}},
                           0.999);
  ASSERT_THAT(result, IsOk());
  EXPECT_GE(result->interval.lower, -1);
  EXPECT_LT(result->interval.upper, -0.99);
}

TEST(EstimateRelativeLiftTest, HoldsItsPropertiesForRandomMeans) {
  std::mt19937_64 random(20'261'122);
  std::uniform_real_distribution<double> means(1, 4);
  std::uniform_real_distribution<double> errors(0.01, 0.33);
  for (int round = 0; round < 2000; ++round) {
    const Arms<ArmEstimate> arms = {
        {.units = 1'000, .value = means(random), .standard_error = errors(random)},
        {.units = 1'000, .value = means(random), .standard_error = errors(random)}};
    const auto scale = [](const ArmEstimate& arm) {
      return ArmEstimate{
          .units = 1'000, .value = 0.125 * arm.value, .standard_error = 0.125 * arm.standard_error};
    };
    const auto result = EstimateRelativeLift(arms, 0.95);
    const auto swapped = EstimateRelativeLift({arms.treatment, arms.control}, 0.95);
    const auto scaled = EstimateRelativeLift({scale(arms.control), scale(arms.treatment)}, 0.95);
    ASSERT_THAT(result, IsOk());
    ASSERT_THAT(swapped, IsOk());
    ASSERT_THAT(scaled, IsOk());
    // Whichever arm is the base: the ratios are each other's inverse.
    EXPECT_NEAR((1 + result->lift) * (1 + swapped->lift), 1, 1e-14);
    EXPECT_NEAR((1 + result->interval.lower) * (1 + swapped->interval.upper), 1, 1e-14);
    // The metric's unit does not matter.
    EXPECT_EQ(scaled->lift, result->lift);
    EXPECT_EQ(scaled->interval.upper, result->interval.upper);
    EXPECT_LT(result->interval.lower, result->lift);
    EXPECT_GT(result->interval.upper, result->lift);
  }
}

TEST(EstimateRelativeLiftTest, RefusesAMeanThatIsNotPositive) {
  const ArmEstimate good = {.units = 1'000, .value = 10, .standard_error = 1};
  EXPECT_THAT(EstimateRelativeLift({.control = {1'000, 0, 0}, .treatment = good}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("control.value is 0")));
  EXPECT_THAT(EstimateRelativeLift({.control = good, .treatment = {1'000, -2, 0.1}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("treatment.value is -2")));
}

TEST(EstimateRelativeLiftTest, RefusesAMeanBelowThreeStandardErrors) {
  const ArmEstimate good = {.units = 1'000, .value = 10, .standard_error = 1};
  EXPECT_THAT(EstimateRelativeLift({.control = {1'000, 2.99, 1}, .treatment = good}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.value is 2.99, less than 3 of its standard errors")));
  EXPECT_THAT(
      EstimateRelativeLift({.control = good, .treatment = {1'000, 2.99, 1}}, 0.95),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("treatment.value is 2.99")));
  EXPECT_THAT(EstimateRelativeLift({.control = {1'000, 3, 1}, .treatment = good}, 0.95), IsOk());
}

TEST(EstimateRelativeLiftTest, RefusesArmsWithoutVariance) {
  EXPECT_THAT(EstimateRelativeLift({{1'000, 3, 0}, {1'000, 4, 0}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("variance")));
}

TEST(EstimateRelativeLiftTest, RefusesResultsBeyondADouble) {
  EXPECT_THAT(EstimateRelativeLift({{1'000, 1e-200, 1e-201}, {1'000, 1e200, 1e199}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("range of a double")));
}

TEST(EstimateRelativeLiftTest, RejectsWrongArguments) {
  const ArmEstimate good = {.units = 1'000, .value = 10, .standard_error = 1};
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(EstimateRelativeLift({{1'000, kNan, 1}, good}, 0.95),
              StatusIs(kInvalid, HasSubstr("control.value is nan")));
  EXPECT_THAT(EstimateRelativeLift({good, {1'000, kInfinity, 1}}, 0.95),
              StatusIs(kInvalid, HasSubstr("treatment.value is inf")));
  EXPECT_THAT(EstimateRelativeLift({good, {1'000, 10, -1}}, 0.95),
              StatusIs(kInvalid, HasSubstr("treatment.standard_error is -1")));
  EXPECT_THAT(EstimateRelativeLift({good, {1'000, 10, kNan}}, 0.95),
              StatusIs(kInvalid, HasSubstr("treatment.standard_error is nan")));
  EXPECT_THAT(EstimateRelativeLift({good, good}, 1), StatusIs(kInvalid, HasSubstr("level is 1")));
  for (const double degrees : {0.0, -3.0, kInfinity, kNan}) {
    ArmEstimate wrong = good;
    wrong.degrees_of_freedom = degrees;
    EXPECT_THAT(EstimateRelativeLift({good, wrong}, 0.95),
                StatusIs(kInvalid, HasSubstr("treatment.degrees_of_freedom is ")));
  }
}

TEST(EstimateRelativeLiftTest, TakesTheReachOfTheCaller) {
  // By hand: ln 2 with standard error 0.2, three of them.
  const Arms<ArmEstimate> arms = {{.units = 10, .value = 5, .standard_error = 1},
                                  {.units = 10, .value = 10, .standard_error = 0}};
  const auto result = EstimateRelativeLift(arms, {.standard_errors = 3, .level = 0.9});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->interval.lower, 2 * std::exp(-0.6) - 1, 1e-14);
  EXPECT_NEAR(result->interval.upper, 2 * std::exp(0.6) - 1, 1e-14);
  EXPECT_EQ(result->interval.level, 0.9);
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(EstimateRelativeLift(arms, {.standard_errors = 0, .level = 0.9}),
              StatusIs(kInvalid, HasSubstr("standard_errors is 0")));
  EXPECT_THAT(EstimateRelativeLift(arms, {.standard_errors = 2, .level = 0}),
              StatusIs(kInvalid, HasSubstr("level is 0")));
}

constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;

TEST(FiellerIntervalTest, MatchesTheClosedForm) {
  // By hand: (10 - 5 r)^2 = 4 (1 + r^2) at r = 4/3 and r = 24/7.
  const auto interval = FiellerInterval({{.units = 9, .value = 5, .standard_error = 1},
                                         {.units = 9, .value = 10, .standard_error = 1}},
                                        {.standard_errors = 2, .level = 0.9});
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->lower, 1.0 / 3, 1e-15);
  EXPECT_NEAR(interval->upper, 17.0 / 7, 1e-14);
  EXPECT_EQ(interval->level, 0.9);
}

TEST(FiellerIntervalTest, TakesStudentsQuantileWhenGivenDegrees) {
  // One degree: the quantile at level 0.5 is tan(pi / 4) = 1. By hand: 1 - (1 + 0) r = +- 1 * 0.5.
  const auto interval =
      FiellerInterval({{.units = 2, .value = 1, .standard_error = 0, .degrees_of_freedom = 1},
                       {.units = 2, .value = 1, .standard_error = 0.5, .degrees_of_freedom = 1}},
                      0.5);
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->lower, -0.5, 1e-14);
  EXPECT_NEAR(interval->upper, 0.5, 1e-14);
}

TEST(FiellerIntervalTest, HoldsTheLiftsThatTheContrastDoesNotRejectForRandomMeans) {
  std::mt19937_64 random(20'261'122);
  std::uniform_real_distribution<double> means(-3, 4);
  std::uniform_real_distribution<double> controls(1, 4);
  std::uniform_real_distribution<double> errors(0.01, 0.5);
  for (int round = 0; round < 2000; ++round) {
    const Arms<ArmEstimate> arms = {{100, controls(random), errors(random)},
                                    {100, means(random), errors(random)}};
    const double c = 1.9;
    const auto interval = FiellerInterval(arms, {.standard_errors = c, .level = 0.9});
    ASSERT_THAT(interval, IsOk());
    EXPECT_LT(interval->lower, arms.treatment.value / arms.control.value - 1);
    EXPECT_GT(interval->upper, arms.treatment.value / arms.control.value - 1);
    for (const double theta : {interval->lower, interval->upper}) {
      // At both ends the contrast is c of its standard errors from 0.
      const double contrast = arms.treatment.value - (1 + theta) * arms.control.value;
      EXPECT_NEAR(std::abs(contrast) / std::hypot(arms.treatment.standard_error,
                                                  (1 + theta) * arms.control.standard_error),
                  c, 1e-11);
    }
  }
}

TEST(FiellerIntervalTest, RefusesAControlThatMayBeZero) {
  const ArmEstimate good = {.units = 100, .value = 10, .standard_error = 1};
  EXPECT_THAT(
      FiellerInterval({{100, 2, 1}, good}, {.standard_errors = 2, .level = 0.9}),
      StatusIs(kCannotSay, HasSubstr("control.value is 2, not above 2 of its standard errors")));
  EXPECT_THAT(FiellerInterval({{100, 2.001, 1}, good}, {.standard_errors = 2, .level = 0.9}),
              IsOk());
  EXPECT_THAT(FiellerInterval({{100, -50, 1}, good}, 0.95),
              StatusIs(kCannotSay, HasSubstr("a positive mean of the control")));
}

TEST(FiellerIntervalTest, RefusesArmsWithoutVarianceAndResultsBeyondADouble) {
  EXPECT_THAT(FiellerInterval({{100, 2, 0}, {100, 3, 0}}, 0.95),
              StatusIs(kCannotSay, HasSubstr("variance")));
  EXPECT_THAT(FiellerInterval({{100, 1e-200, 1e-201}, {100, 1e200, 1}}, 0.95),
              StatusIs(kCannotSay, HasSubstr("range of a double")));
}

TEST(FiellerIntervalTest, RejectsWrongArguments) {
  const ArmEstimate good = {.units = 100, .value = 10, .standard_error = 1};
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(FiellerInterval({{-1, 10, 1}, good}, 0.95),
              StatusIs(kInvalid, HasSubstr("control.units is -1")));
  EXPECT_THAT(FiellerInterval({good, {-1, 10, 1}}, {.standard_errors = 2, .level = 0.9}),
              StatusIs(kInvalid, HasSubstr("treatment.units is -1")));
  EXPECT_THAT(FiellerInterval({good, good}, 2), StatusIs(kInvalid, HasSubstr("level is 2")));
  EXPECT_THAT(FiellerInterval({good, good}, {.standard_errors = kNan, .level = 0.9}),
              StatusIs(kInvalid, HasSubstr("standard_errors is nan")));
}

TEST(RelativeLiftByDeltaTest, MatchesTheClosedForm) {
  // By hand: (12 - 10) / 10; 0.5 / 10 and 1 / 10 * 12 / 10.
  const auto effect = RelativeLiftByDelta(
      {{.units = 50, .value = 10, .standard_error = 1, .degrees_of_freedom = 49},
       {.units = 50, .value = 12, .standard_error = 0.5, .degrees_of_freedom = 49}});
  ASSERT_THAT(effect, IsOk());
  EXPECT_DOUBLE_EQ(effect->effect, 0.2);
  EXPECT_DOUBLE_EQ(effect->standard_error, std::hypot(0.05, 0.12));
  // Of the absolute difference: 1.25^2 / (1 / 49 + 0.0625 / 49).
  EXPECT_NEAR(effect->degrees_of_freedom.value(), 1.5625 * 49 / 1.0625, 1e-11);
}

TEST(RelativeLiftByDeltaTest, CountsUpAsUpFromANegativeControl) {
  const auto effect = RelativeLiftByDelta({{50, -10, 1}, {50, -8, 0.5}});
  ASSERT_THAT(effect, IsOk());
  EXPECT_DOUBLE_EQ(effect->effect, 0.2);
  EXPECT_DOUBLE_EQ(effect->standard_error, std::hypot(0.05, 0.08));
}

TEST(RelativeLiftByDeltaTest, RefusesWhatCannotBeStated) {
  EXPECT_THAT(RelativeLiftByDelta({{50, 0, 1}, {50, 3, 1}}),
              StatusIs(kCannotSay, HasSubstr("control.value is 0")));
  EXPECT_THAT(RelativeLiftByDelta({{50, 1e-300, 1}, {50, 1e300, 1}}),
              StatusIs(kCannotSay, HasSubstr("range of a double")));
  EXPECT_THAT(RelativeLiftByDelta({{50, kNan, 1}, {50, 3, 1}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("control.value is nan")));
}

TEST(EstimateRelativeLiftTest, ContainsTheLiftHoweverShortItsReach) {
  for (const double value : {0.3, 1.0, 3.0, 700.0}) {
    const auto lift = EstimateRelativeLift({{100, 0.7, 1e-3}, {100, value, 1e-3}},
                                           {.standard_errors = 1e-18, .level = 0.5});
    ASSERT_THAT(lift, IsOk());
    EXPECT_LE(lift->interval.lower, lift->lift);
    EXPECT_GE(lift->interval.upper, lift->lift);
  }
}

TEST(EstimateRelativeLiftTest, RefusesALevelWithoutAReach) {
  EXPECT_THAT(EstimateRelativeLift({{100, 2, 0.1}, {100, 2, 0.1}}, 1e-17),
              StatusIs(kCannotSay, HasSubstr("level is 1e-17, too close to 0")));
}

}  // namespace
}  // namespace insightloop::stats
