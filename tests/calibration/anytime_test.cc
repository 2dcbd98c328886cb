// SPDX-License-Identifier: Apache-2.0
//
// Read 100 times and stopped at the first reading that is significant, the anytime sequence keeps
// its error, and its p-value is never below uniform; a plain z test in the same experiments is
// shown to break its error. 2,000 experiments each.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "stats/comparison.h"
#include "stats/confidence_sequence.h"
#include "tests/calibration/simulation.h"

namespace insightloop::calibration {
namespace {

constexpr int kReplications = 2'000;
constexpr int kLooks = 100;
constexpr std::int64_t kUnitsPerLook = 100;  // of both arms together
constexpr double kAlpha = 0.05;

stats::AnytimePlan PlanAt(std::int64_t units) {
  return {.units = units, .planned_units = kLooks * kUnitsPerLook, .alpha = kAlpha};
}

// The most extreme of what one experiment showed over all its readings after the burn-in.
struct Extremes {
  double anytime_p = 1;
  double plain_p = 1;
  double harm_p = 1;           // one-sided, below 0
  bool always_covered = true;  // by the sequence
};

class AnytimeTest : public ::testing::TestWithParam<Subject> {
 protected:
  Extremes RunExperiment(double lift) {
    Extremes extremes;
    stats::Arms<Sample> samples;
    for (int look = 0; look < kLooks; ++look) {
      samples.control.Draw(GetParam().world, 0, kUnitsPerLook / 2, random_);
      samples.treatment.Draw(GetParam().world, lift, kUnitsPerLook / 2, random_);
      if (BurntIn(GetParam(), samples)) Read(samples, lift, extremes);
    }
    return extremes;
  }

 private:
  void Read(const stats::Arms<Sample>& samples, double lift, Extremes& extremes) {
    const stats::EffectEstimate effect = EffectOf(GetParam(), samples);
    const auto plan = PlanAt(samples.control.sums.count() + samples.treatment.sums.count());
    const auto anytime = stats::CompareAnytime(effect, plan);
    const auto harm = stats::TestBelowAnytime(effect, 0, plan);
    const auto plain = stats::Compare(effect, 1 - kAlpha);
    ASSERT_TRUE(anytime.ok() && harm.ok() && plain.ok());
    extremes.anytime_p = std::min(extremes.anytime_p, anytime->p_value);
    extremes.harm_p = std::min(extremes.harm_p, harm->p_value);
    extremes.plain_p = std::min(extremes.plain_p, plain->p_value);
    const double truth = lift * GetParam().world.value;
    if (truth < anytime->interval.lower || truth > anytime->interval.upper) {
      extremes.always_covered = false;
    }
  }

  Random random_{20261125};
};

TEST_P(AnytimeTest, KeepsItsErrorWhereAPlainTestDoesNot) {
  const std::vector<double> thresholds = {0.01, kAlpha, 0.1, 0.2, 0.5};
  std::vector<int> anytime(thresholds.size()), harm(thresholds.size());
  int plain = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    const Extremes extremes = RunExperiment(0);
    for (std::size_t k = 0; k < thresholds.size(); ++k) {
      if (extremes.anytime_p <= thresholds[k]) ++anytime[k];
      if (extremes.harm_p <= thresholds[k]) ++harm[k];
    }
    if (extremes.plain_p <= kAlpha) ++plain;
  }
  for (std::size_t k = 0; k < thresholds.size(); ++k) {
    const double most = thresholds[k] + FourStandardErrors(thresholds[k], kReplications);
    EXPECT_LE(static_cast<double>(anytime[k]) / kReplications, most) << "at " << thresholds[k];
    EXPECT_LE(static_cast<double>(harm[k]) / kReplications, most) << "at " << thresholds[k];
  }
  EXPECT_GT(static_cast<double>(plain) / kReplications, 3 * kAlpha);
}

TEST_P(AnytimeTest, CoversATrueEffectAtAllReadingsTogether) {
  int covered = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    if (RunExperiment(0.2).always_covered) ++covered;
  }
  EXPECT_GE(static_cast<double>(covered) / kReplications,
            1 - kAlpha - FourStandardErrors(kAlpha, kReplications));
}

INSTANTIATE_TEST_SUITE_P(Estimators, AnytimeTest, ::testing::ValuesIn(AllSubjects()),
                         [](const auto& subject) { return NameOf(subject.param); });

}  // namespace
}  // namespace insightloop::calibration
