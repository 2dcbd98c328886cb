// SPDX-License-Identifier: Apache-2.0
//
// Surveys: scores near 100, bounds for those who did not answer, weights.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "stats/comparison.h"
#include "stats/effect_bounds.h"
#include "stats/lee_bounds.h"
#include "stats/satisfaction.h"
#include "stats/weighted_mean.h"
#include "tests/calibration/simulation.h"
#include "tests/calibration/worlds.h"

namespace insightloop::calibration {
namespace {

constexpr int kReplications = 10'000;
constexpr double kLevel = 0.95;

// What docs/statistics.md claims of the adjusted interval of one score, which is approximate.
constexpr double kLeastScoreCoverage = 0.93;

struct ScoreWorld {
  double promoters, detractors;  // shares of those who answer
  double score() const { return 100 * (promoters - detractors); }
};

stats::NpsCounts DrawScore(const ScoreWorld& world, int answers, Random& random) {
  stats::NpsCounts counts;
  for (int k = 0; k < answers; ++k) {
    if (DrawBool(random, world.promoters)) {
      ++counts.promoters;
    } else if (DrawBool(random, world.detractors / (1 - world.promoters))) {
      ++counts.detractors;
    } else {
      ++counts.passives;
    }
  }
  return counts;
}

bool Covers(const stats::Interval& interval, double truth) {
  return interval.lower <= truth && truth <= interval.upper;
}

TEST(NpsIntervalTest, CoversScoresNearAHundredWherePlainWaldDoesNot) {
  const ScoreWorld world = {.promoters = 0.97, .detractors = 0.01};
  Random random(20261125);
  int adjusted = 0, plain = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    const stats::NpsCounts counts = DrawScore(world, 50, random);
    const auto interval = stats::NpsInterval(counts, kLevel);
    ASSERT_TRUE(interval.ok()) << interval.status();
    if (Covers(*interval, world.score())) ++adjusted;
    const auto estimate = stats::EstimateNps(counts);
    ASSERT_TRUE(estimate.ok()) << estimate.status();
    const double reach = 1.96 * estimate->standard_error;
    if (Covers({estimate->value - reach, estimate->value + reach, kLevel}, world.score())) ++plain;
  }
  EXPECT_GE(static_cast<double>(adjusted) / kReplications, kLeastScoreCoverage);
  EXPECT_LT(static_cast<double>(plain) / kReplications, kLeastScoreCoverage - 0.1);
}

TEST(NpsIntervalTest, CoversScoresOfEveryKind) {
  Random random(20261125);
  for (const ScoreWorld& world :
       {ScoreWorld{0.5, 0.2}, ScoreWorld{0.8, 0.05}, ScoreWorld{0.9, 0.05}, ScoreWorld{0.05, 0.9},
        ScoreWorld{0.99, 0.002}}) {
    int covered = 0;
    for (int replication = 0; replication < kReplications; ++replication) {
      const auto interval = stats::NpsInterval(DrawScore(world, 200, random), kLevel);
      ASSERT_TRUE(interval.ok()) << interval.status();
      if (Covers(*interval, world.score())) ++covered;
    }
    EXPECT_GE(static_cast<double>(covered) / kReplications, kLeastScoreCoverage) << world.score();
  }
}

TEST(CompareNpsTest, KeepsErrorAndCoverage) {
  const ScoreWorld control = {.promoters = 0.5, .detractors = 0.2};
  const ScoreWorld treatment = {.promoters = 0.55, .detractors = 0.18};
  Random random(20261125);
  int errors = 0, covered = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    const stats::NpsCounts base = DrawScore(control, 430, random);
    const auto same = stats::CompareNps({base, DrawScore(control, 310, random)}, kLevel);
    const auto other = stats::CompareNps({base, DrawScore(treatment, 310, random)}, kLevel);
    ASSERT_TRUE(same.ok() && other.ok());
    if (same->p_value < 1 - kLevel) ++errors;
    if (Covers(other->interval, treatment.score() - control.score())) ++covered;
  }
  const double tolerance = FourStandardErrors(kLevel, kReplications);
  EXPECT_NEAR(static_cast<double>(errors) / kReplications, 1 - kLevel, tolerance);
  EXPECT_NEAR(static_cast<double>(covered) / kReplications, kLevel, tolerance);
}

// Customers in three moods. The treatment moves no one's answer; it only makes the dissatisfied
// answer, who in control keep silent.
stats::SurveyArm DrawSurvey(bool treatment, std::array<stats::AnswerCount, 3>& answers,
                            Random& random) {
  constexpr std::int64_t kAsked = 1'000;
  answers = {{{-100, 0}, {0, 0}, {100, 0}}};
  for (std::int64_t unit = 0; unit < kAsked; ++unit) {
    const std::size_t mood = DrawBool(random, 0.3) ? 0 : (DrawBool(random, 0.5) ? 1 : 2);
    const double answers_with = mood > 0 ? 0.6 : (treatment ? 0.6 : 0.2);
    if (DrawBool(random, answers_with)) ++answers[mood].count;
  }
  return {.answers = answers, .asked = kAsked};
}

TEST(LeeBoundsTest, CoverTheEffectOnThoseWhoAnswerEitherWay) {
  Random random(20261125);
  int covered = 0, naive = 0;
  constexpr int kSurveys = 2'000;
  for (int replication = 0; replication < kSurveys; ++replication) {
    std::array<stats::AnswerCount, 3> control, treatment;
    const stats::Arms<stats::SurveyArm> arms = {DrawSurvey(false, control, random),
                                                DrawSurvey(true, treatment, random)};
    const auto bounds = stats::EstimateLeeBounds(arms);
    ASSERT_TRUE(bounds.ok()) << bounds.status();
    const auto interval = stats::ImbensManskiInterval(bounds->effect, kLevel);
    ASSERT_TRUE(interval.ok()) << interval.status();
    if (Covers(*interval, 0)) ++covered;
    const auto plain =
        stats::CompareNps({{control[2].count, control[1].count, control[0].count},
                           {treatment[2].count, treatment[1].count, treatment[0].count}},
                          kLevel);
    if (Covers(plain->interval, 0)) ++naive;
  }
  EXPECT_GE(static_cast<double>(covered) / kSurveys, kLevel - FourStandardErrors(kLevel, kSurveys));
  // What the bounds are for: those who answer differ, and the plain difference takes it for effect,
  // with some five standard errors.
  EXPECT_LT(static_cast<double>(naive) / kSurveys, 0.2);
}

TEST(WeightedMeanTest, CoversTheMeanOfThePopulationThatTheWeightsStandFor) {
  // Young customers are 70 % of those who answer and half of the population; they score 20, others
  // 60.
  Random random(20261125);
  int covered = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    std::vector<double> values, weights;
    for (int unit = 0; unit < 400; ++unit) {
      const bool young = DrawBool(random, 0.7);
      weights.push_back(young ? 0.5 / 0.7 : 0.5 / 0.3);
      values.push_back(DrawBool(random, young ? 0.6 : 0.8) ? 100 : -100);
    }
    const auto mean = stats::EstimateWeightedMean(values, weights);
    ASSERT_TRUE(mean.ok()) << mean.status();
    const double reach = 1.96 * mean->estimate.standard_error;
    if (Covers({mean->estimate.value - reach, mean->estimate.value + reach, kLevel}, 40)) ++covered;
  }
  EXPECT_NEAR(static_cast<double>(covered) / kReplications, kLevel,
              FourStandardErrors(kLevel, kReplications));
}

}  // namespace
}  // namespace insightloop::calibration
