// SPDX-License-Identifier: Apache-2.0
//
// The commands that come from the contract: one per RPC, with an option per field.

#ifndef INSIGHTLOOP_CLIENTS_CLI_COMMANDS_H_
#define INSIGHTLOOP_CLIENTS_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/connection.h"
#include "clients/cli/contract.h"
#include "clients/cli/terminal.h"

namespace insightloop::cli {

// What every command may use, complete once the command line is read.
struct Context {
  Terminal terminal;
  Where where;
  bool server_given = false;  // --server or --local stood on the command line
};

// The work of the command that was asked for: returns the exit code. Filled while parsing.
using Work = std::function<absl::StatusOr<int>()>;

// Adds a group per service and a command per RPC to `app`. `context` and `work` must outlive it.
void AddContractCommands(CLI::App& app, Context& context, Work& work);

// What was typed for one such command.
struct Typed {
  std::string main;                                         // the positional argument
  std::map<std::string, std::vector<std::string>> options;  // by option name without dashes
  std::string file;                                         // JSON text of --file; empty without
};

// The request of a method from what was typed. Changes get a request id unless one is given.
//
// Errors: kInvalidArgument naming the option and what would be right.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> BuildRequest(const Method& method,
                                                                        const Typed& typed,
                                                                        std::int64_t now_micros);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_COMMANDS_H_
