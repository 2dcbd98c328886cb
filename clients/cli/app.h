// SPDX-License-Identifier: Apache-2.0
//
// The whole command line: reads the arguments, runs the command, tells what went wrong.

#ifndef INSIGHTLOOP_CLIENTS_CLI_APP_H_
#define INSIGHTLOOP_CLIENTS_CLI_APP_H_

#include <string>
#include <vector>

#include "clients/cli/terminal.h"

namespace insightloop::cli {

// Runs the command that `arguments` (without the program's name) ask for and returns the exit code.
int RunApp(std::vector<std::string> arguments, Terminal terminal);

// The arguments in the form that the parser takes: `--local` gets its default unless a database
// follows it, and `--option=` becomes an option with an empty text.
std::vector<std::string> Normalized(const std::vector<std::string>& arguments);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_APP_H_
