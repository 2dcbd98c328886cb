// SPDX-License-Identifier: Apache-2.0
//
// Completion scripts for shells, from the tree of commands.

#ifndef INSIGHTLOOP_CLIENTS_CLI_COMPLETION_H_
#define INSIGHTLOOP_CLIENTS_CLI_COMPLETION_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"

namespace insightloop::cli {

// The script for `shell`: bash, zsh or fish. Errors: kInvalidArgument for another shell.
absl::StatusOr<std::string> CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_COMPLETION_H_
