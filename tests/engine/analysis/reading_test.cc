// SPDX-License-Identifier: Apache-2.0
//
// How figures become classes and reasons: burn-in, horizon, directions, scales, guardrails.

#include "engine/analysis/reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PlanBuilder Visits() { return PlanBuilder().Primary("visit", MetricKind::kProportion); }

Measured Shares(std::int64_t units, const std::vector<std::int64_t>& successes) {
  MeasuredBuilder measured(successes.size());
  for (std::size_t v = 0; v < successes.size(); ++v) {
    measured.Arm(v, units, {Share(successes[v], units)});
  }
  return measured.Build();
}

// -------------------------------------------------------------------------------------------------
// Burn-in

TEST(BurnInTest, ShareNeedsHundredUnitsAndTwentyFiveOfEachKindInBothArms) {
  const SealedPlan plan = Visits().Build();
  EXPECT_THAT(CodesOf(Judged(plan, Shares(1000, {24, 100}))), ElementsAre("NOT_ENOUGH_DATA"));
  EXPECT_EQ(Judged(plan, Shares(1000, {25, 100})).decision, Decision::kShip);
  EXPECT_THAT(CodesOf(Judged(plan, Shares(1000, {900, 976}))), ElementsAre("NOT_ENOUGH_DATA"));
  EXPECT_EQ(Judged(plan, Shares(1000, {900, 975})).decision, Decision::kShip);
  EXPECT_THAT(CodesOf(Judged(plan, Shares(99, {25, 70}))), ElementsAre("NOT_ENOUGH_DATA"));
  EXPECT_EQ(Judged(plan, Shares(100, {25, 70})).decision, Decision::kShip);
}

TEST(BurnInTest, MeanNeedsFiftyUnitsThatAreNotZero) {
  const SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  const auto decide = [&](int buyers) {
    return Judged(plan, MeasuredBuilder(2)
                            .Arm(0, 200, {Values({{0, 200 - buyers}, {100, buyers}})})
                            .Arm(1, 200, {Values({{0, 50}, {1000, 75}, {900, 75}})})
                            .Build())
        .decision;
  };
  EXPECT_EQ(decide(49), Decision::kInconclusive);
  EXPECT_EQ(decide(50), Decision::kShip);
}

TEST(BurnInTest, SurveyNeedsFiftyAnswers) {
  const SealedPlan plan = PlanBuilder().Primary("nps", MetricKind::kNps).Build();
  const auto decide = [&](std::int64_t answers) {
    const NpsAnswers control = {.promoters = 10, .detractors = answers - 10, .asked = answers};
    const NpsAnswers treatment = {.promoters = answers - 10, .detractors = 10, .asked = answers};
    return Judged(
               plan,
               MeasuredBuilder(2).Arm(0, 100, {Nps(control)}).Arm(1, 100, {Nps(treatment)}).Build())
        .decision;
  };
  EXPECT_EQ(decide(49), Decision::kInconclusive);
  EXPECT_EQ(decide(50), Decision::kShip);
}

TEST(BurnInTest, OneArmWithTooLittleDataDoesNotHoldBackAnother) {
  const Verdict verdict =
      Judged(Visits().Variants({"control", "a", "b"}).Build(), Shares(1000, {100, 150, 5}));
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_EQ(verdict.ship_variant, "a");
}

TEST(BurnInTest, SaysWhatIsMissing) {
  const Verdict verdict = Judged(Visits().Build(), Shares(1000, {24, 100}), Running());
  EXPECT_EQ(verdict.decision, Decision::kKeepRunning);
  EXPECT_THAT(verdict.reasons[0].detail, HasSubstr("25 successes and 25 failures"));
  EXPECT_THAT(verdict.reasons[0].detail,
              HasSubstr("control has 1,000 units with 24 successes and 976 failures"));
}

// -------------------------------------------------------------------------------------------------
// Horizon

TEST(HorizonTest, WaitsForThePlannedUnits) {
  const Verdict early =
      Judged(Visits().PlannedUnits(2001).Build(), Shares(1000, {100, 200}), Running());
  EXPECT_EQ(early.decision, Decision::kKeepRunning);
  EXPECT_THAT(CodesOf(early), ElementsAre("BEFORE_HORIZON"));
  EXPECT_THAT(early.reasons[0].detail,
              HasSubstr("2,000 of 2,001 planned units have matured, 1 to"));
  EXPECT_EQ(
      Judged(Visits().PlannedUnits(2000).Build(), Shares(1000, {100, 200}), Running()).decision,
      Decision::kShip);
}

TEST(HorizonTest, EndingBeforeThePlannedUnitsIsInconclusive) {
  const Verdict verdict = Judged(Visits().PlannedUnits(2001).Build(), Shares(1000, {100, 200}));
  EXPECT_EQ(verdict.decision, Decision::kInconclusive);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("BEFORE_HORIZON"));
}

TEST(HorizonTest, WithoutAPlannedSizeWaitsForTheEndAndForOpenWindows) {
  const SealedPlan plan = Visits().Build();
  EXPECT_THAT(CodesOf(Judged(plan, Shares(1000, {100, 200}), Running())),
              ElementsAre("BEFORE_HORIZON"));
  Measured measured = Shares(1000, {100, 200});
  measured.in_flight_units = 3;
  const Verdict stopped = Judged(plan, measured);
  EXPECT_EQ(stopped.decision, Decision::kKeepRunning);
  EXPECT_THAT(CodesOf(stopped), ElementsAre("BEFORE_HORIZON", "WINDOWS_OPEN"));
  EXPECT_EQ(stopped.in_flight_units, 3);
  EXPECT_EQ(Judged(plan, Shares(1000, {100, 200})).decision, Decision::kShip);
}

TEST(HorizonTest, AWeekHasToPassWhileItRuns) {
  const SealedPlan plan = Visits().PlannedUnits(2000).Build();
  const Measured measured = Shares(1000, {100, 200});
  const auto at = [&](Duration after) {
    return *MakeVerdict(plan, Running(), measured, Start() + after);
  };
  EXPECT_EQ(at(Days(6)).decision, Decision::kKeepRunning);
  EXPECT_THAT(CodesOf(at(Days(6))), ElementsAre("MIN_DURATION"));
  EXPECT_EQ(at(Days(7)).decision, Decision::kShip);
  const Verdict stopped = Judged(plan, measured, StoppedAfter(Days(6)));
  EXPECT_EQ(stopped.decision, Decision::kShip);
  EXPECT_EQ(CheckOf(stopped, Check::kMinDuration).status, CheckStatus::kWarn);
}

TEST(HorizonTest, PastThePlanWithoutADecisionSaysSo) {
  const Verdict verdict =
      Judged(Visits().PlannedUnits(2000).Build(), Shares(1000, {100, 101}), Running());
  EXPECT_EQ(verdict.decision, Decision::kKeepRunning);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PAST_PLAN"));
}

// -------------------------------------------------------------------------------------------------
// Directions and scales

TEST(DirectionTest, FewerIsBetterWhereThePlanSaysSo) {
  const SealedPlan predicted = Visits().Predicted(Direction::kDecrease).Build();
  EXPECT_EQ(Judged(predicted, Shares(1000, {200, 100})).decision, Decision::kShip);
  EXPECT_EQ(Judged(predicted, Shares(1000, {100, 200})).decision, Decision::kDoNotShip);
  SealedPlan desired = Visits().Build();
  desired.metrics[0].desired_direction = Direction::kDecrease;
  EXPECT_EQ(Judged(desired, Shares(1000, {200, 100})).decision, Decision::kShip);
}

TEST(DirectionTest, TheBestOfSeveralIsTheLowestWhereFewerIsBetter) {
  const SealedPlan plan =
      Visits().Variants({"control", "a", "b"}).Predicted(Direction::kDecrease).Build();
  const Verdict verdict = Judged(plan, Shares(1000, {300, 200, 100}));
  EXPECT_EQ(verdict.ship_variant, "b");
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PRIMARY_BETTER", "BEST_DISTINGUISHED"));
}

TEST(SmallestEffectTest, AnEffectInsideItsRangeDoesNotMatter) {
  // 30 % in both arms of 20,000: the difference is known to 0.9 points, the ratio to 3 %.
  const Measured equal = Shares(20000, {6000, 6000});
  const Verdict absolute = Judged(Visits().Smallest(0.01, Scale::kAbsolute).Build(), equal);
  EXPECT_EQ(absolute.decision, Decision::kNoMeaningfulEffect);
  EXPECT_THAT(CodesOf(absolute), ElementsAre("EQUIVALENT"));
  EXPECT_THAT(absolute.reasons[0].detail, HasSubstr("An effect of 1 percentage points"));
  EXPECT_EQ(Judged(Visits().Smallest(0.04, Scale::kRelative).Build(), equal).decision,
            Decision::kNoMeaningfulEffect);
  EXPECT_EQ(Judged(Visits().Smallest(0.02, Scale::kRelative).Build(), equal).decision,
            Decision::kInconclusive);
}

TEST(SmallestEffectTest, BetterByTooLittleIsNotShipped) {
  const Verdict verdict =
      Judged(Visits().Smallest(0.05, Scale::kAbsolute).Build(), Shares(20000, {6000, 6400}));
  EXPECT_EQ(verdict.decision, Decision::kNoMeaningfulEffect);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("BETTER_BUT_SMALL"));
}

TEST(SmallestEffectTest, AGainMayBeRuledOutWhileALossIsNot) {
  const Verdict verdict =
      Judged(Visits().Smallest(0.01, Scale::kAbsolute).Build(), Shares(20000, {6000, 5870}));
  EXPECT_EQ(verdict.decision, Decision::kInconclusive);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("GAIN_RULED_OUT"));
}

TEST(SmallestEffectTest, IsNeverShownWhereTheRelativeIntervalCannotBeStated) {
  // Means around 0 have no relative lift.
  const SealedPlan plan =
      PlanBuilder().Primary("profit", MetricKind::kMean).Smallest(10, Scale::kRelative).Build();
  const MetricSums sums = Values({{-100, 100}, {100, 100}});
  const Verdict verdict =
      Judged(plan, MeasuredBuilder(2).Arm(0, 200, {sums}).Arm(1, 200, {sums}).Build());
  EXPECT_EQ(verdict.decision, Decision::kInconclusive);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("TOO_SMALL"));
}

// -------------------------------------------------------------------------------------------------
// Several treatments

TEST(BestArmTest, NamesWinnersThatAreNotRuledOut) {
  const SealedPlan plan = Visits().Variants({"control", "a", "b", "c"}).Build();
  const Verdict verdict = Judged(plan, Shares(1000, {100, 200, 210, 300}));
  EXPECT_EQ(verdict.ship_variant, "c");
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PRIMARY_BETTER", "BEST_DISTINGUISHED"));
  const Verdict close = Judged(plan, Shares(1000, {100, 200, 290, 300}));
  EXPECT_THAT(CodesOf(close), ElementsAre("PRIMARY_BETTER", "BEST_NOT_DISTINGUISHED"));
  EXPECT_THAT(close.reasons[1].detail, HasSubstr("Against b:"));
  EXPECT_THAT(close.reasons[1].detail, ::testing::Not(HasSubstr("Against a:")));
  // Three pairs share alpha.
  EXPECT_THAT(close.reasons[1].detail, HasSubstr("98.33 %"));
}

TEST(BestArmTest, ASingleWinnerNeedsNoComparison) {
  const SealedPlan plan = Visits().Variants({"control", "a", "b"}).Build();
  EXPECT_THAT(CodesOf(Judged(plan, Shares(1000, {100, 200, 101}))), ElementsAre("PRIMARY_BETTER"));
}

TEST(BestArmTest, AVariantOfWeightZeroTakesNoPart) {
  const SealedPlan plan = Visits().Variants({"control", "a", "off"}).Weight(2, 0).Build();
  const Measured measured =
      MeasuredBuilder(3).Arm(0, 1000, {Share(200, 1000)}).Arm(1, 1000, {Share(100, 1000)}).Build();
  const Verdict verdict = Judged(plan, measured);
  EXPECT_EQ(verdict.decision, Decision::kDoNotShip);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("PRIMARY_WORSE"));
}

// -------------------------------------------------------------------------------------------------
// Guardrails

PlanBuilder GuardedVisits(EffectSize margin) {
  return Visits().Guarded("unsubscribe", MetricKind::kProportion, margin, Direction::kDecrease);
}

// 10 % against 20 % visit; so many of 1,000 unsubscribe.
Measured Unsubscribed(std::int64_t control, std::int64_t treatment) {
  return MeasuredBuilder(2)
      .Arm(0, 1000, {Share(100, 1000), Share(control, 1000)})
      .Arm(1, 1000, {Share(200, 1000), Share(treatment, 1000)})
      .Build();
}

TEST(GuardrailTest, HoldsHarmsOrStaysOpenByItsMargin) {
  const SealedPlan plan = GuardedVisits({0.05, Scale::kAbsolute}).Build();
  EXPECT_EQ(Judged(plan, Unsubscribed(100, 100)).decision, Decision::kShip);
  const Verdict open = Judged(plan, Unsubscribed(100, 140));
  EXPECT_EQ(open.decision, Decision::kInconclusive);
  EXPECT_THAT(CodesOf(open), ElementsAre("GUARDRAIL_OPEN"));
  EXPECT_THAT(open.reasons[0].detail, HasSubstr("margin of 5 percentage points"));
  const Verdict harmed = Judged(plan, Unsubscribed(100, 300));
  EXPECT_EQ(harmed.decision, Decision::kDoNotShip);
  EXPECT_THAT(CodesOf(harmed), ElementsAre("GUARDRAIL_HARM"));
}

TEST(GuardrailTest, HarmIsOneSidedAgainstTheMargin) {
  // Standard error of 10 % against p = (100 + d) / 1,000. The anytime bound at 5 % lies 2.779094 se
  // away. Harm needs d / 1,000 - 2.779094 se > 0.05: at d = 93 it is 0.09300 - 0.04357 = 0.04943,
  // at 94 it is 0.09400 - 0.04362 = 0.05038.
  const SealedPlan plan = GuardedVisits({0.05, Scale::kAbsolute}).Build();
  EXPECT_EQ(Judged(plan, Unsubscribed(100, 193)).decision, Decision::kInconclusive);
  EXPECT_EQ(Judged(plan, Unsubscribed(100, 194)).decision, Decision::kDoNotShip);
}

TEST(GuardrailTest, HarmFarBelowThePlannedSizeNeedsMoreThanEightStandardErrors) {
  // 200 more of 1,000 are 8.7 standard errors beyond the margin. At a ten-thousandth of the plan
  // the bound lies 87 away: x = 1e-4 t(0.1) = 6.3e-4, and sqrt(2 / x * ln(1 + 1 / 0.1)) = 87.
  const auto decide = [](std::int64_t planned) {
    return Judged(GuardedVisits({0.05, Scale::kAbsolute}).PlannedUnits(planned).Build(),
                  Unsubscribed(100, 300))
        .decision;
  };
  EXPECT_EQ(decide(20'000'000), Decision::kInconclusive);
  EXPECT_EQ(decide(2'000), Decision::kDoNotShip);
}

TEST(GuardrailTest, HarmWithoutAPlannedSizeIsNotTunedToTheUnitsSoFar) {
  // At 94 more the bound tuned to the 2,000 units there are says harm, as above. While more may
  // come it is tuned to 10,000: x = t(0.1) / 5 = 1.2658 and sqrt(2 (x + 1) / x * ln(1 + sqrt(x + 1)
  // / 0.1)) is 3.1524. At 99 more 0.09900 - 0.04978 = 0.04922 is left, at 100 it is 0.10000 -
  // 0.04984.
  const SealedPlan plan = GuardedVisits({0.05, Scale::kAbsolute}).Build();
  const auto decide = [&plan](std::int64_t unsubscribed) {
    return Judged(plan, Unsubscribed(100, unsubscribed), Running()).decision;
  };
  EXPECT_EQ(decide(199), Decision::kKeepRunning);
  EXPECT_EQ(decide(200), Decision::kDoNotShip);
}

TEST(GuardrailTest, HarmCountsEveryGuardrailAndTreatment) {
  // With a second guardrail the bound is at 2.5 %, 3.041357 standard errors: at 97 more it is
  // 0.09700 - 0.04791 = 0.04909, at 98 more 0.09800 - 0.04797 = 0.05003.
  const SealedPlan plan = GuardedVisits({0.05, Scale::kAbsolute})
                              .Guarded("refund", MetricKind::kProportion, {0.5, Scale::kAbsolute})
                              .Build();
  const auto decide = [&](std::int64_t unsubscribed) {
    return Judged(plan,
                  MeasuredBuilder(2)
                      .Arm(0, 1000, {Share(100, 1000), Share(100, 1000), Share(50, 1000)})
                      .Arm(1, 1000, {Share(200, 1000), Share(unsubscribed, 1000), Share(50, 1000)})
                      .Build())
        .decision;
  };
  EXPECT_EQ(decide(197), Decision::kInconclusive);
  EXPECT_EQ(decide(198), Decision::kDoNotShip);
}

TEST(GuardrailTest, RelativeMarginsAreReadOnTheRelativeScale) {
  // Twice as many is 100 % more; the interval of the ratio is about 60 % to 150 %.
  EXPECT_EQ(Judged(GuardedVisits({0.2, Scale::kRelative}).Build(), Unsubscribed(100, 200)).decision,
            Decision::kDoNotShip);
  EXPECT_EQ(Judged(GuardedVisits({2, Scale::kRelative}).Build(), Unsubscribed(100, 200)).decision,
            Decision::kShip);
}

TEST(GuardrailTest, HarmStopsBeforeTheHorizonButThePrimaryDoesNot) {
  const SealedPlan plan = GuardedVisits({0.05, Scale::kAbsolute}).PlannedUnits(100'000).Build();
  EXPECT_EQ(Judged(plan, Unsubscribed(100, 300), Running()).decision, Decision::kDoNotShip);
  const SealedPlan primary = Visits().PlannedUnits(100'000).Build();
  EXPECT_EQ(Judged(primary, Shares(1000, {300, 100}), Running()).decision, Decision::kKeepRunning);
}

TEST(GuardrailTest, NeedsItsOwnBurnIn) {
  // 2.4 % against 50 % looks like harm beyond doubt, but 24 are one too few for the interval.
  const SealedPlan plan = GuardedVisits({0.01, Scale::kAbsolute}).Build();
  const Verdict verdict = Judged(plan, Unsubscribed(24, 500));
  EXPECT_EQ(verdict.decision, Decision::kInconclusive);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("GUARDRAIL_OPEN"));
  EXPECT_THAT(verdict.reasons[0].detail, HasSubstr("25 successes"));
}

TEST(GuardrailTest, IsOpenWhereItsRelativeIntervalCannotBeStated) {
  const SealedPlan plan =
      Visits().Guarded("profit", MetricKind::kMean, {0.1, Scale::kRelative}).Build();
  const MetricSums sums = Values({{-100, 500}, {100, 500}});
  const Verdict verdict = Judged(plan, MeasuredBuilder(2)
                                           .Arm(0, 1000, {Share(100, 1000), sums})
                                           .Arm(1, 1000, {Share(200, 1000), sums})
                                           .Build());
  EXPECT_THAT(CodesOf(verdict), ElementsAre("GUARDRAIL_OPEN"));
}

Verdict RunningFor(Duration duration, const PlanBuilder& plan, const Measured& measured) {
  Experiment experiment = Running();
  experiment.start_time = Start() + Days(30) - duration;
  return Judged(plan.Build(), measured, experiment);
}

PlanBuilder Watched() {
  return PlanBuilder().AlwaysValid().PlannedUnits(20'000).Primary("visit", MetricKind::kProportion);
}

Measured Visits(std::int64_t control, std::int64_t treatment) {
  return MeasuredBuilder(2)
      .Arm(0, 10'000, {Share(control, 10'000)})
      .Arm(1, 10'000, {Share(treatment, 10'000)})
      .Build();
}

TEST(ToGoTest, GoesByTheSquareOfTheWidth) {
  const Verdict verdict = RunningFor(Days(10), Watched(), Visits(1'000, 1'080));
  EXPECT_EQ(verdict.decision, Decision::kKeepRunning);
  const Result result = ResultOf(verdict, {.metric = "visit"});
  const double half = *result.absolute_interval->upper - *result.absolute_effect;
  const double more = 20'000 * (std::pow(half / 0.008, 2) - 1);
  EXPECT_NEAR(static_cast<double>(*verdict.units_to_go), more, 1);
  EXPECT_NEAR(*verdict.days_to_go, more / 2'000, 1e-3);
  // The interval's lower end comes to lie at 0.
  EXPECT_NEAR(*verdict.flip->standard_errors, (half - 0.008) / *result.standard_error, 1e-9);
  EXPECT_EQ(verdict.flip->decision, Decision::kShip);
}

TEST(ToGoTest, AWinnerWaitsOnlyForItsWeek) {
  const Verdict verdict = RunningFor(Days(5), Watched(), Visits(1'000, 1'300));
  EXPECT_EQ(verdict.decision, Decision::kKeepRunning);
  EXPECT_EQ(verdict.units_to_go, 0);
  EXPECT_DOUBLE_EQ(*verdict.days_to_go, 2);
}

TEST(ToGoTest, IsNotSaidOfWhatIsStopped) {
  Measured measured = Visits(1'000, 1'080);
  measured.in_flight_units = 200;
  const Verdict verdict = Judged(Watched().Build(), measured);
  EXPECT_EQ(verdict.decision, Decision::kKeepRunning);
  EXPECT_FALSE(verdict.units_to_go.has_value());
  EXPECT_FALSE(verdict.days_to_go.has_value());
}

TEST(ToGoTest, AFixedHorizonGoesToItsEndAndNotBeyond) {
  const PlanBuilder plan =
      PlanBuilder().PlannedUnits(50'000).Primary("visit", MetricKind::kProportion);
  EXPECT_EQ(RunningFor(Days(10), plan, Visits(1'000, 1'080)).units_to_go, 30'000);
  const Verdict past =
      RunningFor(Days(10), PlanBuilder(plan).PlannedUnits(10'000), Visits(1'000, 1'080));
  EXPECT_EQ(past.decision, Decision::kKeepRunning);
  EXPECT_FALSE(past.units_to_go.has_value());
}

TEST(ToGoTest, WithoutAWinnerEveryArmMustSettle) {
  const PlanBuilder plan = PlanBuilder()
                               .AlwaysValid()
                               .PlannedUnits(30'000)
                               .Variants({"control", "a", "b"})
                               .Primary("visit", MetricKind::kProportion);
  const auto units_to_go = [&](std::int64_t a, std::int64_t b) {
    return RunningFor(Days(10), plan,
                      MeasuredBuilder(3)
                          .Arm(0, 10'000, {Share(1'000, 10'000)})
                          .Arm(1, 10'000, {Share(a, 10'000)})
                          .Arm(2, 10'000, {Share(b, 10'000)})
                          .Build())
        .units_to_go;
  };
  // Both are to become worse, which takes the one that is nearer to 0 longer.
  EXPECT_EQ(units_to_go(920, 950), units_to_go(950, 920));
  EXPECT_EQ(units_to_go(920, 950), units_to_go(950, 950));
  EXPECT_GT(*units_to_go(920, 950), *units_to_go(920, 920));
  EXPECT_FALSE(units_to_go(920, 1'000).has_value());  // no effect never settles without a size
}

TEST(FlipOfBestTest, AnotherWinnerMayComeToBeTheBest) {
  const SealedPlan plan = PlanBuilder()
                              .Variants({"control", "a", "b"})
                              .Primary("visit", MetricKind::kProportion)
                              .Build();
  const Verdict verdict = Judged(plan, MeasuredBuilder(3)
                                           .Arm(0, 10'000, {Share(1'000, 10'000)})
                                           .Arm(1, 10'000, {Share(1'300, 10'000)})
                                           .Arm(2, 10'000, {Share(1'295, 10'000)})
                                           .Build());
  EXPECT_EQ(verdict.ship_variant, "a");
  EXPECT_EQ(verdict.flip->ship_variant, "b");
  const double error = *ResultOf(verdict, {.metric = "visit", .variant = "a"}).standard_error;
  EXPECT_NEAR(*verdict.flip->standard_errors, -0.0005 / error, 1e-9);
}

}  // namespace
}  // namespace insightloop::testing
