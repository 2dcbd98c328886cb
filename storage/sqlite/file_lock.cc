// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"

namespace insightloop::storage {
namespace {

absl::Status CannotLock(const std::string& database, int error) {
  return WrongState("NOT_WRITABLE", database,
                    absl::StrCat("cannot be locked: ", std::strerror(error),
                                 "; give a path in a folder that exists and may be written"));
}

// Whether `path` still names the open file: its last holder may have removed it meanwhile.
bool IsSameFile(const std::string& path, int file) {
  struct stat named {};
  struct stat opened {};
  return stat(path.c_str(), &named) == 0 && fstat(file, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Acquire(const std::string& database) {
  const std::string path = database + "-lock";
  while (true) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return CannotLock(database, errno);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      close(file);
      if (error != EWOULDBLOCK) return CannotLock(database, error);
      return WrongState("DATABASE_IN_USE", database,
                        "is in use by another process; stop it, or give another path");
    }
    if (IsSameFile(path, file)) return std::unique_ptr<FileLock>(new FileLock(path, file));
    close(file);
  }
}

FileLock::FileLock(std::string path, int file) : path_(std::move(path)), file_(file) {}

FileLock::~FileLock() {
  unlink(path_.c_str());  // while still held, so that it can only be ours
  close(file_);
}

}  // namespace insightloop::storage
