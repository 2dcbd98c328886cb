// SPDX-License-Identifier: Apache-2.0

#include "stats/balance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

TEST(CompareBalanceTest, MatchesTheClosedForm) {
  // By hand: d = 1 / sqrt((3 + 5) / 2) = 0.5, standard error sqrt(3 / 300 + 5 / 500) = sqrt(0.02).
  const Arms<Moments> spend = {.control = {.count = 300, .mean = 10, .sample_variance = 3},
                               .treatment = {.count = 500, .mean = 11, .sample_variance = 5}};
  const AnytimePlan plan = {.units = 800, .planned_units = 1'600, .alpha = 0.01};
  const auto balance = CompareBalance(spend, plan);
  ASSERT_THAT(balance, IsOk());
  EXPECT_DOUBLE_EQ(balance->standardized_difference, 0.5);
  EXPECT_EQ(balance->comparison.effect, 1);
  EXPECT_DOUBLE_EQ(balance->comparison.standard_error, std::sqrt(0.02));
  const auto anytime = CompareAnytime(
      {.effect = 1, .standard_error = std::sqrt(0.02), .degrees_of_freedom = {}}, plan);
  ASSERT_THAT(anytime, IsOk());
  EXPECT_DOUBLE_EQ(balance->comparison.log_p_value, anytime->log_p_value);
  EXPECT_DOUBLE_EQ(balance->comparison.interval.lower, anytime->interval.lower);
}

TEST(CompareBalanceTest, TakesACovariateThatIsConstantInOneArm) {
  // d = -2 / sqrt((0 + 8) / 2).
  const auto balance = CompareBalance({.control = {.count = 9, .mean = 2, .sample_variance = 0},
                                       .treatment = {.count = 9, .mean = 0, .sample_variance = 8}},
                                      {.units = 18, .planned_units = 18, .alpha = 0.01});
  ASSERT_THAT(balance, IsOk());
  EXPECT_DOUBLE_EQ(balance->standardized_difference, -1);
}

TEST(CompareBalanceTest, RefusesWhatCannotBeCompared) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  const AnytimePlan plan = {.units = 800, .planned_units = 1'600, .alpha = 0.01};
  const Moments good = {.count = 300, .mean = 10, .sample_variance = 3};
  const Moments one = {.count = 1, .mean = 10, .sample_variance = {}};
  const Moments constant = {.count = 300, .mean = 10, .sample_variance = 0};
  EXPECT_THAT(CompareBalance({good, one}, plan),
              StatusIs(kCannotSay, HasSubstr("treatment.count is 1")));
  EXPECT_THAT(CompareBalance({constant, constant}, plan),
              StatusIs(kCannotSay, HasSubstr("standard_error is 0")));
  EXPECT_THAT(CompareBalance({good, good}, {.units = 0, .planned_units = 1, .alpha = 0.01}),
              StatusIs(kInvalid, HasSubstr("units is 0")));
}

}  // namespace
}  // namespace insightloop::stats
