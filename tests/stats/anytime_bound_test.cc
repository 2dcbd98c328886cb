// SPDX-License-Identifier: Apache-2.0

#include "stats/anytime_bound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using insightloop::testing::StatusIs;
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

TEST(OneSidedAnytimeLevelTest, IsTheNormalLevelOfTheMultiplier) {
  EXPECT_NEAR(*OneSidedAnytimeLevel({2'000, 2'000, 0.05}),
              std::erf(2.7790942353135217 / std::numbers::sqrt2), 1e-12);
}

// A true null, looked at 100 times: the bound is ever crossed in at most 5 % of runs, while a plain
// z at each look is far above. Four binomial standard errors of 2,000 runs at 5 %: 0.0195.
TEST(OneSidedAnytimeMultiplierTest, KeepsItsErrorRateOverManyLooks) {
  constexpr int kRuns = 2'000, kLooks = 100, kStep = 20;
  std::mt19937_64 engine(20261122);
  const auto normal = [&] {  // Box–Muller
    const double u = (static_cast<double>(engine() >> 11) + 0.5) * 0x1p-53;
    const double v = (static_cast<double>(engine() >> 11) + 0.5) * 0x1p-53;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  };
  int anytime = 0, plain = 0;
  for (int run = 0; run < kRuns; ++run) {
    bool anytime_crossed = false, plain_crossed = false;
    double sum = 0;
    for (int look = 1; look <= kLooks; ++look) {
      sum += std::sqrt(kStep) * normal();
      const std::int64_t n = look * kStep;
      const double z = sum / std::sqrt(static_cast<double>(n));
      anytime_crossed |= z > *OneSidedAnytimeMultiplier({n, kLooks * kStep, 0.05});
      plain_crossed |= z > 1.644854;
    }
    anytime += anytime_crossed ? 1 : 0;
    plain += plain_crossed ? 1 : 0;
  }
  EXPECT_LT(anytime / static_cast<double>(kRuns), 0.05 + 0.0195);
  EXPECT_GT(plain / static_cast<double>(kRuns), 0.15);
}

TEST(OneSidedAnytimeMultiplierTest, NamesAWrongArgument) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(OneSidedAnytimeMultiplier({0, 1, 0.05}), StatusIs(kInvalid, HasSubstr("units is 0")));
  EXPECT_THAT(OneSidedAnytimeMultiplier({1, 0, 0.05}),
              StatusIs(kInvalid, HasSubstr("planned_units is 0")));
  for (const double alpha : {0.0, 0.5, -1.0, std::nan("")}) {
    EXPECT_THAT(OneSidedAnytimeLevel({1, 1, alpha}), StatusIs(kInvalid, HasSubstr("alpha is")));
  }
}

}  // namespace
}  // namespace insightloop::stats
