// SPDX-License-Identifier: Apache-2.0
//
// The only table from the engine's errors to gRPC's. Every error carries google.rpc details, each
// type at most once: ErrorInfo always, and where they apply BadRequest (fields),
// PreconditionFailure (states), ResourceInfo (a named resource) and RetryInfo (when to try again).

#ifndef INSIGHTLOOP_API_GRPC_STATUS_H_
#define INSIGHTLOOP_API_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <string_view>

#include "absl/status/status.h"

namespace insightloop::api {

inline constexpr char kErrorDomain[] = "insightloop.dev";

// Whether an error is a fault of ours, whose text is for the log and not for the caller.
bool IsFaultOfOurs(const absl::Status& status);

// The status as the caller sees it. For a fault of ours: a general message with `incident`, by
// which the log tells what happened. Messages and details are cut so that they fit into the
// trailing metadata that every client accepts (8 KiB); they are always valid UTF-8. Pure.
grpc::Status ToGrpcStatus(const absl::Status& status, std::string_view incident);

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_GRPC_STATUS_H_
