// SPDX-License-Identifier: Apache-2.0

#include "stats/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;

TEST(CompareTest, UsesTheNormalDistributionWithoutDegreesOfFreedom) {
  const auto result = Compare({.effect = 1.96, .standard_error = 1}, 0.95);
  ASSERT_THAT(result, IsOk());
  // P(|Z| >= 1.96) = erfc(1.96 / sqrt 2); the quantile of 0.975 to 16 digits: Abramowitz, Stegun,
  // table 26.5, extended.
  EXPECT_NEAR(result->p_value, std::erfc(1.96 / std::numbers::sqrt2), 1e-15);
  EXPECT_NEAR(result->interval.lower, 1.96 - 1.9599639845400545, 1e-14);
  EXPECT_NEAR(result->interval.upper, 1.96 + 1.9599639845400545, 1e-14);
  EXPECT_FALSE(result->degrees_of_freedom.has_value());
}

TEST(CompareTest, UsesStudentsDistributionWithDegreesOfFreedom) {
  const auto result = Compare({.effect = 2, .standard_error = 2, .degrees_of_freedom = 1}, 0.5);
  ASSERT_THAT(result, IsOk());
  // With one degree of freedom the distribution is Cauchy's: P(|T| >= 1) = 1/2.
  EXPECT_NEAR(result->p_value, 0.5, 1e-15);
  EXPECT_NEAR(result->interval.lower, 0, 1e-14);
  EXPECT_NEAR(result->interval.upper, 4, 1e-14);
}

TEST(CompareTest, RejectsWrongArguments) {
  EXPECT_THAT(Compare({.effect = kNan, .standard_error = 1}, 0.95),
              StatusIs(kInvalid, HasSubstr("effect is nan")));
  EXPECT_THAT(Compare({.effect = 0, .standard_error = -1}, 0.95),
              StatusIs(kInvalid, HasSubstr("standard_error is -1")));
  EXPECT_THAT(Compare({.effect = 0, .standard_error = kInfinity}, 0.95),
              StatusIs(kInvalid, HasSubstr("standard_error is inf")));
  EXPECT_THAT(Compare({.effect = 0, .standard_error = 1, .degrees_of_freedom = 0}, 0.95),
              StatusIs(kInvalid, HasSubstr("degrees_of_freedom is 0")));
  for (const double level : {0.0, 1.0, -0.1, kNan}) {
    EXPECT_THAT(Compare({.effect = 0, .standard_error = 1}, level),
                StatusIs(kInvalid, HasSubstr("level is ")));
  }
}

TEST(CompareTest, CannotSayWithoutVariance) {
  EXPECT_THAT(Compare({.effect = 1, .standard_error = 0}, 0.95),
              StatusIs(kCannotSay, HasSubstr("standard_error is 0; an effect without variance")));
}

TEST(CompareTest, CannotSayBeyondADouble) {
  EXPECT_THAT(Compare({.effect = 1e200, .standard_error = 1e-200}, 0.95),
              StatusIs(kCannotSay, HasSubstr("range of a double")));
}

TEST(OneSidedTestTest, TakesTheUpperTail) {
  const EffectEstimate effect = {.effect = 3, .standard_error = 2};
  const auto above = TestAbove(effect, -1, 0.9);
  ASSERT_THAT(above, IsOk());
  // z = (3 + 1) / 2; the quantile of 0.9 from Abramowitz, Stegun, table 26.6, extended.
  EXPECT_NEAR(above->p_value, std::erfc(std::numbers::sqrt2) / 2, 1e-16);
  EXPECT_NEAR(above->log_p_value, std::log(std::erfc(std::numbers::sqrt2) / 2), 1e-14);
  EXPECT_NEAR(above->bound, 3 - 2 * 1.2815515655446004, 1e-13);
  EXPECT_EQ(above->level, 0.9);
}

TEST(OneSidedTestTest, TakesTheLowerTailBelow) {
  const EffectEstimate effect = {.effect = 3, .standard_error = 2};
  const auto below = TestBelow(effect, -1, 0.9);
  ASSERT_THAT(below, IsOk());
  EXPECT_NEAR(below->p_value, 1 - std::erfc(std::numbers::sqrt2) / 2, 1e-15);
  EXPECT_NEAR(below->bound, 3 + 2 * 1.2815515655446004, 1e-13);
}

TEST(OneSidedTestTest, KeepsTheLogarithmWhereTheTailUnderflows) {
  const auto result = TestAbove({.effect = 100, .standard_error = 1}, 0, 0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->p_value, 0);
  // ln(erfc(100 / sqrt 2) / 2), mpmath with 40 digits.
  EXPECT_NEAR(result->log_p_value, -5005.524208694205, 1e-9);
}

TEST(OneSidedTestTest, RejectsWrongArguments) {
  const EffectEstimate effect = {.effect = 3, .standard_error = 2};
  EXPECT_THAT(TestAbove(effect, kNan, 0.9), StatusIs(kInvalid, HasSubstr("threshold is nan")));
  EXPECT_THAT(TestBelow(effect, 0, 1), StatusIs(kInvalid, HasSubstr("level is 1")));
  EXPECT_THAT(TestAbove({.effect = kInfinity, .standard_error = 2}, 0, 0.9),
              StatusIs(kInvalid, HasSubstr("effect is inf")));
  EXPECT_THAT(TestAbove({.effect = 0, .standard_error = 0}, 0, 0.9),
              StatusIs(kCannotSay, HasSubstr("variance")));
  EXPECT_THAT(TestAbove({.effect = 1e200, .standard_error = 1e-200}, 0, 0.9),
              StatusIs(kCannotSay, HasSubstr("range of a double")));
}

TEST(CompareTest, RejectsDegreesOfFreedomThatNoEstimateHas) {
  EXPECT_THAT(Compare({.effect = 1, .standard_error = 1, .degrees_of_freedom = 1e-310}, 0.95),
              StatusIs(kInvalid, HasSubstr("it must be finite and at least 0.001")));
}

TEST(TestAboveTest, HasABoundAtALevelNextToZero) {
  const auto test = TestAbove({.effect = 1, .standard_error = 1}, 0, 1e-17);
  ASSERT_THAT(test, IsOk());
  EXPECT_NEAR(test->bound, 1 + 8.493793224109598, 1e-13);  // mpmath, 30 digits
}

}  // namespace
}  // namespace insightloop::stats
