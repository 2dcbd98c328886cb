// SPDX-License-Identifier: Apache-2.0
//
// Between the contract's messages and the engine's nouns: the only place that sees both.
//
// Resources and verdicts pass through the one JSON form of engine/domain/json.h, so that no field
// can be forgotten here. Facts and attributes are converted by hand: they are many. All functions
// are pure.

#ifndef INSIGHTLOOP_API_CONVERT_H_
#define INSIGHTLOOP_API_CONVERT_H_

#include <google/protobuf/map.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/error.h"
#include "engine/domain/facts.h"
#include "engine/domain/json.h"
#include "engine/domain/time.h"
#include "insightloop/v1/measurement.pb.h"

namespace insightloop::api {

// Adds everything in `message` that its type allows but no noun can hold:
//
//   NOT_FINITE          a NaN or an infinity, also inside google.protobuf.Value
//   INVALID_TIME        a Timestamp outside the years 1 to 9999, or with nanos outside [0, 1e9)
//   INVALID_DURATION    a Duration beyond 10,000 years, or with nanos of the other sign
//   UNKNOWN_ENUM_VALUE  a number that the contract gives no name
//   UNSUPPORTED_VALUE   a google.protobuf.Value that is no string, number or boolean
//
// Fields are named by their path from `message`, such as `evidence[0].figure`.
void CheckMessage(const google::protobuf::Message& message, Violations& violations);

// Error: kInvalidArgument, with what CheckMessage found.
absl::StatusOr<Json> MessageToJson(const google::protobuf::Message& message);

// Error: kInternal, when the JSON does not fit the message; ours, never the caller's.
absl::Status JsonToMessage(const Json& json, google::protobuf::Message& message);

// kInvalidArgument with details, of FromJson's error.
absl::Status WithDetails(const absl::Status& from_json);

// Errors: kInvalidArgument, as MessageToJson.
template <class Noun>
absl::StatusOr<Noun> FromProto(const google::protobuf::Message& message) {
  const absl::StatusOr<Json> json = MessageToJson(message);
  if (!json.ok()) return json.status();
  absl::StatusOr<Noun> noun = FromJson<Noun>(*json);
  if (!noun.ok()) return WithDetails(noun.status());
  return noun;
}

// Errors: kInternal, as JsonToMessage. Replaces what `message` held.
template <class Noun>
absl::Status ToProto(const Noun& noun, google::protobuf::Message& message) {
  return JsonToMessage(ToJson(noun), message);
}

// Absent for a timestamp that is out of range (see CheckMessage). Drops what is below a
// microsecond.
std::optional<Time> TimeFromProto(const google::protobuf::Timestamp& timestamp);
google::protobuf::Timestamp TimeToProto(Time time);

using ValueMap = google::protobuf::Map<std::string, google::protobuf::Value>;

// Takes strings, finite numbers and booleans; anything else is a fault (UNSUPPORTED_VALUE,
// NOT_FINITE). Replaces what `attributes` held, without making anew what it has already.
std::optional<Fault> AttributesFromProto(const ValueMap& values, AttributeMap& attributes);

// Rows of facts. A fault means that the row must be rejected. What is merely wrong (a missing time,
// a value that is not finite) is converted as it is, for the recorder to judge.
std::optional<Fault> ExposureFromProto(const v1::Exposure& row, SubmittedExposure& exposure);
// The outcome's texts are views of the row's.
std::optional<Fault> OutcomeFromProto(const v1::Outcome& row, SubmittedOutcome& outcome);

void FateToProto(const RowFate& fate, v1::RowFate& row);

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_CONVERT_H_
