// SPDX-License-Identifier: Apache-2.0

#include "engine/auto_pause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/engine/harm_fixture.h"
#include "tests/support/error_matchers.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::kFew;
using testing::kMany;
using testing::kSpring;
using ::testing::SizeIs;
using enum ExperimentState;

class AutoPauseTest : public testing::HarmTest {
 protected:
  // The experiments that a run pauses.
  std::vector<std::string> Run() {
    const AutoPauses run = auto_pause_.Run();
    EXPECT_THAT(run.failures, IsEmpty());
    std::vector<std::string> paused;
    for (const AutoPaused& one : run.paused) paused.push_back(one.experiment);
    return paused;
  }
};

TEST_F(AutoPauseTest, OneHarmedTreatmentPausesTheExperiment) {
  Running("spring", AnAutoPaused());
  Expose("control", kFew);
  Expose("reminder", kMany);
  Expose("call", kFew);
  EXPECT_THAT(Run(), IsEmpty());  // no window has closed
  Mature();
  const AutoPauses run = auto_pause_.Run();
  EXPECT_THAT(run.failures, IsEmpty());
  ASSERT_THAT(run.paused, SizeIs(1));
  EXPECT_EQ(run.paused[0].experiment, kSpring);
  ASSERT_THAT(run.paused[0].harm, SizeIs(1));
  EXPECT_EQ(run.paused[0].harm[0].variant, "reminder");
  EXPECT_THAT(run.paused[0].harm[0].detail, HasSubstr("reminder worsens metrics/complained"));
  EXPECT_EQ(Spring().state, kPaused);
  EXPECT_EQ(Spring().pause_time, clock_.Now());
  EXPECT_THAT(Spring().auto_pause_variants, ElementsAre("reminder"));
  EXPECT_THAT(Run(), IsEmpty());  // it is paused already
}

TEST_F(AutoPauseTest, ThePauseIsLogged) {
  Running("spring", AnAutoPaused());
  PlayHarm();
  const std::int64_t last = store_->Changes(0, 1'000)->back().revision;
  EXPECT_THAT(Run(), ElementsAre(kSpring));
  const auto changes = store_->Changes(last, 1'000);
  ASSERT_THAT(changes, IsOk());
  ASSERT_THAT(*changes, SizeIs(1));
  const Change& change = changes->front();
  EXPECT_EQ(change.actor, "insightloopd");
  EXPECT_EQ(change.method, "AutoPause");
  EXPECT_EQ(change.resource, kSpring);
  EXPECT_EQ(change.time, clock_.Now());
  EXPECT_THAT(*change.before, HasSubstr(R"("state":"RUNNING")"));
  EXPECT_THAT(*change.after, HasSubstr(R"("state":"PAUSED")"));
  EXPECT_THAT(*change.after, HasSubstr(R"("auto_pause_variants":["reminder"])"));
}

TEST_F(AutoPauseTest, WithoutHarmItGoesOn) {
  Running("spring", AnAutoPaused());
  for (const char* variant : {"control", "reminder", "call"}) Expose(variant, kFew);
  Mature();
  EXPECT_THAT(Run(), IsEmpty());
  EXPECT_EQ(Spring().state, kRunning);
}

TEST_F(AutoPauseTest, APlanThatDoesNotAskIsLeftAlone) {
  Experiment silent = AnAutoPaused();
  silent.plan.auto_pause = false;
  Running("spring", silent);
  PlayHarm();
  EXPECT_THAT(Run(), IsEmpty());
  EXPECT_EQ(Spring().state, kRunning);
}

TEST_F(AutoPauseTest, FailedHealthPausesNothing) {
  Running("spring", AnAutoPaused());
  Expose("control", kFew);
  Expose("reminder", kMany);
  Expose("call", kFew, /*units=*/600);
  Mature();
  ASSERT_EQ(verdicts_->Compute(kSpring)->decision, Decision::kInvalid);
  EXPECT_THAT(Run(), IsEmpty());
  EXPECT_EQ(Spring().state, kRunning);
}

TEST_F(AutoPauseTest, AResumeStandsButForTheHarmOfAnotherTreatment) {
  Running("spring", AnAutoPaused());
  PlayHarm();
  EXPECT_THAT(Run(), ElementsAre(kSpring));
  const auto resumed = lifecycle_->Resume(By("Resume"), kSpring, "");
  ASSERT_THAT(resumed, IsOk());
  EXPECT_THAT(resumed->auto_pause_variants, ElementsAre("reminder"));
  EXPECT_THAT(Run(), IsEmpty());

  Expose("control", kFew);
  Expose("reminder", kMany);
  Expose("call", kMany);
  Mature();
  const AutoPauses run = auto_pause_.Run();
  ASSERT_THAT(run.paused, SizeIs(1));
  ASSERT_THAT(run.paused[0].harm, SizeIs(1));
  EXPECT_EQ(run.paused[0].harm[0].variant, "call");
  EXPECT_THAT(Spring().auto_pause_variants, ElementsAre("reminder", "call"));
}

TEST_F(AutoPauseTest, NobodyElseSetsWhatHasPausedIt) {
  Experiment draft = AnAutoPaused();
  draft.auto_pause_variants = {"call"};
  EXPECT_THAT(Make("spring", draft).auto_pause_variants, IsEmpty());
}

TEST_F(AutoPauseTest, AHypothesisThatLostItsGuardrailsDoesNotStart) {
  Make("spring", AnAutoPaused());
  ASSERT_THAT(resources_->Update<Hypothesis>(By("Update"), "hypotheses/guarded", "",
                                             [](Hypothesis& hypothesis) {
                                               hypothesis.guardrails.clear();
                                               return absl::OkStatus();
                                             }),
              IsOk());
  EXPECT_THAT(lifecycle_->Start(By("Start"), kSpring, "", std::nullopt),
              FailsWith(absl::StatusCode::kInvalidArgument, "NO_GUARDRAIL",
                        HasSubstr("hypotheses/guarded")));
}

TEST_F(AutoPauseTest, AFailureIsToldAndHoldsUpNoOtherExperiment) {
  Running("spring", AnAutoPaused());
  PlayHarm();
  ASSERT_THAT(store_->Write({.actor = "tester", .method = "Break", .time = clock_.Now()},
                            [](ResourceStore::Transaction& store) {
                              return store.Put("experiments/broken", "{").status();
                            }),
              IsOk());
  const AutoPauses run = auto_pause_.Run();
  EXPECT_THAT(run.paused, SizeIs(1));
  ASSERT_THAT(run.failures, SizeIs(1));
  EXPECT_THAT(std::string(run.failures[0].message()), HasSubstr("experiments/broken"));
}

TEST_F(AutoPauseTest, ARunThatIsToldToStopLooksNoFurther) {
  Running("spring", AnAutoPaused());
  PlayHarm();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(auto_pause_.Run(stop.get_token()).paused, IsEmpty());
  EXPECT_EQ(Spring().state, kRunning);
}

}  // namespace
}  // namespace insightloop
