// SPDX-License-Identifier: Apache-2.0
//
// Power cuts at random changes of the disk, in the life of many databases: while one is opened, in
// the middle of commits and checkpoints, and while it is closed. Nothing acknowledged is lost, and
// nothing counts twice. One client, so that a seed repeats a run exactly.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "tests/faults/client.h"
#include "tests/faults/engine.h"
#include "tests/faults/history.h"
#include "tests/faults/power_vfs.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using storage::TestFolder;
using testing::Client;
using testing::Engine;
using testing::Findings;
using testing::History;
using testing::IsOk;
using testing::PowerDisk;

using Surviving = PowerDisk::Surviving;

// The life of one database on such a disk.
class PoweredLife {
 public:
  explicit PoweredLife(std::uint64_t seed)
      : disk_(seed), client_(/*number=*/0, seed, history_), random_(seed) {}

  PowerDisk& disk() { return disk_; }

  // Opens, records, closes, and loses power at some moment of that.
  void LivesUntilTheCut(std::int64_t most_changes) {
    disk_.CutAtChange(
        1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most_changes)));
    {
      const auto engine = Engine::Open(folder_.File());
      if (engine.ok()) {
        for (int calls = 0; calls < 8; ++calls) {
          const absl::Status status = client_.Call((*engine)->Send());
          if (disk_.is_cut()) break;
          EXPECT_THAT(status, IsOk());
        }
      } else {
        EXPECT_TRUE(disk_.is_cut()) << engine.status();
      }
    }
    disk_.Cut();
    constexpr Surviving kModes[] = {Surviving::kNothing, Surviving::kSome, Surviving::kSome,
                                    Surviving::kEverything};
    disk_.Restore(kModes[random_() % 4]);
  }

  Findings Check() {
    const auto engine = Engine::Open(folder_.File());
    if (!engine.ok()) {
      return {.wrong = 1, .detail = engine.status().ToString()};
    }
    return (*engine)->Check(history_);
  }

  const History& history() const { return history_; }

 private:
  const TestFolder folder_;
  PowerDisk disk_;
  History history_;
  Client client_;
  std::mt19937_64 random_;
};

constexpr int kCutsOfALife = 25;

TEST(PowerCutTest, NothingAcknowledgedIsLostInAThousandCuts) {
  constexpr std::uint64_t kLives = 40;  // of 25 cuts
  std::int64_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= kLives; ++seed) {
    PoweredLife life(seed);
    for (int cut = 0; cut < kCutsOfALife; ++cut) {
      life.LivesUntilTheCut(/*most_changes=*/200);
      const Findings findings = life.Check();
      ASSERT_TRUE(findings.clean()) << "seed " << seed << ", cut " << cut << ": " << findings;
    }
    acknowledged += life.history().acknowledged();
  }
  EXPECT_GT(acknowledged, 10'000) << "hardly anything was at stake";
}

// The planted defect: `PRAGMA synchronous = NORMAL`, played by the disk.
TEST(PowerCutTest, CommitsThatAreNotSyncedAreFoundOut) {
  std::int64_t lost = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    PoweredLife life(seed);
    life.disk().DropSyncsOfCommits();
    life.LivesUntilTheCut(/*most_changes=*/200);
    lost += life.Check().lost;
  }
  EXPECT_GT(lost, 0);
}

}  // namespace
}  // namespace insightloop
