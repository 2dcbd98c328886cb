// SPDX-License-Identifier: Apache-2.0

#include "engine/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "engine/sealing.h"
#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using enum ExperimentState;

TEST(LifecycleTableTest, HasExactlyTheLegalMoves) {
  int legal = 0;
  for (const ExperimentState state : {kDraft, kRunning, kPaused, kStopped, kConcluded}) {
    for (const Move move :
         {Move::kStart, Move::kPause, Move::kResume, Move::kStop, Move::kConclude, Move::kChange}) {
      legal += StateAfter(state, move).has_value() ? 1 : 0;
    }
  }
  EXPECT_EQ(legal, 8);
  EXPECT_EQ(StateAfter(kDraft, Move::kStart), kRunning);
  EXPECT_EQ(StateAfter(kRunning, Move::kPause), kPaused);
  EXPECT_EQ(StateAfter(kPaused, Move::kResume), kRunning);
  EXPECT_EQ(StateAfter(kRunning, Move::kStop), kStopped);
  EXPECT_EQ(StateAfter(kPaused, Move::kStop), kStopped);
  EXPECT_EQ(StateAfter(kStopped, Move::kConclude), kConcluded);
  EXPECT_EQ(StateAfter(kRunning, Move::kChange), kRunning);
  EXPECT_EQ(StateAfter(kPaused, Move::kChange), kPaused);
}

class LifecycleTest : public testing::EngineTest {
 protected:
  void SetUp() override { MakeDefinitions(); }
};

TEST_F(LifecycleTest, AStartSealsThePlanAndTakesTheSlots) {
  const Experiment experiment = Running("spring", AnExperiment());
  EXPECT_EQ(experiment.state, kRunning);
  EXPECT_EQ(experiment.start_time, clock_.Now());
  EXPECT_EQ(experiment.epoch, 1);
  EXPECT_EQ(experiment.slots.size(), 1'000U);
  EXPECT_EQ(experiment.plan_digest, Sha256Hex(experiment.sealed_plan));
  const auto plan = ReadSealedPlan(experiment.sealed_plan);
  ASSERT_THAT(plan, IsOk());
  EXPECT_EQ(plan->plan.alpha, kDefaultAlpha);
  EXPECT_EQ(plan->metrics.at(0).meta.name, "metrics/bought");
  EXPECT_EQ(plan->events.at(0).meta.name, "events/purchase");
}

TEST_F(LifecycleTest, SealsWhatRatiosAndCovariatesNeedAndKeepsTheirAttributes) {
  Make("visit", AnEvent());
  Make("age", Attribute{.value_type = ValueType::kNumber});
  Make("country", Attribute{.value_type = ValueType::kString});
  Make("per-visit", Metric{.kind = MetricKind::kRatio,
                           .event = "events/purchase",
                           .window = Window{.length = Days(7)},
                           .denominator = Denominator{.event = "events/visit"}});
  Metric adjusted = AMetric();
  adjusted.covariate = Covariate{.attribute = "attributes/age"};
  Make("adjusted", adjusted);
  Experiment draft = AnExperiment();
  draft.plan.secondary_metrics = {"metrics/per-visit", "metrics/adjusted"};
  draft.plan.segment_attributes = {"attributes/country"};
  const Experiment experiment = Running("spring", draft);
  const auto plan = ReadSealedPlan(experiment.sealed_plan);
  ASSERT_THAT(plan, IsOk());
  EXPECT_NE(FindByName(plan->events, "events/visit"), nullptr);
  EXPECT_NE(FindByName(plan->attributes, "attributes/age"), nullptr);
  EXPECT_EQ(FindByName(plan->metrics, "metrics/adjusted")->covariate->attribute, "attributes/age");
  const auto catalog = catalog_.Current();
  EXPECT_THAT(catalog->FindExperiment("experiments/spring").experiment->definition.kept_attributes,
              ::testing::ElementsAre("age", "country"));
}

TEST_F(LifecycleTest, ALaterEditOfADefinitionDoesNotTouchTheSealedPlan) {
  const Experiment before = Running("spring", AnExperiment());
  ASSERT_THAT(resources_->Update<Metric>(By("Update"), "metrics/bought", "",
                                         [](Metric& metric) {
                                           metric.window = Window{.length = Days(30)};
                                           return absl::OkStatus();
                                         }),
              IsOk());
  const auto after = resources_->Get<Experiment>("experiments/spring");
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->sealed_plan, before.sealed_plan);
}

TEST_F(LifecycleTest, ASealedExperimentKeepsItsPlanButNotItsName) {
  Running("spring", AnExperiment());
  EXPECT_THAT(resources_->Update<Experiment>(By("Update"), "experiments/spring", "",
                                             [](Experiment& experiment) {
                                               experiment.plan.alpha = 0.1;
                                               return absl::OkStatus();
                                             }),
              FailsWith(absl::StatusCode::kFailedPrecondition, "SEALED", HasSubstr("RUNNING")));
  const auto renamed =
      resources_->Update<Experiment>(By("Update"), "experiments/spring", "", [](Experiment& e) {
        e.display_name = "Spring";
        return absl::OkStatus();
      });
  ASSERT_THAT(renamed, IsOk());
  EXPECT_EQ(renamed->display_name, "Spring");
  EXPECT_THAT(resources_->Delete<Experiment>(By("Delete"), "experiments/spring", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "NOT_DRAFT", HasSubstr("RUNNING")));
}

TEST_F(LifecycleTest, StatesCannotBeSetByAnUpdate) {
  Make("spring", AnExperiment());
  const auto updated =
      resources_->Update<Experiment>(By("Update"), "experiments/spring", "", [](Experiment& e) {
        e.state = kConcluded;
        return absl::OkStatus();
      });
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->state, kDraft);
}

TEST_F(LifecycleTest, AnIllegalMoveNamesTheStateAndWhatItNeeds) {
  Make("spring", AnExperiment());
  EXPECT_THAT(lifecycle_->Pause(By("Pause"), "experiments/spring", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE",
                        HasSubstr("is DRAFT; this needs RUNNING")));
  EXPECT_THAT(lifecycle_->Stop(By("Stop"), "experiments/spring", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE",
                        HasSubstr("RUNNING or PAUSED")));
  EXPECT_THAT(lifecycle_->Pause(By("Pause"), "experiments/none", ""),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("none")));
  EXPECT_THAT(lifecycle_->Pause(By("Pause"), "spring", ""),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_NAME", HasSubstr("spring")));
}

TEST_F(LifecycleTest, AStopGivesTheSlotsBack) {
  Experiment half = AnExperiment();
  half.slot_count = 600;
  Running("first", half);
  Make("second", half);
  EXPECT_THAT(lifecycle_->Start(By("Start"), "experiments/second", "", std::nullopt),
              FailsWith(absl::StatusCode::kFailedPrecondition, "LAYER_FULL",
                        HasSubstr("asks for 600 slots, but layers/mail has 400 free")));
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), "experiments/first", ""), IsOk());
  EXPECT_THAT(lifecycle_->Start(By("Start"), "experiments/second", "", std::nullopt), IsOk());
}

TEST_F(LifecycleTest, ExperimentsOfOneLayerNeverShareASlot) {
  Experiment third = AnExperiment();
  third.slot_count = 333;
  std::set<std::int32_t> seen;
  for (const char* id : {"a", "b", "c"}) {
    for (const std::int32_t slot : Running(id, third).slots) {
      EXPECT_TRUE(seen.insert(slot).second) << slot;
    }
  }
  EXPECT_EQ(seen.size(), 999U);
}

TEST_F(LifecycleTest, OnlyAnExternalExperimentStartsInThePast) {
  const Time past = clock_.Now() - Days(60);
  Make("own", AnExperiment());
  EXPECT_THAT(lifecycle_->Start(By("Start"), "experiments/own", "", past),
              FailsWith(absl::StatusCode::kInvalidArgument, "NOT_EXTERNAL", HasSubstr("now")));
  Make("theirs", AnExternalExperiment());
  EXPECT_THAT(lifecycle_->Start(By("Start"), "experiments/theirs", "", clock_.Now() + Duration{1}),
              FailsWith(absl::StatusCode::kInvalidArgument, "TIME_IN_FUTURE", HasSubstr("past")));
  const auto started = lifecycle_->Start(By("Start"), "experiments/theirs", "", past);
  ASSERT_THAT(started, IsOk());
  EXPECT_EQ(started->start_time, past);
  EXPECT_TRUE(started->slots.empty());
}

TEST_F(LifecycleTest, AnInternalExperimentNeedsWindows) {
  ASSERT_THAT(resources_->Update<Metric>(By("Update"), "metrics/bought", "",
                                         [](Metric& metric) {
                                           metric.window.reset();
                                           return absl::OkStatus();
                                         }),
              IsOk());
  Make("spring", AnExperiment());
  EXPECT_THAT(
      lifecycle_->Start(By("Start"), "experiments/spring", "", std::nullopt),
      FailsWith(absl::StatusCode::kFailedPrecondition, "NO_WINDOW", HasSubstr("metrics/bought")));
}

// The hypothesis of a draft may still change to a metric that the plan's margin is not for.
TEST_F(LifecycleTest, APlanWhoseMarginFitsNoMoreDoesNotStart) {
  Make("rating", Event{.value_kind = ValueKind::kScore, .minimum = 0, .maximum = 10});
  Make("recommend", Metric{.kind = MetricKind::kNps,
                           .event = "events/rating",
                           .window = Window{.length = Days(7)}});
  Experiment experiment = AnExperiment();
  experiment.plan.goal = Goal::kNonInferiority;
  experiment.plan.margin = EffectSize{.value = 0.02, .scale = Scale::kRelative};
  Make("spring", experiment);
  ASSERT_THAT(resources_->Update<Hypothesis>(By("Update"), "hypotheses/reminder", "",
                                             [](Hypothesis& hypothesis) {
                                               hypothesis.primary_metric = "metrics/recommend";
                                               return absl::OkStatus();
                                             }),
              IsOk());
  EXPECT_THAT(lifecycle_->Start(By("Start"), "experiments/spring", "", std::nullopt),
              FailsWith(absl::StatusCode::kInvalidArgument, "RELATIVE_ON_NPS",
                        HasSubstr("plan.margin.scale: is RELATIVE")));
}

TEST_F(LifecycleTest, APauseKeepsItsTimeUntilItEnds) {
  Running("spring", AnExperiment());
  clock_.Advance(Hours(1));
  const auto paused = lifecycle_->Pause(By("Pause"), "experiments/spring", "");
  ASSERT_THAT(paused, IsOk());
  EXPECT_EQ(paused->pause_time, clock_.Now());
  const auto resumed = lifecycle_->Resume(By("Resume"), "experiments/spring", "");
  ASSERT_THAT(resumed, IsOk());
  EXPECT_EQ(resumed->pause_time, Time{});
}

TEST_F(LifecycleTest, ARepeatedMoveGetsTheFirstAnswer) {
  const Experiment draft = Make("spring", AnExperiment());
  const Caller caller = By("Start", "2f1b1a52-9c7e-4c11-8f57-0f4f8f6a2f10", "digest");
  const auto first = lifecycle_->Start(caller, draft.meta.name, draft.meta.etag, std::nullopt);
  ASSERT_THAT(first, IsOk());
  clock_.Advance(Hours(1));
  const auto again = lifecycle_->Start(caller, draft.meta.name, draft.meta.etag, std::nullopt);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->meta.etag, first->meta.etag);
  EXPECT_EQ(again->salt, first->salt);
  EXPECT_EQ(again->meta.create_time, draft.meta.create_time);
  EXPECT_THAT(lifecycle_->Pause(By("Pause"), draft.meta.name, draft.meta.etag),
              FailsWith(absl::StatusCode::kAborted, "STALE_ETAG", HasSubstr("changed")));
}

}  // namespace
}  // namespace insightloop
