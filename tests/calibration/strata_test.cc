// SPDX-License-Identifier: Apache-2.0
//
// Epochs of different splits, combined and, to show why, added up raw.

#include "stats/strata.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "stats/arm_estimate.h"
#include "stats/comparison.h"
#include "stats/proportion.h"
#include "stats/two_proportions.h"
#include "tests/calibration/simulation.h"
#include "tests/calibration/worlds.h"

namespace insightloop::calibration {
namespace {

constexpr int kReplications = 5'000;

stats::Proportion DrawShare(std::int64_t units, double share, Random& random) {
  return {.successes = std::binomial_distribution<std::int64_t>(units, share)(random),
          .trials = units};
}

TEST(CombineStrataTest, KeepsItsErrorWhenArmsAndRatesChangeTogether) {
  // Two epochs without any effect: 90/10 at 6 %, then 50/50 at 4 %.
  Random random(20261125);
  int errors = 0, pooled_errors = 0;
  const auto estimate = [](const stats::Proportion& share) {
    return Must(stats::EstimateProportion(share));
  };
  for (int replication = 0; replication < kReplications; ++replication) {
    const stats::Arms<stats::Proportion> first = {DrawShare(9'000, 0.06, random),
                                                  DrawShare(1'000, 0.06, random)};
    const stats::Arms<stats::Proportion> second = {DrawShare(5'000, 0.04, random),
                                                   DrawShare(5'000, 0.04, random)};
    const std::vector<std::vector<stats::ArmEstimate>> strata = {
        {estimate(first.control), estimate(first.treatment)},
        {estimate(second.control), estimate(second.treatment)}};
    const std::vector<stats::ArmEstimate> arms = Must(stats::CombineStrata(strata)).arms;
    const auto effect = Must(stats::Difference({arms[0], arms[1]}));
    if (Must(stats::Compare(effect, 0.95)).p_value < 0.05) ++errors;
    const auto add = [](const stats::Proportion& a, const stats::Proportion& b) {
      return stats::Proportion{a.successes + b.successes, a.trials + b.trials};
    };
    const auto pooled = Must(stats::CompareProportions(
        {add(first.control, second.control), add(first.treatment, second.treatment)}, 0.95));
    if (pooled.p_value < 0.05) ++pooled_errors;
  }
  EXPECT_NEAR(static_cast<double>(errors) / kReplications, 0.05,
              FourStandardErrors(0.05, kReplications));
  EXPECT_GT(static_cast<double>(pooled_errors) / kReplications, 0.5);
}

}  // namespace
}  // namespace insightloop::calibration
