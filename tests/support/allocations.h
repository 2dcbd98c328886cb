// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_TESTS_SUPPORT_ALLOCATIONS_H_
#define INSIGHTLOOP_TESTS_SUPPORT_ALLOCATIONS_H_

#include <cstdint>

namespace insightloop::testing {

// How often this thread has called `new` so far.
std::int64_t Allocations();

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_ALLOCATIONS_H_
