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
MeanEstimate Share(double x, double n) {
  return {.mean = x / n, .standard_error = std::sqrt(x / n * (1 - x / n) / n)};
}

void ExpectRatio(const Arms<MeanEstimate>& arms, double ratio, const Interval& expected) {
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
      {{.mean = 5, .standard_error = 1}, {.mean = 10, .standard_error = 0}}, 0.8, 1);
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
  const auto result = EstimateRelativeLift(
      {{.mean = 1, .standard_error = 1e-13}, {.mean = 1 + 1e-12, .standard_error = 0}}, 0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->lift, 1e-12, 2e-16);
  EXPECT_NEAR(result->interval.lower, 1e-12 - 1.959963984540054e-13, 2e-16);
}

TEST(EstimateRelativeLiftTest, NeverFallsBelowMinusOne) {
  const auto result = EstimateRelativeLift(
      {{.mean = 1e9, .standard_error = 1}, {.mean = 4e-9, .standard_error = 1e-9}}, 0.999);
  ASSERT_THAT(result, IsOk());
  EXPECT_GE(result->interval.lower, -1);
  EXPECT_LT(result->interval.upper, -0.99);
}

TEST(EstimateRelativeLiftTest, HoldsItsPropertiesForRandomMeans) {
  std::mt19937_64 random(20'261'122);
  std::uniform_real_distribution<double> means(1, 4);
  std::uniform_real_distribution<double> errors(0.01, 0.33);
  for (int round = 0; round < 2000; ++round) {
    const Arms<MeanEstimate> arms = {{.mean = means(random), .standard_error = errors(random)},
                                     {.mean = means(random), .standard_error = errors(random)}};
    const auto scale = [](const MeanEstimate& arm) {
      return MeanEstimate{.mean = 0.125 * arm.mean, .standard_error = 0.125 * arm.standard_error};
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
  const MeanEstimate good = {.mean = 10, .standard_error = 1};
  EXPECT_THAT(EstimateRelativeLift({.control = {0, 0}, .treatment = good}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("control.mean is 0")));
  EXPECT_THAT(EstimateRelativeLift({.control = good, .treatment = {-2, 0.1}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("treatment.mean is -2")));
}

TEST(EstimateRelativeLiftTest, RefusesAMeanBelowThreeStandardErrors) {
  const MeanEstimate good = {.mean = 10, .standard_error = 1};
  EXPECT_THAT(EstimateRelativeLift({.control = {2.99, 1}, .treatment = good}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.mean is 2.99, less than 3 of its standard errors")));
  EXPECT_THAT(EstimateRelativeLift({.control = good, .treatment = {2.99, 1}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("treatment.mean is 2.99")));
  EXPECT_THAT(EstimateRelativeLift({.control = {3, 1}, .treatment = good}, 0.95), IsOk());
}

TEST(EstimateRelativeLiftTest, RefusesArmsWithoutVariance) {
  EXPECT_THAT(EstimateRelativeLift({{3, 0}, {4, 0}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("variance")));
}

TEST(EstimateRelativeLiftTest, RefusesResultsBeyondADouble) {
  EXPECT_THAT(EstimateRelativeLift({{1e-200, 1e-201}, {1e200, 1e199}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("range of a double")));
}

TEST(EstimateRelativeLiftTest, RejectsWrongArguments) {
  const MeanEstimate good = {.mean = 10, .standard_error = 1};
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(EstimateRelativeLift({{kNan, 1}, good}, 0.95),
              StatusIs(kInvalid, HasSubstr("control.mean is nan")));
  EXPECT_THAT(EstimateRelativeLift({good, {kInfinity, 1}}, 0.95),
              StatusIs(kInvalid, HasSubstr("treatment.mean is inf")));
  EXPECT_THAT(EstimateRelativeLift({good, {10, -1}}, 0.95),
              StatusIs(kInvalid, HasSubstr("treatment.standard_error is -1")));
  EXPECT_THAT(EstimateRelativeLift({good, {10, kNan}}, 0.95),
              StatusIs(kInvalid, HasSubstr("treatment.standard_error is nan")));
  EXPECT_THAT(EstimateRelativeLift({good, good}, 1), StatusIs(kInvalid, HasSubstr("level is 1")));
  for (const double degrees : {0.0, -3.0, kInfinity, kNan}) {
    EXPECT_THAT(EstimateRelativeLift({good, good}, 0.95, degrees),
                StatusIs(kInvalid, HasSubstr("degrees_of_freedom is ")));
  }
}

}  // namespace
}  // namespace insightloop::stats
