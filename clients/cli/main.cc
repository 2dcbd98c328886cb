// SPDX-License-Identifier: Apache-2.0

#include <clocale>
#include <string>
#include <vector>

#include "clients/cli/app.h"
#include "clients/cli/interrupt.h"
#include "clients/cli/terminal.h"

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");
  insightloop::cli::InstallInterruptHandlers();
  return insightloop::cli::RunApp(std::vector<std::string>(argv + 1, argv + argc),
                                  insightloop::cli::StandardTerminal());
}
