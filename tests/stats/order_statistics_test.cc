// SPDX-License-Identifier: Apache-2.0

#include "stats/order_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
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
using ::testing::IsEmpty;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();

using Columns = std::vector<std::vector<std::int64_t>>;

absl::StatusOr<std::vector<std::int64_t>> At(const Columns& columns,
                                             const std::vector<std::int64_t>& ranks) {
  const std::vector<std::span<const std::int64_t>> spans(columns.begin(), columns.end());
  return ValuesAtRanks(spans, ranks);
}

// Every rank by itself, all of them at once, and the least with each other one, against sorting.
void AgreesWithSorting(const Columns& columns) {
  std::vector<std::int64_t> sorted, ranks;
  for (const auto& column : columns) sorted.insert(sorted.end(), column.begin(), column.end());
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto rank = static_cast<std::int64_t>(i) + 1;
    ranks.push_back(rank);
    EXPECT_THAT(At(columns, {rank}), IsOkAndHolds(ElementsAre(sorted[i])));
    EXPECT_THAT(At(columns, {1, rank}), IsOkAndHolds(ElementsAre(sorted[0], sorted[i])));
    EXPECT_THAT(At(columns, {rank, rank}), IsOkAndHolds(ElementsAre(sorted[i], sorted[i])));
  }
  EXPECT_THAT(At(columns, ranks), IsOkAndHolds(sorted));
}

TEST(ValuesAtRanksTest, CountsOverAllColumnsTogether) {
  EXPECT_THAT(At({{30, 10}, {}, {20, 10}}, {1, 2, 3, 4}),
              IsOkAndHolds(ElementsAre(10, 10, 20, 30)));
  EXPECT_THAT(At({{30, 10}, {20, 10}}, {}), IsOkAndHolds(IsEmpty()));
}

TEST(ValuesAtRanksTest, KnowsTheEndsOfTheScale) {
  AgreesWithSorting({{kGreatest, kLeast, 0, -1, kGreatest - 1, kLeast + 1, 1, kGreatest, kLeast}});
}

TEST(ValuesAtRanksTest, IsRightAroundEveryPowerOfTwo) {
  Columns columns(2);
  for (int bits = 0; bits < 63; ++bits) {
    const std::int64_t power = std::int64_t{1} << bits;
    columns[0].insert(columns[0].end(), {power - 1, power, power + 1});
    columns[1].insert(columns[1].end(), {-power - 1, -power, 1 - power});
  }
  AgreesWithSorting(columns);
}

TEST(ValuesAtRanksTest, AgreesWithSortingForRandomValuesOfAnySize) {
  std::mt19937_64 random(20'261'126);
  for (int round = 0; round < 30; ++round) {
    Columns columns(1 + random() % 3);
    for (int k = 0; k < 100; ++k) {
      const auto value = static_cast<std::int64_t>(random()) >> random() % 64;
      for (std::size_t ties = random() % 4; ties < 4; ++ties) {
        columns[random() % columns.size()].push_back(value);
      }
    }
    AgreesWithSorting(columns);
  }
}

TEST(ValuesAtRanksTest, RefusesWhatIsNoRank) {
  for (const std::vector<std::int64_t>& ranks :
       {std::vector<std::int64_t>{0}, {4}, {-1, 2}, {1, kGreatest}}) {
    EXPECT_THAT(At({{1, 2}, {3}}, ranks),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not all ranks of 3")));
  }
  EXPECT_THAT(At({{1, 2}, {3}}, {2, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ascending")));
  EXPECT_THAT(At({}, {1}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace insightloop::stats
