// SPDX-License-Identifier: Apache-2.0
//
// Calls to the server: any method by its path, any message, always with a deadline. UNAVAILABLE is
// tried again a few times with growing pauses; every method of the contract may be repeated,
// because changes carry a request id and rows are recognised.

#ifndef INSIGHTLOOP_CLIENTS_CLI_CALL_H_
#define INSIGHTLOOP_CLIENTS_CLI_CALL_H_

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::cli {

// Messages to and from the wire.
grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message);
absl::Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message);

// The pause before attempt number `attempt` (from 1), with up to a fifth of it by chance.
std::chrono::milliseconds RetryPause(int attempt);

// A server to call. Safe for concurrent calls.
class Caller {
 public:
  static constexpr int kAttempts = 5;

  // `target` as gRPC writes it: `host:port` or `unix:/path`. Connects at the first call.
  Caller(std::string target, std::chrono::milliseconds timeout);

  // Calls the unary method with this path, `/package.Service/Method`, and waits. The timeout holds
  // for all attempts together.
  //
  // Errors: the server's, with its details; kUnavailable and kDeadlineExceeded; kCancelled after
  // Ctrl-C.
  absl::Status Call(const std::string& path, const google::protobuf::MessageLite& request,
                    google::protobuf::MessageLite& response);

  // A call under way. Keep it until `done` has run, and give it up before the Caller.
  struct Attempt;
  using Done = std::function<void(const grpc::Status&)>;
  // Starts one attempt; `done` runs on a thread of gRPC, must be quick and must not own the
  // attempt.
  std::shared_ptr<Attempt> Start(const std::string& path, const grpc::ByteBuffer& request,
                                 std::chrono::system_clock::time_point deadline, Done done);
  static void Cancel(Attempt& attempt);
  static const grpc::ByteBuffer& Response(const Attempt& attempt);

  const std::string& target() const { return target_; }
  std::chrono::milliseconds timeout() const { return timeout_; }

 private:
  const std::string target_;
  const std::chrono::milliseconds timeout_;
  grpc::GenericStub stub_;
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_CALL_H_
