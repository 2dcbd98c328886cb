// SPDX-License-Identifier: Apache-2.0
//
// When the server looks for experiments to pause, and what its log says of them.

#ifndef INSIGHTLOOP_API_AUTO_PAUSING_H_
#define INSIGHTLOOP_API_AUTO_PAUSING_H_

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "engine/auto_pause.h"
#include "engine/domain/time.h"

namespace insightloop::api {

// Runs `auto_pause` once and logs what it has paused and what has failed.
void RunAndLog(AutoPause& auto_pause, const std::stop_token& stop = {});

// Does so at once and then again and again, on a thread of its own. Its end waits for the
// experiment being looked at, for no other.
class AutoPausing {
 public:
  // `auto_pause` outlives this object. `period` is real time, from the end of one run to the next.
  AutoPausing(AutoPause& auto_pause, Duration period);

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // ends before what it waits on
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_AUTO_PAUSING_H_
