// SPDX-License-Identifier: Apache-2.0
//
// A fixed number of threads for work that blocks: gRPC's own threads must never wait for a disk.

#ifndef INSIGHTLOOP_API_EXECUTOR_H_
#define INSIGHTLOOP_API_EXECUTOR_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"

namespace insightloop::api {

// Safe for concurrent calls. Work is begun in the order of its submission.
class Executor {
 public:
  // At most `max_queued` pieces of work wait for one of the `workers` (at least 1).
  Executor(int workers, std::size_t max_queued);
  ~Executor();  // Shutdown
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // `work` must not throw. When OK is returned it will run exactly once.
  //
  // Errors: kResourceExhausted (OVERLOADED, with a delay after which to try again) when the queue
  // is full; kUnavailable (SHUTTING_DOWN) after Shutdown.
  absl::Status Submit(std::function<void()> work);

  // Refuses new work, finishes what is queued, ends the threads. May be called more than once, from
  // one thread at a time that is no worker.
  void Shutdown();

 private:
  void Run();

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool closed_ = false;                      // guarded by mutex_
  std::vector<std::thread> workers_;         // the owner's
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_EXECUTOR_H_
