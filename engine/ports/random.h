// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_ENGINE_PORTS_RANDOM_H_
#define INSIGHTLOOP_ENGINE_PORTS_RANDOM_H_

#include <cstdint>

namespace insightloop {

// A source of random bits for ids, salts, secrets and the drawing of slots; in production it cannot
// be predicted. Safe for concurrent calls.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t Next() = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PORTS_RANDOM_H_
