// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_API_SEEDED_RANDOM_H_
#define INSIGHTLOOP_API_SEEDED_RANDOM_H_

#include <cstdint>
#include <mutex>
#include <random>

#include "engine/ports/random.h"

namespace insightloop::api {

// The same bits for the same seed, on every machine: for demonstrations and tests that must repeat
// themselves. Predictable, so never for a database of real facts. Safe for concurrent calls.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t Next() override {
    const std::lock_guard lock(mutex_);
    return engine_();
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;  // guarded by mutex_
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_SEEDED_RANDOM_H_
