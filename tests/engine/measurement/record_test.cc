// SPDX-License-Identifier: Apache-2.0
//
// What becomes of facts that are recorded. Quotes are from the rules of measurement.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "engine/domain/await.h"
#include "engine/domain/error.h"
#include "engine/measurement/embedded_measurement.h"
#include "tests/engine/measurement/measurement_fixture.h"
#include "tests/support/error_matchers.h"
#include "tests/support/kept.h"

namespace insightloop {
namespace {

using ::testing::ElementsAre;
using testing::ExposureOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::kDayOne;
using testing::kMicrosecond;
using testing::OutcomeOf;
using ::testing::SizeIs;
using testing::StatusIs;

using Exposures = std::vector<Exposure>;
using Outcomes = std::vector<Outcome>;

class RecordTest : public testing::MeasurementTest {};

TEST_F(RecordTest, ANewFactIsAcceptedAndALateOneIsLate) {
  EXPECT_THAT(Record({ExposureOf("anna", "control")},
                     {OutcomeOf("anna"), OutcomeOf("anna").Id("o-2").Late()}),
              ElementsAre("ACCEPTED", "ACCEPTED", "LATE"));
}

TEST_F(RecordTest, NoRowsAreNoWork) {
  EXPECT_THAT(Record({}, {}), IsEmpty());
  EXPECT_EQ(file_.log().appends(), 0);
}

// "Same key, same time and value: DUPLICATE."
TEST_F(RecordTest, TheSameOutcomeTwiceInOneCallIsADuplicate) {
  EXPECT_THAT(Record(Outcomes{OutcomeOf("anna").Value(3), OutcomeOf("anna").Value(3)}),
              ElementsAre("ACCEPTED", "DUPLICATE"));
}

TEST_F(RecordTest, TheSameOutcomeInALaterCallIsADuplicate) {
  Record(Outcomes{OutcomeOf("anna").Value(3)});
  EXPECT_THAT(Record(Outcomes{OutcomeOf("anna").Value(3)}), ElementsAre("DUPLICATE"));
}

TEST_F(RecordTest, TheSameFactsAfterAReopenAreDuplicates) {
  Record({ExposureOf("anna", "control").With("country", "PT")},
         {OutcomeOf("anna").Value(3), OutcomeOf("anna").Id("o-2").Late()});
  file_.Reopen();
  EXPECT_THAT(Record({ExposureOf("anna", "control").With("country", "PT")},
                     {OutcomeOf("anna").Value(3), OutcomeOf("anna").Id("o-2").Late(),
                      OutcomeOf("anna").Id("o-3")}),
              ElementsAre("DUPLICATE", "DUPLICATE", "DUPLICATE", "ACCEPTED"));
}

// "Same key, other content: REJECTED(ID_REUSED)."
TEST_F(RecordTest, AKnownIdWithAnotherTimeKindOrValueIsRejected) {
  Record(Outcomes{OutcomeOf("anna").Value(3)});
  EXPECT_THAT(Record(Outcomes{OutcomeOf("anna").Value(4), OutcomeOf("anna").Asked(),
                              OutcomeOf("anna").Value(3).At(kDayOne + kMicrosecond)}),
              ElementsAre("ID_REUSED", "ID_REUSED", "ID_REUSED"));
}

TEST_F(RecordTest, ARejectionNamesTheFieldTheValueAndTheRemedy) {
  const auto fates =
      measurement().Record({.outcomes = {OutcomeOf("anna").Value(3), OutcomeOf("anna").Value(4)}});
  ASSERT_THAT(fates, IsOk());
  const RowFate& reused = fates->outcomes[1];
  EXPECT_EQ(reused.fate, Fate::kRejected);
  ASSERT_NE(reused.fault, nullptr);
  EXPECT_EQ(reused.fault->reason, "ID_REUSED");
  EXPECT_EQ(reused.fault->field, "outcome_id");
  EXPECT_THAT(reused.fault->detail,
              HasSubstr("\"o-1\" is known for unit \"anna\" and events/purchase"));
  EXPECT_THAT(reused.fault->detail, HasSubstr("give every outcome an id of its own"));
}

// "Dedupe key of an outcome: (unit, event, outcome_id)."
TEST_F(RecordTest, TheSameIdOfAnotherUnitUnitTypeOrEventIsNew) {
  EXPECT_THAT(Record(Outcomes{OutcomeOf("anna"), OutcomeOf("ben"),
                              OutcomeOf("anna").UnitType("unitTypes/device"),
                              OutcomeOf("anna").Event("events/visit")}),
              ElementsAre("ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED"));
}

TEST_F(RecordTest, ARejectedRowLeavesNothingBehind) {
  Record(Outcomes{OutcomeOf("anna").Value(3), OutcomeOf("anna").Value(4)});
  file_.Reopen();
  EXPECT_THAT(Record(Outcomes{OutcomeOf("anna").Value(3), OutcomeOf("anna").Value(4)}),
              ElementsAre("DUPLICATE", "ID_REUSED"));
}

// "An exposure is stored if it is the unit's first in that experiment and epoch, shows another
// variant, or is earlier than the stored one."
TEST_F(RecordTest, AnExposureIsNewWhenFirstOrOfAnotherVariantOrEarlier) {
  EXPECT_THAT(
      Record(Exposures{ExposureOf("anna", "control"), ExposureOf("anna", "control"),
                       ExposureOf("anna", "control").At(kDayOne + Days(1)),
                       ExposureOf("anna", "control").At(kDayOne - Days(1)),
                       ExposureOf("anna", "reminder").At(kDayOne + Days(2)),
                       ExposureOf("anna", "control").Epoch(2).At(kDayOne + Days(3)),
                       ExposureOf("anna", "control").In("experiments/summer").At(kDayOne + Days(4)),
                       ExposureOf("ben", "control").At(kDayOne + Days(5))}),
      ElementsAre("ACCEPTED", "DUPLICATE", "DUPLICATE", "ACCEPTED", "ACCEPTED", "ACCEPTED",
                  "ACCEPTED", "ACCEPTED"));
}

TEST_F(RecordTest, AfterAReopenOnlyAnEarlierExposureIsNew) {
  Record(Exposures{ExposureOf("anna", "control"),
                   ExposureOf("anna", "control").At(kDayOne - Days(1))});
  file_.Reopen();
  EXPECT_THAT(Record(Exposures{ExposureOf("anna", "control"),
                               ExposureOf("anna", "control").At(kDayOne - Days(2))}),
              ElementsAre("DUPLICATE", "ACCEPTED"));
}

TEST_F(RecordTest, AnOverrideDoesNotHideALaterExposureThatCounts) {
  EXPECT_THAT(Record(Exposures{ExposureOf("anna", "control").Source(ExposureSource::kOverride),
                               ExposureOf("anna", "control").At(kDayOne + Days(1))}),
              ElementsAre("ACCEPTED", "ACCEPTED"));
}

TEST_F(RecordTest, ACallOfDuplicatesNeedsNoAppend) {
  Record(Outcomes{OutcomeOf("anna")});
  Record(Outcomes{OutcomeOf("anna")});
  EXPECT_EQ(file_.log().appends(), 1);
}

TEST_F(RecordTest, OutcomesOfAUnitAreChained) {
  Record(Outcomes{OutcomeOf("anna"), OutcomeOf("ben"), OutcomeOf("anna").Id("o-2")});
  file_.Reopen();
  Record(Outcomes{OutcomeOf("anna").Id("o-3"), OutcomeOf("ben").Id("o-2")});
  const std::vector<std::int64_t> last = {4, 5};
  std::vector<std::int64_t> ids;
  ASSERT_THAT(file_.log().FollowChains(
                  last, [&](std::size_t, const StoredOutcome& row) { ids.push_back(row.id); }),
              IsOk());
  EXPECT_THAT(ids, ElementsAre(4, 3, 1, 5, 2));
}

TEST_F(RecordTest, NumbersAndWordsGoOnAfterAReopen) {
  Record(Outcomes{OutcomeOf("anna")});
  file_.Reopen();
  Record(Outcomes{OutcomeOf("ben").Event("events/visit")});
  std::vector<std::string> words, units;
  ASSERT_THAT(file_.log().ScanWords([&](const WordRow& row) { words.push_back(row.text); }),
              IsOk());
  ASSERT_THAT(file_.log().ScanUnits([&](const UnitRow& row) { units.push_back(row.external_id); }),
              IsOk());
  EXPECT_THAT(words, ElementsAre("unitTypes/customer", "events/purchase", "events/visit"));
  EXPECT_THAT(units, ElementsAre("anna", "ben"));
}

// "A rollback drops the stage." "SQLITE_FULL: roll back, RESOURCE_EXHAUSTED … try again later."
TEST_F(RecordTest, AFullDiskLeavesNothingBehindAndTheSameRowsAreAcceptedLater) {
  const FactRows rows = {.exposures = {ExposureOf("anna", "control")},
                         .outcomes = {OutcomeOf("anna"), OutcomeOf("ben")}};
  file_.log().FailAppend(1, absl::ResourceExhaustedError("the disk is full"));

  EXPECT_THAT(measurement().Record(rows),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("the disk is full")));
  EXPECT_THAT(Record(rows.exposures, rows.outcomes),
              ElementsAre("ACCEPTED", "ACCEPTED", "ACCEPTED"));
  file_.Reopen();
  EXPECT_THAT(Record(rows.exposures, rows.outcomes),
              ElementsAre("DUPLICATE", "DUPLICATE", "DUPLICATE"));
}

TEST_F(RecordTest, ABusyStoreIsSurvivedSinceNothingWasWritten) {
  file_.log().FailAppend(1, MakeError(absl::StatusCode::kUnavailable, "another program holds it",
                                      {.reason = "STORE_BUSY"}));
  EXPECT_THAT(measurement().Record({.outcomes = {OutcomeOf("ben")}}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("holds it")));
  EXPECT_THAT(Record(Outcomes{OutcomeOf("ben")}), ElementsAre("ACCEPTED"));
}

// "Any I/O error or failed fsync: acknowledge nothing more."
TEST_F(RecordTest, AfterAnErrorOfTheStoreNothingIsAcknowledgedUntilAReopen) {
  Record(Outcomes{OutcomeOf("anna")});
  file_.log().FailAppend(1, absl::UnavailableError("the disk does not answer"));

  EXPECT_THAT(measurement().Record({.outcomes = {OutcomeOf("ben")}}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("does not answer")));
  EXPECT_THAT(measurement().Record({.outcomes = {OutcomeOf("anna")}}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("does not answer")));
  file_.Reopen();
  EXPECT_THAT(Record(Outcomes{OutcomeOf("anna"), OutcomeOf("ben")}),
              ElementsAre("DUPLICATE", "ACCEPTED"));
}

TEST_F(RecordTest, WhatLeansOnRowsThatWereNotAppendedFailsWithThem) {
  // It is staged while these are appended, or after they have failed.
  int leaned = 0;
  for (int round = 0; leaned < 20 && round < 10'000; ++round) {
    const std::string name = std::to_string(round);
    const Outcomes first = {OutcomeOf("anna").Id(name), OutcomeOf("a" + name)};
    const Outcomes second = {OutcomeOf("anna").Id(name), OutcomeOf("a" + name).Id("o-2"),
                             OutcomeOf("b" + name).Event("events/" + name)};
    std::promise<absl::StatusOr<FactFates>> first_fates, second_fates;
    const int appends = file_.log().appends();
    file_.log().FailAppend(1, absl::ResourceExhaustedError("the disk is full"));
    file_.log().HoldAppends();
    measurement().Record({.outcomes = first},
                         [&](auto fates) { first_fates.set_value(std::move(fates)); });
    file_.log().AwaitAppends(appends + 1);
    measurement().Record({.outcomes = second},
                         [&](auto fates) { second_fates.set_value(std::move(fates)); });
    for (int i = 0; i < round; ++i) std::this_thread::yield();
    file_.log().ReleaseAppends();
    EXPECT_THAT(first_fates.get_future().get(), StatusIs(absl::StatusCode::kResourceExhausted));
    const auto fates = second_fates.get_future().get();
    if (fates.ok()) {
      EXPECT_EQ(fates->outcomes.at(0).fate, Fate::kAccepted);
      continue;
    }
    ++leaned;
    EXPECT_THAT(fates, StatusIs(absl::StatusCode::kResourceExhausted));
    EXPECT_THAT(Record({}, second), ElementsAre("ACCEPTED", "ACCEPTED", "ACCEPTED"));
  }
  EXPECT_EQ(leaned, 20);
  EXPECT_EQ(file_.audit().CheckReferences()->faults, 0);
  EXPECT_EQ(file_.audit().CheckChains()->faults, 0);
}

TEST_F(RecordTest, FactsDoNotFailWithCountsThatWereNotAppended) {
  for (int round = 0; round < 50; ++round) {
    std::promise<absl::StatusOr<FactFates>> counted, recorded;
    const int appends = file_.log().appends();
    file_.log().FailAppend(1, absl::ResourceExhaustedError("the disk is full"));
    file_.log().HoldAppends();
    measurement().Record({.rejections = {{{.experiment = "experiments/spring"}, 1}}},
                         [&](auto fates) { counted.set_value(std::move(fates)); });
    file_.log().AwaitAppends(appends + 1);
    measurement().Record({.outcomes = {OutcomeOf("anna").Id(std::to_string(round))}},
                         [&](auto fates) { recorded.set_value(std::move(fates)); });
    for (int i = 0; i < 10 * round; ++i) std::this_thread::yield();
    file_.log().ReleaseAppends();
    EXPECT_THAT(counted.get_future().get(), IsOk());
    EXPECT_THAT(recorded.get_future().get(), IsOk());
  }
}

TEST_F(RecordTest, ErasingAUnitWaitsForItsRowsThatAreBeingAppended) {
  file_.log().HoldAppends();
  std::promise<absl::StatusOr<FactFates>> recorded;
  measurement().Record({.outcomes = {OutcomeOf("anna")}},
                       [&](auto fates) { recorded.set_value(std::move(fates)); });
  file_.log().AwaitAppends(1);
  UnitErasure erased;
  auto erasing = std::async(std::launch::async, [&] {
    return measurement().EraseUnit({.unit_type = "unitTypes/customer", .unit_id = "anna"},
                                   [&](const UnitErasure& erasure) {
                                     erased = erasure;
                                     return absl::OkStatus();
                                   });
  });
  EXPECT_EQ(erasing.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  file_.log().ReleaseAppends();
  EXPECT_THAT(recorded.get_future().get(), IsOk());
  EXPECT_THAT(erasing.get(), testing::IsOkAndHolds(true));
  EXPECT_EQ(erased.number, 1);
  EXPECT_EQ(erased.last_outcome, 1);
}

// On the thread that answers, another call may be begun and judged.
TEST_F(RecordTest, AnAnswerMayLookUnitsUpAndBeginAnotherCall) {
  for (const int rows : {1, 100}) {  // of a small and a large call, which two threads answer
    const std::string unit = "anna" + std::to_string(rows);
    Outcomes first;
    for (int i = 0; i < rows; ++i) {
      first.push_back(OutcomeOf(unit).Id(std::to_string(i)));
    }
    const Outcomes second = {first.back(), OutcomeOf(unit).Id("another")};
    const auto fates = Await<absl::StatusOr<FactFates>>([&](const Recorded& recorded) {
      measurement().Record({.outcomes = first}, [&, recorded](const auto& fates_of_first) {
        EXPECT_THAT(fates_of_first, IsOk());
        EXPECT_THAT(measurement().FindCounting(first.back().unit, first.back().event, kDayOne),
                    IsEmpty());
        measurement().Record({.outcomes = second}, recorded);
      });
    });
    ASSERT_THAT(fates, IsOk());
    EXPECT_EQ(fates->outcomes.at(0).fate, Fate::kDuplicate);
    EXPECT_EQ(fates->outcomes.at(1).fate, Fate::kAccepted);
  }
}

TEST(QueueTest, CallsBeyondTheLimitAreRefusedAndTheOthersAreWritten) {
  Limits limits;
  limits.max_queued_rows = 4;
  testing::MeasurementOnFile file(limits);
  file.log().HoldAppends();
  std::thread writing(
      [&] { EXPECT_THAT(file.measurement().Record({.outcomes = {OutcomeOf("anna")}}), IsOk()); });
  file.log().AwaitAppends(1);  // the first call has left the queue and is being written

  std::vector<absl::Status> results(10);
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] {
      const std::string unit = "unit-" + std::to_string(i);
      results[i] = file.measurement().Record({.outcomes = {OutcomeOf(unit)}}).status();
      if (!results[i].ok()) ++refused;
    });
  }
  while (refused < 6) std::this_thread::yield();
  file.log().ReleaseAppends();
  writing.join();
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(refused, 6);
  for (const absl::Status& result : results) {
    if (result.ok()) continue;
    EXPECT_THAT(result, FailsWith(absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
                                  HasSubstr("4 rows are waiting to be written and 1 more would "
                                            "exceed the limit of 4")));
    EXPECT_EQ(DetailsOf(result).retry_delay, Seconds(1));
  }
  EXPECT_THAT(file.measurement().Record({.outcomes = {OutcomeOf("emma")}}), IsOk());
}

TEST_F(RecordTest, FourThreadsAtOnceStoreEachFactExactlyOnce) {
  constexpr int kThreads = 4, kCalls = 25, kRows = 20;
  std::vector<int> accepted(kThreads), duplicates(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int call = 0; call < kCalls; ++call) {
        FactRows rows;
        for (int row = 0; row < kRows; ++row) {
          // All threads send the same facts.
          const std::string unit = "unit-" + std::to_string(call % 7);
          const std::string id = std::to_string(call) + "/" + std::to_string(row);
          rows.outcomes.push_back(OutcomeOf(unit).Id(id).Value(row));
        }
        const auto fates = measurement().Record(rows);
        ASSERT_THAT(fates, IsOk());
        for (const RowFate& fate : fates->outcomes) {
          accepted[t] += fate.fate == Fate::kAccepted ? 1 : 0;
          duplicates[t] += fate.fate == Fate::kDuplicate ? 1 : 0;
        }
        ASSERT_THAT(measurement().Measure(APlan({}), kEnd), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(accepted[0] + accepted[1] + accepted[2] + accepted[3], kCalls * kRows);
  EXPECT_EQ(duplicates[0] + duplicates[1] + duplicates[2] + duplicates[3],
            (kThreads - 1) * kCalls * kRows);
  std::vector<std::int64_t> ids;
  ASSERT_THAT(file_.log().ScanOutcomes([&](const StoredOutcome& row) { ids.push_back(row.id); }),
              IsOk());
  EXPECT_THAT(ids, SizeIs(kCalls * kRows));
}

TEST(LoadingTest, ItCanBeGivenUpAndWhatWaitsForItFails) {
  testing::MeasurementOnFile file;
  EXPECT_THAT(file.measurement().Record({.outcomes = {OutcomeOf("anna")}}), IsOk());
  file.log().HoldScans();
  const auto opened = OpenEmbeddedMeasurement(file.log(), {});
  ASSERT_THAT(opened, IsOk());
  Measurement& loading = **opened;
  std::promise<absl::Status> answer;
  loading.Record({.outcomes = {OutcomeOf("ben")}},
                 [&](const auto& fates) { answer.set_value(fates.status()); });
  EXPECT_FALSE(loading.is_ready());

  loading.StopLoading();
  EXPECT_THAT(loading.WaitUntilReady(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(answer.get_future().get(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(loading.Measure({.experiment = "experiments/spring"}, kDayOne),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(file.log().appends(), 1);
}

TEST(LoadingTest, AnErrorEndsItAndNothingIsRecorded) {
  testing::MeasurementOnFile file;
  EXPECT_THAT(file.measurement().Record(
                  {.exposures = {ExposureOf("anna", "control")}, .outcomes = {OutcomeOf("anna")}}),
              IsOk());
  file.log().FailScansOfUnits(absl::UnavailableError("a page cannot be read"));
  const auto opened = OpenEmbeddedMeasurement(file.log(), {});
  ASSERT_THAT(opened, IsOk());
  const auto fails = StatusIs(absl::StatusCode::kUnavailable, HasSubstr("a page cannot be read"));
  EXPECT_THAT((*opened)->WaitUntilReady(), fails);
  EXPECT_THAT((*opened)->Record({.outcomes = {OutcomeOf("ben")}}), fails);
  EXPECT_THAT((*opened)->Measure({.experiment = "experiments/spring"}, kDayOne), fails);
}

// Refused as a whole, and what is stored stays usable.
TEST(MemoryLimitTest, BeyondTheLimitNewFactsAreRefused) {
  testing::MeasurementOnFile file({.max_fact_bytes = 1});
  EXPECT_THAT(file.measurement().Record({.outcomes = {OutcomeOf("anna")}}), IsOk());
  const auto refused = file.measurement().Record({.outcomes = {OutcomeOf("ben")}});
  EXPECT_THAT(refused.status(), FailsWith(absl::StatusCode::kResourceExhausted, "MEMORY_LIMIT",
                                          HasSubstr("its limit is 1;")));
  EXPECT_EQ(file.log().appends(), 1);
}

// Calls until the limit refuses one; at most a thousand.
int CallsUntilRefused(Measurement& measurement, const std::function<FactRows(int)>& rows) {
  int calls = 0;
  while (calls < 1000 && measurement.Record(rows(calls)).ok()) ++calls;
  return calls;
}

TEST(MemoryLimitTest, WordsAndAttributesThatAreAlwaysNewReachIt) {
  const std::string tail(100, 'x');
  const auto text = [&](int number) { return std::to_string(number) + tail; };
  testing::MeasurementOnFile words({.max_fact_bytes = 100'000});
  const int sources = CallsUntilRefused(words.measurement(), [&](int call) {
    Outcome outcome = OutcomeOf("anna").Id(std::to_string(call));
    outcome.context.source = testing::Kept(text(call));
    return FactRows{.outcomes = {outcome}};
  });
  EXPECT_GT(sources, 100);
  EXPECT_LT(sources, 400);
  testing::MeasurementOnFile attributes({.max_fact_bytes = 100'000});
  const int values = CallsUntilRefused(attributes.measurement(), [&](int call) {
    return FactRows{
        .exposures = {ExposureOf(std::to_string(call), "control").With("region", text(call))}};
  });
  EXPECT_GT(values, 50);
  EXPECT_LT(values, 300);
}

TEST(MemoryLimitTest, OutcomesOfOneUnitReachIt) {
  testing::MeasurementOnFile file({.max_fact_bytes = 20'000});
  const int calls = CallsUntilRefused(file.measurement(), [](int call) {
    return FactRows{.outcomes = {OutcomeOf("anna").Id(std::to_string(call))}};
  });
  EXPECT_GT(calls, 200);
  EXPECT_LT(calls, 600);
}

TEST(MemoryLimitTest, QuestionnairesCount) {
  const auto calls = [](bool followed) {
    testing::MeasurementOnFile file({.max_fact_bytes = 20'000});
    if (followed) file.measurement().Follow({.experiment = "experiments/spring"});
    EXPECT_THAT(file.measurement().Record({.exposures = {ExposureOf("anna", "control")}}), IsOk());
    return CallsUntilRefused(file.measurement(), [](int call) {
      const std::string id = std::to_string(call);
      return FactRows{.outcomes = {OutcomeOf("anna").Id(id).Value(5).Response(id)}};
    });
  };
  EXPECT_LT(calls(true), calls(false));
}

}  // namespace
}  // namespace insightloop
