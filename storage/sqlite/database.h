// SPDX-License-Identifier: Apache-2.0
//
// A database: one SQLite file, used by one process at a time. Opening it checks that it is ours,
// brings its schema up to date and starts its writer.

#ifndef INSIGHTLOOP_STORAGE_SQLITE_DATABASE_H_
#define INSIGHTLOOP_STORAGE_SQLITE_DATABASE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/time.h"
#include "engine/ports/random.h"
#include "storage/sqlite/file_lock.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/reader_pool.h"
#include "storage/sqlite/writer.h"

namespace insightloop::storage {

struct SqliteOptions {
  // Empty or `:memory:`: a private temporary file, removed when the database closes.
  std::string path;
  // Whether times come from a simulated clock. A database keeps to the kind it was made with: times
  // of two clocks in one log would mean nothing.
  bool simulated_clock = false;
  // Written down with the migrations that opening makes.
  Time now;
  // The file grows no further; beyond, writes fail as on a full disk. 0: no limit but the disk.
  std::int64_t max_bytes = 0;
  // Called at most once, when writing has failed for good (see Writer): end the process, a new one
  // starts from what is durable. On the writer's thread; must not close the database.
  std::function<void(const absl::Status&)> on_failure;
};

// Safe for concurrent calls.
class SqliteDatabase {
 public:
  // Opens the file, which is made with mode 0600 when it is absent; `random` gives a new database
  // its secret.
  //
  // Errors, kFailedPrecondition, and the file is as before:
  //   NOT_A_DATABASE   the file is something else, or of another application.
  //   NEWER_SCHEMA     a newer version of this program wrote it.
  //   DATABASE_IN_USE  another process has it open.
  //   NOT_WRITABLE     the folder does not exist, or the file cannot be made or written.
  //   CLOCK_MISMATCH   it was made with the other kind of clock.
  // Others: kResourceExhausted DISK_FULL, kUnavailable STORE_IO_ERROR, kDataLoss STORE_CORRUPT.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(SqliteOptions options,
                                                              Random& random);
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;
  ~SqliteDatabase();  // as Close(); calls must have returned, and appends have been answered

  // Writes what is queued, checkpoints, closes the file and lets go of it. Later calls of the
  // stores get kUnavailable, STORE_CLOSED. A second call does nothing.
  void Close();

  // Where the file is, also if it is a temporary one.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Secret& secret() const { return secret_; }

  // For the stores.
  Writer& writer() { return *writer_; }
  ReaderPool& readers() { return readers_; }

 private:
  class TemporaryFolder;

  SqliteDatabase(std::unique_ptr<TemporaryFolder> folder, std::string path,
                 std::unique_ptr<FileLock> lock);
  absl::Status Start(SqliteOptions options, Random& random);

  // Destroyed from the last to the first.
  const std::unique_ptr<TemporaryFolder> folder_;  // null for a lasting file
  const std::string path_;
  std::mutex close_mutex_;
  std::unique_ptr<FileLock> lock_;  // guarded by close_mutex_; null when closed
  Secret secret_{};
  ReaderPool readers_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_DATABASE_H_
