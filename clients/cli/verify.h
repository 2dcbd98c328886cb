// SPDX-License-Identifier: Apache-2.0
//
// `insightloop verify`: checks a database, through the server that uses it or through a private one
// on a file that nobody uses.

#ifndef INSIGHTLOOP_CLIENTS_CLI_VERIFY_H_
#define INSIGHTLOOP_CLIENTS_CLI_VERIFY_H_

#include <CLI/CLI.hpp>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/terminal.h"
#include "insightloop/v1/server.pb.h"

namespace insightloop::cli {

// Adds the command to `app`. `context` and `work` must outlive it.
//
// Errors of the work: kNotFound for a file that does not exist, kInvalidArgument for options that
// contradict each other, and those of calls. A check that failed makes the exit code kExitInternal.
void AddVerifyCommand(CLI::App& app, Context& context, Work& work);

// The checks as a table, then what was found, then one line that says how it went.
std::string RenderChecks(const v1::VerifyDatabaseResponse& response, const Terminal& terminal);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_VERIFY_H_
