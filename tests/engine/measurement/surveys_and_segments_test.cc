// SPDX-License-Identifier: Apache-2.0
//
// What figures of surveys and of segments count. Expected numbers are counted by hand. Quotes are
// from the rules of measurement.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/measurement/measurement_fixture.h"

namespace insightloop {
namespace {

using testing::AMetricOf;
using ::testing::ElementsAre;
using testing::ExposureOf;
using ::testing::IsEmpty;
using testing::kDayOne;
using testing::OutcomeOf;

class SurveyTest : public testing::MeasurementTest {
 protected:
  MetricSums Nps() {
    MeasuredMetric metric = AMetricOf(MetricKind::kNps);
    metric.event_has_value = true;
    return StratumOf(Measure(APlan({metric}), kEnd), 0).metrics.at(0);
  }
};

TEST_F(SurveyTest, PromotersFromNineAndDetractorsToSixOfAnsweringUnits) {
  std::vector<Exposure> exposures;
  std::vector<Outcome> answers;
  for (const int score : {0, 6, 7, 8, 9, 10}) {
    const std::string unit = "unit-" + std::to_string(score);
    exposures.push_back(ExposureOf(unit, "control"));
    answers.push_back(OutcomeOf(unit).Value(score));
  }
  exposures.push_back(ExposureOf("silent", "control"));
  Record(exposures, answers);
  const MetricSums sums = Nps();
  EXPECT_EQ(sums.promoters, 2);
  EXPECT_EQ(sums.detractors, 2);
  EXPECT_EQ(sums.asked, 6);
  EXPECT_EQ(sums.nonzero, 5);
  EXPECT_EQ(sums.values, SumsOf({0, 6, 7, 8, 9, 10}));
}

TEST_F(SurveyTest, ScoresAreReadInStepsOfTheirEvent) {
  MeasuredMetric metric = AMetricOf(MetricKind::kNps);
  metric.steps_per_unit = 10;
  Record({ExposureOf("a", "control"), ExposureOf("b", "control"), ExposureOf("c", "control")},
         {OutcomeOf("a").Value(90), OutcomeOf("b").Value(89), OutcomeOf("c").Value(60)});
  const MetricSums sums = StratumOf(Measure(APlan({metric}), kEnd), 0).metrics.at(0);
  EXPECT_EQ(sums.promoters, 1);
  EXPECT_EQ(sums.detractors, 1);
}

TEST_F(SurveyTest, TopTwoIsCountedForSatisfactionOnly) {
  MeasuredMetric metric = AMetricOf(MetricKind::kCsat);
  metric.top_two_from = 4;
  Record({ExposureOf("a", "control"), ExposureOf("b", "control"), ExposureOf("c", "control")},
         {OutcomeOf("a").Value(5), OutcomeOf("b").Value(4), OutcomeOf("c").Value(3)});
  const MetricSums sums = StratumOf(Measure(APlan({metric}), kEnd), 0).metrics.at(0);
  EXPECT_EQ(sums.top_two, 2);
  EXPECT_EQ(sums.promoters + sums.detractors, 0);
  EXPECT_EQ(sums.values, SumsOf({5, 4, 3}));
}

// "Surveys: the last answer in the window counts"
TEST_F(SurveyTest, TheLastAnswerByTimeCountsWhicheverCameFirst) {
  Record({ExposureOf("anna", "control")},
         {OutcomeOf("anna").Id("second").Value(9).At(kDayOne + Hours(2)),
          OutcomeOf("anna").Id("first").Value(3).At(kDayOne + Hours(1)),
          OutcomeOf("anna").Id("after").Value(1).At(kDayOne + Days(100))});
  EXPECT_EQ(Nps().values, SumsOf({9}));
}

TEST_F(SurveyTest, OfTwoAnswersAtOneInstantTheLowerCounts) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control")},
         {OutcomeOf("anna").Value(3), OutcomeOf("anna").Id("o-2").Value(9),
          OutcomeOf("ben").Value(9), OutcomeOf("ben").Id("o-2").Value(3)});
  EXPECT_EQ(Nps().values, SumsOf({3, 3}));
}

// "asked once is enough for the response rate"
TEST_F(SurveyTest, WhoWasAskedOrDismissedOrAnsweredWasAskedOnce) {
  Record({ExposureOf("asked", "control"), ExposureOf("dismissed", "control"),
          ExposureOf("answered", "control"), ExposureOf("never", "control")},
         {OutcomeOf("asked").Asked(), OutcomeOf("asked").Id("o-2").Asked(),
          OutcomeOf("dismissed").Asked(), OutcomeOf("dismissed").Id("o-2").Dismissed(),
          OutcomeOf("answered").Asked(), OutcomeOf("answered").Id("o-2").Value(8)});
  const MetricSums sums = Nps();
  EXPECT_EQ(sums.asked, 3);
  EXPECT_EQ(sums.dismissed, 1);
  EXPECT_EQ(sums.values, SumsOf({8}));
}

TEST_F(SurveyTest, ADismissalAloneMeansAskedAndNoAnswer) {
  Record({ExposureOf("anna", "control")}, {OutcomeOf("anna").Dismissed()});
  const MetricSums sums = Nps();
  EXPECT_EQ(sums.asked, 1);
  EXPECT_EQ(sums.values, SumsOf({}));
  EXPECT_EQ(sums.detractors, 0);
}

TEST_F(SurveyTest, WhoTurnedItDownInTheWindowAndNeverAnsweredIsCountedOnce) {
  MeasuredMetric metric = AMetricOf(MetricKind::kNps);
  metric.window = {.length = Days(1)};
  Record(
      {ExposureOf("anna", "control"), ExposureOf("ben", "control"), ExposureOf("cora", "control"),
       ExposureOf("dan", "control"), ExposureOf("eve", "reminder")},
      {OutcomeOf("anna").Dismissed(), OutcomeOf("anna").Id("o-2").Dismissed(),
       OutcomeOf("ben").Dismissed(), OutcomeOf("ben").Id("o-2").Value(0).At(kDayOne + Hours(1)),
       OutcomeOf("cora").Dismissed().At(kDayOne + Days(1)), OutcomeOf("dan").Dismissed().Late(),
       OutcomeOf("eve").Asked()});
  const Measured measured = Measure(APlan({metric}), kEnd);
  const MetricSums control = StratumOf(measured, 0).metrics.at(0);
  EXPECT_EQ(control.asked, 2);
  EXPECT_EQ(control.dismissed, 1);
  EXPECT_EQ(control.values, SumsOf({0}));
  EXPECT_EQ(StratumOf(measured, 1).metrics.at(0).dismissed, 0);
}

TEST_F(SurveyTest, ADismissalAfterAnAnswerDoesNotTakeItBack) {
  Record({ExposureOf("anna", "control")},
         {OutcomeOf("anna").Value(10),
          OutcomeOf("anna").Id("o-2").Dismissed().At(kDayOne + Hours(1))});
  EXPECT_EQ(Nps().values, SumsOf({10}));
}

TEST_F(SurveyTest, AskingAndDismissingAreNoOccurrences) {
  MeasuredMetric of_values = AMetricOf(MetricKind::kCount);
  of_values.event_has_value = true;
  Record({ExposureOf("anna", "control")},
         {OutcomeOf("anna").Asked(), OutcomeOf("anna").Id("o-2").Dismissed()});
  const Stratum control =
      StratumOf(Measure(APlan({AMetricOf(MetricKind::kCount), of_values}), kEnd), 0);
  EXPECT_EQ(control.metrics.at(0).values, SumsOf({0}));
  EXPECT_EQ(control.metrics.at(1).values, SumsOf({0}));
}

class SegmentTest : public testing::MeasurementTest {
 protected:
  static MeasurePlan BySegments(std::vector<std::string> attributes) {
    MeasurePlan plan = APlan({AMetricOf(MetricKind::kCount)});
    plan.segment_attributes = std::move(attributes);
    return plan;
  }
  static std::vector<std::string> SegmentsOf(const Measured& measured) {
    std::vector<std::string> segments;
    for (const Stratum& stratum : measured.strata) segments.push_back(stratum.segment);
    return segments;
  }
};

TEST_F(SegmentTest, EachValueIsACellBesideAllUnits) {
  Record({ExposureOf("a", "control").With("country", "PT").With("age", 30.5).With("vip", true),
          ExposureOf("b", "control").With("country", "ES").With("vip", true),
          ExposureOf("c", "control")},
         {OutcomeOf("a")});
  const Measured measured = Measure(BySegments({"country", "age", "vip"}), kEnd);
  EXPECT_THAT(SegmentsOf(measured),
              ElementsAre("", "age=30.5", "country=ES", "country=PT", "vip=true"));
  EXPECT_EQ(StratumOf(measured, 0).units, 3);
  EXPECT_EQ(StratumOf(measured, 0, "vip=true").metrics.at(0).values, SumsOf({1, 0}));
  EXPECT_EQ(StratumOf(measured, 0, "country=ES").metrics.at(0).values, SumsOf({0}));
}

TEST_F(SegmentTest, AttributesThatThePlanDoesNotNameMakeNoCells) {
  Record({ExposureOf("a", "control").With("country", "PT")}, {});
  EXPECT_THAT(SegmentsOf(Measure(BySegments({}), kEnd)), ElementsAre(""));
  EXPECT_THAT(SegmentsOf(Measure(BySegments({"age"}), kEnd)), ElementsAre(""));
}

TEST_F(SegmentTest, TheFirstExposureSaysWhereAUnitBelongs) {
  Record({ExposureOf("a", "control").With("country", "PT").At(kDayOne + Days(1)),
          ExposureOf("a", "control").With("country", "ES")},
         {});
  EXPECT_THAT(SegmentsOf(Measure(BySegments({"country"}), kEnd)), ElementsAre("", "country=ES"));
}

TEST_F(SegmentTest, AtOneInstantTheOrderOfArrivalDoesNotDecide) {
  testing::MeasurementOnFile other;
  const Exposure in_spain = ExposureOf("a", "control").With("country", "ES");
  const Exposure in_portugal = ExposureOf("a", "control").With("country", "PT");
  const Exposure somewhere = ExposureOf("a", "control");
  ASSERT_THAT(measurement().Record({.exposures = {in_spain, somewhere, in_portugal}}),
              testing::IsOk());
  ASSERT_THAT(other.measurement().Record({.exposures = {in_portugal, in_spain, somewhere}}),
              testing::IsOk());
  const auto there = other.measurement().Measure(BySegments({"country"}), kEnd);
  ASSERT_THAT(there, testing::IsOk());
  EXPECT_EQ(SegmentsOf(Measure(BySegments({"country"}), kEnd)), SegmentsOf(*there));
  EXPECT_EQ(SegmentsOf(*there).size(), 2U);
}

TEST_F(SegmentTest, AnAttributeOfTooManyValuesIsLeftOutAndNamed) {
  MeasurePlan plan = BySegments({"country", "postcode"});
  plan.max_segment_values = 2;
  std::vector<Exposure> exposures;
  for (const std::string unit : {"a", "b", "c"}) {
    exposures.push_back(ExposureOf(unit, "control")
                            .With("country", unit == "a" ? "PT" : "ES")
                            .With("postcode", unit));
  }
  Record(exposures, {});
  const Measured measured = Measure(plan, kEnd);
  EXPECT_THAT(measured.dropped_segments, ElementsAre("postcode"));
  EXPECT_THAT(SegmentsOf(measured), ElementsAre("", "country=ES", "country=PT"));

  plan.max_segment_values = 3;
  EXPECT_THAT(Measure(plan, kEnd).dropped_segments, IsEmpty());
}

TEST_F(SegmentTest, StrataAreInOrderOfEpochSegmentVariantAndCrossing) {
  Record({ExposureOf("e", "control").Epoch(2), ExposureOf("d", "reminder").With("vip", false),
          ExposureOf("c", "reminder"), ExposureOf("b", "control").With("vip", false),
          ExposureOf("a", "control"), ExposureOf("a", "reminder")},
         {});
  std::vector<std::string> order;
  for (const Stratum& s : Measure(BySegments({"vip"}), kEnd).strata) {
    order.push_back(std::to_string(s.epoch) + " [" + s.segment + "] " + std::to_string(s.variant) +
                    (s.crossed ? " crossed" : ""));
  }
  EXPECT_THAT(order, ElementsAre("1 [] 0", "1 [] 0 crossed", "1 [] 1", "1 [vip=false] 0",
                                 "1 [vip=false] 1", "2 [] 0"));
}

}  // namespace
}  // namespace insightloop
