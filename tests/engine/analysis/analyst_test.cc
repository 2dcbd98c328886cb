// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/analyst.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/analysis/builders.h"
#include "tests/support/status_matchers.h"

namespace insightloop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> NamesOf(const SealedPlan& plan) {
  std::vector<std::string> names;
  for (const PlannedMetric& planned : PlannedMetrics(plan)) {
    names.push_back(planned.metric->meta.name + " " + std::string(EnumName(planned.role)));
  }
  return names;
}

TEST(PlannedMetricsTest, GivesEachMetricOnceInItsFirstRole) {
  SealedPlan plan = PlanBuilder()
                        .Secondary("open", MetricKind::kProportion)
                        .Guarded("refund", MetricKind::kProportion, {0.1, Scale::kAbsolute})
                        .Mechanism("click", MetricKind::kProportion)
                        .Primary("visit", MetricKind::kProportion)
                        .Build();
  plan.plan.secondary_metrics.push_back("metrics/click");
  plan.plan.secondary_metrics.push_back("metrics/visit");
  EXPECT_THAT(NamesOf(plan), ElementsAre("metrics/visit PRIMARY", "metrics/click MECHANISM",
                                         "metrics/refund GUARDRAIL", "metrics/open SECONDARY"));
}

TEST(MeasurePlanTest, CarriesWhatThePlanSealed) {
  SealedPlan plan = PlanBuilder()
                        .Primary("spend", MetricKind::kMean)
                        .Secondary("csat", MetricKind::kCsat)
                        .Secondary("visit", MetricKind::kProportion)
                        .SegmentBy("country")
                        .Build();
  plan.metrics[0].window = Window{.delay = Days(1), .length = Days(7)};
  plan.events[1].resolution = 0.1;
  const MeasurePlan measure = MakeMeasurePlan(plan, Running(), Limits{});
  EXPECT_EQ(measure.experiment, "experiments/x");
  EXPECT_THAT(measure.variants, ElementsAre("control", "treatment"));
  EXPECT_THAT(measure.segment_attributes, ElementsAre("country"));
  EXPECT_EQ(measure.max_segment_values, 100u);
  EXPECT_FALSE(measure.stop_time.has_value());
  EXPECT_EQ(measure.lateness_allowance, Hours(24));
  ASSERT_EQ(measure.metrics.size(), 3u);
  EXPECT_EQ(measure.metrics[0].event, "events/spend@0");
  EXPECT_TRUE(measure.metrics[0].event_has_value);
  EXPECT_EQ(measure.metrics[0].steps_per_unit, 100);
  EXPECT_EQ(measure.metrics[0].window->length, Days(7));
  EXPECT_EQ(measure.metrics[1].steps_per_unit, 10);
  EXPECT_EQ(measure.metrics[1].top_two_from, 40);  // 4 of 1 to 5
  EXPECT_FALSE(measure.metrics[2].event_has_value);
}

TEST(MeasurePlanTest, CarriesWhatTheKindsOfMetricsNeed) {
  SealedPlan plan = PlanBuilder()
                        .Primary("spend", MetricKind::kMean)
                        .Secondary("wait", MetricKind::kQuantile)
                        .Secondary("basket", MetricKind::kRatio)
                        .Secondary("orders", MetricKind::kCount)
                        .Build();
  plan.metrics[0].cap = {.value = 12.34};
  plan.metrics[0].covariate = {.history = Days(28)};
  plan.metrics[2].denominator->sum_values = true;
  plan.metrics[2].cap = {.percentile = 0.99};
  plan.metrics[3].cap = {.value = 5};
  plan.metrics[3].covariate = {.attribute = "attributes/age"};
  const MeasurePlan measure = MakeMeasurePlan(plan, Running(), Limits{});
  ASSERT_EQ(measure.metrics.size(), 4u);
  EXPECT_EQ(measure.metrics[0].cap, MeasuredCap{.steps = 1234});  // of 0.01
  EXPECT_EQ(measure.metrics[0].covariate, MeasuredCovariate{.history = Days(28)});
  EXPECT_EQ(measure.metrics[1].quantile, 0.5);
  EXPECT_FALSE(measure.metrics[1].cap.has_value());
  EXPECT_FALSE(measure.metrics[1].covariate.has_value());
  EXPECT_EQ(measure.metrics[2].denominator_event, "events/basket-base@0");
  EXPECT_TRUE(measure.metrics[2].denominator_sums);
  EXPECT_EQ(measure.metrics[2].cap, MeasuredCap{.share = 0.99});
  EXPECT_EQ(measure.metrics[3].cap, MeasuredCap{.steps = 5});  // outcomes are counted
  EXPECT_EQ(measure.metrics[3].covariate, MeasuredCovariate{.attribute = "age"});
}

TEST(MeasurePlanTest, ComparesWeeksOfThePrimaryMetricWhereTheyMeanSomething) {
  const auto by_week = [](MetricKind kind, bool window) {
    SealedPlan plan = PlanBuilder().Primary("x", kind).Secondary("y", MetricKind::kMean).Build();
    for (Metric& metric : plan.metrics) {
      if (window) metric.window = Window{.length = Days(14)};
    }
    const MeasurePlan measure = MakeMeasurePlan(plan, Running(), Limits{});
    EXPECT_FALSE(measure.metrics[1].by_week);
    return measure.metrics[0].by_week;
  };
  EXPECT_TRUE(by_week(MetricKind::kMean, true));
  EXPECT_TRUE(by_week(MetricKind::kRatio, true));
  EXPECT_FALSE(by_week(MetricKind::kMean, false));
  EXPECT_FALSE(by_week(MetricKind::kNps, true));
  EXPECT_FALSE(by_week(MetricKind::kQuantile, true));
}

TEST(MeasurePlanTest, AnExternalFileWithoutWindowsWaitsForNothing) {
  SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  EXPECT_EQ(MakeMeasurePlan(plan, Running(), Limits{}).lateness_allowance, Duration{});
  plan.external = false;
  EXPECT_EQ(MakeMeasurePlan(plan, Running(), Limits{}).lateness_allowance, Hours(24));
}

TEST(MeasurePlanTest, EndsWhenTheExperimentStopped) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  Experiment experiment = StoppedAfter(Days(9));
  EXPECT_EQ(MakeMeasurePlan(plan, experiment, Limits{}).stop_time, Start() + Days(9));
  experiment.state = ExperimentState::kConcluded;
  EXPECT_EQ(MakeMeasurePlan(plan, experiment, Limits{}).stop_time, Start() + Days(9));
}

Measured Visits() {
  return MeasuredBuilder(2)
      .Arm(0, 1000, {Share(100, 1000)})
      .Arm(1, 1000, {Share(200, 1000)})
      .Build();
}

TEST(VerdictTest, LeavesItsNameAndTimeToTheCaller) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  const Verdict verdict = Judged(plan, Visits());
  EXPECT_EQ(verdict.name, "");
  EXPECT_EQ(verdict.create_time, Time{});
  EXPECT_EQ(verdict.data_through, Start() + Days(30));
  EXPECT_EQ(verdict.experiment, "experiments/x");
  EXPECT_EQ(verdict.plan_digest, StoppedAfter({}).plan_digest);
  EXPECT_EQ(verdict.matured_units, 2000);
  EXPECT_EQ(verdict.in_flight_units, 0);
}

TEST(VerdictTest, NoDataAtAllIsAVerdict) {
  const SealedPlan plan = PlanBuilder()
                              .Primary("visit", MetricKind::kProportion)
                              .Guarded("refund", MetricKind::kMean, {0.1, Scale::kRelative})
                              .Secondary("nps", MetricKind::kNps)
                              .Secondary("csat", MetricKind::kCsat)
                              .Build();
  const Verdict verdict = Judged(plan, MeasuredBuilder(2).Build(), Running());
  EXPECT_EQ(verdict.decision, Decision::kKeepRunning);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("NOT_ENOUGH_DATA", "BEFORE_HORIZON"));
  EXPECT_EQ(verdict.results.size(), 5u);
  for (const Result& result : verdict.results) EXPECT_FALSE(result.absolute_effect.has_value());
}

TEST(VerdictTest, AFailedCheckHidesNothingButDecides) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  Measured measured = Visits();
  measured.exposed_units = {2000, 1000};
  const Verdict verdict = Judged(plan, measured);
  EXPECT_EQ(verdict.decision, Decision::kInvalid);
  EXPECT_THAT(CodesOf(verdict), ElementsAre("SAMPLE_RATIO"));
  EXPECT_THAT(verdict.reasons[0].detail, HasSubstr("control 2,000 (weight 1)"));
  EXPECT_EQ(verdict.results.size(), 1u);
}

TEST(VerdictTest, CrossedUnitsAreLeftOutOfTheResults) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  Measured measured = Visits();
  measured.crossed_units = 5;
  Stratum crossed = {.epoch = 1, .variant = 1, .crossed = true, .units = 5};
  crossed.metrics = {Share(1, 5)};
  measured.strata.push_back(crossed);
  const Verdict verdict = Judged(plan, measured);
  EXPECT_EQ(ResultOf(verdict, {.metric = "visit"}).units_treatment, 1000);
  EXPECT_EQ(verdict.matured_units, 2000);
  EXPECT_EQ(verdict.decision, Decision::kShip);
}

void ExpectInternal(const SealedPlan& plan, const Measured& measured, const char* message) {
  EXPECT_THAT(MakeVerdict(plan, StoppedAfter(Days(14)), measured, Start()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr(message)));
}

TEST(VerdictTest, FiguresThatDoNotFitThePlanAreAnError) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  Measured measured = Visits();
  measured.strata[1].epoch = 2;
  ExpectInternal(plan, measured, "more than one epoch");
  EXPECT_THAT(MakeVerdict(plan, WithEpochs(Running(), {{1, 1}, {1, 2}}), Visits(), Start()),
              IsOk());
  measured.strata[1].epoch = 3;
  EXPECT_THAT(MakeVerdict(plan, WithEpochs(Running(), {{1, 1}, {1, 2}}), measured, Start()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("epoch 3, which")));
  EXPECT_THAT(MakeVerdict(plan, WithEpochs(Running(), {{1, 1}, {1}}), Visits(), Start()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("epoch 2 has 1 weights for 2")));
  measured = Visits();
  measured.strata[1].metrics.clear();
  ExpectInternal(plan, measured, "does not fit");
  measured = Visits();
  measured.strata[1].variant = 2;
  ExpectInternal(plan, measured, "does not fit");
  measured = Visits();
  measured.exposed_units.pop_back();
  ExpectInternal(plan, measured, "every variant");
  measured = Visits();
  measured.strata[1].units = 999;
  ExpectInternal(plan, measured, "1000 values of 999 units");
}

TEST(VerdictTest, APlanThatLacksADefinitionIsAnError) {
  SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  plan.events.clear();
  ExpectInternal(plan, Visits(), "lacks events/visit");
  plan.metrics.clear();
  ExpectInternal(plan, Visits(), "lacks its primary metric");
}

}  // namespace
}  // namespace insightloop::testing
