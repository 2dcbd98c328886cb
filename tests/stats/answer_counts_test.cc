// SPDX-License-Identifier: Apache-2.0

#include "stats/answer_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

absl::StatusOr<Moments> MomentsOf(const std::vector<AnswerCount>& answers) {
  return MomentsOfAnswers(answers);
}

TEST(MomentsOfAnswersTest, MatchesTheClosedForm) {
  // By hand: 1, 1, 2, 4, 4, 6 have the sum 18 and squared deviations 4 + 4 + 1 + 1 + 1 + 9.
  const auto result = MomentsOf({{1, 2}, {2, 1}, {3, 0}, {4, 2}, {6, 1}});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->count, 6);
  EXPECT_DOUBLE_EQ(result->mean, 3);
  EXPECT_DOUBLE_EQ(*result->sample_variance, 4);
}

TEST(MomentsOfAnswersTest, KeepsASmallVarianceOfALargeMean) {
  // By hand: 0, 1 and 2 about a thousand million million, the largest step that a double has there
  // being 1/8.
  const auto result = MomentsOf({{1e15, 1}, {1e15 + 1, 1}, {1e15 + 2, 1}});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->mean, 1e15 + 1);
  EXPECT_EQ(*result->sample_variance, 1);
}

TEST(MomentsOfAnswersTest, TakesTheLargestCounts) {
  const auto result = MomentsOf({{-1, kMost / 2}, {1, kMost / 2}});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->mean, 0);
  EXPECT_DOUBLE_EQ(*result->sample_variance, 1);
}

TEST(MomentsOfAnswersTest, LeavesTheVarianceOfOneAnswerEmpty) {
  const auto result = MomentsOf({{2, 0}, {7, 1}});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->mean, 7);
  EXPECT_EQ(result->sample_variance, std::nullopt);
}

TEST(MomentsOfAnswersTest, RejectsImpossibleAnswers) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(MomentsOf({{1, 5}, {std::nan(""), 5}}),
              StatusIs(kInvalid, HasSubstr("answers[1].value is nan")));
  EXPECT_THAT(MomentsOf({{1, -5}}), StatusIs(kInvalid, HasSubstr("answers[0].count is -5")));
  EXPECT_THAT(MomentsOf({{1, 5}, {1, 5}}),
              StatusIs(kInvalid, HasSubstr("answers[1].value is 1; it must be above the one")));
  EXPECT_THAT(MomentsOf({{1, kMost}, {2, 1}}), StatusIs(kInvalid, HasSubstr("exceed 63 bits")));
}

TEST(MomentsOfAnswersTest, RefusesWhatHasNoMoments) {
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(MomentsOf({}), StatusIs(kCannotSay, HasSubstr("nobody answered")));
  EXPECT_THAT(MomentsOf({{1, 0}}), StatusIs(kCannotSay, HasSubstr("nobody answered")));
  EXPECT_THAT(MomentsOf({{-1e300, 1}, {1e300, 1}}),
              StatusIs(kCannotSay, HasSubstr("beyond the range of a double")));
}

}  // namespace
}  // namespace insightloop::stats
