// SPDX-License-Identifier: Apache-2.0
//
// Sequences with promises of their own: the beta-binomial one of a single share, the normal mixture
// of a sum, and the mixture likelihood ratio.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>

#include "stats/bernoulli_sequence.h"
#include "stats/mixture_ratio.h"
#include "stats/normal_mixture.h"
#include "tests/calibration/simulation.h"
#include "tests/calibration/worlds.h"

namespace insightloop::calibration {
namespace {

constexpr double kAlpha = 0.05;
constexpr int kReplications = 1'000;
const double kMost = kAlpha + FourStandardErrors(kAlpha, kReplications);

TEST(BernoulliSequenceTest, SeldomLeavesOutTheShareEvenFromTheFirstUnitOn) {
  Random random(20261125);
  int left_out = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    stats::Proportion seen;
    bool out = false;
    for (int unit = 0; unit < 300 && !out; ++unit) {
      ++seen.trials;
      if (DrawBool(random, 0.05)) ++seen.successes;
      const auto interval =
          stats::BernoulliSequenceInterval(seen, {.planned_units = 100, .alpha = kAlpha});
      ASSERT_TRUE(interval.ok()) << interval.status();
      out = 0.05 < interval->lower || 0.05 > interval->upper;
    }
    if (out) ++left_out;
  }
  EXPECT_LE(static_cast<double>(left_out) / kReplications, kMost);
}

// Observations of variance 1 and mean 0; how often some sum of the first 1,000 is beyond the bound.
template <typename IsBeyond>
double ShareEverBeyond(IsBeyond is_beyond) {
  Random random(20261125);
  std::normal_distribution<double> normal;
  int beyond = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    double sum = 0;
    for (int n = 1; n <= 1'000; ++n) {
      sum += normal(random);
      if (is_beyond(sum, n)) {
        ++beyond;
        break;
      }
    }
  }
  return static_cast<double>(beyond) / kReplications;
}

TEST(NormalMixtureTest, IsSeldomCrossedByAnySum) {
  const double rho = Must(stats::NormalMixtureRho(200, kAlpha));
  const double one_sided_rho = Must(stats::NormalMixtureRho(200, 2 * kAlpha));
  EXPECT_LE(ShareEverBeyond([rho](double sum, int n) {
              return std::abs(sum) >= Must(stats::NormalMixtureBound(
                                          {.intrinsic_time = 1.0 * n, .rho = rho}, kAlpha));
            }),
            kMost);
  EXPECT_LE(ShareEverBeyond([one_sided_rho](double sum, int n) {
              return Must(stats::LogOneSidedNormalMixture(
                         {.intrinsic_time = 1.0 * n, .rho = one_sided_rho}, sum)) >=
                     -std::log(kAlpha);
            }),
            kMost);
}

TEST(MixtureRatioTest, IsSeldomSignificantAtAnyLook) {
  EXPECT_LE(ShareEverBeyond([](double sum, int n) {
              const auto result = Must(stats::CompareByMixtureRatio(
                  {.effect = sum / n, .standard_error = 1 / std::sqrt(n)},
                  {.tau_squared = 0.01, .alpha = kAlpha}));
              return result.comparison.p_value <= kAlpha;
            }),
            kMost);
}

}  // namespace
}  // namespace insightloop::calibration
