// SPDX-License-Identifier: Apache-2.0

#include "stats/exact_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

ExactSums SumsOf(const std::vector<std::int64_t>& values) {
  ExactSums sums;
  for (const std::int64_t value : values) sums.Add(value);
  return sums;
}

// A first value, then 500 times a pair: the design of the NIST data sets NumAcc2 to NumAcc4.
ExactSums FirstThenPairs(std::int64_t first, std::int64_t low, std::int64_t high) {
  ExactSums sums;
  sums.Add(first);
  for (int k = 0; k < 500; ++k) {
    sums.Add(low);
    sums.Add(high);
  }
  return sums;
}

// NIST Statistical Reference Datasets, univariate summary statistics, NumAcc1 to NumAcc4: certified
// mean and standard deviation, the values given in steps of 1 or 0.1. Exact sums meet them to the
// rounding of the last step.
TEST(ExactSumsTest, MeetsTheCertifiedValuesOfNumAcc1) {
  const auto moments = SumsOf({10'000'001, 10'000'003, 10'000'002}).ToMoments(1);
  ASSERT_THAT(moments, IsOk());
  EXPECT_EQ(moments->count, 3);
  EXPECT_DOUBLE_EQ(moments->mean, 10'000'002);
  EXPECT_DOUBLE_EQ(std::sqrt(moments->sample_variance.value()), 1);
}

TEST(ExactSumsTest, MeetsTheCertifiedValuesOfNumAcc2) {
  const auto moments = FirstThenPairs(12, 11, 13).ToMoments(0.1);
  ASSERT_THAT(moments, IsOk());
  EXPECT_DOUBLE_EQ(moments->mean, 1.2);
  EXPECT_DOUBLE_EQ(std::sqrt(moments->sample_variance.value()), 0.1);
}

TEST(ExactSumsTest, MeetsTheCertifiedValuesOfNumAcc3) {
  const auto moments = FirstThenPairs(10'000'002, 10'000'001, 10'000'003).ToMoments(0.1);
  ASSERT_THAT(moments, IsOk());
  EXPECT_DOUBLE_EQ(moments->mean, 1'000'000.2);
  EXPECT_DOUBLE_EQ(std::sqrt(moments->sample_variance.value()), 0.1);
}

TEST(ExactSumsTest, MeetsTheCertifiedValuesOfNumAcc4) {
  const auto moments = FirstThenPairs(100'000'002, 100'000'001, 100'000'003).ToMoments(0.1);
  ASSERT_THAT(moments, IsOk());
  EXPECT_EQ(moments->count, 1001);
  EXPECT_DOUBLE_EQ(moments->mean, 10'000'000.2);
  EXPECT_DOUBLE_EQ(std::sqrt(moments->sample_variance.value()), 0.1);
}

TEST(ExactSumsTest, KeepsASmallVarianceUnderTheLargestMeans) {
  // By hand: 2 - 2^62 and 1 - 2^62 are 1/2 off their mean, so the variance is 1/2. The mean itself
  // needs more digits than a double has and rounds to -2^62.
  const auto moments = SumsOf({1 - (kMax >> 1), -(kMax >> 1)}).ToMoments(1);
  ASSERT_THAT(moments, IsOk());
  EXPECT_DOUBLE_EQ(moments->mean, -std::ldexp(1.0, 62));
  EXPECT_DOUBLE_EQ(moments->sample_variance.value(), 0.5);
}

TEST(ExactSumsTest, IsRightForBillionsOfUnits) {
  // Units at 10^9 - 1 and 10^9 + 1, doubled by merging with itself to n = 2^33: the variance is
  // n / (n - 1).
  ExactSums sums = SumsOf({999'999'999, 1'000'000'001});
  for (int k = 0; k < 32; ++k) {
    const ExactSums copy = sums;
    sums.Merge(copy);
  }
  const auto moments = sums.ToMoments(1);
  ASSERT_THAT(moments, IsOk());
  const double n = std::ldexp(1.0, 33);
  EXPECT_EQ(moments->count, std::int64_t{1} << 33);
  EXPECT_DOUBLE_EQ(moments->mean, 1e9);
  EXPECT_DOUBLE_EQ(moments->sample_variance.value(), n / (n - 1));
}

TEST(ExactSumsTest, CountsZerosLikeAnyValue) {
  ExactSums zeros = SumsOf({7});
  zeros.AddZeros(3);
  EXPECT_EQ(zeros, SumsOf({0, 0, 7, 0}));

  // One buyer of 4 in 4 * 10^12 visitors: mean 10^-12, variance (16 - 4 * 10^-12) / (n - 1).
  ExactSums rare = SumsOf({4});
  rare.AddZeros(3'999'999'999'999);
  const auto moments = rare.ToMoments(1);
  ASSERT_THAT(moments, IsOk());
  EXPECT_DOUBLE_EQ(moments->mean, 1e-12);
  EXPECT_DOUBLE_EQ(moments->sample_variance.value(), (16 - 4e-12) / 3'999'999'999'999);
}

TEST(ExactSumsTest, EqualValuesHaveExactlyNoVariance) {
  const auto moments = SumsOf({-123'456'789, -123'456'789, -123'456'789}).ToMoments(0.01);
  ASSERT_THAT(moments, IsOk());
  EXPECT_DOUBLE_EQ(moments->mean, -1'234'567.89);
  EXPECT_EQ(moments->sample_variance, 0);
}

TEST(ExactSumsTest, OneUnitHasAMeanButNoVariance) {
  const auto moments = SumsOf({42}).ToMoments(0.5);
  ASSERT_THAT(moments, IsOk());
  EXPECT_EQ(moments->count, 1);
  EXPECT_EQ(moments->mean, 21);
  EXPECT_EQ(moments->sample_variance, std::nullopt);
}

TEST(ExactSumsTest, MergingAnySplitEqualsOnePass) {
  std::mt19937_64 random(20'261'122);
  for (int round = 0; round < 200; ++round) {
    ExactSums whole;
    std::vector<ExactSums> parts(4);
    for (int k = 0; k < 50; ++k) {
      const auto value = static_cast<std::int64_t>(random()) >> (random() % 64);
      whole.Add(value);
      parts[random() % parts.size()].Add(value);
    }
    ExactSums forwards;
    for (const ExactSums& part : parts) forwards.Merge(part);
    ExactSums backwards = parts[3];
    for (const int k : {2, 1, 0}) backwards.Merge(parts[static_cast<std::size_t>(k)]);
    ASSERT_EQ(forwards, whole);
    ASSERT_EQ(backwards, whole);
  }
}

TEST(ExactSumsTest, AgreesWithTwoPassesOverTheValues) {
  // Long double sums of at most 100 deviations from the mean are good to 1e-17 of the result.
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    const auto offset = static_cast<std::int64_t>(random()) >> 20;
    std::vector<std::int64_t> values(2 + random() % 99);
    for (std::int64_t& value : values) {
      value = offset + static_cast<std::int64_t>(random() % 2001) - 1000;
    }
    const auto n = static_cast<long double>(values.size());
    long double sum = 0;
    for (const std::int64_t value : values) sum += static_cast<long double>(value - offset);
    long double squares = 0;
    for (const std::int64_t value : values) {
      const long double deviation = static_cast<long double>(value - offset) - sum / n;
      squares += deviation * deviation;
    }
    const auto moments = SumsOf(values).ToMoments(1);
    ASSERT_THAT(moments, IsOk());
    EXPECT_DOUBLE_EQ(moments->mean,
                     static_cast<double>(static_cast<long double>(offset) + sum / n));
    EXPECT_DOUBLE_EQ(moments->sample_variance.value(), static_cast<double>(squares / (n - 1)));
  }
}

TEST(ExactSumsTest, ScalesWithTheResolution) {
  const ExactSums sums = SumsOf({3, 1, 4, 1, 5, 9, 2, 6});
  const auto steps = sums.ToMoments(1);
  const auto halves = sums.ToMoments(0.5);  // a power of two: scaling is exact
  ASSERT_THAT(steps, IsOk());
  ASSERT_THAT(halves, IsOk());
  EXPECT_EQ(halves->mean, steps->mean / 2);
  EXPECT_EQ(halves->sample_variance.value(), steps->sample_variance.value() / 4);
}

TEST(ExactSumsTest, ReportsAnOverflowOfTheSumOfSquaresWhateverTheOrder) {
  // (2^63)^2 = 2^126 fits once into 127 bits, not twice.
  ExactSums largest = SumsOf({kMin});
  EXPECT_FALSE(largest.overflowed());
  EXPECT_THAT(largest.ToMoments(1), IsOk());

  ExactSums added = largest;
  added.Add(kMin);
  ExactSums merged = SumsOf({5});
  merged.Merge(added);
  EXPECT_TRUE(added.overflowed());
  EXPECT_TRUE(merged.overflowed());
  EXPECT_EQ(added, merged);
  EXPECT_THAT(merged.ToMoments(1), StatusIs(absl::StatusCode::kOutOfRange));

  merged.Add(1);  // stays so
  EXPECT_THAT(merged.ToMoments(1), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(ExactSumsTest, ReportsAnOverflowOfTheCount) {
  ExactSums sums;
  sums.AddZeros(kMax);
  EXPECT_THAT(sums.ToMoments(1), IsOk());
  sums.Add(1);
  EXPECT_THAT(sums.ToMoments(1), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(ExactSumsTest, ReportsANegativeNumberOfZeros) {
  ExactSums sums = SumsOf({1, 2});
  sums.AddZeros(-3);
  ExactSums merged = SumsOf({4});
  merged.Merge(sums);
  EXPECT_THAT(merged.ToMoments(1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-3")));
}

TEST(ExactSumsTest, HasNoMomentsWithoutUnits) {
  EXPECT_THAT(ExactSums().ToMoments(1),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("count is 0")));
}

TEST(ExactSumsTest, RejectsAResolutionThatIsNoSize) {
  const ExactSums sums = SumsOf({1, 2});
  for (const double resolution :
       {0.0, -0.01, 1e-101, 1e101, std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(sums.ToMoments(resolution),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("resolution is ")));
  }
}

TEST(ExactSumsTest, RemovingAUnitIsNeverHavingCountedIt) {
  ExactSums sums, without;
  for (const std::int64_t steps : {7L, -3L, 1'000'000'000'000L}) sums.Add(steps);
  for (const std::int64_t steps : {7L, -3L}) without.Add(steps);
  sums.Remove(1'000'000'000'000);
  EXPECT_EQ(sums, without);
  sums.MarkOverflowed();
  sums.Remove(7);
  EXPECT_TRUE(sums.overflowed());
}

}  // namespace
}  // namespace insightloop::stats
