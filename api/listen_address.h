// SPDX-License-Identifier: Apache-2.0
//
// Where the server listens: `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.

#ifndef INSIGHTLOOP_API_LISTEN_ADDRESS_H_
#define INSIGHTLOOP_API_LISTEN_ADDRESS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::api {

struct ListenAddress {
  std::string host;       // without brackets; empty for a Unix socket
  int port = 0;           // 0: the system chooses one
  std::string unix_path;  // empty for a port

  // Whether only this machine can reach it.
  bool IsLocal() const;
  // As the server takes it and people read it, with another port where `bound_port` is not 0.
  std::string ToString(int bound_port = 0) const;
};

// Error: kInvalidArgument (INVALID_ADDRESS) with an example of a valid one.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// Whether a server could listen there now. Errors, kFailedPrecondition: ADDRESS_IN_USE, with the
// port and the remedy; ADDRESS_NOT_USABLE for a host that is not this machine's, a port that takes
// privileges or a path that cannot be.
absl::Status CheckFree(const ListenAddress& address);

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_LISTEN_ADDRESS_H_
