// SPDX-License-Identifier: Apache-2.0
//
// What figures of surveys and of segments count. Expected numbers are counted by hand. Quotes are
// from the rules of measurement.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
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

TEST_F(SurveyTest, AnswersAreCountedByValueUnlessTheyAreTooManyDifferentOnes) {
  Record({ExposureOf("a", "control"), ExposureOf("b", "control"), ExposureOf("c", "reminder")},
         {OutcomeOf("a").Value(9), OutcomeOf("b").Value(3), OutcomeOf("c").Value(9)});
  EXPECT_EQ(Nps().answers, (std::vector<AnswerUnits>{{3, 1}, {9, 1}}));
  // 103 different answers.
  for (int unit = 0; unit < 100; ++unit) {
    const std::string id = "u" + std::to_string(unit);
    Record({ExposureOf(id, "reminder")}, {OutcomeOf(id).Value(1000 + unit)});
  }
  EXPECT_THAT(Nps().answers, ::testing::IsEmpty());
  EXPECT_EQ(Nps().values, SumsOf({3, 9}));
}

TEST_F(SurveyTest, WeightsAreOfUnitsThatAnsweredAndHaveOneAboveZero) {
  MeasuredMetric metric = AMetricOf(MetricKind::kNps);
  metric.weight = "weight";
  Record({ExposureOf("a", "control").With("weight", 2.0),
          ExposureOf("b", "control").With("weight", 0.5),
          ExposureOf("silent", "control").With("weight", 3.0),
          ExposureOf("negative", "control").With("weight", -1.0), ExposureOf("none", "control")},
         {OutcomeOf("a").Value(10), OutcomeOf("b").Value(0), OutcomeOf("silent").Asked(),
          OutcomeOf("negative").Value(10), OutcomeOf("none").Value(10)});
  stats::JointSums expected(2);
  ASSERT_TRUE(expected.Add({{2'000'000, 2'000'000}}).ok());
  ASSERT_TRUE(expected.Add({{-500'000, 500'000}}).ok());
  EXPECT_EQ(StratumOf(Measure(APlan({metric}), kEnd), 0).metrics.at(0).weighted, expected);
}

TEST_F(SurveyTest, TheBehaviourIsSummedByWhatUnitsSaid) {
  MeasuredMetric bought{.event = "events/visit", .kind = MetricKind::kProportion};
  MeasurePlan plan = APlan({AMetricOf(MetricKind::kNps), bought});
  plan.behaviour = 1;
  Record({ExposureOf("good", "control"), ExposureOf("middling", "control"),
          ExposureOf("bad", "control"), ExposureOf("silent", "control"),
          ExposureOf("unasked", "control")},
         {OutcomeOf("good").Value(9), OutcomeOf("middling").Value(7), OutcomeOf("bad").Value(6),
          OutcomeOf("silent").Asked(), OutcomeOf("good").Id("p").Event("events/visit"),
          OutcomeOf("silent").Id("p").Event("events/visit"),
          OutcomeOf("unasked").Id("p").Event("events/visit")});
  const Stratum stratum = StratumOf(Measure(plan, kEnd), 0);
  // In the order of Said: nothing, bad, middling, good.
  EXPECT_THAT(stratum.metrics.at(0).behaviour,
              ::testing::ElementsAre(SumsOf({1}), SumsOf({0}), SumsOf({0}), SumsOf({1})));
  EXPECT_THAT(stratum.metrics.at(1).behaviour, ::testing::IsEmpty());
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

class QuestionnaireTest : public testing::MeasurementTest {
 protected:
  // One of each value, under ids of their own.
  static std::vector<Outcome> Answers(const OutcomeOf& first, const std::vector<int>& values) {
    std::vector<Outcome> answers;
    for (const int value : values) {
      answers.push_back(OutcomeOf(first).Id("i-" + std::to_string(answers.size())).Value(value));
    }
    return answers;
  }
  // By variant, under a plan whose one metric is of another event.
  std::vector<QuestionnaireCounts> Counts() {
    return Measure(APlan({{.event = "events/visit", .kind = MetricKind::kProportion}}), kEnd)
        .questionnaires_by_variant;
  }
};

TEST_F(QuestionnaireTest, IsJudgedFromFourAnswersOnAndStraightLinedWhereAllAreTheSame) {
  Record({ExposureOf("three", "control"), ExposureOf("four", "control"),
          ExposureOf("other", "control"), ExposureOf("six", "reminder")});
  Record({}, Answers(OutcomeOf("three").Response("r"), {5, 5, 5}));
  Record({}, Answers(OutcomeOf("four").Response("r"), {5, 5, 5, 5}));
  Record({}, Answers(OutcomeOf("other").Response("r"), {5, 5, 4, 5}));
  Record({}, Answers(OutcomeOf("six").Response("r"), {0, 0, 0, 0, 0, 0}));
  const std::vector<QuestionnaireCounts> counts = {{.judged = 2, .straight_lined = 1},
                                                   {.judged = 1, .straight_lined = 1}};
  EXPECT_EQ(Counts(), counts);
  file_.Reopen();
  EXPECT_EQ(Counts(), counts);
}

TEST_F(QuestionnaireTest, IsOfOneResponseOfOneUnitWhateverTheEvents) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control")});
  Record({}, Answers(OutcomeOf("anna").Response("r"), {5, 5}));
  Record({}, Answers(OutcomeOf("anna").Response("r").Event("events/csat"), {5, 5}));
  for (const char* response : {"s", "t"}) {
    Record({}, Answers(OutcomeOf("anna").Response(response).Event(response), {5, 5}));
  }
  Record({}, Answers(OutcomeOf("ben").Response("r"), {5, 5}));
  Record({}, Answers(OutcomeOf("ben").Event("events/csat"), {5, 5, 5, 5}));  // of none
  EXPECT_THAT(Counts(), ElementsAre(QuestionnaireCounts{.judged = 1, .straight_lined = 1},
                                    QuestionnaireCounts{}));
}

TEST_F(QuestionnaireTest, OnlyAnswersInTimeFromTheExposureToTheStopAreOfIt) {
  const auto answers = [](const char* unit) { return OutcomeOf(unit).Response("r"); };
  for (const char* unit : {"late", "before", "stopped", "asked"}) {
    Record({ExposureOf(unit, "control")}, Answers(answers(unit), {5, 5, 5}));
  }
  Record({}, {answers("late").Value(5).Late(), answers("asked").Asked(),
              answers("before").Value(5).At(kDayOne - testing::kMicrosecond),
              answers("stopped").Value(5).At(kDayOne + Days(100))});
  EXPECT_THAT(Counts(), ElementsAre(QuestionnaireCounts{}, QuestionnaireCounts{}));
  Record({}, {answers("stopped").Id("in-time").Value(4).At(kDayOne + Days(99))});
  EXPECT_THAT(Counts(), ElementsAre(QuestionnaireCounts{.judged = 1}, QuestionnaireCounts{}));
}

TEST_F(QuestionnaireTest, AnEarlierExposureBringsTheAnswersBeforeTheOther) {
  Record({ExposureOf("anna", "control").At(kDayOne + Days(2))},
         Answers(OutcomeOf("anna").Response("r"), {5, 5, 5}));
  Record({}, {OutcomeOf("anna").Response("r").Value(5).At(kDayOne + Days(3))});
  EXPECT_EQ(Counts().at(0), QuestionnaireCounts{});
  Record({ExposureOf("anna", "control")});
  EXPECT_EQ(Counts().at(0), (QuestionnaireCounts{.judged = 1, .straight_lined = 1}));
}

TEST_F(QuestionnaireTest, CrossedUnitsAndThoseOfAnotherVariantHaveNone) {
  Record({ExposureOf("anna", "control"), ExposureOf("anna", "reminder"),
          ExposureOf("dan", "withdrawn")});
  Record({}, Answers(OutcomeOf("anna").Response("r"), {5, 5, 5, 5}));
  Record({}, Answers(OutcomeOf("dan").Response("r"), {5, 5, 5, 5}));
  EXPECT_THAT(Counts(), ElementsAre(QuestionnaireCounts{}, QuestionnaireCounts{}));
}

TEST_F(QuestionnaireTest, TheStopLeavesOutWhatWasCountedBehindIt) {
  MeasurePlan plan = APlan({});
  const Time stop = *std::exchange(plan.stop_time, std::nullopt);
  Record({ExposureOf("anna", "control")}, Answers(OutcomeOf("anna").Response("r"), {5, 5, 5}));
  Record({}, {OutcomeOf("anna").Response("r").Value(5).At(stop)});
  EXPECT_EQ(Measure(plan, kEnd).questionnaires_by_variant.at(0).judged, 1);
  plan.stop_time = stop;
  measurement().Follow(plan);
  const auto stopped = measurement().Measure(plan, kEnd);
  ASSERT_THAT(stopped, testing::IsOk());
  EXPECT_EQ(stopped->questionnaires_by_variant.at(0).judged, 0);
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
