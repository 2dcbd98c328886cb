// SPDX-License-Identifier: Apache-2.0
//
// Changes of traffic, weights and holdouts while experiments run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/lifecycle.h"
#include "tests/engine/assignment_fixture.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

using Slots = std::vector<std::int32_t>;

bool StartsWith(const Slots& all, const Slots& first) {
  return all.size() >= first.size() && std::equal(first.begin(), first.end(), all.begin());
}

class TrafficTest : public testing::AssignmentTest {
 protected:
  Experiment With(std::int32_t slot_count) {
    Experiment experiment = AnExperiment();
    experiment.slot_count = slot_count;
    return experiment;
  }
  absl::StatusOr<Experiment> Ramp(std::int32_t slot_count,
                                  std::string_view name = "experiments/spring") {
    return lifecycle_->Ramp(By("Ramp"), name, "", slot_count);
  }
  absl::StatusOr<Layer> ResizeHoldout(std::int32_t slot_count) {
    return resources_->Update<Layer>(By("Update"), "layers/mail", "", [=](Layer& layer) {
      layer.holdout.slot_count = slot_count;
      return absl::OkStatus();
    });
  }
};

TEST_F(TrafficTest, MoreTrafficKeepsEverySlotThatIsHeld) {
  const Slots at_10 = Running("spring", With(100)).slots;
  const auto at_50 = Ramp(500);
  ASSERT_THAT(at_50, IsOk());
  EXPECT_EQ(at_50->slots.size(), 500U);
  EXPECT_EQ(at_50->slot_count, 500);
  EXPECT_TRUE(StartsWith(at_50->slots, at_10));
  const auto at_100 = Ramp(1'000);
  ASSERT_THAT(at_100, IsOk());
  EXPECT_TRUE(StartsWith(at_100->slots, at_50->slots));
  EXPECT_EQ(std::set<std::int32_t>(at_100->slots.begin(), at_100->slots.end()).size(), 1'000U);
  EXPECT_EQ(at_100->epoch, 1);  // the arms' ratio is what it was
}

TEST_F(TrafficTest, GoingDownAndUpAgainRestoresTheSameSlots) {
  Running("spring", With(100));
  const Slots at_50 = Ramp(500)->slots;
  const auto down = Ramp(200);
  ASSERT_THAT(down, IsOk());
  EXPECT_TRUE(StartsWith(at_50, down->slots));
  EXPECT_EQ(down->reserved_slots.size(), 300U);
  const auto further_down = Ramp(50);
  EXPECT_EQ(further_down->reserved_slots.size(), 450U);
  EXPECT_EQ(Ramp(300)->slots, Slots(at_50.begin(), at_50.begin() + 300));
  const auto up = Ramp(500);
  EXPECT_EQ(up->slots, at_50);
  EXPECT_TRUE(up->reserved_slots.empty());
}

TEST_F(TrafficTest, SlotsGivenUpStayReservedUntilTheyAreReleased) {
  Running("spring", With(600));
  ASSERT_THAT(Ramp(100), IsOk());
  Make("other", With(500));
  EXPECT_THAT(lifecycle_->Start(By("Start"), "experiments/other", "", std::nullopt),
              FailsWith(absl::StatusCode::kFailedPrecondition, "LAYER_FULL",
                        HasSubstr("asks for 500 slots, but layers/mail has 400 free; ask for at "
                                  "most 400")));
  const auto released = lifecycle_->ReleaseSlots(By("Release"), "experiments/spring", "");
  ASSERT_THAT(released, IsOk());
  EXPECT_TRUE(released->reserved_slots.empty());
  EXPECT_EQ(released->slots.size(), 100U);
  EXPECT_THAT(lifecycle_->Start(By("Start"), "experiments/other", "", std::nullopt), IsOk());
}

TEST_F(TrafficTest, AStopGivesReservedSlotsBackAsWell) {
  Running("spring", With(600));
  ASSERT_THAT(Ramp(100), IsOk());
  const auto stopped = lifecycle_->Stop(By("Stop"), "experiments/spring", "");
  ASSERT_THAT(stopped, IsOk());
  EXPECT_TRUE(stopped->slots.empty());
  EXPECT_TRUE(stopped->reserved_slots.empty());
  Running("other", With(1'000));
}

TEST_F(TrafficTest, AskingForMoreThanIsFreeSaysHowMuchIs) {
  Running("spring", With(600));
  Running("other", With(300));
  EXPECT_THAT(Ramp(701), FailsWith(absl::StatusCode::kFailedPrecondition, "LAYER_FULL",
                                   HasSubstr("asks for 701 slots, of which it has 600, but "
                                             "layers/mail has 100 free; ask for at most 700")));
  EXPECT_EQ(resources_->Get<Experiment>("experiments/spring")->slots.size(), 600U);
  EXPECT_THAT(Ramp(700), IsOk());
}

TEST_F(TrafficTest, RampsHaveTheirRules) {
  Make("draft", With(100));
  EXPECT_THAT(Ramp(200, "experiments/draft"),
              FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE",
                        HasSubstr("is DRAFT; this needs RUNNING or PAUSED")));
  Running("spring", With(100));
  for (const std::int32_t bad : {0, -1, 1'001}) {
    EXPECT_THAT(Ramp(bad), FailsWith(absl::StatusCode::kInvalidArgument, "OUT_OF_RANGE",
                                     HasSubstr("slot_count: is ")));
  }
  Running("theirs", AnExternalExperiment());
  EXPECT_THAT(Ramp(100, "experiments/theirs"),
              FailsWith(absl::StatusCode::kInvalidArgument, "NOT_FOR_EXTERNAL",
                        HasSubstr("another system")));
  ASSERT_THAT(lifecycle_->Pause(By("Pause"), "experiments/spring", ""), IsOk());
  const auto paused = Ramp(300);
  ASSERT_THAT(paused, IsOk());
  EXPECT_EQ(paused->state, ExperimentState::kPaused);
}

TEST_F(TrafficTest, SlotsAreDrawnAtRandom) {
  const Slots slots = Running("spring", With(500)).slots;
  // Of 500 out of 1,000 slots drawn at random, those in the lower half are hypergeometric: mean
  // 250, sd 7.9; five of them.
  const auto lower =
      std::count_if(slots.begin(), slots.end(), [](std::int32_t slot) { return slot < 500; });
  EXPECT_NEAR(static_cast<double>(lower), 250, 40);
}

// -------------------------------------------------------------------------------------------------
// Holdouts

TEST_F(TrafficTest, AHoldoutTakesSlotsThatNoExperimentHas) {
  const Slots held = Running("spring", With(900)).slots;
  const auto layer = ResizeHoldout(100);
  ASSERT_THAT(layer, IsOk());
  EXPECT_EQ(layer->holdout.slots.size(), 100U);
  EXPECT_EQ(layer->holdout.epoch, 1);
  std::set<std::int32_t> all(held.begin(), held.end());
  all.insert(layer->holdout.slots.begin(), layer->holdout.slots.end());
  EXPECT_EQ(all.size(), 1'000U);
  EXPECT_THAT(ResizeHoldout(101), FailsWith(absl::StatusCode::kFailedPrecondition, "LAYER_FULL",
                                            HasSubstr("has 0 free; ask for at most 100")));
  EXPECT_THAT(Ramp(901), FailsWith(absl::StatusCode::kFailedPrecondition, "LAYER_FULL",
                                   HasSubstr("has 0 free")));
}

TEST_F(TrafficTest, AnotherSizeOfAHoldoutOpensAnEpoch) {
  const Slots at_100 = ResizeHoldout(100)->holdout.slots;
  const auto larger = ResizeHoldout(200);
  EXPECT_TRUE(StartsWith(larger->holdout.slots, at_100));
  EXPECT_EQ(larger->holdout.epoch, 2);
  const auto smaller = ResizeHoldout(100);
  EXPECT_EQ(smaller->holdout.slots, at_100);
  EXPECT_EQ(smaller->holdout.epoch, 3);
  EXPECT_EQ(ResizeHoldout(100)->holdout.epoch, 3);
  EXPECT_THAT(ResizeHoldout(1'001), FailsWith(absl::StatusCode::kInvalidArgument, "OUT_OF_RANGE",
                                              HasSubstr("holdout.slot_count: is 1001")));
}

TEST_F(TrafficTest, AHoldoutsSlotsAreNotTheCallersToChoose) {
  const auto layer = resources_->Update<Layer>(By("Update"), "layers/mail", "", [](Layer& changed) {
    changed.holdout = {.slot_count = 1, .epoch = 9, .slots = {1, 2, 3}};
    return absl::OkStatus();
  });
  ASSERT_THAT(layer, IsOk());
  EXPECT_EQ(layer->holdout.slots.size(), 1U);
  EXPECT_EQ(layer->holdout.epoch, 1);
}

// -------------------------------------------------------------------------------------------------
// Weights

TEST_F(TrafficTest, OtherWeightsOpenAnEpoch) {
  Running("spring", With(1'000));
  clock_.Advance(Hours(5));
  const auto changed =
      lifecycle_->Reallocate(By("Reallocate"), "experiments/spring", "", {{"reminder", 3}});
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->epoch, 2);
  ASSERT_EQ(changed->epochs.size(), 2U);
  EXPECT_THAT(changed->epochs[0].weights, ElementsAre(1, 1));
  EXPECT_EQ(changed->epochs[0].start_time, changed->start_time);
  EXPECT_THAT(changed->epochs[1].weights, ElementsAre(1, 3));
  EXPECT_EQ(changed->epochs[1].start_time, changed->start_time + Hours(5));
  EXPECT_EQ(changed->variants[1].weight, 1);  // as sealed
  const auto same = lifecycle_->Reallocate(By("Reallocate"), "experiments/spring", "",
                                           {{"reminder", 3}, {"control", 1}});
  ASSERT_THAT(same, IsOk());
  EXPECT_EQ(same->epochs.size(), 2U);
}

TEST_F(TrafficTest, NewWeightsHaveTheRulesOfWeights) {
  Running("spring", With(1'000));
  const auto change = [&](const std::map<std::string, std::int32_t>& weights) {
    return lifecycle_->Reallocate(By("Reallocate"), "experiments/spring", "", weights);
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(change({}), FailsWith(kInvalid, "FIELD_REQUIRED", HasSubstr("weights: is empty")));
  EXPECT_THAT(change({{"nobody", 1}}),
              FailsWith(kInvalid, "UNKNOWN_VARIANT", HasSubstr("weights.nobody")));
  EXPECT_THAT(change({{"control", 0}}),
              FailsWith(kInvalid, "NOTHING_TO_COMPARE", HasSubstr("control")));
  EXPECT_THAT(change({{"reminder", -1}}),
              FailsWith(kInvalid, "OUT_OF_RANGE", HasSubstr("weights.reminder: is -1")));
  for (std::int32_t weight = 2; weight <= 100; ++weight) {
    ASSERT_THAT(change({{"reminder", weight}}), IsOk());
  }
  EXPECT_THAT(change({{"reminder", 101}}),
              FailsWith(absl::StatusCode::kFailedPrecondition, "TOO_MANY_EPOCHS",
                        HasSubstr("has had 100 epochs")));
}

// -------------------------------------------------------------------------------------------------
// Overrides

TEST_F(TrafficTest, AUnitHasAtMostOneOverrideInTheRunningExperimentsOfALayer) {
  Experiment first = With(100);
  first.overrides = {{.unit_id = "t", .variant = "control"}};
  Running("first", first);
  Make("second", first);
  EXPECT_THAT(lifecycle_->Start(By("Start"), "experiments/second", "", std::nullopt),
              FailsWith(absl::StatusCode::kFailedPrecondition, "CONFLICTING_OVERRIDES",
                        HasSubstr("override for unit \"t\", and so has experiments/first")));
  Running("third", With(100));
  EXPECT_THAT(resources_->Update<Experiment>(By("Update"), "experiments/third", "",
                                             [&](Experiment& experiment) {
                                               experiment.overrides = first.overrides;
                                               return absl::OkStatus();
                                             }),
              FailsWith(absl::StatusCode::kFailedPrecondition, "CONFLICTING_OVERRIDES",
                        HasSubstr("experiments/first")));
  Make("other", Layer{});
  Experiment elsewhere = first;
  elsewhere.layer = "layers/other";
  Running("elsewhere", elsewhere);
}

TEST_F(TrafficTest, UnequalWeightsAreRefusedForMoneyWithoutACap) {
  const auto refused =
      FailsWith(absl::StatusCode::kInvalidArgument, "NEEDS_CAP", HasSubstr("metrics/spent"));
  Make("order", Event{.value_kind = ValueKind::kMoney, .currency = "EUR"});
  Metric spent = AMetric();
  spent.kind = MetricKind::kMean;
  spent.event = "events/order";
  Make("spent", spent);
  Hypothesis hypothesis = AHypothesis();
  hypothesis.primary_metric = "metrics/spent";
  Make("more-money", hypothesis);
  Experiment experiment = With(100);
  experiment.hypothesis = "hypotheses/more-money";
  Running("equal", experiment);
  EXPECT_THAT(lifecycle_->Reallocate(By("Reallocate"), "experiments/equal", "", {{"reminder", 2}}),
              refused);

  experiment.variants[1].weight = 2;
  EXPECT_THAT(resources_->Create(By("Create"), "unequal", experiment), refused);
  // What was fine as a draft is checked again at its start.
  ASSERT_THAT(resources_->Update<Metric>(By("Update"), "metrics/spent", "",
                                         [](Metric& metric) {
                                           metric.cap = Cap{.percentile = 0.99};
                                           return absl::OkStatus();
                                         }),
              IsOk());
  Make("unequal", experiment);
  ASSERT_THAT(resources_->Update<Metric>(By("Update"), "metrics/spent", "",
                                         [](Metric& metric) {
                                           metric.cap.reset();
                                           return absl::OkStatus();
                                         }),
              IsOk());
  EXPECT_THAT(lifecycle_->Start(By("Start"), "experiments/unequal", "", std::nullopt), refused);
}

}  // namespace
}  // namespace insightloop
