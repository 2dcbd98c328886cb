// SPDX-License-Identifier: Apache-2.0
//
// What must hold whatever the numbers: RapidCheck draws the cases and shrinks those that fail.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "stats/arm_estimate.h"
#include "stats/comparison.h"
#include "stats/confidence_sequence.h"
#include "stats/covariates.h"
#include "stats/exact_sums.h"
#include "stats/joint_moments.h"
#include "stats/joint_sums.h"
#include "stats/mean_difference.h"
#include "stats/multiplicity.h"
#include "stats/satisfaction.h"
#include "stats/two_proportions.h"

namespace insightloop::stats {
namespace {

template <typename T>
Arms<T> Swapped(const Arms<T>& arms) {
  return {.control = arms.treatment, .treatment = arms.control};
}

double DrawDouble(double low, double high) {
  const auto part = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 40);
  return low + (high - low) * static_cast<double>(part) / std::ldexp(1.0, 40);
}

double DrawLevel() { return DrawDouble(0.5, 0.999); }

Proportion DrawProportion() {
  const auto trials = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000);
  return {.successes = *rc::gen::inRange<std::int64_t>(0, trials + 1), .trials = trials};
}

Moments DrawMoments() {
  return {.count = *rc::gen::inRange<std::int64_t>(2, 1'000'000),
          .mean = DrawDouble(-1e3, 1e3),
          .sample_variance = DrawDouble(1e-3, 1e4)};
}

NpsCounts DrawNpsCounts() {
  const auto draw = [] { return *rc::gen::inRange<std::int64_t>(0, 1'000'000); };
  return {.promoters = draw(), .passives = draw(), .detractors = draw()};
}

template <typename T>
void CheckThatSwappingFlipsSigns(const Arms<T>& arms,
                                 absl::StatusOr<Comparison> (*compare)(const Arms<T>&, double)) {
  const double level = DrawLevel();
  const auto there = compare(arms, level);
  const auto back = compare(Swapped(arms), level);
  RC_ASSERT(there.ok() == back.ok());
  if (!there.ok()) RC_DISCARD("no variance");
  RC_ASSERT(there->effect == -back->effect);
  RC_ASSERT(there->standard_error == back->standard_error);
  RC_ASSERT(there->log_p_value == back->log_p_value);
  RC_ASSERT(there->interval.lower == -back->interval.upper);
}

RC_GTEST_PROP(SwappingArmsTest, FlipsSignsOfProportions, ()) {
  CheckThatSwappingFlipsSigns<Proportion>({DrawProportion(), DrawProportion()}, CompareProportions);
}

RC_GTEST_PROP(SwappingArmsTest, FlipsSignsOfMeans, ()) {
  CheckThatSwappingFlipsSigns<Moments>({DrawMoments(), DrawMoments()}, CompareMeans);
}

RC_GTEST_PROP(SwappingArmsTest, FlipsSignsOfScores, ()) {
  CheckThatSwappingFlipsSigns<NpsCounts>({DrawNpsCounts(), DrawNpsCounts()}, CompareNps);
}

EffectEstimate DrawEffect() {
  EffectEstimate effect = {.effect = DrawDouble(-30, 30), .standard_error = DrawDouble(0.1, 10)};
  if (*rc::gen::arbitrary<bool>()) effect.degrees_of_freedom = DrawDouble(1, 1e5);
  return effect;
}

// How far p may be from 1 - level before the interval has to agree: both come from one quantile,
// which Boost gives to some 1e-12.
constexpr double kOnTheEdge = 1e-9;

RC_GTEST_PROP(PAndIntervalTest, Agree, ()) {
  const auto result = Compare(DrawEffect(), DrawLevel());
  RC_ASSERT(result.ok());
  const double alpha = 1 - result->interval.level;
  if (std::abs(result->p_value - alpha) < kOnTheEdge) RC_DISCARD("on the edge");
  const bool leaves_out_zero = result->interval.lower > 0 || result->interval.upper < 0;
  RC_ASSERT((result->p_value < alpha) == leaves_out_zero);
}

RC_GTEST_PROP(PAndIntervalTest, AgreeOnOneSide, ()) {
  const EffectEstimate effect = DrawEffect();
  const double threshold = DrawDouble(-20, 20);
  const auto above = TestAbove(effect, threshold, DrawLevel());
  RC_ASSERT(above.ok());
  const auto below = TestBelow(effect, threshold, above->level);
  RC_ASSERT(below.ok());
  RC_ASSERT(std::abs(above->p_value + below->p_value - 1) < 1e-12);
  const double alpha = 1 - above->level;
  if (std::abs(above->p_value - alpha) < kOnTheEdge) RC_DISCARD("on the edge");
  RC_ASSERT((above->p_value < alpha) == (above->bound > threshold));
}

AnytimePlan DrawPlan() {
  return {.units = *rc::gen::inRange<std::int64_t>(1, 1'000'000),
          .planned_units = *rc::gen::inRange<std::int64_t>(1, 1'000'000),
          .alpha = DrawDouble(0.001, 0.4)};
}

RC_GTEST_PROP(PAndIntervalTest, AgreeAtAnyTime, ()) {
  const AnytimePlan plan = DrawPlan();
  const auto result = CompareAnytime(DrawEffect(), plan);
  RC_ASSERT(result.ok());
  if (std::abs(result->p_value - plan.alpha) < kOnTheEdge) RC_DISCARD("on the edge");
  const bool leaves_out_zero = result->interval.lower > 0 || result->interval.upper < 0;
  RC_ASSERT((result->p_value < plan.alpha) == leaves_out_zero);
}

RC_GTEST_PROP(PAndIntervalTest, AgreeOnOneSideAtAnyTime, ()) {
  const AnytimePlan plan = DrawPlan();
  const double threshold = DrawDouble(-20, 20);
  const auto result = TestAboveAnytime(DrawEffect(), threshold, plan);
  RC_ASSERT(result.ok());
  if (std::abs(result->p_value - plan.alpha) < kOnTheEdge) RC_DISCARD("on the edge");
  RC_ASSERT((result->p_value < plan.alpha) == (result->bound > threshold));
}

RC_GTEST_PROP(PAndIntervalTest, AreNeverSharperAtAnyTimeThanOnce, ()) {
  const AnytimePlan plan = DrawPlan();
  EffectEstimate effect = DrawEffect();
  effect.degrees_of_freedom.reset();
  const auto anytime = CompareAnytime(effect, plan);
  const auto once = Compare(effect, 1 - plan.alpha);
  RC_ASSERT(anytime.ok() && once.ok());
  RC_ASSERT(anytime->log_p_value >= once->log_p_value);
  RC_ASSERT(anytime->interval.lower < once->interval.lower);
}

constexpr std::array kCorrections = {Correction::kBonferroni,
                                     Correction::kSidak,
                                     Correction::kHolm,
                                     Correction::kHolmSidak,
                                     Correction::kHochberg,
                                     Correction::kHommel,
                                     Correction::kBenjaminiHochberg,
                                     Correction::kBenjaminiYekutieli};

RC_GTEST_PROP(CorrectionTest, NeverLowersAPValueAndKeepsTheirOrder, ()) {
  std::vector<double> p_values(*rc::gen::inRange<std::size_t>(1, 30));
  for (double& p : p_values) p = std::pow(10.0, -DrawDouble(0, 12));
  for (const Correction correction : kCorrections) {
    const auto adjusted = AdjustPValues(correction, p_values);
    RC_ASSERT(adjusted.ok());
    for (std::size_t k = 0; k < p_values.size(); ++k) {
      RC_ASSERT((*adjusted)[k] >= p_values[k] * (1 - 1e-12));
      RC_ASSERT((*adjusted)[k] <= 1);
      for (std::size_t j = 0; j < k; ++j) {
        if (p_values[j] < p_values[k]) RC_ASSERT((*adjusted)[j] <= (*adjusted)[k]);
      }
    }
  }
}

RC_GTEST_PROP(ScalingTest, ScalesMeans, ()) {
  const Arms<Moments> arms = {DrawMoments(), DrawMoments()};
  // A power of two, so that scaling rounds nothing.
  const double factor = std::ldexp(1.0, *rc::gen::inRange(-20, 20));
  const auto scale = [factor](Moments moments) {
    moments.mean *= factor;
    *moments.sample_variance *= factor * factor;
    return moments;
  };
  const auto plain = CompareMeans(arms, 0.95);
  const auto scaled = CompareMeans({scale(arms.control), scale(arms.treatment)}, 0.95);
  RC_ASSERT(plain.ok() && scaled.ok());
  RC_ASSERT(scaled->effect == factor * plain->effect);
  RC_ASSERT(scaled->interval.upper == factor * plain->interval.upper);
  RC_ASSERT(scaled->log_p_value == plain->log_p_value);
}

RC_GTEST_PROP(MergeTest, OfExactSumsEqualsOnePass, (const std::vector<std::int64_t>& values)) {
  const auto cut =
      static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(0, values.size() + 1));
  ExactSums all, first, second;
  for (const std::int64_t value : values) all.Add(value);
  std::for_each(values.begin(), values.begin() + cut, [&](std::int64_t v) { first.Add(v); });
  std::for_each(values.begin() + cut, values.end(), [&](std::int64_t v) { second.Add(v); });
  second.Merge(first);
  RC_ASSERT(second == all);
}

// Rows of two variables, of sizes that overflow nothing.
using Rows = std::vector<std::pair<std::int32_t, std::int32_t>>;

JointSums SumsOf(const Rows& rows) {
  JointSums sums(2);
  for (const auto& [outcome, covariate] : rows) {
    RC_ASSERT(sums.Add(std::array<std::int64_t, 2>{outcome, covariate}).ok());
  }
  return sums;
}

RC_GTEST_PROP(MergeTest, OfJointSumsEqualsOnePass, (const Rows& first, const Rows& second)) {
  Rows both = first;
  both.insert(both.end(), second.begin(), second.end());
  JointSums merged = SumsOf(second);
  RC_ASSERT(merged.Merge(SumsOf(first)).ok());
  RC_ASSERT(merged == SumsOf(both));
}

RC_GTEST_PROP(MergeTest, OfColumnsEqualsOneByOne, (const Rows& rows)) {
  std::vector<std::int64_t> outcome, covariate;
  std::vector<std::uint16_t> groups;
  std::vector<Rows> by_group(3);
  for (const auto& row : rows) {
    const auto group = *rc::gen::inRange<std::uint16_t>(0, 3);
    groups.push_back(group);
    outcome.push_back(row.first);
    covariate.push_back(row.second);
    by_group[group].push_back(row);
  }
  std::vector<JointSums> sums(3, JointSums(2));
  const std::vector<std::span<const std::int64_t>> columns = {outcome, covariate};
  RC_ASSERT(AddColumns(groups, columns, sums).ok());
  for (std::size_t group = 0; group < 3; ++group) {
    RC_ASSERT(sums[group] == SumsOf(by_group[group]));
  }
}

JointMoments DrawJointMoments() {
  const double correlation = DrawDouble(-0.99, 0.99);
  const double sd = DrawDouble(0.1, 10), sd_before = DrawDouble(0.1, 10);
  return {.count = *rc::gen::inRange<std::int64_t>(2, 1'000'000),
          .means = {DrawDouble(1, 10), DrawDouble(1, 10)},
          .covariances = {sd * sd, correlation * sd * sd_before, correlation * sd * sd_before,
                          sd_before * sd_before}};
}

RC_GTEST_PROP(SwappingArmsTest, FlipsSignsOfAdjustedMeans, ()) {
  const Arms<JointMoments> arms = {DrawJointMoments(), DrawJointMoments()};
  const Adjustment adjustment = {.outcome = {.variable = 0}, .covariates = {{.variable = 1}}};
  const auto there = AdjustForCovariates(arms, adjustment);
  const auto back = AdjustForCovariates(Swapped(arms), adjustment);
  RC_ASSERT(there.ok() && back.ok());
  const auto effect = Difference(there->arms);
  const auto flipped = Difference(back->arms);
  RC_ASSERT(std::abs(effect->effect + flipped->effect) <= 1e-12 * (10 + std::abs(effect->effect)));
  RC_ASSERT(std::abs(effect->standard_error / flipped->standard_error - 1) < 1e-9);
}

}  // namespace
}  // namespace insightloop::stats
