// SPDX-License-Identifier: Apache-2.0

#include "tests/faults/failing_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace insightloop::testing {
namespace {

// Of the one FailingCalls: SQLite calls plain functions.
std::mutex mutex;  // guards what follows
SystemCall failing{};
int error_number = 0;
int calls_until = 0;  // 0: none fails any more
bool stays_so = false;
bool failed = false;

// Sets errno when the call must fail.
bool Fails(SystemCall call) {
  const std::lock_guard lock(mutex);
  if (call != failing || calls_until == 0 || --calls_until > 0) return false;
  if (stays_so) calls_until = 1;
  failed = true;
  errno = error_number;
  return true;
}

int Open(const char* path, int flags, int mode) {
  return Fails(SystemCall::kOpen) ? -1 : open(path, flags, mode);
}

SystemCall KindOfWrite(int file) {
  std::error_code none;
  const auto path = std::filesystem::read_symlink(absl::StrCat("/proc/self/fd/", file), none);
  return absl::EndsWith(path.native(), "-shm") ? SystemCall::kGrowIndex : SystemCall::kWrite;
}

ssize_t Write(int file, const void* bytes, std::size_t size) {
  return Fails(KindOfWrite(file)) ? -1 : write(file, bytes, size);
}

ssize_t WriteAt(int file, const void* bytes, std::size_t size, off_t offset) {
  return Fails(KindOfWrite(file)) ? -1 : pwrite(file, bytes, size, offset);
}

bool IsFolder(int file) {
  struct stat status {};
  return fstat(file, &status) == 0 && S_ISDIR(status.st_mode);
}

int Truncate(int file, off_t size) {
  return Fails(SystemCall::kTruncate) ? -1 : ftruncate(file, size);
}

}  // namespace

// SQLite lets tests replace its other calls, but not this one: the program's own takes the place
// of the C library's.
extern "C" __attribute__((visibility("default"))) int fdatasync(int file) {
  return !IsFolder(file) && Fails(SystemCall::kSync) ? -1 : 0;
}

FailingCalls::FailingCalls() : system_(sqlite3_vfs_find("unix")) {
  const auto replace = [&](const char* name, auto* function) {
    // Of pwrite and pwrite64 SQLite has what it was built with.
    const sqlite3_syscall_ptr original = system_->xGetSystemCall(system_, name);
    if (original == nullptr) return;
    replaced_.push_back({name, original});
    EXPECT_EQ(
        system_->xSetSystemCall(system_, name, reinterpret_cast<sqlite3_syscall_ptr>(function)),
        SQLITE_OK);
  };
  replace("open", Open);
  replace("write", Write);
  replace("pwrite", WriteAt);
  replace("pwrite64", WriteAt);
  replace("ftruncate", Truncate);
}

FailingCalls::~FailingCalls() {
  for (const Replaced& call : replaced_) {
    EXPECT_EQ(system_->xSetSystemCall(system_, call.name, call.original), SQLITE_OK);
  }
}

void FailingCalls::Fail(SystemCall call, int error, int nth, bool stays) {
  const std::lock_guard lock(mutex);
  failing = call;
  error_number = error;
  calls_until = nth;
  stays_so = stays;
  failed = false;
}

void FailingCalls::Repair() {
  const std::lock_guard lock(mutex);
  calls_until = 0;
}

bool FailingCalls::has_failed() const {
  const std::lock_guard lock(mutex);
  return failed;
}

}  // namespace insightloop::testing
