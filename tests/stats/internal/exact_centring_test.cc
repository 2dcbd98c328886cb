// SPDX-License-Identifier: Apache-2.0

#include "stats/internal/exact_centring.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace insightloop::stats::internal {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

void ExpectSplit(Int128 sum, std::int64_t count, std::int64_t nearest, std::int64_t rest) {
  const SplitSum split = Split(sum, count);
  EXPECT_EQ(static_cast<std::int64_t>(split.nearest), nearest);
  EXPECT_EQ(static_cast<std::int64_t>(split.rest), rest);
}

TEST(SplitTest, FindsTheNearestWholeNumberOnBothSidesOfZero) {
  ExpectSplit(7, 5, 1, 2);
  ExpectSplit(8, 5, 2, -2);
  ExpectSplit(-7, 5, -1, -2);
  ExpectSplit(-8, 5, -2, 2);
  ExpectSplit(10, 4, 2, 2);  // a tie stays below
  ExpectSplit(-10, 4, -2, -2);
  ExpectSplit(0, 3, 0, 0);
}

TEST(MeanOfTest, KeepsTheFractionOfALargeMean) {
  // By hand: a sum of 3 * (2^60) + 1 over 3 units; a long double holds 2^60 and three
  // binary digits after the point.
  EXPECT_EQ(MeanOf(Split(3 * (Int128{1} << 60) + 1, 3), 3), std::ldexp(1.0L, 60) + 0.375L);
  EXPECT_EQ(MeanOf(Split(-7, 2), 2), -3.5L);
}

TEST(CentredProductsTest, IsExactThoughItsTermsExceed128Bits) {
  // Two units at 2^63 - 1 and 2^63 - 2 in both variables: deviations of 1/2, so 1/2 in all. The
  // product of the nearest mean and the sum is about 2^127.
  const Int128 sum = Int128{kMax} + (kMax - 1);
  const Int128 squares = Int128{kMax} * kMax + Int128{kMax - 1} * (kMax - 1);
  EXPECT_EQ(CentredProducts(squares, Split(sum, 2), Split(sum, 2), 2), 0.5L);
}

TEST(CentredProductsTest, HasTheSignOfTheProducts) {
  // By hand: (0, 1) and (1, 0) deviate by 1/2 in opposite directions: -1/4 twice.
  EXPECT_EQ(CentredProducts(0, Split(1, 2), Split(1, 2), 2), -0.5L);
}

}  // namespace
}  // namespace insightloop::stats::internal
