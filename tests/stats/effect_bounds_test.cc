// SPDX-License-Identifier: Apache-2.0

#include "stats/effect_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

EffectEstimate Bound(double effect, double standard_error) {
  return {.effect = effect, .standard_error = standard_error, .degrees_of_freedom = {}};
}

ArmEstimate Arm(double value, double standard_error) {
  return {.units = 9, .value = value, .standard_error = standard_error, .degrees_of_freedom = {}};
}

TEST(DifferenceOfBoundsTest, PutsTheLowestTreatmentAgainstTheHighestControl) {
  const auto result = DifferenceOfBounds({.control = {.lower = Arm(1, 3), .upper = Arm(2, 5)},
                                          .treatment = {.lower = Arm(4, 12), .upper = Arm(9, 4)}});
  ASSERT_THAT(result, IsOk());
  // By hand; the standard errors are Pythagorean.
  EXPECT_DOUBLE_EQ(result->lower.effect, 2);
  EXPECT_DOUBLE_EQ(result->lower.standard_error, 13);
  EXPECT_DOUBLE_EQ(result->upper.effect, 8);
  EXPECT_DOUBLE_EQ(result->upper.standard_error, 5);
}

TEST(DifferenceOfBoundsTest, RefusesAnArmWithoutUnits) {
  const ArmBounds good = {.lower = Arm(1, 1), .upper = Arm(2, 1)};
  ArmBounds bad = good;
  bad.lower.units = 0;
  EXPECT_THAT(DifferenceOfBounds({.control = bad, .treatment = good}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("control.units is 0")));
  EXPECT_THAT(DifferenceOfBounds({.control = good, .treatment = bad}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("treatment.units is 0")));
}

TEST(ImbensManskiIntervalTest, IsThePlainIntervalWhereTheBoundsMeet) {
  const auto result = ImbensManskiInterval({Bound(3, 2), Bound(3, 2)}, 0.95);
  ASSERT_THAT(result, IsOk());
  // The normal quantile of 0.975, from tables.
  EXPECT_NEAR(result->lower, 3 - 2 * 1.959963984540054, 1e-13);
  EXPECT_NEAR(result->upper, 3 + 2 * 1.959963984540054, 1e-13);
  EXPECT_EQ(result->level, 0.95);
}

TEST(ImbensManskiIntervalTest, IsOneSidedAtEachEndWhereTheBoundsAreFarApart) {
  const auto result = ImbensManskiInterval({Bound(-50, 2), Bound(50, 1)}, 0.95);
  ASSERT_THAT(result, IsOk());
  // The normal quantile of 0.95, from tables.
  EXPECT_NEAR(result->lower, -50 - 2 * 1.6448536269514722, 1e-13);
  EXPECT_NEAR(result->upper, 50 + 1.6448536269514722, 1e-13);
}

TEST(ImbensManskiIntervalTest, SolvesItsEquationInBetween) {
  const auto phi = [](double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; };
  for (const double level : {0.1, 0.5, 0.9, 0.95, 0.999}) {
    for (const double distance : {0.001, 0.3, 1.0, 2.5, 6.0}) {
      const auto result = ImbensManskiInterval({Bound(0, 1), Bound(distance, 0.5)}, level);
      ASSERT_THAT(result, IsOk());
      const double c = -result->lower;
      EXPECT_NEAR(phi(c + distance) - phi(-c), level, 1e-15);
      EXPECT_NEAR(result->upper, distance + c / 2, 1e-14);
      EXPECT_LE(result->lower, result->upper);
    }
  }
}

TEST(ImbensManskiIntervalTest, TakesOneBoundThatIsCertain) {
  const auto result = ImbensManskiInterval({Bound(0, 0), Bound(100, 2)}, 0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->lower, 0);
  EXPECT_NEAR(result->upper, 100 + 2 * 1.6448536269514722, 1e-12);
}

TEST(ImbensManskiIntervalTest, RejectsWrongArguments) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const EffectEstimate good = Bound(1, 1);
  EXPECT_THAT(ImbensManskiInterval({good, good}, 1), StatusIs(kInvalid, HasSubstr("level is 1")));
  EXPECT_THAT(ImbensManskiInterval({Bound(std::nan(""), 1), good}, 0.9),
              StatusIs(kInvalid, HasSubstr("lower.effect is nan")));
  EXPECT_THAT(ImbensManskiInterval({good, Bound(2, -1)}, 0.9),
              StatusIs(kInvalid, HasSubstr("upper.standard_error is -1")));
  EXPECT_THAT(ImbensManskiInterval({Bound(2, 1), good}, 0.9),
              StatusIs(kInvalid, HasSubstr("lower.effect is 2; it must not be above")));
}

TEST(ImbensManskiIntervalTest, RefusesWhatHasNoInterval) {
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(ImbensManskiInterval({Bound(1, 0), Bound(2, 0)}, 0.9),
              StatusIs(kCannotSay, HasSubstr("standard_error is 0 in lower and upper")));
  const double most = std::numeric_limits<double>::max();
  EXPECT_THAT(ImbensManskiInterval({Bound(-most, most), Bound(most, most)}, 0.9),
              StatusIs(kCannotSay, HasSubstr("beyond the range of a double")));
}

TEST(ImbensManskiIntervalTest, TakesALevelNextToZero) {
  // Without any distance both quantiles are that of one half, 0.
  const auto interval = ImbensManskiInterval({Bound(1, 1), Bound(1, 1)}, 1e-17);
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->lower, 1, 1e-15);
  EXPECT_NEAR(interval->upper, 1, 1e-15);
}

}  // namespace
}  // namespace insightloop::stats
