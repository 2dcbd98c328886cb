// SPDX-License-Identifier: Apache-2.0

#include "stats/sample_ratio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

using Counts = std::vector<std::int64_t>;
using Weights = std::vector<double>;

TEST(TestSampleRatioTest, MatchesTheClosedFormForTwoArms) {
  const auto result = TestSampleRatio(Counts{5070, 4930}, Weights{1, 1});
  ASSERT_THAT(result, IsOk());
  // By hand: (70^2 + 70^2) / 5000 = 1.96. For one degree of freedom the upper tail is
  // erfc(sqrt(x / 2)).
  EXPECT_DOUBLE_EQ(result->chi_squared, 1.96);
  EXPECT_EQ(result->degrees_of_freedom, 1);
  EXPECT_NEAR(result->p_value, std::erfc(std::sqrt(0.98)), 1e-14);  // 0.161513
  EXPECT_NEAR(result->log_p_value, std::log(std::erfc(std::sqrt(0.98))), 1e-14);
}

TEST(TestSampleRatioTest, MatchesTheClosedFormForAnUnequalThreeWaySplit) {
  // Expected 200, 200, 400; statistic 2 + 2 + 0 = 4; tail is exp(-x / 2).
  const auto result = TestSampleRatio(Counts{220, 180, 400}, Weights{1, 1, 2});
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->chi_squared, 4);
  EXPECT_EQ(result->degrees_of_freedom, 2);
  EXPECT_NEAR(result->p_value, std::exp(-2.0), 1e-14);
  EXPECT_NEAR(result->log_p_value, -2, 1e-14);
}

TEST(TestSampleRatioTest, BelievesHillstromsSplit) {
  // Arms of Kevin Hillstrom's e-mail campaign of 2008, a third each: chi-square 0.2025, df 2,
  // p 0.9037 (SciPy 1.10).
  const auto result = TestSampleRatio(Counts{21'307, 21'387, 21'306}, Weights{1, 1, 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->chi_squared, 0.2025, 5e-5);
  EXPECT_NEAR(result->p_value, 0.9037, 5e-5);
}

TEST(TestSampleRatioTest, KeepsTheLogarithmOfAPValueThatUnderflows) {
  // By hand: 2 * 50,000^2 / 450,000 = 100,000 / 9. log10 p = -2414.8680994462406 (mpmath 1.2.1, 40
  // digits).
  const auto result = TestSampleRatio(Counts{500'000, 400'000}, Weights{1, 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->chi_squared, 100'000.0 / 9);
  EXPECT_EQ(result->p_value, 0);
  EXPECT_NEAR(result->log_p_value / std::log(10), -2414.8680994462406, 1e-9);
}

TEST(TestSampleRatioTest, APerfectSplitHasThePValueOne) {
  const auto result = TestSampleRatio(Counts{9990, 10}, Weights{999, 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->chi_squared, 0);
  EXPECT_EQ(result->p_value, 1);
  EXPECT_EQ(result->log_p_value, 0);
}

TEST(TestSampleRatioTest, IsExactForTheLargestCountsAndWeights) {
  // 2 * d^2 / e for d = 2^31 of e = 2^61: 2^63 / 2^61 = 4. The weights are the largest odd number
  // below 2^53.
  const std::int64_t expected = std::int64_t{1} << 61;
  const std::int64_t deviation = std::int64_t{1} << 31;
  const auto result = TestSampleRatio(Counts{expected + deviation, expected - deviation},
                                      Weights{0x1p53 - 1, 0x1p53 - 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->chi_squared, 4);
}

TEST(TestSampleRatioTest, TakesFractionsAsWeights) {
  // By hand: 9,000 and 1,000 expected of 10,000; 30^2 / 9,000 + 30^2 / 1,000 = 1.
  const auto result = TestSampleRatio(Counts{9'030, 970}, Weights{0.9, 0.1});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->chi_squared, 1, 1e-14);
}

TEST(TestSampleRatioTest, HoldsItsPropertiesForRandomSplits) {
  std::mt19937_64 random(20'261'122);
  std::uniform_int_distribution<std::int64_t> counts(50, 2000);
  std::uniform_int_distribution<int> weights(1, 4);
  for (int round = 0; round < 1000; ++round) {
    Counts units(2 + random() % 4);
    Weights shares(units.size());
    for (std::int64_t& count : units) count = counts(random);
    for (double& weight : shares) weight = weights(random);
    const auto result = TestSampleRatio(units, shares);
    ASSERT_THAT(result, IsOk());
    // Neither a common factor of the weights nor the order of the arms matters.
    Weights tenfold = shares;
    for (double& weight : tenfold) weight *= 10;
    const auto scaled = TestSampleRatio(units, tenfold);
    ASSERT_THAT(scaled, IsOk());
    EXPECT_NEAR(scaled->chi_squared, result->chi_squared, 1e-14 * result->chi_squared);
    std::swap(units.front(), units.back());
    std::swap(shares.front(), shares.back());
    const auto swapped = TestSampleRatio(units, shares);
    ASSERT_THAT(swapped, IsOk());
    EXPECT_NEAR(swapped->chi_squared, result->chi_squared, 1e-14 * result->chi_squared);
    // Ten times the data in the same ratio: ten times the statistic.
    for (std::int64_t& count : units) count *= 10;
    const auto larger = TestSampleRatio(units, shares);
    ASSERT_THAT(larger, IsOk());
    EXPECT_NEAR(larger->chi_squared, 10 * result->chi_squared, 1e-13 * result->chi_squared);
    EXPECT_LE(larger->log_p_value, result->log_p_value);
  }
}

TEST(TestSampleRatioTest, RejectsAnArmThatWasPlannedToBeEmpty) {
  EXPECT_THAT(TestSampleRatio(Counts{10, 10}, Weights{1, 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weights[1] is 0")));
}

TEST(TestSampleRatioTest, RejectsAWeightThatIsNone) {
  EXPECT_THAT(TestSampleRatio(Counts{10, 10}, Weights{-1, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weights[0] is -1")));
  EXPECT_THAT(TestSampleRatio(Counts{10, 10}, Weights{1, std::nan("")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weights[1] is nan")));
}

TEST(TestSampleRatioTest, RefusesAStatisticBeyondADouble) {
  EXPECT_THAT(TestSampleRatio(Counts{1'000'000'000, 10}, Weights{1e-308, 1}, 0),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("beyond the range")));
}

TEST(TestSampleRatioTest, RejectsShapesThatDoNotFit) {
  EXPECT_THAT(TestSampleRatio(Counts{10, 10}, Weights{1, 1, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weights has 3")));
  EXPECT_THAT(TestSampleRatio(Counts{10}, Weights{1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unit_counts has 1 arms")));
  EXPECT_THAT(TestSampleRatio({}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unit_counts has 0 arms")));
}

TEST(TestSampleRatioTest, RejectsImpossibleCounts) {
  EXPECT_THAT(TestSampleRatio(Counts{10, -1}, Weights{1, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unit_counts[1] is -1")));
  EXPECT_THAT(TestSampleRatio(Counts{std::numeric_limits<std::int64_t>::max(), 1}, Weights{1, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unit_counts[1] is 1")));
}

TEST(TestSampleRatioTest, RefusesWhenAnArmExpectsTooFewUnits) {
  EXPECT_THAT(TestSampleRatio(Counts{0, 0}, Weights{1, 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("all 0")));
  EXPECT_THAT(TestSampleRatio(Counts{4, 5}, Weights{1, 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("arm 0 expects 4.5 of 9")));
  EXPECT_THAT(TestSampleRatio(Counts{0, 10}, Weights{1, 1}), IsOk());
}

TEST(TestSampleRatioTest, AnswersEarlierWhenAskedTo) {
  // By hand: (2 - 4)^2 / 2 + ... = 4, erfc(sqrt(2)) = 0.0455003.
  const auto result = TestSampleRatio(Counts{0, 4}, Weights{1, 1}, 2);
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->chi_squared, 4);
  EXPECT_NEAR(result->p_value, std::erfc(std::sqrt(2.0)), 1e-15);
  EXPECT_THAT(TestSampleRatio(Counts{0, 4}, Weights{1, 1}, -1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("least_expected is -1")));
}

TEST(CombineSampleRatiosTest, AddsStatisticsAndDegreesOfFreedom) {
  // By hand: 1.96 and 4 (as above), with 1 + 2 degrees of freedom. The upper tail of three is
  // erfc(sqrt(x / 2)) + sqrt(2 x / pi) exp(-x / 2).
  const std::vector epochs = {*TestSampleRatio(Counts{5070, 4930}, Weights{1, 1}),
                              *TestSampleRatio(Counts{220, 180, 400}, Weights{1, 1, 2})};
  const auto result = CombineSampleRatios(epochs);
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->chi_squared, 5.96);
  EXPECT_EQ(result->degrees_of_freedom, 3);
  const double tail =
      std::erfc(std::sqrt(2.98)) + std::sqrt(4 * 2.98 / std::acos(-1.0)) * std::exp(-2.98);
  EXPECT_NEAR(result->p_value, tail, 1e-14);
  EXPECT_NEAR(result->log_p_value, std::log(tail), 1e-13);
}

TEST(CombineSampleRatiosTest, OneEpochStaysAsItIs) {
  const auto one = TestSampleRatio(Counts{5070, 4930}, Weights{1, 1});
  const auto result = CombineSampleRatios(std::vector{*one});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->chi_squared, one->chi_squared);
  EXPECT_EQ(result->degrees_of_freedom, 1);
  EXPECT_EQ(result->p_value, one->p_value);
  EXPECT_EQ(result->log_p_value, one->log_p_value);
}

TEST(CombineSampleRatiosTest, RejectsWhatNoTestGives) {
  using Epochs = std::vector<SampleRatioResult>;
  constexpr int kMost = std::numeric_limits<int>::max();
  constexpr double kLargest = std::numeric_limits<double>::max();
  const auto is_invalid = [](const char* message) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message));
  };
  EXPECT_THAT(CombineSampleRatios(Epochs{}), is_invalid("epochs is empty"));
  EXPECT_THAT(CombineSampleRatios(Epochs{{}, {.chi_squared = -1}}),
              is_invalid("epochs[1].chi_squared is -1"));
  EXPECT_THAT(CombineSampleRatios(Epochs{{.degrees_of_freedom = 0}}),
              is_invalid("epochs[0].degrees_of_freedom is 0"));
  EXPECT_THAT(CombineSampleRatios(Epochs{{.degrees_of_freedom = kMost}, {}}),
              is_invalid("epochs[1].degrees_of_freedom is 1"));
  EXPECT_THAT(CombineSampleRatios(Epochs{{.chi_squared = kLargest}, {.chi_squared = kLargest}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("range of a double")));
}

}  // namespace
}  // namespace insightloop::stats
