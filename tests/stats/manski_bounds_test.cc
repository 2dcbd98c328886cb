// SPDX-License-Identifier: Apache-2.0

#include "stats/manski_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

using Answers = std::vector<AnswerCount>;

constexpr AnswerRange kCsat = {.lowest = 1, .highest = 5};

TEST(EstimateManskiBoundsTest, MatchesTheClosedForm) {
  // By hand: of 10 asked in the control 5 answered, 3 on average: 0.5 * 3 + 0.5 * 1 = 2 to
  // 0.5 * 3 + 0.5 * 5 = 4. Of 8 asked in the treatment 6 answered, 4 on average:
  // 0.75 * 4 + 0.25 * 1 = 3.25 to 0.75 * 4 + 0.25 * 5 = 4.25.
  const Answers control = {{2, 2}, {3, 1}, {4, 2}};
  const Answers treatment = {{3, 2}, {4, 2}, {5, 2}};
  const auto result = EstimateManskiBounds({{control, 10}, {treatment, 8}}, kCsat);
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->arms.control.lower.value, 2);
  EXPECT_DOUBLE_EQ(result->arms.control.upper.value, 4);
  EXPECT_DOUBLE_EQ(result->arms.treatment.lower.value, 3.25);
  EXPECT_DOUBLE_EQ(result->arms.treatment.upper.value, 4.25);
  EXPECT_EQ(result->arms.control.lower.units, 10);
  EXPECT_DOUBLE_EQ(result->effect.lower.effect, 3.25 - 4);
  EXPECT_DOUBLE_EQ(result->effect.upper.effect, 4.25 - 2);
  // 2, 2, 3, 4, 4 and five of 5 about 4: 4 + 4 + 1 + 5. 3, 3, 4, 4, 5, 5 and two of 1 about 3.25:
  // (2 * 1 + 2 * 9 + 2 * 49 + 2 * 81) / 16.
  EXPECT_DOUBLE_EQ(result->arms.control.upper.standard_error, std::sqrt(14.0 / 9 / 10));
  EXPECT_DOUBLE_EQ(result->arms.treatment.lower.standard_error, std::sqrt(17.5 / 7 / 8));
  EXPECT_DOUBLE_EQ(result->effect.lower.standard_error, std::sqrt(14.0 / 90 + 17.5 / 56));
}

TEST(EstimateManskiBoundsTest, LeavesNoGapWhenEverybodyAnswered) {
  const Answers answers = {{1, 4}, {3, 2}, {5, 4}};
  const auto result = EstimateManskiBounds({{answers, 10}, {answers, 10}}, kCsat);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->effect.lower.effect, 0);
  EXPECT_EQ(result->effect.upper.effect, 0);
}

TEST(EstimateManskiBoundsTest, KnowsOnlyTheRangeWhenNobodyAnswered) {
  const Answers none;
  const auto result = EstimateManskiBounds({{none, 10}, {none, 10}}, kCsat);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->arms.control.lower.value, 1);
  EXPECT_EQ(result->arms.control.upper.value, 5);
  EXPECT_EQ(result->effect.lower.effect, -4);
  EXPECT_EQ(result->effect.upper.effect, 4);
}

TEST(EstimateManskiBoundsTest, RejectsWrongArguments) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const double infinity = std::numeric_limits<double>::infinity();
  const Answers good = {{2, 2}, {3, 3}};
  const Answers bad = {{2, -2}};
  const SurveyArm arm = {good, 9};
  EXPECT_THAT(EstimateManskiBounds({arm, arm}, {-infinity, 5}),
              StatusIs(kInvalid, HasSubstr("range.lowest is -inf")));
  EXPECT_THAT(EstimateManskiBounds({arm, arm}, {1, infinity}),
              StatusIs(kInvalid, HasSubstr("range.highest is inf")));
  EXPECT_THAT(EstimateManskiBounds({arm, arm}, {5, 1}),
              StatusIs(kInvalid, HasSubstr("range.lowest is 5; it must be below")));
  EXPECT_THAT(EstimateManskiBounds({arm, arm}, {1, 2}),
              StatusIs(kInvalid, HasSubstr("control.answers have the value 3")));
  EXPECT_THAT(EstimateManskiBounds({arm, {bad, 9}}, kCsat),
              StatusIs(kInvalid, HasSubstr("treatment.answers[0].count is -2")));
  EXPECT_THAT(EstimateManskiBounds({arm, {good, 4}}, kCsat),
              StatusIs(kInvalid, HasSubstr("treatment.asked is 4; it must be at least")));
}

TEST(EstimateManskiBoundsTest, RefusesWhatHasNoBounds) {
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  const Answers one = {{2, 1}};
  EXPECT_THAT(EstimateManskiBounds({{one, 1}, {one, 9}}, kCsat),
              StatusIs(kCannotSay, HasSubstr("control.asked is 1")));
  EXPECT_THAT(EstimateManskiBounds({{one, 2}, {one, 9}}, {-1e300, 5}),
              StatusIs(kCannotSay, HasSubstr("beyond the range")));
  EXPECT_THAT(EstimateManskiBounds({{one, 2}, {one, 9}}, {1, 1e300}),
              StatusIs(kCannotSay, HasSubstr("beyond the range")));
  const double most = std::numeric_limits<double>::max();
  const Answers lowest = {{-most, 2}}, highest = {{most, 2}};
  EXPECT_THAT(EstimateManskiBounds({{lowest, 2}, {highest, 2}}, {-most, most}),
              StatusIs(kCannotSay, HasSubstr("beyond the range")));
}

TEST(EstimateManskiBoundsTest, AreOneNumberWhenNobodyIsMissing) {
  const Answers answers = {{0.1, 3}, {0.3, 5}, {0.7, 1}};
  const auto bounds =
      EstimateManskiBounds({{answers, 9}, {answers, 9}}, {.lowest = -1e3, .highest = 1e3});
  ASSERT_THAT(bounds, IsOk());
  EXPECT_EQ(bounds->arms.control.lower.value, bounds->arms.control.upper.value);
  EXPECT_EQ(bounds->effect.lower.effect, 0);
  EXPECT_EQ(bounds->effect.upper.effect, 0);
}

}  // namespace
}  // namespace insightloop::stats
