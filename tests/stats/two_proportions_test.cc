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
  EXPECT_NEAR(result->absolute_effect, expected.effect, 1e-13);
  EXPECT_NEAR(result->absolute_effect / result->standard_error, expected.z, 1e-7);
  EXPECT_NEAR(result->p_value / expected.p_value, 1, 1e-6);
  EXPECT_NEAR(result->log_p_value, std::log(expected.p_value), 1e-6);
  EXPECT_NEAR(result->interval.lower, expected.lower, 1e-12);
  EXPECT_NEAR(result->interval.upper, expected.upper, 1e-12);
  EXPECT_EQ(result->interval.level, 0.95);
  EXPECT_EQ(result->degrees_of_freedom, std::nullopt);
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
  EXPECT_DOUBLE_EQ(result->absolute_effect, 0.25);
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
  EXPECT_DOUBLE_EQ(successes->absolute_effect, 9e-6);
  EXPECT_EQ(successes->absolute_effect, -failures->absolute_effect);
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
  EXPECT_EQ(result->absolute_effect, 0);
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
    EXPECT_EQ(swapped->absolute_effect, -result->absolute_effect);
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

}  // namespace
}  // namespace insightloop::stats
