// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/error.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/absl_view.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"

namespace insightloop {
namespace {

constexpr char kPayloadType[] = "insightloop.dev/ErrorDetails";

}  // namespace

template <class V>
void Fields(V& v, FieldViolation& x) {
  v("field", x.field);
  v("description", x.description);
}

template <class V>
void Fields(V& v, ErrorDetails& x) {
  v("reason", x.reason);
  v("metadata", x.metadata);
  v("violations", x.violations);
  v("resource", x.resource);
  v("retry_delay", x.retry_delay);
}

absl::Status MakeError(absl::StatusCode code, std::string_view message,
                       const ErrorDetails& details) {
  absl::Status status(code, AbslView(message));
  // Bytes that are not UTF-8 may come from a caller, in the name of a field: they are replaced.
  status.SetPayload(kPayloadType, absl::Cord(ToJson(details).dump(-1, ' ', false,
                                                                  Json::error_handler_t::replace)));
  return status;
}

ErrorDetails DetailsOf(const absl::Status& status) {
  if (const auto payload = status.GetPayload(kPayloadType); payload.has_value()) {
    if (auto details = FromJsonText<ErrorDetails>(std::string(*payload)); details.ok()) {
      return *std::move(details);
    }
  }
  return {.reason = absl::StatusCodeToString(status.code())};
}

std::string Quoted(std::string_view value) {
  constexpr std::size_t kShown = 100;
  std::size_t end = std::min(value.size(), kShown);
  while (end < value.size() && end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) {
    --end;  // not in the middle of a character
  }
  const absl::string_view shown = AbslView(value.substr(0, end));
  return absl::StrCat("\"",
                      IsUtf8(value) ? absl::Utf8SafeCHexEscape(shown) : absl::CHexEscape(shown),
                      end < value.size() ? "…" : "", "\"");
}

absl::Status InvalidField(std::string_view reason, std::string_view field,
                          std::string_view description) {
  Violations violations;
  violations.Add(reason, field, description);
  return violations.ToStatus();
}

absl::Status NotFound(std::string_view field, std::string_view name) {
  return MakeError(absl::StatusCode::kNotFound,
                   absl::StrCat(AbslView(field), ": ", Quoted(name),
                                " does not exist; list what there is, or create it"),
                   {.reason = "RESOURCE_NOT_FOUND",
                    .metadata = {{"field", std::string(field)}, {"name", std::string(name)}},
                    .resource = std::string(name)});
}

absl::Status WrongState(std::string_view reason, std::string_view resource,
                        std::string_view description) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   absl::StrCat(AbslView(resource), ": ", AbslView(description)),
                   {.reason = std::string(reason),
                    .metadata = {{"name", std::string(resource)}},
                    .resource = std::string(resource)});
}

void Violations::Add(std::string_view reason, std::string_view field,
                     std::string_view description) {
  if (empty()) found_ = std::make_unique<ErrorDetails>(ErrorDetails{.reason = std::string(reason)});
  found_->violations.push_back({std::string(field), std::string(description)});
}

void Violations::Add(const absl::Status& invalid) {
  ErrorDetails details = DetailsOf(invalid);
  if (empty()) {
    found_ = std::make_unique<ErrorDetails>(std::move(details));
    return;
  }
  std::move(details.violations.begin(), details.violations.end(),
            std::back_inserter(found_->violations));
}

absl::Status Violations::ToStatus() const {
  if (empty()) return absl::OkStatus();
  std::string message;
  for (const FieldViolation& violation : found_->violations) {
    absl::StrAppend(&message, message.empty() ? "" : "; ", violation.field, ": ",
                    violation.description);
  }
  ErrorDetails details = *found_;
  if (!details.violations.empty()) details.metadata["field"] = details.violations.front().field;
  return MakeError(absl::StatusCode::kInvalidArgument, message, details);
}

}  // namespace insightloop
