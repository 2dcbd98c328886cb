// SPDX-License-Identifier: Apache-2.0
//
// How submitted exposures are judged. Quotes are from the rules of measurement.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/assignment/hashing.h"
#include "tests/engine/measurement/recorder_fixture.h"

namespace insightloop {
namespace {

using testing::AnExposure;
using testing::AnOutcome;
using testing::HasFate;
using testing::IsOk;
using testing::kHeldOutSlot;
using testing::kMicrosecond;
using testing::kNow;
using testing::kSecondEpoch;
using testing::kStarted;
using testing::RecorderTest;
using testing::RejectedFor;

TEST_F(RecorderTest, AnExposureOfAnUnknownExperimentIsRejected) {
  SubmittedExposure row = AnExposure();
  row.experiment = "experiments/none";
  EXPECT_THAT(Record(row), RejectedFor("UNKNOWN_EXPERIMENT", "experiment", "\"experiments/none\""));
}

TEST_F(RecorderTest, ADraftTakesNoExposures) {
  DeclareExperiment(ExperimentState::kDraft);
  EXPECT_THAT(Record(AnExposure()),
              RejectedFor("EXPERIMENT_NOT_RUNNING", "experiment", "is DRAFT; start it"));
}

TEST_F(RecorderTest, AConcludedExperimentTakesNoExposures) {
  DeclareExperiment(ExperimentState::kConcluded);
  EXPECT_THAT(Record(AnExposure()),
              RejectedFor("EXPERIMENT_NOT_RUNNING", "experiment", "is CONCLUDED"));
}
TEST_F(RecorderTest, APausedExperimentTakesExposuresFromBeforeItsPause) {
  DeclareExperiment(ExperimentState::kPaused);
  SubmittedExposure exposure = AnExposure();
  exposure.occur_time = kNow - Duration{1};
  EXPECT_THAT(Record(exposure), HasFate(Fate::kAccepted));
  exposure.occur_time = kNow;
  EXPECT_THAT(Record(exposure),
              RejectedFor("EXPERIMENT_PAUSED", "occur_time", "leave out exposures during a pause"));
}

TEST_F(RecorderTest, AStoppedExperimentTakesExposuresOfItsRun) {
  DeclareExperiment(ExperimentState::kStopped);
  SubmittedExposure row = AnExposure();
  row.occur_time = kNow - kMicrosecond;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.occur_time = kNow;
  EXPECT_THAT(Record(row), RejectedFor("AFTER_STOP", "occur_time", "stopped at 2026-05-01T08:"));
}

// "Calls marked backfill accept any past time; so do exposures of external experiments until they
// stop."
TEST_F(RecorderTest, AnExternalExperimentTakesOldExposuresUntilItStops) {
  DeclareExperiment(ExperimentState::kRunning, /*external=*/true);
  SubmittedExposure row = AnExposure();
  row.occur_time = kStarted;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.unit_id = "ben";
  DeclareExperiment(ExperimentState::kStopped, /*external=*/true);
  EXPECT_THAT(Record(row),
              RejectedFor("EXPERIMENT_NOT_RUNNING", "experiment",
                          "is STOPPED; an external experiment takes exposures until it stops"));
}

TEST_F(RecorderTest, AnExposureNeedsAUnit) {
  SubmittedExposure row = AnExposure();
  row.unit_id = "";
  EXPECT_THAT(Record(row), RejectedFor("INVALID_UNIT_ID", "unit_id", "1 to 256 bytes"));
  row.unit_id = std::string(257, 'a');
  EXPECT_THAT(Record(row), RejectedFor("INVALID_UNIT_ID", "unit_id", "(257 bytes)"));
}

TEST_F(RecorderTest, AnExposureToAnUnknownVariantIsRejected) {
  SubmittedExposure row = AnExposure();
  row.variant = "sms";
  EXPECT_THAT(Record(row), RejectedFor("UNKNOWN_VARIANT", "variant",
                                       "\"sms\" is no variant of experiments/spr"));
}

TEST_F(RecorderTest, AnExposureNeedsATime) {
  SubmittedExposure row = AnExposure();
  row.occur_time = {};
  EXPECT_THAT(Record(row), RejectedFor("TIME_MISSING", "occur_time", "is not set"));
}

// "occur_time > now + 24 h: rejected."
TEST_F(RecorderTest, AnExposureMayBeADayAheadAndNoMore) {
  SubmittedExposure row = AnExposure();
  row.occur_time = kNow + Hours(24) + kMicrosecond;
  EXPECT_THAT(Record(row),
              RejectedFor("TIME_IN_FUTURE", "occur_time", "2026-05-02T08:00:00.000001Z"));
  row.occur_time = kNow + Hours(24);
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
}

TEST_F(RecorderTest, AnExposureIsNotBeforeTheStart) {
  SubmittedExposure row = AnExposure();
  row.occur_time = kStarted - kMicrosecond;
  EXPECT_THAT(Record(row), RejectedFor("BEFORE_START", "occur_time", "started at 2026-03-02T08:"));
  row.occur_time = kStarted;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
}

TEST_F(RecorderTest, AttributesMustBeDeclaredAndOfTheirType) {
  SubmittedExposure row = AnExposure();
  row.attributes = {{"colour", "red"}};
  EXPECT_THAT(Record(row), RejectedFor("UNDECLARED_ATTRIBUTE", "attributes.colour",
                                       "create attributes/colour first"));
  row.attributes = {{"age", "old"}};
  EXPECT_THAT(Record(row), RejectedFor("WRONG_ATTRIBUTE_TYPE", "attributes.age", "\"old\""));
}

TEST_F(RecorderTest, AnExposureKeepsWhatThePlanUses) {
  SubmittedExposure row = AnExposure();
  row.attributes = {{"country", "PT"}, {"age", 30.0}};
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  const std::vector<ExposureRow> stored = StoredExposures();
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].attributes, R"({"country":"PT"})");
  EXPECT_EQ(stored[0].epoch, 2);
  EXPECT_EQ(stored[0].source, ExposureSource::kAssigned);
  EXPECT_EQ(stored[0].receive_time, kNow);
}

TEST_F(RecorderTest, ExposuresOfExternalExperimentsSaySo) {
  DeclareExperiment(ExperimentState::kRunning, /*external=*/true);
  EXPECT_THAT(Record(AnExposure()), HasFate(Fate::kAccepted));
  ASSERT_EQ(StoredExposures().size(), 1U);
  EXPECT_EQ(StoredExposures()[0].source, ExposureSource::kExternal);
}

TEST_F(RecorderTest, ExposuresAndOutcomesWithoutAUnitTypeAreOfOneUnit) {
  Record(AnExposure());
  Record(AnOutcome());
  SubmittedOutcome spelled_out = AnOutcome();
  spelled_out.unit.unit_type = "unitTypes/customer";
  EXPECT_THAT(Record(spelled_out), HasFate(Fate::kDuplicate));
  ASSERT_EQ(StoredOutcomes().size(), 1U);
  EXPECT_EQ(StoredOutcomes()[0].unit, StoredExposures().at(0).unit);
}
// -------------------------------------------------------------------------------------------------
// Epochs, overrides and holdouts

// A unit that gets other variants in the two epochs.
std::string AMovedUnit() {
  const std::vector<std::int32_t> first = {1, 1}, second = {1, 3};
  for (int unit = 0;; ++unit) {
    std::string id = std::to_string(unit);
    if (VariantOf(Salt("experiment"), id, first) != VariantOf(Salt("experiment"), id, second))
      return id;
  }
}

TEST_F(RecorderTest, AnExposureWithoutAnEpochBelongsToThatOfItsTime) {
  SubmittedExposure row = AnExposure();
  row.occur_time = kSecondEpoch - kMicrosecond;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.occur_time = kSecondEpoch;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  const std::vector<ExposureRow> rows = StoredExposures();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].epoch, 1);
  EXPECT_EQ(rows[1].epoch, 2);
}

TEST_F(RecorderTest, AnExposureThatNamesItsEpochIsCheckedAgainstTheHashThere) {
  SubmittedExposure row = AnExposure();
  row.unit_id = AMovedUnit();  // from control to reminder: its share grew
  row.epoch = 1;
  row.variant = "reminder";
  EXPECT_THAT(Record(row), RejectedFor("VARIANT_NOT_ASSIGNED", "variant",
                                       "in epoch 1 of experiments/spring the unit's hash gives "
                                       "\"control\""));
  row.epoch = 2;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.epoch = 1;
  row.variant = "control";
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.epoch = 3;
  EXPECT_THAT(Record(row), RejectedFor("UNKNOWN_EPOCH", "epoch", "is 3, but experiments/spring"));
}

TEST_F(RecorderTest, WhatAUnitWasShownFirstIsNoContradiction) {
  SubmittedExposure row = AnExposure();
  row.unit_id = AMovedUnit();
  row.occur_time = kStarted;
  row.variant = "reminder";  // shown by mistake, without an epoch
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  // Assign now answers with this exposure, and the platform repeats the answer.
  row.epoch = 1;
  row.occur_time = kNow;
  EXPECT_THAT(Record(row), HasFate(Fate::kDuplicate));
}

TEST_F(RecorderTest, ExposuresByHandAreKeptAsSuch) {
  SubmittedExposure row = AnExposure();
  row.overridden = true;
  row.epoch = 2;
  for (const char* variant : {"control", "reminder"}) {
    row.variant = variant;
    EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  }
  DeclareExperiment(ExperimentState::kRunning, /*external=*/false,
                    {{.unit_id = "tester", .variant = "reminder"}});
  SubmittedExposure unsaid = AnExposure();
  unsaid.unit_id = "tester";
  EXPECT_THAT(Record(unsaid), HasFate(Fate::kAccepted));
  for (const ExposureRow& stored : StoredExposures()) {
    EXPECT_EQ(stored.source, ExposureSource::kOverride);
  }
}

TEST_F(RecorderTest, AnExposureByHandIsOneAlsoInAnExternalExperiment) {
  DeclareExperiment(ExperimentState::kRunning, /*external=*/true);
  SubmittedExposure row = AnExposure();
  row.overridden = true;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  EXPECT_EQ(StoredExposures().at(0).source, ExposureSource::kOverride);
}

TEST_F(RecorderTest, RefusesAnExposureOfAnotherUnitType) {
  SubmittedExposure row = AnExposure();
  row.unit_type = "unitTypes/device";
  EXPECT_THAT(Record(row), RejectedFor("WRONG_UNIT_TYPE", "unit_type", "is on unitTypes/customer"));
  row.unit_type = kDefaultUnitType;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
}

TEST_F(RecorderTest, RecordsAssignedUnitsInPartsWhereTheyAreMany) {
  std::vector<AssignedUnit> units;
  for (int i = 0; i < 12'000; ++i) {
    units.push_back(
        {.unit = {.unit_type = std::string(kDefaultUnitType), .unit_id = std::to_string(i)},
         .exposures = {{.experiment = "layers/mail/holdout",
                        .variant = "REST",
                        .epoch = 2,
                        .source = ExposureSource::kAssigned},
                       {.experiment = "experiments/spring",
                        .variant = "control",
                        .epoch = 2,
                        .source = ExposureSource::kAssigned}}});
  }
  EXPECT_THAT(recorder_.RecordAssigned(*catalog_.Current(), units), IsOk());
  EXPECT_EQ(StoredExposures().size(), 24'000U);
}

TEST_F(RecorderTest, TakesExposuresOfHoldoutsAsTheHashSays) {
  SubmittedExposure row{.experiment = "layers/mail/holdout",
                        .unit_id = "anna",
                        .variant = "REST",
                        .occur_time = kNow};
  ASSERT_NE(SlotOf(Salt("layer"), row.unit_id), kHeldOutSlot);
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.variant = "HOLDOUT";
  EXPECT_THAT(Record(row),
              RejectedFor("VARIANT_NOT_ASSIGNED", "variant", "the unit's hash gives REST"));
  row.epoch = 1;  // which slots it had then is not known any more
  row.unit_type = "unitTypes/device";
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  std::string held_out;
  for (int unit = 0; held_out.empty(); ++unit) {
    if (SlotOf(Salt("layer"), std::to_string(unit)) == kHeldOutSlot)
      held_out = std::to_string(unit);
  }
  row = {.experiment = "layers/mail/holdout",
         .unit_id = held_out,
         .variant = "HOLDOUT",
         .occur_time = kNow,
         .epoch = 2};
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  const std::vector<ExposureRow> rows = StoredExposures();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].epoch, 2);
  EXPECT_EQ(rows[1].epoch, 1);
}

TEST_F(RecorderTest, RefusesExposuresOfHoldoutsThatCannotBe) {
  SubmittedExposure row{.experiment = "layers/mail/holdout",
                        .unit_id = "anna",
                        .variant = "REST",
                        .occur_time = kNow};
  const auto refused = [&](auto spoil) {
    SubmittedExposure bad = row;
    spoil(bad);
    return Record(bad);
  };
  for (const char* name : {"layers/none/holdout", "programmes/default/holdout", "/holdout"}) {
    EXPECT_THAT(refused([&](auto& x) { x.experiment = name; }),
                RejectedFor("UNKNOWN_HOLDOUT", "experiment", "the holdout that Assign named"));
  }
  EXPECT_THAT(refused([](auto& x) { x.variant = "control"; }),
              RejectedFor("UNKNOWN_VARIANT", "variant", "give HOLDOUT or REST"));
  EXPECT_THAT(refused([](auto& x) { x.epoch = 3; }),
              RejectedFor("UNKNOWN_EPOCH", "epoch", "is in epoch 2"));
  EXPECT_THAT(refused([](auto& x) { x.unit_id = ""; }),
              RejectedFor("INVALID_UNIT_ID", "unit_id", "1 to 256 bytes"));
  EXPECT_THAT(refused([](auto& x) { x.unit_type = "unitTypes/robot"; }),
              RejectedFor("UNKNOWN_UNIT_TYPE", "unit_type", "does not exist"));
  EXPECT_THAT(refused([](auto& x) { x.occur_time = {}; }),
              RejectedFor("TIME_MISSING", "occur_time", "say when"));
}
// -------------------------------------------------------------------------------------------------
// First exposures

TEST_F(RecorderTest, RemembersTheFirstExposureWhateverTheOrderOfArrivalAndAfterARestart) {
  SubmittedExposure row = AnExposure();
  row.variant = "reminder";
  row.occur_time = kSecondEpoch;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.variant = "control";
  row.occur_time = kStarted;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  const auto check = [&] {
    const auto first =
        file_.measurement().FindFirstExposure("experiments/spring", kDefaultUnitType, "anna");
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->epoch, 1);
    EXPECT_EQ(first->variant, "control");
    EXPECT_FALSE(file_.measurement()
                     .FindFirstExposure("experiments/spring", "unitTypes/device", "anna")
                     .has_value());
    EXPECT_FALSE(file_.measurement()
                     .FindFirstExposure("experiments/other", kDefaultUnitType, "anna")
                     .has_value());
  };
  check();
  file_.Reopen();
  check();
}

}  // namespace
}  // namespace insightloop
