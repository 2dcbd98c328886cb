// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_API_SYSTEM_RANDOM_H_
#define INSIGHTLOOP_API_SYSTEM_RANDOM_H_

#include <cstdint>

#include "engine/ports/random.h"

namespace insightloop::api {

// The operating system's source, which cannot be predicted. Safe for concurrent calls.
class SystemRandom : public Random {
 public:
  // Ends the process should the system have no random bits: ids and secrets must not be guessed.
  std::uint64_t Next() override;
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_SYSTEM_RANDOM_H_
