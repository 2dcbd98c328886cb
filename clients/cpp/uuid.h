// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_CLIENTS_CPP_UUID_H_
#define INSIGHTLOOP_CLIENTS_CPP_UUID_H_

#include <string>

namespace insightloop {

// A new random UUID (RFC 4122, version 4), from a generator that the operating system seeds. Safe
// for concurrent calls.
std::string MakeUuid();

}  // namespace insightloop

#endif  // INSIGHTLOOP_CLIENTS_CPP_UUID_H_
