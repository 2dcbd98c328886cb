// SPDX-License-Identifier: Apache-2.0
//
// The one gate that every handler passes through. It knows which role each method needs, makes the
// `Caller` that the engine trusts, refuses what must not go on, and turns the outcome into a gRPC
// status.
//
// A handler decodes, calls and encodes; the gate says where it runs:
//
//   return gate_.Queue(context, request, response, [this](const Caller& caller, const auto&
//   request,
//                                                         auto& response) -> absl::Status { … });

#ifndef INSIGHTLOOP_API_GATE_H_
#define INSIGHTLOOP_API_GATE_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/executor.h"
#include "engine/domain/caller.h"
#include "engine/domain/limits.h"
#include "engine/ports/clock.h"
#include "engine/ports/random.h"
#include "insightloop/v1/options.pb.h"

namespace insightloop::api {

// The role that a method's option names. Error: kFailedPrecondition (ROLE_MISSING), naming the
// method, when it has none.
absl::StatusOr<v1::Role> RequiredRole(const google::protobuf::MethodDescriptor& method);

// kPermissionDenied (ROLE_REQUIRED) unless a caller of role `role` may call a method that needs
// `required`.
absl::Status CheckRole(v1::Role role, v1::Role required, std::string_view method);

// kInvalidArgument (INVALID_REQUEST_ID) unless `request_id` is empty or a UUID.
absl::Status CheckRequestId(std::string_view request_id);

// SHA-256, in hexadecimal, of the request without its `request_id`.
std::string DigestOf(const google::protobuf::Message& request);

// A stream of responses that ends before the first one.
template <class Response>
class RefusedStream final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit RefusedStream(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

// Safe for concurrent calls once every service is made and admitted.
class Gate {
 public:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  // All outlive the gate. `wall_clock` is the real time, in which callers' deadlines are told.
  Gate(Executor& executor, const Clock& wall_clock, Random& random, const Limits& limits);

  // Learns the methods of a service. A request type belongs to one method.
  //
  // Errors: kFailedPrecondition for a method without a role, or with a request type that another
  // has.
  absl::Status Admit(const google::protobuf::ServiceDescriptor& service);

  // Runs `work(caller, request, response)` here. For work that never waits and is quick.
  template <class Request, class Response, class Work>
  Reactor* Inline(Context* context, const Request* request, Response* response, Work work) {
    Reactor* reactor = context->DefaultReactor();
    absl::StatusOr<Caller> caller = Enter(*context, *request);
    Finish(*reactor, caller.ok() ? work(*caller, *request, *response) : caller.status(), *request);
    return reactor;
  }

  // Ends a call; from any thread.
  using End = std::function<void(const absl::Status&)>;

  // Begins `work(caller, request, response, end)` here, which never waits and is quick. The call
  // goes on until `end` is called, once; the messages live until then.
  template <class Request, class Response, class Work>
  Reactor* Begin(Context* context, const Request* request, Response* response, Work work) {
    Reactor* reactor = context->DefaultReactor();
    End end = [this, reactor, request](const absl::Status& status) {
      Finish(*reactor, status, *request);
    };
    absl::StatusOr<Caller> caller = Enter(*context, *request);
    if (caller.ok()) {
      work(*caller, *request, *response, std::move(end));
    } else {
      end(caller.status());
    }
    return reactor;
  }

  // Runs `work(caller, request, response)` on a worker; not at all when the call is over by then.
  template <class Request, class Response, class Work>
  Reactor* Queue(Context* context, const Request* request, Response* response, Work work) {
    Reactor* reactor = context->DefaultReactor();
    absl::StatusOr<Caller> caller = Enter(*context, *request);
    const absl::Status queued = !caller.ok()
                                    ? caller.status()
                                    : executor_.Submit([this, context, request, response, reactor,
                                                        caller = *caller, work = std::move(work)] {
                                        absl::Status status = CheckWanted(*context, caller);
                                        if (status.ok()) status = work(caller, *request, *response);
                                        Finish(*reactor, status, *request);
                                      });
    if (!queued.ok()) Finish(*reactor, queued, *request);
    return reactor;
  }

  // Begins a stream of responses here: `make(caller, request)` gives its reactor, or refuses. The
  // reactor ends with a status of ToStatus(), also at EndStreams().
  template <class Response, class Request, class Make>
  grpc::ServerWriteReactor<Response>* Stream(Context* context, const Request* request, Make make) {
    absl::StatusOr<Caller> caller = Enter(*context, *request);
    absl::Status status = caller.status();
    if (status.ok()) {
      absl::StatusOr<grpc::ServerWriteReactor<Response>*> reactor = make(*caller, *request);
      if (reactor.ok()) return *reactor;
      status = reactor.status();
    }
    return new RefusedStream<Response>(ToStatus(status, request->GetTypeName()));
  }

  // Whoever makes streams says here, when it is made, how all of its streams are ended. They would
  // otherwise keep a server from stopping.
  void OnEndStreams(std::function<void()> end) { end_streams_.push_back(std::move(end)); }
  // Ends all streams; a new one must be refused from then on.
  void EndStreams() const;

  // What the caller is told; logs faults of ours.
  grpc::Status ToStatus(const absl::Status& status, std::string_view request_type) const;

  const Limits& limits() const { return limits_; }

 private:
  struct Method {
    std::string path;  // such as `/insightloop.v1.InsightService/CreateInsight`
    v1::Role required_role = v1::ROLE_UNSPECIFIED;
    const google::protobuf::FieldDescriptor* request_id = nullptr;  // absent: cannot be replayed
  };

  // Errors: kPermissionDenied, kDeadlineExceeded, kInvalidArgument (INVALID_REQUEST_ID).
  absl::StatusOr<Caller> Enter(const Context& context,
                               const google::protobuf::Message& request) const;
  // Errors: kCancelled, kDeadlineExceeded.
  absl::Status CheckWanted(const Context& context, const Caller& caller) const;
  // Ends the call.
  void Finish(Reactor& reactor, const absl::Status& status,
              const google::protobuf::Message& request) const;

  Executor& executor_;
  const Clock& wall_clock_;
  Random& random_;
  const Limits limits_;
  absl::flat_hash_map<const google::protobuf::Descriptor*, Method> methods_;  // by request type
  std::vector<std::function<void()>> end_streams_;
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_GATE_H_
