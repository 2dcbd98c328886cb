// SPDX-License-Identifier: Apache-2.0

#include "stats/proportion.h"

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

constexpr double kZ = 1.95996398454005424;  // normal quantile of 0.975; mpmath, 40 digits
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

using IntervalFunction = absl::StatusOr<Interval> (*)(const Proportion&, double);
constexpr IntervalFunction kIntervals[] = {WilsonInterval, ClopperPearsonInterval};

struct Ends {
  double lower;
  double upper;
};

void ExpectEnds(const absl::StatusOr<Interval>& interval, const Ends& expected, double relative) {
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->lower, expected.lower, relative * expected.lower);
  EXPECT_NEAR(interval->upper, expected.upper, relative * expected.upper);
}

TEST(EstimateProportionTest, MatchesTheClosedForm) {
  // By hand: 1/4 and sqrt(1/4 * 3/4 / 100).
  const auto estimate = EstimateProportion({25, 100});
  ASSERT_THAT(estimate, IsOk());
  EXPECT_EQ(estimate->units, 100);
  EXPECT_EQ(estimate->value, 0.25);
  EXPECT_DOUBLE_EQ(estimate->standard_error, std::sqrt(0.001875));
  EXPECT_EQ(estimate->degrees_of_freedom, std::nullopt);
}

TEST(EstimateProportionTest, HasTheStandardErrorOfTheFailures) {
  for (const std::int64_t n : {std::int64_t{7}, std::int64_t{1'000'000'000}, kMost}) {
    EXPECT_EQ(EstimateProportion({n - 3, n})->standard_error,
              EstimateProportion({3, n})->standard_error);
  }
}

TEST(EstimateProportionTest, HasNoStandardErrorAtZeroAndOne) {
  EXPECT_EQ(EstimateProportion({0, 5})->standard_error, 0);
  EXPECT_EQ(EstimateProportion({5, 5})->standard_error, 0);
  EXPECT_EQ(EstimateProportion({5, 5})->value, 1);
}

TEST(WilsonIntervalTest, MatchesNewcombesTable) {
  // Newcombe, "Two-Sided Confidence Intervals for the Single Proportion", Statistics in Medicine 17
  // (1998), table I, method 3; four decimals.
  struct Row {
    Proportion proportion;
    Ends ends;
  };
  for (const auto& [proportion, ends] :
       {Row{{81, 263}, {0.2553, 0.3662}}, Row{{15, 148}, {0.0624, 0.1605}},
        Row{{0, 20}, {0, 0.1611}}, Row{{1, 29}, {0.0061, 0.1718}}}) {
    const auto interval = WilsonInterval(proportion, 0.95);
    ASSERT_THAT(interval, IsOk());
    EXPECT_NEAR(interval->lower, ends.lower, 0.00005);
    EXPECT_NEAR(interval->upper, ends.upper, 0.00005);
    EXPECT_EQ(interval->level, 0.95);
  }
}

TEST(WilsonIntervalTest, MatchesItsClosedForms) {
  // Half of n: 1/2 -+ z / (2 sqrt(n + z^2)). None of n: from 0 to z^2 / (n + z^2). The tolerance is
  // a few roundings.
  for (const std::int64_t n : {2L, 100L, 2'000'000'000L, 1L << 60}) {
    const double half = kZ / (2 * std::sqrt(static_cast<double>(n) + kZ * kZ));
    ExpectEnds(WilsonInterval({n / 2, n}, 0.95), {0.5 - half, 0.5 + half}, 1e-14);
    ExpectEnds(WilsonInterval({0, n}, 0.95), {0, kZ * kZ / (static_cast<double>(n) + kZ * kZ)},
               1e-14);
  }
}

TEST(WilsonIntervalTest, StaysInsideTheUnitIntervalAndIsExactAtItsEnds) {
  for (const std::int64_t n : {1L, 3L, 29L, 1000L, 1'000'000'007L}) {
    for (const double level : {1e-17, 0.5, 0.95, 0.999999}) {
      EXPECT_EQ(WilsonInterval({0, n}, level)->lower, 0);
      EXPECT_EQ(WilsonInterval({n, n}, level)->upper, 1);
      EXPECT_GE(WilsonInterval({1, n}, level)->lower, 0);
      EXPECT_LE(WilsonInterval({n - 1, n}, level)->upper, 1);
    }
  }
}

TEST(WilsonIntervalTest, SolvesTheScoreTestOfASmallShare) {
  // The ends e solve (p - e)^2 = z^2 e (1-e) / n; for 3 of 5,000,000 with mpmath, 50 digits.
  ExpectEnds(WilsonInterval({3, 5'000'000}, 0.95), {2.0405416617699879e-7, 1.7642360857406366e-6},
             1e-14);
}

TEST(ClopperPearsonIntervalTest, MatchesNewcombesTable) {
  // As for Wilson's, method 5.
  struct Row {
    Proportion proportion;
    Ends ends;
  };
  for (const auto& [proportion, ends] :
       {Row{{81, 263}, {0.2527, 0.3676}}, Row{{15, 148}, {0.0578, 0.1617}},
        Row{{0, 20}, {0, 0.1684}}, Row{{1, 29}, {0.0009, 0.1776}}}) {
    const auto interval = ClopperPearsonInterval(proportion, 0.95);
    ASSERT_THAT(interval, IsOk());
    EXPECT_NEAR(interval->lower, ends.lower, 0.00005);
    EXPECT_NEAR(interval->upper, ends.upper, 0.00005);
    EXPECT_EQ(interval->level, 0.95);
  }
}

TEST(ClopperPearsonIntervalTest, MatchesItsClosedForms) {
  // P(none of n) = (1-p)^n = 0.025, P(at least one of n) = 1 - (1-p)^n = 0.025. For a thousand
  // million trials the beta quantile keeps 11 digits.
  for (const std::int64_t n : {1L, 2L, 57L, 1'000'000L, 1'000'000'000L}) {
    const auto trials = static_cast<double>(n);
    const double none = -std::expm1(std::log(0.025) / trials);
    const double one_or_more = -std::expm1(std::log1p(-0.025) / trials);
    EXPECT_NEAR(ClopperPearsonInterval({0, n}, 0.95)->upper, none, 1e-11 * none);
    EXPECT_NEAR(ClopperPearsonInterval({n, n}, 0.95)->lower, 1 - none, 1e-15);
    EXPECT_NEAR(ClopperPearsonInterval({1, n}, 0.95)->lower, one_or_more, 1e-11 * one_or_more);
    EXPECT_EQ(ClopperPearsonInterval({0, n}, 0.95)->lower, 0);
    EXPECT_EQ(ClopperPearsonInterval({n, n}, 0.95)->upper, 1);
  }
}

TEST(ClopperPearsonIntervalTest, CoversAtLeastAsOftenAsItSays) {
  // The exact probability, summed over all outcomes of 12 trials, at shares across (0, 1).
  constexpr int kTrials = 12;
  std::vector<Interval> intervals;
  for (int x = 0; x <= kTrials; ++x) {
    intervals.push_back(*ClopperPearsonInterval({x, kTrials}, 0.9));
  }
  for (double p = 0.001; p < 1; p += 0.001) {
    double coverage = 0;
    double probability = std::pow(1 - p, kTrials);
    for (int x = 0; x <= kTrials; ++x) {
      const Interval& interval = intervals[static_cast<std::size_t>(x)];
      if (interval.lower <= p && p <= interval.upper) coverage += probability;
      probability *= (kTrials - x) / (x + 1.0) * p / (1 - p);
    }
    EXPECT_GE(coverage, 0.9);
  }
}

TEST(ClopperPearsonIntervalTest, NearsWilsonsAsTrialsGrow) {
  // They differ by about 1 / n at the ends, here 1e-6 of the width and 1e-9 of the share.
  const auto exact = ClopperPearsonInterval({100'000'000'000, 1'000'000'000'000}, 0.95);
  const auto wilson = WilsonInterval({100'000'000'000, 1'000'000'000'000}, 0.95);
  ASSERT_THAT(exact, IsOk());
  EXPECT_NEAR(exact->lower, wilson->lower, 2e-12);
  EXPECT_NEAR(exact->upper, wilson->upper, 2e-12);
}

TEST(ClopperPearsonIntervalTest, RefusesTrialsBeyondItsDigits) {
  EXPECT_THAT(
      ClopperPearsonInterval({5, kMost}, 0.95),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("proportion.trials is 9223")));
}

TEST(SingleProportionTest, MirrorsSuccessesAndFailures) {
  for (const IntervalFunction interval : kIntervals) {
    const auto successes = interval({7, 30}, 0.99);
    const auto failures = interval({23, 30}, 0.99);
    EXPECT_NEAR(successes->lower, 1 - failures->upper, 1e-15);
    EXPECT_NEAR(successes->upper, 1 - failures->lower, 1e-15);
  }
}

TEST(SingleProportionTest, RejectsImpossibleArguments) {
  for (const IntervalFunction interval : kIntervals) {
    EXPECT_THAT(interval({0, -3}, 0.95), StatusIs(absl::StatusCode::kInvalidArgument,
                                                  HasSubstr("proportion.trials is -3; it must")));
    EXPECT_THAT(interval({-1, 3}, 0.95), StatusIs(absl::StatusCode::kInvalidArgument,
                                                  HasSubstr("proportion.successes is -1")));
    EXPECT_THAT(interval({4, 3}, 0.95),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("successes is 4; it must be at most proportion.trials, 3")));
    EXPECT_THAT(interval({1, 3}, 1),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("level is 1")));
    EXPECT_THAT(interval({0, 0}, 0.95),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("trials is 0")));
  }
  EXPECT_THAT(EstimateProportion({-1, 3}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("successes is -1")));
  EXPECT_THAT(EstimateProportion({0, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("trials is 0")));
}

TEST(ClopperPearsonIntervalTest, RefusesALevelForWhichNoEndIsFound) {
  EXPECT_THAT(ClopperPearsonInterval({5, 9}, 1e-17),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("level is 1e-17")));
}

}  // namespace
}  // namespace insightloop::stats
