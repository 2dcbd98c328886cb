// SPDX-License-Identifier: Apache-2.0
//
// Calls a server of insightloop.
//
//   const auto client = insightloop::Client::Connect({.target = "experiments.example:50051"});
//   insightloop::v1::AssignRequest request;
//   request.set_experiment("experiments/spring");
//   request.set_unit_id("customer-42");
//   request.set_record_exposure(true);
//   const auto answer = client->Assign(request);
//   if (answer.ok() && answer->variant() == "reminder") …
//
// Requests and responses are the messages of the contract, which says everything about their
// fields. To assign units without a call each, see local_evaluator.h.
//
// Every call has a deadline. A call that the server could not be reached for is tried up to four
// times within it, about 0.1 s, 0.2 s and 0.4 s apart, where repeating is safe: calls that only
// read, recording, and changes that carry a `request_id`, which is filled in where it is empty.

#ifndef INSIGHTLOOP_CLIENTS_CPP_CLIENT_H_
#define INSIGHTLOOP_CLIENTS_CPP_CLIENT_H_

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "insightloop/v1/assignment.grpc.pb.h"
#include "insightloop/v1/attribute.grpc.pb.h"
#include "insightloop/v1/campaign.grpc.pb.h"
#include "insightloop/v1/event.grpc.pb.h"
#include "insightloop/v1/experiment.grpc.pb.h"
#include "insightloop/v1/hypothesis.grpc.pb.h"
#include "insightloop/v1/insight.grpc.pb.h"
#include "insightloop/v1/layer.grpc.pb.h"
#include "insightloop/v1/measurement.grpc.pb.h"
#include "insightloop/v1/metric.grpc.pb.h"
#include "insightloop/v1/programme.grpc.pb.h"
#include "insightloop/v1/segment.grpc.pb.h"
#include "insightloop/v1/server.grpc.pb.h"
#include "insightloop/v1/unit_type.grpc.pb.h"
#include "insightloop/v1/verdict.grpc.pb.h"

namespace insightloop {

struct ClientOptions {
  std::string target = "127.0.0.1:50051";      // `host:port` or `unix:/path`
  absl::Duration deadline = absl::Seconds(5);  // of a call with all its attempts
};

// Errors of all calls: the server's, with its code and message, and its reason for ReasonOf();
// kUnavailable (UNREACHABLE) when no server answers; kDeadlineExceeded (TIMEOUT).
//
// Safe for concurrent calls. A copy is cheap and shares the connection.
class Client {
 public:
  // Does not wait: the connection is made with the first call, and again whenever it was lost.
  // Errors: kInvalidArgument for an empty target or a deadline that is not above 0 and finite.
  static absl::StatusOr<Client> Connect(ClientOptions options = {});

  // The same with another deadline, such as for a verdict over many facts.
  Client WithDeadline(absl::Duration deadline) const;

  // Which variant a unit gets; with `record_exposure` also records that it could see it.
  absl::StatusOr<v1::AssignResponse> Assign(const v1::AssignRequest& request) const;
  // The same for up to 10,000 units.
  absl::StatusOr<v1::BatchAssignResponse> BatchAssign(const v1::BatchAssignRequest& request) const;
  // Step by step, why a unit gets what it gets.
  absl::StatusOr<v1::ExplainAssignmentResponse> ExplainAssignment(
      const v1::ExplainAssignmentRequest& request) const;
  // Each tells the fate of every row. Sending rows again changes nothing.
  absl::StatusOr<v1::RecordExposuresResponse> RecordExposures(
      const v1::RecordExposuresRequest& request) const;
  absl::StatusOr<v1::RecordOutcomesResponse> RecordOutcomes(
      const v1::RecordOutcomesRequest& request) const;
  // What the facts say so far.
  absl::StatusOr<v1::Verdict> ComputeVerdict(const v1::ComputeVerdictRequest& request) const;

  // Any unary method of the contract:
  //
  //   client.Call(&insightloop::v1::ExperimentService::Stub::StartExperiment, request)
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                Request request) const {
    FillRequestId(request);
    return Send(method, request);
  }

  // For what is no unary method.
  const std::shared_ptr<grpc::Channel>& channel() const { return connection_->channel; }
  const ClientOptions& options() const { return options_; }

 private:
  template <class... Services>
  struct ConnectionTo {
    explicit ConnectionTo(std::shared_ptr<grpc::Channel> to)
        : channel(std::move(to)), stubs(Services::NewStub(channel)...) {}
    static std::vector<std::string> ServiceNames() { return {Services::service_full_name()...}; }
    std::shared_ptr<grpc::Channel> channel;
    std::tuple<std::unique_ptr<typename Services::Stub>...> stubs;
  };
  using Connection = ConnectionTo<v1::AssignmentService, v1::AttributeService, v1::CampaignService,
                                  v1::EventService, v1::ExperimentService, v1::HypothesisService,
                                  v1::InsightService, v1::LayerService, v1::MeasurementService,
                                  v1::MetricService, v1::ProgrammeService, v1::SegmentService,
                                  v1::ServerService, v1::UnitTypeService, v1::VerdictService>;

  Client(ClientOptions options, std::shared_ptr<const Connection> connection);

  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Send(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) const {
    const auto& stub = std::get<std::unique_ptr<Stub>>(connection_->stubs);
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + options_.deadline));
    Response response;
    const grpc::Status status = ((*stub).*method)(&context, request, &response);
    if (!status.ok()) return ToError(status);
    return response;
  }

  static void FillRequestId(google::protobuf::Message& request);
  absl::Status ToError(const grpc::Status& status) const;

  ClientOptions options_;
  std::shared_ptr<const Connection> connection_;
};

// The machine-readable reason of an error, in UPPER_SNAKE_CASE, such as LAYER_FULL; the name of its
// code where it has no other. Empty for OK. The message says the same in words, and the remedy.
std::string ReasonOf(const absl::Status& status);

}  // namespace insightloop

#endif  // INSIGHTLOOP_CLIENTS_CPP_CLIENT_H_
