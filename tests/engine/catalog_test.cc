// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/assignment/catalog_holder.h"
#include "engine/catalog_feed.h"
#include "tests/engine/assignment_fixture.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

class CatalogTest : public testing::AssignmentTest {
 protected:
  static std::vector<std::string> ExperimentsIn(const CatalogChanges& changes) {
    std::vector<std::string> names;
    for (const CatalogExperiment* experiment : changes.experiments) {
      names.push_back(experiment->name);
    }
    return names;
  }
};

TEST_F(CatalogTest, ASnapshotDoesNotChangeUnderItsReader) {
  const auto before = catalog_.Current();
  Make("visit", AnEvent());
  EXPECT_EQ(before->FindEvent("events/visit"), nullptr);
  EXPECT_NE(catalog_.Current()->FindEvent("events/visit"), nullptr);
}

TEST_F(CatalogTest, AChangeOfOneLayerLeavesTheOthersAsTheyWere) {
  Running("spring", AnExperiment());
  Make("other", Layer{});
  const auto before = catalog_.Current();
  Experiment elsewhere = AnExperiment();
  elsewhere.layer = "layers/other";
  Running("elsewhere", elsewhere);
  const auto after = catalog_.Current();
  EXPECT_EQ(after->FindLayer("layers/mail"), before->FindLayer("layers/mail"));
  EXPECT_NE(after->FindLayer("layers/other"), before->FindLayer("layers/other"));
  EXPECT_EQ(before->FindLayer("layers/other")->by_slot[0], nullptr);
  EXPECT_EQ(after->FindExperiment("experiments/elsewhere").layer, after->FindLayer("layers/other"));
}

TEST_F(CatalogTest, LoadingGivesWhatTheChangesGave) {
  Make("autumn", Campaign{});
  Experiment experiment = AnExperiment();
  experiment.campaign = "campaigns/autumn";
  const Experiment running = Running("spring", experiment);
  ResizeProgramme(7);
  CatalogHolder holder;
  ASSERT_THAT(LoadCatalog(*store_, holder), IsOk());
  const auto loaded = holder.Current();
  const Catalog::Found found = loaded->FindExperiment("experiments/spring");
  ASSERT_NE(found.experiment, nullptr);
  EXPECT_EQ(found.experiment->definition.salt, running.salt);
  EXPECT_EQ(found.layer->definition.salt,
            catalog_.Current()->FindLayer("layers/mail")->definition.salt);
  for (const ReadyExperiment* holder_of_slot : found.layer->by_slot) {
    EXPECT_EQ(holder_of_slot, found.experiment);
  }
  EXPECT_EQ(loaded->programme().holdout.slots.count(), 7U);
  EXPECT_EQ(loaded->ExperimentsOf("campaigns/autumn").size(), 1U);
  EXPECT_TRUE(loaded->HasUnitType("unitTypes/customer"));
  EXPECT_FALSE(loaded->HasUnitType("unitTypes/device"));
}

TEST_F(CatalogTest, TellsWhatChangedSinceARevision) {
  Running("spring", AnExperiment());
  const std::int64_t known = catalog_.Current()->revision();
  const auto before = catalog_.Current();
  EXPECT_THAT(ExperimentsIn(before->ChangesSince(known)), IsEmpty());
  EXPECT_FALSE(before->ChangesSince(known).snapshot);

  Make("draft", AnExperiment());
  Make("autumn", Campaign{});
  Make("second", AnExperiment());
  ASSERT_THAT(resources_->Delete<Experiment>(By("Delete"), "experiments/draft", ""), IsOk());
  const auto after = catalog_.Current();
  const CatalogChanges changes = after->ChangesSince(known);
  EXPECT_FALSE(changes.snapshot);
  EXPECT_GT(changes.revision, known);
  EXPECT_THAT(ExperimentsIn(changes), ElementsAre("experiments/second"));
  EXPECT_THAT(changes.campaigns, ElementsAre("campaigns/autumn"));
  EXPECT_THAT(changes.removed, ElementsAre("experiments/draft"));
  EXPECT_EQ(changes.programme, nullptr);

  // What came back is not told as removed.
  Make("draft", AnExperiment());
  const auto again = catalog_.Current();
  EXPECT_THAT(again->ChangesSince(known).removed, IsEmpty());
  EXPECT_THAT(ExperimentsIn(again->ChangesSince(known)),
              UnorderedElementsAre("experiments/second", "experiments/draft"));
}

TEST_F(CatalogTest, WhoeverKnowsNothingOfThisHistoryGetsASnapshot) {
  Running("spring", AnExperiment());
  const auto current = catalog_.Current();
  for (const std::int64_t after : {std::int64_t{0}, current->revision() + 1}) {
    const CatalogChanges changes = current->ChangesSince(after);
    EXPECT_TRUE(changes.snapshot);
    EXPECT_THAT(ExperimentsIn(changes), ElementsAre("experiments/spring"));
    EXPECT_NE(changes.programme, nullptr);
  }
  // After a restart deletions from before it are not known one by one.
  Make("draft", AnExperiment());
  const std::int64_t known = catalog_.Current()->revision();
  ASSERT_THAT(resources_->Delete<Experiment>(By("Delete"), "experiments/draft", ""), IsOk());
  CatalogHolder restarted;
  ASSERT_THAT(LoadCatalog(*store_, restarted), IsOk());
  EXPECT_TRUE(restarted.Current()->ChangesSince(known).snapshot);
  EXPECT_FALSE(restarted.Current()->ChangesSince(restarted.Current()->revision()).snapshot);
}

TEST_F(CatalogTest, RefusesARunningExperimentThatItCouldNotAssign) {
  Running("spring", AnExperiment());
  Catalog copy = *catalog_.Current();
  const CatalogExperiment good = copy.FindExperiment("experiments/spring").experiment->definition;
  const auto refused = [&](auto spoil) {
    CatalogExperiment bad = good;
    spoil(bad);
    return copy.Put(bad, copy.revision() + 1);
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(refused([](auto& x) { x.layer = "layers/none"; }), StatusIs(kInvalid));
  EXPECT_THAT(refused([](auto& x) { x.epochs.clear(); }), StatusIs(kInvalid));
  EXPECT_THAT(refused([](auto& x) { x.epochs[0].weights.pop_back(); }), StatusIs(kInvalid));
  EXPECT_THAT(refused([](auto& x) { x.epochs[0].weights = {0, 0}; }), StatusIs(kInvalid));
  EXPECT_THAT(refused([](auto& x) { x.epochs[0].weights = {-1, 2}; }), StatusIs(kInvalid));
  EXPECT_THAT(refused([](auto& x) { x.slots[0] = 1'000; }), StatusIs(kInvalid));
  EXPECT_THAT(refused([](auto& x) { x.salt = std::string(65, 's'); }), StatusIs(kInvalid));
  EXPECT_THAT(refused([](auto& x) { x.hash_algorithm = HashAlgorithm::kGrowthBookV2; }),
              StatusIs(kInvalid));
  EXPECT_THAT(refused([](auto&) {}), IsOk());
}

// -------------------------------------------------------------------------------------------------
// Holder

TEST_F(CatalogTest, ListenersHearOfEveryPublicationUntilTheyLeave) {
  int heard = 0;
  const std::int64_t number = catalog_.Subscribe([&heard] { ++heard; });
  Make("a", AnEvent());
  Make("b", AnEvent());
  EXPECT_EQ(heard, 2);
  Make("why", AnInsight());  // of no concern to the catalog
  EXPECT_EQ(heard, 2);
  catalog_.Unsubscribe(number);
  Make("c", AnEvent());
  EXPECT_EQ(heard, 2);
}

// 8 threads assign in a layer whose experiments start, ramp and stop. Every answer must be that of
// some catalog between the question and the answer. A listener notes each catalog just after it
// became current, so an answer may be of the one after the last that was noted.
TEST_F(CatalogTest, EveryAnswerIsThatOfACatalogBetweenQuestionAndAnswer) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 60;
  constexpr int kOneIn = 16;  // answers that are checked
  struct Asked {
    std::string unit;
    std::size_t first = 0, last = 0;  // noted before the question and after the answer
    std::string experiment, variant;
  };
  std::vector<std::shared_ptr<const Catalog>> noted = {catalog_.Current()};
  std::atomic<std::size_t> last_noted{0};
  std::atomic<bool> done{false};
  const std::int64_t listener = catalog_.Subscribe([&] {
    noted.push_back(catalog_.Current());
    last_noted = noted.size() - 1;
  });

  const AttributeMap none;
  const auto ask = [&](const Catalog& catalog, Asked& asked) {
    const auto assigner =
        Assigner::Create(catalog, {TargetKind::kLayer, "layers/mail"}, nullptr, limits_);
    const auto assignments = assigner->Ask({.unit_id = asked.unit, .attributes = none});
    const Assignment& one = assignments->one;
    asked.experiment = one.experiment == nullptr ? "" : one.experiment->definition.name;
    asked.variant = one.variant;
  };
  std::vector<std::vector<Asked>> all_asked(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<Asked>& asked_here : all_asked) {
    threads.emplace_back([&] {
      for (int unit = 0; !done; ++unit) {
        Asked asked{.unit = std::to_string(unit), .first = last_noted};
        ask(*catalog_.Current(), asked);
        asked.last = last_noted;
        if (unit % kOneIn == 0) asked_here.push_back(std::move(asked));
      }
    });
  }
  Experiment experiment = AnExperiment();
  experiment.slot_count = 100;
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = Running("e" + std::to_string(round), experiment).meta.name;
    EXPECT_THAT(lifecycle_->Ramp(By("Ramp"), name, "", 400), IsOk());
    EXPECT_THAT(lifecycle_->Ramp(By("Ramp"), name, "", 50), IsOk());
    if (round == 0) continue;
    const std::string before = "experiments/e" + std::to_string(round - 1);
    EXPECT_THAT(lifecycle_->Stop(By("Stop"), before, ""), IsOk());
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  catalog_.Unsubscribe(listener);

  std::size_t checked = 0, wrong = 0;
  for (const std::vector<Asked>& asked_there : all_asked) {
    for (const Asked& asked : asked_there) {
      bool is_right = false;
      for (std::size_t k = asked.first; k <= std::min(asked.last + 1, noted.size() - 1); ++k) {
        Asked again{.unit = asked.unit};
        ask(*noted[k], again);
        is_right |= again.experiment == asked.experiment && again.variant == asked.variant;
      }
      ++checked;
      wrong += is_right ? 0 : 1;
    }
  }
  EXPECT_GT(checked, 100U);
  EXPECT_EQ(wrong, 0U);
  EXPECT_GT(noted.size(), std::size_t{kRounds} * 4);
}

}  // namespace
}  // namespace insightloop
