// SPDX-License-Identifier: Apache-2.0

#include "stats/two_proportions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

// Visits and conversions of the e-mail campaign published by Kevin Hillstrom, "The MineThatData
// E-Mail Analytics And Data Mining Challenge", 2008: three arms, 64,000 customers. The figures
// below are the unpooled z test on its counts, computed with mpmath 1.3.0 at 40 digits.
constexpr std::int64_t kMens = 21'307;
constexpr std::int64_t kWomens = 21'387;
constexpr std::int64_t kNoEmail = 21'306;

struct Figures {
  double effect;
  double z;
  double p_value;
  double lower;
  double upper;
};

void ExpectFigures(const Arms<Proportion>& arms, const Figures& expected) {
  const auto result = CompareProportions(arms, 0.95);
  ASSERT_THAT(result, IsOk());
  // The figures are given to 8 digits or more.
  EXPECT_NEAR(result->effect, expected.effect, 1e-13);
  EXPECT_NEAR(result->effect / result->standard_error, expected.z, 1e-7);
  EXPECT_NEAR(result->p_value / expected.p_value, 1, 1e-6);
  EXPECT_NEAR(result->log_p_value, std::log(expected.p_value), 1e-6);
  EXPECT_NEAR(result->interval.lower, expected.lower, 1e-12);
  EXPECT_NEAR(result->interval.upper, expected.upper, 1e-12);
  EXPECT_EQ(result->interval.level, 0.95);
  EXPECT_EQ(result->degrees_of_freedom, std::nullopt);
}

TEST(ProportionDifferenceTest, AddsTheUnpooledVariances) {
  // By hand: 0.5 (1 - 0.5) = 0.25 and 0.75 (1 - 0.75) = 0.1875.
  const auto difference = ProportionDifference({.control = {5, 10}, .treatment = {21, 28}});
  ASSERT_THAT(difference, IsOk());
  EXPECT_DOUBLE_EQ(difference->effect, 0.25);
  EXPECT_DOUBLE_EQ(difference->standard_error, std::sqrt(0.25 / 10 + 0.1875 / 28));
  EXPECT_EQ(difference->degrees_of_freedom, std::nullopt);
}

TEST(ProportionDifferenceTest, LeavesAZeroVarianceToTheTest) {
  const auto difference = ProportionDifference({.control = {0, 10}, .treatment = {7, 7}});
  ASSERT_THAT(difference, IsOk());
  EXPECT_EQ(difference->effect, 1);
  EXPECT_EQ(difference->standard_error, 0);
}

TEST(ProportionDifferenceTest, NamesAWrongCount) {
  EXPECT_THAT(ProportionDifference({.control = {5, 10}, .treatment = {-1, 10}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("treatment.successes is -1")));
}

TEST(CompareProportionsTest, MatchesHillstromsVisits) {
  ExpectFigures({.control = {2262, kNoEmail}, .treatment = {3894, kMens}},
                {.effect = 0.0765895636515313,
                 .z = 22.62076161,
                 .p_value = 2.7076558e-113,
                 .lower = 0.0699535012181,
                 .upper = 0.083225626085});
  ExpectFigures({.control = {2262, kNoEmail}, .treatment = {3238, kWomens}},
                {.effect = 0.045233106587053,
                 .z = 13.98506597,
                 .p_value = 1.9229846e-44,
                 .lower = 0.0388938258126,
                 .upper = 0.0515723873615});
}

TEST(CompareProportionsTest, MatchesHillstromsConversions) {
  ExpectFigures({.control = {122, kNoEmail}, .treatment = {267, kMens}},
                {.effect = 0.00680500651961569,
                 .z = 7.389909141,
                 .p_value = 1.4692918e-13,
                 .lower = 0.00500017138045,
                 .upper = 0.00860984165878});
  ExpectFigures({.control = {122, kNoEmail}, .treatment = {189, kWomens}},
                {.effect = 0.00311105751108526,
                 .z = 3.781715135,
                 .p_value = 0.00015575154,
                 .lower = 0.0014986778214,
                 .upper = 0.00472343720077});
}

TEST(CompareProportionsTest, FindsNoDifferenceInALandingPageTest) {
  // A landing page test of 2017, records as they are: 17,468 of 144,300 converted on the old page,
  // 17,268 of 144,389 on the new one. Figures with mpmath as above.
  ExpectFigures({.control = {17'468, 144'300}, .treatment = {17'268, 144'389}},
                {.effect = -0.0014597632031093,
                 .z = -1.205401049,
                 .p_value = 0.22804852,
                 .lower = -0.00383331622731,
                 .upper = 0.000913789821089});
}

TEST(CompareProportionsTest, MatchesTheClosedForm) {
  // By hand: 1/2 - 1/4 = 1/4, variance (1/4 + 3/16) / 100 = 0.004375.
  const auto result = CompareProportions({.control = {25, 100}, .treatment = {50, 100}}, 0.9);
  ASSERT_THAT(result, IsOk());
  const double error = std::sqrt(0.0025 + 0.001875);
  EXPECT_DOUBLE_EQ(result->effect, 0.25);
  EXPECT_DOUBLE_EQ(result->standard_error, error);
  EXPECT_DOUBLE_EQ(result->p_value, std::erfc(0.25 / error / std::sqrt(2.0)));
}

TEST(CompareProportionsTest, KeepsTheDigitsOfSharesNextToOne) {
  // 9 fewer failures in a million: (10 - 1) / 10^6, to the last digit, and the same test as on the
  // failures.
  const std::int64_t n = 1'000'000;
  const auto successes = CompareProportions({{n - 10, n}, {n - 1, n}}, 0.95);
  const auto failures = CompareProportions({{10, n}, {1, n}}, 0.95);
  ASSERT_THAT(successes, IsOk());
  ASSERT_THAT(failures, IsOk());
  EXPECT_DOUBLE_EQ(successes->effect, 9e-6);
  EXPECT_EQ(successes->effect, -failures->effect);
  EXPECT_EQ(successes->p_value, failures->p_value);
}

TEST(CompareProportionsTest, KeepsTheLogarithmOfAPValueThatUnderflows) {
  // 40 % against 46 % of a million: z = 85.85457, log10 p = -1602.625795908925 (mpmath, 40 digits).
  const auto result = CompareProportions({{400'000, 1'000'000}, {460'000, 1'000'000}}, 0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->p_value, 0);
  EXPECT_NEAR(result->log_p_value / std::log(10), -1602.625795908925, 1e-9);
}

TEST(CompareProportionsTest, TakesTheLargestCounts) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto result = CompareProportions({{most / 2, most}, {most / 2, most}}, 0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->effect, 0);
  EXPECT_EQ(result->p_value, 1);
  EXPECT_NEAR(result->standard_error * std::sqrt(static_cast<double>(most)), std::sqrt(0.5), 1e-12);
}

TEST(CompareProportionsTest, HoldsItsPropertiesForRandomCounts) {
  std::mt19937_64 random(20'261'122);
  for (int round = 0; round < 2000; ++round) {
    const auto trials = static_cast<std::int64_t>(2 + random() % 5000);
    const auto other_trials = static_cast<std::int64_t>(2 + random() % 5000);
    std::uniform_int_distribution<std::int64_t> some(1, trials - 1);  // so that a variance is left
    std::uniform_int_distribution<std::int64_t> any(0, other_trials);
    const Arms<Proportion> arms = {{some(random), trials}, {any(random), other_trials}};
    const double level = 0.5 + 0.499 * static_cast<double>(random() % 1000) / 1000;
    const auto result = CompareProportions(arms, level);
    const auto swapped = CompareProportions({arms.treatment, arms.control}, level);
    const auto larger =
        CompareProportions({{10 * arms.control.successes, 10 * arms.control.trials},
                            {10 * arms.treatment.successes, 10 * arms.treatment.trials}},
                           level);
    ASSERT_THAT(result, IsOk());
    ASSERT_THAT(swapped, IsOk());
    ASSERT_THAT(larger, IsOk());
    // Swapping the arms turns the sign and nothing else.
    EXPECT_EQ(swapped->effect, -result->effect);
    EXPECT_EQ(swapped->interval.lower, -result->interval.upper);
    EXPECT_EQ(swapped->p_value, result->p_value);
    // Test and interval agree.
    const bool excludes_zero = result->interval.lower > 0 || result->interval.upper < 0;
    EXPECT_EQ(excludes_zero, result->p_value < 1 - level);
    // Ten times the data at the same shares: the error shrinks by sqrt(10).
    EXPECT_NEAR(larger->standard_error * std::sqrt(10.0) / result->standard_error, 1, 1e-14);
    EXPECT_LE(larger->p_value, result->p_value);
  }
}

TEST(CompareProportionsTest, RejectsImpossibleCounts) {
  const Proportion good = {5, 10};
  EXPECT_THAT(CompareProportions({{-1, 10}, good}, 0.95),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("control.successes is -1")));
  EXPECT_THAT(CompareProportions({good, {0, -2}}, 0.95),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("treatment.trials is -2")));
  EXPECT_THAT(CompareProportions({good, {11, 10}}, 0.95),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("treatment.successes is 11")));
}

TEST(CompareProportionsTest, RejectsALevelThatIsNone) {
  for (const double level : {0.0, 1.0, -0.95, 95.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(CompareProportions({{5, 10}, {6, 10}}, level),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("level is ")));
  }
}

TEST(CompareProportionsTest, RefusesAnArmWithoutTrials) {
  EXPECT_THAT(CompareProportions({{0, 0}, {6, 10}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("control.trials is 0")));
}

TEST(CompareProportionsTest, RefusesArmsWithoutVariance) {
  EXPECT_THAT(CompareProportions({{0, 25}, {0, 25}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("variance")));
  EXPECT_THAT(CompareProportions({{0, 25}, {25, 25}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("variance")));
  EXPECT_THAT(CompareProportions({{0, 25}, {24, 25}}, 0.95), IsOk());
}

constexpr double kZ = 1.95996398454005424;  // normal quantile of 0.975; mpmath, 40 digits
constexpr std::int64_t kBillion = 1'000'000'000;

void ExpectEnds(const absl::StatusOr<Interval>& interval, double lower, double upper,
                double tolerance) {
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->lower, lower, tolerance);
  EXPECT_NEAR(interval->upper, upper, tolerance);
  EXPECT_EQ(interval->level, 0.95);
}

TEST(PooledZTestTest, MatchesTheClosedForm) {
  // By hand: common share 1/2, so that z = 0.02 / sqrt(1/4 * 2/100) = sqrt(0.08).
  const auto test =
      PooledZTest({.control = {49, 100}, .treatment = {51, 100}}, Alternative::kTwoSided);
  ASSERT_THAT(test, IsOk());
  EXPECT_NEAR(test->statistic, std::sqrt(0.08), 1e-15);
  EXPECT_NEAR(test->p_value, std::erfc(0.2), 1e-15);
  EXPECT_NEAR(test->log_p_value, std::log(std::erfc(0.2)), 1e-14);
}

TEST(PooledZTestTest, IsTheRootOfPearsonsChiSquare) {
  // N (ad - bc)^2 / (r1 r2 c1 c2) of the table 1 19 / 6 16, to the rounding of its root.
  const auto test = PooledZTest({{1, 20}, {6, 22}}, Alternative::kTwoSided);
  ASSERT_THAT(test, IsOk());
  const double ad_minus_bc = 6 * 19 - 16 * 1;
  EXPECT_NEAR(test->statistic, ad_minus_bc * std::sqrt(42.0 / (20 * 22 * 7 * 35)), 1e-14);
}

TEST(PooledZTestTest, SplitsTheTwoSidesBetweenTheDirections) {
  const Arms<Proportion> arms = {{100, 1000}, {130, 1000}};
  const auto both = PooledZTest(arms, Alternative::kTwoSided);
  const auto greater = PooledZTest(arms, Alternative::kGreater);
  const auto less = PooledZTest(arms, Alternative::kLess);
  EXPECT_DOUBLE_EQ(greater->p_value, both->p_value / 2);
  EXPECT_DOUBLE_EQ(less->p_value, 1 - both->p_value / 2);
  EXPECT_EQ(less->statistic, both->statistic);
  EXPECT_GT(both->statistic, 0);
}

TEST(PooledZTestTest, KeepsTheLogarithmOfAPValueThatUnderflows) {
  // log10 p = -1596.7476634678576 (mpmath, 40 digits).
  const auto test =
      PooledZTest({{400'000, 1'000'000}, {460'000, 1'000'000}}, Alternative::kTwoSided);
  ASSERT_THAT(test, IsOk());
  EXPECT_EQ(test->p_value, 0);
  EXPECT_NEAR(test->log_p_value / std::log(10), -1596.7476634678576, 1e-9);
}

TEST(PooledZTestTest, IsTheSameForFailuresNextToOne) {
  const auto successes =
      PooledZTest({{kBillion - 10, kBillion}, {kBillion - 1, kBillion}}, Alternative::kGreater);
  const auto failures = PooledZTest({{10, kBillion}, {1, kBillion}}, Alternative::kLess);
  EXPECT_NEAR(successes->statistic, -failures->statistic, 1e-15);
  EXPECT_NEAR(successes->p_value, failures->p_value, 1e-15);
}

TEST(PooledZTestTest, RefusesArmsWithoutACommonVariance) {
  EXPECT_THAT(PooledZTest({{0, 25}, {0, 30}}, Alternative::kTwoSided),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("both arms failed")));
  EXPECT_THAT(PooledZTest({{25, 25}, {30, 30}}, Alternative::kLess),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("both arms succeeded")));
  EXPECT_THAT(PooledZTest({{0, 30}, {30, 30}}, Alternative::kTwoSided), IsOk());
}

TEST(NewcombeIntervalTest, MatchesNewcombesTable) {
  // Newcombe, "Interval Estimation for the Difference Between Independent Proportions", Statistics
  // in Medicine 17 (1998), table II, examples (a) to (h), method 10; four decimals.
  struct Row {
    Proportion treatment;
    Proportion control;
    double lower;
    double upper;
  };
  for (const Row& row :
       {Row{{56, 70}, {48, 80}, 0.0524, 0.3339}, Row{{9, 10}, {3, 10}, 0.1705, 0.8090},
        Row{{6, 7}, {2, 7}, 0.0582, 0.8062}, Row{{5, 56}, {0, 29}, -0.0381, 0.1926},
        Row{{0, 10}, {0, 20}, -0.1611, 0.2775}, Row{{0, 10}, {0, 10}, -0.2775, 0.2775},
        Row{{10, 10}, {0, 20}, 0.6791, 1}, Row{{10, 10}, {0, 10}, 0.6075, 1}}) {
    ExpectEnds(NewcombeInterval({.control = row.control, .treatment = row.treatment}, 0.95),
               row.lower, row.upper, 0.000051);
  }
}

TEST(NewcombeIntervalTest, MatchesTheClosedFormWithoutSuccesses) {
  // Wilson's upper ends alone: z^2 / (n + z^2) of each arm.
  ExpectEnds(NewcombeInterval({{0, kBillion}, {0, 50}}, 0.95), -kZ * kZ / (kBillion + kZ * kZ),
             kZ * kZ / (50 + kZ * kZ), 1e-16);
}

TEST(NewcombeIntervalTest, StaysInsideItsRange) {
  for (const std::int64_t n : {1L, 2L, 30L, 1'000'000L}) {
    const auto interval = NewcombeInterval({{0, n}, {n, n}}, 0.999);
    ASSERT_THAT(interval, IsOk());
    EXPECT_EQ(interval->upper, 1);
    EXPECT_GE(interval->lower, -1);
  }
}

TEST(AgrestiCaffoIntervalTest, MatchesTheClosedForm) {
  // By hand: 0 of 8 and 8 of 8 become 1 and 9 of 10; 0.8 -+ z sqrt(2 * 0.09 / 10).
  const double half = kZ * std::sqrt(0.018);
  ExpectEnds(AgrestiCaffoInterval({{0, 8}, {8, 8}}, 0.95), 0.8 - half, 0.8 + half, 1e-15);
}

TEST(AgrestiCaffoIntervalTest, RefusesTrialsWithoutRoomForMore) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(AgrestiCaffoInterval({{5, 10}, {5, most - 1}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("room for 2 more")));
  EXPECT_THAT(AgrestiCaffoInterval({{5, 10}, {5, most - 2}}, 0.95), IsOk());
}

TEST(RatioOfProportionsTest, DividesTheShares) {
  EXPECT_DOUBLE_EQ(*RatioOfProportions({{1, 20}, {6, 22}}), 60.0 / 11);
  EXPECT_EQ(*RatioOfProportions({{1, 20}, {0, 22}}), 0);
  EXPECT_THAT(RatioOfProportions({{0, 20}, {6, 22}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("control.successes is 0")));
}

TEST(LogRatioIntervalTest, MatchesTheClosedForm) {
  // By hand: ratio 2, squared error of its logarithm 90 / (10 * 100) + 80 / (20 * 100) = 0.13.
  const double half = kZ * std::sqrt(0.13);
  ExpectEnds(LogRatioInterval({.control = {10, 100}, .treatment = {20, 100}}, 0.95),
             2 * std::exp(-half), 2 * std::exp(half), 1e-14);
}

TEST(LogRatioIntervalTest, KeepsItsDigitsNextToOne) {
  // Squared error 20 / n^2 + 3 / n^2, but for parts in n.
  const auto interval =
      LogRatioInterval({{kBillion - 20, kBillion}, {kBillion - 3, kBillion}}, 0.95);
  const double half = kZ * std::sqrt(23.0) * 1e-9;
  ExpectEnds(interval, 1 + 17e-9 - half, 1 + 17e-9 + half, 1e-15);
}

TEST(LogRatioIntervalTest, RefusesArmsWithoutSuccessesOrFailures) {
  EXPECT_THAT(LogRatioInterval({{0, 20}, {6, 22}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("control.successes is 0")));
  EXPECT_THAT(
      LogRatioInterval({{6, 22}, {0, 20}}, 0.95),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("treatment.successes is 0")));
  EXPECT_THAT(LogRatioInterval({{20, 20}, {22, 22}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no standard error")));
}

TEST(AdjustedLogRatioIntervalTest, MatchesTheClosedFormWithoutSuccesses) {
  // By hand: 1/2 of 20.5 in both arms, squared error 2 * 20 / (0.5 * 20.5).
  const double half = kZ * std::sqrt(40 / 10.25);
  ExpectEnds(AdjustedLogRatioInterval({{0, 20}, {0, 20}}, 0.95), std::exp(-half), std::exp(half),
             1e-12);
  // 5.5 of 10.5 against 1/2 of 20.5.
  const double ratio = 5.5 / 10.5 / (0.5 / 20.5);
  const double other = kZ * std::sqrt(20 / 10.25 + 5 / (5.5 * 10.5));
  ExpectEnds(AdjustedLogRatioInterval({{0, 20}, {5, 10}}, 0.95), ratio * std::exp(-other),
             ratio * std::exp(other), 1e-11);
}

TEST(AdjustedLogRatioIntervalTest, RefusesArmsWithoutFailures) {
  EXPECT_THAT(AdjustedLogRatioInterval({{20, 20}, {22, 22}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no standard error")));
  EXPECT_THAT(AdjustedLogRatioInterval({{20, 20}, {21, 22}}, 0.95), IsOk());
}

TEST(TwoProportionsTest, RejectsImpossibleArguments) {
  using IntervalFunction = absl::StatusOr<Interval> (*)(const Arms<Proportion>&, double);
  const Proportion good = {5, 10};
  for (const IntervalFunction interval :
       {IntervalFunction{NewcombeInterval}, IntervalFunction{AgrestiCaffoInterval},
        IntervalFunction{LogRatioInterval}, IntervalFunction{AdjustedLogRatioInterval}}) {
    EXPECT_THAT(interval({{-1, 10}, good}, 0.95),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("control.successes is -1")));
    EXPECT_THAT(interval({good, {0, 0}}, 0.95), StatusIs(absl::StatusCode::kFailedPrecondition,
                                                         HasSubstr("treatment.trials is 0")));
    EXPECT_THAT(interval({good, good}, 1.5),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("level is 1.5")));
  }
  EXPECT_THAT(PooledZTest({good, {11, 10}}, Alternative::kTwoSided),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("treatment.successes is 11")));
  EXPECT_THAT(RatioOfProportions({{3, -2}, good}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("control.trials is -2")));
}

}  // namespace
}  // namespace insightloop::stats
