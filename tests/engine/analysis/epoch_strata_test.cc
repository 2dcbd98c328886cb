// SPDX-License-Identifier: Apache-2.0
//
// Verdicts over several epochs. Expected figures are by hand: omega is a stratum's share of the
// units of the two variants; value = sum of omega * value, squared standard error = sum of omega^2
// * squared standard error.

#include "engine/analysis/epoch_strata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/domain/json.h"
#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Weights = std::vector<std::vector<std::int32_t>>;  // by epoch, then variant

PlanBuilder Visits() { return PlanBuilder().Primary("visit", MetricKind::kProportion); }

Verdict JudgedOver(const Weights& weights, const SealedPlan& plan,
                   const MeasuredBuilder& measured) {
  return Judged(plan, measured.Build(), WithEpochs(StoppedAfter(Days(14)), weights));
}

// Everyone converts at 6 % while the split is 9 : 1, at 4 % while it is 1 : 1; 40,000 units each.
// Added up, the control has 2,960 of 56,000 and the treatment 1,040 of 24,000: a lift of -18.0 %,
// z = -5.88.
const Weights kSimpson = {{9, 1}, {1, 1}};
constexpr std::int64_t kUnits[2][2] = {{36'000, 4'000}, {20'000, 20'000}};
constexpr std::int64_t kSuccesses[2][2] = {{2'160, 240}, {800, 800}};

TEST(EpochStrataTest, SeesNoEffectWhereOnlyTheSplitAndTheLevelChanged) {
  MeasuredBuilder measured(2);
  for (std::size_t e = 0; e < 2; ++e) {
    measured.InEpoch(static_cast<std::int32_t>(e) + 1);
    for (std::size_t v = 0; v < 2; ++v) {
      measured.Arm(v, kUnits[e][v], {Share(kSuccesses[e][v], kUnits[e][v])});
    }
  }
  const Verdict verdict = JudgedOver(kSimpson, Visits().Build(), measured);
  EXPECT_EQ(verdict.decision, Decision::kInconclusive);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("TOO_SMALL"));
  EXPECT_EQ(CheckOf(verdict, Check::kSampleRatio).status, CheckStatus::kPass);
  EXPECT_EQ(verdict.matured_units, 80'000);

  // Both omegas are 1/2: (6 % + 4 %) / 2, and a quarter of the sum of p (1 - p) / n.
  const Result result = ResultOf(verdict, {.metric = "visit"});
  EXPECT_EQ(result.units_control, 56'000);
  EXPECT_EQ(result.units_treatment, 24'000);
  EXPECT_DOUBLE_EQ(*result.control_value, 0.05);
  EXPECT_DOUBLE_EQ(*result.treatment_value, 0.05);
  EXPECT_EQ(result.absolute_effect, 0);
  EXPECT_EQ(result.p_value, 1);
  const double standard_error =
      std::sqrt((0.0564 / 36'000 + 0.0564 / 4'000 + 0.0384 / 20'000 + 0.0384 / 20'000) / 4);
  EXPECT_NEAR(*result.standard_error, standard_error, 1e-16);
  EXPECT_NEAR(result.absolute_interval->upper.value(), 1.959963984540054 * standard_error, 1e-16);
  EXPECT_EQ(result.relative_lift, 0);
  // On the scale of the logarithm the standard error is that of the effect over 0.05.
  EXPECT_NEAR(result.relative_interval->upper.value(),
              std::expm1(1.959963984540054 * standard_error / 0.05), 1e-14);
  EXPECT_EQ(WhyAbsent(result, "epoch"), "");
}

TEST(EpochStrataTest, NeitherSegmentsNorGuardrailsMixEpochs) {
  const SealedPlan plan = Visits()
                              .Guarded("refund", MetricKind::kProportion, {0.001, Scale::kAbsolute})
                              .SegmentBy("country")
                              .Build();
  MeasuredBuilder measured(2);
  for (std::size_t e = 0; e < 2; ++e) {
    measured.InEpoch(static_cast<std::int32_t>(e) + 1);
    for (std::size_t v = 0; v < 2; ++v) {
      const MetricSums share = Share(kSuccesses[e][v], kUnits[e][v]);
      measured.Arm(v, kUnits[e][v], {share, share});
      measured.Cell("country=DE", v, kUnits[e][v], {share, share});
    }
  }
  const Verdict verdict = JudgedOver(kSimpson, plan, measured);
  EXPECT_THAT(CodesOf(verdict), Not(Contains("GUARDRAIL_HARM")));
  for (const Result& result : verdict.results) {
    EXPECT_EQ(result.absolute_effect, 0) << result.metric << " " << result.segment;
  }
  EXPECT_EQ(verdict.results.size(), 4u);
}

TEST(EpochStrataTest, MeansAreStratifiedWithTheirDegreesOfFreedom) {
  // In steps of 0.01. Each arm has two values d apart, as often: the variance is (d / 2)^2 n /
  // (n - 1).
  const auto halves = [](std::int64_t low, std::int64_t high, int units) {
    return Values({{low, units / 2}, {high, units / 2}});
  };
  const SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  const Result result = ResultOf(JudgedOver({{3, 1}, {1, 1}}, plan,
                                            MeasuredBuilder(2)
                                                .Arm(0, 300, {halves(800, 1200, 300)})
                                                .Arm(1, 100, {halves(900, 1300, 100)})
                                                .InEpoch(2)
                                                .Arm(0, 50, {halves(200, 400, 50)})
                                                .Arm(1, 50, {halves(400, 800, 50)})),
                                 {.metric = "spend"});
  // Omegas are 400/500 and 100/500; means 10 and 3 against 11 and 6.
  EXPECT_NEAR(*result.control_value, 0.8 * 10 + 0.2 * 3, 1e-14);
  EXPECT_NEAR(*result.treatment_value, 0.8 * 11 + 0.2 * 6, 1e-14);
  EXPECT_NEAR(*result.absolute_effect, 1.4, 1e-14);
  EXPECT_NEAR(*result.relative_lift, 1.4 / 8.6, 1e-14);
  // s^2 / n is (d / 2)^2 / (n - 1), with halves of d 2, 2, 1 and 2.
  const double control = 0.64 * 4 / 299 + 0.04 * 1 / 49;
  const double treatment = 0.64 * 4 / 99 + 0.04 * 4 / 49;
  EXPECT_NEAR(*result.standard_error, std::sqrt(control + treatment), 1e-14);
}

TEST(EpochStrataTest, SurveysWeighEpochsByTheirAnswers) {
  const SealedPlan plan =
      PlanBuilder().Primary("nps", MetricKind::kNps).Secondary("csat", MetricKind::kCsat).Build();
  // NPS 40 and 20 of 300 and 100, then 0 and 0 of 100 and 100. Everyone asked answers.
  const auto arm = [](const NpsAnswers& answers, const std::array<int, 5>& csat) {
    return std::vector<MetricSums>{Nps(answers), Csat(csat, answers.asked)};
  };
  const Verdict verdict = JudgedOver({{3, 1}, {1, 1}}, plan,
                                     MeasuredBuilder(2)
                                         .Arm(0, 300, arm({150, 120, 30, 300}, {0, 0, 150, 0, 150}))
                                         .Arm(1, 100, arm({40, 40, 20, 100}, {0, 0, 40, 0, 60}))
                                         .InEpoch(2)
                                         .Arm(0, 100, arm({30, 40, 30, 100}, {0, 0, 80, 0, 20}))
                                         .Arm(1, 100, arm({20, 60, 20, 100}, {0, 0, 70, 0, 30})));
  // Omegas are 2/3 and 1/3. A score's squared error is 100^2 (p + d - (p - d)^2) / n.
  const Result nps = ResultOf(verdict, {.metric = "nps"});
  EXPECT_NEAR(*nps.control_value, 40 * 2.0 / 3, 1e-13);
  EXPECT_NEAR(*nps.treatment_value, 20 * 2.0 / 3, 1e-13);
  EXPECT_NEAR(
      *nps.standard_error,
      100 * std::sqrt(4.0 / 9 * (0.44 / 300 + 0.56 / 100) + 1.0 / 9 * (0.6 / 100 + 0.4 / 100)),
      1e-13);
  EXPECT_FALSE(nps.relative_lift.has_value());
  const Result top = ResultOf(verdict, {.metric = "csat", .statistic = Statistic::kTopTwoShare});
  EXPECT_NEAR(*top.control_value, 0.5 * 2 / 3 + 0.2 / 3, 1e-15);
  EXPECT_NEAR(*top.treatment_value, 0.6 * 2 / 3 + 0.3 / 3, 1e-15);
  EXPECT_NEAR(*top.relative_lift, 0.5 / 0.4 - 1, 1e-14);
  // A mean answer is 3 + 2 times the share here.
  const Result score = ResultOf(verdict, {.metric = "csat", .statistic = Statistic::kMeanScore});
  EXPECT_NEAR(*score.control_value, 3 + 2 * 0.4, 1e-14);
  EXPECT_NEAR(*score.treatment_value, 3 + 2 * 0.5, 1e-14);
}

TEST(EpochStrataTest, AConstantRatioIsAddedUp) {
  const SealedPlan plan = Visits()
                              .Secondary("spend", MetricKind::kMean)
                              .Secondary("nps", MetricKind::kNps)
                              .Secondary("csat", MetricKind::kCsat)
                              .Build();
  const std::vector<MetricSums> small = {Share(3, 20), Values({{0, 15}, {700, 5}}),
                                         Nps({4, 3, 2, 12}), Csat({1, 2, 3, 2, 1}, 12)};
  const std::vector<MetricSums> large = {Share(60, 400), Values({{0, 300}, {900, 100}}),
                                         Nps({80, 90, 40, 250}), Csat({20, 30, 60, 50, 40}, 250)};
  const std::vector<MetricSums> both = {Share(63, 420), Values({{0, 315}, {700, 5}, {900, 100}}),
                                        Nps({84, 93, 42, 262}), Csat({21, 32, 63, 52, 41}, 262)};
  // An epoch of 20 units is too small to be read by itself.
  const Verdict parted = JudgedOver({{1, 1}, {3, 3}}, plan,
                                    MeasuredBuilder(2)
                                        .Arm(0, 20, small)
                                        .Arm(1, 20, small)
                                        .InEpoch(2)
                                        .Arm(0, 400, large)
                                        .Arm(1, 400, large));
  const Verdict whole =
      Judged(plan, MeasuredBuilder(2).Arm(0, 420, both).Arm(1, 420, both).Build());
  ASSERT_EQ(parted.results.size(), whole.results.size());
  for (std::size_t i = 0; i < whole.results.size(); ++i) {
    EXPECT_EQ(ToJson(parted.results[i]), ToJson(whole.results[i]));
  }
  ASSERT_EQ(parted.reasons.size(), whole.reasons.size());
  for (std::size_t i = 0; i < whole.reasons.size(); ++i) {
    EXPECT_EQ(ToJson(parted.reasons[i]), ToJson(whole.reasons[i]));
  }
}

// 300 units an arm, then `units` in the treatment of a new split.
Verdict WithSecondEpoch(std::int64_t units) {
  return JudgedOver({{1, 1}, {4, 1}}, Visits().Build(),
                    MeasuredBuilder(2)
                        .Arm(0, 300, {Share(60, 300)})
                        .Arm(1, 300, {Share(120, 300)})
                        .InEpoch(2)
                        .Arm(0, 200, {Share(100, 200)})
                        .Arm(1, units, {Share(20, units)}));
}

TEST(EpochStrataTest, AnEpochBelowFiftyUnitsInAnArmIsLeftOutAndNamed) {
  constexpr char kLeftOut[] =
      "Left out, with another split and fewer than 50 units in control or treatment: epoch 2.";
  const Verdict verdict = WithSecondEpoch(49);
  const Result result = ResultOf(verdict, {.metric = "visit"});
  EXPECT_EQ(result.units_control, 300);
  EXPECT_EQ(result.units_treatment, 300);
  EXPECT_EQ(result.control_value, 0.2);
  EXPECT_EQ(result.treatment_value, 0.4);
  EXPECT_EQ(WhyAbsent(result, "epoch"), kLeftOut);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PRIMARY_BETTER"));
  EXPECT_THAT(verdict.reasons[0].detail, HasSubstr(kLeftOut));
  EXPECT_EQ(verdict.matured_units, 849);

  const Result with = ResultOf(WithSecondEpoch(50), {.metric = "visit"});
  EXPECT_EQ(with.units_control, 500);
  EXPECT_EQ(with.units_treatment, 350);
  EXPECT_NEAR(*with.control_value, 0.2 * 600 / 850 + 0.5 * 250 / 850, 1e-15);
  EXPECT_EQ(WhyAbsent(with, "epoch"), "");
}

TEST(EpochStrataTest, AnEpochWithoutMaturedUnitsIsNotNamed) {
  const Verdict verdict =
      JudgedOver({{1, 1}, {4, 1}}, Visits().Build(),
                 MeasuredBuilder(2).Arm(0, 30, {Share(6, 30)}).Arm(1, 30, {Share(12, 30)}));
  const Result result = ResultOf(verdict, {.metric = "visit"});
  EXPECT_EQ(result.units_control, 30);
  EXPECT_EQ(WhyAbsent(result, "epoch"), "");
}

TEST(EpochStrataTest, EnoughDataIsJudgedByWhatIsRead) {
  // 120 units in each arm, but no split has 50 in both.
  const Verdict verdict = JudgedOver({{2, 1}, {1, 2}}, Visits().Build(),
                                     MeasuredBuilder(2)
                                         .Arm(0, 80, {Share(40, 80)})
                                         .Arm(1, 40, {Share(20, 40)})
                                         .InEpoch(2)
                                         .Arm(0, 40, {Share(20, 40)})
                                         .Arm(1, 80, {Share(40, 80)}));
  EXPECT_THAT(CodesOf(verdict), ElementsAre("NOT_ENOUGH_DATA"));
  EXPECT_THAT(verdict.reasons[0].detail, HasSubstr("control or treatment: epochs 1, 2."));
  const Result result = ResultOf(verdict, {.metric = "visit"});
  EXPECT_FALSE(result.absolute_effect.has_value());
  EXPECT_THAT(WhyAbsent(result, "treatmentValue"), HasSubstr("epochs 1, 2."));
}

TEST(EpochStrataTest, WithoutVarianceInAnyEpochThereIsNoInterval) {
  const Verdict verdict = JudgedOver({{1, 1}, {2, 1}}, Visits().Build(),
                                     MeasuredBuilder(2)
                                         .Arm(0, 100, {Share(0, 100)})
                                         .Arm(1, 100, {Share(0, 100)})
                                         .InEpoch(2)
                                         .Arm(0, 200, {Share(200, 200)})
                                         .Arm(1, 100, {Share(100, 100)}));
  const Result result = ResultOf(verdict, {.metric = "visit"});
  EXPECT_NEAR(*result.control_value, 0.6, 1e-15);
  EXPECT_EQ(result.absolute_effect, 0);
  EXPECT_THAT(WhyAbsent(result, "pValue"), HasSubstr("all units of an epoch have the same value"));
}

TEST(EpochStrataTest, ADroppedVariantIsComparedWithTheControlOfItsTime) {
  // The control falls from 20 % to 10 % when b is dropped.
  const Verdict verdict =
      JudgedOver({{1, 1, 1}, {1, 1, 0}}, Visits().Variants({"control", "a", "b"}).Build(),
                 MeasuredBuilder(3)
                     .Arm(0, 1000, {Share(200, 1000)})
                     .Arm(1, 1000, {Share(200, 1000)})
                     .Arm(2, 1000, {Share(300, 1000)})
                     .InEpoch(2)
                     .Arm(0, 1000, {Share(100, 1000)})
                     .Arm(1, 1000, {Share(100, 1000)}));
  EXPECT_EQ(CheckOf(verdict, Check::kSampleRatio).status, CheckStatus::kPass);
  // Between a and the control the ratio never changed, so their epochs are added up.
  const Result a = ResultOf(verdict, {.metric = "visit", .variant = "a"});
  EXPECT_EQ(a.units_control, 2000);
  EXPECT_EQ(a.control_value, 0.15);
  EXPECT_EQ(WhyAbsent(a, "epoch"), "");
  const Result b = ResultOf(verdict, {.metric = "visit", .variant = "b"});
  EXPECT_EQ(b.units_control, 1000);
  EXPECT_EQ(b.control_value, 0.2);
  EXPECT_EQ(b.treatment_value, 0.3);
  EXPECT_THAT(WhyAbsent(b, "epoch"), HasSubstr("control or b: epoch 2."));
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_EQ(verdict.ship_variant, "b");
}

TEST(EpochStrataTest, AVariantTakesPartWhenItHadWeightInSomeEpoch) {
  const SealedPlan plan = Visits().Variants({"control", "a", "b"}).Weight(2, 0).Build();
  MeasuredBuilder measured(3);
  measured.Arm(0, 1000, {Share(200, 1000)}).Arm(1, 1000, {Share(200, 1000)});
  // Without any unit in it, b holds nothing back while it never had weight.
  EXPECT_THAT(CodesOf(JudgedOver({{1, 1, 0}}, plan, measured)), ElementsAre("TOO_SMALL"));
  measured.InEpoch(2)
      .Arm(0, 1000, {Share(200, 1000)})
      .Arm(1, 1000, {Share(200, 1000)})
      .Arm(2, 1000, {Share(300, 1000)});
  const Verdict verdict = JudgedOver({{1, 1, 0}, {1, 1, 1}}, plan, measured);
  EXPECT_EQ(verdict.ship_variant, "b");
}

TEST(EpochStrataTest, EpochsOfOneSplitAreOneStratumWhereverTheyAre) {
  const SealedPlan plan = Visits().Build();
  const auto study = MakeStudy(plan, WithEpochs(Running(), {{1, 1}, {2, 1}, {3, 3}}));
  const auto figures = ArrangeFigures(*study,
                                      MeasuredBuilder(2)
                                          .Arm(0, 60, {Share(6, 60)})
                                          .Arm(1, 60, {Share(6, 60)})
                                          .InEpoch(2)
                                          .Arm(0, 100, {Share(10, 100)})
                                          .Arm(1, 50, {Share(5, 50)})
                                          .InEpoch(3)
                                          .Arm(0, 30, {Share(3, 30)})
                                          .Arm(1, 30, {Share(3, 30)})
                                          .Build(),
                                      CrossedUnits::kLeftOut);
  const EpochStrata strata = MakeEpochStrata(*study, figures->all, /*metric=*/0,
                                             {.control = 0, .treatment = 1}, Basis::kUnits);
  ASSERT_EQ(strata.strata.size(), 2u);
  EXPECT_EQ(strata.strata[0].control.units, 90);
  EXPECT_EQ(strata.strata[1].control.units, 100);
  EXPECT_EQ(strata.together.control.units, 190);
  EXPECT_EQ(strata.together.treatment.sums.nonzero, 14);
  EXPECT_EQ(strata.left_out, "");
}

}  // namespace
}  // namespace insightloop::testing
