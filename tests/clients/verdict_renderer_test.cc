// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/verdict_renderer.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cmath>

namespace insightloop::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

v1::Verdict FromText(const char* json) {
  v1::Verdict verdict;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &verdict).ok());
  return verdict;
}

// The figures of the men's e-mail are those published for the e-mail challenge of 2008.
v1::Verdict EmailVerdict() {
  return FromText(R"({
    "experiment": "experiments/imported-campaign", "decision": "SHIP",
    "shipVariant": "Mens E-Mail", "maturedUnits": "64000",
    "reasons": [{"code": "PRIMARY_BETTER", "detail": "visit is better"}],
    "health": [{"check": "SAMPLE_RATIO", "status": "PASS"},
               {"check": "MIN_DURATION", "status": "WARN", "detail": "3 days only"},
               {"check": "CROSSED_UNITS", "status": "PASS"}],
    "results": [
      {"metric": "metrics/visit", "role": "PRIMARY", "statistic": "SHARE",
       "variant": "Mens E-Mail", "control": "No E-Mail",
       "unitsTreatment": "21307", "unitsControl": "21306",
       "treatmentValue": 0.182757, "controlValue": 0.106167,
       "absoluteEffect": 0.076590, "standardError": 0.0033858, "relativeLift": 0.7214,
       "absoluteInterval": {"lower": 0.069954, "upper": 0.083226, "level": 0.95},
       "pValue": 2.7077e-113, "logPValue": -259.19620,
       "adjustedPValue": 5.4154e-113, "adjustment": "BONFERRONI"},
      {"metric": "metrics/spend", "role": "SECONDARY", "statistic": "MEAN",
       "variant": "Mens E-Mail", "control": "No E-Mail",
       "unitsTreatment": "21307", "unitsControl": "21306",
       "treatmentValue": 1.422617, "controlValue": 0.652789,
       "absoluteEffect": 0.769827, "standardError": 0.145247,
       "absoluteInterval": {"lower": 0.485140, "upper": 1.054515, "level": 0.95},
       "pValue": 0.5, "adjustment": "NONE",
       "absent": [{"field": "relativeLift", "reason": "the control's mean is too small"}]}]})");
}

TEST(RenderVerdictTest, PutsTheDecisionFirstAndTheFiguresInATable) {
  EXPECT_EQ(RenderVerdict(EmailVerdict(), {"2 rows left out: coded as missing"}, false),
            R"(SHIP Mens E-Mail: visit +7.66 points [+7.00, +8.32], 95 % interval, p = 2.7e-113
experiment imported-campaign, 64,000 units

Why
  PRIMARY_BETTER  visit is better

Health
  WARN  MIN_DURATION  3 days only
  The other 2 checks passed.

METRIC  ROLE                 UNITS  CONTROL → TREATMENT  DIFFERENCE [95 % interval]     LIFT         P  ADJUSTED P
visit   primary    21,306 → 21,307    10.62 % → 18.28 %  +7.66 [+7.00, +8.32]        +72.1 %  2.7e-113    5.4e-113
spend   secondary  21,306 → 21,307          0.65 → 1.42  +0.77 [+0.49, +1.05]              –    0.5000

Keep in mind
  - 2 rows left out: coded as missing
  - spend: no relative lift: the control's mean is too small
)");
}

TEST(RenderVerdictTest, NamesTheArmWhereThereAreSeveral) {
  v1::Verdict verdict = EmailVerdict();
  verdict.set_decision(v1::Verdict::INCONCLUSIVE);
  verdict.clear_ship_variant();
  v1::Result other = verdict.results(0);
  other.set_variant("Womens E-Mail");
  other.set_absolute_effect(0.045233);
  *verdict.add_results() = other;
  const std::string text = RenderVerdict(verdict, {}, false);
  EXPECT_THAT(text, StartsWith("INCONCLUSIVE: visit of Mens E-Mail +7.66 points"));
  EXPECT_THAT(text, HasSubstr("Womens E-Mail"));
}

TEST(RenderVerdictTest, QuotesNoFigureOfAnInvalidVerdict) {
  v1::Verdict verdict = EmailVerdict();
  verdict.set_decision(v1::Verdict::INVALID);
  verdict.clear_ship_variant();
  EXPECT_THAT(RenderVerdict(verdict, {}, false), StartsWith("INVALID\n"));
}

TEST(RenderVerdictTest, ShowsSegmentsInATableOfTheirOwn) {
  v1::Verdict verdict = EmailVerdict();
  v1::Result cell = verdict.results(0);
  cell.set_segment("attributes/zip-code=Rural");
  *verdict.add_results() = cell;
  EXPECT_THAT(RenderVerdict(verdict, {}, false), HasSubstr("\nSEGMENT         METRIC"));
}

TEST(RenderVerdictTest, ShowsSatisfactionInItsOwnUnits) {
  const std::string text = RenderVerdict(FromText(R"({
    "decision": "DO_NOT_SHIP",
    "results": [
      {"metric": "metrics/netpro", "role": "PRIMARY", "statistic": "NET_PROMOTER_SCORE",
       "variant": "2018", "control": "2017", "treatmentValue": 30.9811, "controlValue": 39.8398,
       "absoluteEffect": -8.8586, "standardError": 1.9646,
       "absoluteInterval": {"lower": -12.7093, "upper": -5.0080, "level": 0.95},
       "pValue": 6.513e-06, "logPValue": -11.9417},
      {"metric": "metrics/q7all", "role": "SECONDARY", "statistic": "TOP_TWO_SHARE",
       "variant": "2018", "control": "2017", "treatmentValue": 0.784381,
       "controlValue": 0.820685, "absoluteEffect": -0.036304, "standardError": 0.0109},
      {"metric": "metrics/q7all", "role": "SECONDARY", "statistic": "MEAN_SCORE",
       "variant": "2018", "control": "2017", "treatmentValue": 4.002667,
       "controlValue": 4.064360, "absoluteEffect": -0.061693, "standardError": 0.01956}]})"),
                                         {}, false);
  EXPECT_THAT(text, StartsWith("DO NOT SHIP: netpro -8.9 NPS points [-12.7, -5.0], 95 % interval, "
                               "p = 6.5e-6\n"));
  EXPECT_THAT(text, HasSubstr("39.8 → 31.0"));
  EXPECT_THAT(text, HasSubstr("q7all top two"));
  EXPECT_THAT(text, HasSubstr("82.1 % → 78.4 %"));
  EXPECT_THAT(text, HasSubstr("4.064 → 4.003"));
}

TEST(RenderVerdictTest, SaysOnceOfEachSurveyWhoWasAskedAnsweredAndTurnedItDown) {
  v1::Verdict verdict = EmailVerdict();
  v1::Result& share = *verdict.add_results();
  share.set_metric("metrics/csat");
  share.set_variant(verdict.results(0).variant());
  share.set_statistic(v1::Result::TOP_TWO_SHARE);
  share.set_units_control(400);
  share.set_units_treatment(1'500);
  share.set_asked_control(1'000);
  share.set_asked_treatment(2'000);
  share.set_dismissed_control(0);
  share.set_dismissed_treatment(7);
  v1::Result& mean = *verdict.add_results();
  mean = share;
  mean.set_statistic(v1::Result::MEAN_SCORE);
  const auto answered = [](v1::Answers& answers, double answer, std::int64_t units) {
    v1::AnswerCount& count = *answers.add_counts();
    count.set_answer(answer);
    count.set_units(units);
  };
  answered(*share.mutable_answers_control(), 4, 400);
  answered(*share.mutable_answers_treatment(), 3, 500);
  answered(*share.mutable_answers_treatment(), 4, 1'000);
  share.mutable_lee_bounds()->set_lower(-0.01);
  share.mutable_lee_bounds()->set_upper(0.02);
  const std::string note =
      "csat: 1,000 → 2,000 units were asked, 400 → 1,500 answered, 0 → 7 turned it down";
  const std::string text = RenderVerdict(verdict, {}, false);
  EXPECT_THAT(text, HasSubstr(note));
  EXPECT_EQ(text.find(note), text.rfind(note));
  EXPECT_THAT(text, HasSubstr("csat: answers 3: 0 → 500, 4: 400 → 1,000"));
  EXPECT_THAT(text, HasSubstr("csat: among those who would answer in either variant the difference "
                              "is -1.00 to +2.00 points"));
}

TEST(RenderVerdictTest, SaysOfAScoreHowItSplitsAndWhatItIsWeighted) {
  v1::Verdict verdict = EmailVerdict();
  v1::Result& score = *verdict.add_results();
  score.set_metric("metrics/nps");
  score.set_variant(verdict.results(0).variant());
  score.set_statistic(v1::Result::NET_PROMOTER_SCORE);
  score.mutable_answers_control()->set_promoters(1436);
  score.mutable_answers_control()->set_passives(968);
  score.mutable_answers_control()->set_detractors(342);
  score.mutable_answers_treatment()->set_promoters(1268);
  score.mutable_answers_treatment()->set_passives(935);
  score.mutable_answers_treatment()->set_detractors(447);
  v1::WeightedFigures& weighted = *score.mutable_weighted();
  weighted.set_attribute("attributes/weight");
  weighted.set_control_value(40.3984);
  weighted.set_treatment_value(35.1136);
  weighted.set_absolute_effect(-5.2848);
  const std::string text = RenderVerdict(verdict, {}, false);
  EXPECT_THAT(text, HasSubstr("nps: 1,436 → 1,268 promoters, 968 → 935 passives, 342 → 447 "
                              "detractors"));
  EXPECT_THAT(text, HasSubstr("nps: weighted by attributes/weight 40.40 → 35.11, difference -5.28 "
                              "NPS points"));
}

TEST(RenderVerdictTest, SaysWhatAnEffectComesToAndWhatUnitsDidByWhatTheySaid) {
  v1::Verdict verdict = EmailVerdict();
  v1::Impact& impact = *verdict.mutable_results(0)->mutable_impact();
  impact.set_units(64'000);
  impact.set_estimate(4901.76);
  impact.set_lower(4477);
  impact.set_upper(5326.5);
  v1::SaidAndDid& line = *verdict.add_said_and_did();
  line.set_survey("metrics/nps");
  line.set_said(v1::SaidAndDid::PROMOTER);
  line.set_metric(verdict.results(0).metric());
  line.set_variant(verdict.results(0).variant());
  line.set_units_control(40);
  line.set_units_treatment(50);
  line.set_control_value(0.25);
  const std::string text = RenderVerdict(verdict, {}, false);
  EXPECT_THAT(text, HasSubstr("visit: for all 64,000 units Mens E-Mail would have come to +4902 "
                              "[+4477, +5326] against No E-Mail"));
  EXPECT_THAT(text, HasSubstr("nps     promoter"));
  EXPECT_THAT(text, HasSubstr("40 → 50"));
  EXPECT_THAT(text, HasSubstr("25.00 % → –"));
}

TEST(RenderVerdictTest, SaysWhereAFaultIsFound) {
  v1::Verdict verdict = EmailVerdict();
  v1::HealthCheck& check = *verdict.add_health();
  check.set_check(v1::HealthCheck::SAMPLE_RATIO);
  check.set_status(v1::HealthCheck::FAIL);
  check.set_detail("Not as planned.");
  v1::FaultPlace& segment = *check.add_places();
  segment.set_segment("country=de");
  segment.set_detail("mostly.");
  v1::FaultPlace& day = *check.add_places();
  day.mutable_day()->set_seconds(1'769'817'600);  // 2026-01-31
  day.set_detail("also.");
  const std::string text = RenderVerdict(verdict, {}, false);
  EXPECT_THAT(text, HasSubstr("in country=de: mostly."));
  EXPECT_THAT(text, HasSubstr("in 2026-01-31: also."));
}

TEST(RenderVerdictTest, SaysWhatWasDoneToTheNumbers) {
  v1::Verdict verdict = EmailVerdict();
  v1::Result& visit = *verdict.mutable_results(0);
  visit.mutable_adjusted_for()->mutable_history()->set_seconds(28 * 86'400);
  visit.set_variance_removed(0.125);
  v1::Result& spend = *verdict.mutable_results(1);
  spend.mutable_adjusted_for()->set_attribute("attributes/history");
  spend.set_variance_removed(-0.01);
  spend.set_cap(99.5);
  EXPECT_THAT(
      RenderVerdict(verdict, {}, false),
      HasSubstr("Keep in mind\n"
                "  - visit: adjusted for the 28.0 days before, which removes 12.5 % of the "
                "variance\n"
                "  - spend: what is above 99.5 of a unit counts as 99.5\n"
                "  - spend: adjusted for attributes/history, which adds 1 % of the variance\n"
                "  - spend: no relative lift"));
  *verdict.add_results() = visit;
  verdict.mutable_results(2)->set_variant("Womens E-Mail");
  EXPECT_THAT(RenderVerdict(verdict, {}, false),
              HasSubstr("  - visit of Womens E-Mail: adjusted for the 28.0 days before"));
}

TEST(RenderVerdictTest, UsesColoursOnlyWhenAllowed) {
  EXPECT_THAT(RenderVerdict(EmailVerdict(), {}, false), Not(HasSubstr("\033")));
  EXPECT_THAT(RenderVerdict(EmailVerdict(), {}, true), StartsWith("\033[1;32mSHIP\033[0m"));
}

TEST(FormatPValueTest, GoesBelowTheLeastDouble) {
  EXPECT_EQ(FormatPValue(1, 0), "1");
  EXPECT_EQ(FormatPValue(0.189882, std::log(0.189882)), "0.1899");
  EXPECT_EQ(FormatPValue(1.5575e-4, std::log(1.5575e-4)), "0.0002");
  EXPECT_EQ(FormatPValue(9.99e-5, std::log(9.99e-5)), "1.0e-4");
  EXPECT_EQ(FormatPValue(2.7077e-113, std::log(2.7077e-113)), "2.7e-113");
  // exp(-2000) = 10^-868.5890 = 2.577e-869.
  EXPECT_EQ(FormatPValue(0, -2000), "2.6e-869");
}

}  // namespace
}  // namespace insightloop::cli
