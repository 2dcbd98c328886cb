// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/errors.h"

#include <nlohmann/json.hpp>

#include "absl/strings/cord.h"
#include "clients/cli/text.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace insightloop::cli {
namespace {

constexpr char kReasonPayload[] = "insightloop.dev/reason";
constexpr char kRemedyPayload[] = "insightloop.dev/remedy";
constexpr char kDetailsPayload[] = "type.googleapis.com/google.rpc.Status";

void SetPayload(absl::Status& status, const char* type, std::string_view text) {
  if (!text.empty()) status.SetPayload(type, absl::Cord(ToAbsl(text)));
}

std::string Payload(const absl::Status& status, const char* type) {
  const auto payload = status.GetPayload(type);
  return payload ? std::string(*payload) : std::string();
}

// The last word when the server itself gave no remedy.
std::string DefaultRemedy(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kNotFound:
      return "List what there is with the group's `list` command.";
    case absl::StatusCode::kAlreadyExists:
      return "Choose another id, or change the existing one with `update`.";
    case absl::StatusCode::kAborted:
      return "Somebody else changed it meanwhile: read it again and repeat the change.";
    case absl::StatusCode::kResourceExhausted:
      return "The server is busy or its disk is full: try again later.";
    case absl::StatusCode::kUnimplemented:
      return "The server is older than this command line: update it.";
    default:
      return {};
  }
}

}  // namespace

std::string_view ExitCodeHelp() {
  return "Exit codes:\n"
         "  0    done\n"
         "  1    internal error, or verify found something wrong\n"
         "  2    wrong usage or an invalid value\n"
         "  3    not found\n"
         "  4    not allowed\n"
         "  5    conflict: exists already, changed meanwhile, or in the wrong state\n"
         "  6    server unavailable, busy or too slow; trying again may help\n"
         "  7    partial: some rows of a file were refused or could not be read\n"
         "  8    the decision is not the one that --require names\n"
         "  130  interrupted";
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kExitDenied;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return kExitConflict;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return kExitUnavailable;
    case absl::StatusCode::kCancelled:
      return kExitInterrupted;
    default:
      return kExitInternal;
  }
}

absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view what,
                       std::string_view remedy) {
  absl::Status status(code, ToAbsl(what));
  SetPayload(status, kReasonPayload, reason);
  SetPayload(status, kRemedyPayload, remedy);
  return status;
}

absl::Status UsageError(std::string_view what, std::string_view remedy) {
  return MakeError(absl::StatusCode::kInvalidArgument, "USAGE", what, remedy);
}

absl::Status InterruptedError() {
  return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED", "interrupted");
}

absl::Status FromGrpc(const grpc::Status& status, std::string_view target,
                      std::chrono::milliseconds timeout) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  if (!status.error_details().empty()) {
    absl::Status failed(code, status.error_message());
    failed.SetPayload(kDetailsPayload, absl::Cord(status.error_details()));
    return failed;
  }
  if (code == absl::StatusCode::kUnavailable) {
    return MakeError(code, "UNREACHABLE",
                     Join({"no server answers at ", target, " (", status.error_message(), ")"}),
                     "Start one with `insightloopd`, name another with --server HOST:PORT, or use "
                     "--local for a private one.");
  }
  if (code == absl::StatusCode::kDeadlineExceeded) {
    const std::string seconds = std::to_string((timeout.count() + 999) / 1000);
    return MakeError(code, "TIMEOUT", Join({"no answer from ", target, " within ", seconds, " s"}),
                     "Try again, or allow more time with --timeout.");
  }
  return absl::Status(code, status.error_message());
}

ErrorParts TakeApart(const absl::Status& status) {
  ErrorParts parts;
  parts.code = absl::StatusCodeToString(status.code());
  parts.message = std::string(status.message());
  parts.reason = Payload(status, kReasonPayload);
  parts.remedy = Payload(status, kRemedyPayload);
  google::rpc::Status details;
  if (details.ParseFromString(Payload(status, kDetailsPayload))) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::PreconditionFailure precondition;
    for (const auto& any : details.details()) {
      if (any.UnpackTo(&info)) {
        parts.reason = info.reason();
      } else if (any.UnpackTo(&bad_request)) {
        for (const auto& violation : bad_request.field_violations()) {
          parts.fields.push_back({violation.field(), violation.description()});
        }
      } else if (any.UnpackTo(&precondition)) {
        for (const auto& violation : precondition.violations()) {
          parts.fields.push_back({violation.subject(), violation.description()});
        }
      }
    }
  }
  // Messages that come with details name the remedy themselves.
  if (parts.remedy.empty() && parts.reason.empty()) parts.remedy = DefaultRemedy(status.code());
  return parts;
}

std::optional<std::chrono::milliseconds> RetryDelay(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  google::rpc::RetryInfo retry;
  for (const auto& any : details.details()) {
    if (any.UnpackTo(&retry)) {
      return std::chrono::milliseconds(retry.retry_delay().seconds() * 1000 +
                                       retry.retry_delay().nanos() / 1'000'000);
    }
  }
  return std::nullopt;
}

std::string ErrorText(const absl::Status& status) {
  const ErrorParts parts = TakeApart(status);
  std::string text = Join({"error: ", Printable(parts.message)});
  if (!parts.reason.empty() && parts.reason != "USAGE" && parts.reason != "INTERRUPTED") {
    text += Join({" [", Printable(parts.reason), "]"});
  }
  text += '\n';
  for (const FieldProblem& problem : parts.fields) {
    // Often the only violation repeats the message.
    if (parts.fields.size() == 1 && parts.message.find(problem.description) != std::string::npos) {
      break;
    }
    text += Join({"  ", Printable(problem.field), problem.field.empty() ? "" : ": ",
                  Printable(problem.description), "\n"});
  }
  // A remedy may have several lines of its own making.
  if (!parts.remedy.empty()) text += Join({parts.remedy, "\n"});
  return text;
}

std::string ErrorJson(const absl::Status& status) {
  const ErrorParts parts = TakeApart(status);
  nlohmann::ordered_json fields = nlohmann::ordered_json::array();
  for (const FieldProblem& problem : parts.fields) {
    fields.push_back({{"field", problem.field}, {"description", problem.description}});
  }
  nlohmann::ordered_json error = {{"code", parts.code},
                                  {"reason", parts.reason},
                                  {"message", parts.message},
                                  {"remedy", parts.remedy},
                                  {"fields", fields}};
  const nlohmann::ordered_json document = {{"error", error}};
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace insightloop::cli
