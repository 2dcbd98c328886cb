// SPDX-License-Identifier: Apache-2.0

#include "api/simulated_clock.h"

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"

namespace insightloop::api {

absl::Status SimulatedClock::AdvanceTo(Time time) {
  std::int64_t now = micros_.load();
  do {
    if (time.micros < now) {
      return InvalidField("TIME_IN_PAST", "time",
                          absl::StrCat(FormatTime(time), " is before the simulated clock's ",
                                       FormatTime({now}), "; the clock only moves forward"));
    }
  } while (!micros_.compare_exchange_weak(now, time.micros));
  return absl::OkStatus();
}

}  // namespace insightloop::api
