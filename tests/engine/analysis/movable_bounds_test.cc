// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/movable_bounds.h"

#include <gtest/gtest.h>

#include <cmath>

namespace insightloop {
namespace {

// An estimate of 3 with a standard error of 1.
const MovableBounds kDifference({.lower = 1, .upper = 5}, Scale::kAbsolute, Direction::kIncrease,
                                /*reach=*/2);

TEST(MovableBoundsTest, CountsStandardErrorsToAThreshold) {
  EXPECT_DOUBLE_EQ(kDifference.ToBringLowerTo(0), -1);
  EXPECT_DOUBLE_EQ(kDifference.ToBringUpperTo(0), -5);
  EXPECT_DOUBLE_EQ(kDifference.Moved(-1).lower, 0);
  EXPECT_DOUBLE_EQ(kDifference.Moved(-1).upper, 4);
}

TEST(MovableBoundsTest, NeedsUnitsByTheSquareOfTheWidth) {
  // Half as wide: 1 each way.
  EXPECT_DOUBLE_EQ(kDifference.UnitsToReach(4), 4);
  EXPECT_DOUBLE_EQ(kDifference.UnitsToReach(1), 1);
  EXPECT_TRUE(std::isinf(kDifference.UnitsToReach(3)));
}

TEST(MovableBoundsTest, MovesLiftsByTheirLogarithm) {
  // From half to twice: log 2 either way of no lift.
  const MovableBounds lift({.lower = -0.5, .upper = 1}, Scale::kRelative, Direction::kIncrease, 2);
  EXPECT_DOUBLE_EQ(lift.ToBringLowerTo(0), 2);
  EXPECT_DOUBLE_EQ(lift.Moved(2).upper, 3);
  // Where less is better: the ratio lies between 1/2 and 2 all the same.
  const MovableBounds less({.lower = -1, .upper = 0.5}, Scale::kRelative, Direction::kDecrease, 2);
  EXPECT_DOUBLE_EQ(less.ToBringLowerTo(0), 2);
  EXPECT_DOUBLE_EQ(less.Moved(2).upper, 0.75);  // a ratio of 1/4
  // Nothing falls by more than all of it.
  EXPECT_FALSE(std::isfinite(less.ToBringUpperTo(1.5)));
}

}  // namespace
}  // namespace insightloop
