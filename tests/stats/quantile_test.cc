// SPDX-License-Identifier: Apache-2.0

#include "stats/quantile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Units of 1 to n: the value at a rank is the rank.
QuantileValues OfWholeNumbers(std::int64_t n, double quantile) {
  const QuantileRanks ranks = *RanksOfQuantile(n, quantile);
  return {.units = n,
          .value = static_cast<double>(ranks.value),
          .lower = static_cast<double>(ranks.lower),
          .upper = static_cast<double>(ranks.upper),
          .lower_rank = static_cast<double>(ranks.lower),
          .upper_rank = static_cast<double>(ranks.upper)};
}

TEST(RanksOfQuantileTest, AreTheRankAndAbout196StandardErrorsAround) {
  // By hand: 1,000 units have the median at rank 500 with standard error sqrt(250) = 15.81, so the
  // bounds are 500 -+ 30.99.
  const QuantileRanks median = *RanksOfQuantile(1'000, 0.5);
  EXPECT_EQ(median.value, 500);
  EXPECT_EQ(median.lower, 469);
  EXPECT_EQ(median.upper, 531);
  // sqrt(1000 * 0.9 * 0.1) = 9.487, times 1.96 = 18.59.
  const QuantileRanks high = *RanksOfQuantile(1'000, 0.9);
  EXPECT_EQ(high.value, 900);
  EXPECT_EQ(high.lower, 881);
  EXPECT_EQ(high.upper, 919);
}

TEST(RanksOfQuantileTest, StayAmongTheUnits) {
  for (const std::int64_t units : {1L, 2L, 7L, 1'000'000'000'000L}) {
    for (const double quantile : {1e-300, 0.01, 0.5, 0.99, 1 - 1e-16}) {
      const QuantileRanks ranks = *RanksOfQuantile(units, quantile);
      EXPECT_GE(ranks.lower, 1);
      EXPECT_LE(ranks.lower, ranks.value);
      EXPECT_LE(ranks.value, ranks.upper);
      EXPECT_LE(ranks.upper, units);
    }
  }
}

TEST(RanksOfQuantileTest, CountWholeHundredthsExactly) {
  // Of 100 units the quantile of k / 100 is the k-th, though few such shares are binary.
  for (int k = 1; k < 100; ++k) EXPECT_EQ(RanksOfQuantile(100, k / 100.0)->value, k);
  EXPECT_EQ(RanksOfQuantile(100, 0.0701)->value, 8);
}

TEST(RanksOfQuantileTest, RefusesWhatIsNoQuantile) {
  for (const double quantile : {0.0, 1.0, -0.5, std::nan("")}) {
    EXPECT_THAT(RanksOfQuantile(10, quantile),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("quantile is")));
  }
  EXPECT_THAT(RanksOfQuantile(0, 0.5),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("units is 0")));
}

TEST(EstimateQuantileTest, TakesTheRanksErrorTimesTheGrowthPerRank) {
  // Of 1 to 1,000 a rank is worth 1, so the standard error is that of the rank, sqrt(250).
  const ArmEstimate median = *EstimateQuantile(OfWholeNumbers(1'000, 0.5), 0.5);
  EXPECT_EQ(median.units, 1'000);
  EXPECT_EQ(median.value, 500);
  EXPECT_NEAR(median.standard_error, std::sqrt(250.0), 1e-12);
  EXPECT_EQ(median.degrees_of_freedom, 31);  // half of 531 - 469
  // Where values grow by 3 a rank, three times that.
  QuantileValues steep = OfWholeNumbers(1'000, 0.5);
  for (double* value : {&steep.value, &steep.lower, &steep.upper}) *value *= 3;
  EXPECT_NEAR(EstimateQuantile(steep, 0.5)->standard_error, 3 * std::sqrt(250.0), 1e-12);
}

TEST(EstimateQuantileTest, SaysThatTiesAndFewUnitsHaveNoStandardError) {
  QuantileValues ties = OfWholeNumbers(1'000, 0.5);
  ties.value = ties.lower = ties.upper = 0;
  EXPECT_THAT(EstimateQuantile(ties, 0.5),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("are both 0")));
  // 1.96^2 * 0.9 / 0.1 = 34.6 units are needed.
  EXPECT_THAT(EstimateQuantile(OfWholeNumbers(34, 0.9), 0.9),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("units is 34")));
  EXPECT_TRUE(EstimateQuantile(OfWholeNumbers(35, 0.9), 0.9).ok());
  EXPECT_TRUE(EstimateQuantile(OfWholeNumbers(35, 0.1), 0.1).ok());
  EXPECT_FALSE(EstimateQuantile(OfWholeNumbers(34, 0.1), 0.1).ok());
  EXPECT_THAT(EstimateQuantile(QuantileValues{}, 0.5),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("units is 0")));
  QuantileValues wide = OfWholeNumbers(1'000, 0.5);
  wide.lower = -1.7e308;
  wide.upper = 1.7e308;
  EXPECT_THAT(EstimateQuantile(wide, 0.5),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("range of a double")));
}

TEST(EstimateQuantileTest, RefusesWhatCannotBe) {
  const auto refused = [](void (*edit)(QuantileValues&), const char* why) {
    QuantileValues values = OfWholeNumbers(1'000, 0.5);
    edit(values);
    EXPECT_THAT(EstimateQuantile(values, 0.5),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why)));
  };
  refused([](QuantileValues& v) { v.units = -1; }, "units is -1");
  refused([](QuantileValues& v) { v.upper = kInfinity; }, "inf");
  refused([](QuantileValues& v) { v.lower_rank = std::nan(""); }, "nan");
  refused([](QuantileValues& v) { v.lower = 501; }, "ascending order");
  refused([](QuantileValues& v) { v.upper = 499; }, "ascending order");
  refused([](QuantileValues& v) { v.lower_rank = 600; }, "lower_rank is 600");
  EXPECT_THAT(EstimateQuantile(OfWholeNumbers(1'000, 0.5), 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("quantile is 1")));
}

TEST(EstimateQuantileTest, CoversTheQuantileOfSkewedValues) {
  // 200 units of an exponential distribution, whose quantile of q is -ln(1 - q).
  std::mt19937_64 random(20'261'126);
  std::exponential_distribution<double> draw(1);
  constexpr int kRounds = 4'000;
  for (const double quantile : {0.5, 0.9}) {
    int covered = 0;
    for (int round = 0; round < kRounds; ++round) {
      std::vector<double> values(200);
      for (double& value : values) value = draw(random);
      std::sort(values.begin(), values.end());
      const QuantileRanks ranks = *RanksOfQuantile(200, quantile);
      const auto at = [&](std::int64_t rank) { return values[static_cast<std::size_t>(rank - 1)]; };
      const auto arm = EstimateQuantile({.units = 200,
                                         .value = at(ranks.value),
                                         .lower = at(ranks.lower),
                                         .upper = at(ranks.upper),
                                         .lower_rank = static_cast<double>(ranks.lower),
                                         .upper_rank = static_cast<double>(ranks.upper)},
                                        quantile);
      const auto interval = Compare({.effect = arm->value,
                                     .standard_error = arm->standard_error,
                                     .degrees_of_freedom = arm->degrees_of_freedom},
                                    0.95)
                                ->interval;
      const double truth = -std::log(1 - quantile);
      covered += interval.lower <= truth && truth <= interval.upper ? 1 : 0;
    }
    // Read once, 95 %; the standard error of the share of rounds is 0.34 points.
    EXPECT_NEAR(static_cast<double>(covered) / kRounds, 0.95, 0.02) << quantile;
  }
}

}  // namespace
}  // namespace insightloop::stats
