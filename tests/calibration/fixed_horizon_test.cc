// SPDX-License-Identifier: Apache-2.0
//
// Read once, every estimator is as often right as it says: error at a true null, p-values,
// coverage, power. 10,000 experiments each.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "stats/comparison.h"
#include "stats/planning.h"
#include "stats/relative_lift.h"
#include "tests/calibration/simulation.h"

namespace insightloop::calibration {
namespace {

constexpr int kReplications = 10'000;
constexpr double kLevel = 0.95;
// Of unequal size, so that shares do not fall on a coarse grid of differences.
constexpr std::int64_t kControlUnits = 1'130;
constexpr std::int64_t kTreatmentUnits = 870;

class FixedHorizonTest : public ::testing::TestWithParam<Subject> {
 protected:
  stats::Arms<Sample> DrawArms(double lift) {
    stats::Arms<Sample> samples;
    samples.control.Draw(GetParam().world, 0, kControlUnits, random_);
    samples.treatment.Draw(GetParam().world, lift, kTreatmentUnits, random_);
    return samples;
  }

 private:
  Random random_{20261125};
};

TEST_P(FixedHorizonTest, GivesUniformPValuesAtATrueNull) {
  const std::vector<double> thresholds = {0.01, 0.05, 0.1, 0.2, 0.5, 0.8};
  std::vector<int> below(thresholds.size());
  for (int replication = 0; replication < kReplications; ++replication) {
    const auto result = stats::Compare(EffectOf(GetParam(), DrawArms(0)), kLevel);
    ASSERT_TRUE(result.ok()) << result.status();
    for (std::size_t k = 0; k < thresholds.size(); ++k) {
      if (result->p_value <= thresholds[k]) ++below[k];
    }
  }
  for (std::size_t k = 0; k < thresholds.size(); ++k) {
    EXPECT_NEAR(static_cast<double>(below[k]) / kReplications, thresholds[k],
                FourStandardErrors(thresholds[k], kReplications));
  }
}

TEST_P(FixedHorizonTest, CoversATrueEffectAndFindsItAsOftenAsPlanned) {
  const double lift = 0.2;
  const double effect = lift * GetParam().world.value;
  int covered = 0, found = 0;
  double squared_errors = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    const auto result = stats::Compare(EffectOf(GetParam(), DrawArms(lift)), kLevel);
    ASSERT_TRUE(result.ok()) << result.status();
    if (result->interval.lower <= effect && effect <= result->interval.upper) ++covered;
    if (result->p_value < 1 - kLevel) ++found;
    squared_errors += result->standard_error * result->standard_error;
  }
  EXPECT_NEAR(static_cast<double>(covered) / kReplications, kLevel,
              FourStandardErrors(kLevel, kReplications));

  const auto spread = stats::ImpliedStandardDeviation(
      {.effect = effect, .standard_error = std::sqrt(squared_errors / kReplications)},
      {.control = kControlUnits, .treatment = kTreatmentUnits});
  ASSERT_TRUE(spread.ok()) << spread.status();
  const auto planned =
      stats::Power({.weights = {kControlUnits, kTreatmentUnits}, .count_wrong_side = true},
                   {.test = stats::PlannedTest::kMean, .standard_deviation = *spread}, effect,
                   kControlUnits + kTreatmentUnits);
  ASSERT_TRUE(planned.ok()) << planned.status();
  // Besides chance, the plan has one standard error for all experiments, where each has its own; in
  // skewed worlds it goes with the effect. A point is what planners disagree by anyway.
  EXPECT_NEAR(static_cast<double>(found) / kReplications, *planned,
              FourStandardErrors(*planned, kReplications) + 0.01);
}

TEST_P(FixedHorizonTest, CoversATrueLiftOnEveryScale) {
  const double lift = 0.2;
  int on_log_scale = 0, by_fieller = 0, by_delta = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    const auto arms = GetParam().estimator.estimate(GetParam().world, DrawArms(lift));
    ASSERT_TRUE(arms.ok()) << arms.status();
    const auto covers = [lift](const stats::Interval& interval) {
      return interval.lower <= lift && lift <= interval.upper;
    };
    const auto log_scale = stats::EstimateRelativeLift(*arms, kLevel);
    const auto fieller = stats::FiellerInterval(*arms, kLevel);
    const auto delta = stats::RelativeLiftByDelta(*arms);
    ASSERT_TRUE(log_scale.ok() && fieller.ok() && delta.ok());
    if (covers(log_scale->interval)) ++on_log_scale;
    if (covers(*fieller)) ++by_fieller;
    if (covers(stats::Compare(*delta, kLevel)->interval)) ++by_delta;
  }
  const double tolerance = FourStandardErrors(kLevel, kReplications);
  EXPECT_NEAR(static_cast<double>(on_log_scale) / kReplications, kLevel, tolerance);
  EXPECT_NEAR(static_cast<double>(by_fieller) / kReplications, kLevel, tolerance);
  // The delta method is the least exact for skewed money, by half a point here: why the logarithm
  // is the default.
  EXPECT_NEAR(static_cast<double>(by_delta) / kReplications, kLevel, tolerance + 0.005);
}

INSTANTIATE_TEST_SUITE_P(Estimators, FixedHorizonTest, ::testing::ValuesIn(AllSubjects()),
                         [](const auto& subject) { return NameOf(subject.param); });

}  // namespace
}  // namespace insightloop::calibration
