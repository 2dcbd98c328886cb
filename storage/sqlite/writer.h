// SPDX-License-Identifier: Apache-2.0
//
// The one thread that writes. SQLite before 3.51.3 can corrupt a write-ahead log when two
// connections write or checkpoint at the same moment, so everything that changes the file goes
// through here.

#ifndef INSIGHTLOOP_STORAGE_SQLITE_WRITER_H_
#define INSIGHTLOOP_STORAGE_SQLITE_WRITER_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "storage/sqlite/statement.h"

namespace insightloop::storage {

// kUnavailable, STORE_CLOSED: the answer to calls after the store has shut down.
absl::Status StoreClosed();

// Takes what waits in its queue as one group: one transaction, in which each piece of work has a
// savepoint of its own, so that one can fail alone; then one commit, and only then the answers.
//
// When the disk is full the group is rolled back, its callers get kResourceExhausted, and writing
// goes on with the next. When reading or writing the file fails or a commit does, nothing can be
// promised any more (https://www.usenix.org/conference/atc20/presentation/rebello): the group's
// callers and all later ones get kUnavailable with reason STORE_FAILED, until the process starts
// anew.
//
// Safe for concurrent calls.
class Writer {
 public:
  enum class Lane {
    kResources,  // taken ahead of facts
    kFacts,
  };
  using Work = std::function<absl::Status(Connection&)>;
  using Done = std::function<void(const absl::Status&)>;
  using OnFailure = std::function<void(const absl::Status&)>;

  // `on_failure` is called at most once, on the writer's thread, after the callers got their
  // answers; it must not call Shutdown(). May be empty.
  Writer(std::unique_ptr<Connection> connection, OnFailure on_failure);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();  // as Shutdown()

  // Runs `work`, which must not be empty, in a transaction, and calls `done`: with OK when it is
  // durable. Errors: those of `work`, after which nothing of it is stored; and as above. `done` is
  // called once, on the writer's thread, or before this returns if the call is refused; it must not
  // wait for the writer.
  void Start(Lane lane, Work work, Done done);

  // The same, and waits.
  absl::Status Run(Lane lane, Work work);

  // Moves all of the write-ahead log into the database and cuts it to nothing, so that what was
  // erased is in neither. Errors: kUnavailable (STORE_BUSY) while a reader needs the log; as above.
  absl::Status CheckpointAndTruncate();

  // Calls that wait for the group under way.
  [[nodiscard]] std::size_t waiting() const;

  // Does what is queued, refuses what comes later, checkpoints and closes the file. Returns when
  // done.
  void Shutdown();

 private:
  struct Job {
    Work work;  // empty: CheckpointAndTruncate(), after the group's commit
    Done done;
    absl::Status status;  // what went wrong with this one alone
  };
  using Group = std::vector<Job>;

  absl::Status Wait(Lane lane, Work work);
  void Loop();
  Group TakeGroup();  // waits; empty: time to end
  // Fills in errors of single jobs; the result is the transaction's.
  Failure RunGroup(Group& group);
  absl::Status RunJob(const Work& work);
  static void Answer(const Group& group, const absl::Status& status);
  void CheckpointIfDue(const Failure& last_group);
  // From here on everything is refused. Returns the refusal.
  absl::Status Refuse(const absl::Status& cause);

  const OnFailure on_failure_;

  // The writer thread's own:
  std::unique_ptr<Connection> connection_;
  int checkpoint_at_;  // pages in the log

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_:
  Group resources_, facts_;
  bool stopping_ = false;
  absl::Status refusal_;  // once set, stays

  std::once_flag joined_;
  std::thread thread_;         // starts when all of the above is there
  std::thread::id thread_id_;  // constant after construction
};

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_WRITER_H_
