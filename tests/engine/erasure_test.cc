// SPDX-License-Identifier: Apache-2.0
//
// Erasing a unit wherever the engine keeps it: facts, overrides, the catalog, the log of changes.

#include "engine/erasure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "engine/verification.h"
#include "storage/sqlite/fact_audit.h"
#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"
#include "tests/support/recording.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::kStart;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kUnit[] = "anna-%*\"\\-0001";
constexpr char kId[] = "order-secret-7731";
constexpr char kResponse[] = "questionnaire-secret-5512";
constexpr char kComment[] = "call me back on this secret number";

class EraserTest : public testing::EngineTest {
 protected:
  absl::StatusOr<bool> Erase(const std::string& unit, const std::string& type = "") {
    Eraser eraser(*resources_, catalog_, *measurement_);
    return eraser.EraseUnit(By("EraseUnit"), {.unit_type = type, .unit_id = unit});
  }
  Experiment WithOverrides(const std::string& first, const std::string& second) {
    Experiment experiment = AnExperiment();
    experiment.overrides = {{.unit_id = first, .variant = "reminder"},
                            {.unit_id = second, .variant = "control"}};
    return experiment;
  }
  void RecordOutcome(const std::string& unit, const std::string& id) {
    const SubmittedOutcome outcome{.outcome_id = id,
                                   .unit = {.unit_id = unit},
                                   .event = "events/purchase",
                                   .occur_time = kStart,
                                   .context = {.response_id = kResponse, .comment = kComment}};
    EXPECT_THAT(testing::RecordOutcomes(*recorder_, {outcome}), IsOk());
  }
  Experiment Get(const std::string& name) {
    const auto experiment = resources_->Get<Experiment>(name);
    EXPECT_THAT(experiment, IsOk());
    return experiment.ok() ? *experiment : Experiment{};
  }
  // The bytes of all files of the database.
  std::string Bytes() {
    std::string bytes;
    for (const char* part : {"", "-wal", "-shm"}) {
      std::ifstream file(database_->path() + part, std::ios::binary);
      EXPECT_TRUE(file.is_open()) << part;
      bytes.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return bytes;
  }
};

TEST_F(EraserTest, NoFileHoldsTheTextsOfAnErasedUnit) {
  MakeDefinitions();
  // So that bodies and facts fill many pages, and move about in them.
  for (int i = 0; i < 40; ++i) {
    Make("e" + std::to_string(i), WithOverrides(kUnit, "tester-" + std::to_string(i)));
  }
  for (int i = 0; i < 300; ++i) {
    RecordOutcome(kUnit, kId + std::to_string(i));
    RecordOutcome("other-unit", "other-order-" + std::to_string(i));
  }
  const std::string plain(kUnit);
  const std::string quoted = Json(plain).dump();
  ASSERT_THAT(Bytes(), HasSubstr(plain));
  ASSERT_THAT(Bytes(), HasSubstr(quoted));
  ASSERT_THAT(Erase(kUnit), IsOkAndHolds(true));
  const std::string bytes = Bytes();
  for (const std::string& text : {plain, quoted, std::string("anna-"), std::string(kId)}) {
    EXPECT_EQ(bytes.find(text), std::string::npos) << text;
  }
  EXPECT_NE(bytes.find("other-order-299"), std::string::npos);
  EXPECT_NE(bytes.find("tester-39"), std::string::npos);
  ASSERT_THAT(Erase("other-unit"), IsOkAndHolds(true));
  for (const char* text : {"other-unit", "other-order", kResponse, kComment}) {
    EXPECT_EQ(Bytes().find(text), std::string::npos) << text;
  }
}

TEST_F(EraserTest, OverridesLeaveExperimentsAndTheCatalogAndOthersStay) {
  MakeDefinitions();
  const Experiment experiment = Running("spring", WithOverrides(kUnit, "tester"));
  // Never seen in a fact, only named.
  ASSERT_THAT(Erase(kUnit), IsOkAndHolds(true));
  const Experiment left = Get(experiment.meta.name);
  ASSERT_THAT(left.overrides, SizeIs(1));
  EXPECT_EQ(left.overrides[0].unit_id, "tester");
  EXPECT_NE(left.meta.etag, experiment.meta.etag);
  const ReadyExperiment* const ready =
      catalog_.Current()->FindExperiment(experiment.meta.name).experiment;
  EXPECT_FALSE(ready->variant_of_override.contains(kUnit));
  EXPECT_TRUE(ready->variant_of_override.contains("tester"));
}

TEST_F(EraserTest, UnitsOfAnotherTypeWithThatIdStay) {
  MakeDefinitions();
  Make("device", UnitType{});
  Make("spring", WithOverrides("42", "tester"));
  RecordOutcome("42", kId);
  EXPECT_THAT(Erase("42", "unitTypes/device"), IsOkAndHolds(false));
  EXPECT_THAT(Get("experiments/spring").overrides, SizeIs(2));
  EXPECT_THAT(Erase("42", "unitTypes/customer"), IsOkAndHolds(true));
  EXPECT_THAT(Get("experiments/spring").overrides, SizeIs(1));
}

TEST_F(EraserTest, TheLogOfChangesNamesTheUnitByItsNumberOnly) {
  MakeDefinitions();
  Make("spring", WithOverrides(kUnit, "tester"));
  RecordOutcome(kUnit, kId);
  ASSERT_THAT(Erase(kUnit), IsOkAndHolds(true));
  const auto changes = store_->Changes(0, 1'000);
  ASSERT_THAT(changes, IsOk());
  for (const Change& change : *changes) {
    for (const auto& body : {change.before, change.after}) {
      EXPECT_THAT(body.value_or(""), Not(HasSubstr("anna")));
    }
    if (change.resource == "experiments/spring") {
      EXPECT_THAT(change.after.value_or(""), HasSubstr("tester"));
    }
  }
  const Change& last = changes->back();
  EXPECT_EQ(last.resource, "unitTypes/customer/units/1");
  EXPECT_EQ(last.method, "EraseUnit");
  EXPECT_EQ(last.actor, "tester");
}

TEST_F(EraserTest, ACallThatNamedTheUnitCannotBeReplayed) {
  MakeDefinitions();
  const auto create = [&] {
    return resources_->Create<Experiment>(By("Create", "r-1", "digest"), "spring",
                                          WithOverrides(kUnit, "tester"));
  };
  ASSERT_THAT(create(), IsOk());
  ASSERT_THAT(create(), IsOk());
  ASSERT_THAT(Erase(kUnit), IsOk());
  EXPECT_THAT(create(),
              FailsWith(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED", HasSubstr("r-1")));
}

TEST_F(EraserTest, CanBeRepeatedAndSaysWhenThereIsNothing) {
  MakeDefinitions();
  RecordOutcome(kUnit, kId);
  EXPECT_THAT(Erase("stranger"), IsOkAndHolds(false));
  EXPECT_THAT(Erase(kUnit), IsOkAndHolds(true));
  EXPECT_THAT(Erase(kUnit), IsOkAndHolds(false));
}

TEST_F(EraserTest, RefusesWhatCannotBeAUnit) {
  EXPECT_THAT(Erase(""), FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_UNIT_ID",
                                   HasSubstr("1 to 256")));
  EXPECT_THAT(Erase("anna", "unitTypes/none"),
              FailsWith(absl::StatusCode::kInvalidArgument, "UNKNOWN_UNIT_TYPE",
                        HasSubstr("unitTypes/none")));
}

TEST_F(EraserTest, AnErasedUnitIsNoFaultOfTheDatabase) {
  MakeDefinitions();
  Running("spring", WithOverrides(kUnit, "tester"));
  const SubmittedExposure exposure{.experiment = "experiments/spring",
                                   .unit_id = "ben",
                                   .variant = "control",
                                   .occur_time = kStart};
  ASSERT_THAT(testing::RecordExposures(*recorder_, {exposure}), IsOk());
  RecordOutcome("ben", kId);
  RecordOutcome(kUnit, kId);
  for (const char* unit : {"ben", kUnit}) ASSERT_THAT(Erase(unit), IsOkAndHolds(true));
  RecordOutcome("ben", "o-new");
  storage::SqliteFactAudit audit(*database_);
  const auto findings = Verifier(*resources_, catalog_, *measurement_, audit).Verify("");
  ASSERT_THAT(findings, IsOk());
  for (const Finding& finding : *findings) {
    EXPECT_EQ(finding.status, FindingStatus::kOk) << finding.detail;
  }
}

}  // namespace
}  // namespace insightloop
