// SPDX-License-Identifier: Apache-2.0

#include "clients/cpp/client.h"

#include <google/protobuf/descriptor.h>
#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cpp/errors.h"
#include "clients/cpp/uuid.h"
#include "engine/domain/error.h"

namespace insightloop {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

constexpr char kRequestId[] = "request_id";

// Whether calling twice does no more than calling once.
bool IsIdempotent(const MethodDescriptor& method) {
  if (method.server_streaming()) return false;  // whoever reads it must begin again
  for (const char* const reads : {"Get", "List", "Compute", "Explain"}) {
    if (absl::StartsWith(method.name(), reads)) return true;
  }
  // Facts are recognised.
  for (const char* const name : {"Assign", "BatchAssign", "RecordExposures", "RecordOutcomes"}) {
    if (method.name() == name) return true;
  }
  // A change is recognised by its request id, which a call always has.
  return method.input_type()->FindFieldByName(kRequestId) != nullptr;
}

// gRPC's own retries: https://github.com/grpc/proposal/blob/master/A6-client-retries.md.
std::string ServiceConfig(const std::vector<std::string>& services) {
  nlohmann::json names = nlohmann::json::array();
  for (const std::string& service : services) {
    const auto& descriptor =
        *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
    for (int i = 0; i < descriptor.method_count(); ++i) {
      const MethodDescriptor& method = *descriptor.method(i);
      if (IsIdempotent(method)) names.push_back({{"service", service}, {"method", method.name()}});
    }
  }
  const nlohmann::json policy = {{"maxAttempts", 4},
                                 {"initialBackoff", "0.1s"},
                                 {"maxBackoff", "2s"},
                                 {"backoffMultiplier", 2},
                                 {"retryableStatusCodes", {"UNAVAILABLE"}}};
  // A failure takes a token, a success gives one back: at half of them nothing is tried again.
  const nlohmann::json config = {
      {"methodConfig", nlohmann::json::array({{{"name", names}, {"retryPolicy", policy}}})},
      {"retryThrottling", {{"maxTokens", 100}, {"tokenRatio", 1}}}};
  return config.dump();
}

// Keeps gRPC up until the process ends. Shutting it down with the last channel may wait ten seconds
// for a poll of its own.
void KeepGrpc() {
  static std::once_flag once;
  std::call_once(once, grpc_init);
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target,
                                           const std::string& service_config) {
  KeepGrpc();
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(service_config);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  // Finds out that a server is gone also where nothing but the catalog's stream is under way.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(-1);  // a catalog may be large
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

Client::Client(ClientOptions options, std::shared_ptr<const Connection> connection)
    : options_(std::move(options)), connection_(std::move(connection)) {}

absl::StatusOr<Client> Client::Connect(ClientOptions options) {
  Violations violations;
  if (options.target.empty()) {
    violations.Add("INVALID_TARGET", "target", "is empty; give `host:port` or `unix:/path`");
  }
  if (options.deadline <= absl::ZeroDuration() || options.deadline == absl::InfiniteDuration()) {
    violations.Add("INVALID_DEADLINE", "deadline",
                   absl::StrCat("is ", absl::FormatDuration(options.deadline),
                                "; give one above 0 and finite"));
  }
  if (!violations.empty()) return violations.ToStatus();
  auto connection = std::make_shared<const Connection>(
      MakeChannel(options.target, ServiceConfig(Connection::ServiceNames())));
  return Client(std::move(options), std::move(connection));
}

Client Client::WithDeadline(absl::Duration deadline) const {
  return Client({.target = options_.target, .deadline = deadline}, connection_);
}

absl::StatusOr<v1::AssignResponse> Client::Assign(const v1::AssignRequest& request) const {
  return Send(&v1::AssignmentService::Stub::Assign, request);
}

absl::StatusOr<v1::BatchAssignResponse> Client::BatchAssign(
    const v1::BatchAssignRequest& request) const {
  return Send(&v1::AssignmentService::Stub::BatchAssign, request);
}

absl::StatusOr<v1::ExplainAssignmentResponse> Client::ExplainAssignment(
    const v1::ExplainAssignmentRequest& request) const {
  return Send(&v1::AssignmentService::Stub::ExplainAssignment, request);
}

absl::StatusOr<v1::RecordExposuresResponse> Client::RecordExposures(
    const v1::RecordExposuresRequest& request) const {
  return Send(&v1::MeasurementService::Stub::RecordExposures, request);
}

absl::StatusOr<v1::RecordOutcomesResponse> Client::RecordOutcomes(
    const v1::RecordOutcomesRequest& request) const {
  return Send(&v1::MeasurementService::Stub::RecordOutcomes, request);
}

absl::StatusOr<v1::Verdict> Client::ComputeVerdict(const v1::ComputeVerdictRequest& request) const {
  return Send(&v1::VerdictService::Stub::ComputeVerdict, request);
}

void Client::FillRequestId(google::protobuf::Message& request) {
  const FieldDescriptor* const field = request.GetDescriptor()->FindFieldByName(kRequestId);
  if (field == nullptr) return;
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  if (reflection.GetString(request, field).empty()) {
    reflection.SetString(&request, field, MakeUuid());
  }
}

absl::Status Client::ToError(const grpc::Status& status) const {
  return FromGrpc(status, options_);
}

std::string ReasonOf(const absl::Status& status) {
  return status.ok() ? "" : DetailsOf(status).reason;
}

}  // namespace insightloop
