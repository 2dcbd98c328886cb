// SPDX-License-Identifier: Apache-2.0
//
// `insightloop analyze` on real campaigns. The expected figures are those published with the data
// sets, which were computed by other packages (SciPy 1.10, statsmodels 0.13); p-values of
// proportions are those of the unpooled z.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "tests/e2e/process.h"

namespace insightloop {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::Insightloop;
using testing::SharedData;
using Json = nlohmann::json;

#define REQUIRE_DATA(file)                                               \
  if (!std::filesystem::exists(SharedData(file))) {                      \
    GTEST_SKIP() << "the sample data set " << file << " is not at hand"; \
  }

Json Result(const Json& verdict, const std::string& metric, const std::string& statistic,
            const std::string& variant, const std::string& segment = "") {
  for (const Json& result : verdict["results"]) {
    if (result["metric"] == "metrics/" + metric && result["statistic"] == statistic &&
        result["variant"] == variant && result.value("segment", "") == segment) {
      return result;
    }
  }
  ADD_FAILURE() << "no result for " << metric << " " << statistic << " " << variant << "\n"
                << verdict.dump(1);
  return Json::object();
}

Json Check(const Json& verdict, const std::string& code, const std::string& detail = "") {
  for (const Json& check : verdict["health"]) {
    if (check["check"] == code &&
        check["detail"].get<std::string>().find(detail) != std::string::npos) {
      return check;
    }
  }
  ADD_FAILURE() << "no check " << code << " with " << detail;
  return Json::object();
}

struct Expected {
  double effect, lower, upper;
  double half_digit;  // half of the last digit printed
  double p;
};

void ExpectFigures(const Json& result, const Expected& expected) {
  EXPECT_NEAR(result["absoluteEffect"].get<double>(), expected.effect, expected.half_digit);
  EXPECT_NEAR(result["absoluteInterval"]["lower"].get<double>(), expected.lower,
              expected.half_digit);
  EXPECT_NEAR(result["absoluteInterval"]["upper"].get<double>(), expected.upper,
              expected.half_digit);
  EXPECT_NEAR(result["absoluteInterval"]["level"].get<double>(), 0.95, 1e-12);
  EXPECT_NEAR(result["logPValue"].get<double>() / std::log(expected.p), 1, 1e-3);
  EXPECT_NEAR(result["pValue"].get<double>() / expected.p, 1, 1e-3);
}

Json ParsedVerdict(const Finished& finished) {
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  return Json::parse(finished.out, nullptr, false);
}

TEST(AnalyzeTest, HillstromAgreesWithItsPublishedFigures) {
  REQUIRE_DATA("hillstrom.csv.gz");
  const Json verdict = ParsedVerdict(
      Insightloop({"analyze", SharedData("hillstrom.csv.gz"), "--arm", "segment", "--control",
                   "No E-Mail", "--metric", "visit:proportion", "--metric", "conversion:proportion",
                   "--metric", "spend:mean", "--segment", "womens", "--json"}));
  ASSERT_TRUE(verdict.is_object());

  ExpectFigures(Result(verdict, "visit", "SHARE", "Mens E-Mail"),
                {0.076590, 0.069954, 0.083226, 5e-7, 2.7077e-113});
  ExpectFigures(Result(verdict, "conversion", "SHARE", "Mens E-Mail"),
                {0.006805, 0.005000, 0.008610, 5e-7, 1.4693e-13});
  ExpectFigures(Result(verdict, "spend", "MEAN", "Mens E-Mail"),
                {0.769827, 0.485140, 1.054515, 5e-7, 1.164e-07});
  ExpectFigures(Result(verdict, "visit", "SHARE", "Womens E-Mail"),
                {0.045233, 0.038894, 0.051572, 5e-7, 1.9230e-44});
  ExpectFigures(Result(verdict, "conversion", "SHARE", "Womens E-Mail"),
                {0.003111, 0.001499, 0.004723, 5e-7, 1.5575e-4});
  ExpectFigures(Result(verdict, "spend", "MEAN", "Womens E-Mail"),
                {0.424412, 0.168957, 0.679868, 5e-7, 0.001129});
  const Json visit = Result(verdict, "visit", "SHARE", "Mens E-Mail");
  EXPECT_EQ(visit["unitsTreatment"], "21307");
  EXPECT_EQ(visit["unitsControl"], "21306");
  EXPECT_NEAR(visit["treatmentValue"].get<double>(), 0.182757, 5e-7);
  EXPECT_NEAR(visit["controlValue"].get<double>(), 0.106167, 5e-7);
  EXPECT_NEAR(Result(verdict, "visit", "SHARE", "Womens E-Mail", "womens=0")["absoluteEffect"]
                  .get<double>(),
              0.011078, 5e-7);
  EXPECT_NEAR(Result(verdict, "visit", "SHARE", "Womens E-Mail", "womens=1")["absoluteEffect"]
                  .get<double>(),
              0.073115, 5e-7);

  EXPECT_EQ(verdict["decision"], "SHIP");
  EXPECT_EQ(verdict["shipVariant"], "Mens E-Mail");
  const Json ratio = Check(verdict, "SAMPLE_RATIO");
  EXPECT_EQ(ratio["status"], "PASS");
  EXPECT_NEAR(ratio["pValue"].get<double>(), 0.9037, 5e-5);
}

// CUPED with theta within the two arms compared, as published with the data.
TEST(AnalyzeTest, HillstromAgreesWithItsFiguresAdjustedForHistory) {
  REQUIRE_DATA("hillstrom.csv.gz");
  const Json verdict = ParsedVerdict(Insightloop(
      {"analyze", SharedData("hillstrom.csv.gz"), "--arm", "segment", "--control", "No E-Mail",
       "--metric", "visit:proportion", "--metric", "spend:mean", "--covariate", "history",
       "--segment", "channel", "--require", "ship", "--json"}));
  ASSERT_TRUE(verdict.is_object());
  const auto expect = [&](const char* metric, const char* statistic, double effect, double lower,
                          double upper) {
    const Json result = Result(verdict, metric, statistic, "Mens E-Mail");
    EXPECT_NEAR(result["absoluteEffect"].get<double>(), effect, 5e-7) << metric;
    EXPECT_NEAR(result["absoluteInterval"]["lower"].get<double>(), lower, 5e-7) << metric;
    EXPECT_NEAR(result["absoluteInterval"]["upper"].get<double>(), upper, 5e-7) << metric;
    EXPECT_EQ(result["adjustedFor"]["attribute"], "attributes/history");
  };
  expect("visit", "SHARE", 0.0764123, 0.0697908, 0.0830337);
  expect("spend", "MEAN", 0.767450, 0.482833, 1.052066);
  // Means of history do not differ between the arms (ANOVA p = 0.698).
  EXPECT_EQ(Check(verdict, "COVARIATE_BALANCE")["status"], "PASS");
  EXPECT_EQ(Check(verdict, "SEGMENT_RATIO")["status"], "PASS");
  ASSERT_EQ(verdict["interactions"].size(), 2U);
  EXPECT_EQ(verdict["interactions"][0]["values"], "3");
}

TEST(AnalyzeTest, ExitsWithEightWhereTheDecisionIsAnotherOne) {
  REQUIRE_DATA("hillstrom.csv.gz");
  const Finished finished =
      Insightloop({"analyze", SharedData("hillstrom.csv.gz"), "--arm", "segment", "--control",
                   "No E-Mail", "--metric", "visit:proportion", "--require", "do-not-ship"});
  EXPECT_EQ(finished.exit_code, 8);
  EXPECT_THAT(finished.err, HasSubstr("The decision is ship, not do-not-ship."));
  EXPECT_THAT(finished.out, HasSubstr("Ship Mens E-Mail."));
  const Finished wrong = Insightloop({"analyze", "x.csv", "--require", "win"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("One of: ship, do-not-ship, no-meaningful-effect"));
}

// A finished file's planned size is its own, where the interval reaches 3.04 standard errors at 95
// % (Waudby-Smith et al. 2024) instead of 1.96.
TEST(AnalyzeTest, HillstromIsAWinAtAnyTimeToo) {
  REQUIRE_DATA("hillstrom.csv.gz");
  const Json verdict =
      ParsedVerdict(Insightloop({"analyze", SharedData("hillstrom.csv.gz"), "--arm", "segment",
                                 "--control", "No E-Mail", "--metric", "visit:proportion",
                                 "--metric", "spend:mean", "--method", "always-valid", "--json"}));
  ASSERT_TRUE(verdict.is_object());
  EXPECT_EQ(verdict["decision"], "SHIP");
  EXPECT_EQ(verdict["shipVariant"], "Mens E-Mail");
  for (const char* arm : {"Mens E-Mail", "Womens E-Mail"}) {
    const Json visit = Result(verdict, "visit", "SHARE", arm);
    EXPECT_EQ(visit["absoluteInterval"]["validity"], "ALWAYS_VALID");
    EXPECT_NEAR(
        (visit["absoluteInterval"]["upper"].get<double>() - visit["absoluteEffect"].get<double>()) /
            visit["standardError"].get<double>(),
        3.04, 0.005);
  }
  EXPECT_NEAR(Result(verdict, "visit", "SHARE", "Mens E-Mail")["absoluteEffect"].get<double>(),
              0.076590, 5e-7);
}

TEST(AnalyzeTest, TheTableLeadsWithTheDecision) {
  REQUIRE_DATA("hillstrom.csv.gz");
  const Finished finished =
      Insightloop({"analyze", SharedData("hillstrom.csv.gz"), "--arm", "segment", "--control",
                   "No E-Mail", "--metric", "visit:proportion"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_THAT(finished.out, ::testing::StartsWith("SHIP Mens E-Mail"));
  EXPECT_THAT(finished.out, HasSubstr("+7.66"));
}

TEST(AnalyzeTest, AbDataLeavesCrossedUsersOutAndClaimsNoWin) {
  REQUIRE_DATA("ab_data.csv.gz");
  const Json verdict = ParsedVerdict(
      Insightloop({"analyze", SharedData("ab_data.csv.gz"), "--unit", "user_id", "--arm", "group",
                   "--control", "control", "--metric", "converted:proportion", "--json"}));
  ASSERT_TRUE(verdict.is_object());
  const Json result = Result(verdict, "converted", "SHARE", "treatment");
  EXPECT_EQ(result["unitsControl"], "144300");
  EXPECT_EQ(result["unitsTreatment"], "144389");
  EXPECT_NEAR(result["controlValue"].get<double>(), 17'468.0 / 144'300, 1e-12);
  EXPECT_NEAR(result["treatmentValue"].get<double>(), 17'268.0 / 144'389, 1e-12);
  EXPECT_NEAR(result["absoluteEffect"].get<double>(), -0.00145976, 5e-9);
  EXPECT_NEAR(result["absoluteInterval"]["lower"].get<double>(), -0.00383332, 5e-9);
  EXPECT_NEAR(result["absoluteInterval"]["upper"].get<double>(), 0.00091379, 5e-9);
  EXPECT_NEAR(result["pValue"].get<double>(), 0.22805, 5e-6);
  const Json crossed = Check(verdict, "CROSSED_UNITS");
  EXPECT_EQ(crossed["status"], "WARN");
  EXPECT_THAT(crossed["detail"].get<std::string>(), HasSubstr("1,895"));
  EXPECT_EQ(verdict["decision"], "INCONCLUSIVE");
  EXPECT_EQ(verdict.value("shipVariant", ""), "");
}

TEST(AnalyzeTest, SurveyWavesAreComparedAndTheirResponseIsQuestioned) {
  REQUIRE_DATA("sfo_customer_survey_2017.csv");
  for (const char* blank : {"Blank", "BLANK"}) {
    const Json verdict = ParsedVerdict(
        Insightloop({"analyze", "--arm-value", "2017", SharedData("sfo_customer_survey_2017.csv"),
                     "--arm-value", "2018", SharedData("sfo_customer_survey_2018.csv"), "--control",
                     "2017", "--metric", "NETPRO:nps", "--metric", "Q7ALL:csat:5", "--missing",
                     "NETPRO=11", "--missing", std::string("Q7ALL=") + blank, "--json"}));
    ASSERT_TRUE(verdict.is_object());
    const Json nps = Result(verdict, "netpro", "NET_PROMOTER_SCORE", "2018");
    EXPECT_NEAR(nps["controlValue"].get<double>(), 39.8398, 5e-5);
    EXPECT_NEAR(nps["treatmentValue"].get<double>(), 30.9811, 5e-5);
    ExpectFigures(nps, {-8.8586, -12.7093, -5.0080, 5e-5, 6.513e-06});
    EXPECT_FALSE(nps.contains("relativeLift"));
    EXPECT_EQ(nps["absent"][0]["field"], "relativeLift");
    EXPECT_EQ(nps["unitsControl"], "2746");
    EXPECT_EQ(nps["unitsTreatment"], "2650");
    const Json top_two = Result(verdict, "q7all", "TOP_TWO_SHARE", "2018");
    EXPECT_NEAR(top_two["controlValue"].get<double>(), 0.820685, 5e-7);
    EXPECT_NEAR(top_two["treatmentValue"].get<double>(), 0.784381, 5e-7);
    EXPECT_NEAR(top_two["absoluteEffect"].get<double>(), -0.036304, 5e-7);
    EXPECT_NEAR(top_two["absoluteInterval"]["lower"].get<double>(), -0.057700, 5e-7);
    EXPECT_NEAR(top_two["absoluteInterval"]["upper"].get<double>(), -0.014907, 5e-7);
    ExpectFigures(Result(verdict, "q7all", "MEAN_SCORE", "2018"),
                  {-0.061693, -0.100044, -0.023343, 5e-7, 0.001621});
    EXPECT_EQ(Check(verdict, "RESPONSE_RATE", "netpro")["status"], "WARN");
    EXPECT_EQ(Check(verdict, "RESPONSE_RATE", "q7all")["status"], "WARN");
    EXPECT_EQ(verdict["decision"], "DO_NOT_SHIP");
  }
}

TEST(AnalyzeTest, SurveyWavesAreWeightedSplitAndBounded) {
  REQUIRE_DATA("sfo_customer_survey_2017.csv");
  const Json verdict = ParsedVerdict(Insightloop({"analyze",
                                                  "--arm-value",
                                                  "2017",
                                                  SharedData("sfo_customer_survey_2017.csv"),
                                                  "--arm-value",
                                                  "2018",
                                                  SharedData("sfo_customer_survey_2018.csv"),
                                                  "--control",
                                                  "2017",
                                                  "--metric",
                                                  "NETPRO:nps",
                                                  "--metric",
                                                  "Q7ALL:csat:5",
                                                  "--missing",
                                                  "NETPRO=11",
                                                  "--missing",
                                                  "Q7ALL=Blank",
                                                  "--answer-weight",
                                                  "WEIGHT",
                                                  "--segment",
                                                  "SAQ",
                                                  "--json"}));
  ASSERT_TRUE(verdict.is_object());
  const Json nps = Result(verdict, "netpro", "NET_PROMOTER_SCORE", "2018");
  EXPECT_EQ(nps["answersControl"]["promoters"], "1436");
  EXPECT_EQ(nps["answersControl"]["passives"], "968");
  EXPECT_EQ(nps["answersControl"]["detractors"], "342");
  EXPECT_EQ(nps["answersTreatment"]["detractors"], "447");
  EXPECT_NEAR(nps["answersControl"]["responseRate"].get<double>(), 2746.0 / 2831, 1e-12);
  EXPECT_NEAR(nps["weighted"]["controlValue"].get<double>(), 40.3984, 5e-5);
  EXPECT_NEAR(nps["weighted"]["treatmentValue"].get<double>(), 35.1136, 5e-5);
  // Whatever trimming those who answer in one wave only, it got worse.
  EXPECT_EQ(nps["leeBounds"]["trimmedVariant"], "2017");
  EXPECT_LT(nps["leeBounds"]["interval"]["upper"].get<double>(), 0);
  EXPECT_GT(nps["manskiBounds"]["upper"].get<double>(), nps["leeBounds"]["upper"].get<double>());
  const Json counts =
      Result(verdict, "q7all", "TOP_TWO_SHARE", "2018")["answersTreatment"]["counts"];
  ASSERT_EQ(counts.size(), 5U);
  EXPECT_EQ(counts[4]["units"], "631");
  EXPECT_EQ(counts[4]["answer"], 5);
  // Fewer were interviewed by somebody: 336 after 570.
  const Json split = Check(verdict, "SEGMENT_RATIO");
  EXPECT_EQ(split["status"], "WARN");
  EXPECT_EQ(split["places"][0]["segment"], "saq=1");
  EXPECT_THAT(split["detail"].get<std::string>(), HasSubstr("2017 570 (weight 1), 2018 336"));
  EXPECT_EQ(Check(verdict, "RESPONSE_RATE", "netpro")["status"], "WARN");
  EXPECT_EQ(verdict["decision"], "DO_NOT_SHIP");
}

// The orders of a shop's visitors, and a row for each visitor who ordered nothing.
std::string VisitorsOfTheShop() {
  const std::string path = ::testing::TempDir() + "visitors.csv";
  std::ofstream out(path);
  out << "visitor,group,bought,revenue\n";
  std::map<std::string, std::set<std::string>> buyers;
  std::ifstream orders(SharedData("shop_orders.csv"));
  std::string line;
  std::getline(orders, line);  // transactionId,visitorId,date,revenue,group
  while (std::getline(orders, line)) {
    const std::vector<std::string> cells = absl::StrSplit(line, ',');
    buyers[cells[4]].insert(cells[1]);
    out << cells[1] << ',' << cells[4] << ",1," << cells[3] << '\n';
  }
  std::map<std::string, std::size_t> visitors;
  std::ifstream days(SharedData("shop_visitors.csv"));
  std::getline(days, line);  // date,group,visitors
  while (std::getline(days, line)) {
    const std::vector<std::string> cells = absl::StrSplit(line, ',');
    visitors[cells[1]] += std::stoul(cells[2]);
  }
  for (const auto& [group, number] : visitors) {
    for (std::size_t i = buyers[group].size(); i < number; ++i) {
      out << "none-" << group << '-' << i << ',' << group << ",0,0\n";
    }
  }
  return path;
}

TEST(AnalyzeTest, ARevenueGainThatIsOneOrderIsNoWin) {
  REQUIRE_DATA("shop_orders.csv");
  const Json verdict = ParsedVerdict(Insightloop(
      {"analyze", VisitorsOfTheShop(), "--unit", "visitor", "--arm", "group", "--control", "A",
       "--metric", "revenue:mean", "--metric", "bought:proportion", "--json"}));
  ASSERT_TRUE(verdict.is_object());
  // The 58 visitors of both groups are left out here among the visitors as well.
  const Json bought = Result(verdict, "bought", "SHARE", "B");
  EXPECT_EQ(bought["unitsControl"], std::to_string(18'736 - 58));
  EXPECT_NEAR(bought["controlValue"].get<double>(), 445.0 / (18'736 - 58), 1e-12);
  EXPECT_NEAR(bought["treatmentValue"].get<double>(), 528.0 / (18'916 - 58), 1e-12);
  EXPECT_EQ(verdict["decision"], "INCONCLUSIVE");
  const Json largest = Check(verdict, "LARGEST_UNIT");
  EXPECT_EQ(largest["status"], "WARN");
  EXPECT_THAT(largest["detail"].get<std::string>(), HasSubstr("fragile"));
  EXPECT_THAT(largest["detail"].get<std::string>(), HasSubstr("1,294,500"));
  const Json crossed = Check(verdict, "CROSSED_UNITS");
  EXPECT_EQ(crossed["status"], "WARN");
  EXPECT_THAT(crossed["detail"].get<std::string>(), HasSubstr("58 of "));
}

TEST(AnalyzeTest, TheShopsGainInBuyersIsAWinWithTheCrossedVisitorsReported) {
  REQUIRE_DATA("shop_orders.csv");
  const Json verdict = ParsedVerdict(Insightloop(
      {"analyze", VisitorsOfTheShop(), "--unit", "visitor", "--arm", "group", "--control", "A",
       "--metric", "bought:proportion", "--metric", "revenue:mean", "--json"}));
  ASSERT_TRUE(verdict.is_object());
  EXPECT_EQ(verdict["decision"], "SHIP");
  EXPECT_EQ(verdict["shipVariant"], "B");
  EXPECT_EQ(Check(verdict, "CROSSED_UNITS")["status"], "WARN");
  const Json revenue = Result(verdict, "revenue", "MEAN", "B");
  EXPECT_GT(revenue["pValue"].get<double>(), 0.05);
}

}  // namespace
}  // namespace insightloop
