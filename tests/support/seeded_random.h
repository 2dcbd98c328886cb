// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_TESTS_SUPPORT_SEEDED_RANDOM_H_
#define INSIGHTLOOP_TESTS_SUPPORT_SEEDED_RANDOM_H_

#include <cstdint>
#include <mutex>
#include <random>

#include "engine/ports/random.h"

namespace insightloop::testing {

// Random bits that are the same for the same seed. Thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t Next() override {
    const std::lock_guard lock(mutex_);
    return engine_();
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_SEEDED_RANDOM_H_
