// SPDX-License-Identifier: Apache-2.0

#include "api/system_clock.h"

#include <chrono>

namespace insightloop::api {

Time SystemClock::Now() const {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count()};
}

}  // namespace insightloop::api
