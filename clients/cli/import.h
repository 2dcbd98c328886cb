// SPDX-License-Identifier: Apache-2.0
//
// `insightloop import exposures|outcomes FILE`: rows of a CSV file to the server, in batches. May
// be repeated and interrupted at will: the same rows again are duplicates.

#ifndef INSIGHTLOOP_CLIENTS_CLI_IMPORT_H_
#define INSIGHTLOOP_CLIENTS_CLI_IMPORT_H_

#include <CLI/CLI.hpp>

#include "clients/cli/commands.h"

namespace insightloop::cli {

// Adds the commands to `app`. `context` and `work` must outlive it.
//
// Errors of the work: kInvalidArgument for a column that is not there and the like, and those of
// calls. Rows that are refused or unreadable are told and make the exit code kExitPartial.
void AddImportCommands(CLI::App& app, Context& context, Work& work);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_IMPORT_H_
