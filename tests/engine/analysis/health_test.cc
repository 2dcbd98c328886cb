// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

SealedPlan Visits() { return PlanBuilder().Primary("visit", MetricKind::kProportion).Build(); }

HealthCheck SampleRatio(const SealedPlan& plan, const std::vector<std::int64_t>& units) {
  const auto study = MakeStudy(plan, StoppedAfter(Days(14)));
  return CheckSampleRatio(*study, {.exposed_units = units}, Figures{});
}

TEST(SampleRatioCheckTest, WarnsFromAnEvidenceOf100AndFailsFrom1000) {
  // E by hand, of 5,000 + d and 5,000 - d units: half each of the beta-binomial Bayes factors of
  // concentrations 10,000 and 100, computed from their formula with another package's lgamma.
  EXPECT_EQ(SampleRatio(Visits(), {5197, 4803}).status, CheckStatus::kPass);
  EXPECT_EQ(SampleRatio(Visits(), {5198, 4802}).status, CheckStatus::kWarn);
  EXPECT_EQ(SampleRatio(Visits(), {5226, 4774}).status, CheckStatus::kWarn);
  EXPECT_EQ(SampleRatio(Visits(), {5227, 4773}).status, CheckStatus::kFail);
}

TEST(SampleRatioCheckTest, StatesTheFigureAndItsThresholds) {
  const HealthCheck check = SampleRatio(Visits(), {5165, 4835});
  EXPECT_EQ(check.stage, Stage::kAssignment);
  EXPECT_EQ(check.warn_at, 100);
  EXPECT_EQ(check.fail_at, 1000);
  // For one reading chi-square: 2 * 165^2 / 5,000, whose upper tail is 0.000967.
  EXPECT_NEAR(*check.p_value, 0.000967, 5e-7);
  EXPECT_THAT(check.detail, HasSubstr("chi-square 10.89, p = 0.000967."));
}

TEST(SampleRatioCheckTest, UsesTheWeightsOfThePlan) {
  const SealedPlan plan =
      PlanBuilder().Primary("visit", MetricKind::kProportion).Weight(0, 9).Build();
  EXPECT_EQ(SampleRatio(plan, {9000, 1000}).status, CheckStatus::kPass);
  EXPECT_EQ(SampleRatio(plan, {5000, 5000}).status, CheckStatus::kFail);
}

TEST(SampleRatioCheckTest, FewUnitsAreNoEvidence) {
  for (const std::vector<std::int64_t>& units :
       {std::vector<std::int64_t>{0, 0}, std::vector<std::int64_t>{5, 0}}) {
    const HealthCheck check = SampleRatio(Visits(), units);
    EXPECT_EQ(check.status, CheckStatus::kPass);
    EXPECT_FALSE(check.p_value.has_value());
    EXPECT_LT(*check.figure, 20);
  }
  EXPECT_NEAR(*SampleRatio(Visits(), {0, 0}).figure, 1, 1e-12);
}

TEST(SampleRatioCheckTest, AUnitInAVariantOfWeightZeroFails) {
  const SealedPlan plan = PlanBuilder()
                              .Variants({"control", "treatment", "off"})
                              .Weight(2, 0)
                              .Primary("visit", MetricKind::kProportion)
                              .Build();
  EXPECT_EQ(SampleRatio(plan, {500, 500, 0}).status, CheckStatus::kPass);
  const HealthCheck check = SampleRatio(plan, {500, 500, 1});
  EXPECT_EQ(check.status, CheckStatus::kFail);
  EXPECT_THAT(check.detail, HasSubstr("off 1 (weight 0)"));
  EXPECT_THAT(check.detail, HasSubstr("By its weight of 0 a variant should have no units."));
}

// Units by epoch, then variant.
HealthCheck SampleRatioOf(const std::vector<std::vector<std::int32_t>>& weights,
                          const std::vector<std::vector<std::int64_t>>& units) {
  const SealedPlan plan = PlanBuilder()
                              .Variants({"control", "a", "b"})
                              .Primary("visit", MetricKind::kProportion)
                              .Build();
  const Experiment experiment = WithEpochs(Running(), weights);
  Measured measured = {.exposed_units = {0, 0, 0}};
  for (std::size_t e = 0; e < units.size(); ++e) {
    measured.exposed_by_epoch.push_back({experiment.epochs[e].epoch, units[e]});
    for (std::size_t v = 0; v < 3; ++v) measured.exposed_units[v] += units[e][v];
  }
  const auto study = MakeStudy(plan, experiment);
  return CheckSampleRatio(*study, measured, Figures{});
}

TEST(SampleRatioCheckTest, OneEpochOfTheSealedWeightsIsAsNone) {
  const std::vector<std::int64_t> units = {1050, 1000, 950};
  const SealedPlan plan = PlanBuilder()
                              .Variants({"control", "a", "b"})
                              .Primary("visit", MetricKind::kProportion)
                              .Build();
  const HealthCheck without = SampleRatio(plan, units);
  const HealthCheck with = SampleRatioOf({{1, 1, 1}}, {units});
  EXPECT_EQ(with.p_value, without.p_value);
  EXPECT_EQ(with.detail, without.detail);
  // By hand: 2 * 50^2 / 1000.
  EXPECT_THAT(with.detail, HasSubstr("chi-square 5, p = "));
}

TEST(SampleRatioCheckTest, AChangeOfWeightsIsNoMismatch) {
  const HealthCheck check =
      SampleRatioOf({{8, 1, 1}, {2, 1, 1}}, {{8000, 1000, 1000}, {5000, 2500, 2500}});
  EXPECT_EQ(check.status, CheckStatus::kPass);
  EXPECT_EQ(check.p_value, 1);
  EXPECT_THAT(check.detail,
              HasSubstr("in epoch 1 control 8,000 (weight 8), a 1,000 (weight 1), b 1,000 (weight "
                        "1); in epoch 2 control 5,000 (weight 2), a 2,500 (weight 1), b 2,500 "
                        "(weight 1); as planned, E = "));
}

TEST(SampleRatioCheckTest, AMismatchWithinOneEpochFails) {
  // Also where epochs make up for each other.
  EXPECT_EQ(SampleRatioOf({{9, 1, 0}, {1, 1, 0}}, {{9000, 1000, 0}, {5400, 4600, 0}}).status,
            CheckStatus::kFail);
  EXPECT_EQ(SampleRatioOf({{1, 1, 0}, {1, 1, 0}}, {{5400, 4600, 0}, {4600, 5400, 0}}).status,
            CheckStatus::kFail);
}

TEST(SampleRatioCheckTest, TestsForOneReadingOnlyEpochsWithEnoughUnits) {
  const HealthCheck check = SampleRatioOf({{1, 1, 0}, {9, 1, 0}, {1, 1, 0}, {2, 1, 0}},
                                          {{5070, 4930, 0}, {0, 3, 0}, {0, 0, 0}, {2000, 1000, 0}});
  // By hand: 2 * 70^2 / 5,000 and 0, with 1 + 1 degrees of freedom.
  EXPECT_NEAR(*check.p_value, std::exp(-0.98), 1e-14);
}

TEST(SampleRatioCheckTest, AUnitInAVariantThatWasDroppedFails) {
  const std::vector<std::vector<std::int32_t>> weights = {{1, 1, 1}, {1, 1, 0}};
  EXPECT_EQ(SampleRatioOf(weights, {{500, 500, 500}, {500, 500, 0}}).status, CheckStatus::kPass);
  const HealthCheck check = SampleRatioOf(weights, {{500, 500, 500}, {500, 500, 1}});
  EXPECT_EQ(check.status, CheckStatus::kFail);
  EXPECT_THAT(check.detail, HasSubstr("b 1 (weight 0)"));
}

// Cells of the attribute `country`, 1,000 units each but for what is added to the control of `de`.
HealthCheck SegmentRatio(std::int64_t more) {
  const SealedPlan plan =
      PlanBuilder().Primary("visit", MetricKind::kProportion).SegmentBy("country").Build();
  const auto study = MakeStudy(plan, StoppedAfter(Days(14)));
  const auto figures =
      ArrangeFigures(*study,
                     MeasuredBuilder(2)
                         .Cell("country=at", 0, 1000, {Share(100, 1000)})
                         .Cell("country=at", 1, 1000, {Share(100, 1000)})
                         .Cell("country=de", 0, 1000 + more, {Share(100, 1000 + more)})
                         .Cell("country=de", 1, 1000, {Share(100, 1000)})
                         .Build(),
                     CrossedUnits::kLeftOut);
  return CheckSegmentRatio(*study, *figures);
}

TEST(SegmentRatioCheckTest, LocalizesAMismatchAndNeverBlocks) {
  const HealthCheck healthy = SegmentRatio(0);
  EXPECT_EQ(healthy.status, CheckStatus::kPass);
  EXPECT_EQ(healthy.warn_at, 2000);  // two cells
  EXPECT_FALSE(healthy.fail_at.has_value());
  const HealthCheck broken = SegmentRatio(1000);
  EXPECT_EQ(broken.status, CheckStatus::kWarn);
  EXPECT_THAT(broken.detail, HasSubstr("country=de are not split as planned: control 2,000 (weight "
                                       "1), treatment 1,000 (weight 1), E = "));
  ASSERT_EQ(broken.places.size(), 1);
  EXPECT_EQ(broken.places[0].segment, "country=de");
  EXPECT_EQ(broken.places[0].figure, broken.figure);
}

// The first exposures of three days, control and treatment.
Measured OfDays(const std::vector<std::pair<std::int64_t, std::int64_t>>& days,
                const std::vector<std::int64_t>& crossed) {
  std::int64_t control = 0, treatment = 0;
  for (const auto& [of_control, of_treatment] : days) {
    control += of_control;
    treatment += of_treatment;
  }
  Measured measured = MeasuredBuilder(2)
                          .Arm(0, control, {Share(control / 10, control)})
                          .Arm(1, treatment, {Share(treatment / 10, treatment)})
                          .Build();
  for (std::size_t d = 0; d < days.size(); ++d) {
    measured.exposed_by_day.push_back({.epoch = 1,
                                       .day = Start() + Days(static_cast<std::int64_t>(d)),
                                       .units = {days[d].first, days[d].second},
                                       .crossed = crossed[d]});
    measured.crossed_units += crossed[d];
  }
  return measured;
}

TEST(FaultPlaceTest, ASplitThatBrokeOnOneDayIsPlacedThere) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  const HealthCheck check =
      CheckOf(Judged(plan, OfDays({{5000, 5000}, {5000, 4000}, {5000, 5000}}, {0, 0, 0})),
              Check::kSampleRatio);
  EXPECT_EQ(check.status, CheckStatus::kFail);
  ASSERT_EQ(check.places.size(), 1);
  EXPECT_EQ(check.places[0].day, Start() + Days(1));
  EXPECT_THAT(check.places[0].detail, HasSubstr("control 5,000 (weight 1), treatment 4,000"));
}

TEST(FaultPlaceTest, CrossingsArePlacedWhereTheirShareIsTwiceThatOfAll) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  const HealthCheck check =
      CheckOf(Judged(plan, OfDays({{5000, 5000}, {5000, 5000}, {5000, 5000}}, {10, 100, 10})),
              Check::kCrossedUnits);
  EXPECT_EQ(check.status, CheckStatus::kWarn);
  ASSERT_EQ(check.places.size(), 1);
  EXPECT_EQ(check.places[0].day, Start() + Days(1));
  EXPECT_NEAR(*check.places[0].figure, 100.0 / 10'100, 1e-12);
}

TEST(FaultPlaceTest, AHealthyCheckHasNone) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  const Verdict verdict = Judged(plan, OfDays({{5000, 5000}, {5000, 5000}}, {0, 0}));
  for (const HealthCheck& check : verdict.health) EXPECT_THAT(check.places, ::testing::IsEmpty());
}

// Units with a covariate of 0 and 200 cents in halves, and `more` cents more in the treatment.
HealthCheck Balance(std::int64_t more) {
  SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  plan.metrics[0].covariate = {.history = Days(28)};
  const auto study = MakeStudy(plan, StoppedAfter(Days(14)));
  const auto figures =
      ArrangeFigures(*study,
                     MeasuredBuilder(2)
                         .Arm(0, 1000, {Joint({{{1, 0, 0}, 500}, {{2, 200, 0}, 500}})})
                         .Arm(1, 1000, {Joint({{{1, more, 0}, 500}, {{2, 200 + more, 0}, 500}})})
                         .Build(),
                     CrossedUnits::kLeftOut);
  return CheckCovariateBalance(*study, *figures);
}

TEST(CovariateBalanceCheckTest, FindsADifferenceFromBeforeTheExperiment) {
  const HealthCheck balanced = Balance(0);
  EXPECT_EQ(balanced.status, CheckStatus::kPass);
  EXPECT_EQ(balanced.p_value, 1);
  EXPECT_EQ(balanced.warn_at, 0.01);
  EXPECT_EQ(balanced.fail_at, 0.001);
  // The standard error is sqrt(2 * 1.001 / 1,000) = 0.04474 in the metric's unit. Of a finished
  // file n is N*, so that x = -2 ln a + ln(1 - 2 ln a) = 16.51 at a = 0.001, and p = sqrt(x + 1)
  // exp(-z^2 x / (2 (x + 1))): 0.0046 for 17 cents, 0.00034 for 20.
  EXPECT_EQ(Balance(16).status, CheckStatus::kPass);
  const HealthCheck warned = Balance(17);
  EXPECT_EQ(warned.status, CheckStatus::kWarn);
  EXPECT_EQ(Balance(20).status, CheckStatus::kFail);
  EXPECT_THAT(warned.detail, HasSubstr("the 28.0 days before of metrics/spend in treatment"));
}

HealthCheck Crossed(std::int64_t crossed, std::int64_t others) {
  return CheckCrossedUnits({.exposed_units = {others, 0}, .crossed_units = crossed}, Figures{},
                           Figures{}, /*decision_differs=*/false);
}

TEST(CrossedUnitsCheckTest, WarnsAboveOneInAThousandAndFailsAboveTenPercent) {
  EXPECT_EQ(Crossed(0, 0).status, CheckStatus::kPass);
  EXPECT_EQ(Crossed(1, 999).status, CheckStatus::kPass);
  EXPECT_EQ(Crossed(2, 998).status, CheckStatus::kWarn);
  EXPECT_EQ(Crossed(100, 900).status, CheckStatus::kWarn);
  EXPECT_EQ(Crossed(101, 899).status, CheckStatus::kFail);
}

TEST(CrossedUnitsCheckTest, FailsWhenTheDecisionDependsOnThem) {
  // Without them 10 % against 14 %, a win; with them 10.9 % against 12.7 %, none.
  const Verdict verdict = Judged(Visits(), MeasuredBuilder(2)
                                               .Arm(0, 2000, {Share(200, 2000)})
                                               .Arm(1, 2000, {Share(280, 2000)})
                                               .Crossed(1, 200, {Share(0, 200)})
                                               .Crossed(0, 200, {Share(40, 200)})
                                               .Build());
  const HealthCheck check = CheckOf(verdict, Check::kCrossedUnits);
  EXPECT_EQ(check.status, CheckStatus::kFail);
  EXPECT_THAT(check.detail, HasSubstr("would change the decision"));
  EXPECT_EQ(verdict.decision, Decision::kInvalid);
  EXPECT_THAT(CodesOf(verdict), Contains("CROSSED_UNITS"));
}

TEST(CrossedUnitsCheckTest, DoesNotFailBecauseTheyWouldReachTheHorizon) {
  SealedPlan plan = Visits();
  plan.plan.planned_units = 4010;
  const Verdict verdict = Judged(plan, MeasuredBuilder(2)
                                           .Arm(0, 2000, {Share(200, 2000)})
                                           .Arm(1, 2000, {Share(280, 2000)})
                                           .Crossed(1, 20, {Share(3, 20)})
                                           .Build());
  EXPECT_EQ(CheckOf(verdict, Check::kCrossedUnits).status, CheckStatus::kWarn);
}

HealthCheck LateFacts(const Measured& measured) {
  return CheckOf(Judged(Visits(), measured), Check::kLateFacts);
}

TEST(LateFactsCheckTest, WarnsAboveOnePercentAndFailsAboveTen) {
  const auto status = [](std::int64_t late) {
    return LateFacts(MeasuredBuilder(2).Outcomes(1000, late).Build()).status;
  };
  EXPECT_EQ(status(10), CheckStatus::kPass);
  EXPECT_EQ(status(11), CheckStatus::kWarn);
  EXPECT_EQ(status(100), CheckStatus::kWarn);
  EXPECT_EQ(status(101), CheckStatus::kFail);
  EXPECT_EQ(LateFacts(MeasuredBuilder(2).Build()).status, CheckStatus::kPass);
}

TEST(LateFactsCheckTest, SaysHowManyAreLateInEachVariant) {
  Measured measured = MeasuredBuilder(2).Outcomes(1'000, 12).Build();
  measured.outcomes_by_variant = {{.outcomes = 500, .late = 12}, {.outcomes = 500}};
  EXPECT_EQ(LateFacts(measured).detail,
            "12 of 1,000 outcomes (1.2 %) came later than the acceptance window and are left out: "
            "12 of 500 (2.4 %) in control, 0 of 500 (0 %) in treatment.");
}

TEST(FaultPlaceTest, LateOutcomesArePlacedBySourceAndRejectedRowsByDay) {
  const Measured base = MeasuredBuilder(2)
                            .Arm(0, 1000, {Share(100, 1000)})
                            .Arm(1, 1000, {Share(100, 1000)})
                            .Outcomes(1000, 40)
                            .Build();
  Measured late = base;
  late.late_by_source = {{"", 5}, {"till", 5}, {"web", 30}};
  const HealthCheck check = CheckOf(Judged(Visits(), late), Check::kLateFacts);
  EXPECT_EQ(check.status, CheckStatus::kWarn);
  ASSERT_EQ(check.places.size(), 2);
  EXPECT_EQ(check.places[0].source, "web");
  EXPECT_EQ(check.places[0].figure, 0.75);
  Measured rejected = base;
  rejected.rejected = {{.reason = "OUT_OF_RANGE",
                        .by_variant = {30, 30},
                        .by_day = {{Start(), 20}, {Start() + Days(1), 40}}},
                       {.reason = "ID_REUSED", .by_variant = {10, 10}, .by_day = {{Start(), 20}}}};
  const HealthCheck rows = CheckOf(Judged(Visits(), rejected), Check::kRejectedFacts);
  EXPECT_EQ(rows.status, CheckStatus::kWarn);
  ASSERT_EQ(rows.places.size(), 2);
  EXPECT_EQ(rows.places[0].day, Start());
  EXPECT_EQ(rows.places[0].figure, 0.5);
}

TEST(LateFactsCheckTest, FailsWhereOneVariantHasMoreUnitsWithLateOutcomes) {
  const auto check = [](std::int64_t late) {
    Measured measured = MeasuredBuilder(2).Outcomes(10'000, 2 * late).Build();
    measured.outcomes_by_variant = {
        {.outcomes = 5'000, .late = late, .units = 5'000, .units_with_late = 50},
        {.outcomes = 5'000, .late = late, .units = 5'000, .units_with_late = late}};
    return LateFacts(measured);
  };
  EXPECT_EQ(check(50).p_value, 1);
  EXPECT_EQ(check(50).status, CheckStatus::kPass);
  // By hand: p = sqrt(x + 1) exp(-z^2 x / (2 (x + 1))) with x = 16.51 at n = N*; z of 1 % against
  // 2.04 % of 5,000 each is 4.25 (p = 0.0008), against 1.9 % it is 3.77 (0.0052).
  EXPECT_EQ(check(95).status, CheckStatus::kWarn);
  EXPECT_EQ(check(102).status, CheckStatus::kFail);
  EXPECT_THAT(check(102).detail, HasSubstr("Not in every variant as many units are concerned"));
}

// Of two variants, with 500 units each, and with outcomes up to 1,000 rows accepted in all.
HealthCheck Rejected(std::vector<RejectedRows> rejected, std::int64_t outcomes = 0) {
  Measured measured = {.exposed_units = {500 - outcomes / 2, 500 - outcomes / 2}};
  measured.outcomes = outcomes;
  measured.outcomes_by_variant = {{.outcomes = outcomes / 2}, {.outcomes = outcomes / 2}};
  measured.rejected = std::move(rejected);
  const SealedPlan plan = Visits();
  const auto study = MakeStudy(plan, StoppedAfter(Days(14)));
  return CheckRejectedFacts(*study, measured);
}

TEST(RejectedFactsCheckTest, WarnsAboveOnePercentAndFailsAboveTen) {
  const auto status = [](std::int64_t rows, std::int64_t outcomes) {
    return Rejected({{.reason = "OUT_OF_RANGE", .by_variant = {rows / 2, rows - rows / 2}}},
                    outcomes)
        .status;
  };
  for (const std::int64_t outcomes : {0, 600}) {
    EXPECT_EQ(status(0, outcomes), CheckStatus::kPass);
    EXPECT_EQ(status(10, outcomes), CheckStatus::kPass);  // of 1,010
    EXPECT_EQ(status(11, outcomes), CheckStatus::kWarn);
    EXPECT_EQ(status(111, outcomes), CheckStatus::kWarn);  // of 1,111
    EXPECT_EQ(status(112, outcomes), CheckStatus::kFail);
  }
  EXPECT_EQ(Rejected({}).stage, Stage::kLogging);
  EXPECT_EQ(Rejected({}).detail, "0 of 1,000 facts (0 %) were rejected.");
}

TEST(RejectedFactsCheckTest, NamesTheReasonsMostFirstAndTheShareOfEachVariant) {
  const HealthCheck check =
      Rejected({{.reason = "ID_REUSED", .by_variant = {1, 0}},
                {.reason = "TIME_IN_FUTURE", .by_variant = {3, 4}},
                {.reason = "UNKNOWN_VARIANT", .by_variant = {0, 0}, .without_variant = 2},
                {.reason = "VARIANT_NOT_ASSIGNED", .by_variant = {900, 0}}},
               /*outcomes=*/400);
  EXPECT_EQ(check.detail,
            "10 of 1,010 facts (0.9901 %) were rejected, TIME_IN_FUTURE 7, UNKNOWN_VARIANT 2, "
            "ID_REUSED 1: 4 of 504 (0.7937 %) in control, 4 of 504 (0.7937 %) in treatment.");
  EXPECT_EQ(check.p_value, std::nullopt);
}

TEST(RejectedFactsCheckTest, WarnsWhereVariantsDifferAndOneIsAboveOnePercent) {
  const auto check = [](std::int64_t control, std::int64_t treatment) {
    const SealedPlan plan = Visits();
    const auto study = MakeStudy(plan, StoppedAfter(Days(14)));
    Measured measured = {.exposed_units = {5'000 - control, 5'000 - treatment},
                         .outcomes_by_variant = {{}, {}}};
    measured.rejected = {{.reason = "OUT_OF_RANGE", .by_variant = {control, treatment}}};
    return CheckRejectedFacts(*study, measured);
  };
  EXPECT_EQ(check(60, 60).p_value, 1);
  EXPECT_EQ(check(60, 60).status, CheckStatus::kWarn);
  // 0.95 % in all, and 1.7 % in the treatment.
  EXPECT_EQ(check(10, 85).status, CheckStatus::kWarn);
  EXPECT_THAT(check(10, 85).detail, HasSubstr("Not in every variant as many are rejected, p = "));
  EXPECT_EQ(check(45, 51).status, CheckStatus::kPass);  // 1.02 % in the treatment, as by chance
  // So few may be one unit's, or one that is sent again and again.
  EXPECT_EQ(check(0, 50).status, CheckStatus::kPass);
}

HealthCheck Mismatch(std::int64_t rows) {
  Measured measured = {.exposed_units = {600, 398}, .crossed_units = 2};
  if (rows > 0) {
    measured.rejected = {{.reason = "OUT_OF_RANGE", .by_variant = {900, 0}},
                         {.reason = "VARIANT_NOT_ASSIGNED", .by_variant = {rows, 0}}};
  }
  return CheckExposureMismatch(measured);
}

TEST(ExposureMismatchCheckTest, WarnsAboveOneInAThousandAndFailsAboveOnePercent) {
  EXPECT_EQ(Mismatch(0).status, CheckStatus::kPass);
  EXPECT_EQ(Mismatch(0).figure, 0);
  EXPECT_EQ(Mismatch(1).status, CheckStatus::kPass);  // of 1,001
  EXPECT_EQ(Mismatch(2).status, CheckStatus::kWarn);
  EXPECT_EQ(Mismatch(10).status, CheckStatus::kWarn);  // of 1,010
  EXPECT_EQ(Mismatch(11).status, CheckStatus::kFail);
  EXPECT_EQ(Mismatch(2).stage, Stage::kExecution);
  // Nine rows beside nine units may be one sender's.
  EXPECT_EQ(CheckExposureMismatch(
                {.exposed_units = {9, 0},
                 .rejected = {{.reason = std::string(kVariantNotAssigned), .by_variant = {9, 0}}}})
                .status,
            CheckStatus::kWarn);
  EXPECT_THAT(Mismatch(2).detail,
              HasSubstr("Beside 1,000 exposed units 2 exposures (0.1996 %) named another variant"));
}

TEST(ExposureMismatchCheckTest, IsNotOfExternalExperiments) {
  SealedPlan plan = Visits();
  const auto has_check = [&] {
    const Verdict verdict = Judged(plan, MeasuredBuilder(2).Build());
    return std::any_of(verdict.health.begin(), verdict.health.end(),
                       [](const HealthCheck& c) { return c.check == Check::kExposureMismatch; });
  };
  EXPECT_FALSE(has_check());
  plan.external = false;
  EXPECT_TRUE(has_check());
}

std::optional<HealthCheck> StraightLining(std::vector<QuestionnaireCounts> by_variant) {
  const SealedPlan plan = Visits();
  const auto study = MakeStudy(plan, StoppedAfter(Days(14)));
  return CheckStraightLining(*study, {.questionnaires_by_variant = std::move(by_variant)});
}

TEST(StraightLiningCheckTest, WarnsFromTwentyPercentOnAndSaysTheShares) {
  const auto check = StraightLining({{.judged = 40, .straight_lined = 4}, {40, 8}});
  EXPECT_EQ(check->status, CheckStatus::kPass);
  EXPECT_EQ(check->stage, Stage::kExecution);
  EXPECT_EQ(check->figure, 0.15);
  EXPECT_EQ(check->warn_at, 0.2);
  EXPECT_EQ(check->fail_at, std::nullopt);
  EXPECT_EQ(check->detail,
            "12 of 80 questionnaires of four answers or more (15 %) have one answer throughout: "
            "4 of 40 (10 %) in control, 8 of 40 (20 %) in treatment.");
  EXPECT_EQ(StraightLining({{40, 7}, {40, 8}})->status, CheckStatus::kPass);
  EXPECT_EQ(StraightLining({{40, 8}, {40, 8}})->status, CheckStatus::kWarn);
  EXPECT_EQ(StraightLining({{40, 40}, {40, 40}})->status, CheckStatus::kWarn);
}

TEST(StraightLiningCheckTest, WarnsWhereVariantsDiffer) {
  const auto check = [](std::int64_t treatment) {
    return *StraightLining({{5'000, 500}, {5'000, treatment}});
  };
  // As in LateFactsCheckTest, with x = 7.936 at an alpha of 0.05: z of 10 % against 11.88 % of
  // 5,000 each is 3.013 (p = 0.0531), against 11.9 % it is 3.044 (0.0489).
  EXPECT_EQ(check(594).status, CheckStatus::kPass);
  EXPECT_NEAR(*check(594).p_value, 0.0531, 5e-5);
  EXPECT_EQ(check(595).status, CheckStatus::kWarn);
  EXPECT_THAT(check(595).detail, HasSubstr("Not in every variant as many have, p = 0.0489."));
}

TEST(StraightLiningCheckTest, IsOfExperimentsWithQuestionnaires) {
  EXPECT_EQ(StraightLining({{}, {}}), std::nullopt);
  Measured measured = MeasuredBuilder(2).Arm(0, 100, {Share(10, 100)}).Build();
  const auto has_check = [&] {
    const Verdict verdict = Judged(Visits(), measured);
    return std::any_of(verdict.health.begin(), verdict.health.end(),
                       [](const HealthCheck& c) { return c.check == Check::kStraightLining; });
  };
  EXPECT_FALSE(has_check());
  measured.questionnaires_by_variant = {{.judged = 5, .straight_lined = 1}, {}};
  EXPECT_TRUE(has_check());
}

TEST(FreshnessCheckTest, WarnsWhereNoFactHasHappenedFor24Hours) {
  const Time now = Start() + Days(30);
  const auto check = [now](Duration silent) {
    return CheckFreshness(Running(), {.last_fact = now - silent}, now);
  };
  EXPECT_EQ(check(Duration{Hours(24).micros - 1}).status, CheckStatus::kPass);
  EXPECT_EQ(check(Hours(24)).status, CheckStatus::kWarn);
  EXPECT_EQ(check(Days(7)).status, CheckStatus::kWarn);
  EXPECT_EQ(check(Hours(6)).figure, 6);
  EXPECT_EQ(check(Hours(6)).warn_at, 24);
  EXPECT_EQ(check(Hours(6)).stage, Stage::kLogging);
  EXPECT_EQ(check(Hours(-20)).figure, 0);  // a sender's clock is ahead
  EXPECT_EQ(check(Hours(30)).detail,
            "The last fact happened at 2023-12-13T16:13:20Z, 30 hours ago.");
}

TEST(FreshnessCheckTest, BeforeAnyFactItCountsFromTheStart) {
  EXPECT_EQ(CheckFreshness(Running(), {}, Start() + Hours(23)).status, CheckStatus::kPass);
  EXPECT_EQ(CheckFreshness(Running(), {}, Start() + Hours(36)).detail,
            "No fact has come since the start at 2023-11-14T22:13:20Z, 36 hours ago.");
}

TEST(FreshnessCheckTest, IsOfRunningExperimentsThatAreNotExternal) {
  SealedPlan plan = Visits();
  const auto has_check = [&](const Experiment& experiment) {
    const Verdict verdict = Judged(plan, MeasuredBuilder(2).Build(), experiment);
    return std::any_of(verdict.health.begin(), verdict.health.end(),
                       [](const HealthCheck& c) { return c.check == Check::kFreshness; });
  };
  EXPECT_FALSE(has_check(Running()));
  plan.external = false;
  EXPECT_TRUE(has_check(Running()));
  Experiment paused = Running();
  paused.state = ExperimentState::kPaused;
  EXPECT_FALSE(has_check(paused));
  EXPECT_FALSE(has_check(StoppedAfter(Days(14))));
}

// Cents by unit of the treatment; the control has 100 in each of 200 units.
HealthCheck LargestUnit(const std::vector<std::pair<std::int64_t, int>>& treatment,
                        std::int64_t largest) {
  MetricSums control = Values({{99, 100}, {101, 100}});
  control.largest = 101;
  MetricSums treated = Values(treatment);
  treated.largest = largest;
  const SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  return CheckOf(Judged(plan, MeasuredBuilder(2)
                                  .Arm(0, 200, {control})
                                  .Arm(1, treated.values.count(), {treated})
                                  .Build()),
                 Check::kLargestUnit);
}

TEST(LargestUnitCheckTest, WarnsAboveAShareOfFivePercent) {
  const HealthCheck even = LargestUnit({{99, 100}, {101, 100}}, 101);
  EXPECT_EQ(even.status, CheckStatus::kPass);
  EXPECT_NEAR(*even.figure, 101.0 / 20'000, 1e-12);
  const HealthCheck warned = LargestUnit({{99, 100}, {101, 99}, {2'000, 1}}, 2'000);
  EXPECT_EQ(warned.status, CheckStatus::kWarn);
  EXPECT_THAT(warned.detail, HasSubstr("One unit has 20, 9.1"));
}

TEST(LargestUnitCheckTest, SaysWhereOneUnitDecides) {
  // Without it the treatment is 99.5 against 100, with an interval below 0; with it nothing is
  // significant.
  const HealthCheck check = LargestUnit({{98, 100}, {101, 99}, {500, 1}}, 500);
  EXPECT_EQ(check.status, CheckStatus::kWarn);
  EXPECT_THAT(check.detail,
              HasSubstr("Without the largest unit of treatment it would be another decision."));
}

Verdict Survey(const PlanBuilder& plan, const std::vector<NpsAnswers>& arms) {
  MeasuredBuilder measured(arms.size());
  for (std::size_t v = 0; v < arms.size(); ++v) measured.Arm(v, 1000, {Nps(arms[v])});
  return Judged(plan.Build(), measured.Build());
}

TEST(ResponseRateCheckTest, WarnsWhenAnotherShareAnswers) {
  const PlanBuilder plan = PlanBuilder().Primary("nps", MetricKind::kNps);
  const NpsAnswers half = {.promoters = 250, .passives = 100, .detractors = 150, .asked = 1000};
  // z of 500 against 543 of 1,000 is 1.927, against 544 it is 1.971.
  const NpsAnswers less = {.promoters = 250, .passives = 143, .detractors = 150, .asked = 1000};
  const NpsAnswers more = {.promoters = 250, .passives = 144, .detractors = 150, .asked = 1000};
  EXPECT_EQ(CheckOf(Survey(plan, {half, less}), Check::kResponseRate).status, CheckStatus::kPass);
  EXPECT_EQ(CheckOf(Survey(plan, {half, more}), Check::kResponseRate).status, CheckStatus::kWarn);
}

TEST(ResponseRateCheckTest, FailsWhereThePrimarySurveysBoundsSettleNothing) {
  const PlanBuilder primary = PlanBuilder().Primary("nps", MetricKind::kNps);
  // 50 % and 60 % answer: trimming a sixth of the treatment's answers leaves it between -33 and +33
  // against 0.
  const NpsAnswers half = {.promoters = 200, .passives = 100, .detractors = 200, .asked = 1000};
  const NpsAnswers more = {.promoters = 240, .passives = 120, .detractors = 240, .asked = 1000};
  const Verdict invalid = Survey(primary, {half, more});
  const HealthCheck check = CheckOf(invalid, Check::kResponseRate);
  EXPECT_EQ(check.status, CheckStatus::kFail);
  EXPECT_EQ(check.fail_at, 0.001);
  EXPECT_EQ(invalid.decision, Decision::kInvalid);
  EXPECT_THAT(check.detail, HasSubstr("Among those who would answer either way"));
  // A survey that does not decide only warns.
  const SealedPlan secondary = PlanBuilder()
                                   .Primary("visit", MetricKind::kProportion)
                                   .Secondary("nps", MetricKind::kNps)
                                   .Build();
  const Verdict warned = Judged(secondary, MeasuredBuilder(2)
                                               .Arm(0, 1000, {Share(100, 1000), Nps(half)})
                                               .Arm(1, 1000, {Share(100, 1000), Nps(more)})
                                               .Build());
  EXPECT_EQ(CheckOf(warned, Check::kResponseRate).status, CheckStatus::kWarn);
}

TEST(ResponseRateCheckTest, WhereTheSplitChangedThereAreNoBoundsAndItWarns) {
  const NpsAnswers half = {.promoters = 200, .passives = 100, .detractors = 200, .asked = 1000};
  const NpsAnswers more = {.promoters = 240, .passives = 120, .detractors = 240, .asked = 1000};
  const Verdict verdict = Judged(PlanBuilder().Primary("nps", MetricKind::kNps).Build(),
                                 MeasuredBuilder(2)
                                     .Arm(0, 1000, {Nps(half)})
                                     .Arm(1, 1000, {Nps(more)})
                                     .InEpoch(2)
                                     .Arm(0, 1000, {Nps(half)})
                                     .Arm(1, 1000, {Nps(more)})
                                     .Build(),
                                 WithEpochs(StoppedAfter(Days(14)), {{1, 1}, {2, 1}}));
  const HealthCheck check = CheckOf(verdict, Check::kResponseRate);
  EXPECT_EQ(check.status, CheckStatus::kWarn);
  EXPECT_THAT(check.detail, HasSubstr("split changed between epochs"));
}

TEST(ResponseRateCheckTest, WarnsWhereTheBoundsShowTheGainAllTheSame) {
  // A sixth of the treatment's 600 answers is trimmed: of its promoters first, 400 of 500 are left.
  const Verdict verdict =
      Survey(PlanBuilder().Primary("nps", MetricKind::kNps),
             {{.promoters = 200, .passives = 100, .detractors = 200, .asked = 1000},
              {.promoters = 500, .passives = 50, .detractors = 50, .asked = 1000}});
  EXPECT_EQ(CheckOf(verdict, Check::kResponseRate).status, CheckStatus::kWarn);
  EXPECT_EQ(verdict.decision, Decision::kShip);
  const Result result = ResultOf(verdict, {.metric = "nps"});
  EXPECT_NEAR(*result.lee_bounds->lower, 100.0 * (400 - 50) / 500, 1e-9);  // against 0
  EXPECT_NEAR(*result.lee_bounds->upper, 100.0, 1e-9);  // all detractors and passives trimmed
  EXPECT_NEAR(*result.lee_bounds->trimmed_share, 1.0 / 6, 1e-12);
  EXPECT_EQ(result.lee_bounds->trimmed_variant, "treatment");
}

TEST(ResponseRateCheckTest, WhatDifferentPeopleMayExplainIsNoWin) {
  // p = 0.0064, and 75 of the treatment's 575 answers are trimmed: from +13 to -2 at worst.
  const Verdict verdict =
      Survey(PlanBuilder().Primary("nps", MetricKind::kNps),
             {{.promoters = 200, .passives = 100, .detractors = 200, .asked = 1000},
              {.promoters = 275, .passives = 100, .detractors = 185, .asked = 1000}});
  EXPECT_EQ(CheckOf(verdict, Check::kResponseRate).status, CheckStatus::kWarn);
  EXPECT_GT(*ResultOf(verdict, {.metric = "nps"}).adjusted_interval->lower, 0);
  EXPECT_EQ(verdict.decision, Decision::kInconclusive);
  EXPECT_THAT(CodesOf(verdict), ::testing::ElementsAre("RESPONSE_DIFFERS"));
}

TEST(ResponseRateCheckTest, IsReadAtAnyTimeUntilAFixedHorizonHasEnded) {
  const NpsAnswers half = {.promoters = 250, .passives = 100, .detractors = 150, .asked = 1000};
  const NpsAnswers more = {.promoters = 250, .passives = 150, .detractors = 150, .asked = 1000};
  const PlanBuilder fixed = PlanBuilder().Primary("nps", MetricKind::kNps);
  EXPECT_EQ(CheckOf(Survey(fixed, {half, more}), Check::kResponseRate).status, CheckStatus::kWarn);
  PlanBuilder anytime = fixed;
  EXPECT_EQ(CheckOf(Survey(anytime.AlwaysValid(), {half, more}), Check::kResponseRate).status,
            CheckStatus::kPass);
}

TEST(ResponseRateCheckTest, CountsEveryTreatment) {
  const PlanBuilder plan = PlanBuilder().Variants({"a", "b", "c"}).Primary("nps", MetricKind::kNps);
  const NpsAnswers half = {.promoters = 250, .passives = 100, .detractors = 150, .asked = 1000};
  const NpsAnswers more = {.promoters = 250, .passives = 144, .detractors = 150, .asked = 1000};
  const HealthCheck check = CheckOf(Survey(plan, {half, half, more}), Check::kResponseRate);
  EXPECT_EQ(check.status, CheckStatus::kPass);  // twice 0.0487
  EXPECT_NEAR(*check.p_value, 2 * 0.0487, 5e-4);
}

TEST(ResponseRateCheckTest, SaysHowManyTurnedItDown) {
  MetricSums control = Nps({.promoters = 5, .asked = 10});
  control.dismissed = 3;
  const Verdict verdict = Judged(PlanBuilder().Primary("nps", MetricKind::kNps).Build(),
                                 MeasuredBuilder(2)
                                     .Arm(0, 100, {control})
                                     .Arm(1, 100, {Nps({.promoters = 5, .asked = 10})})
                                     .Build());
  EXPECT_THAT(CheckOf(verdict, Check::kResponseRate).detail,
              HasSubstr("50 % of 10 asked in control answered and 3 turned it down, 50 % of 10 "
                        "asked in treatment answered"));
  const Result& result = verdict.results.at(0);
  EXPECT_EQ(result.asked_control, 10);
  EXPECT_EQ(result.dismissed_control, 3);
  EXPECT_EQ(result.dismissed_treatment, 0);
}

TEST(ResponseRateCheckTest, SaysWhenNobodyWasAsked) {
  const HealthCheck check = CheckOf(
      Survey(PlanBuilder().Primary("nps", MetricKind::kNps), {{}, {}}), Check::kResponseRate);
  EXPECT_EQ(check.status, CheckStatus::kPass);
  EXPECT_FALSE(check.p_value.has_value());
  EXPECT_THAT(check.detail, HasSubstr("nobody was asked in control"));
}

TEST(ResponseRateCheckTest, ComparesWithinEpochsOfOneSplit) {
  // Half of all answer, then a quarter: 41.7 % of the control and 31.3 % of the treatment in all.
  const SealedPlan plan = PlanBuilder().Primary("nps", MetricKind::kNps).Build();
  const NpsAnswers first = {.promoters = 450, .asked = 900};
  const NpsAnswers second = {.promoters = 100, .asked = 400};
  const Verdict verdict = Judged(plan,
                                 MeasuredBuilder(2)
                                     .Arm(0, 900, {Nps(first)})
                                     .Arm(1, 300, {Nps({.promoters = 150, .asked = 300})})
                                     .InEpoch(2)
                                     .Arm(0, 400, {Nps(second)})
                                     .Arm(1, 400, {Nps(second)})
                                     .Build(),
                                 WithEpochs(StoppedAfter(Days(14)), {{3, 1}, {1, 1}}));
  const HealthCheck check = CheckOf(verdict, Check::kResponseRate);
  EXPECT_EQ(check.status, CheckStatus::kPass);
  EXPECT_EQ(check.p_value, 1);
}

TEST(ResponseRateCheckTest, ThereIsOneForEverySurveyMetricAndNoneForOthers) {
  const SealedPlan plan = PlanBuilder()
                              .Primary("visit", MetricKind::kProportion)
                              .Secondary("nps", MetricKind::kNps)
                              .Secondary("csat", MetricKind::kCsat)
                              .Build();
  int checks = 0;
  for (const HealthCheck& check : Judged(plan, MeasuredBuilder(2).Build()).health) {
    checks += check.check == Check::kResponseRate ? 1 : 0;
  }
  EXPECT_EQ(checks, 2);
}

TEST(MinDurationCheckTest, WarnsBelowSevenFullDays) {
  EXPECT_EQ(CheckMinDuration({.ran_for = Days(7)}).status, CheckStatus::kPass);
  const HealthCheck check = CheckMinDuration({.ran_for = Hours(7 * 24 - 12)});
  EXPECT_EQ(check.status, CheckStatus::kWarn);
  EXPECT_THAT(check.detail, HasSubstr("6.5 days"));
}

TEST(ExactSumsCheckTest, AnOverflowedSumMakesTheVerdictInvalid) {
  const SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  MetricSums overflowed;
  for (int i = 0; i < 4; ++i) overflowed.values.Add(std::numeric_limits<std::int64_t>::min());
  ASSERT_TRUE(overflowed.values.overflowed());
  const Verdict verdict = Judged(
      plan, MeasuredBuilder(2).Arm(0, 4, {Values({{100, 4}})}).Arm(1, 4, {overflowed}).Build());
  EXPECT_EQ(CheckOf(verdict, Check::kExactSums).status, CheckStatus::kFail);
  EXPECT_THAT(CheckOf(verdict, Check::kExactSums).detail, HasSubstr("metrics/spend"));
  EXPECT_EQ(verdict.decision, Decision::kInvalid);
  EXPECT_THAT(WhyAbsent(ResultOf(verdict, {.metric = "spend"}), "treatmentValue"),
              HasSubstr("exceed"));
}

}  // namespace
}  // namespace insightloop::testing
