// SPDX-License-Identifier: Apache-2.0

#include "api/executor.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/domain/time.h"

namespace insightloop::api {
namespace {

absl::Status Overloaded(std::size_t max_queued) {
  return MakeError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("the server is busy: ", max_queued, " calls wait already; try again later"),
      {.reason = "OVERLOADED",
       .metadata = {{"max_queued_calls", std::to_string(max_queued)}},
       .retry_delay = Seconds(1)});
}

absl::Status ShuttingDown() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "the server is shutting down; try again when it is back",
                   {.reason = "SHUTTING_DOWN", .retry_delay = Seconds(1)});
}

}  // namespace

Executor::Executor(int workers, std::size_t max_queued) : max_queued_(max_queued) {
  for (int i = 0; i < std::max(workers, 1); ++i) workers_.emplace_back([this] { Run(); });
}

Executor::~Executor() { Shutdown(); }

absl::Status Executor::Submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return ShuttingDown();
    if (queue_.size() >= max_queued_) return Overloaded(max_queued_);
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return absl::OkStatus();
}

void Executor::Shutdown() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void Executor::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it holds ends before the lock is taken again
    lock.lock();
  }
}

}  // namespace insightloop::api
