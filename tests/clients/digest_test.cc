// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace insightloop::cli {
namespace {

using Cells = std::vector<std::string_view>;

TEST(RowDigestTest, IsTheStartOfASha256OverFramedParts) {
  // printf '8:rows.csv1:23:u-12:10' | sha256sum
  EXPECT_EQ(RowDigest("rows.csv", 2, Cells{"u-1", "10"}), "3e88448d31d52c339e10c02dbab26a15");
}

TEST(RowDigestTest, TellsRowsApart) {
  const std::string digest = RowDigest("rows.csv", 2, Cells{"ab", "c"});
  EXPECT_EQ(digest, RowDigest("rows.csv", 2, Cells{"ab", "c"}));
  EXPECT_NE(digest, RowDigest("rows.csv", 3, Cells{"ab", "c"}));  // an identical later row
  EXPECT_NE(digest, RowDigest("other.csv", 2, Cells{"ab", "c"}));
  EXPECT_NE(digest, RowDigest("rows.csv", 2, Cells{"a", "bc"}));
}

TEST(RandomUuidTest, HasTheFormOfVersionFour) {
  const std::string uuid = RandomUuid();
  EXPECT_THAT(uuid, ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}"
                                            "-[0-9a-f]{12}"));
  EXPECT_NE(uuid, RandomUuid());
}

}  // namespace
}  // namespace insightloop::cli
