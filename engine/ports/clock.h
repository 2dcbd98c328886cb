// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_ENGINE_PORTS_CLOCK_H_
#define INSIGHTLOOP_ENGINE_PORTS_CLOCK_H_

#include "engine/domain/time.h"

namespace insightloop {

// Tells the time. Safe for concurrent calls. Nothing else in the system asks what time it is.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PORTS_CLOCK_H_
