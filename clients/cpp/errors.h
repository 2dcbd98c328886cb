// SPDX-License-Identifier: Apache-2.0
//
// Errors of calls in the form of the engine's, so that a caller need not know where one came from.

#ifndef INSIGHTLOOP_CLIENTS_CPP_ERRORS_H_
#define INSIGHTLOOP_CLIENTS_CPP_ERRORS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "clients/cpp/client.h"

namespace insightloop {

// With the server's details for DetailsOf(), or reason UNREACHABLE or TIMEOUT. `options` are those
// of the client that called.
absl::Status FromGrpc(const grpc::Status& status, const ClientOptions& options);

}  // namespace insightloop

#endif  // INSIGHTLOOP_CLIENTS_CPP_ERRORS_H_
