// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_API_SYSTEM_CLOCK_H_
#define INSIGHTLOOP_API_SYSTEM_CLOCK_H_

#include "engine/ports/clock.h"

namespace insightloop::api {

// The machine's clock, in UTC. Safe for concurrent calls.
class SystemClock : public Clock {
 public:
  Time Now() const override;
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_SYSTEM_CLOCK_H_
