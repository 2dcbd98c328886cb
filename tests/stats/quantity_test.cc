// SPDX-License-Identifier: Apache-2.0

#include "stats/quantity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "stats/joint_sums.h"
#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

constexpr Quantity kMean = {.variable = 0, .over = {}};
constexpr Quantity kRatio = {.variable = 0, .over = 1};

JointMoments MomentsOf(const std::vector<std::vector<std::int64_t>>& units, double resolution = 1) {
  JointSums sums(units[0].size());
  for (const std::vector<std::int64_t>& unit : units) EXPECT_THAT(sums.Add(unit), IsOk());
  const auto moments = sums.ToMoments(std::vector<double>(units[0].size(), resolution));
  EXPECT_THAT(moments, IsOk());
  return *moments;
}

TEST(EstimateQuantityTest, OfAMeanIsTheSampleMean) {
  // By hand: 1, 2, 6 have the mean 3 and the variance (4 + 1 + 9) / 2 = 7.
  const auto arm = EstimateQuantity(MomentsOf({{1, 5}, {2, 5}, {6, 5}}), kMean);
  ASSERT_THAT(arm, IsOk());
  EXPECT_EQ(arm->units, 3);
  EXPECT_DOUBLE_EQ(arm->value, 3);
  EXPECT_DOUBLE_EQ(arm->standard_error, std::sqrt(7.0 / 3));
  EXPECT_EQ(arm->degrees_of_freedom, 2);
}

TEST(EstimateQuantityTest, OfARatioHasTheVarianceOfItsInfluenceValues) {
  // By hand: 6 / 9, and n - 2/3 d is -1/3, 1/3, 0: variance 1/9, over a mean denominator of 3.
  const auto arm = EstimateQuantity(MomentsOf({{1, 2}, {3, 4}, {2, 3}}), kRatio);
  ASSERT_THAT(arm, IsOk());
  EXPECT_DOUBLE_EQ(arm->value, 2.0 / 3);
  EXPECT_NEAR(arm->standard_error, 1 / (9 * std::sqrt(3.0)), 1e-15);
  EXPECT_EQ(arm->degrees_of_freedom, 2);
}

TEST(EstimateQuantityTest, OfAWeightedMeanIsTheRatioOfWeightedSums) {
  // By hand: weights 1, 1, 2 of values 4, 8, 3 give 18 / 4. The values w (y - 4.5) are -1/2, 7/2,
  // -3: variance (1/4 + 49/4 + 9) / 2 = 43/4, over a mean weight of 4/3 and three units.
  const auto arm = EstimateQuantity(MomentsOf({{4, 1}, {8, 1}, {6, 2}}), kRatio);
  ASSERT_THAT(arm, IsOk());
  EXPECT_DOUBLE_EQ(arm->value, 4.5);
  EXPECT_NEAR(arm->standard_error, std::sqrt(43.0 / 4 / 3) * 3 / 4, 1e-14);
}

TEST(EstimateQuantityTest, HasNoVarianceWhereAllUnitsHaveTheSameRatio) {
  // Numerators of 3 times the denominators, in steps that are no binary numbers: rounding must not
  // pass for a standard error.
  std::vector<std::vector<std::int64_t>> units;
  for (std::int64_t k = 1; k < 50; ++k) units.push_back({3 * k * k, k * k});
  const auto arm = EstimateQuantity(MomentsOf(units, 0.01), kRatio);
  ASSERT_THAT(arm, IsOk());
  EXPECT_DOUBLE_EQ(arm->value, 3);
  EXPECT_EQ(arm->standard_error, 0);
  const auto of_itself = EstimateQuantity(MomentsOf(units), {.variable = 1, .over = 1});
  ASSERT_THAT(of_itself, IsOk());
  EXPECT_EQ(of_itself->value, 1);
  EXPECT_EQ(of_itself->standard_error, 0);
}

TEST(EstimateQuantityTest, AgreesWithTwoPassesOverRandomUnits) {
  // The squares of influence values, summed in long double, are good to 1e-16.
  std::mt19937_64 random(20'261'122);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::vector<std::int64_t>> units(2 + random() % 100);
    long double n = 0;
    long double d = 0;
    for (auto& unit : units) {
      unit = {static_cast<std::int64_t>(random() % 100),
              static_cast<std::int64_t>(random() % 9) + 1};
      n += static_cast<long double>(unit[0]);
      d += static_cast<long double>(unit[1]);
    }
    const auto count = static_cast<long double>(units.size());
    long double squares = 0;
    for (const auto& unit : units) {
      const long double influence =
          (static_cast<long double>(unit[0]) - n / d * static_cast<long double>(unit[1])) /
          (d / count);
      squares += influence * influence;
    }
    const auto arm = EstimateQuantity(MomentsOf(units), kRatio);
    ASSERT_THAT(arm, IsOk());
    EXPECT_DOUBLE_EQ(arm->value, static_cast<double>(n / d));
    EXPECT_NEAR(arm->standard_error, static_cast<double>(std::sqrt(squares / (count - 1) / count)),
                1e-12 * arm->standard_error);
  }
}

TEST(EstimateQuantityTest, RefusesTooFewUnits) {
  EXPECT_THAT(EstimateQuantity(MomentsOf({{1, 2}}), kMean),
              StatusIs(kCannotSay, HasSubstr("count is 1; an estimate needs two units")));
}

TEST(EstimateQuantityTest, RefusesADenominatorOfZero) {
  EXPECT_THAT(EstimateQuantity(MomentsOf({{1, -2}, {3, 2}}), kRatio),
              StatusIs(kCannotSay, HasSubstr("means[1] is 0")));
}

TEST(EstimateQuantityTest, RefusesResultsBeyondADouble) {
  const JointMoments moments = {
      .count = 2, .means = {1e200, 1e-200}, .covariances = {1, 0, 0, 1e-300}};
  EXPECT_THAT(EstimateQuantity(moments, kRatio),
              StatusIs(kCannotSay, HasSubstr("range of a double")));
}

TEST(EstimateQuantityTest, RejectsWrongMoments) {
  const JointMoments good = MomentsOf({{1, 2}, {3, 5}});
  EXPECT_THAT(EstimateQuantity(good, {.variable = 2, .over = {}}),
              StatusIs(kInvalid, HasSubstr("variable is 2; it must be below 2")));
  EXPECT_THAT(EstimateQuantity(good, {.variable = 0, .over = 7}),
              StatusIs(kInvalid, HasSubstr("over is 7")));
  JointMoments wrong = good;
  wrong.count = -1;
  EXPECT_THAT(EstimateQuantity(wrong, kMean), StatusIs(kInvalid, HasSubstr("count is -1")));
  wrong = good;
  wrong.means[1] = kNan;
  EXPECT_THAT(EstimateQuantity(wrong, kMean), StatusIs(kInvalid, HasSubstr("means[1] is nan")));
  wrong = good;
  wrong.covariances.pop_back();
  EXPECT_THAT(EstimateQuantity(wrong, kMean),
              StatusIs(kInvalid, HasSubstr("covariances has 3 values; it must have 4")));
  wrong = good;
  wrong.covariances[1] = kNan;
  EXPECT_THAT(EstimateQuantity(wrong, kMean),
              StatusIs(kInvalid, HasSubstr("covariances[1] is nan")));
  wrong = good;
  wrong.covariances[3] = -1;
  EXPECT_THAT(EstimateQuantity(wrong, kMean),
              StatusIs(kInvalid, HasSubstr("covariances[3] is -1")));
}

TEST(EstimateQuantityTest, DoesNotTakeWhatIsBeyondADoubleForNoise) {
  const JointMoments moments = {
      .count = 100, .means = {1, 1e-200}, .covariances = {1, -.5, -.5, 1}};
  EXPECT_THAT(EstimateQuantity(moments, kRatio),
              StatusIs(kCannotSay, HasSubstr("range of a double")));
}

TEST(EstimateQuantityTest, RejectsCovariancesThatCannotBe) {
  const JointMoments too_large = {.count = 9, .means = {1, 1}, .covariances = {1, 2, 2, 1}};
  EXPECT_THAT(EstimateQuantity(too_large, kRatio),
              StatusIs(kInvalid, HasSubstr("covariances[2] is 2; the variances allow at most 1")));
  const JointMoments lopsided = {.count = 9, .means = {1, 1}, .covariances = {1, 0.5, 0.25, 1}};
  EXPECT_THAT(EstimateQuantity(lopsided, kRatio),
              StatusIs(kInvalid, HasSubstr("covariances[2] is 0.25; it must be 0.5")));
}

}  // namespace
}  // namespace insightloop::stats
