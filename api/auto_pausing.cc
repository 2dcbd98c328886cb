// SPDX-License-Identifier: Apache-2.0

#include "api/auto_pausing.h"

#include <spdlog/spdlog.h>

#include <chrono>

#include "absl/status/status.h"
#include "engine/domain/verdict.h"

namespace insightloop::api {

void RunAndLog(AutoPause& auto_pause, const std::stop_token& stop) {
  const AutoPauses run = auto_pause.Run(stop);
  for (const AutoPaused& paused : run.paused) {
    for (const Reason& reason : paused.harm) {
      spdlog::warn("paused {}: {}", paused.experiment, reason.detail);
    }
  }
  for (const absl::Status& failure : run.failures) {
    spdlog::error("could not look for harm: {}", failure.ToString());
  }
}

AutoPausing::AutoPausing(AutoPause& auto_pause, Duration period)
    : thread_([this, &auto_pause, period](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          RunAndLog(auto_pause, stop);
          std::unique_lock lock(mutex_);
          wake_.wait_for(lock, stop, std::chrono::microseconds(period.micros),
                         [] { return false; });
        }
      }) {}

}  // namespace insightloop::api
