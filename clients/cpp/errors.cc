// SPDX-License-Identifier: Apache-2.0

#include "clients/cpp/errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace insightloop {
namespace {

ErrorDetails ReadDetails(const google::rpc::Status& status) {
  ErrorDetails details;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::ResourceInfo resource;
  google::rpc::RetryInfo retry;
  for (const auto& any : status.details()) {
    if (any.UnpackTo(&info)) {
      details.reason = info.reason();
      for (const auto& [key, value] : info.metadata()) details.metadata[key] = value;
    } else if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        details.violations.push_back({violation.field(), violation.description()});
      }
    } else if (any.UnpackTo(&resource)) {
      details.resource = resource.resource_name();
    } else if (any.UnpackTo(&retry)) {
      details.retry_delay =
          Duration{retry.retry_delay().seconds() * 1'000'000 + retry.retry_delay().nanos() / 1'000};
    }
  }
  return details;
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status, const ClientOptions& options) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());  // numbered alike
  google::rpc::Status rich;
  if (!status.error_details().empty() && rich.ParseFromString(status.error_details())) {
    return MakeError(code, status.error_message(), ReadDetails(rich));
  }
  if (code == absl::StatusCode::kUnavailable) {
    return MakeError(code,
                     absl::StrCat("no server answers at ", options.target, " (",
                                  status.error_message(), "); start it, or give another target"),
                     {.reason = "UNREACHABLE", .metadata = {{"target", options.target}}});
  }
  if (code == absl::StatusCode::kDeadlineExceeded) {
    const std::string deadline = absl::FormatDuration(options.deadline);
    return MakeError(code,
                     absl::StrCat("no answer from ", options.target, " within ", deadline,
                                  "; try again, or allow more time"),
                     {.reason = "TIMEOUT", .metadata = {{"deadline", deadline}}});
  }
  return absl::Status(code, status.error_message());
}

}  // namespace insightloop
