// SPDX-License-Identifier: Apache-2.0
//
// Reading rows and doing something with them at the same time.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_READ_AHEAD_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_READ_AHEAD_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace insightloop {

// Runs `scan`, which hands on rows one by one, on a thread of its own, and `take` on this one with
// those rows in order, in blocks. The reader is at most some 17,000 rows ahead. Returns what
// `scan` returned, after the last row was taken.
template <class Row>
absl::Status ReadAhead(
    const std::function<absl::Status(const std::function<void(const Row&)>& row)>& scan,
    const std::function<void(std::span<const Row>)>& take) {
  constexpr std::size_t kRowsPerBlock = 1'024;
  constexpr std::size_t kBlocksAhead = 16;

  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::deque<std::vector<Row>> blocks;
  bool is_all_read = false;

  absl::Status status;
  std::thread reader([&] {
    std::vector<Row> block;
    const auto hand_over = [&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return blocks.size() < kBlocksAhead; });
      blocks.push_back(std::exchange(block, {}));
      changed.notify_one();
    };
    status = scan([&](const Row& row) {
      if (block.empty()) block.reserve(kRowsPerBlock);
      block.push_back(row);
      if (block.size() == kRowsPerBlock) hand_over();
    });
    if (!block.empty()) hand_over();
    const std::lock_guard lock(mutex);
    is_all_read = true;
    changed.notify_one();
  });
  while (true) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_all_read || !blocks.empty(); });
    if (blocks.empty()) break;
    const std::vector<Row> block = std::move(blocks.front());
    blocks.pop_front();
    changed.notify_one();
    lock.unlock();
    take(block);
  }
  reader.join();
  return status;
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_READ_AHEAD_H_
