// SPDX-License-Identifier: Apache-2.0
//
// Each system call that opens, writes, truncates or syncs a file of the database fails in turn, in
// the life of a database that is made, used, closed, and opened again after a crash. Whoever waits
// is told so, nothing acknowledged is lost, and after a full disk work goes on.

#include "tests/faults/failing_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "storage/sqlite/statement.h"
#include "tests/faults/client.h"
#include "tests/faults/engine.h"
#include "tests/faults/history.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/error_matchers.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using storage::Connection;
using storage::TestFolder;
using ::testing::AnyOf;
using testing::Client;
using testing::Engine;
using testing::FailingCalls;
using testing::FailsWith;
using testing::Findings;
using ::testing::HasSubstr;
using testing::History;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::SystemCall;

struct CallFault {
  SystemCall call;
  const char* call_name;
  int error;
  const char* error_name;

  // A disk stays full until somebody makes space; other errors come and go.
  [[nodiscard]] bool stays() const { return error == ENOSPC; }
  // SQLite knows one by ENOSPC, but does not tell why the index of the log cannot grow.
  [[nodiscard]] bool is_full_disk() const {
    return call == SystemCall::kGrowIndex || (call == SystemCall::kWrite && error == ENOSPC);
  }
  // Folders are opened to sync them, which SQLite takes no notice of when it fails; and nobody
  // waits for the log to be moved into the database at the end, for which a full disk has no space.
  [[nodiscard]] bool may_pass_in_silence() const {
    return call == SystemCall::kOpen || (call == SystemCall::kWrite && error == ENOSPC);
  }
};

class FailingCallsTest : public ::testing::TestWithParam<CallFault> {};

const auto kDiskFull =
    FailsWith(absl::StatusCode::kResourceExhausted, "DISK_FULL", HasSubstr("free some"));
const auto kStoreFailed =
    FailsWith(absl::StatusCode::kUnavailable, "STORE_FAILED", HasSubstr("restart the server"));
const auto kIoError =
    FailsWith(absl::StatusCode::kUnavailable, "STORE_IO_ERROR", HasSubstr("check the disk"));

// Made anew for each call that fails.
class FaultyLife {
 public:
  FaultyLife(const CallFault& fault, int nth)
      : fault_(fault), client_(/*number=*/0, static_cast<std::uint64_t>(nth), history_) {
    calls_.Fail(fault.call, fault.error, nth, fault.stays());
  }

  // Whether the call came.
  bool Run() {
    std::string path = folder_.File();
    Live(path);
    if (!calls_.has_failed()) Live(path = Crashed());
    calls_.Repair();
    EXPECT_TRUE(is_reported_ || fault_.may_pass_in_silence() || !calls_.has_failed());
    CheckWhatIsLeft(path);
    return calls_.has_failed();
  }

 private:
  std::string Crashed() const { return folder_.File("crashed"); }

  void Live(const std::string& path) {
    std::atomic<int> failures = 0;
    bool has_failed = false;
    {
      const auto engine = Engine::Open(path, [&](const absl::Status& status) {
        EXPECT_THAT(status, kStoreFailed);
        ++failures;
      });
      if (!engine.ok()) {
        EXPECT_TRUE(calls_.has_failed());
        if (fault_.is_full_disk()) {
          EXPECT_THAT(engine.status(), kDiskFull);
        } else {
          EXPECT_THAT(engine.status(), AnyOf(kIoError, kStoreFailed));
        }
        is_reported_ = true;
        return;
      }
      for (int calls = 0; calls < 6 && !has_failed; ++calls) has_failed = !Records(**engine);
      if (path != Crashed() && !calls_.has_failed()) {
        // What a crash would leave here.
        std::filesystem::copy_file(path, Crashed());
        std::filesystem::copy_file(path + "-wal", Crashed() + "-wal");
      }
    }
    EXPECT_GE(failures, has_failed ? 1 : 0);
    EXPECT_LE(failures, 1);
    is_reported_ |= has_failed || failures > 0;
  }

  // One call, and what must follow when it fails. False: the engine has ended.
  bool Records(Engine& engine) {
    const absl::Status status = client_.Call(engine.Send());
    if (status.ok()) return true;
    EXPECT_TRUE(calls_.has_failed());
    calls_.Repair();
    const absl::Status next = client_.Call(engine.Send());
    if (fault_.is_full_disk()) {
      EXPECT_THAT(status, kDiskFull);
      EXPECT_THAT(next, IsOk()) << "there is space again";
      return true;
    }
    EXPECT_THAT(status, kStoreFailed);
    EXPECT_THAT(next, kStoreFailed) << "nobody knows what the disk dropped";
    return false;
  }

  void CheckWhatIsLeft(const std::string& path) {
    const auto engine = Engine::Open(path);
    ASSERT_THAT(engine, IsOk());
    // What was not answered is sent again.
    EXPECT_THAT(client_.Call((*engine)->Send()), IsOk());
    const Findings findings = (*engine)->Check(history_);
    EXPECT_TRUE(findings.clean()) << findings;
  }

  const CallFault fault_;
  const TestFolder folder_;
  FailingCalls calls_;
  History history_;
  Client client_;
  bool is_reported_ = false;  // to whoever opened, recorded, or is told of failures
};

TEST_P(FailingCallsTest, EachInTurnIsAnsweredClearlyAndLosesNothingAcknowledged) {
  int nth = 1;
  while (FaultyLife(GetParam(), nth).Run()) {
    ASSERT_FALSE(HasFailure()) << "when call " << nth << " fails";
    ++nth;
  }
  ASSERT_FALSE(HasFailure()) << "when no call fails";
  // Fewer would mean that SQLite calls something else.
  EXPECT_GT(nth, 3);
  RecordProperty("calls", nth - 1);
}

// A life above has too little to say for a second page of the log's index, and the log starts anew
// before it needs one, unless a reader holds on to it.
TEST(FullDiskTest, IsSurvivedWhereTheIndexOfTheLogMustGrow) {
  const TestFolder folder;
  FailingCalls calls;
  History history;
  Client client(/*number=*/0, /*seed=*/1, history);
  {
    const auto engine = Engine::Open(folder.File());
    ASSERT_THAT(engine, IsOk());
    const auto reader = Connection::Open(folder.File(), Connection::Mode::kRead);
    ASSERT_THAT(reader, IsOk());
    auto select = (*reader)->Prepare("SELECT name FROM sqlite_schema");
    ASSERT_THAT(select, IsOk());
    ASSERT_THAT(select->Step(), IsOkAndHolds(true));
    calls.Fail(SystemCall::kGrowIndex, ENOSPC, /*nth=*/1, /*stays=*/true);
    absl::Status status;
    for (int sent = 0; status.ok() && sent < 10'000; ++sent)
      status = client.Call((*engine)->Send());
    EXPECT_THAT(status, kDiskFull);
    calls.Repair();
    EXPECT_THAT(client.Call((*engine)->Send()), IsOk());
  }
  const auto engine = Engine::Open(folder.File());
  ASSERT_THAT(engine, IsOk());
  const Findings findings = (*engine)->Check(history);
  EXPECT_TRUE(findings.clean()) << findings;
}

std::vector<CallFault> EveryFault() {
  std::vector<CallFault> faults;
  for (const auto& [call, call_name] : {std::pair{SystemCall::kOpen, "open"},
                                        {SystemCall::kWrite, "write"},
                                        {SystemCall::kGrowIndex, "grow_index"},
                                        {SystemCall::kTruncate, "truncate"},
                                        {SystemCall::kSync, "sync"}}) {
    for (const auto& [error, error_name] :
         {std::pair{ENOSPC, "ENOSPC"}, {EIO, "EIO"}, {EFBIG, "EFBIG"}}) {
      faults.push_back({call, call_name, error, error_name});
    }
  }
  return faults;
}

INSTANTIATE_TEST_SUITE_P(All, FailingCallsTest, ::testing::ValuesIn(EveryFault()),
                         [](const auto& fault) {
                           return absl::StrCat(fault.param.call_name, "_", fault.param.error_name);
                         });

}  // namespace
}  // namespace insightloop
