// SPDX-License-Identifier: Apache-2.0
//
// What erasing a unit changes in what is recorded and measured, and what it must not. Quotes are
// from the rules of measurement.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "tests/engine/measurement/measurement_fixture.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using testing::AMetricOf;
using ::testing::ElementsAre;
using testing::ExposureOf;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::kDayOne;
using testing::OutcomeOf;

class ErasureTest : public testing::MeasurementTest {
 protected:
  absl::StatusOr<bool> Erase(const std::string& unit) {
    return measurement().EraseUnit(
        {.unit_type = "unitTypes/customer", .unit_id = unit}, [this](const UnitErasure& erasure) {
          return file_.store().Write({}, [&](ResourceStore::Transaction& transaction) {
            return transaction.EraseUnit(erasure);
          });
        });
  }
  MeasurePlan Purchases() { return APlan({AMetricOf(MetricKind::kCount)}); }
  std::int64_t CountPurchases(std::size_t variant) {
    return StratumOf(Measure(Purchases(), kEnd), variant).metrics.at(0).nonzero;
  }
  std::vector<UnitRow> Units() {
    std::vector<UnitRow> units;
    EXPECT_THAT(file_.log().ScanUnits([&](const UnitRow& row) { units.push_back(row); }), IsOk());
    return units;
  }
};

TEST_F(ErasureTest, FiguresStayBitForBitAlsoAfterARestart) {
  Record({ExposureOf("anna", "control").With("country", "VN"), ExposureOf("ben", "reminder"),
          ExposureOf("anna", "control").Epoch(2).At(kDayOne + Days(1))},
         {OutcomeOf("anna"), OutcomeOf("anna").Id("o-2").Late(), OutcomeOf("ben")});
  MeasurePlan plan = Purchases();
  plan.segment_attributes = {"country"};
  const Measured before = Measure(plan, kEnd);
  ASSERT_THAT(Erase("anna"), IsOkAndHolds(true));
  EXPECT_TRUE(Measure(plan, kEnd) == before);
  file_.Reopen();
  EXPECT_TRUE(Measure(plan, kEnd) == before);
}

TEST_F(ErasureTest, ItsQuestionnairesStayWholeAlsoAfterARestart) {
  std::vector<Outcome> answers;
  for (const char* id : {"1", "2", "3", "4"}) {
    answers.push_back(OutcomeOf("anna").Id(id).Value(5).Response("r"));
  }
  Record({ExposureOf("anna", "control")}, answers);
  const auto control = [&] { return Measure(Purchases(), kEnd).questionnaires_by_variant.at(0); };
  ASSERT_THAT(Erase("anna"), IsOkAndHolds(true));
  EXPECT_EQ(control(), (QuestionnaireCounts{.judged = 1, .straight_lined = 1}));
  file_.Reopen();
  EXPECT_EQ(control(), (QuestionnaireCounts{.judged = 1, .straight_lined = 1}));
}

TEST_F(ErasureTest, OnlyTheErasedUnitLosesItsName) {
  Record({OutcomeOf("anna"), OutcomeOf("ben")});
  ASSERT_THAT(Erase("anna"), IsOkAndHolds(true));
  const std::vector<UnitRow> units = Units();
  ASSERT_EQ(units.size(), 2);
  EXPECT_EQ(units[0].external_id, "");
  EXPECT_EQ(units[1].external_id, "ben");
}

TEST_F(ErasureTest, AUnitThatIsUnknownOrErasedBeforeIsSaidToBe) {
  Record({OutcomeOf("anna")});
  EXPECT_THAT(Erase("stranger"), IsOkAndHolds(false));
  ASSERT_THAT(Erase("anna"), IsOkAndHolds(true));
  EXPECT_THAT(Erase("anna"), IsOkAndHolds(false));
  file_.Reopen();
  EXPECT_THAT(Erase("anna"), IsOkAndHolds(false));
}

// "keyed hashes stay, so resends remain duplicates"
TEST_F(ErasureTest, ResentOutcomesStayDuplicatesAndMakeNoUnit) {
  const Outcome purchase = OutcomeOf("anna").Value(5);
  Record({purchase, OutcomeOf("anna").Id("o-2")});
  ASSERT_THAT(Erase("anna"), IsOk());
  for (const bool restarted : {false, true}) {
    if (restarted) file_.Reopen();
    // In one group with a fact that is stored.
    EXPECT_THAT(Record({purchase, OutcomeOf("ben").Id(restarted ? "o-2" : "o-1")}),
                ElementsAre("DUPLICATE", "ACCEPTED"));
    EXPECT_THAT(Record({OutcomeOf("anna").Value(6), OutcomeOf("anna").Id("o-2")}),
                ElementsAre("ID_REUSED", "DUPLICATE"));
    for (const UnitRow& unit : Units()) EXPECT_NE(unit.external_id, "anna");
  }
}

TEST_F(ErasureTest, AnotherUnitsOutcomesAreNoneOfTheErasedOnes) {
  Record({OutcomeOf("anna")});
  ASSERT_THAT(Erase("anna"), IsOk());
  EXPECT_THAT(Record({OutcomeOf("ben"), OutcomeOf("anna").Event("events/visit"),
                      OutcomeOf("anna").UnitType("unitTypes/device")}),
              ElementsAre("ACCEPTED", "ACCEPTED", "ACCEPTED"));
}

// "a returning person is a new unit"
TEST_F(ErasureTest, WhoComesBackIsANewUnit) {
  Record({ExposureOf("anna", "control")}, {OutcomeOf("anna")});
  ASSERT_THAT(Erase("anna"), IsOk());
  EXPECT_EQ(measurement().FindFirstExposure("experiments/spring", "unitTypes/customer", "anna"),
            std::nullopt);
  EXPECT_EQ(
      Record({ExposureOf("anna", "reminder")}, {OutcomeOf("anna"), OutcomeOf("anna").Id("o-new")}),
      (std::vector<std::string>{"ACCEPTED", "DUPLICATE", "ACCEPTED"}));
  EXPECT_EQ(CountPurchases(0), 1);
  EXPECT_EQ(CountPurchases(1), 1);
  EXPECT_EQ(Measure(Purchases(), kEnd).crossed_units, 0);
}

TEST_F(ErasureTest, WhoComesBackCanBeErasedAgain) {
  Record({OutcomeOf("anna")});
  ASSERT_THAT(Erase("anna"), IsOkAndHolds(true));
  Record({OutcomeOf("anna").Id("o-2")});
  ASSERT_THAT(Erase("anna"), IsOkAndHolds(true));
  file_.Reopen();
  EXPECT_THAT(Record({OutcomeOf("anna"), OutcomeOf("anna").Id("o-2"), OutcomeOf("anna").Id("o-3")}),
              ElementsAre("DUPLICATE", "DUPLICATE", "ACCEPTED"));
  for (const auto check : {&FactAudit::CheckUniqueness, &FactAudit::CheckChains,
                           &FactAudit::CheckReferences, &FactAudit::CheckIntegrity}) {
    const auto checked = (file_.audit().*check)();
    ASSERT_THAT(checked, IsOk());
    EXPECT_EQ(checked->faults, 0) << checked->detail;
  }
}

TEST_F(ErasureTest, ErasingWhileFactsComeInLosesAndDoublesNothing) {
  constexpr int kThreads = 4;
  constexpr int kRows = 100;
  Record({ExposureOf("ben", "control")});
  std::vector<std::thread> senders;
  for (int t = 0; t < kThreads; ++t) {
    senders.emplace_back([this, t] {
      for (int i = 0; i < kRows; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        EXPECT_THAT(Record({OutcomeOf("anna").Id(id), OutcomeOf("ben").Id(id)}),
                    ElementsAre("ACCEPTED", "ACCEPTED"));
        EXPECT_THAT(Record({OutcomeOf("anna").Id(id)}), ElementsAre("DUPLICATE"));
      }
    });
  }
  for (int i = 0; i < 50; ++i) EXPECT_THAT(Erase("anna"), IsOk());
  for (std::thread& sender : senders) sender.join();
  EXPECT_THAT(Erase("anna"), IsOk());
  EXPECT_EQ(Measure(Purchases(), kEnd).outcomes, kThreads * kRows);
  for (const UnitRow& unit : Units()) EXPECT_NE(unit.external_id, "anna");
  for (const auto check : {&FactAudit::CheckUniqueness, &FactAudit::CheckChains}) {
    const auto checked = (file_.audit().*check)();
    ASSERT_THAT(checked, IsOk());
    EXPECT_EQ(checked->faults, 0) << checked->detail;
  }
}

TEST_F(ErasureTest, WhatTheStoreRefusesChangesNothing) {
  Record({OutcomeOf("anna")});
  const auto refused = measurement().EraseUnit(
      {.unit_type = "unitTypes/customer", .unit_id = "anna"},
      [](const UnitErasure&) { return absl::ResourceExhaustedError("full"); });
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Record({OutcomeOf("anna")}), ElementsAre("DUPLICATE"));
  EXPECT_EQ(Units().at(0).external_id, "anna");
}

}  // namespace
}  // namespace insightloop
