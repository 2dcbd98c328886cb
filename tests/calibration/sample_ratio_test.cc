// SPDX-License-Identifier: Apache-2.0
//
// The sample ratio, watched daily over a ramp: the e-value raises no more false alarms than it may,
// the chi-square test read daily does, and a lossy arm is found.

#include "stats/sample_ratio.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "stats/sample_ratio_sequence.h"
#include "tests/calibration/simulation.h"
#include "tests/calibration/worlds.h"

namespace insightloop::calibration {
namespace {

constexpr double kAlpha = 0.001;  // E >= 1,000
constexpr int kDays = 28;

struct Ramp {
  std::vector<double> treatment_shares;  // of each epoch, all of equal length
  std::int64_t units_per_day = 0;
  double loss = 0;  // share of the treatment's units that are never seen
};

struct Alarms {
  bool sequence = false, chi_square = false;
};

// Watches one ramp every day.
Alarms Watch(const Ramp& ramp, Random& random) {
  const std::size_t epochs = ramp.treatment_shares.size();
  std::vector<std::array<std::int64_t, 2>> counts(epochs);
  std::vector<std::array<double, 2>> weights(epochs);
  Alarms alarms;
  for (int day = 0; day < kDays; ++day) {
    const std::size_t epoch = static_cast<std::size_t>(day) * epochs / kDays;
    const double share = ramp.treatment_shares[epoch];
    const auto treated =
        std::binomial_distribution<std::int64_t>(ramp.units_per_day, share)(random);
    counts[epoch][0] += ramp.units_per_day - treated;
    counts[epoch][1] += std::binomial_distribution<std::int64_t>(treated, 1 - ramp.loss)(random);
    weights[epoch] = {1 - share, share};
    std::vector<stats::SplitEpoch> so_far;
    for (std::size_t k = 0; k <= epoch; ++k) so_far.push_back({counts[k], weights[k]});
    if (Must(stats::MonitorSampleRatio(so_far)).log_e_value >= -std::log(kAlpha))
      alarms.sequence = true;
    const auto test = stats::TestSampleRatio(counts[epoch], weights[epoch]);
    if (test.ok() && test->p_value < kAlpha) alarms.chi_square = true;
  }
  return alarms;
}

TEST(SampleRatioTest, RaisesNoMoreFalseAlarmsThanItMayWhenWatchedDaily) {
  constexpr int kRamps = 5'000;
  Random random(20261125);
  int sequence = 0, chi_square = 0;
  for (int replication = 0; replication < kRamps; ++replication) {
    const Alarms alarms =
        Watch({.treatment_shares = {0.1, 0.5, 0.5}, .units_per_day = 5'000}, random);
    if (alarms.sequence) ++sequence;
    if (alarms.chi_square) ++chi_square;
  }
  EXPECT_LE(static_cast<double>(sequence) / kRamps, kAlpha + FourStandardErrors(kAlpha, kRamps));
  // More than four times what it may.
  EXPECT_GT(static_cast<double>(chi_square) / kRamps, 4 * kAlpha);
}

TEST(SampleRatioTest, FindsTheLossOfTwoPercentOfOneArm) {
  constexpr int kRamps = 200;
  Random random(20261125);
  int found = 0;
  for (int replication = 0; replication < kRamps; ++replication) {
    const Ramp ramp = {.treatment_shares = {0.5}, .units_per_day = 400'000 / kDays, .loss = 0.02};
    if (Watch(ramp, random).sequence) ++found;
  }
  EXPECT_GE(found, 0.9 * kRamps);  // as docs/statistics.md says
}

}  // namespace
}  // namespace insightloop::calibration
