// SPDX-License-Identifier: Apache-2.0

#include "stats/joint_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "stats/exact_sums.h"
#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

using Units = std::vector<std::vector<std::int64_t>>;

JointSums SumsOf(std::size_t variables, const Units& units) {
  JointSums sums(variables);
  for (const std::vector<std::int64_t>& unit : units) EXPECT_THAT(sums.Add(unit), IsOk());
  return sums;
}

// Random steps of up to `bits` binary digits and a sign.
std::int64_t RandomSteps(std::mt19937_64& random, unsigned bits) {
  return static_cast<std::int64_t>(random()) >> (63 - bits);
}

TEST(JointSumsTest, MatchesTheClosedForm) {
  // By hand: deviations -4/3, -1/3, 5/3 and -1, 1, 0.
  const auto moments = SumsOf(2, {{1, 2}, {2, 4}, {4, 3}}).ToMoments(std::vector{1.0, 0.5});
  ASSERT_THAT(moments, IsOk());
  EXPECT_EQ(moments->count, 3);
  EXPECT_DOUBLE_EQ(moments->means[0], 7.0 / 3);
  EXPECT_DOUBLE_EQ(moments->means[1], 1.5);
  EXPECT_DOUBLE_EQ(moments->Covariance(0, 0), 7.0 / 3);
  EXPECT_DOUBLE_EQ(moments->Covariance(0, 1), 0.5 * 0.5);
  EXPECT_DOUBLE_EQ(moments->Covariance(1, 0), 0.5 * 0.5);
  EXPECT_DOUBLE_EQ(moments->Covariance(1, 1), 1 * 0.25);
}

TEST(JointSumsTest, KeepsASmallCovarianceUnderTheLargestMeans) {
  // The same deviations about means of either sign, next to the end of 64 bits.
  const std::int64_t far = (std::int64_t{1} << 62) - 7;
  const auto moments = SumsOf(2, {{far + 1, 2 - far}, {far + 2, 4 - far}, {far + 4, 3 - far}})
                           .ToMoments(std::vector{1.0, 1.0});
  ASSERT_THAT(moments, IsOk());
  EXPECT_DOUBLE_EQ(moments->Covariance(0, 0), 7.0 / 3);
  EXPECT_DOUBLE_EQ(moments->Covariance(0, 1), 0.5);
  EXPECT_DOUBLE_EQ(moments->Covariance(1, 1), 1);
}

TEST(JointSumsTest, AgreesWithExactSumsOnEveryVariable) {
  std::mt19937_64 random(20'261'122);
  JointSums joint(3);
  std::vector<ExactSums> single(3);
  for (int unit = 0; unit < 500; ++unit) {
    std::vector<std::int64_t> steps;
    for (ExactSums& sums : single) {
      steps.push_back(RandomSteps(random, 40));
      sums.Add(steps.back());
    }
    ASSERT_THAT(joint.Add(steps), IsOk());
  }
  const auto moments = joint.ToMoments(std::vector{0.01, 1.0, 100.0});
  ASSERT_THAT(moments, IsOk());
  for (const std::size_t k : {0U, 1U, 2U}) {
    const auto expected = single[k].ToMoments(std::vector{0.01, 1.0, 100.0}[k]);
    ASSERT_THAT(expected, IsOk());
    EXPECT_EQ(joint.OfVariable(k), single[k]);
    EXPECT_EQ(moments->means[k], expected->mean);
    EXPECT_DOUBLE_EQ(moments->Covariance(k, k), expected->sample_variance.value());
  }
}

TEST(JointSumsTest, MergingAnySplitEqualsOnePass) {
  std::mt19937_64 random(3);
  JointSums whole(2);
  std::vector<JointSums> parts(4, JointSums(2));
  for (int unit = 0; unit < 200; ++unit) {
    const std::vector<std::int64_t> steps = {RandomSteps(random, 60), RandomSteps(random, 20)};
    ASSERT_THAT(whole.Add(steps), IsOk());
    ASSERT_THAT(parts[random() % parts.size()].Add(steps), IsOk());
  }
  JointSums merged(2);
  for (const std::size_t k : {2U, 0U, 3U, 1U}) ASSERT_THAT(merged.Merge(parts[k]), IsOk());
  EXPECT_EQ(merged, whole);
}

TEST(JointSumsTest, OneUnitHasMeansButNoCovariances) {
  const auto moments = SumsOf(2, {{3, -4}}).ToMoments(std::vector{1.0, 1.0});
  ASSERT_THAT(moments, IsOk());
  EXPECT_EQ(moments->means[1], -4);
  EXPECT_THAT(moments->covariances, IsEmpty());
}

TEST(JointSumsTest, ReportsAnOverflowOfASumOfSquaresWhateverTheOrder) {
  // (2^63)^2 = 2^126 fits once into 127 bits, not twice.
  JointSums once = SumsOf(2, {{1, kMin}});
  EXPECT_FALSE(once.overflowed());
  JointSums added = once;
  ASSERT_THAT(added.Add(std::vector<std::int64_t>{5, kMin}), IsOk());
  JointSums merged = SumsOf(2, {{7, 8}});
  ASSERT_THAT(merged.Merge(added), IsOk());
  EXPECT_TRUE(added.overflowed());
  EXPECT_EQ(added.count(), 0);
  EXPECT_EQ(added, merged);
  ASSERT_THAT(merged.Add(std::vector<std::int64_t>{1, 1}), IsOk());  // stays so
  EXPECT_THAT(merged.ToMoments(std::vector{1.0, 1.0}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("coarser")));
}

TEST(JointSumsTest, ReportsAnOverflowOfTheCount) {
  JointSums sums = SumsOf(1, {{0}});
  for (int k = 0; k < 62; ++k) {
    const JointSums copy = sums;
    ASSERT_THAT(sums.Merge(copy), IsOk());
  }
  EXPECT_EQ(sums.count(), std::int64_t{1} << 62);
  const JointSums copy = sums;
  ASSERT_THAT(sums.Merge(copy), IsOk());
  EXPECT_TRUE(sums.overflowed());
}

TEST(JointSumsTest, CanBeMarkedAsOverflowed) {
  JointSums sums = SumsOf(1, {{1}, {2}});
  sums.MarkOverflowed();
  EXPECT_THAT(sums.ToMoments(std::vector{1.0}), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_TRUE(sums.OfVariable(0).overflowed());
}

TEST(JointSumsTest, RejectsAnotherNumberOfVariables) {
  JointSums sums(2);
  EXPECT_THAT(sums.Add(std::vector<std::int64_t>{1}),
              StatusIs(kInvalid, HasSubstr("steps.size is 1; it must be 2")));
  EXPECT_THAT(sums.Merge(JointSums(3)), StatusIs(kInvalid, HasSubstr("other.variables is 3")));
  EXPECT_THAT(sums.ToMoments(std::vector{1.0}),
              StatusIs(kInvalid, HasSubstr("resolutions.size is 1")));
  EXPECT_EQ(sums, JointSums(2));
}

TEST(JointSumsTest, RejectsAResolutionThatIsNoSize) {
  const JointSums sums = SumsOf(2, {{1, 2}, {3, 5}});
  for (const double resolution : {0.0, -0.01, 1e-101, 1e101}) {
    EXPECT_THAT(sums.ToMoments(std::vector{1.0, resolution}),
                StatusIs(kInvalid, HasSubstr("resolutions[1] is ")));
  }
}

TEST(JointSumsTest, HasNoMomentsWithoutUnits) {
  EXPECT_THAT(JointSums(1).ToMoments(std::vector{1.0}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("count is 0")));
}

// Columns of a table, to add at once or one by one.
struct Table {
  std::vector<std::uint16_t> groups;
  std::vector<std::vector<std::int64_t>> columns;

  [[nodiscard]] std::vector<std::span<const std::int64_t>> Spans() const {
    return {columns.begin(), columns.end()};
  }
};

// Both ways into sums that are not empty, which must then be equal.
void ExpectSameAsOneByOne(const Table& table, std::size_t groups) {
  const std::vector<std::int64_t> before(table.columns.size(), 17);
  std::vector<JointSums> batch(groups, SumsOf(table.columns.size(), {before}));
  std::vector<JointSums> single = batch;
  ASSERT_THAT(AddColumns(table.groups, table.Spans(), batch), IsOk());
  for (std::size_t row = 0; row < table.groups.size(); ++row) {
    std::vector<std::int64_t> steps;
    for (const std::vector<std::int64_t>& column : table.columns) steps.push_back(column[row]);
    ASSERT_THAT(single[table.groups[row]].Add(steps), IsOk());
  }
  EXPECT_EQ(batch, single);
}

TEST(AddColumnsTest, EqualsOneByOneBitForBit) {
  std::mt19937_64 random(20'261'122);
  for (const std::size_t variables : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U}) {
    for (const unsigned bits : {1U, 12U, 25U, 26U, 27U, 50U}) {
      const std::size_t groups = 1 + random() % 5;
      Table table;
      table.columns.resize(variables);
      for (std::size_t row = 0; row < 3 * 1024 + 5; ++row) {
        table.groups.push_back(static_cast<std::uint16_t>(random() % groups));
        for (std::vector<std::int64_t>& column : table.columns) {
          column.push_back(RandomSteps(random, bits));
        }
      }
      ExpectSameAsOneByOne(table, groups);
    }
  }
}

TEST(AddColumnsTest, EqualsOneByOneForManyGroupsAndAFewLargeValues) {
  std::mt19937_64 random(5);
  Table table;
  table.columns.resize(2);
  for (std::size_t row = 0; row < 20'000; ++row) {
    table.groups.push_back(static_cast<std::uint16_t>(random() % 700));
    table.columns[0].push_back(RandomSteps(random, row % 3000 == 0 ? 60 : 14));
    table.columns[1].push_back(RandomSteps(random, 26));
  }
  ExpectSameAsOneByOne(table, 700);
}

TEST(AddColumnsTest, TakesTheSmallestValuesThatAreSummedIn64Bits) {
  // Squares of 2^52, 1024 to a block, 40 blocks: 64 bits would overflow 10 times over.
  const std::size_t rows = std::size_t{40} * 1024;
  const std::vector<std::int64_t> column(rows, -(std::int64_t{1} << 26));
  ExpectSameAsOneByOne({.groups = std::vector<std::uint16_t>(rows, 0), .columns = {column, column}},
                       1);
}

TEST(AddColumnsTest, OverflowsLikeOneByOne) {
  ExpectSameAsOneByOne({.groups = {0, 1, 0, 1}, .columns = {{kMin, 3, kMin, 4}}}, 2);
}

TEST(AddColumnsTest, AddsNothingOfNoUnits) {
  std::vector<JointSums> sums;
  EXPECT_THAT(AddColumns({}, {}, sums), IsOk());
}

TEST(AddColumnsTest, RejectsShapesThatDisagreeAndCountsNothing) {
  std::vector<JointSums> sums(2, JointSums(1));
  const std::vector<JointSums> before = sums;
  const Table good = {.groups = {0, 1}, .columns = {{1, 2}}};
  EXPECT_THAT(AddColumns(std::vector<std::uint16_t>{0}, good.Spans(), sums),
              StatusIs(kInvalid, HasSubstr("columns[0].size is 2; it must be 1")));
  EXPECT_THAT(AddColumns(std::vector<std::uint16_t>{0, 2}, good.Spans(), sums),
              StatusIs(kInvalid, HasSubstr("groups holds 2; it must be below 2")));
  std::vector<JointSums> others = {JointSums(1), JointSums(2)};
  EXPECT_THAT(AddColumns(good.groups, good.Spans(), others),
              StatusIs(kInvalid, HasSubstr("sums[1].variables is 2; it must be 1")));
  EXPECT_EQ(sums, before);
}

}  // namespace
}  // namespace insightloop::stats
