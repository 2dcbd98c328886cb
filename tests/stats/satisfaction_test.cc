// SPDX-License-Identifier: Apache-2.0

#include "stats/satisfaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>

#include "stats/two_proportions.h"
#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

// San Francisco International Airport, customer surveys of 2017 and 2018, "how likely are you to
// recommend SFO": valid answers of 9-10, 7-8 and 0-6. The figures below were computed with
// statsmodels 0.13.
constexpr NpsCounts kSfo2017 = {.promoters = 1436, .passives = 968, .detractors = 342};
constexpr NpsCounts kSfo2018 = {.promoters = 1268, .passives = 935, .detractors = 447};

TEST(EstimateNpsTest, MatchesTheScoresOfAnAirport) {
  const auto first = EstimateNps(kSfo2017);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->answers, 2746);
  EXPECT_NEAR(first->score, 39.8398, 5e-5);
  EXPECT_NEAR(first->standard_error, 1.3341, 5e-5);
  const auto second = EstimateNps(kSfo2018);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->answers, 2650);
  EXPECT_NEAR(second->score, 30.9811, 5e-5);
  EXPECT_NEAR(second->standard_error, 1.4422, 5e-5);
}

TEST(EstimateNpsTest, MatchesTheClosedForm) {
  // By hand: shares 0.5 and 0.3, score 20, variance 100^2 * (0.8 - 0.04), error sqrt(7600 / 10).
  const auto result = EstimateNps({.promoters = 5, .passives = 2, .detractors = 3});
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->score, 20);
  EXPECT_DOUBLE_EQ(result->variance, 7600);
  EXPECT_DOUBLE_EQ(result->standard_error, std::sqrt(760.0));
}

TEST(EstimateNpsTest, ReportsAUnanimousGroupWithoutError) {
  const auto result = EstimateNps({.promoters = 7});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->score, 100);
  EXPECT_EQ(result->variance, 0);
  EXPECT_EQ(result->standard_error, 0);
}

TEST(EstimateNpsTest, KeepsTheVarianceOfAnAlmostUnanimousGroup) {
  // By hand: one passive among n promoters leaves p (1 - p) = (n - 1) / n^2, here 10^-15 of a unit.
  const auto result = EstimateNps({.promoters = 999'999'999'999'999, .passives = 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->variance, 1e4 * 0.999999999999999e-15);
}

TEST(EstimateNpsTest, RejectsImpossibleCounts) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(EstimateNps({.promoters = -1}), StatusIs(kInvalid, HasSubstr("promoters is -1")));
  EXPECT_THAT(EstimateNps({.passives = -2}), StatusIs(kInvalid, HasSubstr("passives is -2")));
  EXPECT_THAT(EstimateNps({.detractors = -3}), StatusIs(kInvalid, HasSubstr("detractors is -3")));
  EXPECT_THAT(EstimateNps({.promoters = kMost, .detractors = 1}),
              StatusIs(kInvalid, HasSubstr("exceed 63 bits")));
}

TEST(EstimateNpsTest, RefusesASurveyWithoutAnswers) {
  EXPECT_THAT(EstimateNps({}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nobody answered")));
}

TEST(CompareNpsTest, MatchesTheDifferenceBetweenTwoYearsOfAnAirport) {
  // 2018 against 2017: -8.8586 [-12.7093, -5.0080], z -4.5090, p 6.513e-06.
  const auto result = CompareNps({.control = kSfo2017, .treatment = kSfo2018}, 0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->absolute_effect, -8.8586, 1e-4);
  EXPECT_NEAR(result->absolute_effect / result->standard_error, -4.5090, 5e-5);
  EXPECT_NEAR(result->p_value, 6.513e-6, 5e-10);
  EXPECT_NEAR(result->log_p_value, std::log(6.513e-6), 1e-4);
  EXPECT_NEAR(result->interval.lower, -12.7093, 5e-5);
  EXPECT_NEAR(result->interval.upper, -5.0080, 5e-5);
  EXPECT_EQ(result->degrees_of_freedom, std::nullopt);
}

TEST(CompareNpsTest, EqualsTwoProportionsWhenNobodyIsADetractor) {
  // Then the score is 100 times a share.
  const auto nps = CompareNps({{30, 70, 0}, {45, 55, 0}}, 0.9);
  const auto shares = CompareProportions({{30, 100}, {45, 100}}, 0.9);
  ASSERT_THAT(nps, IsOk());
  ASSERT_THAT(shares, IsOk());
  EXPECT_NEAR(nps->absolute_effect, 100 * shares->absolute_effect, 1e-12);
  EXPECT_NEAR(nps->standard_error, 100 * shares->standard_error, 1e-12);
  EXPECT_NEAR(nps->p_value, shares->p_value, 1e-14);
  EXPECT_NEAR(nps->interval.upper, 100 * shares->interval.upper, 1e-12);
}

TEST(CompareNpsTest, HoldsItsPropertiesForRandomCounts) {
  std::mt19937_64 random(20'261'122);
  std::uniform_int_distribution<std::int64_t> counts(1, 2000);
  const auto draw = [&] {
    return NpsCounts{
        .promoters = counts(random), .passives = counts(random), .detractors = counts(random)};
  };
  const auto mirror = [](const NpsCounts& counts_of_arm) {
    return NpsCounts{.promoters = counts_of_arm.detractors,
                     .passives = counts_of_arm.passives,
                     .detractors = counts_of_arm.promoters};
  };
  for (int round = 0; round < 2000; ++round) {
    const Arms<NpsCounts> arms = {draw(), draw()};
    const auto result = CompareNps(arms, 0.95);
    const auto swapped = CompareNps({arms.treatment, arms.control}, 0.95);
    const auto mirrored = CompareNps({mirror(arms.control), mirror(arms.treatment)}, 0.95);
    ASSERT_THAT(result, IsOk());
    ASSERT_THAT(swapped, IsOk());
    ASSERT_THAT(mirrored, IsOk());
    EXPECT_EQ(swapped->absolute_effect, -result->absolute_effect);
    EXPECT_EQ(swapped->p_value, result->p_value);
    // Promoters and detractors exchanged: the score changes its sign.
    EXPECT_EQ(mirrored->absolute_effect, -result->absolute_effect);
    EXPECT_EQ(mirrored->standard_error, result->standard_error);
    const bool excludes_zero = result->interval.lower > 0 || result->interval.upper < 0;
    EXPECT_EQ(excludes_zero, result->p_value < 1 - 0.95);
  }
}

TEST(CompareNpsTest, NamesTheArmOfAWrongCount) {
  EXPECT_THAT(CompareNps({{.promoters = -1}, kSfo2018}, 0.95),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("control.promoters is -1")));
  EXPECT_THAT(
      CompareNps({kSfo2017, {.detractors = -1}}, 0.95),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("treatment.detractors is -1")));
  EXPECT_THAT(CompareNps({kSfo2017, kSfo2018}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("level is 0")));
}

TEST(CompareNpsTest, RefusesArmsWithoutAnswersOrVariance) {
  EXPECT_THAT(CompareNps({kSfo2017, {}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("treatment.")));
  EXPECT_THAT(CompareNps({{.detractors = 12}, {.promoters = 12}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("variance")));
}

TEST(CustomerSatisfactionTest, TopTwoShareIsAProportion) {
  // The airport as a whole, 4 or 5 of 1 to 5: 2,206 of 2,688 in 2017, 2,059 of 2,625 in 2018;
  // -0.036304 [-0.057700, -0.014907], unpooled (SciPy 1.10).
  const auto result =
      CompareProportions({.control = {2206, 2688}, .treatment = {2059, 2625}}, 0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->absolute_effect, -0.036304, 5e-7);
  EXPECT_NEAR(result->interval.lower, -0.057700, 5e-7);
  EXPECT_NEAR(result->interval.upper, -0.014907, 5e-7);
}

}  // namespace
}  // namespace insightloop::stats
