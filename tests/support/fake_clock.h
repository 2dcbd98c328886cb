// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_TESTS_SUPPORT_FAKE_CLOCK_H_
#define INSIGHTLOOP_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "engine/domain/time.h"
#include "engine/ports/clock.h"

namespace insightloop::testing {

// A clock that tests move by hand. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Time now) : micros_(now.micros) {}
  Time Now() const override { return {micros_.load()}; }
  void Set(Time now) { micros_.store(now.micros); }
  void Advance(Duration by) { micros_.fetch_add(by.micros); }

 private:
  std::atomic<std::int64_t> micros_;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_FAKE_CLOCK_H_
