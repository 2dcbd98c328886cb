// SPDX-License-Identifier: Apache-2.0

#include "engine/verdicts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/domain/json.h"
#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"
#include "tests/support/kept.h"
#include "tests/support/recording.h"

namespace insightloop {
namespace {

using testing::ExpectAccepted;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

class VerdictsTest : public testing::EngineTest {
 protected:
  void SetUp() override { MakeDefinitions(); }

  // An external experiment with 1,000 units an arm, of whom 100 and 200 buy; ten days after its
  // start.
  void PlayedOut() {
    Running("spring", AnExternalExperiment());
    std::vector<SubmittedExposure> exposures;
    std::vector<SubmittedOutcome> outcomes;
    for (int unit = 0; unit < 2'000; ++unit) {
      const bool treated = unit % 2 == 1;
      const std::string id = std::to_string(unit);
      exposures.push_back({.experiment = "experiments/spring",
                           .unit_id = id,
                           .variant = treated ? "reminder" : "control",
                           .occur_time = clock_.Now()});
      if (unit / 2 < (treated ? 200 : 100)) {
        outcomes.push_back({.outcome_id = "o",
                            .unit = {.unit_id = testing::Kept(id)},
                            .event = "events/purchase",
                            .occur_time = clock_.Now() + Hours(1)});
      }
    }
    ExpectAccepted(testing::RecordExposures(*recorder_, exposures));
    ExpectAccepted(testing::RecordOutcomes(*recorder_, outcomes));
    clock_.Advance(Days(10));
  }
};

TEST_F(VerdictsTest, ADraftHasNoVerdict) {
  Make("spring", AnExperiment());
  EXPECT_THAT(verdicts_->Compute("experiments/spring"),
              FailsWith(absl::StatusCode::kFailedPrecondition, "NOT_STARTED", HasSubstr("start")));
}

TEST_F(VerdictsTest, TooLittleDataIsAVerdict) {
  Running("spring", AnExperiment());
  const auto verdict = verdicts_->Compute("experiments/spring");
  ASSERT_THAT(verdict, IsOk());
  EXPECT_EQ(verdict->decision, Decision::kKeepRunning);
  EXPECT_EQ(verdict->matured_units, 0);
}

TEST_F(VerdictsTest, ComputesOnTheFactsUnderTheSealedPlan) {
  PlayedOut();
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), "experiments/spring", ""), IsOk());
  const auto verdict = verdicts_->Compute("experiments/spring");
  ASSERT_THAT(verdict, IsOk());
  EXPECT_EQ(verdict->decision, Decision::kShip);
  EXPECT_EQ(verdict->ship_variant, "reminder");
  EXPECT_EQ(verdict->data_through, clock_.Now());
  EXPECT_EQ(verdict->plan_digest, resources_->Get<Experiment>("experiments/spring")->plan_digest);
  const Result& primary = verdict->results.at(0);
  EXPECT_EQ(primary.units_treatment, 1'000);
  EXPECT_DOUBLE_EQ(*primary.control_value, 0.1);
  EXPECT_DOUBLE_EQ(*primary.treatment_value, 0.2);
}

TEST_F(VerdictsTest, KeptVerdictsAreListedOldestFirst) {
  PlayedOut();
  const auto first = verdicts_->Record(By("Record"), "experiments/spring");
  ASSERT_THAT(first, IsOk());
  clock_.Advance(Seconds(1));
  const auto second = verdicts_->Record(By("Record"), "experiments/spring");
  ASSERT_THAT(second, IsOk());
  const auto read = verdicts_->Get(first->name);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(ToJson(*read), ToJson(*first));
  const auto page = verdicts_->List("experiments/spring", "", 1);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->items.at(0).name, first->name);
  const auto rest = verdicts_->List("experiments/spring", page->next, 10);
  ASSERT_EQ(rest->items.size(), 1U);
  EXPECT_EQ(rest->items[0].name, second->name);
}

TEST_F(VerdictsTest, AVerdictOnOtherFactsRestatesTheLatest) {
  PlayedOut();
  const auto first = verdicts_->Record(By("Record"), "experiments/spring");
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->restates, "");
  const auto same = verdicts_->Record(By("Record"), "experiments/spring");
  ASSERT_THAT(same, IsOk());
  EXPECT_EQ(same->restates, "");
  // An outcome of the time that was measured comes after all.
  ExpectAccepted(testing::RecordOutcomes(*recorder_, {{.outcome_id = "late",
                                                       .unit = {.unit_id = "999"},
                                                       .event = "events/purchase",
                                                       .occur_time = clock_.Now() - Days(9)}}));
  const auto restated = verdicts_->Record(By("Record"), "experiments/spring");
  ASSERT_THAT(restated, IsOk());
  EXPECT_EQ(restated->restates, same->name);
  ASSERT_EQ(restated->changes.size(), 1U);
  EXPECT_THAT(restated->changes[0], HasSubstr("The effect of reminder on metrics/bought was +10"));
}

TEST_F(VerdictsTest, VerdictsOfOneInstantAreListedInTheirOrder) {
  PlayedOut();
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i) {
    const auto verdict = verdicts_->Record(By("Record"), "experiments/spring");
    ASSERT_THAT(verdict, IsOk());
    names.push_back(verdict->name);
  }
  const auto page = verdicts_->List("experiments/spring", "", 20);
  ASSERT_THAT(page, IsOk());
  std::vector<std::string> listed;
  for (const Verdict& verdict : page->items) listed.push_back(verdict.name);
  EXPECT_EQ(listed, names);
}

TEST_F(VerdictsTest, ARepeatedRecordKeepsOne) {
  PlayedOut();
  const Caller caller = By("Record", "2f1b1a52-9c7e-4c11-8f57-0f4f8f6a2f10", "digest");
  const auto first = verdicts_->Record(caller, "experiments/spring");
  ASSERT_THAT(first, IsOk());
  clock_.Advance(Seconds(1));
  EXPECT_EQ(verdicts_->Record(caller, "experiments/spring")->name, first->name);
  EXPECT_EQ(verdicts_->List("experiments/spring", "", 10)->items.size(), 1U);
}

TEST_F(VerdictsTest, UnknownAndMalformedNamesAreRefused) {
  EXPECT_THAT(verdicts_->Get("experiments/spring/verdicts/v1"),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("v1")));
  for (const char* name : {"verdicts/v1", "v1", "", "experiments/a/b/verdicts/v1",
                           "experiments/spring/verdicts/", "/verdicts/v1"}) {
    EXPECT_THAT(verdicts_->Get(name), FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_NAME",
                                                HasSubstr("experiments/{e}/verdicts/{v}")))
        << name;
  }
  EXPECT_THAT(verdicts_->List("experiments/none", "", 10),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("none")));
}

TEST_F(VerdictsTest, AnOpenWindowHoldsUpTheConclusion) {
  PlayedOut();
  ExpectAccepted(testing::RecordExposures(
      *recorder_, std::vector<SubmittedExposure>{
                      {"experiments/spring", "last", "control", clock_.Now() - Seconds(1), {}}}));
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), "experiments/spring", ""), IsOk());
  const Time closes = clock_.Now() - Seconds(1) + Days(7) + limits_.lateness_allowance;
  EXPECT_THAT(verdicts_->Conclude(By("Conclude"), "experiments/spring", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WINDOWS_OPEN",
                        HasSubstr("1 units whose windows are open; conclude it after " +
                                  FormatTime(closes))));
  clock_.Set(closes);
  EXPECT_THAT(verdicts_->Conclude(By("Conclude"), "experiments/spring", ""), IsOk());
}

TEST_F(VerdictsTest, AConclusionKeepsTheVerdictAndMakesTheInsight) {
  PlayedOut();
  EXPECT_THAT(verdicts_->Conclude(By("Conclude"), "experiments/spring", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE",
                        HasSubstr("is RUNNING; this needs STOPPED")));
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), "experiments/spring", ""), IsOk());
  const Caller caller = By("Conclude", "2f1b1a52-9c7e-4c11-8f57-0f4f8f6a2f10", "digest");
  const auto conclusion = verdicts_->Conclude(caller, "experiments/spring", "");
  ASSERT_THAT(conclusion, IsOk());
  EXPECT_EQ(conclusion->experiment.state, ExperimentState::kConcluded);
  EXPECT_EQ(conclusion->experiment.final_verdict, conclusion->verdict.name);
  EXPECT_EQ(conclusion->experiment.insight, conclusion->insight.meta.name);
  EXPECT_EQ(conclusion->insight.verdict, conclusion->verdict.name);
  EXPECT_EQ(conclusion->insight.parents, std::vector<std::string>{"insights/reminder"});
  EXPECT_THAT(verdicts_->Get(conclusion->verdict.name), IsOk());
  EXPECT_THAT(resources_->Get<Insight>(conclusion->insight.meta.name), IsOk());

  const auto again = verdicts_->Conclude(caller, "experiments/spring", "");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->verdict.name, conclusion->verdict.name);
  EXPECT_EQ(again->insight.meta.name, conclusion->insight.meta.name);
  EXPECT_EQ(again->experiment.meta.etag, conclusion->experiment.meta.etag);
}

}  // namespace
}  // namespace insightloop
