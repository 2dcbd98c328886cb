// SPDX-License-Identifier: Apache-2.0

#include "stats/bernoulli_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

// The T that gives the prior a concentration of 1.
const double kOneUnit = 2 * (-2 * std::log(0.05) + std::log1p(-2 * std::log(0.05)));

TEST(BernoulliSequenceIntervalTest, MatchesTheClosedFormOfTwoSuccesses) {
  // With m = 1 the Bayes factor of two successes is (p + 1) / (2 p): below 1 / a for
  // p > a / (2 - a).
  for (const double alpha : {1e-12, 0.01, 0.05, 0.5}) {
    const auto interval = BernoulliSequenceInterval({.successes = 2, .trials = 2},
                                                    {.planned_units = kOneUnit, .alpha = alpha});
    ASSERT_THAT(interval, IsOk());
    EXPECT_NEAR(interval->lower / (alpha / (2 - alpha)), 1, 1e-13);
    EXPECT_EQ(interval->upper, 1);
    EXPECT_EQ(interval->level, 1 - alpha);
  }
}

TEST(BernoulliSequenceIntervalTest, MatchesTheClosedFormOfThreeFailures) {
  // With m = 1 the Bayes factor of three failures is (q + 1) (q + 2) / (6 q^2): at 1 / a where
  // (6 - a) q^2 - 3 a q - 2 a = 0.
  const double alpha = 0.05;
  const auto interval = BernoulliSequenceInterval({.successes = 0, .trials = 3},
                                                  {.planned_units = kOneUnit, .alpha = alpha});
  ASSERT_THAT(interval, IsOk());
  const double q =
      (3 * alpha + std::sqrt(9 * alpha * alpha + 8 * alpha * (6 - alpha))) / (2 * (6 - alpha));
  EXPECT_EQ(interval->lower, 0);
  EXPECT_NEAR(interval->upper, 1 - q, 1e-14);
}

TEST(BernoulliSequenceIntervalTest, SaysNothingAboutOneUnit) {
  const auto interval = BernoulliSequenceInterval({.successes = 0, .trials = 1},
                                                  {.planned_units = 50, .alpha = 0.05});
  ASSERT_THAT(interval, IsOk());
  EXPECT_EQ(interval->lower, 0);
  EXPECT_EQ(interval->upper, 1);
}

TEST(BernoulliSequenceIntervalTest, IsTheMirrorImageForFailures) {
  const BernoulliSequencePlan plan = {.planned_units = 500, .alpha = 0.05};
  const auto successes = BernoulliSequenceInterval({.successes = 30, .trials = 400}, plan);
  const auto failures = BernoulliSequenceInterval({.successes = 370, .trials = 400}, plan);
  ASSERT_THAT(successes, IsOk());
  ASSERT_THAT(failures, IsOk());
  EXPECT_EQ(failures->lower, 1 - successes->upper);
  EXPECT_NEAR(failures->upper, 1 - successes->lower, 1e-15);
}

TEST(BernoulliSequenceIntervalTest, IsTightestAroundThePlan) {
  const Proportion arm = {.successes = 400, .trials = 1'000};
  const auto width = [&](double planned_units) {
    const auto interval =
        BernoulliSequenceInterval(arm, {.planned_units = planned_units, .alpha = 0.05});
    return interval->upper - interval->lower;
  };
  EXPECT_LT(width(1'000), width(100));
  EXPECT_LT(width(1'000), width(10'000));
  EXPECT_EQ(width(1), width(1e-300));  // the least concentration
}

TEST(BernoulliSequenceIntervalTest, HoldsForBillionsOfUnits) {
  // Normal approximation: 1e9 units at one half have the standard error 1 / (2 sqrt(1e9)), and the
  // multiplier at the planned units is 3.0352; both are good to some 1e-4 here.
  const auto interval = BernoulliSequenceInterval(
      {.successes = 500'000'000, .trials = 1'000'000'000}, {.planned_units = 1e9, .alpha = 0.05});
  ASSERT_THAT(interval, IsOk());
  const double half_width = 3.0352 / (2 * std::sqrt(1e9));
  EXPECT_NEAR((interval->upper - 0.5) / half_width, 1, 1e-3);
  EXPECT_NEAR((0.5 - interval->lower) / half_width, 1, 1e-3);
}

TEST(BernoulliSequenceIntervalTest, NamesAWrongArgument) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const BernoulliSequencePlan plan = {.planned_units = 50, .alpha = 0.05};
  EXPECT_THAT(BernoulliSequenceInterval({.successes = 3, .trials = 2}, plan),
              StatusIs(kInvalid, HasSubstr("arm.successes is 3")));
  EXPECT_THAT(
      BernoulliSequenceInterval({.successes = 1, .trials = 2}, {.planned_units = 0, .alpha = 0.05}),
      StatusIs(kInvalid, HasSubstr("planned_units is 0")));
  EXPECT_THAT(
      BernoulliSequenceInterval({.successes = 1, .trials = 2}, {.planned_units = 1, .alpha = 1}),
      StatusIs(kInvalid, HasSubstr("alpha is 1")));
  EXPECT_THAT(BernoulliSequenceInterval({.successes = 0, .trials = 0}, plan),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("arm.trials is 0")));
}

TEST(BernoulliSequenceIntervalTest, KeepsTheDigitsOfSmallShares) {
  // Few successes among many units are Poisson: planned alike, the ends scale with the units.
  const auto billion = BernoulliSequenceInterval({.successes = 2, .trials = 1'000'000'000},
                                                 {.planned_units = 1e9, .alpha = 0.05});
  const auto many = BernoulliSequenceInterval({.successes = 2, .trials = 100'000'000'000'000'000},
                                              {.planned_units = 1e17, .alpha = 0.05});
  ASSERT_THAT(billion, IsOk());
  ASSERT_THAT(many, IsOk());
  EXPECT_NEAR(many->lower * 1e8 / billion->lower, 1, 1e-6);
  EXPECT_NEAR(many->upper * 1e8 / billion->upper, 1, 1e-6);
}

}  // namespace
}  // namespace insightloop::stats
