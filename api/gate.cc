// SPDX-License-Identifier: Apache-2.0

#include "api/gate.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "api/grpc_status.h"
#include "engine/domain/absl_view.h"
#include "engine/domain/error.h"
#include "engine/resources.h"
#include "engine/sealing.h"

namespace insightloop::api {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

// Until there are keys, whoever reaches the server is its administrator.
constexpr char kPrincipal[] = "local-admin";
constexpr v1::Role kRole = v1::ROLE_ADMIN;

constexpr char kRequestIdField[] = "request_id";

std::string PathOf(const MethodDescriptor& method) {
  return absl::StrCat("/", method.service()->full_name(), "/", method.name());
}

std::string DeterministicBytes(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

absl::Status DeadlineExceeded() {
  return MakeError(absl::StatusCode::kDeadlineExceeded,
                   "the deadline passed before the call was begun; nothing was done",
                   {.reason = "DEADLINE_EXCEEDED"});
}

}  // namespace

absl::StatusOr<v1::Role> RequiredRole(const MethodDescriptor& method) {
  const v1::Role role = method.options().GetExtension(v1::required_role);
  if (role != v1::ROLE_UNSPECIFIED && v1::Role_IsValid(role)) return role;
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat(method.full_name(), " names no role; add `option (required_role) = …` to it"),
      {.reason = "ROLE_MISSING", .metadata = {{"method", method.full_name()}}});
}

absl::Status CheckRole(v1::Role role, v1::Role required, std::string_view method) {
  if (role == required || role == v1::ROLE_ADMIN) return absl::OkStatus();
  const std::string& has = v1::Role_Name(role);
  const std::string& needs = v1::Role_Name(required);
  return MakeError(
      absl::StatusCode::kPermissionDenied,
      absl::StrCat(AbslView(method), " needs ", needs, "; this caller has ", has,
                   "; ask an administrator for the role"),
      {.reason = "ROLE_REQUIRED",
       .metadata = {{"method", std::string(method)}, {"required_role", needs}, {"role", has}}});
}

absl::Status CheckRequestId(std::string_view request_id) {
  if (request_id.empty()) return absl::OkStatus();
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  bool valid = request_id.size() == kShape.size();
  for (std::size_t i = 0; valid && i < kShape.size(); ++i) {
    const char c = request_id[i];
    valid = kShape[i] == '-' ? c == '-' : absl::ascii_isxdigit(static_cast<unsigned char>(c));
  }
  if (valid) return absl::OkStatus();
  return InvalidField("INVALID_REQUEST_ID", kRequestIdField,
                      absl::StrCat(Quoted(request_id),
                                   " is no UUID; send one such as "
                                   "f81d4fae-7dec-41d0-8765-00a0c91e6bf6, or none"));
}

std::string DigestOf(const Message& request) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(kRequestIdField);
  if (field == nullptr || !request.GetReflection()->HasField(request, field)) {
    return Sha256Hex(DeterministicBytes(request));
  }
  const std::unique_ptr<Message> copy(request.New());
  copy->CopyFrom(request);
  copy->GetReflection()->ClearField(copy.get(), field);
  return Sha256Hex(DeterministicBytes(*copy));
}

Gate::Gate(Executor& executor, const Clock& wall_clock, Random& random, const Limits& limits)
    : executor_(executor), wall_clock_(wall_clock), random_(random), limits_(limits) {}

absl::Status Gate::Admit(const google::protobuf::ServiceDescriptor& service) {
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    const absl::StatusOr<v1::Role> role = RequiredRole(method);
    if (!role.ok()) return role.status();
    const auto [entry, added] = methods_.try_emplace(
        method.input_type(),
        Method{PathOf(method), *role, method.input_type()->FindFieldByName(kRequestIdField)});
    if (!added) {
      return absl::FailedPreconditionError(
          absl::StrCat(PathOf(method), " and ", entry->second.path,
                       " take the same request; give each method one of its own"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Caller> Gate::Enter(const Context& context, const Message& request) const {
  const auto found = methods_.find(request.GetDescriptor());
  if (found == methods_.end()) {
    return absl::InternalError(
        absl::StrCat(request.GetTypeName(), " is no request of an admitted service"));
  }
  const Method& method = found->second;
  if (absl::Status status = CheckRole(kRole, method.required_role, method.path); !status.ok()) {
    return status;
  }

  Caller caller{.principal = kPrincipal, .role = v1::Role_Name(kRole), .method = method.path};
  const Time now = wall_clock_.Now();
  caller.deadline = now + limits_.default_deadline;
  if (const auto deadline = context.deadline();
      deadline != std::chrono::system_clock::time_point::max()) {
    const auto since_1970 =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline.time_since_epoch());
    caller.deadline = Time{since_1970.count()};
  }
  if (caller.deadline <= now) return DeadlineExceeded();

  if (method.request_id != nullptr) {
    caller.request_id = request.GetReflection()->GetString(request, method.request_id);
    if (absl::Status status = CheckRequestId(caller.request_id); !status.ok()) return status;
    caller.request_digest = DigestOf(request);
  }
  return caller;
}

absl::Status Gate::CheckWanted(const Context& context, const Caller& caller) const {
  if (caller.deadline <= wall_clock_.Now()) return DeadlineExceeded();
  if (context.IsCancelled()) {
    return MakeError(absl::StatusCode::kCancelled,
                     "the caller went away before the call was begun; nothing was done",
                     {.reason = "CANCELLED"});
  }
  return absl::OkStatus();
}

void Gate::EndStreams() const {
  for (const auto& end : end_streams_) end();
}

grpc::Status Gate::ToStatus(const absl::Status& status, std::string_view request_type) const {
  std::string incident;
  if (IsFaultOfOurs(status)) {
    incident = MakeUuid(random_);
    spdlog::error("internal error {} on {}: {}", incident, request_type, status.ToString());
  }
  return ToGrpcStatus(status, incident);
}

void Gate::Finish(Reactor& reactor, const absl::Status& status, const Message& request) const {
  reactor.Finish(ToStatus(status, request.GetTypeName()));
}

}  // namespace insightloop::api
