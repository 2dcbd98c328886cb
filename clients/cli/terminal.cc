// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace insightloop::cli {

void Terminal::Note(std::string_view text) const {
  if (!quiet) *err << text << '\n' << std::flush;
}

Terminal StandardTerminal() {
  Terminal terminal{.out = &std::cout, .err = &std::cerr};
  terminal.out_is_tty = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_tty = isatty(STDERR_FILENO) == 1;
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  terminal.color_allowed = (no_color == nullptr || *no_color == '\0') &&
                           (term == nullptr || std::string_view(term) != "dumb");
  struct winsize size {};
  if (terminal.out_is_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
  }
  return terminal;
}

}  // namespace insightloop::cli
