// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace insightloop::demo {
namespace {

std::string CodeName(grpc::StatusCode code) {
  // Abseil's codes have gRPC's numbers.
  return std::string(absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
}

}  // namespace

Client Connect(const std::string& address) {
  const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  return {.assignment = v1::AssignmentService::NewStub(channel),
          .attributes = v1::AttributeService::NewStub(channel),
          .events = v1::EventService::NewStub(channel),
          .experiments = v1::ExperimentService::NewStub(channel),
          .hypotheses = v1::HypothesisService::NewStub(channel),
          .insights = v1::InsightService::NewStub(channel),
          .layers = v1::LayerService::NewStub(channel),
          .measurement = v1::MeasurementService::NewStub(channel),
          .metrics = v1::MetricService::NewStub(channel),
          .segments = v1::SegmentService::NewStub(channel),
          .server = v1::ServerService::NewStub(channel),
          .verdicts = v1::VerdictService::NewStub(channel)};
}

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return "";
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

std::string TextOf(const grpc::Status& status) {
  const std::string reason = ReasonOf(status);
  return absl::StrCat(CodeName(status.error_code()), reason.empty() ? "" : " (", reason,
                      reason.empty() ? ": " : "): ", status.error_message());
}

}  // namespace insightloop::demo
