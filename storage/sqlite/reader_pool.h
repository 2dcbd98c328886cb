// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_READER_POOL_H_
#define INSIGHTLOOP_STORAGE_SQLITE_READER_POOL_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/sqlite/statement.h"

namespace insightloop::storage {

// Read-only connections, each lent to one caller at a time. Readers see the last commit and never
// hold up the writer. Safe for concurrent calls.
class ReaderPool {
 public:
  // A borrowed connection; goes back when destroyed.
  class Reader {
   public:
    Reader(ReaderPool* pool, std::unique_ptr<Connection> connection);
    Reader(Reader&& other) noexcept = default;
    Reader& operator=(Reader&&) = delete;
    ~Reader();
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Connection> connection_;  // null when moved from
  };

  explicit ReaderPool(std::string path) : path_(std::move(path)) {}

  // Opens another connection when all are lent. Errors: kUnavailable after Close().
  absl::StatusOr<Reader> Borrow();
  // Closes idle connections now and lent ones when they come back.
  void Close();

 private:
  void GiveBack(std::unique_ptr<Connection> connection);

  const std::string path_;

  std::mutex mutex_;
  // Guarded by mutex_:
  bool closed_ = false;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_READER_POOL_H_
