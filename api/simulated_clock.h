// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_API_SIMULATED_CLOCK_H_
#define INSIGHTLOOP_API_SIMULATED_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "engine/ports/clock.h"

namespace insightloop::api {

// A clock that stands still until it is moved, and never goes back: for demonstrations and tests in
// which windows of weeks close within seconds. Safe for concurrent calls.
class SimulatedClock : public Clock {
 public:
  explicit SimulatedClock(Time start) : micros_(start.micros) {}

  Time Now() const override { return {micros_.load()}; }

  // Error: kInvalidArgument (TIME_IN_PAST) for a time before the clock's.
  absl::Status AdvanceTo(Time time);

 private:
  std::atomic<std::int64_t> micros_;
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_SIMULATED_CLOCK_H_
