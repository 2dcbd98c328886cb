// SPDX-License-Identifier: Apache-2.0
//
// The wire: one stub per service of the contract, calls with a deadline, and errors as a person
// reads them.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_CLIENT_H_
#define INSIGHTLOOP_CLIENTS_DEMO_CLIENT_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "insightloop/v1/assignment.grpc.pb.h"
#include "insightloop/v1/attribute.grpc.pb.h"
#include "insightloop/v1/event.grpc.pb.h"
#include "insightloop/v1/experiment.grpc.pb.h"
#include "insightloop/v1/hypothesis.grpc.pb.h"
#include "insightloop/v1/insight.grpc.pb.h"
#include "insightloop/v1/layer.grpc.pb.h"
#include "insightloop/v1/measurement.grpc.pb.h"
#include "insightloop/v1/metric.grpc.pb.h"
#include "insightloop/v1/segment.grpc.pb.h"
#include "insightloop/v1/server.grpc.pb.h"
#include "insightloop/v1/verdict.grpc.pb.h"

namespace insightloop::demo {

// Safe for concurrent calls. None of the stubs is null.
struct Client {
  std::unique_ptr<v1::AssignmentService::Stub> assignment;
  std::unique_ptr<v1::AttributeService::Stub> attributes;
  std::unique_ptr<v1::EventService::Stub> events;
  std::unique_ptr<v1::ExperimentService::Stub> experiments;
  std::unique_ptr<v1::HypothesisService::Stub> hypotheses;
  std::unique_ptr<v1::InsightService::Stub> insights;
  std::unique_ptr<v1::LayerService::Stub> layers;
  std::unique_ptr<v1::MeasurementService::Stub> measurement;
  std::unique_ptr<v1::MetricService::Stub> metrics;
  std::unique_ptr<v1::SegmentService::Stub> segments;
  std::unique_ptr<v1::ServerService::Stub> server;
  std::unique_ptr<v1::VerdictService::Stub> verdicts;
};

// A client of the server at HOST:PORT. Connects with the first call.
Client Connect(const std::string& address);

// The machine-readable reason of an error, such as WINDOWS_OPEN; empty where it has none.
std::string ReasonOf(const grpc::Status& status);

// The error as a person reads it: "FAILED_PRECONDITION (WINDOWS_OPEN): …".
std::string TextOf(const grpc::Status& status);

// Calls one method: Call(*client.layers, &v1::LayerService::Stub::CreateLayer, request, layer).
template <class Stub, class Request, class Response>
grpc::Status Call(Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  return (stub.*method)(&context, request, &response);
}

// The same where an error ends the demo: the response, or kAborted naming what was tried.
template <class Stub, class Request, class Response>
absl::StatusOr<Response> Expect(const std::string& what, Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
  Response response;
  const grpc::Status status = Call(stub, method, request, response);
  if (status.ok()) return response;
  return absl::AbortedError(absl::StrCat(what, ": ", TextOf(status)));
}

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_CLIENT_H_
