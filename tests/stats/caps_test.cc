// SPDX-License-Identifier: Apache-2.0

#include "stats/caps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Columns = std::vector<std::vector<std::int64_t>>;

absl::StatusOr<std::int64_t> CapOf(const Columns& columns, double share) {
  const std::vector<std::span<const std::int64_t>> spans(columns.begin(), columns.end());
  return PercentileCap(spans, share);
}

TEST(PercentileCapTest, IsTheSmallestValueWithTheShareAtOrBelowIt) {
  // By hand: 10, 20, 30, 40 in two arms, zeros aside.
  const Columns arms = {{0, 40, 10, 0}, {20, 0, 0, 0, 30}};
  EXPECT_THAT(CapOf(arms, 0.25), IsOkAndHolds(10));
  EXPECT_THAT(CapOf(arms, 0.26), IsOkAndHolds(20));
  EXPECT_THAT(CapOf(arms, 0.5), IsOkAndHolds(20));
  EXPECT_THAT(CapOf(arms, 0.75), IsOkAndHolds(30));
  EXPECT_THAT(CapOf(arms, 0.99), IsOkAndHolds(40));
  EXPECT_THAT(CapOf(arms, 1e-300), IsOkAndHolds(10));
}

TEST(PercentileCapTest, CountsWholeHundredthsExactly) {
  // Of the numbers from 1 to 100 the cap at k / 100 is k, though few such shares are binary.
  Columns arms(1, std::vector<std::int64_t>(100));
  std::iota(arms[0].begin(), arms[0].end(), 1);
  for (int k = 1; k < 100; ++k) EXPECT_THAT(CapOf(arms, k / 100.0), IsOkAndHolds(k));
}

TEST(PercentileCapTest, AgreesWithCountingForRandomValues) {
  std::mt19937_64 random(20'261'122);
  for (int round = 0; round < 100; ++round) {
    Columns arms(1 + random() % 3);
    std::vector<std::int64_t> all;
    for (int k = 0; k < 300; ++k) {
      const auto value = static_cast<std::int64_t>(random() % 40) - 5;
      arms[random() % arms.size()].push_back(value);
      if (value != 0) all.push_back(value);
    }
    const double share = static_cast<double>(1 + random() % 998) / 999;
    const auto cap = CapOf(arms, share);
    ASSERT_TRUE(cap.ok());
    const auto below = [&all](std::int64_t limit) {
      return static_cast<double>(
          std::count_if(all.begin(), all.end(), [limit](auto v) { return v <= limit; }));
    };
    const double needed = share * static_cast<double>(all.size());
    EXPECT_GE(below(*cap), needed * (1 - 1e-15));
    EXPECT_LT(below(*cap - 1), needed);
    EXPECT_GT(std::count(all.begin(), all.end(), *cap), 0);
  }
}

TEST(PercentileCapTest, RefusesColumnsWithoutAnyValue) {
  EXPECT_THAT(CapOf({{0, 0}, {}}, 0.99),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("all values are 0")));
}

TEST(PercentileCapTest, RejectsAShareThatIsNone) {
  for (const double share : {0.0, 1.0, 99.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(CapOf({{1}}, share),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("share is ")));
  }
}

TEST(ApplyCapTest, LowersWhatIsAboveAndNothingElse) {
  std::vector<std::int64_t> column = {5, 100, 101, 0, -200};
  ApplyCap(100, column);
  EXPECT_THAT(column, ElementsAre(5, 100, 100, 0, -200));
}

}  // namespace
}  // namespace insightloop::stats
