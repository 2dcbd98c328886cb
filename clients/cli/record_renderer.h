// SPDX-License-Identifier: Apache-2.0
//
// Any message of the contract for people: a resource as lines of field and value, the answer of a
// List as a table.

#ifndef INSIGHTLOOP_CLIENTS_CLI_RECORD_RENDERER_H_
#define INSIGHTLOOP_CLIENTS_CLI_RECORD_RENDERER_H_

#include <google/protobuf/message.h>

#include <string>

#include "clients/cli/terminal.h"

namespace insightloop::cli {

// Fields that are set, one a line, called as their options are; messages inside are indented.
std::string RenderRecord(const google::protobuf::Message& message, const Terminal& terminal);

// The first repeated message field as a table with its most telling columns.
std::string RenderList(const google::protobuf::Message& response, const Terminal& terminal);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_RECORD_RENDERER_H_
