// SPDX-License-Identifier: Apache-2.0

#include "api/system_random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace insightloop::api {

std::uint64_t SystemRandom::Next() {
  std::uint64_t bits = 0;
  while (true) {
    const ssize_t got = getrandom(&bits, sizeof bits, 0);
    if (got == static_cast<ssize_t>(sizeof bits)) return bits;
    if (got < 0 && errno != EINTR) std::abort();
  }
}

}  // namespace insightloop::api
