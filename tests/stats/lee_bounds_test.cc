// SPDX-License-Identifier: Apache-2.0

#include "stats/lee_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "stats/manski_bounds.h"
#include "stats/mean_difference.h"
#include "stats/satisfaction.h"
#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

using Answers = std::vector<AnswerCount>;

TEST(EstimateLeeBoundsTest, MatchesTheClosedForm) {
  // By hand: 4 of 10 answered against 5 of 10, so a fifth of the treatment's answers, one, is
  // trimmed. 1, 1, 2, 2 are left of 1, 1, 2, 2, 4, or 1, 2, 2, 4: means 1.5 and 2.25, against 2.
  const Answers control = {{1, 2}, {3, 2}};
  const Answers treatment = {{1, 2}, {2, 2}, {4, 1}};
  const auto result = EstimateLeeBounds({{control, 10}, {treatment, 10}});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->trimmed_arm, TrimmedArm::kTreatment);
  EXPECT_DOUBLE_EQ(result->trimmed_share, 0.2);
  EXPECT_DOUBLE_EQ(result->effect.lower.effect, -0.5);
  EXPECT_DOUBLE_EQ(result->effect.upper.effect, 0.25);
  // Lee's parts by hand. Kept answers: variance 1/4 over 4, and the trimming value's
  // (4 - 1.5)^2 * 0.2 / 4, both times 5/4 for the sample variance. The share: 2.5^2 times
  // 6 / 40 + 5 / 50. The control: 4/3 over 4. Above: 19/16 over 4, 1.25^2 * 0.2 / 4, 1.25^2.
  EXPECT_DOUBLE_EQ(
      result->effect.lower.standard_error,
      std::sqrt((0.25 / 4 + 6.25 * 0.2 / 4) * 5 / 4 + 6.25 * (6.0 / 40 + 5.0 / 50) + 1.0 / 3));
  EXPECT_DOUBLE_EQ(result->effect.upper.standard_error,
                   std::sqrt((1.1875 / 4 + 1.5625 * 0.2 / 4) * 5 / 4 + 1.5625 * 0.25 + 1.0 / 3));
}

TEST(EstimateLeeBoundsTest, TrimsPartOfATie) {
  // By hand: 7 of 20 answered against 4 of 10, so that 3.5 of 4 answers are kept: a detractor, a
  // passive and 1.5 of two promoters, or half the detractor and all others.
  const Answers control = {{-100, 2}, {0, 3}, {100, 2}};
  const Answers treatment = {{-100, 1}, {0, 1}, {100, 2}};
  const auto result = EstimateLeeBounds({{control, 20}, {treatment, 10}});
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->trimmed_share, 0.125);
  EXPECT_DOUBLE_EQ(result->effect.lower.effect, 50 / 3.5);
  EXPECT_DOUBLE_EQ(result->effect.upper.effect, 150 / 3.5);
}

TEST(EstimateLeeBoundsTest, IsWelchsDifferenceAtEqualResponseRates) {
  const Answers control = {{1, 10}, {3, 20}, {5, 30}};
  const Answers treatment = {{1, 5}, {4, 10}, {5, 15}};
  const auto result = EstimateLeeBounds({{control, 120}, {treatment, 60}});
  const auto plain = CompareMeans({*MomentsOfAnswers(control), *MomentsOfAnswers(treatment)}, 0.95);
  ASSERT_THAT(result, IsOk());
  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ(result->trimmed_arm, TrimmedArm::kNeither);
  EXPECT_EQ(result->trimmed_share, 0);
  for (const EffectEstimate& bound : {result->effect.lower, result->effect.upper}) {
    EXPECT_EQ(bound.effect, plain->effect);
    EXPECT_EQ(bound.standard_error, plain->standard_error);
    EXPECT_EQ(bound.degrees_of_freedom, plain->degrees_of_freedom);
  }
}

// The mean and the standard error of an arm after trimming as Lee writes them: his kept answers one
// by one, his parts one by one (with divisor n - 1 for n).
ArmEstimate LeesTrimming(const Answers& answers, double kept_share, double squared_share_error) {
  double n = 0;
  for (const AnswerCount& answer : answers) n += static_cast<double>(answer.count);
  const double kept = kept_share * n;
  double left = kept, sum = 0, squares = 0, threshold = 0;
  for (const auto& [value, count] : answers) {
    const double taken = std::min(left, static_cast<double>(count));
    sum += taken * value;
    squares += taken * value * value;
    left -= taken;
    if (taken < static_cast<double>(count)) {
      threshold = value;
      break;
    }
  }
  const double mean = sum / kept;
  const double of_kept = (squares / kept - mean * mean) / kept;
  const double of_threshold = std::pow(threshold - mean, 2) * (1 - kept_share) / kept;
  const double of_share = std::pow((threshold - mean) / kept_share, 2) * squared_share_error;
  return {.units = 0,
          .value = mean,
          .standard_error = std::sqrt((of_kept + of_threshold) * n / (n - 1) + of_share),
          .degrees_of_freedom = {}};
}

Answers DrawAnswers(std::mt19937_64& random, int most) {
  std::uniform_int_distribution<std::int64_t> count(1, most);
  Answers answers;
  for (int value = 1; value <= 5; ++value) {
    answers.push_back({static_cast<double>(value), count(random)});
  }
  return answers;
}

std::int64_t Answered(const Answers& answers) {
  std::int64_t sum = 0;
  for (const AnswerCount& answer : answers) sum += answer.count;
  return sum;
}

TEST(EstimateLeeBoundsTest, MatchesLeesThreePartsForRandomAnswers) {
  std::mt19937_64 random(20'261'125);
  for (int round = 0; round < 500; ++round) {
    const Answers control = DrawAnswers(random, 40), treatment = DrawAnswers(random, 40);
    // The treatment always responds more: 997 in 1,000 or so against at most half.
    const std::int64_t asked_control = 2 * Answered(control) + round % 400;
    const std::int64_t asked_treatment = Answered(treatment) + 1;
    const auto result = EstimateLeeBounds({{control, asked_control}, {treatment, asked_treatment}});
    ASSERT_THAT(result, IsOk());
    ASSERT_EQ(result->trimmed_arm, TrimmedArm::kTreatment);

    const auto n0 = static_cast<double>(asked_control), n1 = static_cast<double>(asked_treatment);
    const double r0 = static_cast<double>(Answered(control)) / n0;
    const double r1 = static_cast<double>(Answered(treatment)) / n1;
    const double kept_share = r0 / r1;
    const double share_error =
        kept_share * kept_share * ((1 - r0) / (n0 * r0) + (1 - r1) / (n1 * r1));
    const ArmEstimate trimmed = LeesTrimming(treatment, kept_share, share_error);
    const auto all = EstimateMean(*MomentsOfAnswers(control));
    ASSERT_THAT(all, IsOk());
    // Doubles, and a variance by differences of squares, in the test.
    EXPECT_NEAR(result->effect.lower.effect, trimmed.value - all->value, 1e-12);
    EXPECT_NEAR(result->effect.lower.standard_error /
                    std::hypot(trimmed.standard_error, all->standard_error),
                1, 1e-11);
  }
}

TEST(EstimateLeeBoundsTest, HoldsItsPropertiesForRandomAnswers) {
  std::mt19937_64 random(20'261'126);
  const auto transformed = [](const Answers& answers, double factor, double shift) {
    Answers result = answers;
    for (AnswerCount& answer : result) answer.value = factor * answer.value + shift;
    if (factor < 0) std::reverse(result.begin(), result.end());
    return result;
  };
  for (int round = 0; round < 500; ++round) {
    const Answers control = DrawAnswers(random, 50), treatment = DrawAnswers(random, 50);
    const Arms<SurveyArm> arms = {
        {control, Answered(control) + static_cast<std::int64_t>(random() % 300)},
        {treatment, Answered(treatment) + static_cast<std::int64_t>(random() % 300)}};
    const auto result = EstimateLeeBounds(arms);
    const auto manski = EstimateManskiBounds(arms, {1, 5});
    ASSERT_THAT(result, IsOk());
    ASSERT_THAT(manski, IsOk());
    const auto& [lower, upper] = result->effect;
    // Both kinds of bounds contain the difference of those who answered.
    const double plain = MomentsOfAnswers(treatment)->mean - MomentsOfAnswers(control)->mean;
    EXPECT_LE(lower.effect, plain);
    EXPECT_GE(upper.effect, plain);
    EXPECT_LE(manski->effect.lower.effect, plain + 1e-14);
    EXPECT_GE(manski->effect.upper.effect, plain - 1e-14);

    // Swapping the arms, or turning the scale round, swaps the bounds and turns their signs.
    const auto swapped = EstimateLeeBounds({arms.treatment, arms.control});
    ASSERT_THAT(swapped, IsOk());
    EXPECT_EQ(swapped->effect.lower.effect, -upper.effect);
    EXPECT_EQ(swapped->effect.upper.standard_error, lower.standard_error);
    const Answers control_down = transformed(control, -1, 0);
    const Answers treatment_down = transformed(treatment, -1, 0);
    const auto down = EstimateLeeBounds(
        {{control_down, arms.control.asked}, {treatment_down, arms.treatment.asked}});
    ASSERT_THAT(down, IsOk());
    EXPECT_DOUBLE_EQ(down->effect.lower.effect, -upper.effect);

    // A large mean, and another unit of the answers.
    const Answers control_moved = transformed(control, 8, 1e9);
    const Answers treatment_moved = transformed(treatment, 8, 1e9);
    const auto moved = EstimateLeeBounds(
        {{control_moved, arms.control.asked}, {treatment_moved, arms.treatment.asked}});
    ASSERT_THAT(moved, IsOk());
    EXPECT_NEAR(moved->effect.lower.effect, 8 * lower.effect, 3e-7);  // the steps at 1e9
    EXPECT_NEAR(moved->effect.lower.standard_error / lower.standard_error, 8, 1e-9);
  }
}

TEST(EstimateLeeBoundsTest, MayLeaveManskisBoundsAsThoseAreAboutEverybody) {
  // By hand: half of the control answered, all of them 1; all of the treatment, half of them 1. If
  // those whom only the treatment made answer are those who said 1, the effect on the others is
  // -1. Among everybody the control is at least 1/2 and at most 1, the treatment is 1/2.
  const Answers control = {{0, 0}, {1, 50}};
  const Answers treatment = {{0, 50}, {1, 50}};
  const Arms<SurveyArm> arms = {{control, 100}, {treatment, 100}};
  const auto lee = EstimateLeeBounds(arms);
  const auto manski = EstimateManskiBounds(arms, {0, 1});
  ASSERT_THAT(lee, IsOk());
  ASSERT_THAT(manski, IsOk());
  EXPECT_DOUBLE_EQ(lee->effect.lower.effect, -1);
  EXPECT_DOUBLE_EQ(lee->effect.upper.effect, 0);
  EXPECT_DOUBLE_EQ(manski->effect.lower.effect, -0.5);
  EXPECT_DOUBLE_EQ(manski->effect.upper.effect, 0);
}

TEST(EstimateLeeBoundsTest, TakesTheNextValueWhereTheTrimmingEndsBetweenTwo) {
  // By hand: 2 of 4 asked answered against all of 4, so that 2 of the answers 1, 1, 3, 5 are kept:
  // the trimming value is 3. The numbers max(3 - y, 0) are 2, 2, 0, 0, with the sample variance
  // 4/3; over 4 and the square of the kept half that is 4/3. The share: (3 - 1)^2 times 2 / 8.
  // The control's 0 and 4: 8 over 2.
  const Answers control = {{0, 1}, {4, 1}};
  const Answers treatment = {{1, 2}, {3, 1}, {5, 1}};
  const auto result = EstimateLeeBounds({{control, 4}, {treatment, 4}});
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->effect.lower.effect, -1);
  EXPECT_DOUBLE_EQ(result->effect.lower.standard_error, std::sqrt(4.0 / 3 + 1 + 4));
}

TEST(EstimateLeeBoundsTest, TakesBillionsOfAnswersAndNextToNothingToTrim) {
  // One more in three billion answered in the treatment: a share of 1 / 3,000,000,001, of the top.
  const std::int64_t billion = 1'000'000'000;
  const Answers control = {{-100, billion}, {0, billion}, {100, billion}};
  const Answers treatment = {{-100, billion}, {0, billion}, {100, billion + 1}};
  const auto result = EstimateLeeBounds({{control, 9 * billion}, {treatment, 9 * billion}});
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->trimmed_share, 1.0 / 3'000'000'001);
  EXPECT_NEAR(result->effect.lower.effect, 0, 1e-16);
  EXPECT_NEAR(result->effect.upper.effect, 200 / 3e9, 1e-16);
}

TEST(EstimateLeeBoundsTest, RejectsImpossibleSurveys) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const Answers good = {{1, 5}, {2, 5}}, descending = {{2, 5}, {1, 5}};
  const SurveyArm arm = {good, 20};
  EXPECT_THAT(EstimateLeeBounds({{descending, 20}, arm}),
              StatusIs(kInvalid, HasSubstr("control.answers[1].value is 1")));
  EXPECT_THAT(EstimateLeeBounds({arm, {good, 9}}),
              StatusIs(kInvalid, HasSubstr("treatment.asked is 9; it must be at least the number "
                                           "of answers, 10")));
}

TEST(EstimateLeeBoundsTest, RefusesWhatHasNoVariance) {
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  const Answers good = {{1, 5}, {2, 5}}, one = {{1, 1}}, huge = {{-1e300, 5}, {1e300, 5}};
  const SurveyArm arm = {good, 20};
  EXPECT_THAT(EstimateLeeBounds({{one, 20}, arm}),
              StatusIs(kCannotSay, HasSubstr("control.answers number 1; bounds need two")));
  EXPECT_THAT(EstimateLeeBounds({arm, {huge, 20}}),
              StatusIs(kCannotSay, HasSubstr("beyond the range of a double")));
  const double most = std::numeric_limits<double>::max();
  const Answers lowest = {{-most, 5}}, highest = {{most, 5}};
  EXPECT_THAT(EstimateLeeBounds({{lowest, 9}, {highest, 9}}),
              StatusIs(kCannotSay, HasSubstr("beyond the range of a double")));
}

TEST(EstimateLeeBoundsTest, ReportsUnanimousArmsWithoutError) {
  const Answers control = {{1, 5}}, treatment = {{2, 8}};
  const auto result = EstimateLeeBounds({{control, 20}, {treatment, 20}});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->effect.lower.effect, 1);
  EXPECT_EQ(result->effect.upper.effect, 1);
  EXPECT_EQ(result->effect.lower.standard_error, 0);
  EXPECT_THAT(ImbensManskiInterval(result->effect, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("variance")));
}

}  // namespace
}  // namespace insightloop::stats
