// SPDX-License-Identifier: Apache-2.0
//
// Experiments of the planned size find the planned effect as often as planned, whichever way they
// are read, and show a true null to be equivalent as often as the plan says.

#include "stats/planning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include "stats/comparison.h"
#include "stats/confidence_sequence.h"
#include "stats/two_proportions.h"
#include "tests/calibration/simulation.h"
#include "tests/calibration/worlds.h"

namespace insightloop::calibration {
namespace {

constexpr int kReplications = 5'000;
constexpr double kPower = 0.8;
constexpr double kBase = 0.1;
constexpr double kEffect = 0.01;
const stats::PlannedMetric kConversion = {.test = stats::PlannedTest::kProportion,
                                          .baseline = kBase};

std::int64_t PlannedUnitsPerArm(const stats::Design& design) {
  const auto units = stats::SampleSize(design, kConversion, kEffect, kPower);
  return static_cast<std::int64_t>(std::ceil(Must(units) / 2));
}

stats::Proportion DrawShare(std::int64_t units, double share, Random& random) {
  return {.successes = std::binomial_distribution<std::int64_t>(units, share)(random),
          .trials = units};
}

stats::Comparison ReadOnce(std::int64_t units_per_arm, double effect, Random& random) {
  return *stats::CompareProportions({.control = DrawShare(units_per_arm, kBase, random),
                                     .treatment = DrawShare(units_per_arm, kBase + effect, random)},
                                    0.95);
}

TEST(PlanningTest, GivesExperimentsReadOnceTheirPower) {
  const std::int64_t units = PlannedUnitsPerArm({});
  Random random(20261125);
  int found = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    if (ReadOnce(units, kEffect, random).p_value < 0.05) ++found;
  }
  EXPECT_NEAR(static_cast<double>(found) / kReplications, kPower,
              FourStandardErrors(kPower, kReplications));
}

TEST(PlanningTest, SaysHowOftenATrueNullIsShownEquivalent) {
  const std::int64_t units = PlannedUnitsPerArm({});
  const auto planned = stats::Power({.goal = stats::Goal::kEquivalent, .margin = kEffect},
                                    kConversion, 0, 2 * static_cast<double>(units));
  ASSERT_TRUE(planned.ok()) << planned.status();
  Random random(20261125);
  int shown = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    const stats::Interval interval = ReadOnce(units, 0, random).interval;
    if (-kEffect < interval.lower && interval.upper < kEffect) ++shown;
  }
  EXPECT_NEAR(static_cast<double>(shown) / kReplications, *planned,
              FourStandardErrors(*planned, kReplications));
}

// The first of 50 readings that is significant, as a share of the planned units; 2 if none is.
double FirstSignificant(std::int64_t units_per_arm, Random& random) {
  constexpr int kReadings = 50;
  stats::Arms<stats::Proportion> arms;
  for (int reading = 1; reading <= kReadings; ++reading) {
    const std::int64_t more = units_per_arm * reading / kReadings - arms.control.trials;
    const stats::Proportion control = DrawShare(more, kBase, random);
    const stats::Proportion treatment = DrawShare(more, kBase + kEffect, random);
    arms.control.successes += control.successes;
    arms.treatment.successes += treatment.successes;
    arms.control.trials += more;
    arms.treatment.trials += more;
    const auto result = stats::CompareAnytime(
        Must(stats::ProportionDifference(arms)),
        {.units = 2 * arms.control.trials, .planned_units = 2 * units_per_arm, .alpha = 0.05});
    if (Must(result).p_value < 0.05) return static_cast<double>(reading) / kReadings;
  }
  return 2;
}

TEST(PlanningTest, GivesExperimentsReadAtAnyTimeTheirPower) {
  const std::int64_t units = PlannedUnitsPerArm({.reading = stats::Reading::kAnytime});
  Random random(20261125);
  int found = 0;
  double share_needed = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    const double first = FirstSignificant(units, random);
    if (first <= 1) ++found;
    share_needed += std::min(first, 1.0);
  }
  // The plan counts the last reading alone; those before it find some more.
  EXPECT_GE(static_cast<double>(found) / kReplications,
            kPower - FourStandardErrors(kPower, kReplications));
  // The price of reading at any time is a maximum: docs/statistics.md says that three fifths of it
  // are needed on average.
  EXPECT_NEAR(share_needed / kReplications, 0.6, 0.03);
}

}  // namespace
}  // namespace insightloop::calibration
