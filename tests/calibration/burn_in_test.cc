// SPDX-License-Identifier: Apache-2.0
//
// Asymptotic means not early: without the burn-in the anytime sequence breaks its error where arms
// are unequal and successes rare or money skewed; with it, it does not. Money at very unequal
// shares needs a cap as well. 28 daily readings of 900 and 100 units.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/arm_estimate.h"
#include "stats/caps.h"
#include "stats/confidence_sequence.h"
#include "stats/exact_sums.h"
#include "stats/mean_difference.h"
#include "stats/moments.h"
#include "tests/calibration/simulation.h"
#include "tests/calibration/worlds.h"

namespace insightloop::calibration {
namespace {

constexpr int kReplications = 2'000;
constexpr int kDays = 28;
constexpr std::int64_t kControlUnits = 900;  // a day
constexpr std::int64_t kTreatmentUnits = 100;
constexpr double kAlpha = 0.05;

// What one arm has shown so far, in steps.
struct Arm {
  std::vector<std::int64_t> values;
  std::int64_t nonzero = 0;

  void Draw(std::int64_t (*draw)(Random&), std::int64_t units, Random& random) {
    for (std::int64_t unit = 0; unit < units; ++unit) {
      values.push_back(draw(random));
      if (values.back() != 0) ++nonzero;
    }
  }
};

stats::ArmEstimate EstimateArm(std::vector<std::int64_t> values, std::optional<std::int64_t> cap) {
  if (cap.has_value()) stats::ApplyCap(*cap, values);
  stats::ExactSums sums;
  for (const std::int64_t value : values) sums.Add(value);
  return Must(stats::EstimateMean(Must(sums.ToMoments(0.01))));
}

// One cap from both arms together.
std::optional<std::int64_t> CapOf(const stats::Arms<Arm>& arms, std::optional<double> share) {
  if (!share.has_value()) return std::nullopt;
  const std::vector<std::span<const std::int64_t>> columns = {arms.control.values,
                                                              arms.treatment.values};
  return Must(stats::PercentileCap(columns, *share));
}

bool IsSignificant(const stats::Arms<Arm>& arms, std::optional<std::int64_t> cap) {
  const auto effect =
      Must(stats::Difference({.control = EstimateArm(arms.control.values, cap),
                              .treatment = EstimateArm(arms.treatment.values, cap)}));
  if (effect.standard_error == 0) return false;  // nothing but zeros so far
  const auto units =
      static_cast<std::int64_t>(arms.control.values.size() + arms.treatment.values.size());
  const auto result =
      stats::CompareAnytime(effect, {.units = units,
                                     .planned_units = kDays * (kControlUnits + kTreatmentUnits),
                                     .alpha = kAlpha});
  return Must(result).p_value < kAlpha;
}

struct Rules {
  std::int64_t least_nonzero = 0;   // in each arm, before anything is decided
  std::optional<double> cap_share;  // percentile of the values that are not 0
};

// Whether an experiment with a true null is ever called significant.
bool EverSignificant(std::int64_t (*draw)(Random&), const Rules& rules, Random& random) {
  stats::Arms<Arm> arms;
  for (int day = 0; day < kDays; ++day) {
    arms.control.Draw(draw, kControlUnits, random);
    arms.treatment.Draw(draw, kTreatmentUnits, random);
    if (std::min(arms.control.nonzero, arms.treatment.nonzero) < rules.least_nonzero) continue;
    if (IsSignificant(arms, CapOf(arms, rules.cap_share))) return true;
  }
  return false;
}

double ErrorRate(std::int64_t (*draw)(Random&), const Rules& rules) {
  Random random(20261125);
  int errors = 0;
  for (int replication = 0; replication < kReplications; ++replication) {
    if (EverSignificant(draw, rules, random)) ++errors;
  }
  return static_cast<double>(errors) / kReplications;
}

// The worlds of docs/statistics.md, section "Burn-in": amounts in cents, log-mean 3.
std::int64_t DrawRareConversion(Random& random) { return DrawBool(random, 0.01) ? 1 : 0; }

std::int64_t DrawRareMoney(Random& random) {
  return DrawBool(random, 0.02) ? DrawCents(random, 3, 1.5) : 0;
}

std::int64_t DrawWildMoney(Random& random) {
  return DrawBool(random, 0.4) ? DrawCents(random, 3, 2) : 0;
}

const double kMost = kAlpha + FourStandardErrors(kAlpha, kReplications);

TEST(BurnInTest, OfTwentyFiveSuccessesIsNeededForRareConversions) {
  EXPECT_GT(ErrorRate(DrawRareConversion, {}), kMost);
  EXPECT_LE(ErrorRate(DrawRareConversion, {.least_nonzero = 25}), kAlpha);
}

TEST(BurnInTest, OfFiftyUnitsAboveZeroIsNeededForRarePurchases) {
  EXPECT_GT(ErrorRate(DrawRareMoney, {}), kMost);
  EXPECT_LE(ErrorRate(DrawRareMoney, {.least_nonzero = 50}), kAlpha);
}

// Where purchases are not rare, fifty are there on the first day and the burn-in ends too soon. A
// cap then helps, and a longer burn-in with it.
TEST(BurnInTest, DoesNotProtectWildMoneyAtUnequalSharesWithoutACap) {
  EXPECT_GT(ErrorRate(DrawWildMoney, {.least_nonzero = 50}), kMost);
  EXPECT_LE(ErrorRate(DrawWildMoney, {.least_nonzero = 50, .cap_share = 0.99}), kMost);
  EXPECT_LE(ErrorRate(DrawWildMoney, {.least_nonzero = 200, .cap_share = 0.99}), kAlpha);
}

}  // namespace
}  // namespace insightloop::calibration
