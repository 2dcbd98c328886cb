// SPDX-License-Identifier: Apache-2.0
//
// Errors with what machines and people need: a reason code, the field, the value and the remedy.
// They travel as absl::Status, with the details as a payload; the API turns them into google.rpc
// messages. A message names the field, the value and the remedy.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_ERROR_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_ERROR_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/domain/time.h"

namespace insightloop {

// One field of a request that breaks a rule.
struct FieldViolation {
  std::string field;        // path, such as `variants[1].weight`
  std::string description;  // the value, what is wrong with it, the remedy
};

struct ErrorDetails {
  std::string reason;                           // UPPER_SNAKE_CASE, at most 63 characters
  std::map<std::string, std::string> metadata;  // every changing value of the message
  std::vector<FieldViolation> violations;       // for kInvalidArgument
  std::string resource;                         // name of the resource it is about
  std::optional<Duration> retry_delay;          // for kResourceExhausted and kUnavailable
};

absl::Status MakeError(absl::StatusCode code, std::string_view message,
                       const ErrorDetails& details);

// The details of a status; without a payload, the reason is the code's name.
ErrorDetails DetailsOf(const absl::Status& status);

// The text between quotes for messages: at most 100 bytes, control characters escaped.
std::string Quoted(std::string_view value);

// kInvalidArgument about one field.
absl::Status InvalidField(std::string_view reason, std::string_view field,
                          std::string_view description);

// kNotFound, RESOURCE_NOT_FOUND; `field` is where the name was given.
absl::Status NotFound(std::string_view field, std::string_view name);

// kFailedPrecondition about a resource.
absl::Status WrongState(std::string_view reason, std::string_view resource,
                        std::string_view description);

// Collects everything that is wrong with a request, so that it is told at once.
class Violations {
 public:
  // The first reason added becomes the error's reason.
  void Add(std::string_view reason, std::string_view field, std::string_view description);
  // What another check found: an error made by this class or by MakeError.
  void Add(const absl::Status& invalid);
  bool empty() const { return found_ == nullptr; }
  absl::Status ToStatus() const;  // OK when empty

 private:
  std::unique_ptr<ErrorDetails> found_;  // with the reason and the metadata of the first
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_ERROR_H_
