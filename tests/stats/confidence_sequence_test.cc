// SPDX-License-Identifier: Apache-2.0

#include "stats/confidence_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::DoubleNear;
using ::testing::HasSubstr;

// By hand from the formula (Python 3.11, double precision).
TEST(OneSidedAnytimeMultiplierTest, MatchesTheFormula) {
  EXPECT_NEAR(*OneSidedAnytimeMultiplier({2'000, 2'000, 0.05}), 2.7790942353135217, 1e-12);
  EXPECT_NEAR(*OneSidedAnytimeMultiplier({2'000, 2'000, 0.025}), 3.0413565120492674, 1e-12);
  EXPECT_NEAR(*OneSidedAnytimeMultiplier({4, 1'000, 0.05}), 13.969901666522048, 1e-11);
}

TEST(OneSidedAnytimeMultiplierTest, DependsOnTheShareOfThePlanAlone) {
  EXPECT_DOUBLE_EQ(*OneSidedAnytimeMultiplier({200, 1'000, 0.05}),
                   *OneSidedAnytimeMultiplier({20'000, 100'000, 0.05}));
}

TEST(OneSidedAnytimeMultiplierTest, IsWiderThanOneLookAndNarrowestNearThePlan) {
  const double at_plan = *OneSidedAnytimeMultiplier({1'000, 1'000, 0.05});
  EXPECT_GT(at_plan, 1.644854);  // the 95 % point of a normal
  EXPECT_GT(*OneSidedAnytimeMultiplier({100, 1'000, 0.05}), at_plan);
  EXPECT_GT(*OneSidedAnytimeMultiplier({100'000, 1'000, 0.05}), at_plan);
}

EffectEstimate Effect(double effect, double standard_error) {
  return {.effect = effect, .standard_error = standard_error, .degrees_of_freedom = {}};
}

// At 10 %, half, all, twice and four times the planned units: the table of our own design, computed
// again with mpmath.
TEST(AnytimeMultiplierTest, MatchesTheTable) {
  EXPECT_THAT(AnytimeMultiplier({100, 1'000, 0.05}), IsOkAndHolds(DoubleNear(3.86, 0.005)));
  EXPECT_THAT(AnytimeMultiplier({500, 1'000, 0.05}), IsOkAndHolds(DoubleNear(3.08, 0.005)));
  EXPECT_THAT(AnytimeMultiplier({1'000, 1'000, 0.05}),
              IsOkAndHolds(DoubleNear(3.0352089903762529, 1e-14)));
  EXPECT_THAT(AnytimeMultiplier({2'000, 1'000, 0.05}), IsOkAndHolds(DoubleNear(3.06, 0.005)));
  EXPECT_THAT(AnytimeMultiplier({4'000, 1'000, 0.05}), IsOkAndHolds(DoubleNear(3.13, 0.005)));
}

TEST(CompareAnytimeTest, MatchesTheFormula) {
  // 4 standard errors, half of the planned units (mpmath, 40 digits).
  const auto result = CompareAnytime(
      {.effect = 0.02, .standard_error = 0.005, .degrees_of_freedom = 9}, {20'000, 40'000, 0.05});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->effect, 0.02);
  EXPECT_EQ(result->standard_error, 0.005);
  EXPECT_NEAR(result->log_p_value, -5.588202645313045, 1e-14);
  EXPECT_NEAR(result->p_value, std::exp(-5.588202645313045), 1e-16);
  EXPECT_NEAR(result->interval.lower, 0.02 - 0.005 * 3.0835687143683501, 1e-16);
  EXPECT_NEAR(result->interval.upper, 0.02 + 0.005 * 3.0835687143683501, 1e-16);
  EXPECT_EQ(result->interval.level, 0.95);
  EXPECT_EQ(result->degrees_of_freedom, std::nullopt);
}

TEST(CompareAnytimeTest, HasThePValueAlphaWhereTheIntervalEndsAtZero) {
  for (const double alpha : {1e-12, 0.01, 0.05, 0.3}) {
    for (const std::int64_t units : {1LL, 500LL, 1'000LL, 1'000'000'000'000LL}) {
      const AnytimePlan plan = {units, 1'000, alpha};
      const auto result = CompareAnytime(Effect(-*AnytimeMultiplier(plan), 1), plan);
      ASSERT_THAT(result, IsOk());
      EXPECT_NEAR(result->log_p_value, std::log(alpha), 1e-12);
      EXPECT_EQ(result->interval.upper, 0);
    }
  }
}

TEST(CompareAnytimeTest, KeepsTheLogarithmOfPWhereItUnderflowsAndOneBelowAllEvidence) {
  // 60 standard errors at the planned units (mpmath, 40 digits).
  const auto far = CompareAnytime(Effect(60, 1), {1'000, 1'000, 0.05});
  ASSERT_THAT(far, IsOk());
  EXPECT_EQ(far->p_value, 0);
  EXPECT_NEAR(far->log_p_value, -1597.4760240041815, 1e-11);
  const auto none = CompareAnytime(Effect(1, 1), {1'000, 1'000, 0.05});
  ASSERT_THAT(none, IsOk());
  EXPECT_EQ(none->p_value, 1);
  EXPECT_EQ(none->log_p_value, 0);
}

TEST(CompareAnytimeTest, HoldsAtBothEndsOfWhatIsPlausible) {
  // 3 standard errors after 1 of 10^12 units, 30 after 10^12 of 1, at 10^-12 (mpmath, 40 digits).
  const auto early = CompareAnytime(Effect(3, 1), {1, 1'000'000'000'000, 1e-12});
  ASSERT_THAT(early, IsOk());
  EXPECT_NEAR(early->log_p_value, -2.371682493216621e-10, 1e-24);
  EXPECT_NEAR(early->interval.upper, 3 + 965417.54447438086, 1e-9);
  const auto late = CompareAnytime(Effect(30, 1), {1'000'000'000'000, 1, 1e-12});
  ASSERT_THAT(late, IsOk());
  EXPECT_NEAR(late->log_p_value, -434.14325172154862, 1e-12);
  EXPECT_NEAR(late->interval.lower, 30 - 9.3260677023462647, 1e-13);
}

TEST(CompareAnytimeTest, RefusesWhatCannotBeTested) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  const AnytimePlan plan = {100, 100, 0.05};
  EXPECT_THAT(CompareAnytime(Effect(1, 0), plan), StatusIs(kCannotSay, HasSubstr("variance")));
  EXPECT_THAT(CompareAnytime(Effect(1, -1), plan),
              StatusIs(kInvalid, HasSubstr("standard_error is -1")));
  EXPECT_THAT(CompareAnytime(Effect(1e200, 1), plan), StatusIs(kCannotSay, HasSubstr("beyond")));
  EXPECT_THAT(CompareAnytime(Effect(1, 1), {100, 100, 1}),
              StatusIs(kInvalid, HasSubstr("alpha is 1")));
  EXPECT_THAT(AnytimeMultiplier({0, 100, 0.05}), StatusIs(kInvalid, HasSubstr("units is 0")));
}

TEST(TestAboveAnytimeTest, MatchesTheFormula) {
  // 4 standard errors above the threshold, half of the planned units (mpmath, 40 digits).
  const auto result = TestAboveAnytime(Effect(0.03, 0.005), 0.01, {20'000, 40'000, 0.05});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->log_p_value, -6.0565330329461974, 1e-14);
  EXPECT_NEAR(result->p_value, std::exp(-6.0565330329461974), 1e-16);
  EXPECT_NEAR(result->bound, 0.03 - 0.005 * 2.8396787614178407, 1e-16);
  EXPECT_EQ(result->level, 0.95);
}

TEST(TestAboveAnytimeTest, HasThePValueAlphaWhereTheBoundMeetsTheThreshold) {
  for (const double alpha : {1e-12, 0.01, 0.05, 0.4}) {
    for (const std::int64_t units : {1LL, 500LL, 1'000LL, 1'000'000'000'000LL}) {
      const AnytimePlan plan = {units, 1'000, alpha};
      const auto result = TestAboveAnytime(Effect(*OneSidedAnytimeMultiplier(plan), 1), 0, plan);
      ASSERT_THAT(result, IsOk());
      EXPECT_NEAR(result->log_p_value, std::log(alpha), 1e-12);
      EXPECT_EQ(result->bound, 0);
    }
  }
}

TEST(TestAboveAnytimeTest, KeepsTheLogarithmOfPWhereItUnderflows) {
  // 60 standard errors at the planned units (mpmath, 40 digits).
  const auto result = TestAboveAnytime(Effect(60, 1), 0, {1'000, 1'000, 0.05});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->p_value, 0);
  EXPECT_NEAR(result->log_p_value, -1554.092859874257, 1e-11);
}

TEST(TestAboveAnytimeTest, HasThePValueOneWithoutEvidence) {
  const AnytimePlan plan = {1'000, 1'000, 0.05};
  for (const double effect : {-5.0, 0.0, 1e-200, 0.5}) {
    const auto result = TestAboveAnytime(Effect(effect, 1), 0, plan);
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->p_value, 1);
    EXPECT_EQ(result->log_p_value, 0);
  }
}

TEST(TestBelowAnytimeTest, IsTheMirrorImage) {
  const AnytimePlan plan = {500, 1'000, 0.05};
  const auto above = TestAboveAnytime(Effect(3, 1), -1, plan);
  const auto below = TestBelowAnytime(Effect(-3, 1), 1, plan);
  ASSERT_THAT(above, IsOk());
  ASSERT_THAT(below, IsOk());
  EXPECT_EQ(below->log_p_value, above->log_p_value);
  EXPECT_EQ(below->bound, -above->bound);
}

TEST(TestBelowAnytimeTest, RefusesWhatCannotBeTested) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  const AnytimePlan plan = {100, 100, 0.05};
  EXPECT_THAT(TestBelowAnytime(Effect(1, 0), 0, plan), StatusIs(kCannotSay, HasSubstr("variance")));
  EXPECT_THAT(TestBelowAnytime(Effect(1, 1), std::numeric_limits<double>::infinity(), plan),
              StatusIs(kInvalid, HasSubstr("threshold is inf")));
  EXPECT_THAT(TestBelowAnytime(Effect(-1e200, 1), 0, plan),
              StatusIs(kCannotSay, HasSubstr("beyond")));
  EXPECT_THAT(TestBelowAnytime(Effect(1, 1), 0, {100, 100, 0.5}),
              StatusIs(kInvalid, HasSubstr("alpha is 0.5")));
}

TEST(OneSidedAnytimeMultiplierTest, NamesAWrongArgument) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(OneSidedAnytimeMultiplier({0, 1, 0.05}), StatusIs(kInvalid, HasSubstr("units is 0")));
  EXPECT_THAT(OneSidedAnytimeMultiplier({1, 0, 0.05}),
              StatusIs(kInvalid, HasSubstr("planned_units is 0")));
  for (const double alpha : {0.0, 0.5, -1.0, std::nan("")}) {
    EXPECT_THAT(OneSidedAnytimeMultiplier({1, 1, alpha}),
                StatusIs(kInvalid, HasSubstr("alpha is")));
  }
}

TEST(OneSidedAnytimeMultiplierTest, IsFiniteForAnyAlpha) {
  // The formula, with logarithms taken of its parts.
  const double log_two_alpha = std::log(2.0) - 310 * std::log(10.0);
  const double x = -2 * log_two_alpha + std::log(1 - 2 * log_two_alpha);
  EXPECT_THAT(OneSidedAnytimeMultiplier({1, 1, 1e-310}),
              IsOkAndHolds(DoubleNear(
                  std::sqrt(2 * (x + 1) / x * (std::log(x + 1) / 2 - log_two_alpha)), 1e-12)));
}

}  // namespace
}  // namespace insightloop::stats
