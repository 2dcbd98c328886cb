// SPDX-License-Identifier: Apache-2.0

#include "api/paging.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/domain/error.h"
#include "tests/support/status_matchers.h"

namespace insightloop::api {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

const Limits kLimits;

TEST(PagingTest, TakesBackItsOwnToken) {
  const std::string token = MakePageToken("List", "insights/ä ~?>");
  EXPECT_EQ(token.find_first_of("+/= "), std::string::npos) << token;
  const auto page = ReadPageRequest("List", 7, token, kLimits);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->after, "insights/ä ~?>");
  EXPECT_EQ(page->limit, 7);
}

TEST(PagingTest, HasNoTokenAfterTheLastPage) { EXPECT_EQ(MakePageToken("List", ""), ""); }

TEST(PagingTest, BeginsWithoutAToken) {
  EXPECT_EQ(ReadPageRequest("List", 0, "", kLimits)->after, "");
}

TEST(PagingTest, KeepsToTheContractsSizes) {
  EXPECT_EQ(ReadPageRequest("List", 0, "", kLimits)->limit, 50);
  EXPECT_EQ(ReadPageRequest("List", 1, "", kLimits)->limit, 1);
  EXPECT_EQ(ReadPageRequest("List", 1'000, "", kLimits)->limit, 1'000);
  EXPECT_EQ(ReadPageRequest("List", 2'000'000'000, "", kLimits)->limit, 1'000);
  const auto negative = ReadPageRequest("List", -1, "", kLimits);
  EXPECT_THAT(negative, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_size: -1")));
  EXPECT_EQ(DetailsOf(negative.status()).reason, "INVALID_PAGE_SIZE");
}

TEST(PagingTest, RefusesTokensOfOtherListsAndWhatIsNone) {
  const std::string foreign = MakePageToken("ListVerdicts\nexperiments/a", "x");
  std::string cut = MakePageToken("List", "insights/a");
  cut.resize(cut.size() / 2);
  for (const std::string& token : {foreign, cut, std::string("x"), std::string("!!!"),
                                   std::string("e30"), std::string("eyJhZnRlciI6MX0")}) {
    const auto page = ReadPageRequest("List", 0, token, kLimits);
    EXPECT_THAT(page, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")));
    EXPECT_EQ(DetailsOf(page.status()).reason, "INVALID_PAGE_TOKEN");
  }
}

}  // namespace
}  // namespace insightloop::api
