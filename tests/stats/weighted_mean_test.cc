// SPDX-License-Identifier: Apache-2.0

#include "stats/weighted_mean.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "stats/answer_counts.h"
#include "stats/mean_difference.h"
#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

using Numbers = std::vector<double>;

// The variance as Cochran gives it, and Gatz and Smith after him: the same quantity in deviations
// of the products w y and of the weights from their means.
double CochransVariance(const Numbers& values, const Numbers& weights) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, products = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    sum += weights[k];
    products += weights[k] * values[k];
  }
  const double mean_weight = sum / n, mean = products / sum;
  double of_products = 0, mixed = 0, of_weights = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double product = weights[k] * values[k] - mean_weight * mean;
    const double weight = weights[k] - mean_weight;
    of_products += product * product;
    mixed += weight * product;
    of_weights += weight * weight;
  }
  return n / (n - 1) / (sum * sum) * (of_products - 2 * mean * mixed + mean * mean * of_weights);
}

Numbers Draw(std::mt19937_64& random, int n, double low, double high) {
  std::uniform_real_distribution<double> uniform(low, high);
  Numbers numbers;
  for (int k = 0; k < n; ++k) numbers.push_back(uniform(random));
  return numbers;
}

TEST(EstimateWeightedMeanTest, MatchesTheClosedForm) {
  // By hand: (1 + 2 + 6 + 16) / 8 = 3.125; squares of w (y - mean): 4.515625 + 1.265625 + 0.0625 +
  // 12.25 = 18.09375, times 4/3 over 64; effective units 64 / 22.
  const auto result = EstimateWeightedMean(Numbers{1, 2, 3, 4}, Numbers{1, 1, 2, 4});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->estimate.units, 4);
  EXPECT_DOUBLE_EQ(result->estimate.value, 3.125);
  EXPECT_DOUBLE_EQ(result->estimate.standard_error, std::sqrt(18.09375 / 48));
  EXPECT_EQ(result->estimate.degrees_of_freedom, 3);
  EXPECT_DOUBLE_EQ(result->effective_units, 64.0 / 22);
}

TEST(EstimateWeightedMeanTest, MatchesCochransFormula) {
  std::mt19937_64 random(20'261'125);
  for (int round = 0; round < 200; ++round) {
    const Numbers values = Draw(random, 40, -3, 5), weights = Draw(random, 40, 0.2, 4);
    const auto result = EstimateWeightedMean(values, weights);
    ASSERT_THAT(result, IsOk());
    // The other formula loses two or three digits to its differences.
    EXPECT_NEAR(std::pow(result->estimate.standard_error, 2) / CochransVariance(values, weights), 1,
                1e-12);
    EXPECT_LE(result->effective_units, 40);
    EXPECT_GE(result->effective_units, 1);
  }
}

TEST(EstimateWeightedMeanTest, IsThePlainMeanWhenAllWeightsAreEqual) {
  const auto weighted =
      EstimateWeightedMean(Numbers{100, -100, 0, 100, 100}, Numbers{0.3, 0.3, 0.3, 0.3, 0.3});
  const auto moments = MomentsOfAnswers(std::vector<AnswerCount>{{-100, 1}, {0, 1}, {100, 3}});
  ASSERT_THAT(weighted, IsOk());
  ASSERT_THAT(moments, IsOk());
  const auto plain = EstimateMean(*moments);
  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ(weighted->estimate.units, plain->units);
  EXPECT_DOUBLE_EQ(weighted->estimate.value, plain->value);
  EXPECT_DOUBLE_EQ(weighted->estimate.standard_error, plain->standard_error);
  EXPECT_EQ(weighted->estimate.degrees_of_freedom, plain->degrees_of_freedom);
  EXPECT_DOUBLE_EQ(weighted->effective_units, 5);
}

TEST(EstimateWeightedMeanTest, DoesNotDependOnTheScaleOfTheWeightsOrOnAnswersOfWeightZero) {
  const auto result = EstimateWeightedMean(Numbers{1, 2, 9}, Numbers{1, 4, 2});
  ASSERT_THAT(result, IsOk());
  for (const double scale : {1e-300, 0.37, 1e300}) {
    const auto scaled = EstimateWeightedMean(Numbers{1, 1e9, 2, 9, -1e9},
                                             Numbers{scale, 0, 4 * scale, 2 * scale, 0});
    ASSERT_THAT(scaled, IsOk());
    EXPECT_EQ(scaled->estimate.units, 3);
    EXPECT_DOUBLE_EQ(scaled->estimate.value, result->estimate.value);
    EXPECT_DOUBLE_EQ(scaled->estimate.standard_error, result->estimate.standard_error);
    EXPECT_DOUBLE_EQ(scaled->effective_units, result->effective_units);
  }
}

TEST(EstimateWeightedMeanTest, KeepsASmallVarianceOfALargeMean) {
  std::mt19937_64 random(20'261'125);
  Numbers values = Draw(random, 10'000, -2, 2);
  const Numbers weights = Draw(random, 10'000, 0.5, 3);
  // Whole 64ths, so that adding the large mean rounds nothing.
  for (double& value : values) value = std::round(value * 64) / 64;
  Numbers moved = values;
  for (double& value : moved) value += 1e8;
  const auto small = EstimateWeightedMean(values, weights);
  const auto large = EstimateWeightedMean(moved, weights);
  ASSERT_THAT(small, IsOk());
  ASSERT_THAT(large, IsOk());
  // A mean of 1e8 has steps of 1.5e-8; the running mean, in long double, steps of 7e-12.
  EXPECT_NEAR(large->estimate.value - 1e8, small->estimate.value, 1e-8);
  EXPECT_NEAR(large->estimate.standard_error / small->estimate.standard_error, 1, 1e-11);
}

TEST(EstimateWeightedMeanTest, SurvivesAFirstAnswerFarAwayWithNextToNoWeight) {
  // By hand: the first answer moves nothing, so that the other two make 1e8 + 1/2 and
  // 3/2 * 2 * (1/2)^2 / 2^2.
  const auto result = EstimateWeightedMean(Numbers{0, 1e8, 1e8 + 1}, Numbers{1e-20, 1, 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->estimate.value, 1e8 + 0.5);
  EXPECT_NEAR(result->estimate.standard_error, std::sqrt(3.0 / 16), 1e-12);
}

TEST(EstimateWeightedMeanTest, ReportsEqualAnswersWithoutError) {
  const auto result = EstimateWeightedMean(Numbers{4.1, 4.1, 4.1}, Numbers{1, 3, 0.7});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->estimate.value, 4.1);
  EXPECT_EQ(result->estimate.standard_error, 0);
}

TEST(EstimateWeightedMeanTest, RejectsWrongArguments) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(EstimateWeightedMean(Numbers{1, 2}, Numbers{1}),
              StatusIs(kInvalid, HasSubstr("weights number 1; they must be as many")));
  EXPECT_THAT(EstimateWeightedMean(Numbers{1, std::nan("")}, Numbers{1, 1}),
              StatusIs(kInvalid, HasSubstr("values[1] is nan")));
  EXPECT_THAT(EstimateWeightedMean(Numbers{1, 2}, Numbers{-1, 1}),
              StatusIs(kInvalid, HasSubstr("weights[0] is -1")));
  EXPECT_THAT(EstimateWeightedMean(Numbers{1, 2}, Numbers{1, infinity}),
              StatusIs(kInvalid, HasSubstr("weights[1] is inf")));
}

TEST(EstimateWeightedMeanTest, RefusesWhatHasNoVariance) {
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(EstimateWeightedMean(Numbers{}, Numbers{}),
              StatusIs(kCannotSay, HasSubstr("number 0")));
  EXPECT_THAT(EstimateWeightedMean(Numbers{1, 2}, Numbers{0, 0}),
              StatusIs(kCannotSay, HasSubstr("number 0")));
  EXPECT_THAT(EstimateWeightedMean(Numbers{1, 2}, Numbers{0, 3}),
              StatusIs(kCannotSay, HasSubstr("number 1")));
}

TEST(EstimateWeightedMeanTest, TakesTheLargestValues) {
  // By hand: +-m average 0 with the standard error m, which is the largest double.
  const double most = std::numeric_limits<double>::max();
  const auto result = EstimateWeightedMean(Numbers{-most, most}, Numbers{1, 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->estimate.value, 0);
  EXPECT_DOUBLE_EQ(result->estimate.standard_error, most);
}

TEST(EstimateWeightedMeanTest, DoesNotDependOnTheOrder) {
  // By hand, but for parts in 10^15: the mean is (1 + 1) / 1, and both answers deviate by 1 when
  // weighted, which makes the variance 2 * (1 + 1).
  for (const bool large_first : {true, false}) {
    const auto mean = large_first ? EstimateWeightedMean(Numbers{1e15, 1}, Numbers{1e-15, 1})
                                  : EstimateWeightedMean(Numbers{1, 1e15}, Numbers{1, 1e-15});
    ASSERT_THAT(mean, IsOk());
    EXPECT_NEAR(mean->estimate.value, 2, 1e-14);
    EXPECT_NEAR(mean->estimate.standard_error, 2, 1e-14);
  }
}

}  // namespace
}  // namespace insightloop::stats
