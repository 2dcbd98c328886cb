// SPDX-License-Identifier: Apache-2.0
//
// System calls of SQLite that fail: as the system itself would let them, with an errno, so that
// every path from there to our answers is the real one.

#ifndef INSIGHTLOOP_TESTS_FAULTS_FAILING_CALLS_H_
#define INSIGHTLOOP_TESTS_FAULTS_FAILING_CALLS_H_

#include <sqlite3.h>

#include <vector>

namespace insightloop::testing {

enum class SystemCall {
  kOpen,
  kWrite,
  kGrowIndex,  // the write by which the log's index, in shared memory, grows; not one of kWrite
  kTruncate,
  // Of files: SQLite takes no notice when that of a folder fails. None is really made: the machine
  // that runs the test keeps its power.
  kSync,
};

// Takes the place of SQLite's system calls while it lives. One at a time, and no database is open
// when it comes and goes. Safe for concurrent calls of SQLite.
class FailingCalls {
 public:
  FailingCalls();
  FailingCalls(const FailingCalls&) = delete;
  FailingCalls& operator=(const FailingCalls&) = delete;
  ~FailingCalls();

  // The nth call from now on, counted from 1, fails with this errno; with `stays` all later ones
  // too, until Repair().
  void Fail(SystemCall call, int error, int nth, bool stays);
  // No call fails from now on.
  void Repair();
  // Whether one has failed since the last Fail().
  [[nodiscard]] bool has_failed() const;

 private:
  struct Replaced {
    const char* name;
    sqlite3_syscall_ptr original;
  };

  sqlite3_vfs* const system_;
  std::vector<Replaced> replaced_;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_FAULTS_FAILING_CALLS_H_
