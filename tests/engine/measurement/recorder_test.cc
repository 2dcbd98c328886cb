// SPDX-License-Identifier: Apache-2.0
//
// How submitted calls and outcomes are judged. Quotes are from the rules of measurement.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/engine/measurement/recorder_fixture.h"
#include "tests/support/error_matchers.h"
#include "tests/support/kept.h"

namespace insightloop {
namespace {

using ::testing::AllOf;
using testing::AnExposure;
using testing::AnOutcome;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::Field;
using testing::HasFate;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::kMicrosecond;
using testing::kNow;
using testing::kStarted;
using ::testing::Pair;
using testing::RecorderTest;
using testing::RejectedFor;
using testing::StatusIs;

// Calls.

TEST_F(RecorderTest, NoRowsAndTooManyRowsAreErrorsOfTheCall) {
  EXPECT_THAT(testing::RecordExposures(recorder_, {}),
              FailsWith(absl::StatusCode::kInvalidArgument, "NO_ROWS", HasSubstr("exposures: ")));
  EXPECT_THAT(testing::RecordOutcomes(recorder_, {}, false),
              FailsWith(absl::StatusCode::kInvalidArgument, "NO_ROWS", HasSubstr("outcomes: ")));
  EXPECT_THAT(testing::RecordExposures(recorder_, std::vector<SubmittedExposure>(10'001)),
              FailsWith(absl::StatusCode::kInvalidArgument, "TOO_MANY_ROWS",
                        HasSubstr("has 10001 rows; give at most 10000")));
  EXPECT_THAT(testing::RecordOutcomes(recorder_, std::vector<SubmittedOutcome>(10'001), false),
              FailsWith(absl::StatusCode::kInvalidArgument, "TOO_MANY_ROWS", HasSubstr("10001")));
}

TEST_F(RecorderTest, AsManyRowsAsAllowedAreTaken) {
  const auto fates =
      testing::RecordOutcomes(recorder_, std::vector<SubmittedOutcome>(10'000), false);
  ASSERT_THAT(fates, IsOk());
  EXPECT_EQ(fates->size(), 10'000U);
}

// "a bad row does not sink its neighbours"
TEST_F(RecorderTest, EachRowGetsItsOwnFateInOrder) {
  SubmittedOutcome unknown = AnOutcome("events/unknown");
  SubmittedOutcome another = AnOutcome();
  another.outcome_id = "o-2";
  SubmittedOutcome old = AnOutcome();
  old.outcome_id = "o-3";
  old.occur_time = kNow - Days(31);
  const auto fates = testing::RecordOutcomes(
      recorder_, std::vector{unknown, AnOutcome(), unknown, AnOutcome(), another, old}, false);
  ASSERT_THAT(fates, IsOk());
  EXPECT_THAT(*fates, ElementsAre(HasFate(Fate::kRejected), HasFate(Fate::kAccepted),
                                  HasFate(Fate::kRejected), HasFate(Fate::kDuplicate),
                                  HasFate(Fate::kAccepted), HasFate(Fate::kLate)));
  EXPECT_EQ(file_.log().appends(), 1);
}

TEST_F(RecorderTest, EachExposureGetsItsOwnFateInOrder) {
  SubmittedExposure unknown = AnExposure();
  unknown.variant = "sms";
  const auto fates =
      testing::RecordExposures(recorder_, std::vector{AnExposure(), unknown, AnExposure()});
  ASSERT_THAT(fates, IsOk());
  EXPECT_THAT(*fates, ElementsAre(HasFate(Fate::kAccepted), HasFate(Fate::kRejected),
                                  HasFate(Fate::kDuplicate)));
}

TEST_F(RecorderTest, AnErrorOfTheStoreIsTheErrorOfTheCall) {
  file_.log().FailAppend(1, absl::ResourceExhaustedError("the disk is full"));
  EXPECT_THAT(testing::RecordOutcomes(recorder_, std::vector{AnOutcome()}, false),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Record(AnOutcome()), HasFate(Fate::kAccepted));
}

// Rows on their way view its texts.
TEST_F(RecorderTest, TheCatalogOfACallIsKeptUntilTheAnswer) {
  const std::weak_ptr<const Catalog> catalog = catalog_.Current();
  file_.log().HoldAppends();
  const std::vector<SubmittedOutcome> rows = {AnOutcome()};
  std::promise<testing::RowFates> answer;
  recorder_.RecordOutcomes(testing::RowsOf(rows), /*backfill=*/false,
                           [&](testing::RowFates fates) { answer.set_value(std::move(fates)); });
  Declare("attributes/tier", Attribute{.value_type = ValueType::kString});
  EXPECT_FALSE(catalog.expired());
  file_.log().ReleaseAppends();
  EXPECT_THAT(answer.get_future().get(),
              testing::IsOkAndHolds(ElementsAre(HasFate(Fate::kAccepted))));
}
// "Undeclared events are refused row by row and counted"
TEST_F(RecorderTest, RejectedRowsAreCountedByReasonAndOthersAreNot) {
  EXPECT_THAT(recorder_.rejected(), IsEmpty());
  SubmittedOutcome undeclared = AnOutcome();
  undeclared.event = "events/undeclared";
  SubmittedOutcome reused = AnOutcome();
  reused.occur_time = reused.occur_time - kMicrosecond;
  ASSERT_THAT(testing::RecordOutcomes(recorder_,
                                      {undeclared, AnOutcome(), undeclared, AnOutcome(), reused}),
              IsOk());
  Record(undeclared);
  SubmittedExposure unknown = AnExposure();
  unknown.variant = "sms";
  Record(unknown);
  EXPECT_THAT(recorder_.rejected(), ElementsAre(Pair("ID_REUSED", 1), Pair("UNKNOWN_EVENT", 3),
                                                Pair("UNKNOWN_VARIANT", 1)));
}

TEST_F(RecorderTest, ARowThatItsCallerCannotReadIsRejectedInItsPlace) {
  const auto read = [](std::size_t place, SubmittedOutcome& row) -> std::optional<Fault> {
    if (place == 1) return Fault{"INVALID_TIME", "occur_time", "has 2 seconds"};
    row = AnOutcome(place == 2 ? "events/unknown" : "events/visit");
    return std::nullopt;
  };
  const auto fates = Await<testing::RowFates>([&](RowsRecorded recorded) {
    recorder_.RecordOutcomes({.size = 4, .read = read}, /*backfill=*/false, std::move(recorded));
  });
  EXPECT_THAT(
      fates,
      testing::IsOkAndHolds(ElementsAre(
          HasFate(Fate::kAccepted), RejectedFor("INVALID_TIME", "occur_time", "has 2 seconds"),
          RejectedFor("UNKNOWN_EVENT", "event", "events/unknown"), HasFate(Fate::kDuplicate))));
  EXPECT_THAT(recorder_.rejected(), ElementsAre(Pair("INVALID_TIME", 1), Pair("UNKNOWN_EVENT", 1)));
}
// Outcomes.

TEST_F(RecorderTest, AnOutcomeNeedsAnId) {
  SubmittedOutcome row = AnOutcome();
  row.outcome_id = "";
  EXPECT_THAT(Record(row), RejectedFor("INVALID_OUTCOME_ID", "outcome_id", "1 to 128 bytes"));
  row.outcome_id = testing::Kept(std::string(129, 'a'));
  EXPECT_THAT(Record(row), RejectedFor("INVALID_OUTCOME_ID", "outcome_id", "(129 bytes)"));
  row.outcome_id = "\xff";
  EXPECT_THAT(Record(row), RejectedFor("INVALID_OUTCOME_ID", "outcome_id", "UTF-8"));
  row.outcome_id = testing::Kept(std::string(128, 'a'));
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
}

TEST_F(RecorderTest, AnOutcomeNeedsAUnitOfADeclaredType) {
  SubmittedOutcome row = AnOutcome();
  row.unit.unit_id = "";
  EXPECT_THAT(Record(row), RejectedFor("INVALID_UNIT_ID", "unit_id", "1 to 256 bytes"));
  row.unit = {.unit_type = "unitTypes/shop", .unit_id = "anna"};
  EXPECT_THAT(Record(row), RejectedFor("UNKNOWN_UNIT_TYPE", "unit_type", "\"unitTypes/shop\""));
  row.unit.unit_type = "unitTypes/device";
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
}

// "Undeclared events are refused row by row."
TEST_F(RecorderTest, AnUndeclaredEventIsRejected) {
  EXPECT_THAT(Record(AnOutcome("events/unknown")),
              RejectedFor("UNKNOWN_EVENT", "event", "\"events/unknown\" is not declared"));
}

TEST_F(RecorderTest, AnOutcomeNeedsATimeAtMostADayAhead) {
  SubmittedOutcome row = AnOutcome();
  row.occur_time = {};
  EXPECT_THAT(Record(row), RejectedFor("TIME_MISSING", "occur_time", "is not set"));
  row.occur_time = kNow + Hours(24) + kMicrosecond;
  EXPECT_THAT(Record(row), RejectedFor("TIME_IN_FUTURE", "occur_time", "check the sender's clock"));
  row.occur_time = kNow + Hours(24);
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
}

// "Older than the acceptance window (default 30 days, by receive time): LATE"
TEST_F(RecorderTest, AnOutcomeIsLateWhenOlderThanTheAcceptanceWindow) {
  SubmittedOutcome row = AnOutcome();
  row.occur_time = kNow - Days(30);
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.outcome_id = "o-2";
  row.occur_time = kNow - Days(30) - kMicrosecond;
  EXPECT_THAT(Record(row), HasFate(Fate::kLate));
  EXPECT_THAT(Record(row), HasFate(Fate::kDuplicate));
  EXPECT_TRUE(StoredOutcomes().at(1).late);
}

TEST_F(RecorderTest, AnAcceptedOutcomeResentAfterTheWindowIsADuplicate) {
  EXPECT_THAT(Record(AnOutcome()), HasFate(Fate::kAccepted));
  clock_.Advance(Days(40));
  EXPECT_THAT(Record(AnOutcome()), HasFate(Fate::kDuplicate));
}

TEST_F(RecorderTest, ABackfillTakesAnyPastTime) {
  SubmittedOutcome row = AnOutcome();
  row.occur_time = kNow - Days(3'650);
  EXPECT_THAT(Record(row, /*backfill=*/true), HasFate(Fate::kAccepted));
  EXPECT_FALSE(StoredOutcomes().at(0).late);
}

TEST_F(RecorderTest, AnEventWithoutAValueTakesNone) {
  EXPECT_THAT(Record(AnOutcome("events/visit", 1.0)),
              RejectedFor("VALUE_NOT_EXPECTED", "value", "events/visit has no value"));
}

TEST_F(RecorderTest, AnEventWithAValueNeedsOne) {
  for (const char* event : {"events/weight", "events/purchase", "events/nps"}) {
    EXPECT_THAT(Record(AnOutcome(event)), RejectedFor("VALUE_MISSING", "value", event));
  }
}

TEST_F(RecorderTest, OnlyScoresAreAskedForOrDismissed) {
  for (const char* event : {"events/visit", "events/weight", "events/purchase"}) {
    EXPECT_THAT(Record(AnOutcome(event, Asked{})), RejectedFor("NOT_A_SURVEY", "asked", event));
    EXPECT_THAT(Record(AnOutcome(event, Dismissed{})),
                RejectedFor("NOT_A_SURVEY", "dismissed", event));
  }
}

TEST_F(RecorderTest, AScoreIsAValueOrAskedOrDismissed) {
  SubmittedOutcome row = AnOutcome("events/nps", 9.0);
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.outcome_id = "o-2";
  row.answer = Asked{};
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.outcome_id = "o-3";
  row.answer = Dismissed{};
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  const std::vector<StoredOutcome> stored = StoredOutcomes();
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(stored[0].kind, OutcomeKind::kValue);
  EXPECT_EQ(stored[0].value, 9);
  EXPECT_EQ(stored[1].kind, OutcomeKind::kAsked);
  EXPECT_EQ(stored[2].kind, OutcomeKind::kDismissed);
}

TEST_F(RecorderTest, AValueMustBeFinite) {
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(Record(AnOutcome("events/weight", value)),
                RejectedFor("NOT_FINITE", "value", "give a finite number"));
  }
}

TEST_F(RecorderTest, AValueMustBeWithinItsEventsRangeInclusive) {
  EXPECT_THAT(Record(AnOutcome("events/purchase", -10.01)),
              RejectedFor("OUT_OF_RANGE", "value", "below -10, the minimum of events/purchase"));
  EXPECT_THAT(Record(AnOutcome("events/purchase", 500.01)),
              RejectedFor("OUT_OF_RANGE", "value", "above 500, the maximum of events/purchase"));
  SubmittedOutcome row = AnOutcome("events/purchase", -10.0);
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  row.outcome_id = "o-2";
  row.answer = 500.0;
  EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
}

TEST_F(RecorderTest, AValueHasAtMostTenToTheFifteenSteps) {
  EXPECT_THAT(Record(AnOutcome("events/weight", 1'000'000'001.0)),
              RejectedFor("OUT_OF_RANGE", "value", "more than 1000000000000000 steps of 1e-06"));
  EXPECT_THAT(Record(AnOutcome("events/weight", -1'000'000'000.0)), HasFate(Fate::kAccepted));
  EXPECT_EQ(StoredOutcomes().at(0).value, -1'000'000'000'000'000);
}

// "A value is an int64 count of its event's steps (rounded to the nearest)"
TEST_F(RecorderTest, AValueIsKeptAsAWholeNumberOfSteps) {
  EXPECT_THAT(Record(AnOutcome("events/purchase", 12.345678)), HasFate(Fate::kAccepted));
  EXPECT_EQ(StoredOutcomes().at(0).value, 1'235);
}

TEST_F(RecorderTest, TextsHaveALimitAndAreUtf8) {
  struct Case {
    const char* field;
    std::string_view OutcomeContext::*text;
    std::size_t most;
  };
  const Case cases[] = {{"channel", &OutcomeContext::channel, 256},
                        {"touchpoint", &OutcomeContext::touchpoint, 256},
                        {"source", &OutcomeContext::source, 256},
                        {"response_id", &OutcomeContext::response_id, 256},
                        {"comment", &OutcomeContext::comment, 4'000},
                        {"item", &OutcomeContext::item, 256},
                        {"category", &OutcomeContext::category, 256}};
  for (const Case& c : cases) {
    SubmittedOutcome row = AnOutcome();
    row.outcome_id = c.field;
    row.context.*c.text = testing::Kept(std::string(c.most + 1, 'a'));
    EXPECT_THAT(Record(row), RejectedFor("TEXT_TOO_LONG", c.field,
                                         "give at most " + std::to_string(c.most) + " bytes"));
    row.context.*c.text = "\xc3(";
    EXPECT_THAT(Record(row), RejectedFor("INVALID_UTF8", c.field, "send texts in UTF-8"));
    row.context.*c.text = testing::Kept(std::string(c.most, 'a'));
    EXPECT_THAT(Record(row), HasFate(Fate::kAccepted));
  }
}

TEST_F(RecorderTest, AReusedOutcomeIdIsRejected) {
  EXPECT_THAT(Record(AnOutcome("events/purchase", 12.0)), HasFate(Fate::kAccepted));
  EXPECT_THAT(Record(AnOutcome("events/purchase", 13.0)),
              RejectedFor("ID_REUSED", "outcome_id", "\"o-1\" is known for unit \"anna\""));
}

TEST_F(RecorderTest, RejectedRowsNeverReachTheLog) {
  EXPECT_THAT(Record(AnOutcome("events/unknown")), HasFate(Fate::kRejected));
  EXPECT_THAT(StoredOutcomes(), IsEmpty());
  EXPECT_EQ(file_.log().appends(), 0);
}
// -------------------------------------------------------------------------------------------------
// Counts of rejected rows

// Measured in all ways, which have to agree; before and after a restart.
class RejectionsTest : public RecorderTest {
 protected:
  RejectionsTest() { file_.measurement().Follow(plan_); }

  std::vector<RejectedRows> Measure() {
    // Behind what calls without good rows have left to be counted.
    EXPECT_THAT(file_.measurement().Record({.exposures = {testing::ExposureOf("last", "control")}}),
                IsOk());
    const auto followed = file_.measurement().Measure(plan_, kNow);
    file_.measurement().Unfollow(plan_.experiment);
    const auto from_log = file_.measurement().Measure(plan_, kNow);
    file_.Reopen();
    const auto restarted = file_.measurement().Measure(plan_, kNow);
    EXPECT_THAT(restarted, IsOk());
    if (!restarted.ok()) return {};
    EXPECT_TRUE(followed.ok() && *followed == *restarted);
    EXPECT_TRUE(from_log.ok() && *from_log == *restarted);
    const auto recomputed =
        file_.audit().Recompute(plan_, kNow, restarted->exposure_rows, restarted->outcome_rows);
    EXPECT_TRUE(recomputed.ok() && *recomputed == *restarted);
    return restarted->rejected;
  }

  static SubmittedOutcome Purchase(std::string_view id, double value) {
    SubmittedOutcome outcome = AnOutcome("events/purchase", value);
    outcome.outcome_id = id;
    return outcome;
  }
  static constexpr double kTooMuch = 501;

  const MeasurePlan plan_ = {
      .experiment = "experiments/spring",
      .variants = {"control", "reminder"},
      .metrics = {{.event = catalog_.Current()->FindEvent("events/purchase")->fact_name,
                   .kind = MetricKind::kMean,
                   .event_has_value = true,
                   .window = Window{.length = Days(7)}}},
      .max_segment_values = 100};
};

auto AreRejected(const std::string& reason, const std::vector<std::int64_t>& by_variant,
                 std::int64_t without_variant = 0) {
  return AllOf(Field("reason", &RejectedRows::reason, reason),
               Field("by_variant", &RejectedRows::by_variant, by_variant),
               Field("without_variant", &RejectedRows::without_variant, without_variant));
}

TEST_F(RejectionsTest, ExposuresCountForTheirExperimentAndVariant) {
  SubmittedExposure unset = AnExposure();
  unset.variant = "reminder";
  unset.occur_time = {};
  SubmittedExposure unknown = AnExposure();
  unknown.variant = "sms";
  ASSERT_THAT(testing::RecordExposures(recorder_, {unset, unknown, AnExposure()}), IsOk());
  Record(unset);  // again, and alone
  EXPECT_THAT(Measure(), ElementsAre(AreRejected("TIME_MISSING", {0, 2}),
                                     AreRejected("UNKNOWN_VARIANT", {0, 0}, 1)));
}

TEST_F(RejectionsTest, ExposuresOutsideOfTheRunOrOfNoExperimentCountForNone) {
  SubmittedExposure early = AnExposure();
  early.occur_time = kStarted - kMicrosecond;
  SubmittedExposure unknown = AnExposure();
  unknown.experiment = "experiments/unknown";
  SubmittedExposure of_holdout = AnExposure();
  of_holdout.experiment = "layers/mail/holdout";
  ASSERT_THAT(testing::RecordExposures(recorder_, {early, unknown, of_holdout}), IsOk());
  for (const auto state : {ExperimentState::kDraft, ExperimentState::kPaused,
                           ExperimentState::kStopped, ExperimentState::kConcluded}) {
    DeclareExperiment(state);
    EXPECT_THAT(Record(AnExposure()), HasFate(Fate::kRejected));
  }
  EXPECT_THAT(Measure(), IsEmpty());
  EXPECT_EQ(recorder_.rejected().size(), 6U);
}

TEST_F(RejectionsTest, OutcomesCountWhereTheyWouldHaveCounted) {
  ASSERT_THAT(Record(AnExposure()), HasFate(Fate::kAccepted));
  Record(Purchase("inside", kTooMuch));
  SubmittedOutcome unset = Purchase("now", 1);
  unset.occur_time = {};
  Record(unset);
  SubmittedOutcome before = Purchase("before", kTooMuch);
  before.occur_time = kNow - kMicrosecond;
  Record(before);
  SubmittedOutcome of_nobody = Purchase("who", kTooMuch);
  of_nobody.unit.unit_id = "ben";
  Record(of_nobody);
  Record(AnOutcome("events/nps", 11.0));  // which the plan does not look at
  Record(AnOutcome("events/undeclared"));
  EXPECT_THAT(Measure(), ElementsAre(AreRejected("OUT_OF_RANGE", {1, 0}),
                                     AreRejected("TIME_MISSING", {1, 0})));
}

TEST_F(RejectionsTest, AReusedIdCountsAndTheSameRowAgainToo) {
  ASSERT_THAT(Record(AnExposure()), HasFate(Fate::kAccepted));
  Record(Purchase("a", 1));
  ASSERT_THAT(testing::RecordOutcomes(recorder_, {Purchase("b", 1), Purchase("a", 2)}), IsOk());
  Record(Purchase("a", 2));
  EXPECT_THAT(Measure(), ElementsAre(AreRejected("ID_REUSED", {2, 0})));
}

TEST_F(RejectionsTest, AnAnswerNeverHangsOnACount) {
  ASSERT_THAT(Record(AnExposure()), HasFate(Fate::kAccepted));
  ASSERT_THAT(Record(Purchase("a", 1)), HasFate(Fate::kAccepted));
  const absl::Status full = absl::ResourceExhaustedError("the disk is full");
  file_.log().FailAppend(1, full);
  EXPECT_THAT(Record(Purchase("a", 2)), HasFate(Fate::kRejected));
  file_.log().FailAppend(1, full);
  EXPECT_THAT(Record(Purchase("b", kTooMuch)), HasFate(Fate::kRejected));
  file_.log().AwaitAppends(4);
  EXPECT_THAT(Measure(), IsEmpty());  // both are lost
}

}  // namespace
}  // namespace insightloop
