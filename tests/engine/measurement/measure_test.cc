// SPDX-License-Identifier: Apache-2.0
//
// What the figures of an experiment count: exposures, windows, maturity, numbers of units. Expected
// numbers are counted by hand. Quotes are from the rules of measurement.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/engine/measurement/measurement_fixture.h"

namespace insightloop {
namespace {

using testing::AMetricOf;
using ::testing::ElementsAre;
using testing::ExposureOf;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::kDayOne;
using testing::kMicrosecond;
using testing::OutcomeOf;
using ::testing::SizeIs;

using Outcomes = std::vector<Outcome>;

MeasuredMetric Windowed(MetricKind kind, Duration delay, Duration length) {
  MeasuredMetric metric = AMetricOf(kind);
  metric.window = Window{.delay = delay, .length = length};
  return metric;
}

class MeasureTest : public testing::MeasurementTest {
 protected:
  // Units counted under `metric` when anna, exposed on day one, does something at `time`.
  std::int64_t CountedAt(const MeasuredMetric& metric, Time time) {
    Record({ExposureOf("anna", "control")},
           {OutcomeOf("anna").Id(std::to_string(time.micros)).At(time)});
    return Nonzero(metric);
  }
  std::int64_t Nonzero(const MeasuredMetric& metric) {
    return StratumOf(Measure(APlan({metric}), kEnd), 0).metrics.at(0).nonzero;
  }
};

TEST_F(MeasureTest, AnExperimentWithoutFactsHasEmptyFigures) {
  const Measured measured = Measure(APlan({AMetricOf(MetricKind::kCount)}), kEnd);
  EXPECT_THAT(measured.strata, IsEmpty());
  EXPECT_THAT(measured.exposed_units, ElementsAre(0, 0));
  EXPECT_EQ(measured.last_maturity, std::nullopt);
}

TEST_F(MeasureTest, UnitsWithoutOutcomesAreZeros) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control")}, {OutcomeOf("ben")});
  const Stratum control = StratumOf(Measure(APlan({AMetricOf(MetricKind::kCount)}), kEnd), 0);
  EXPECT_EQ(control.units, 2);
  EXPECT_EQ(control.metrics.at(0).values, SumsOf({0, 1}));
  EXPECT_EQ(control.metrics.at(0).nonzero, 1);
}

TEST_F(MeasureTest, OnlyExposuresOfTheExperimentAndItsVariantsCount) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control").In("experiments/summer"),
          ExposureOf("carl", "sms")},
         {});
  EXPECT_THAT(Measure(APlan({}), kEnd).exposed_units, ElementsAre(1, 0));
}

// "OVERRIDE exposures are kept and never analysed."
TEST_F(MeasureTest, OverridesAreNeverAnalysed) {
  Record({ExposureOf("anna", "control").Source(ExposureSource::kOverride)}, {OutcomeOf("anna")});
  EXPECT_THAT(Measure(APlan({}), kEnd).exposed_units, ElementsAre(0, 0));
  Record({ExposureOf("anna", "reminder").At(kDayOne + Days(1))});
  EXPECT_THAT(Measure(APlan({}), kEnd).exposed_units, ElementsAre(0, 1));
}

TEST_F(MeasureTest, UnitsOfTwoTypesWithOneNameAreTwoUnits) {
  Record({ExposureOf("42", "control")}, {OutcomeOf("42").UnitType("unitTypes/device")});
  EXPECT_EQ(Nonzero(AMetricOf(MetricKind::kCount)), 0);
}

TEST_F(MeasureTest, ProportionCountsUnitsOnce) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control")},
         {OutcomeOf("anna"), OutcomeOf("anna").Id("o-2")});
  const Measured measured = Measure(APlan({AMetricOf(MetricKind::kProportion)}), kEnd);
  EXPECT_EQ(StratumOf(measured, 0).metrics.at(0).values, SumsOf({1, 0}));
}

TEST_F(MeasureTest, ProportionOfAnEventWithValuesCountsUnitsWithAPositiveOne) {
  MeasuredMetric metric = AMetricOf(MetricKind::kProportion);
  metric.event_has_value = true;
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control"), ExposureOf("c", "control")},
         {OutcomeOf("anna").Value(-5), OutcomeOf("anna").Id("o-2").Value(2),
          OutcomeOf("ben").Value(0)});
  EXPECT_EQ(StratumOf(Measure(APlan({metric}), kEnd), 0).metrics.at(0).values, SumsOf({1, 0, 0}));
}

TEST_F(MeasureTest, CountCountsRowsOrSumsValues) {
  MeasuredMetric of_values = AMetricOf(MetricKind::kCount);
  of_values.event_has_value = true;
  Record({ExposureOf("anna", "control")},
         {OutcomeOf("anna").Value(5), OutcomeOf("anna").Id("o-2").Value(-2)});
  const Stratum control =
      StratumOf(Measure(APlan({AMetricOf(MetricKind::kCount), of_values}), kEnd), 0);
  EXPECT_EQ(control.metrics.at(0).values, SumsOf({2}));
  EXPECT_EQ(control.metrics.at(1).values, SumsOf({3}));
}

TEST_F(MeasureTest, MeanIsOfTheSumsOfUnits) {
  Record({ExposureOf("anna", "reminder"), ExposureOf("ben", "reminder")},
         {OutcomeOf("anna").Value(1'234), OutcomeOf("anna").Id("o-2").Value(66)});
  const Stratum stratum = StratumOf(Measure(APlan({AMetricOf(MetricKind::kMean)}), kEnd), 1);
  EXPECT_EQ(stratum.metrics.at(0).values, SumsOf({1'300, 0}));
  EXPECT_EQ(stratum.metrics.at(0).nonzero, 1);
}

TEST_F(MeasureTest, AUnitsSumBeyond64BitsOverflowsTheFiguresAndNeverWraps) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  Record({ExposureOf("anna", "control")},
         {OutcomeOf("anna").Value(kLargest), OutcomeOf("anna").Id("o-2").Value(1)});
  MetricSums sums =
      StratumOf(Measure(APlan({AMetricOf(MetricKind::kMean)}), kEnd), 0).metrics.at(0);
  EXPECT_TRUE(sums.values.overflowed());
  EXPECT_EQ(sums.nonzero, 1);

  // It is the sum that counts, not the way to it.
  Record(Outcomes{OutcomeOf("anna").Id("o-3").Value(-1)});
  sums = StratumOf(Measure(APlan({AMetricOf(MetricKind::kMean)}), kEnd), 0).metrics.at(0);
  EXPECT_EQ(sums.values, SumsOf({kLargest}));
}

TEST_F(MeasureTest, OneOutcomeFeedsEveryMetricOfItsEventAndNoOther) {
  MeasuredMetric visits = AMetricOf(MetricKind::kCount);
  visits.event = "events/visit";
  Record({ExposureOf("anna", "control")}, {OutcomeOf("anna").Value(7)});
  const Stratum control = StratumOf(
      Measure(APlan({AMetricOf(MetricKind::kMean), AMetricOf(MetricKind::kCount), visits}), kEnd),
      0);
  EXPECT_EQ(control.metrics.at(0).values, SumsOf({7}));
  EXPECT_EQ(control.metrics.at(1).values, SumsOf({1}));
  EXPECT_EQ(control.metrics.at(2).values, SumsOf({0}));
}

// "order and windows use occur_time, half-open; an outcome at the instant of exposure counts as
// after."
TEST_F(MeasureTest, AWindowBeginsAtTheInstantOfTheExposure) {
  const MeasuredMetric week = Windowed(MetricKind::kCount, {}, Days(7));
  EXPECT_EQ(CountedAt(week, kDayOne - kMicrosecond), 0);
  EXPECT_EQ(CountedAt(week, kDayOne), 1);
}

TEST_F(MeasureTest, AWindowEndsBeforeItsLastInstant) {
  const MeasuredMetric week = Windowed(MetricKind::kCount, {}, Days(7));
  EXPECT_EQ(CountedAt(week, kDayOne + Days(7)), 0);
  EXPECT_EQ(CountedAt(week, kDayOne + Days(7) - kMicrosecond), 1);
}

TEST_F(MeasureTest, ADelayedWindowIsHalfOpenToo) {
  const MeasuredMetric second_week = Windowed(MetricKind::kCount, Days(7), Days(7));
  EXPECT_EQ(CountedAt(second_week, kDayOne + Days(7) - kMicrosecond), 0);
  EXPECT_EQ(CountedAt(second_week, kDayOne + Days(14)), 0);
  EXPECT_EQ(CountedAt(second_week, kDayOne + Days(7)), 1);
}

TEST_F(MeasureTest, WithoutAWindowOutcomesCountUntilTheStop) {
  const MeasuredMetric metric = AMetricOf(MetricKind::kCount);
  EXPECT_EQ(CountedAt(metric, kDayOne - kMicrosecond), 0);
  EXPECT_EQ(CountedAt(metric, kDayOne + Days(100)), 0);
  EXPECT_EQ(CountedAt(metric, kDayOne + Days(100) - kMicrosecond), 1);
}

TEST_F(MeasureTest, WithoutAWindowOutcomesOfARunningExperimentCountUntilNow) {
  MeasurePlan plan =
      APlan({AMetricOf(MetricKind::kCount), Windowed(MetricKind::kCount, {}, Days(1))});
  plan.stop_time.reset();
  const Time now = kDayOne + Days(10);
  Record({ExposureOf("anna", "control")},
         {OutcomeOf("anna").At(now - kMicrosecond), OutcomeOf("anna").Id("o-2").At(now)});
  EXPECT_EQ(StratumOf(Measure(plan, now), 0).metrics.at(0).values, SumsOf({1}));
}

// "a unit enters when its window has closed"
TEST_F(MeasureTest, AUnitMaturesAtTheEndOfItsLongestWindowAndTheAllowance) {
  MeasurePlan plan = APlan(
      {Windowed(MetricKind::kCount, {}, Days(7)), Windowed(MetricKind::kCount, Days(7), Days(7))});
  plan.lateness_allowance = Hours(24);
  Record({ExposureOf("anna", "control")}, {});
  const Time maturity = kDayOne + Days(15);

  const Measured before = Measure(plan, maturity - kMicrosecond);
  EXPECT_THAT(before.strata, IsEmpty());
  EXPECT_EQ(before.in_flight_units, 1);
  EXPECT_THAT(before.exposed_units, ElementsAre(1, 0));
  EXPECT_EQ(before.last_maturity, maturity);

  const Measured after = Measure(plan, maturity);
  EXPECT_EQ(StratumOf(after, 0).units, 1);
  EXPECT_EQ(after.in_flight_units, 0);
  EXPECT_EQ(after.last_maturity, maturity);
}

TEST_F(MeasureTest, TheLastMaturityIsThatOfTheUnitExposedLast) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control").At(kDayOne + Days(3)),
          ExposureOf("carl", "control").At(kDayOne + Days(1))},
         {});
  const Measured measured =
      Measure(APlan({Windowed(MetricKind::kCount, {}, Days(7))}), kDayOne + Days(8));
  EXPECT_EQ(measured.last_maturity, kDayOne + Days(10));
  EXPECT_EQ(StratumOf(measured, 0).units, 2);
  EXPECT_EQ(measured.in_flight_units, 1);
}

TEST_F(MeasureTest, WithoutAnyWindowUnitsMatureAtTheStop) {
  MeasurePlan plan = APlan({AMetricOf(MetricKind::kCount)});
  Record({ExposureOf("anna", "control")}, {});
  EXPECT_EQ(Measure(plan, *plan.stop_time).last_maturity, plan.stop_time);
  EXPECT_EQ(StratumOf(Measure(plan, *plan.stop_time), 0).units, 1);
  EXPECT_EQ(Measure(plan, *plan.stop_time - kMicrosecond).in_flight_units, 1);

  plan.stop_time.reset();
  const Measured running = Measure(plan, kEnd);
  EXPECT_EQ(running.in_flight_units, 1);
  EXPECT_EQ(running.last_maturity, std::nullopt);
}

// "an earlier exposure, an outcome before it, or a late row leads to the same figures as if all had
// come in time order"
TEST_F(MeasureTest, AnEarlierExposureThatArrivesLaterMovesTheWindow) {
  const MeasuredMetric day = Windowed(MetricKind::kCount, {}, Days(1));
  Record({ExposureOf("anna", "control").At(kDayOne + Days(5))}, {OutcomeOf("anna")});
  EXPECT_EQ(Nonzero(day), 0);
  Record({ExposureOf("anna", "control")}, {});
  EXPECT_EQ(Nonzero(day), 1);
  EXPECT_THAT(Measure(APlan({day}), kEnd).exposed_units, ElementsAre(1, 0));
}

// "Older than the acceptance window: LATE: stored and deduplicated, out of the running figures,
// counted in health."
TEST_F(MeasureTest, LateOutcomesAreLeftOutAndCounted) {
  Record({ExposureOf("anna", "control")},
         {OutcomeOf("anna").Late(), OutcomeOf("anna").Id("o-2"), OutcomeOf("stranger").Late(),
          OutcomeOf("anna").Event("events/visit").Late()});
  const Measured measured = Measure(APlan({AMetricOf(MetricKind::kCount)}), kEnd);
  EXPECT_EQ(StratumOf(measured, 0).metrics.at(0).values, SumsOf({1}));
  EXPECT_EQ(measured.outcomes, 2);
  EXPECT_EQ(measured.late_outcomes, 1);
}

TEST_F(MeasureTest, OutcomesAndLateOnesAreCountedByVariantWithoutCrossedUnits) {
  Record(
      {ExposureOf("anna", "control"), ExposureOf("ben", "reminder"), ExposureOf("cora", "control"),
       ExposureOf("cora", "reminder").At(kDayOne + Hours(1)), ExposureOf("dan", "withdrawn")},
      {OutcomeOf("anna"), OutcomeOf("anna").Id("o-2").Late(), OutcomeOf("ben").Late(),
       OutcomeOf("ben").Id("o-2").Late(), OutcomeOf("ben").Id("o-3"), OutcomeOf("cora").Late(),
       OutcomeOf("dan").Late()});
  const Measured measured = Measure(APlan({AMetricOf(MetricKind::kCount)}), kEnd);
  EXPECT_THAT(
      measured.outcomes_by_variant,
      ElementsAre(OutcomeCounts{.outcomes = 2, .late = 1, .units = 1, .units_with_late = 1},
                  OutcomeCounts{.outcomes = 3, .late = 2, .units = 1, .units_with_late = 1}));
  EXPECT_EQ(measured.outcomes, 7);
  EXPECT_EQ(measured.late_outcomes, 5);
}

TEST_F(MeasureTest, WithoutUnitsEveryVariantHasNoOutcomes) {
  const Measured measured = Measure(APlan({AMetricOf(MetricKind::kCount)}), kEnd);
  EXPECT_THAT(measured.outcomes_by_variant, ElementsAre(OutcomeCounts(), OutcomeCounts()));
}

// "Units seen in two variants within one epoch are left out and counted."
TEST_F(MeasureTest, CrossedUnitsAreKeptApartUnderTheirFirstVariant) {
  Record({ExposureOf("anna", "reminder").At(kDayOne + Days(1)), ExposureOf("anna", "control"),
          ExposureOf("ben", "control")},
         {OutcomeOf("anna")});
  const Measured measured = Measure(APlan({AMetricOf(MetricKind::kCount)}), kEnd);
  EXPECT_EQ(measured.crossed_units, 1);
  EXPECT_THAT(measured.exposed_units, ElementsAre(1, 0));
  ASSERT_THAT(measured.strata, SizeIs(2));
  const Stratum crossed = StratumOf(measured, 0, "", /*crossed=*/true);
  EXPECT_EQ(crossed.units, 1);
  EXPECT_EQ(crossed.metrics.at(0).values, SumsOf({1}));
  EXPECT_EQ(StratumOf(measured, 0).metrics.at(0).values, SumsOf({0}));
}

TEST_F(MeasureTest, ACrossedUnitIsNotInFlight) {
  Record({ExposureOf("anna", "reminder"), ExposureOf("anna", "control")}, {});
  const Measured measured =
      Measure(APlan({Windowed(MetricKind::kCount, {}, Days(7))}), kDayOne + Days(1));
  EXPECT_EQ(measured.in_flight_units, 0);
  EXPECT_EQ(measured.crossed_units, 1);
}

TEST_F(MeasureTest, OfTwoVariantsAtOneInstantTheFirstInTheAlphabetIsFirst) {
  Record({ExposureOf("anna", "reminder"), ExposureOf("anna", "control")}, {});
  EXPECT_EQ(StratumOf(Measure(APlan({}), kEnd), 0, "", /*crossed=*/true).units, 1);
}

// "A unit belongs to the epoch and variant of its first exposure for good."
TEST_F(MeasureTest, AUnitOfTwoEpochsBelongsToItsFirst) {
  Record({ExposureOf("anna", "control").Epoch(2).At(kDayOne + Days(9)),
          ExposureOf("anna", "reminder").Epoch(1), ExposureOf("ben", "control").Epoch(2)},
         {});
  const Measured measured = Measure(APlan({}), kEnd);
  EXPECT_EQ(measured.crossed_units, 0);
  EXPECT_THAT(measured.exposed_units, ElementsAre(1, 1));
  EXPECT_EQ(StratumOf(measured, 1, "", false, /*epoch=*/1).units, 1);
  EXPECT_EQ(StratumOf(measured, 0, "", false, /*epoch=*/2).units, 1);
  EXPECT_THAT(measured.strata, SizeIs(2));
}

TEST_F(MeasureTest, ExposedUnitsAreCountedInTheEpochOfTheirFirstExposure) {
  Record({ExposureOf("anna", "control").Epoch(3).At(kDayOne + Days(9)),
          ExposureOf("anna", "reminder").Epoch(1), ExposureOf("ben", "control").Epoch(3),
          ExposureOf("carl", "control").Epoch(3),
          // Crossed, so left out.
          ExposureOf("dora", "control").Epoch(2), ExposureOf("dora", "reminder").Epoch(2)});
  // Before anyone has matured.
  const Measured measured =
      Measure(APlan({Windowed(MetricKind::kCount, {}, Days(7))}), kDayOne + Days(1));
  EXPECT_THAT(measured.strata, IsEmpty());
  ASSERT_THAT(measured.exposed_by_epoch, SizeIs(2));
  EXPECT_EQ(measured.exposed_by_epoch[0].epoch, 1);
  EXPECT_THAT(measured.exposed_by_epoch[0].units, ElementsAre(0, 1));
  EXPECT_EQ(measured.exposed_by_epoch[1].epoch, 3);
  EXPECT_THAT(measured.exposed_by_epoch[1].units, ElementsAre(2, 0));
}

TEST_F(MeasureTest, TheLastFactIsAnExposureOrAnOutcomeOfThePlansEventsFromThenOn) {
  MeasurePlan running = APlan({Windowed(MetricKind::kCount, {}, Days(1))});
  running.stop_time.reset();
  const auto last_fact = [&] { return Measure(running, kEnd).last_fact; };
  EXPECT_EQ(last_fact(), std::nullopt);
  Record(Outcomes{OutcomeOf("anna").Id("before").At(kDayOne - kMicrosecond)});
  EXPECT_EQ(last_fact(), std::nullopt);
  Record({ExposureOf("anna", "control")});
  EXPECT_EQ(last_fact(), kDayOne);
  // Also behind the window, where it counts in nothing else.
  Record(Outcomes{OutcomeOf("anna").Id("behind").At(kDayOne + Days(3))});
  EXPECT_EQ(last_fact(), kDayOne + Days(3));
  Record(Outcomes{OutcomeOf("anna").Id("late").At(kDayOne + Days(4)).Late(),
                  OutcomeOf("anna").Event("events/other").At(kDayOne + Days(4)),
                  OutcomeOf("who").At(kDayOne + Days(4))});
  EXPECT_EQ(last_fact(), kDayOne + Days(3));
  file_.Reopen();
  EXPECT_EQ(last_fact(), kDayOne + Days(3));
  Record({ExposureOf("ben", "control").At(kDayOne + Days(5))});
  EXPECT_EQ(last_fact(), kDayOne + Days(5));
  EXPECT_EQ(Measure(APlan({}), kEnd).last_fact, std::nullopt);  // stopped
}

TEST_F(MeasureTest, TheLastFactIsTheSameInEveryOrderOfArrival) {
  MeasurePlan running = APlan({AMetricOf(MetricKind::kCount)});
  running.stop_time.reset();
  const std::vector<FactRows> facts = {
      {.exposures = {ExposureOf("anna", "control").At(kDayOne + Days(2))}},
      {.exposures = {ExposureOf("anna", "control").At(kDayOne)}},
      {.outcomes = {OutcomeOf("anna").Id("between").At(kDayOne + Days(1))}},
      {.outcomes = {OutcomeOf("anna").Id("before").At(kDayOne - Days(1))}}};
  std::vector<std::size_t> order = {0, 1, 2, 3};
  do {
    testing::MeasurementOnFile file;
    file.measurement().Follow(running);
    for (const std::size_t i : order) ASSERT_THAT(file.measurement().Record(facts[i]), IsOk());
    const auto measured = file.measurement().Measure(running, kEnd);
    ASSERT_THAT(measured, IsOk());
    EXPECT_EQ(measured->last_fact, kDayOne + Days(1));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(MeasureTest, AUnitThatCrossesInALaterEpochIsCrossed) {
  Record({ExposureOf("anna", "control").Epoch(1),
          ExposureOf("anna", "control").Epoch(2).At(kDayOne + Days(8)),
          ExposureOf("anna", "reminder").Epoch(2).At(kDayOne + Days(9))},
         {});
  EXPECT_EQ(Measure(APlan({}), kEnd).crossed_units, 1);
}

TEST_F(MeasureTest, FirstExposuresAreCountedByDay) {
  const Time midnight{kDayOne.micros - kDayOne.micros % Days(1).micros};
  Record({ExposureOf("a", "control").At(midnight + Hours(23)),
          ExposureOf("b", "reminder").At(midnight + Days(1)),
          ExposureOf("c", "control").At(midnight + Days(1) + Hours(5)),
          ExposureOf("crossed", "control").At(midnight),
          ExposureOf("crossed", "reminder").At(midnight + Days(3)),
          ExposureOf("a", "control").At(midnight + Hours(1))},
         {});
  const Measured measured = Measure(APlan({AMetricOf(MetricKind::kProportion)}), kEnd);
  EXPECT_EQ(measured.exposed_by_day,
            (std::vector<DayUnits>{{.epoch = 1, .day = midnight, .units = {1, 0}, .crossed = 1},
                                   {.epoch = 1, .day = midnight + Days(1), .units = {1, 1}}}));
}

}  // namespace
}  // namespace insightloop
