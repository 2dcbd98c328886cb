// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_CLIENTS_CPP_WAITING_H_
#define INSIGHTLOOP_CLIENTS_CPP_WAITING_H_

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"

namespace insightloop {

// The moment in so long, for waiting; at most a year, which the standard's clocks can add.
inline std::chrono::steady_clock::time_point Until(absl::Duration timeout) {
  return std::chrono::steady_clock::now() +
         absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(24 * 365)));
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_CLIENTS_CPP_WAITING_H_
