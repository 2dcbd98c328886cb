// SPDX-License-Identifier: Apache-2.0
//
// One verdict of each decision, in both languages, as kept in tests/data/summaries: what is written
// there must be clear to somebody who was not there.

#include "engine/analysis/plain_language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Kept(const std::string& name) {
  std::ifstream file(std::string(std::getenv("INSIGHTLOOP_SOURCE")) + "/tests/data/summaries/" +
                     name + ".txt");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void ExpectKept(const std::string& name, Decision decision, const Verdict& verdict) {
  EXPECT_EQ(verdict.decision, decision) << name;
  ASSERT_TRUE(verdict.summary.has_value());
  EXPECT_EQ(verdict.summary->english + "\n\n" + verdict.summary->vietnamese + "\n", Kept(name));
}

PlanBuilder Mailing() {
  return PlanBuilder()
      .AlwaysValid()
      .PlannedUnits(20'000)
      .Variants({"no-mail", "mail"})
      .Primary("visit", MetricKind::kProportion)
      .Smallest(0.01, Scale::kAbsolute);
}

Measured Visits(std::int64_t control, std::int64_t treatment, std::int64_t units = 10'000) {
  return MeasuredBuilder(2)
      .Arm(0, units, {Share(control, units)})
      .Arm(1, units, {Share(treatment, units)})
      .Build();
}

TEST(PlainLanguageTest, Ship) {
  ExpectKept("ship", Decision::kShip, Judged(Mailing().Build(), Visits(1000, 1200)));
}

TEST(PlainLanguageTest, DoNotShip) {
  ExpectKept("do_not_ship", Decision::kDoNotShip, Judged(Mailing().Build(), Visits(1200, 1000)));
}

TEST(PlainLanguageTest, NoMeaningfulEffect) {
  ExpectKept("no_meaningful_effect", Decision::kNoMeaningfulEffect,
             Judged(Mailing().PlannedUnits(200'000).Build(), Visits(10'000, 10'050, 100'000)));
}

TEST(PlainLanguageTest, Inconclusive) {
  ExpectKept("inconclusive", Decision::kInconclusive,
             Judged(Mailing().Build(), Visits(1000, 1050)));
}

TEST(PlainLanguageTest, KeepRunning) {
  const SealedPlan plan = Mailing().Build();
  Experiment experiment = Running();
  experiment.start_time = Start() + Days(20);
  ExpectKept("keep_running", Decision::kKeepRunning, Judged(plan, Visits(1000, 1080), experiment));
}

TEST(PlainLanguageTest, WhatIsStoppedIsToBeWaitedFor) {
  Measured measured = Visits(1000, 1080);
  measured.in_flight_units = 100;
  const Verdict verdict = Judged(Mailing().Build(), measured);
  EXPECT_EQ(verdict.decision, Decision::kKeepRunning);
  EXPECT_THAT(verdict.summary->english, ::testing::StartsWith("Wait: the experiment is stopped"));
  EXPECT_THAT(verdict.summary->vietnamese, ::testing::StartsWith("Hãy chờ: thử nghiệm đã dừng"));
}

TEST(PlainLanguageTest, Invalid) {
  const Verdict verdict = Judged(Mailing().Build(), MeasuredBuilder(2)
                                                        .Arm(0, 10'000, {Share(1000, 10'000)})
                                                        .Arm(1, 9'000, {Share(1200, 9'000)})
                                                        .Build());
  ExpectKept("invalid", Decision::kInvalid, verdict);
  EXPECT_THAT(verdict.summary->english, Not(HasSubstr("%")));
}

TEST(PlainLanguageTest, SaysOfSeveralTreatmentsWhichItMeans) {
  const SealedPlan plan = PlanBuilder()
                              .AlwaysValid()
                              .PlannedUnits(30'000)
                              .Variants({"no-mail", "mail", "letter"})
                              .Primary("visit", MetricKind::kProportion)
                              .Build();
  const Verdict verdict = Judged(plan, MeasuredBuilder(3)
                                           .Arm(0, 10'000, {Share(1000, 10'000)})
                                           .Arm(1, 10'000, {Share(1200, 10'000)})
                                           .Arm(2, 10'000, {Share(800, 10'000)})
                                           .Build());
  EXPECT_EQ(verdict.ship_variant, "mail");
  EXPECT_THAT(verdict.summary->english,
              HasSubstr("mail: That is better by more than chance explains. letter: That is worse "
                        "by more than chance explains."));
}

TEST(PlainLanguageTest, WritesLargeSumsInFull) {
  const SealedPlan plan = PlanBuilder().Primary("spend", MetricKind::kMean).Build();
  const Verdict verdict =
      Judged(plan, MeasuredBuilder(2)
                       .Arm(0, 200, {Values({{124'999'900, 100}, {125'000'100, 100}})})
                       .Arm(1, 200, {Values({{137'499'900, 100}, {137'500'100, 100}})})
                       .Build());
  EXPECT_THAT(verdict.summary->english,
              HasSubstr("spend is 1,375,000, against 1,250,000 with control. The difference is "
                        "+125,000"));
  EXPECT_THAT(verdict.summary->vietnamese, HasSubstr("spend là 1.375.000, so với 1.250.000"));
}

TEST(PlainLanguageTest, NamesSegmentsThatDiffer) {
  const Verdict verdict = Judged(Mailing().SegmentBy("country").Build(),
                                 MeasuredBuilder(2)
                                     .Arm(0, 10'000, {Share(1000, 10'000)})
                                     .Arm(1, 10'000, {Share(1200, 10'000)})
                                     .Cell("country=at", 0, 5'000, {Share(500, 5'000)})
                                     .Cell("country=at", 1, 5'000, {Share(400, 5'000)})
                                     .Cell("country=de", 0, 5'000, {Share(500, 5'000)})
                                     .Cell("country=de", 1, 5'000, {Share(800, 5'000)})
                                     .Build());
  EXPECT_THAT(verdict.summary->english,
              HasSubstr("The effect is not the same for all values of country."));
  EXPECT_THAT(verdict.summary->vietnamese,
              HasSubstr("Tác động không giống nhau giữa các giá trị của country."));
}

}  // namespace
}  // namespace insightloop::testing
