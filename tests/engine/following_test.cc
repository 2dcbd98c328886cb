// SPDX-License-Identifier: Apache-2.0
//
// A followed experiment's verdict reads no outcomes from the log; any other one does.

#include "engine/following.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"
#include "tests/support/recording.h"

namespace insightloop {
namespace {

using testing::IsOk;

constexpr char kSpring[] = "experiments/spring";

class FollowingTest : public testing::EngineTest {
 protected:
  // An experiment that has been started, and whose one unit has bought.
  void SetUp() override {
    MakeDefinitions();
    Make("spring", AnExternalExperiment());
    ASSERT_THAT(Start(), IsOk());
    const std::vector<SubmittedExposure> exposures = {{.experiment = kSpring,
                                                       .unit_id = "ada",
                                                       .variant = "control",
                                                       .occur_time = clock_.Now()}};
    const std::vector<SubmittedOutcome> outcomes = {{.outcome_id = "o",
                                                     .unit = {.unit_id = "ada"},
                                                     .event = "events/purchase",
                                                     .occur_time = clock_.Now()}};
    ASSERT_THAT(testing::RecordExposures(*recorder_, exposures), IsOk());
    ASSERT_THAT(testing::RecordOutcomes(*recorder_, outcomes), IsOk());
    clock_.Advance(Days(10));
  }

  // The same call each time.
  absl::StatusOr<Experiment> Start() {
    return lifecycle_->Start(By("Start", "2f1b1a52-9c7e-4c11-8f57-0f4f8f6a2f10", "digest"), kSpring,
                             "", std::nullopt);
  }

  int ReadsOfAVerdict() {
    const int before = log_->outcome_reads();
    EXPECT_THAT(verdicts_->Compute(kSpring), IsOk());
    return log_->outcome_reads() - before;
  }
};

TEST_F(FollowingTest, FollowsFromTheStartUntilTheConclusion) {
  EXPECT_EQ(ReadsOfAVerdict(), 0);
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), kSpring, ""), IsOk());
  EXPECT_EQ(ReadsOfAVerdict(), 0);
  ASSERT_THAT(verdicts_->Conclude(By("Conclude"), kSpring, ""), IsOk());
  EXPECT_EQ(ReadsOfAVerdict(), 1);
}

TEST_F(FollowingTest, AMoveThatIsSentAgainChangesNothing) {
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), kSpring, ""), IsOk());
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(ReadsOfAVerdict(), 0);
}

TEST_F(FollowingTest, AMoveThatIsSentAgainAfterTheConclusionFollowsNothing) {
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), kSpring, ""), IsOk());
  ASSERT_THAT(verdicts_->Conclude(By("Conclude"), kSpring, ""), IsOk());
  ASSERT_THAT(Start(), IsOk());
  EXPECT_EQ(ReadsOfAVerdict(), 1);
}

}  // namespace
}  // namespace insightloop
