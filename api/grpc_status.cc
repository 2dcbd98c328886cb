// SPDX-License-Identifier: Apache-2.0

#include "api/grpc_status.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/absl_view.h"
#include "engine/domain/error.h"
#include "engine/domain/resource.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace insightloop::api {
namespace {

// In bytes, and small enough that the message (percent-encoded in `grpc-message`, again in the
// details) and the details (in base64) fit into 8 KiB together.
constexpr std::size_t kMaxEncodedMessage = 1000;
constexpr std::size_t kMaxMetadataValue = 256;
constexpr std::size_t kMaxMetadataBytes = 1000;  // all of them
constexpr std::size_t kMaxDescription = 500;
constexpr std::size_t kMaxViolationBytes = 1500;  // all of them

// How many bytes a character takes in `grpc-message`.
std::size_t EncodedSize(char c) { return c >= ' ' && c <= '~' && c != '%' ? 1 : 3; }

// The longest prefix of whole characters whose cost is at most `limit`, with an ellipsis if cut.
template <class Cost>
std::string Cut(std::string_view text, std::size_t limit, Cost cost) {
  if (!IsUtf8(text)) return Cut(Quoted(text), limit, cost);
  std::size_t spent = 0;
  std::size_t whole = 0;  // end of the last character that fits
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) whole = i;
    spent += cost(text[i]);
    if (spent > limit) return absl::StrCat(AbslView(text.substr(0, whole)), "…");
  }
  return std::string(text);
}

std::string Cut(std::string_view text, std::size_t limit) {
  return Cut(text, limit, [](char) { return std::size_t{1}; });
}

void AddErrorInfo(const ErrorDetails& details, google::rpc::Status& status) {
  google::rpc::ErrorInfo info;
  info.set_reason(details.reason);
  info.set_domain(kErrorDomain);
  std::size_t bytes = 0;
  for (const auto& [key, value] : details.metadata) {
    std::string text = Cut(value, kMaxMetadataValue);
    bytes += key.size() + text.size();
    if (bytes > kMaxMetadataBytes) break;
    (*info.mutable_metadata())[key] = std::move(text);
  }
  status.add_details()->PackFrom(info);
}

void AddBadRequest(const ErrorDetails& details, google::rpc::Status& status) {
  google::rpc::BadRequest bad_request;
  std::size_t bytes = 0;
  for (const FieldViolation& violation : details.violations) {
    std::string field = Cut(violation.field, kMaxMetadataValue);
    std::string description = Cut(violation.description, kMaxDescription);
    bytes += field.size() + description.size();
    if (bytes > kMaxViolationBytes) break;
    auto* entry = bad_request.add_field_violations();
    entry->set_field(std::move(field));
    entry->set_description(std::move(description));
  }
  status.add_details()->PackFrom(bad_request);
}

}  // namespace

bool IsFaultOfOurs(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

grpc::Status ToGrpcStatus(const absl::Status& status, std::string_view incident) {
  if (status.ok()) return grpc::Status::OK;

  ErrorDetails details = DetailsOf(status);
  std::string message(status.message());
  auto code = static_cast<grpc::StatusCode>(status.code());  // the canonical codes, numbered alike
  if (IsFaultOfOurs(status)) {
    code = grpc::StatusCode::INTERNAL;
    message = absl::StrCat("internal error ", AbslView(incident),
                           "; the server's log tells more under this id; please report it");
    details = {.reason = "INTERNAL", .metadata = {{"incident", std::string(incident)}}};
  }
  message = Cut(message, kMaxEncodedMessage, EncodedSize);

  google::rpc::Status rich;
  rich.set_code(static_cast<std::int32_t>(code));
  rich.set_message(message);
  AddErrorInfo(details, rich);
  if (!details.violations.empty()) AddBadRequest(details, rich);
  if (code == grpc::StatusCode::FAILED_PRECONDITION) {
    google::rpc::PreconditionFailure failure;
    auto* violation = failure.add_violations();
    violation->set_type(details.reason);
    violation->set_subject(Cut(details.resource, kMaxMetadataValue));
    violation->set_description(Cut(message, kMaxDescription));
    rich.add_details()->PackFrom(failure);
  }
  if (!details.resource.empty()) {
    google::rpc::ResourceInfo info;
    info.set_resource_type(Cut(CollectionOf(details.resource), kMaxMetadataValue));
    info.set_resource_name(Cut(details.resource, kMaxMetadataValue));
    info.set_description(Cut(message, kMaxMetadataValue));
    rich.add_details()->PackFrom(info);
  }
  if (details.retry_delay.has_value()) {
    google::rpc::RetryInfo info;
    info.mutable_retry_delay()->set_seconds(details.retry_delay->micros / 1'000'000);
    info.mutable_retry_delay()->set_nanos(
        static_cast<std::int32_t>(details.retry_delay->micros % 1'000'000 * 1000));
    rich.add_details()->PackFrom(info);
  }
  return {code, message, rich.SerializeAsString()};
}

}  // namespace insightloop::api
