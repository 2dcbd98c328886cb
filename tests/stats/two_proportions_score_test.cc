// SPDX-License-Identifier: Apache-2.0

#include "stats/two_proportions_score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

// Numbers called mpmath were computed with mpmath 1.3.0 at 50 digits: the closed form of the
// constrained estimates (Miettinen, Nurminen 1985, appendix), ends by bisection.

constexpr double kZ = 1.95996398454005424;  // normal quantile of 0.975; mpmath
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kBillion = 1'000'000'000;

struct Ends {
  double lower;
  double upper;
};

void ExpectEnds(const absl::StatusOr<Interval>& interval, const Ends& expected, double relative) {
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->lower, expected.lower, relative * std::abs(expected.lower));
  EXPECT_NEAR(interval->upper, expected.upper, relative * std::abs(expected.upper));
}

TEST(ScoreDifferenceIntervalTest, MatchesNewcombesTable) {
  // Newcombe, "Interval Estimation for the Difference Between Independent Proportions", Statistics
  // in Medicine 17 (1998), table II, examples (a) to (h), method 5, Miettinen and Nurminen's; four
  // decimals.
  struct Row {
    Proportion treatment;
    Proportion control;
    Ends ends;
  };
  for (const auto& [treatment, control, ends] :
       {Row{{56, 70}, {48, 80}, {0.0528, 0.3382}}, Row{{9, 10}, {3, 10}, {0.1700, 0.8406}},
        Row{{6, 7}, {2, 7}, {0.0342, 0.8534}}, Row{{5, 56}, {0, 29}, {-0.0326, 0.1933}},
        Row{{0, 10}, {0, 20}, {-0.1658, 0.2844}}, Row{{0, 10}, {0, 10}, {-0.2879, 0.2879}},
        Row{{10, 10}, {0, 20}, {0.7156, 1}}, Row{{10, 10}, {0, 10}, {0.6636, 1}}}) {
    const auto interval =
        ScoreDifferenceInterval({.control = control, .treatment = treatment}, 0.95);
    ASSERT_THAT(interval, IsOk());
    // (b) is 0.84065 to five decimals, cut or rounded either way in the table.
    EXPECT_NEAR(interval->lower, ends.lower, 0.000051);
    EXPECT_NEAR(interval->upper, ends.upper, 0.000051);
    EXPECT_EQ(interval->level, 0.95);
  }
}

TEST(ScoreDifferenceIntervalTest, MatchesTheClosedFormOfMirroredArms) {
  // With x of n against n-x of n the constrained shares are (1 +- d) / 2, V = k (1-d^2) / (2n), and
  // the ends solve a quadratic: (e +- sqrt(c (1 + c - e^2))) / (1 + c), c = z^2 k / (2n), effect e.
  struct Arm {
    std::int64_t successes;
    std::int64_t trials;
  };
  for (const auto& [x, n] : {Arm{51, 100}, Arm{1, 1}, Arm{3, 4}, Arm{999'999, 1'000'000},
                             Arm{500'000'100, kBillion}, Arm{kBillion, kBillion}}) {
    const auto trials = static_cast<double>(n);
    const double effect = static_cast<double>(2 * x - n) / trials;
    const double c = kZ * kZ * (2 * trials / (2 * trials - 1)) / (2 * trials);
    const double root = std::sqrt(c * (1 + c - effect * effect));
    // Rounding of the closed form itself: 1e-13 of what cancels in it.
    const auto interval = ScoreDifferenceInterval({{n - x, n}, {x, n}}, 0.95);
    ASSERT_THAT(interval, IsOk());
    EXPECT_NEAR(interval->lower, (effect - root) / (1 + c), 1e-15 + 1e-13 * root);
    EXPECT_NEAR(interval->upper, (effect + root) / (1 + c), 1e-15 + 1e-13 * root);
  }
}

TEST(ScoreDifferenceIntervalTest, MatchesTheClosedFormWithoutSuccesses) {
  // Only the share of the arm that would be better moves: V = k d (1-d) / n, and the end is
  // c / (n + c) with c = z^2 k.
  for (const std::int64_t n : {1L, 10L, 1'000'000L, 3'000'000'000L}) {
    const double total = static_cast<double>(n) + 20;
    const double c = kZ * kZ * total / (total - 1);
    const Ends expected = {-c / (20 + c), c / (static_cast<double>(n) + c)};
    ExpectEnds(ScoreDifferenceInterval({{0, 20}, {0, n}}, 0.95), expected, 1e-13);
    // All succeeding is the same the other way round.
    ExpectEnds(ScoreDifferenceInterval({{n, n}, {20, 20}}, 0.95), expected, 1e-13);
  }
}

TEST(ScoreDifferenceIntervalTest, KeepsItsDigitsForBillionsAndSharesNextToTheEnds) {
  // mpmath; some 13 digits of the distance from the estimate, which is as large as the ends.
  ExpectEnds(ScoreDifferenceInterval({{1000, kBillion}, {1100, kBillion}}, 0.95),
             {1.019253780150346e-8, 1.8999005459197026e-7}, 1e-12);
  ExpectEnds(ScoreDifferenceInterval({{kBillion - 20, kBillion}, {kBillion - 3, kBillion}}, 0.95),
             {8.4014538543163026e-9, 2.8202830777617639e-8}, 1e-12);
  ExpectEnds(ScoreDifferenceInterval({{7, kBillion}, {0, 1'000'000}}, 0.95),
             {-1.4450594911958717e-8, 3.8344440678093974e-6}, 1e-12);
  ExpectEnds(ScoreDifferenceInterval({{0, 2 * kBillion}, {3, kBillion}}, 0.95),
             {1.0202707287094506e-9, 8.821188055459603e-9}, 1e-12);
}

TEST(ScoreDifferenceIntervalTest, TakesTheLargestCounts) {
  // Equal halves: -+z / sqrt(2 n), but for 1 / n.
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const double end = kZ / std::sqrt(2 * static_cast<double>(most));
  ExpectEnds(ScoreDifferenceInterval({{most / 2, most}, {most / 2, most}}, 0.95), {-end, end},
             1e-13);
}

TEST(ScoreDifferenceIntervalTest, HasAnEndAtOneOnlyWhenTheEstimateIsThere) {
  EXPECT_EQ(ScoreDifferenceInterval({{0, 5}, {9, 9}}, 0.95)->upper, 1);
  EXPECT_EQ(ScoreDifferenceInterval({{5, 5}, {0, 9}}, 0.95)->lower, -1);
  EXPECT_LT(ScoreDifferenceInterval({{0, 5}, {8, 9}}, 0.95)->upper, 1);
  EXPECT_GT(ScoreDifferenceInterval({{0, 5}, {9, 9}}, 0.95)->lower, 0);
}

TEST(ScoreDifferenceIntervalTest, ShrinksToTheEstimateWithTheLevel) {
  const auto interval = ScoreDifferenceInterval({{2, 5}, {4, 9}}, 1e-17);
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->lower, 4.0 / 9 - 0.4, 1e-15);
  EXPECT_NEAR(interval->upper, 4.0 / 9 - 0.4, 1e-15);
}

Proportion RandomProportion(std::mt19937_64& random) {
  const std::int64_t most[] = {3, 50, 10'000, 5 * kBillion};
  const std::int64_t trials =
      std::uniform_int_distribution<std::int64_t>(1, most[random() % 4])(random);
  const std::int64_t few = std::min(trials, static_cast<std::int64_t>(random() % 6));
  switch (random() % 3) {
    case 0:
      return {few, trials};
    case 1:
      return {trials - few, trials};
    default:
      return {std::uniform_int_distribution<std::int64_t>(0, trials)(random), trials};
  }
}

TEST(ScoreDifferenceIntervalTest, HoldsItsPropertiesForRandomCounts) {
  std::mt19937_64 random(20'261'125);
  for (int round = 0; round < 5000; ++round) {
    const Arms<Proportion> arms = {RandomProportion(random), RandomProportion(random)};
    const double level = 0.5 + 0.4999 * static_cast<double>(random() % 1000) / 1000;
    const auto interval = ScoreDifferenceInterval(arms, level);
    const auto swapped = ScoreDifferenceInterval({arms.treatment, arms.control}, level);
    const auto wider = ScoreDifferenceInterval(arms, 1 - (1 - level) / 2);
    ASSERT_THAT(interval, IsOk());
    EXPECT_GE(interval->lower, -1);
    EXPECT_LE(interval->upper, 1);
    EXPECT_EQ(interval->lower, -swapped->upper);
    EXPECT_LE(wider->lower, interval->lower);
    EXPECT_GE(wider->upper, interval->upper);
    // It is the test turned round: at the lower end the one-sided p-value is half of 1 - level.
    // Where the end has digits enough: the test takes it as a plain number.
    const double width = interval->upper - interval->lower;
    if (interval->lower > -1 && 1 - std::abs(interval->lower) > 1e-3 && width > 1e-6) {
      const auto test = ScoreTestAbove(arms, interval->lower, ScoreVariance::kMiettinenNurminen);
      ASSERT_THAT(test, IsOk());
      EXPECT_NEAR(test->p_value, (1 - level) / 2, 1e-8);
    }
  }
}

TEST(ScoreRatioIntervalTest, MatchesTheClosedFormWithoutFailures) {
  // V = k (r - 1) / n of the arm that would be worse: 1 + c / n_c above, below 1 / (1 + c / n_t).
  for (const std::int64_t n : {1L, 30L, 1'000'000L, 4'000'000'000L}) {
    const auto trials = static_cast<double>(n);
    const double c = kZ * kZ * (trials + 30) / (trials + 29);
    ExpectEnds(ScoreRatioInterval({.control = {30, 30}, .treatment = {n, n}}, 0.95),
               {1 / (1 + c / trials), 1 + c / 30}, 1e-13);
  }
}

TEST(ScoreRatioIntervalTest, KeepsItsDigitsForBillionsAndSharesNextToTheEnds) {
  ExpectEnds(ScoreRatioInterval({{1000, kBillion}, {1100, kBillion}}, 0.95),  // mpmath, all three
             {1.0097465723911451, 1.1983204828866902}, 1e-13);
  ExpectEnds(ScoreRatioInterval({{7, kBillion}, {0, 1'000'000}}, 0.95), {0, 548.77847093356029},
             1e-13);
  const auto next_to_one =
      ScoreRatioInterval({{kBillion - 20, kBillion}, {kBillion - 3, kBillion}}, 0.95);
  ASSERT_THAT(next_to_one, IsOk());
  EXPECT_NEAR(next_to_one->lower - 1, 8.401454e-9, 1e-15);
  EXPECT_NEAR(next_to_one->upper - 1, 2.82028316e-8, 1e-15);
}

TEST(ScoreRatioIntervalTest, IsOpenAboveWithoutSuccessesInControl) {
  const auto interval = ScoreRatioInterval({{0, 2 * kBillion}, {3, kBillion}}, 0.95);
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->lower, 1.5619066305569074, 1e-12);  // mpmath
  EXPECT_EQ(interval->upper, kInfinity);
}

TEST(ScoreRatioIntervalTest, StartsAtZeroWithoutSuccessesInTreatment) {
  const auto interval = ScoreRatioInterval({{3, kBillion}, {0, 2 * kBillion}}, 0.95);
  ASSERT_THAT(interval, IsOk());
  EXPECT_EQ(interval->lower, 0);
  EXPECT_NEAR(interval->upper, 1 / 1.5619066305569074, 1e-13);  // mpmath
}

TEST(ScoreRatioIntervalTest, HoldsItsPropertiesForRandomCounts) {
  std::mt19937_64 random(20'261'126);
  for (int round = 0; round < 5000; ++round) {
    const Arms<Proportion> arms = {RandomProportion(random), RandomProportion(random)};
    if (arms.control.successes == 0 || arms.treatment.successes == 0) continue;
    const auto interval = ScoreRatioInterval(arms, 0.9);
    const auto swapped = ScoreRatioInterval({arms.treatment, arms.control}, 0.9);
    const auto ratio = RatioOfProportions(arms);
    ASSERT_THAT(interval, IsOk());
    ASSERT_THAT(ratio, IsOk());
    EXPECT_LT(interval->lower, *ratio);
    EXPECT_GT(interval->upper, *ratio);
    EXPECT_EQ(interval->lower, 1 / swapped->upper);
    // Ratio and difference test the same thing at 1 and 0: equal shares.
    const auto difference = ScoreDifferenceInterval(arms, 0.9);
    EXPECT_EQ(interval->lower > 1, difference->lower > 0);
    EXPECT_EQ(interval->upper < 1, difference->upper < 0);
  }
}

TEST(ScoreRatioIntervalTest, RefusesArmsWithoutSuccesses) {
  EXPECT_THAT(ScoreRatioInterval({{0, 20}, {0, 30}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("neither arm")));
}

TEST(ScoreTestAboveTest, IsThePooledTestAtMarginZero) {
  for (const Arms<Proportion>& arms :
       {Arms<Proportion>{{100, 1000}, {130, 1000}}, Arms<Proportion>{{0, 50}, {5, 20}},
        Arms<Proportion>{{999'990, 1'000'000}, {7, 7}}}) {
    const auto pooled = PooledZTest(arms, Alternative::kGreater);
    const auto without = ScoreTestAbove(arms, 0, ScoreVariance::kFarringtonManning);
    const auto with = ScoreTestAbove(arms, 0, ScoreVariance::kMiettinenNurminen);
    ASSERT_THAT(pooled, IsOk());
    ASSERT_THAT(without, IsOk());
    ASSERT_THAT(with, IsOk());
    EXPECT_NEAR(without->statistic, pooled->statistic, 1e-13 * std::abs(pooled->statistic));
    EXPECT_NEAR(without->log_p_value, pooled->log_p_value, 1e-12 * std::abs(pooled->log_p_value));
    const auto units = static_cast<double>(arms.control.trials + arms.treatment.trials);
    EXPECT_NEAR(with->statistic, pooled->statistic * std::sqrt((units - 1) / units),
                1e-13 * std::abs(pooled->statistic));
  }
}

TEST(ScoreTestAboveTest, MatchesTheClosedFormAtTheEnds) {
  // All of both succeeded: the most likely shares 0.2 apart are 0.8 and 1, so z = 0.2 / sqrt(0.016)
  // and with the factor 20/19 less.
  const auto without =
      ScoreTestAbove({{10, 10}, {10, 10}}, -0.2, ScoreVariance::kFarringtonManning);
  const auto with = ScoreTestAbove({{10, 10}, {10, 10}}, -0.2, ScoreVariance::kMiettinenNurminen);
  ASSERT_THAT(without, IsOk());
  ASSERT_THAT(with, IsOk());
  EXPECT_NEAR(without->statistic, std::sqrt(2.5), 1e-14);
  EXPECT_NEAR(without->p_value, std::erfc(std::sqrt(1.25)) / 2, 1e-15);
  EXPECT_NEAR(with->statistic, std::sqrt(2.375), 1e-14);
}

TEST(ScoreTestAboveTest, KeepsItsDigitsForBillions) {
  // mpmath. Without successes in the arm that should be worse, V = (p_c + d) (1 - p_c - d) / n_t.
  EXPECT_NEAR(
      ScoreTestAbove({{1000, kBillion}, {1100, kBillion}}, -1e-9, ScoreVariance::kFarringtonManning)
          ->statistic,
      2.2039766109796292, 1e-12);
  EXPECT_NEAR(
      ScoreTestAbove({{0, 2 * kBillion}, {3, kBillion}}, 1e-7, ScoreVariance::kFarringtonManning)
          ->statistic,
      -9.7000004850000361, 1e-12);
  EXPECT_NEAR(ScoreTestAbove({{kBillion - 20, kBillion}, {kBillion - 3, kBillion}}, 1e-7,
                             ScoreVariance::kFarringtonManning)
                  ->statistic,
              -8.1652710973884055, 1e-12);
}

TEST(ScoreTestAboveTest, KeepsTheLogarithmOfAPValueThatUnderflows) {
  // Mirrored arms: z = (e - d) / sqrt((1 - d^2) / (2n)) = 0.3 / sqrt(0.99 / 2e6) = 426.4, and
  // ln p = -z^2/2 - ln(z sqrt(2 pi)) but for 1/z^2.
  const auto test = ScoreTestAbove({{400'000, 1'000'000}, {600'000, 1'000'000}}, -0.1,
                                   ScoreVariance::kFarringtonManning);
  ASSERT_THAT(test, IsOk());
  const double z = 0.3 / std::sqrt(0.99 / 2e6);
  EXPECT_EQ(test->p_value, 0);
  EXPECT_NEAR(test->statistic, z, 1e-11);
  EXPECT_NEAR(test->log_p_value, -z * z / 2 - std::log(z * std::sqrt(2 * std::acos(-1.0))), 1e-5);
}

TEST(ScoreTestAboveTest, KnowsNothingAtTheEstimateItself) {
  const auto test = ScoreTestAbove({{10, 20}, {15, 20}}, 0.25, ScoreVariance::kMiettinenNurminen);
  ASSERT_THAT(test, IsOk());
  EXPECT_EQ(test->statistic, 0);
  EXPECT_EQ(test->p_value, 0.5);
}

TEST(ScoreTestAboveTest, RejectsAMarginThatNoDifferenceReaches) {
  for (const double margin : {-1.0, 1.0, 5.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(ScoreTestAbove({{1, 2}, {1, 2}}, margin, ScoreVariance::kMiettinenNurminen),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("margin is ")));
  }
}

TEST(ScoreTestAboveTest, RefusesEqualFatesAtMarginZero) {
  EXPECT_THAT(ScoreTestAbove({{0, 25}, {0, 30}}, 0, ScoreVariance::kMiettinenNurminen),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("margin 0")));
  EXPECT_THAT(ScoreTestAbove({{25, 25}, {30, 30}}, 0, ScoreVariance::kFarringtonManning),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("margin 0")));
  EXPECT_THAT(ScoreTestAbove({{0, 25}, {0, 30}}, -1e-6, ScoreVariance::kMiettinenNurminen), IsOk());
}

TEST(TwoProportionsScoreTest, RejectsImpossibleArguments) {
  const Proportion good = {5, 10};
  EXPECT_THAT(ScoreDifferenceInterval({{-1, 10}, good}, 0.95),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("control.successes is -1")));
  EXPECT_THAT(ScoreRatioInterval({good, {11, 10}}, 0.95),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("treatment.successes is 11")));
  EXPECT_THAT(ScoreTestAbove({good, {0, 0}}, 0, ScoreVariance::kMiettinenNurminen),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("treatment.trials is 0")));
  EXPECT_THAT(ScoreDifferenceInterval({good, good}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("level is 0")));
  EXPECT_THAT(ScoreRatioInterval({good, good}, 95),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("level is 95")));
}

TEST(ScoreRatioIntervalTest, HoldsForCountsThatDoublesRound) {
  constexpr std::int64_t kMany = std::int64_t{1} << 54;
  for (const std::int64_t less : {0, 1, 2, 3, 1'000}) {
    const Arms<Proportion> arms = {{kMany - less, kMany}, {kMany - 1, kMany + 1}};
    const auto interval = ScoreRatioInterval(arms, 0.95);
    ASSERT_THAT(interval, IsOk());
    EXPECT_LE(interval->lower, internal::RatioOfShares(arms));
    EXPECT_GE(interval->upper, internal::RatioOfShares(arms));
    EXPECT_NEAR(interval->lower, 1, 1e-7);
    EXPECT_NEAR(interval->upper, 1, 1e-7);
  }
}

}  // namespace
}  // namespace insightloop::stats
