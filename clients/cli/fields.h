// SPDX-License-Identifier: Apache-2.0
//
// A field of a message as an option of a command: how it is called, what may be given, and how the
// text becomes the field's value.

#ifndef INSIGHTLOOP_CLIENTS_CLI_FIELDS_H_
#define INSIGHTLOOP_CLIENTS_CLI_FIELDS_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace insightloop::cli {

// What kind of value an option takes, in capitals: TEXT, NAME, NUMBER, TIME, DURATION, JSON,
// KEY=VALUE, CHOICE. Empty for a flag.
std::string ValueName(const google::protobuf::FieldDescriptor* field);

// Whether the field is a flag: a boolean that is either there or not.
bool IsFlag(const google::protobuf::FieldDescriptor* field);

// The values of an enum in lower case, without the one that means "not given"; empty for others.
std::vector<std::string> Choices(const google::protobuf::FieldDescriptor* field);

// Whether a comment says that the server sets the field.
bool IsOutputOnly(const google::protobuf::FieldDescriptor* field);

// Sets `field` of `message` to the texts given for its option, one for each time it was given.
// Enums go by name without regard to case, names of resources may be short, times are RFC 3339 or
// `now`, durations like `7d`, messages JSON, maps `key=value`. A lone empty text clears the field.
//
// Errors: kInvalidArgument naming the option, the text and what would be right.
absl::Status SetField(google::protobuf::Message& message,
                      const google::protobuf::FieldDescriptor* field,
                      const std::vector<std::string>& texts, std::int64_t now_micros);

// Reads JSON into `message`. Errors: kInvalidArgument that names `what`.
absl::Status FromJson(const std::string& json, const std::string& what,
                      google::protobuf::Message& message);

// The canonical JSON of a message, indented, ended by a line end.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_FIELDS_H_
