// SPDX-License-Identifier: Apache-2.0

#include "stats/covariates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "stats/joint_sums.h"
#include "stats/relative_lift.h"
#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;

using Units = std::vector<std::vector<std::int64_t>>;

JointMoments MomentsOf(const Units& units) {
  JointSums sums(units[0].size());
  for (const std::vector<std::int64_t>& unit : units) EXPECT_THAT(sums.Add(unit), IsOk());
  const auto moments = sums.ToMoments(std::vector<double>(units[0].size(), 1));
  EXPECT_THAT(moments, IsOk());
  return *moments;
}

Quantity MeanOf(std::size_t variable) { return {.variable = variable, .over = {}}; }

// Variable 0 adjusted by the means of the others named.
Adjustment ByMeans(const std::vector<std::size_t>& covariates,
                   ThetaPooling pooling = ThetaPooling::kWithinArms) {
  Adjustment adjustment = {.outcome = MeanOf(0), .covariates = {}, .pooling = pooling};
  for (const std::size_t k : covariates) adjustment.covariates.push_back(MeanOf(k));
  return adjustment;
}

// By hand, outcome first: sums of products of deviations are xx 2, xy 3, yy 14/3 in the control
// (means 7/3, 1), and xx 8, xy 4, yy 2 in the treatment (means 5, 4).
const Units kControl = {{1, 0}, {2, 1}, {4, 2}};
const Units kTreatment = {{4, 2}, {5, 4}, {6, 6}};
Arms<JointMoments> SmallArms() {
  return {.control = MomentsOf(kControl), .treatment = MomentsOf(kTreatment)};
}

TEST(AdjustForCovariatesTest, TakesThetaFromWithinTheArms) {
  // theta = (3 + 4) / (2 + 8); common mean of the covariate 2.5; squares that are left:
  // yy - 2 theta xy + theta^2 xx.
  const auto adjusted = AdjustForCovariates(SmallArms(), ByMeans({1}));
  ASSERT_THAT(adjusted, IsOk());
  ASSERT_EQ(adjusted->theta.size(), 1);
  EXPECT_DOUBLE_EQ(adjusted->theta[0], 0.7);
  EXPECT_THAT(adjusted->left_out, IsEmpty());
  const auto& [control, treatment] = adjusted->arms;
  EXPECT_EQ(control.units, 3);
  EXPECT_DOUBLE_EQ(control.value, 7.0 / 3 + 0.7 * 1.5);
  EXPECT_DOUBLE_EQ(treatment.value, 5 - 0.7 * 1.5);
  const double control_square = 14.0 / 3 - 1.4 * 3 + 0.49 * 2;
  const double treatment_square = 2 - 1.4 * 4 + 0.49 * 8;
  EXPECT_NEAR(control.standard_error, std::sqrt(control_square / 6), 1e-15);
  EXPECT_NEAR(treatment.standard_error, std::sqrt(treatment_square / 6), 1e-15);
  EXPECT_EQ(control.degrees_of_freedom, 2);
  EXPECT_NEAR(adjusted->variance_removed, 1 - (control_square + treatment_square) / (14.0 / 3 + 2),
              1e-14);
}

TEST(AdjustForCovariatesTest, TakesThetaFromBothArmsAsOneSample) {
  // About the means of all six units: 9/6 * (distance of the means) joins the sums of products.
  // theta = (7 + 1.5 * 8/3 * 3) / (10 + 1.5 * 9).
  const auto adjusted = AdjustForCovariates(SmallArms(), ByMeans({1}, ThetaPooling::kPooledSample));
  ASSERT_THAT(adjusted, IsOk());
  EXPECT_DOUBLE_EQ(adjusted->theta[0], 19 / 23.5);
}

TEST(AdjustForCovariatesTest, TakesThetaFromArmsOfEqualWeight) {
  // With the control's units twice its sums of products double, and its covariances are divided by
  // 5 instead of 2: theta = (6/5 + 4/2) / (4/5 + 8/2), where weights of n - 1 give (6 + 4) / 12.
  Arms<JointMoments> arms = SmallArms();
  Units twice = kControl;
  twice.insert(twice.end(), kControl.begin(), kControl.end());
  arms.control = MomentsOf(twice);
  const auto equal = AdjustForCovariates(arms, ByMeans({1}, ThetaPooling::kEqualArms));
  const auto within = AdjustForCovariates(arms, ByMeans({1}));
  ASSERT_THAT(equal, IsOk());
  ASSERT_THAT(within, IsOk());
  EXPECT_DOUBLE_EQ(equal->theta[0], 3.2 / 4.8);
  EXPECT_DOUBLE_EQ(within->theta[0], 10.0 / 12);
  // The common mean counts the control twice: 1 + (4 - 1) / 3.
  EXPECT_DOUBLE_EQ(within->arms.control.value, 7.0 / 3 + 10.0 / 12);
}

TEST(AdjustForCovariatesTest, LeavesNoVarianceOfAPerfectFit) {
  // y = 1 + 2x and y = 2 + 2x: an effect of 1 without any error.
  const auto adjusted = AdjustForCovariates({.control = MomentsOf({{1, 0}, {3, 1}, {5, 2}}),
                                             .treatment = MomentsOf({{4, 1}, {6, 2}, {8, 3}})},
                                            ByMeans({1}));
  ASSERT_THAT(adjusted, IsOk());
  EXPECT_DOUBLE_EQ(adjusted->arms.treatment.value - adjusted->arms.control.value, 1);
  EXPECT_EQ(adjusted->arms.control.standard_error, 0);
  EXPECT_EQ(adjusted->arms.treatment.standard_error, 0);
  EXPECT_EQ(adjusted->variance_removed, 1);
}

// Outcome and two covariates of random units, with an effect of 10 on the outcome.
Arms<Units> RandomUnits(std::mt19937_64& random, std::size_t count) {
  Arms<Units> arms;
  for (std::size_t k = 0; k < 2 * count; ++k) {
    const auto a = static_cast<std::int64_t>(random() % 1000);
    const auto b = static_cast<std::int64_t>(random() % 1000) - a / 2;
    const auto noise = static_cast<std::int64_t>(random() % 500);
    const bool treated = k % 2 == 1;
    (treated ? arms.treatment : arms.control)
        .push_back({2 * a - b + noise + (treated ? 10 : 0), a, b});
  }
  return arms;
}

// The sum of products of deviations within the arms.
long double WithinArms(const Arms<Units>& arms, std::size_t a, std::size_t b) {
  long double sum = 0;
  for (const Units* units : {&arms.control, &arms.treatment}) {
    long double mean_a = 0;
    long double mean_b = 0;
    for (const auto& unit : *units) {
      mean_a += static_cast<long double>(unit[a]) / static_cast<long double>(units->size());
      mean_b += static_cast<long double>(unit[b]) / static_cast<long double>(units->size());
    }
    for (const auto& unit : *units) {
      sum += (static_cast<long double>(unit[a]) - mean_a) *
             (static_cast<long double>(unit[b]) - mean_b);
    }
  }
  return sum;
}

TEST(AdjustForCovariatesTest, SolvesTheNormalEquationsOfTwoCovariates) {
  // Against Cramer's rule on two passes over the rows, in long double: good to 1e-15.
  std::mt19937_64 random(20'261'122);
  for (int round = 0; round < 50; ++round) {
    const Arms<Units> units = RandomUnits(random, 30);
    const long double aa = WithinArms(units, 1, 1);
    const long double ab = WithinArms(units, 1, 2);
    const long double bb = WithinArms(units, 2, 2);
    const long double ay = WithinArms(units, 0, 1);
    const long double by = WithinArms(units, 0, 2);
    const auto adjusted = AdjustForCovariates(
        {.control = MomentsOf(units.control), .treatment = MomentsOf(units.treatment)},
        ByMeans({1, 2}));
    ASSERT_THAT(adjusted, IsOk());
    const long double determinant = aa * bb - ab * ab;
    EXPECT_NEAR(adjusted->theta[0], static_cast<double>((ay * bb - by * ab) / determinant), 1e-12);
    EXPECT_NEAR(adjusted->theta[1], static_cast<double>((by * aa - ay * ab) / determinant), 1e-12);
    EXPECT_GT(adjusted->variance_removed, 0.8);
  }
}

TEST(AdjustForCovariatesTest, IsTheSameInAnyOrderAndUnitOfTheCovariates) {
  std::mt19937_64 random(4);
  const Arms<Units> units = RandomUnits(random, 100);
  const Arms<JointMoments> arms = {.control = MomentsOf(units.control),
                                   .treatment = MomentsOf(units.treatment)};
  Arms<Units> scaled = units;
  for (Units* arm : {&scaled.control, &scaled.treatment}) {
    for (auto& unit : *arm) unit[1] *= 1'000'000;
  }
  const auto result = AdjustForCovariates(arms, ByMeans({1, 2}));
  const auto turned = AdjustForCovariates(arms, ByMeans({2, 1}));
  const auto larger = AdjustForCovariates(
      {.control = MomentsOf(scaled.control), .treatment = MomentsOf(scaled.treatment)},
      ByMeans({1, 2}));
  ASSERT_THAT(result, IsOk());
  ASSERT_THAT(turned, IsOk());
  ASSERT_THAT(larger, IsOk());
  EXPECT_NEAR(turned->theta[1], result->theta[0], 1e-13);
  EXPECT_NEAR(larger->theta[0] * 1e6, result->theta[0], 1e-13);
  EXPECT_NEAR(turned->arms.control.standard_error / result->arms.control.standard_error, 1, 1e-13);
  EXPECT_NEAR(larger->arms.control.value / result->arms.control.value, 1, 1e-13);
}

TEST(AdjustForCovariatesTest, LeavesOutWhatSaysNothingNew) {
  // Covariates: x, a constant, 3x + 1, and x once more.
  const auto widen = [](Units units) {
    for (auto& unit : units) {
      const std::int64_t x = unit[1];
      unit.insert(unit.end(), {9, 3 * x + 1, x});
    }
    return MomentsOf(units);
  };
  const auto adjusted = AdjustForCovariates(
      {.control = widen(kControl), .treatment = widen(kTreatment)}, ByMeans({1, 2, 3, 4}));
  ASSERT_THAT(adjusted, IsOk());
  EXPECT_THAT(adjusted->left_out, ElementsAre(1, 2, 3));
  EXPECT_NEAR(adjusted->theta[0], 0.7, 1e-15);
  EXPECT_THAT(std::vector(adjusted->theta.begin() + 1, adjusted->theta.end()),
              ElementsAre(0, 0, 0));
}

TEST(AdjustForCovariatesTest, WithoutAUsefulCovariateIsTheEstimateItself) {
  const auto constant = [](Units units) {
    for (auto& unit : units) unit[1] = 5;
    return MomentsOf(units);
  };
  const Arms<JointMoments> arms = {.control = constant(kControl),
                                   .treatment = constant(kTreatment)};
  for (const Adjustment& adjustment : {ByMeans({1}), ByMeans({})}) {
    const auto adjusted = AdjustForCovariates(arms, adjustment);
    const auto plain = EstimateQuantity(arms.control, MeanOf(0));
    ASSERT_THAT(adjusted, IsOk());
    ASSERT_THAT(plain, IsOk());
    EXPECT_EQ(adjusted->arms.control.value, plain->value);
    EXPECT_EQ(adjusted->arms.control.standard_error, plain->standard_error);
    EXPECT_EQ(adjusted->variance_removed, 0);
    EXPECT_EQ(adjusted->left_out.size(), adjustment.covariates.size());
  }
}

TEST(AdjustForCovariatesTest, LeavesOutARatioThatIsTheSameForAllUnits) {
  const auto widen = [](Units units) {
    for (auto& unit : units) unit.insert(unit.end(), {3 * (unit[0] + 2), 7 * (unit[0] + 2)});
    return MomentsOf(units);
  };
  const auto adjusted =
      AdjustForCovariates({.control = widen(kControl), .treatment = widen(kTreatment)},
                          {.outcome = MeanOf(0), .covariates = {{.variable = 2, .over = 3}}});
  ASSERT_THAT(adjusted, IsOk());
  EXPECT_THAT(adjusted->left_out, ElementsAre(0));
}

TEST(AdjustForCovariatesTest, AdjustsARatioByARatioThroughTheirInfluenceValues) {
  // Variables n, d, p, q: n / d adjusted by p / q. The influence values of each arm, in whole
  // numbers times a power of two, are an outcome and a covariate of their own.
  const Units control = {{2, 4, 1, 1}, {6, 4, 2, 3}, {1, 4, 3, 2}, {3, 4, 2, 2}};
  const Units treatment = {{5, 2, 2, 2}, {3, 2, 2, 3}, {4, 1, 3, 1}, {4, 3, 1, 2}};
  // By hand: n / d = 3/4 and 2; p / q = 1 and 1; mean of d 4 and 2; mean of q 2 and 2. Influence
  // values, times 8, (n - R d) * 8 / mean of d and (p - q) * 8 / mean of q:
  const Units linear_control = {{-2, 0}, {6, -4}, {-4, 4}, {0, 0}};
  const Units linear_treatment = {{4, 0}, {-4, -4}, {8, 8}, {-8, -4}};
  const auto ratio = AdjustForCovariates(
      {.control = MomentsOf(control), .treatment = MomentsOf(treatment)},
      {.outcome = {.variable = 0, .over = 1}, .covariates = {{.variable = 2, .over = 3}}});
  const auto linear = AdjustForCovariates(
      {.control = MomentsOf(linear_control), .treatment = MomentsOf(linear_treatment)},
      ByMeans({1}));
  ASSERT_THAT(ratio, IsOk());
  ASSERT_THAT(linear, IsOk());
  EXPECT_NEAR(ratio->theta[0], linear->theta[0], 1e-14);
  EXPECT_NEAR(ratio->arms.control.standard_error * 8, linear->arms.control.standard_error, 1e-14);
  EXPECT_NEAR(ratio->arms.treatment.standard_error * 8, linear->arms.treatment.standard_error,
              1e-14);
  EXPECT_DOUBLE_EQ(ratio->arms.control.value, 0.75);
  EXPECT_DOUBLE_EQ(ratio->arms.treatment.value, 2);
}

TEST(AdjustForCovariatesTest, RefusesAnOutcomeWithoutVariance) {
  EXPECT_THAT(AdjustForCovariates({.control = MomentsOf({{3, 1}, {3, 2}}),
                                   .treatment = MomentsOf({{4, 5}, {4, 2}})},
                                  ByMeans({1})),
              StatusIs(kCannotSay, HasSubstr("variance of the outcome is 0")));
}

TEST(AdjustForCovariatesTest, NamesTheArmInErrors) {
  Arms<JointMoments> arms = SmallArms();
  arms.treatment = MomentsOf({{1, 2}});
  EXPECT_THAT(AdjustForCovariates(arms, ByMeans({1})),
              StatusIs(kCannotSay, HasSubstr("treatment.count is 1")));
  arms = SmallArms();
  arms.control.covariances[0] = -1;
  EXPECT_THAT(AdjustForCovariates(arms, ByMeans({1})),
              StatusIs(kInvalid, HasSubstr("control.covariances[0] is -1")));
  arms = SmallArms();
  EXPECT_THAT(AdjustForCovariates(arms, ByMeans({2})),
              StatusIs(kInvalid, HasSubstr("variable is 2")));
  EXPECT_THAT(AdjustedLiftOverCountedMean(arms, ByMeans({2})),
              StatusIs(kInvalid, HasSubstr("variable is 2")));
}

TEST(AdjustForCovariatesTest, RefusesResultsBeyondADouble) {
  Arms<JointMoments> arms = SmallArms();
  arms.control.covariances[0] = 1e308;
  arms.treatment.covariances[0] = 1e308;
  arms.control.means[1] = 1e308;
  arms.treatment.means[1] = -1e308;
  EXPECT_THAT(AdjustForCovariates(arms, ByMeans({1})), StatusIs(kCannotSay, HasSubstr("double")));
}

TEST(AdjustedLiftOverCountedMeanTest, MatchesTheClosedForm) {
  // By hand, on the arms above: theta 0.7, effect 8/3 - 2.1 over the counted 7/3. The control's
  // units enter as ((1 + lift) y - theta x) over 7/3, the treatment's as (y - theta x) over 7/3.
  const double lift = (8.0 / 3 - 2.1) / (7.0 / 3);
  const double ratio = 1 + lift;
  const double control = ratio * ratio * 14.0 / 3 - 1.4 * ratio * 3 + 0.49 * 2;
  const double treatment = 2 - 1.4 * 4 + 0.49 * 8;
  const double variance = (control + treatment) / 6 / (7.0 / 3) / (7.0 / 3);
  const auto effect = AdjustedLiftOverCountedMean(SmallArms(), ByMeans({1}));
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->effect, lift, 1e-15);
  EXPECT_NEAR(effect->standard_error, std::sqrt(variance), 1e-15);
}

TEST(AdjustedLiftOverCountedMeanTest, IsTheDeltaMethodWithoutCovariates) {
  const Arms<JointMoments> moments = SmallArms();
  const auto control = EstimateQuantity(moments.control, MeanOf(0));
  const auto treatment = EstimateQuantity(moments.treatment, MeanOf(0));
  ASSERT_THAT(control, IsOk());
  ASSERT_THAT(treatment, IsOk());
  const auto expected = RelativeLiftByDelta({.control = *control, .treatment = *treatment});
  const auto effect = AdjustedLiftOverCountedMean(moments, ByMeans({}));
  ASSERT_THAT(expected, IsOk());
  ASSERT_THAT(effect, IsOk());
  EXPECT_DOUBLE_EQ(effect->effect, expected->effect);
  EXPECT_DOUBLE_EQ(effect->standard_error, expected->standard_error);
  EXPECT_DOUBLE_EQ(effect->degrees_of_freedom.value(), expected->degrees_of_freedom.value());
}

TEST(AdjustedLiftOverCountedMeanTest, RefusesAControlOfZeroAndAnOutcomeWithoutVariance) {
  Arms<JointMoments> arms = SmallArms();
  arms.control = MomentsOf({{-1, 0}, {1, 1}});
  EXPECT_THAT(AdjustedLiftOverCountedMean(arms, ByMeans({1})),
              StatusIs(kCannotSay, HasSubstr("control.means[0] is 0; a relative lift needs")));
  EXPECT_THAT(AdjustedLiftOverCountedMean({.control = MomentsOf({{3, 1}, {3, 2}}),
                                           .treatment = MomentsOf({{4, 5}, {4, 2}})},
                                          ByMeans({1})),
              StatusIs(kCannotSay, HasSubstr("variance of the outcome is 0")));
}

TEST(AdjustedLiftOverCountedMeanTest, RefusesResultsBeyondADouble) {
  Arms<JointMoments> arms = SmallArms();
  arms.control.means[0] = 1e-310;
  EXPECT_THAT(AdjustedLiftOverCountedMean(arms, ByMeans({1})),
              StatusIs(kCannotSay, HasSubstr("double")));
}

TEST(AdjustForCovariatesTest, RejectsArmsOfDifferentVariables) {
  Arms<JointMoments> arms = SmallArms();
  arms.treatment = MomentsOf({{1, 2, 3}, {2, 1, 5}});
  EXPECT_THAT(AdjustForCovariates(arms, ByMeans({1})),
              StatusIs(kInvalid, HasSubstr("treatment.means.size is 3; it must be 2")));
}

TEST(AdjustForCovariatesTest, RefusesHarmBeyondADouble) {
  // Between arms the outcome is 10^150 times as far apart as the covariate, within them it is not.
  Adjustment adjustment = ByMeans({1});
  adjustment.pooling = ThetaPooling::kPooledSample;
  EXPECT_THAT(AdjustForCovariates(
                  {.control = {.count = 9, .means = {0, 0}, .covariances = {1e-20, 0, 0, 1}},
                   .treatment = {.count = 9, .means = {1e150, 1}, .covariances = {1e-20, 0, 0, 1}}},
                  adjustment),
              StatusIs(kCannotSay, HasSubstr("variance_removed")));
}

}  // namespace
}  // namespace insightloop::stats
