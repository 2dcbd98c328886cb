// SPDX-License-Identifier: Apache-2.0
//
// Power cuts at random changes of the disk, in the life of many databases: while one is made,
// opened or recovered, in the middle of commits and checkpoints, and while it is closed. Nothing
// acknowledged is lost, and nothing counts twice. One client, so that a seed repeats a run exactly.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <utility>

#include "absl/status/status.h"
#include "engine/ports/fact_log.h"
#include "storage/sqlite/fact_log.h"
#include "tests/faults/client.h"
#include "tests/faults/engine.h"
#include "tests/faults/history.h"
#include "tests/faults/power_vfs.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/append.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using storage::SqliteFactLog;
using storage::TestFolder;
using testing::Client;
using ::testing::ElementsAre;
using testing::Engine;
using testing::Findings;
using ::testing::Gt;
using testing::History;
using testing::IsOk;
using ::testing::Pair;
using testing::PowerDisk;

using Surviving = PowerDisk::Surviving;

enum class Phase { kOpening, kRecording, kClosing };

// The life of one database on such a disk.
class PoweredLife {
 public:
  explicit PoweredLife(std::uint64_t seed)
      : disk_(seed), client_(/*number=*/0, seed, history_), random_(seed) {}

  PowerDisk& disk() { return disk_; }
  [[nodiscard]] const History& history() const { return history_; }

  // Opens, records and closes, and loses power at some moment of that. The result says when.
  template <class Log = SqliteFactLog>
  Phase LosesPower() {
    // Opening changes little, unless the cut before left a log.
    disk_.CutAtChange(Draw(Draw(3) == 1 ? 10 : 120));
    Phase phase = Phase::kOpening;
    {
      const auto engine = Engine::Open<Log>(folder_.File());
      EXPECT_NE(engine.ok(), disk_.is_cut()) << engine.status();
      if (engine.ok()) phase = Record(**engine, /*calls=*/6) ? Phase::kClosing : Phase::kRecording;
    }
    Restore();
    return phase;
  }

  // Records until the log has been moved into the database, and loses power meanwhile or soon
  // after, while the log begins anew.
  void LosesPowerFromACheckpointOn() {
    {
      const auto engine = Engine::Open(folder_.File());
      ASSERT_THAT(engine, IsOk());
      disk_.CutAtChangeFromCheckpoint(Draw(1'000));
      EXPECT_FALSE(Record(**engine, /*calls=*/5'000)) << "there was no checkpoint";
    }
    Restore();
  }

  Findings Check() {
    const auto engine = Engine::Open(folder_.File());
    if (!engine.ok()) return {.wrong = 1, .detail = engine.status().ToString()};
    return (*engine)->Check(history_);
  }

 private:
  std::int64_t Draw(std::uint64_t most) {  // from 1
    return 1 + static_cast<std::int64_t>(random_() % most);
  }

  // False when the power went.
  bool Record(Engine& engine, int calls) {
    for (; calls > 0; --calls) {
      const absl::Status status = client_.Call(engine.Send());
      if (disk_.is_cut()) return false;
      EXPECT_THAT(status, IsOk());
    }
    return true;
  }

  void Restore() {
    disk_.Cut();
    constexpr Surviving kModes[] = {Surviving::kNothing, Surviving::kSome, Surviving::kSome,
                                    Surviving::kEverything};
    disk_.Restore(kModes[random_() % 4]);
  }

  const TestFolder folder_;
  PowerDisk disk_;
  History history_;
  Client client_;
  std::mt19937_64 random_;
};

TEST(PowerCutTest, NothingAcknowledgedIsLostInAThousandCuts) {
  constexpr std::uint64_t kLives = 40;
  constexpr int kCutsOfALife = 25;
  std::int64_t acknowledged = 0;
  std::int64_t unanswered = 0;
  std::map<Phase, int> cuts;
  for (std::uint64_t seed = 1; seed <= kLives; ++seed) {
    PoweredLife life(seed);
    for (int cut = 0; cut < kCutsOfALife; ++cut) {
      ++cuts[life.LosesPower()];
      // Every other cut is followed by the next, which then meets what the first has left.
      if (cut % 2 == 1) continue;
      const Findings findings = life.Check();
      ASSERT_TRUE(findings.clean()) << "seed " << seed << ", cut " << cut << ": " << findings;
    }
    acknowledged += life.history().acknowledged();
    unanswered += life.history().stored_unanswered();
  }
  EXPECT_GT(acknowledged, 10'000) << "hardly anything was at stake";
  EXPECT_GT(unanswered, 0) << "no cut came between a commit and its answer";
  EXPECT_THAT(cuts, ElementsAre(Pair(Phase::kOpening, Gt(30)), Pair(Phase::kRecording, Gt(30)),
                                Pair(Phase::kClosing, Gt(30))));
}

TEST(PowerCutTest, NothingAcknowledgedIsLostAroundACheckpoint) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PoweredLife life(seed);
    life.LosesPowerFromACheckpointOn();
    const Findings findings = life.Check();
    ASSERT_TRUE(findings.clean()) << "seed " << seed << ": " << findings;
  }
}

// Acknowledged facts that the check misses after a few cuts.
template <class Log>
std::int64_t LostInTwentyCuts(PoweredLife& life) {
  std::int64_t lost = 0;
  for (int cut = 0; cut < 20; ++cut) {
    life.LosesPower<Log>();
    lost = std::max(lost, life.Check().lost);
  }
  return lost;
}

// A planted defect: `PRAGMA synchronous = NORMAL`, played by the disk.
TEST(PowerCutTest, CommitsThatAreNotSyncedAreFoundOut) {
  PoweredLife life(/*seed=*/1);
  life.disk().DropSyncsOfCommits();
  EXPECT_GT(LostInTwentyCuts<SqliteFactLog>(life), 0);
}

// The other: says that rows are durable and writes them later, with the next ones.
class HastyFactLog final : public SqliteFactLog {
 public:
  using SqliteFactLog::SqliteFactLog;
  ~HastyFactLog() override { testing::Append(*this, {}).IgnoreError(); }

  void Append(const FactBatch& batch, Appended appended) override {
    written_ = std::exchange(promised_, batch);
    SqliteFactLog::Append(written_, std::move(appended));
  }

 private:
  FactBatch promised_, written_;
};

TEST(PowerCutTest, AcknowledgingBeforeTheCommitIsFoundOut) {
  PoweredLife life(/*seed=*/1);
  EXPECT_GT(LostInTwentyCuts<HastyFactLog>(life), 0);
}

}  // namespace
}  // namespace insightloop
