// SPDX-License-Identifier: Apache-2.0

#include "tests/support/status_matchers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::testing {
namespace {

using ::testing::AnyOf;
using ::testing::DescribeMatcher;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointee;

// What a failing EXPECT_THAT(value, matcher) would add after "Actual:".
template <typename Value, typename Matcher>
std::string Explain(const Value& value, const Matcher& matcher) {
  ::testing::StringMatchResultListener listener;
  ::testing::ExplainMatchResult(matcher, value, &listener);
  return listener.str();
}

TEST(IsOkTest, AcceptsAnOkStatusAndAnyHeldValue) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(absl::StatusOr<int>(3), IsOk());
  const absl::StatusOr<std::unique_ptr<int>> owned = std::make_unique<int>(3);
  EXPECT_THAT(owned, IsOk());
}

TEST(IsOkTest, RejectsAnErrorAndShowsIt) {
  const absl::Status error = absl::NotFoundError("no layer");
  EXPECT_THAT(error, Not(IsOk()));
  EXPECT_THAT(absl::StatusOr<int>(error), Not(IsOk()));
  EXPECT_THAT(Explain(error, IsOk()), HasSubstr("NOT_FOUND: no layer"));
}

TEST(IsOkAndHoldsTest, ComparesTheHeldValue) {
  EXPECT_THAT(absl::StatusOr<int>(3), IsOkAndHolds(3));
  EXPECT_THAT(absl::StatusOr<int>(3), IsOkAndHolds(Gt(2)));
  EXPECT_THAT(absl::StatusOr<int>(3), Not(IsOkAndHolds(4)));
  EXPECT_THAT(absl::StatusOr<std::string>("a"), IsOkAndHolds("a"));
  const std::vector<int> values = {1, 2};
  EXPECT_THAT(absl::StatusOr<std::vector<int>>(values), IsOkAndHolds(ElementsAre(1, 2)));
}

TEST(IsOkAndHoldsTest, AcceptsAValueThatOnlyMoves) {
  const absl::StatusOr<std::unique_ptr<int>> owned = std::make_unique<int>(3);
  EXPECT_THAT(owned, IsOkAndHolds(Pointee(3)));
}

TEST(IsOkAndHoldsTest, RejectsAnErrorAndShowsIt) {
  const absl::StatusOr<int> error = absl::InternalError("broken");
  EXPECT_THAT(error, Not(IsOkAndHolds(3)));
  EXPECT_THAT(Explain(error, IsOkAndHolds(3)), HasSubstr("INTERNAL: broken"));
  EXPECT_THAT(Explain(absl::StatusOr<int>(3), IsOkAndHolds(4)), HasSubstr("holds 3"));
}

TEST(StatusIsTest, ComparesTheCodeAndTheMessage) {
  const absl::Status error = absl::InvalidArgumentError("weights[1] is 0");
  EXPECT_THAT(error, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(error, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weights[1]")));
  EXPECT_THAT(error, StatusIs(absl::StatusCode::kInvalidArgument, "weights[1] is 0"));
  EXPECT_THAT(error,
              StatusIs(AnyOf(absl::StatusCode::kInvalidArgument, absl::StatusCode::kOutOfRange)));
  EXPECT_THAT(absl::StatusOr<int>(error), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(absl::OkStatus(), StatusIs(absl::StatusCode::kOk));
}

TEST(StatusIsTest, RejectsAnotherCodeOrMessageAndShowsTheStatus) {
  const absl::Status error = absl::AbortedError("stale etag");
  EXPECT_THAT(error, Not(StatusIs(absl::StatusCode::kNotFound)));
  EXPECT_THAT(error, Not(StatusIs(absl::StatusCode::kAborted, HasSubstr("weights"))));
  EXPECT_THAT(Explain(error, StatusIs(absl::StatusCode::kNotFound)),
              HasSubstr("ABORTED: stale etag"));
  EXPECT_THAT(DescribeMatcher<absl::Status>(StatusIs(absl::StatusCode::kNotFound, "x")),
              HasSubstr("NOT_FOUND"));
}

}  // namespace
}  // namespace insightloop::testing
