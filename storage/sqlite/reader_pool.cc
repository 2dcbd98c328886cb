// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/reader_pool.h"

#include <cstddef>
#include <utility>

#include "storage/sqlite/writer.h"

namespace insightloop::storage {
namespace {

constexpr std::size_t kMaxIdle = 8;

}  // namespace

ReaderPool::Reader::Reader(ReaderPool* pool, std::unique_ptr<Connection> connection)
    : pool_(pool), connection_(std::move(connection)) {}

ReaderPool::Reader::~Reader() {
  if (connection_ != nullptr) pool_->GiveBack(std::move(connection_));
}

absl::StatusOr<ReaderPool::Reader> ReaderPool::Borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return StoreClosed();
    if (!idle_.empty()) {
      Reader reader(this, std::move(idle_.back()));
      idle_.pop_back();
      return reader;
    }
  }
  auto connection = Connection::Open(path_, Connection::Mode::kRead);
  if (!connection.ok()) return connection.status();
  return Reader(this, *std::move(connection));
}

void ReaderPool::Close() {
  std::vector<std::unique_ptr<Connection>> idle;  // closed after the lock is given up
  const std::lock_guard lock(mutex_);
  closed_ = true;
  idle.swap(idle_);
}

void ReaderPool::GiveBack(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  // A connection that had trouble starts anew.
  if (closed_ || idle_.size() >= kMaxIdle || connection->failure().trouble != Trouble::kNone)
    return;
  idle_.push_back(std::move(connection));
}

}  // namespace insightloop::storage
