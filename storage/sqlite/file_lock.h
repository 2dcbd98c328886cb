// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_FILE_LOCK_H_
#define INSIGHTLOOP_STORAGE_SQLITE_FILE_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace insightloop::storage {

// Keeps a database file to one process: a lock on `{path}-lock`, held for life. The file beside is
// removed at the end; one left by a crash is no obstacle, since the lock itself ends with its
// process. The database file cannot carry the lock: closing any handle of it would drop SQLite's
// own locks.
class FileLock {
 public:
  // Errors, both kFailedPrecondition: DATABASE_IN_USE; NOT_WRITABLE when the file beside cannot be
  // made.
  static absl::StatusOr<std::unique_ptr<FileLock>> Acquire(const std::string& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  FileLock(std::string path, int file);

  const std::string path_;
  const int file_;
};

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_FILE_LOCK_H_
