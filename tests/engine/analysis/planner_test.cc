// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/engine/analysis/builders.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::MeasuredBuilder;
using testing::PlanBuilder;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;

// (z_0.975 + z_0.8)^2 with mpmath 1.3.0 at 30 digits: the textbook's size per arm is twice this
// times (sd / effect)^2.
constexpr double kSquare = 7.84887973434908895116;
// (3.0352 + z_0.8)^2 / kSquare, the price of reading at any time (1.91), with mpmath.
constexpr double kAnytimePrice = 1.91489908038095047;

absl::StatusOr<Verdict> NoVerdict() {
  ADD_FAILURE() << "no figures are needed";
  return absl::InternalError("no verdict");
}

absl::StatusOr<Planning> Planned(
    SealedPlan plan, const PlanningInput& input, const Experiment& experiment = {},
    const std::function<absl::StatusOr<Verdict>()>& so_far = NoVerdict) {
  plan.plan.alpha = 0.05;
  return MakePlanning(plan, experiment, input, Limits{}, so_far);
}

// The choice of that kind, or the first.
PlanChoice ChoiceOf(const absl::StatusOr<Planning>& planning, ChoiceKind kind) {
  EXPECT_THAT(planning, IsOk());
  if (!planning.ok()) return {};
  for (const PlanChoice& choice : planning->choices) {
    if (choice.kind == kind) return choice;
  }
  ADD_FAILURE() << "no choice " << EnumName(kind);
  return planning->choices.front();
}
PlanChoice AsPlanned(const absl::StatusOr<Planning>& planning) {
  return ChoiceOf(planning, ChoiceKind::kAsPlanned);
}

double UnitsOf(const PlanChoice& choice) { return static_cast<double>(choice.units); }

std::vector<ChoiceKind> KindsOf(const absl::StatusOr<Planning>& planning) {
  std::vector<ChoiceKind> kinds;
  for (const PlanChoice& choice : planning->choices) kinds.push_back(choice.kind);
  return kinds;
}

// A mean that is to change by 0.5.
PlanBuilder AMean() {
  return PlanBuilder().Primary("spend", MetricKind::kMean).Smallest(0.5, Scale::kAbsolute);
}
PlanningInput ASpread() { return {.units_per_day = 1'000, .standard_deviation = 10}; }

// A share that is to rise by a fifth.
PlanBuilder AShare() {
  return PlanBuilder().Primary("bought", MetricKind::kProportion).Smallest(0.2, Scale::kRelative);
}
PlanningInput AShareOf(double baseline) { return {.units_per_day = 1'000, .baseline = baseline}; }

// An experiment that was started.
Experiment Started(Experiment experiment = testing::Running()) {
  experiment.sealed_plan = "{}";
  return experiment;
}

// ---- Units and days

TEST(PlannerTest, PlansMeansAsTheTextbook) {
  const auto planning = Planned(AMean().Build(), ASpread());
  const PlanChoice choice = AsPlanned(planning);
  EXPECT_EQ(UnitsOf(choice), std::ceil(4 * kSquare * 400));  // 12,559
  EXPECT_EQ(choice.days, 13);
  EXPECT_EQ(choice.method, Method::kFixedHorizon);
  EXPECT_EQ(choice.alpha, 0.05);
  EXPECT_EQ(choice.power, 0.8);
  EXPECT_FALSE(choice.out_of_reach);
  EXPECT_FALSE(choice.power_in_days.has_value());
  EXPECT_EQ(planning->experiment, "experiments/x");
  EXPECT_EQ(planning->metric, "metrics/spend");
  EXPECT_EQ(planning->absolute_effect, 0.5);
  EXPECT_EQ(planning->standard_deviation, 10);
}

TEST(PlannerTest, PlansSharesAsFleiss) {
  // (z + z')^2 (p_c q_c + p_t q_t) / d^2 = 3838.1 per arm (Fleiss, Levin, Paik 2003, 4.2, without
  // correction for continuity; mpmath).
  const auto planning = Planned(AShare().Build(), AShareOf(0.1));
  EXPECT_EQ(AsPlanned(planning).units, 7'677);
  EXPECT_DOUBLE_EQ(planning->absolute_effect, 0.02);
  EXPECT_FALSE(planning->standard_deviation.has_value());
}

TEST(PlannerTest, AgreesWithTheRuleOfThumb) {
  // 16 sd^2 / effect^2 per arm, where 16 rounds 15.7: Kohavi, Longbotham, Sommerfield, Henne,
  // Controlled experiments on the web, 2009, section 3.2, has 409,000 for 5 % of a revenue of 3.75
  // with a standard deviation of 30, and 122,000 for 5 % of a conversion of 5 %.
  const SealedPlan revenue =
      PlanBuilder().Primary("revenue", MetricKind::kMean).Smallest(0.05, Scale::kRelative).Build();
  const auto mean =
      Planned(revenue, {.units_per_day = 1'000, .baseline = 3.75, .standard_deviation = 30});
  EXPECT_THAT(UnitsOf(AsPlanned(mean)) / (2 * 409e3), DoubleNear(15.7 / 16, 2e-3));
  const SealedPlan conversion = PlanBuilder()
                                    .Primary("bought", MetricKind::kProportion)
                                    .Smallest(0.05, Scale::kRelative)
                                    .Build();
  const auto share = Planned(conversion, AShareOf(0.05));
  EXPECT_THAT(UnitsOf(AsPlanned(share)) / (2 * 122e3), DoubleNear(1, 2e-3));
}

TEST(PlannerTest, TurnsAShareWhoseFallIsGood) {
  // From 0.12 to 0.1 takes what from 0.1 to 0.12 takes; towards 0.14 it would take more.
  const SealedPlan plan = PlanBuilder()
                              .Primary("left", MetricKind::kRetention)
                              .Smallest(0.02, Scale::kAbsolute)
                              .Predicted(Direction::kDecrease)
                              .Build();
  EXPECT_EQ(AsPlanned(Planned(plan, AShareOf(0.12))).units, 7'677);
}

TEST(PlannerTest, PlansSatisfactionAsTheShareOfItsTopBoxes) {
  const SealedPlan plan =
      PlanBuilder().Primary("csat", MetricKind::kCsat).Smallest(0.2, Scale::kRelative).Build();
  EXPECT_EQ(AsPlanned(Planned(plan, AShareOf(0.1))).units, 7'677);
}

TEST(PlannerTest, PlansScoresInAnswers) {
  const SealedPlan plan =
      PlanBuilder().Primary("nps", MetricKind::kNps).Smallest(5, Scale::kAbsolute).Build();
  const auto planning = Planned(plan, {.units_per_day = 1'000, .standard_deviation = 60});
  EXPECT_EQ(UnitsOf(AsPlanned(planning)), std::ceil(4 * kSquare * 144));
  EXPECT_THAT(planning->notes, IsEmpty());  // plan.planned_units counts who does not answer, too
}

TEST(PlannerTest, TakesALiftTimesTheBaseline) {
  const SealedPlan plan =
      PlanBuilder().Primary("spend", MetricKind::kRatio).Smallest(0.05, Scale::kRelative).Build();
  const auto planning =
      Planned(plan, {.units_per_day = 1'000, .baseline = 10, .standard_deviation = 10});
  EXPECT_EQ(UnitsOf(AsPlanned(planning)), std::ceil(4 * kSquare * 400));
  EXPECT_EQ(planning->absolute_effect, 0.5);
}

TEST(PlannerTest, TakesAFullWeek) {
  PlanningInput input = ASpread();
  input.units_per_day = 1e6;
  EXPECT_EQ(AsPlanned(Planned(AMean().Build(), input)).days, 7);
}

TEST(PlannerTest, PlansNoFewerThanADecisionNeeds) {
  // 100 units an arm; 25 successes in 1 % of an arm.
  PlanningInput input = ASpread();
  input.standard_deviation = 0.5;
  const PlanChoice mean = AsPlanned(Planned(AMean().Build(), input));
  EXPECT_EQ(mean.units, 200);
  const SealedPlan rare = PlanBuilder()
                              .Primary("bought", MetricKind::kProportion)
                              .Smallest(0.5, Scale::kAbsolute)
                              .Build();
  EXPECT_EQ(AsPlanned(Planned(rare, AShareOf(0.01))).units, 2 * 2'500);
}

TEST(PlannerTest, StatesHowLongTheLastUnitsTakeToMature) {
  SealedPlan plan = AMean().Secondary("visits", MetricKind::kCount).Build();
  EXPECT_EQ(Planned(plan, ASpread())->maturing_time, Duration{});
  plan.metrics[0].window = Window{.length = Days(7)};
  plan.metrics[1].window = Window{.delay = Days(2), .length = Days(12)};
  EXPECT_EQ(Planned(plan, ASpread())->maturing_time, Days(15));
}

// ---- The price of each choice

TEST(PlannerTest, PricesReadingAtAnyTime) {
  const auto planning = Planned(AMean().Build(), ASpread());
  EXPECT_EQ(KindsOf(planning), (std::vector{ChoiceKind::kAsPlanned, ChoiceKind::kOtherMethod}));
  EXPECT_EQ(planning->choices[0].price, 1);
  EXPECT_EQ(planning->choices[1].method, Method::kAlwaysValid);
  EXPECT_THAT(planning->choices[1].price, DoubleNear(kAnytimePrice, 1e-4));
  const auto turned = Planned(AMean().AlwaysValid().Build(), ASpread());
  EXPECT_EQ(turned->choices[0].units, planning->choices[1].units);
  EXPECT_THAT(turned->choices[0].price, DoubleNear(kAnytimePrice, 1e-4));
}

TEST(PlannerTest, SaysTheChanceToShowThatNothingIsThere) {
  // 1 - 2 (1 - power): 60 % at 80 % power, 80 % at 90 %, by either method.
  for (const double power : {0.8, 0.9}) {
    PlanningInput input = ASpread();
    input.power = power;
    const auto planning = Planned(AMean().Build(), input);
    ASSERT_THAT(planning, IsOk());
    for (const PlanChoice& choice : planning->choices) {
      EXPECT_THAT(choice.equivalence_chance, DoubleNear(2 * power - 1, 1e-4));
    }
  }
}

TEST(PlannerTest, PricesSeveralTreatments) {
  // Per arm 2 (z_(1 - 0.025/2) + z_0.8)^2 (sd / effect)^2 with (2.241402727604945 + 0.841621)^2 =
  // 9.505037004 (mpmath), three arms instead of two.
  const auto planning = Planned(AMean().Variants({"control", "a", "b"}).Build(), ASpread());
  EXPECT_EQ(AsPlanned(planning).alpha, 0.025);
  EXPECT_NEAR(UnitsOf(AsPlanned(planning)), 3 * 2 * 9.505037004 * 400, 1);
  const PlanChoice one = ChoiceOf(planning, ChoiceKind::kOneTreatment);
  EXPECT_EQ(one.alpha, 0.05);
  EXPECT_EQ(UnitsOf(one), std::ceil(4 * kSquare * 400));
  EXPECT_EQ(one.price, 1);
}

TEST(PlannerTest, PricesUnequalWeights) {
  // 1/n_c + 1/n_t = (1/0.9 + 1/0.1)/n in place of 4/n: 2.78 times the units.
  const auto planning = Planned(AMean().Weight(0, 9).Build(), ASpread());
  EXPECT_NEAR(UnitsOf(AsPlanned(planning)), 100.0 / 9 * kSquare * 400, 1);
  const PlanChoice equal = ChoiceOf(planning, ChoiceKind::kEqualWeights);
  EXPECT_EQ(UnitsOf(equal), std::ceil(4 * kSquare * 400));
  EXPECT_THAT(AsPlanned(planning).price, DoubleNear(100.0 / 36, 1e-3));
}

TEST(PlannerTest, PricesGuardrails) {
  // With one guardrail each of the two is planned at 90 %: (z_0.975 + z_0.9)^2 = 10.507423
  // (mpmath).
  const auto planning = Planned(
      AMean().Guarded("margin", MetricKind::kMean, {.value = 1, .scale = Scale::kAbsolute}).Build(),
      ASpread());
  EXPECT_DOUBLE_EQ(AsPlanned(planning).power, 0.9);
  EXPECT_NEAR(UnitsOf(AsPlanned(planning)), 4 * 10.507423 * 400, 1);
  EXPECT_EQ(UnitsOf(ChoiceOf(planning, ChoiceKind::kWithoutGuardrails)),
            std::ceil(4 * kSquare * 400));
  EXPECT_THAT(planning->notes.back(), HasSubstr("1 guardrail all pass with 80 %, it alone is "
                                                "planned at 90 %"));
}

TEST(PlannerTest, PlansWithTheWeightsOfTheLastEpoch) {
  const SealedPlan plan = AMean().Variants({"control", "a", "b"}).Build();
  const Experiment dropped = testing::WithEpochs(Started(), {{1, 1, 1}, {1, 1, 0}});
  // Still corrected for both: the dropped one is judged, too.
  EXPECT_NEAR(UnitsOf(AsPlanned(Planned(plan, ASpread(), dropped))), 2 * 2 * 9.505037004 * 400, 1);
}

TEST(PlannerTest, ReadsASealedPlanWhereItsIntervalsAreTuned) {
  // With N* = 10,000 instead of the size in question they are wider there.
  const SealedPlan plan = AMean().AlwaysValid().PlannedUnits(1'000).Build();
  const PlanChoice draft = AsPlanned(Planned(plan, ASpread()));
  const PlanChoice sealed = AsPlanned(Planned(plan, ASpread(), Started()));
  EXPECT_EQ(UnitsOf(draft), std::ceil(kAnytimePrice * 4 * kSquare * 400));
  EXPECT_GT(UnitsOf(sealed), 1.1 * UnitsOf(draft));
}

// ---- What is within reach

TEST(PlannerTest, SaysWhatIsWithinReach) {
  PlanningInput input = ASpread();
  input.days = 7;
  const auto planning = Planned(AMean().Build(), input);
  const PlanChoice choice = AsPlanned(planning);
  EXPECT_TRUE(choice.out_of_reach);
  // P(Z >= z - 0.5 / (10 sqrt(4 / 7000))) and (z + z') 10 sqrt(4 / 7000), with mpmath.
  ASSERT_TRUE(choice.power_in_days.has_value());
  EXPECT_THAT(*choice.power_in_days, DoubleNear(0.5523837, 1e-6));
  ASSERT_TRUE(choice.detectable_effect.has_value());
  EXPECT_THAT(*choice.detectable_effect, DoubleNear(0.6697070, 1e-6));
  EXPECT_THAT(planning->notes.front(),
              ::testing::AllOf(
                  HasSubstr("out of reach: it takes 12,559 units and 13 days, but in 7 days 7,000"),
                  HasSubstr("the chance to find 0.5 is 55.24 %"),
                  HasSubstr("smallest effect found with 80 % is 0.6697"),
                  HasSubstr("In reach: none of the choices.")));
}

TEST(PlannerTest, NamesTheChoicesInReach) {
  PlanningInput input = ASpread();
  input.days = 13;
  const auto planning = Planned(AMean().AlwaysValid().Build(), input);
  EXPECT_TRUE(planning->choices[0].out_of_reach);
  EXPECT_FALSE(planning->choices[1].out_of_reach);
  EXPECT_THAT(planning->notes.front(), HasSubstr("In reach: OTHER_METHOD."));
}

TEST(PlannerTest, SaysLiftsOnTheirOwnScale) {
  PlanningInput input = AShareOf(0.1);
  input.days = 7;
  const auto planning = Planned(AShare().Build(), input);
  // (p_c q_c + p_t q_t) (z + z')^2 = n d^2 with n = 3,500 in each arm holds at d = 0.0209837
  // (mpmath).
  ASSERT_TRUE(AsPlanned(planning).detectable_effect.has_value());
  EXPECT_THAT(*AsPlanned(planning).detectable_effect, DoubleNear(0.209837, 1e-6));
  EXPECT_THAT(planning->notes.front(), HasSubstr("20.98 % relative"));
}

TEST(PlannerTest, TooFewUnitsToDecideHaveNoPower) {
  PlanningInput input = ASpread();
  input.units_per_day = 10;
  input.days = 19;
  const auto planning = Planned(AMean().Build(), input);
  EXPECT_TRUE(AsPlanned(planning).out_of_reach);
  EXPECT_FALSE(AsPlanned(planning).power_in_days.has_value());
  EXPECT_FALSE(AsPlanned(planning).detectable_effect.has_value());
  EXPECT_THAT(planning->notes.front(), HasSubstr("too few for any decision"));
}

TEST(PlannerTest, SaysWhereNoEffectIsLargeEnough) {
  // Shares above 0.97 cannot rise so far that 2,025 units show it.
  PlanningInput input = {.units_per_day = 225, .baseline = 0.97, .days = 9, .power = 0.9999};
  const SealedPlan plan = PlanBuilder()
                              .Primary("kept", MetricKind::kProportion)
                              .Smallest(0.005, Scale::kAbsolute)
                              .Build();
  const auto planning = Planned(plan, input);
  EXPECT_TRUE(AsPlanned(planning).power_in_days.has_value());
  EXPECT_FALSE(AsPlanned(planning).detectable_effect.has_value());
  EXPECT_THAT(planning->notes.front(), HasSubstr("no effect is found with 99.99 %"));
}

TEST(PlannerTest, SaysWhichSizeToPlan) {
  EXPECT_THAT(Planned(AMean().Build(), ASpread())->notes,
              ElementsAre(HasSubstr("Set plan.planned_units to 12559. It decides there.")));
  EXPECT_THAT(Planned(AMean().PlannedUnits(12'559).Build(), ASpread())->notes, IsEmpty());
  // P(Z >= z - 0.5 / (10 sqrt(4 / 1000))) = 0.1211 with mpmath.
  EXPECT_THAT(Planned(AMean().PlannedUnits(1'000).Build(), ASpread())->notes,
              ElementsAre(HasSubstr("1,000 planned units, with which the power is 12.11 %. Set")));
  EXPECT_THAT(Planned(AMean().PlannedUnits(1'000).Build(), ASpread(), Started())->notes,
              ElementsAre(::testing::EndsWith("12.11 %.")));
}

// ---- What is known so far

TEST(PlannerTest, TakesFiguresSoFar) {
  // Control: 900 units at 0 and 100 at 10 steps of a cent, mean 0.01; the same in the treatment.
  const SealedPlan plan =
      PlanBuilder().Primary("spend", MetricKind::kMean).Smallest(0.1, Scale::kRelative).Build();
  const auto arm = testing::Values({{0, 900}, {10, 100}});
  const Measured measured = MeasuredBuilder(2).Arm(0, 1'000, {arm}).Arm(1, 1'000, {arm}).Build();
  const auto planning = Planned(plan, {.units_per_day = 1'000}, Started(), [&] {
    return MakeVerdict(plan, testing::Running(), measured, testing::Start() + Days(10));
  });
  ASSERT_THAT(planning, IsOk());
  EXPECT_EQ(planning->baseline, 0.01);
  // sqrt(1000 / 999 * 0.1 * 0.9) * 0.1.
  EXPECT_THAT(*planning->standard_deviation, DoubleNear(0.03001501, 1e-7));
  EXPECT_EQ(planning->figures_units, 2'000);
  EXPECT_NEAR(UnitsOf(AsPlanned(planning)), 4 * kSquare * 900 * 1000 / 999, 1);
}

TEST(PlannerTest, TakesFromASharesVarianceWhatItsCovariateRemoves) {
  const auto so_far = [](double variance_removed) {
    return [=] {
      return Verdict{.results = {{.metric = "metrics/bought",
                                  .role = Role::kPrimary,
                                  .statistic = Statistic::kShare,
                                  .units_treatment = 1'000,
                                  .units_control = 1'000,
                                  .control_value = 0.1,
                                  .standard_error = 0.01,
                                  .variance_removed = variance_removed}}};
    };
  };
  const auto units = [&](double variance_removed) {
    return UnitsOf(AsPlanned(
        Planned(AShare().Build(), {.units_per_day = 1'000}, Started(), so_far(variance_removed))));
  };
  EXPECT_EQ(units(0), 7'677);
  EXPECT_NEAR(units(0.36), 0.64 * 7'676.2, 1);
  EXPECT_EQ(units(-0.01), 7'677);  // a covariate that explains nothing adds a little by chance
}

TEST(PlannerTest, NeedsFiguresOnlyForWhatIsNotGiven) {
  const SealedPlan plan = AMean().Build();
  EXPECT_THAT(Planned(plan, ASpread(), Started()), IsOk());
  const auto no_figures = [] { return Verdict{}; };
  EXPECT_THAT(Planned(plan, {.units_per_day = 1'000}, Started(), no_figures),
              FailsWith(kPrecondition, "NO_FIGURES", HasSubstr("give a standard_deviation")));
  EXPECT_THAT(Planned(AShare().Build(), {.units_per_day = 1'000}, Started(), no_figures),
              FailsWith(kPrecondition, "NO_FIGURES", HasSubstr("give a baseline")));
}

TEST(PlannerTest, DoubtsFiguresThatCannotBePlannedWith) {
  const SealedPlan plan = AShare().Build();
  const Measured measured = MeasuredBuilder(2)
                                .Arm(0, 100, {testing::Share(0, 100)})
                                .Arm(1, 100, {testing::Share(10, 100)})
                                .Build();
  EXPECT_THAT(Planned(plan, {.units_per_day = 1'000}, Started(),
                      [&] {
                        return MakeVerdict(plan, testing::Running(), measured,
                                           testing::Start() + Days(10));
                      }),
              FailsWith(kInvalid, "OUT_OF_RANGE", HasSubstr("as in the control so far")));
}

// ---- Errors

TEST(PlannerTest, NeedsASmallestEffect) {
  SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  plan.hypothesis.meta.name = "hypotheses/h";
  EXPECT_THAT(Planned(plan, ASpread()),
              FailsWith(kPrecondition, "NO_SMALLEST_EFFECT",
                        HasSubstr("hypotheses/h: has no smallest_effect")));
}

TEST(PlannerTest, RefusesQuantiles) {
  const SealedPlan plan =
      PlanBuilder().Primary("wait", MetricKind::kQuantile).Smallest(1, Scale::kAbsolute).Build();
  EXPECT_THAT(Planned(plan, ASpread()),
              FailsWith(kPrecondition, "CANNOT_PLAN", HasSubstr("a QUANTILE")));
}

TEST(PlannerTest, AsksADraftForWhatIsNotKnown) {
  const SealedPlan plan =
      PlanBuilder().Primary("spend", MetricKind::kMean).Smallest(0.1, Scale::kRelative).Build();
  const auto planning = Planned(plan, {.units_per_day = 1});
  EXPECT_THAT(planning,
              FailsWith(kInvalid, "FIELD_REQUIRED", HasSubstr("experiments/x is a DRAFT")));
  EXPECT_THAT(DetailsOf(planning.status()).violations,
              ElementsAre(::testing::Field(&FieldViolation::field, "baseline"),
                          ::testing::Field(&FieldViolation::field, "standard_deviation")));
}

TEST(PlannerTest, RefusesWhatIsOutOfRange) {
  const SealedPlan mean = AMean().Build();
  const auto expect = [](const SealedPlan& plan, const PlanningInput& input,
                         const std::string& field, const std::string& text) {
    const auto planning = Planned(plan, input);
    EXPECT_THAT(planning, FailsWith(kInvalid, "OUT_OF_RANGE", HasSubstr(text)));
    EXPECT_THAT(DetailsOf(planning.status()).violations,
                ElementsAre(::testing::Field(&FieldViolation::field, field)));
  };
  const double nan = std::nan("");
  for (const double units : {0.0, -1.0, 1e13, nan}) {
    PlanningInput input = ASpread();
    input.units_per_day = units;
    expect(mean, input, "units_per_day", "give how many units come");
  }
  for (const std::int32_t days : {-1, 36'501}) {
    PlanningInput input = ASpread();
    input.days = days;
    expect(mean, input, "days", "give 0 to 36500");
  }
  for (const double power : {0.05, 1.0, -0.1, nan}) {
    PlanningInput input = ASpread();
    input.power = power;
    expect(mean, input, "power", "above alpha, 0.05");
  }
  for (const double deviation : {0.0, -1.0, nan}) {
    PlanningInput input = ASpread();
    input.standard_deviation = deviation;
    expect(mean, input, "standard_deviation", "above 0");
  }
  for (const double baseline : {0.0, 1.0, -0.2, nan}) {
    expect(AShare().Build(), AShareOf(baseline), "baseline", "share of metrics/bought");
  }
  expect(AShare().Build(), AShareOf(0.9), "baseline", "would make that 1.08");
  const SealedPlan lift =
      PlanBuilder().Primary("spend", MetricKind::kMean).Smallest(0.1, Scale::kRelative).Build();
  expect(lift, {.units_per_day = 1, .baseline = -3, .standard_deviation = 1}, "baseline",
         "RELATIVE needs more than 0");
}

TEST(PlannerTest, RefusesTheSpreadOfAShare) {
  PlanningInput input = AShareOf(0.1);
  input.standard_deviation = 0.3;
  EXPECT_THAT(Planned(AShare().Build(), input),
              FailsWith(kInvalid, "NOT_FOR_KIND", HasSubstr("leave it out")));
}

TEST(PlannerTest, RefusesSizesBeyondMeasure) {
  PlanningInput input = ASpread();
  input.standard_deviation = 1e200;
  EXPECT_THAT(Planned(AMean().Build(), input),
              FailsWith(kPrecondition, "CANNOT_PLAN", HasSubstr("check baseline")));
}

// -------------------------------------------------------------------------------------------------
// Goals

TEST(PlannerTest, NonInferiorityIsPlannedForNoEffectAndTheMargin) {
  // (z_0.975 + z_0.8)^2 as for a difference, since the interval must keep off the margin.
  const PlanBuilder plan =
      PlanBuilder().Primary("spend", MetricKind::kMean).NotWorseBy(0.5, Scale::kAbsolute);
  const auto planning = Planned(plan.Build(), ASpread());
  const double size = 2 * 2 * kSquare * (10 / 0.5) * (10 / 0.5);
  EXPECT_THAT(UnitsOf(AsPlanned(planning)), DoubleNear(size, 2));
  EXPECT_EQ(AsPlanned(planning).equivalence_chance, 0);
  EXPECT_EQ(planning->smallest_effect.value, 0.5);
  PlanningInput input = ASpread();
  input.days = 7;
  const auto short_of = Planned(plan.Build(), input);
  EXPECT_TRUE(AsPlanned(short_of).out_of_reach);
  EXPECT_TRUE(AsPlanned(short_of).power_in_days.has_value());
  EXPECT_FALSE(AsPlanned(short_of).detectable_effect.has_value());
  EXPECT_THAT(short_of->notes[0], HasSubstr("the chance to show that nothing is lost by 0.5"));
}

TEST(PlannerTest, ThePrimaryMetricHasWhatCoPrimariesLeaveOfAlpha) {
  PlanBuilder plan = AMean();
  const auto alone = Planned(plan.Build(), ASpread());
  const auto shared =
      Planned(plan.CoPrimary("visit", MetricKind::kProportion, 0.2).Build(), ASpread());
  EXPECT_THAT(AsPlanned(alone).alpha, DoubleNear(0.05, 1e-12));
  EXPECT_THAT(AsPlanned(shared).alpha, DoubleNear(0.04, 1e-12));
  EXPECT_THAT(shared->notes.back(), HasSubstr("has 80 % of alpha"));
}

TEST(PlannerTest, WhereAllMustWinEachIsPlannedAtAHigherPower) {
  PlanBuilder plan = AMean();
  const auto planning =
      Planned(plan.CoPrimary("visit", MetricKind::kProportion, 0).AllMustWin().Build(), ASpread());
  EXPECT_THAT(AsPlanned(planning).alpha, DoubleNear(0.05, 1e-12));
  EXPECT_THAT(AsPlanned(planning).power, DoubleNear(0.9, 1e-12));
  EXPECT_THAT(planning->notes.back(), HasSubstr("All of 2 primary metrics must win"));
}

TEST(PlannerTest, PowerIsThePlansUnlessAnotherIsAsked) {
  SealedPlan plan = AMean().Build();
  plan.plan.power = 0.9;
  EXPECT_THAT(AsPlanned(Planned(plan, ASpread())).power, DoubleNear(0.9, 1e-12));
  PlanningInput input = ASpread();
  input.power = 0.7;
  EXPECT_THAT(AsPlanned(Planned(plan, input)).power, DoubleNear(0.7, 1e-12));
}

TEST(PlannerTest, LastsAtLeastAsLongAsThePlanAsks) {
  PlanningInput input = ASpread();
  input.units_per_day = 1e9;
  PlanBuilder plan = AMean();
  EXPECT_EQ(AsPlanned(Planned(plan.Build(), input)).days, 7);
  EXPECT_EQ(AsPlanned(Planned(plan.Lasting(Days(14)).Build(), input)).days, 14);
  EXPECT_EQ(AsPlanned(Planned(plan.Lasting(Days(2)).Build(), input)).days, 2);
}

}  // namespace
}  // namespace insightloop
