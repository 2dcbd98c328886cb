// SPDX-License-Identifier: Apache-2.0
//
// `insightloop analyze FILE`: the verdict on a finished campaign from its file, through a private
// server without a database and the same calls that any client makes.

#ifndef INSIGHTLOOP_CLIENTS_CLI_ANALYZE_H_
#define INSIGHTLOOP_CLIENTS_CLI_ANALYZE_H_

#include <CLI/CLI.hpp>

#include "clients/cli/commands.h"

namespace insightloop::cli {

// Adds the command to `app`. `context` and `work` must outlive it.
//
// Errors of the work: kInvalidArgument for arguments that do not fit each other or the file, those
// of the private server and of calls. Unreadable rows are left out, told, and make the exit code
// kExitPartial; the verdict is printed all the same.
void AddAnalyzeCommand(CLI::App& app, Context& context, Work& work);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_ANALYZE_H_
