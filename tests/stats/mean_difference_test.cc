// SPDX-License-Identifier: Apache-2.0

#include "stats/mean_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "stats/exact_sums.h"
#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Moments MomentsOf(const std::vector<std::int64_t>& steps, double resolution) {
  ExactSums sums;
  for (const std::int64_t value : steps) sums.Add(value);
  return sums.ToMoments(resolution).value();
}

// How many respondents gave the answers 1, 2, 3, ...
Moments MomentsOfAnswers(const std::vector<int>& respondents) {
  ExactSums sums;
  for (std::size_t k = 0; k < respondents.size(); ++k) {
    for (int i = 0; i < respondents[k]; ++i) sums.Add(static_cast<std::int64_t>(k) + 1);
  }
  return sums.ToMoments(1).value();
}

TEST(CompareMeansTest, MatchesStudentsSleepData) {
  // Extra hours of sleep under two drugs (Student, "The probable error of a mean", Biometrika 6,
  // 1908). R's example(t.test) prints for first - second: t = -1.8608, df = 17.776, p-value =
  // 0.07939, interval -3.3654832 0.2054832.
  const auto result =
      CompareMeans({.control = MomentsOf({19, 8, 11, 1, -1, 44, 55, 16, 46, 34}, 0.1),
                    .treatment = MomentsOf({7, -16, -2, -12, -1, 34, 37, 8, 0, 20}, 0.1)},
                   0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->effect, 0.75 - 2.33, 1e-15);
  EXPECT_NEAR(result->effect / result->standard_error, -1.8608, 5e-5);
  EXPECT_NEAR(result->degrees_of_freedom.value(), 17.776, 5e-4);
  EXPECT_NEAR(result->p_value, 0.07939, 5e-6);
  EXPECT_NEAR(result->interval.lower, -3.3654832, 5e-8);
  EXPECT_NEAR(result->interval.upper, 0.2054832, 5e-8);
}

TEST(CompareMeansTest, MatchesHillstromsSpend) {
  // Spend of Kevin Hillstrom's e-mail campaign of 2008, from n, mean and standard deviation to six
  // decimals: t 5.3001, df 36671.2, p 1.164e-07, [+0.485140, +1.054515] (SciPy 1.10).
  const auto result = CompareMeans(
      {.control = {.count = 21'306, .mean = 0.652789, .sample_variance = 11.588200 * 11.588200},
       .treatment = {.count = 21'307, .mean = 1.422617, .sample_variance = 17.754205 * 17.754205}},
      0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->effect, 0.769828, 1e-12);
  EXPECT_NEAR(result->effect / result->standard_error, 5.3001, 5e-5);
  EXPECT_NEAR(result->degrees_of_freedom.value(), 36'671.2, 0.05);
  EXPECT_NEAR(result->p_value, 1.164e-7, 5e-11);
  EXPECT_NEAR(result->interval.lower, 0.485140, 1.5e-6);
  EXPECT_NEAR(result->interval.upper, 1.054515, 1.5e-6);
}

TEST(CompareMeansTest, MatchesTheMeanSatisfactionOfAnAirport) {
  // San Francisco International Airport, customer surveys of 2017 and 2018, "SFO as a whole",
  // respondents per answer 1 to 5. 2018 against 2017: -0.061693 [-0.100044, -0.023343], t -3.1537,
  // df 5291.2, p 0.001621 (SciPy 1.10).
  const auto result = CompareMeans({.control = MomentsOfAnswers({6, 32, 444, 1507, 699}),
                                    .treatment = MomentsOfAnswers({6, 46, 514, 1428, 631})},
                                   0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->effect, -0.061693, 5e-7);
  EXPECT_NEAR(result->effect / result->standard_error, -3.1537, 5e-5);
  EXPECT_NEAR(result->degrees_of_freedom.value(), 5291.2, 0.05);
  EXPECT_NEAR(result->p_value, 0.001621, 5e-7);
  EXPECT_NEAR(result->interval.lower, -0.100044, 5e-7);
  EXPECT_NEAR(result->interval.upper, -0.023343, 5e-7);
}

TEST(CompareMeansTest, MatchesTheClosedFormForTwoUnitsEach) {
  // Equal variances and two units each give two degrees of freedom, where
  // p = 1 - t / sqrt(2 + t^2) and the quantile of p = 0.05 is 0.95 * sqrt(2 / (1 - 0.95^2)).
  const Moments control = {.count = 2, .mean = 1, .sample_variance = 4};
  const Moments treatment = {.count = 2, .mean = 7, .sample_variance = 4};
  const auto result = CompareMeans({control, treatment}, 0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->degrees_of_freedom.value(), 2);
  EXPECT_DOUBLE_EQ(result->standard_error, 2);
  EXPECT_NEAR(result->p_value, 1 - 3 / std::sqrt(11.0), 1e-15);
  EXPECT_NEAR(result->interval.upper, 6 + 2 * 0.95 * std::sqrt(2 / (1 - 0.95 * 0.95)), 1e-12);
}

TEST(CompareMeansTest, HasTheDegreesOfTheOnlyArmThatVaries) {
  // By hand: with one variance of 0 the formula leaves the other arm's n - 1.
  const auto result = CompareMeans({{.count = 500, .mean = 10, .sample_variance = 0},
                                    {.count = 100, .mean = 10.5, .sample_variance = 4}},
                                   0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_DOUBLE_EQ(result->degrees_of_freedom.value(), 99);
  EXPECT_DOUBLE_EQ(result->standard_error, 0.2);
}

TEST(CompareMeansTest, KeepsTheLogarithmOfAPValueThatUnderflows) {
  // t = 707.1 on 1,999,998 degrees: log10 p = -96912.90204774472 (mpmath 1.2.1, 40 digits).
  const auto result = CompareMeans({{.count = 1'000'000, .mean = 10, .sample_variance = 1},
                                    {.count = 1'000'000, .mean = 11, .sample_variance = 1}},
                                   0.95);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->p_value, 0);
  EXPECT_NEAR(result->log_p_value / std::log(10), -96912.90204774472, 1e-8);
}

TEST(CompareMeansTest, HoldsItsPropertiesForRandomMoments) {
  std::mt19937_64 random(20'261'122);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::uniform_int_distribution<std::int64_t> counts(2, 3000);
  for (int round = 0; round < 2000; ++round) {
    const Arms<Moments> arms = {
        {.count = counts(random), .mean = uniform(random), .sample_variance = uniform(random)},
        {.count = counts(random), .mean = uniform(random), .sample_variance = uniform(random)}};
    const double level = 0.5 + 0.499 * uniform(random);
    const auto scale = [](Moments moments) {
      moments.mean *= -1024;
      *moments.sample_variance *= 1024 * 1024;
      return moments;
    };
    const auto result = CompareMeans(arms, level);
    const auto swapped = CompareMeans({arms.treatment, arms.control}, level);
    const auto scaled = CompareMeans({scale(arms.control), scale(arms.treatment)}, level);
    ASSERT_THAT(result, IsOk());
    ASSERT_THAT(swapped, IsOk());
    ASSERT_THAT(scaled, IsOk());
    // Swapping the arms turns the sign and nothing else.
    EXPECT_EQ(swapped->effect, -result->effect);
    EXPECT_NEAR(swapped->p_value, result->p_value, 1e-14 * result->p_value);
    // Scaling the metric, by a power of two to be exact, scales the effect and leaves the test.
    EXPECT_EQ(scaled->effect, -1024 * result->effect);
    EXPECT_EQ(scaled->interval.upper, -1024 * result->interval.lower);
    EXPECT_EQ(scaled->p_value, result->p_value);
    // Test and interval agree.
    const bool excludes_zero = result->interval.lower > 0 || result->interval.upper < 0;
    EXPECT_EQ(excludes_zero, result->p_value < 1 - level);
    // Satterthwaite's degrees lie between the smaller n - 1 and the sum of both.
    const double degrees = result->degrees_of_freedom.value();
    const auto n = static_cast<double>(arms.control.count - 1);
    const auto m = static_cast<double>(arms.treatment.count - 1);
    EXPECT_GE(degrees, std::min(n, m) * (1 - 1e-14));
    EXPECT_LE(degrees, (n + m) * (1 + 1e-14));
  }
}

TEST(CompareMeansTest, RejectsMomentsThatCannotBe) {
  const Moments good = {.count = 10, .mean = 1, .sample_variance = 1};
  const auto with = [&good](std::int64_t count, double mean, std::optional<double> variance) {
    return CompareMeans({good, {.count = count, .mean = mean, .sample_variance = variance}}, 0.95);
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(with(-1, 1, 1), StatusIs(kInvalid, HasSubstr("treatment.count is -1")));
  EXPECT_THAT(with(10, kNan, 1), StatusIs(kInvalid, HasSubstr("treatment.mean is nan")));
  EXPECT_THAT(with(10, kInfinity, 1), StatusIs(kInvalid, HasSubstr("treatment.mean is inf")));
  EXPECT_THAT(with(10, 1, -2), StatusIs(kInvalid, HasSubstr("treatment.sample_variance is -2")));
  EXPECT_THAT(with(10, 1, kNan), StatusIs(kInvalid, HasSubstr("treatment.sample_variance is nan")));
  EXPECT_THAT(with(10, 1, std::nullopt),
              StatusIs(kInvalid, HasSubstr("treatment.sample_variance is missing")));
  EXPECT_THAT(CompareMeans({{.count = -5, .mean = 1, .sample_variance = 1}, good}, 0.95),
              StatusIs(kInvalid, HasSubstr("control.count is -5")));
}

TEST(CompareMeansTest, RejectsALevelThatIsNone) {
  const Moments good = {.count = 10, .mean = 1, .sample_variance = 1};
  for (const double level : {0.0, 1.0, 95.0, kNan}) {
    EXPECT_THAT(CompareMeans({good, good}, level),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("level is ")));
  }
}

TEST(CompareMeansTest, RefusesAnArmWithFewerThanTwoUnits) {
  const Moments good = {.count = 10, .mean = 1, .sample_variance = 1};
  EXPECT_THAT(CompareMeans({{.count = 1, .mean = 3, .sample_variance = {}}, good}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("control.count is 1")));
  EXPECT_THAT(CompareMeans({good, {}}, 0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("treatment.count is 0")));
}

TEST(CompareMeansTest, RefusesArmsWithoutVariance) {
  EXPECT_THAT(CompareMeans({{.count = 20, .mean = 5, .sample_variance = 0},
                            {.count = 20, .mean = 6, .sample_variance = 0}},
                           0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("variance")));
}

TEST(CompareMeansTest, RefusesResultsBeyondADouble) {
  EXPECT_THAT(CompareMeans({{.count = 20, .mean = -1.5e308, .sample_variance = 1},
                            {.count = 20, .mean = 1.5e308, .sample_variance = 1}},
                           0.95),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("range of a double")));
}

}  // namespace
}  // namespace insightloop::stats
