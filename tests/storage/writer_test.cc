// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/status_matchers.h"

namespace insightloop::storage {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;

Writer::Work Insert(int x) {
  return [x](Connection& connection) {
    return connection.RunScript(absl::StrCat("INSERT INTO t (x) VALUES (", x, ")"));
  };
}

// The file refuses what is written from here on; SQLite calls it SQLITE_READONLY.
absl::Status BreakFile(Connection& connection) {
  return connection.RunScript("PRAGMA query_only = ON; INSERT INTO t (x) VALUES (0)");
}

class WriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.File()).close();
    auto connection = Connection::Open(folder_.File(), Connection::Mode::kWrite);
    ASSERT_THAT(connection, IsOk());
    ASSERT_THAT((*connection)->RunScript("PRAGMA journal_mode = WAL; CREATE TABLE t (x) "), IsOk());
    writer_ = std::make_unique<Writer>(*std::move(connection), [this](const absl::Status& status) {
      ++failures_;
      EXPECT_EQ(ReasonOf(status), "STORE_FAILED");
    });
  }

  void TearDown() override {
    Release();
    for (std::thread& thread : threads_) thread.join();
  }

  // Calls from a thread of its own; the status is there after Join().
  absl::Status& RunAside(Writer::Lane lane, Writer::Work work) {
    absl::Status* status = statuses_.emplace_back(std::make_unique<absl::Status>()).get();
    threads_.emplace_back(
        [this, lane, status, work = std::move(work)] { *status = writer_->Run(lane, work); });
    return *status;
  }

  // Keeps the writer in a group of its own until Release().
  void Hold() {
    held_.lock();
    std::atomic<bool> started = false;
    RunAside(Writer::Lane::kFacts, [&](Connection&) {
      started = true;
      const std::lock_guard wait(held_);
      return absl::OkStatus();
    });
    while (!started) std::this_thread::yield();
  }
  void AwaitWaiting(std::size_t count) const {
    while (writer_->waiting() < count) std::this_thread::yield();
  }
  void Release() {
    if (!released_.exchange(true)) held_.unlock();
  }
  void Join() {
    Release();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // As another connection sees the sum.
  absl::StatusOr<std::int64_t> Sum() {
    auto reader = Connection::Open(folder_.File(), Connection::Mode::kRead);
    if (!reader.ok()) return reader.status();
    return (*reader)->QueryInt("SELECT total(x) FROM t");
  }

  TestFolder folder_;
  std::atomic<int> failures_ = 0;
  std::unique_ptr<Writer> writer_;
  std::mutex held_;
  std::atomic<bool> released_ = true;  // Hold() was not called, or its group may go on
  std::vector<std::thread> threads_;
  std::vector<std::unique_ptr<absl::Status>> statuses_;
};

TEST_F(WriterTest, WorkIsStoredWhenTheCallReturns) {
  ASSERT_THAT(writer_->Run(Writer::Lane::kFacts, Insert(3)), IsOk());
  EXPECT_THAT(Sum(), IsOkAndHolds(3));
}

TEST_F(WriterTest, WhatWasStartedIsToldOnTheWritersThreadAndARefusalOnTheCallers) {
  std::promise<std::pair<absl::Status, std::thread::id>> stored;
  std::thread::id writing;
  writer_->Start(
      Writer::Lane::kFacts,
      [&](Connection& connection) {
        writing = std::this_thread::get_id();
        return Insert(3)(connection);
      },
      [&](const absl::Status& status) {
        stored.set_value({status, std::this_thread::get_id()});
      });
  const auto [status, thread] = stored.get_future().get();
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(thread, writing);
  EXPECT_THAT(Sum(), IsOkAndHolds(3));
  writer_->Shutdown();
  std::thread::id refused;
  writer_->Start(Writer::Lane::kFacts, Insert(4), [&](const absl::Status& refusal) {
    EXPECT_EQ(ReasonOf(refusal), "STORE_CLOSED");
    refused = std::this_thread::get_id();
  });
  EXPECT_EQ(refused, std::this_thread::get_id());
}

TEST_F(WriterTest, FailingWorkRollsBackAlone) {
  released_ = false;
  Hold();
  const absl::Status& before = RunAside(Writer::Lane::kFacts, Insert(1));
  AwaitWaiting(1);
  const absl::Status& failing = RunAside(Writer::Lane::kFacts, [](Connection& connection) {
    EXPECT_THAT(Insert(10)(connection), IsOk());
    return absl::AbortedError("changed its mind");
  });
  AwaitWaiting(2);
  const absl::Status& after = RunAside(Writer::Lane::kFacts, Insert(100));
  AwaitWaiting(3);
  Join();
  EXPECT_THAT(before, IsOk());
  EXPECT_THAT(failing, StatusIs(absl::StatusCode::kAborted, "changed its mind"));
  EXPECT_THAT(after, IsOk());
  EXPECT_THAT(Sum(), IsOkAndHolds(101));
  EXPECT_EQ(failures_, 0);
}

TEST_F(WriterTest, ABrokenConstraintFailsItsCallerAlone) {
  ASSERT_THAT(writer_->Run(Writer::Lane::kFacts,
                           [](Connection& connection) {
                             return connection.RunScript("CREATE UNIQUE INDEX once ON t (x)");
                           }),
              IsOk());
  ASSERT_THAT(writer_->Run(Writer::Lane::kFacts, Insert(1)), IsOk());
  EXPECT_THAT(writer_->Run(Writer::Lane::kFacts, Insert(1)), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(writer_->Run(Writer::Lane::kFacts, Insert(2)), IsOk());
  EXPECT_EQ(failures_, 0);
}

TEST_F(WriterTest, WhatWaitsIsCommittedTogether) {
  released_ = false;
  Hold();
  RunAside(Writer::Lane::kFacts, Insert(1));
  AwaitWaiting(1);
  absl::StatusOr<std::int64_t> outside;
  absl::StatusOr<std::int64_t> inside;
  RunAside(Writer::Lane::kFacts, [&](Connection& connection) {
    inside = connection.QueryInt("SELECT total(x) FROM t");
    outside = Sum();
    return absl::OkStatus();
  });
  AwaitWaiting(2);
  Join();
  EXPECT_THAT(inside, IsOkAndHolds(1)) << "both are in one transaction";
  EXPECT_THAT(outside, IsOkAndHolds(0)) << "which is not committed in between";
}

TEST_F(WriterTest, ResourcesGoAheadOfFacts) {
  released_ = false;
  Hold();
  std::vector<std::string> order;  // by the writer's thread only
  const auto note = [&](const char* what) {
    return [&order, what](Connection&) {
      order.emplace_back(what);
      return absl::OkStatus();
    };
  };
  RunAside(Writer::Lane::kFacts, note("fact 1"));
  AwaitWaiting(1);
  RunAside(Writer::Lane::kFacts, note("fact 2"));
  AwaitWaiting(2);
  RunAside(Writer::Lane::kResources, note("resource"));
  AwaitWaiting(3);
  Join();
  EXPECT_THAT(order, ElementsAre("resource", "fact 1", "fact 2"));
}

TEST_F(WriterTest, ManyCallersAreAllServed) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 50;
  std::vector<std::thread> callers;
  for (int t = 0; t < kThreads; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i) {
        EXPECT_THAT(writer_->Run(Writer::Lane::kFacts, Insert(1)), IsOk());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(Sum(), IsOkAndHolds(kThreads * kCalls));
}

TEST_F(WriterTest, ShutdownDoesWhatIsQueuedAndRefusesTheRest) {
  released_ = false;
  Hold();
  const absl::Status& queued = RunAside(Writer::Lane::kFacts, Insert(1));
  AwaitWaiting(1);
  std::thread shutdown([this] { writer_->Shutdown(); });
  absl::Status late;
  do {  // until the shutdown has begun, which a refusal tells
    Release();
    late = writer_->Run(Writer::Lane::kFacts, [](Connection&) { return absl::OkStatus(); });
  } while (late.ok());
  shutdown.join();
  Join();
  EXPECT_THAT(queued, IsOk());
  EXPECT_THAT(late, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ReasonOf(late), "STORE_CLOSED");
  EXPECT_FALSE(std::filesystem::exists(folder_.File() + "-wal")) << "the log is in the database";
  EXPECT_THAT(Sum(), IsOkAndHolds(1));
}

TEST_F(WriterTest, AfterAnIoErrorEverythingIsRefused) {
  ASSERT_THAT(writer_->Run(Writer::Lane::kFacts, Insert(1)), IsOk());
  const absl::Status first = writer_->Run(Writer::Lane::kFacts, BreakFile);
  EXPECT_THAT(first, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ReasonOf(first), "STORE_FAILED");
  for (int i = 0; i < 3; ++i) {
    const absl::Status later = writer_->Run(Writer::Lane::kResources, Insert(10));
    EXPECT_THAT(later, StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_EQ(ReasonOf(later), "STORE_FAILED");
  }
  writer_->Shutdown();
  EXPECT_EQ(failures_, 1);
  EXPECT_THAT(Sum(), IsOkAndHolds(1));
}

TEST_F(WriterTest, AnIoErrorFailsTheWholeGroup) {
  released_ = false;
  Hold();
  const absl::Status& before = RunAside(Writer::Lane::kFacts, Insert(1));
  AwaitWaiting(1);
  const absl::Status& breaking = RunAside(Writer::Lane::kFacts, BreakFile);
  AwaitWaiting(2);
  const absl::Status& after = RunAside(Writer::Lane::kFacts, Insert(100));
  AwaitWaiting(3);
  Join();
  for (const absl::Status& status : {before, breaking, after}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_EQ(ReasonOf(status), "STORE_FAILED");
  }
  writer_->Shutdown();
  EXPECT_THAT(Sum(), IsOkAndHolds(0));
}

TEST_F(WriterTest, WorkCannotHideAnIoError) {
  EXPECT_THAT(writer_->Run(Writer::Lane::kFacts,
                           [](Connection& connection) {
                             BreakFile(connection).IgnoreError();
                             return absl::OkStatus();
                           }),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(WriterTest, TheLogIsCutToNothingUnlessAReaderNeedsIt) {
  ASSERT_THAT(writer_->Run(Writer::Lane::kFacts, Insert(1)), IsOk());
  const std::string log = folder_.File() + "-wal";
  {
    const auto reader = Connection::Open(folder_.File(), Connection::Mode::kRead);
    ASSERT_THAT(reader, IsOk());
    auto select = (*reader)->Prepare("SELECT x FROM t");
    ASSERT_THAT(select, IsOk());
    ASSERT_THAT(select->Step(), IsOkAndHolds(true));
    ASSERT_THAT(writer_->Run(Writer::Lane::kFacts, Insert(2)), IsOk());
    EXPECT_EQ(ReasonOf(writer_->CheckpointAndTruncate()), "STORE_BUSY");
  }
  EXPECT_GT(std::filesystem::file_size(log), 0U);
  ASSERT_THAT(writer_->CheckpointAndTruncate(), IsOk());
  EXPECT_EQ(std::filesystem::file_size(log), 0U);
  ASSERT_THAT(writer_->Run(Writer::Lane::kFacts, Insert(4)), IsOk());
  writer_->Shutdown();
  EXPECT_THAT(Sum(), IsOkAndHolds(7));
  EXPECT_EQ(ReasonOf(writer_->CheckpointAndTruncate()), "STORE_CLOSED");
}

TEST_F(WriterTest, TheLogDoesNotGrowWithoutEnd) {
  const std::string body(1 << 20, 'x');
  for (int i = 0; i < 60; ++i) {
    ASSERT_THAT(writer_->Run(Writer::Lane::kFacts,
                             [&](Connection& connection) {
                               auto replace = connection.Prepare(
                                   "INSERT OR REPLACE INTO t (rowid, x) VALUES (1, ?)");
                               if (!replace.ok()) return replace.status();
                               return replace->BindText(body).Run();
                             }),
                IsOk());
  }
  // Moved after 8 MiB, plus what one group may add.
  EXPECT_LE(std::filesystem::file_size(folder_.File() + "-wal"), 12U << 20);
}

}  // namespace
}  // namespace insightloop::storage
