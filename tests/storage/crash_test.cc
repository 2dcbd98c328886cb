// SPDX-License-Identifier: Apache-2.0
//
// What is acknowledged survives: processes that are killed, or whose disk fails, in the middle of
// work. Everything that uses a database runs in a child; a database must never cross a fork.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/fact_log.h"
#include "storage/sqlite/resource_store.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/append.h"
#include "tests/support/kept.h"
#include "tests/support/status_matchers.h"

namespace insightloop::storage {
namespace {

using ::insightloop::testing::Append;
using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;

// A child process that reports numbers.
class Child {
 public:
  using Report = std::function<void(std::int64_t)>;

  // `run` gives the exit code.
  explicit Child(const std::function<int(const Report&)>& run) {
    int ends[2];
    if (pipe(ends) != 0) {
      ADD_FAILURE() << "no pipe";
      return;
    }
    process_ = fork();
    if (process_ == 0) {
      close(ends[0]);
      _exit(run([&](std::int64_t number) {
        if (write(ends[1], &number, sizeof(number)) != sizeof(number)) _exit(100);
      }));
    }
    close(ends[1]);
    reports_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    Kill();
    close(reports_);
  }

  // False when the child has ended and nothing is left to read.
  bool Read(std::int64_t& number) const {
    return read(reports_, &number, sizeof(number)) == sizeof(number);
  }
  void Kill() {
    if (process_ > 0) kill(process_, SIGKILL);
    Wait();
  }
  // The exit code; -1 when a signal ended it.
  int Wait() {
    if (process_ <= 0) return -1;
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t process_ = -1;
  int reports_ = -1;
};

constexpr std::int64_t kBatch = 100;

FactBatch BatchAfter(std::int64_t last) {
  FactBatch batch;
  for (std::int64_t id = last + 1; id <= last + kBatch; ++id) {
    batch.outcomes.push_back(
        {.id = id, .unit = 1, .event = 1, .outcome_id = testing::Kept(absl::StrCat(id))});
  }
  return batch;
}

// The number of outcomes, which must be numbered from 1 without gaps; -1 when they are not.
std::int64_t CountOutcomes(FactLog& log) {
  std::int64_t rows = 0;
  bool gaps = false;
  const absl::Status status = log.ScanOutcomes([&](const StoredOutcome& row) {
    ++rows;
    gaps |= row.id != rows;
  });
  return status.ok() && !gaps ? rows : -1;
}

TEST(CrashTest, EveryAcknowledgedWriteOutlivesKillNine) {
  constexpr int kCycles = 8;
  const TestFolder folder;
  std::int64_t acknowledged = 0;
  std::int64_t changes = 0;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    {
      Child child([&](const Child::Report& report) {
        auto database = OpenDatabase(folder.File());
        if (!database.ok()) return 1;
        SqliteFactLog log(**database);
        SqliteResourceStore store(**database);
        // Positive reports are outcomes, negative ones changes.
        std::thread resources([&] {
          while (true) {
            std::int64_t revision = 0;
            const absl::Status status =
                store.Write({}, [&](ResourceStore::Transaction& transaction) {
                  const auto put = transaction.Put("events/a", "{}");
                  if (put.ok()) revision = put->revision;
                  return put.status();
                });
            if (!status.ok()) _exit(2);
            report(-revision);
          }
        });
        std::int64_t last = CountOutcomes(log);
        while (Append(log, BatchAfter(last)).ok()) report(last += kBatch);
        _exit(3);
      });
      std::int64_t number = 0;
      const auto note = [&] {
        if (number > 0) acknowledged = number;
        if (number < 0) changes = -number;
      };
      // Killed after a different amount of work each time.
      for (int reports = 0; reports < 5 + 37 * cycle; ++reports) {
        ASSERT_TRUE(child.Read(number)) << "the child ended by itself";
        note();
      }
      child.Kill();
      while (child.Read(number)) note();  // acknowledged before the kill
    }
    auto database = OpenDatabase(folder.File());
    ASSERT_THAT(database, IsOk());
    SqliteFactLog log(**database);
    SqliteResourceStore store(**database);
    const std::int64_t stored = CountOutcomes(log);
    EXPECT_GE(stored, acknowledged);
    EXPECT_LE(stored, acknowledged + kBatch) << "at most the one under way";
    EXPECT_EQ(stored % kBatch, 0) << "half of a batch";
    const auto log_of_changes = store.Changes(0, 1'000'000);
    ASSERT_THAT(log_of_changes, IsOk());
    EXPECT_GE(static_cast<std::int64_t>(log_of_changes->size()), changes);
    const auto reader = (*database)->readers().Borrow();
    ASSERT_THAT(reader, IsOk());
    EXPECT_THAT((*reader)->QueryText("PRAGMA integrity_check"), IsOkAndHolds("ok"));
  }
}

TEST(CrashTest, ASecondProcessIsRefusedUntilTheFirstHasEnded) {
  const TestFolder folder;
  Child child([&](const Child::Report& report) {
    auto database = OpenDatabase(folder.File());
    report(database.ok() ? 1 : 0);
    pause();
    return 0;
  });
  std::int64_t opened = 0;
  ASSERT_TRUE(child.Read(opened));
  ASSERT_EQ(opened, 1);
  EXPECT_EQ(ReasonOf(OpenDatabase(folder.File()).status()), "DATABASE_IN_USE");
  child.Kill();
  EXPECT_THAT(OpenDatabase(folder.File()), IsOk());
}

// What the child found, as its exit code.
enum : int { kFine = 0, kNotOpened, kNotUnavailable, kWentOn, kNotToldOnce };

TEST(CrashTest, AfterAFailedWriteNothingIsAcknowledgedAnyMore) {
  const TestFolder folder;
  Child child([&](const Child::Report& report) {
    signal(SIGXFSZ, SIG_IGN);  // writes beyond the limit fail with EFBIG instead
    std::atomic<int> failures = 0;
    auto database =
        OpenWith({.path = folder.File(), .on_failure = [&](const absl::Status&) { ++failures; }});
    if (!database.ok()) return kNotOpened;
    SqliteFactLog log(**database);

    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit open = limit;
    limit.rlim_cur = 300'000;
    setrlimit(RLIMIT_FSIZE, &limit);
    std::int64_t last = 0;
    absl::Status status;
    while ((status = Append(log, BatchAfter(last))).ok() && last < 1'000'000)
      report(last += kBatch);
    if (status.code() != absl::StatusCode::kUnavailable || ReasonOf(status) != "STORE_FAILED") {
      return kNotUnavailable;
    }
    // The disk is fine again, but what it dropped meanwhile nobody knows.
    setrlimit(RLIMIT_FSIZE, &open);
    for (int i = 0; i < 3; ++i) {
      if (ReasonOf(Append(log, BatchAfter(last))) != "STORE_FAILED") return kWentOn;
    }
    (*database)->Close();
    return failures == 1 ? kFine : kNotToldOnce;
  });
  std::int64_t acknowledged = 0;
  while (child.Read(acknowledged)) continue;
  EXPECT_EQ(child.Wait(), kFine);
  EXPECT_GT(acknowledged, 0);

  auto database = OpenDatabase(folder.File());
  ASSERT_THAT(database, IsOk());
  SqliteFactLog log(**database);
  const std::int64_t stored = CountOutcomes(log);
  EXPECT_GE(stored, acknowledged);
  EXPECT_LE(stored, acknowledged + kBatch);
}

TEST(CrashTest, AProcessKilledWhileItMakesTheDatabaseLeavesOneThatOpens) {
  for (int micros = 0; micros < 20'000; micros += 1'000) {
    const TestFolder folder;
    {
      Child child([&](const Child::Report& report) {
        report(0);
        auto database = OpenDatabase(folder.File());
        pause();
        return 0;
      });
      std::int64_t started = 0;
      ASSERT_TRUE(child.Read(started));
      usleep(static_cast<useconds_t>(micros));
    }
    EXPECT_THAT(OpenDatabase(folder.File()), IsOk()) << "killed after " << micros << " µs";
  }
}

}  // namespace
}  // namespace insightloop::storage
