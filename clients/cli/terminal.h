// SPDX-License-Identifier: Apache-2.0
//
// Where output goes and how it may look: data to `out`, everything else to `err`; colours and
// moving progress only where a person looks.

#ifndef INSIGHTLOOP_CLIENTS_CLI_TERMINAL_H_
#define INSIGHTLOOP_CLIENTS_CLI_TERMINAL_H_

#include <ostream>
#include <string>
#include <string_view>

namespace insightloop::cli {

struct Terminal {
  std::ostream* out;  // not owned
  std::ostream* err;  // not owned
  bool out_is_tty = false;
  bool err_is_tty = false;
  bool color_allowed = true;  // neither NO_COLOR nor TERM=dumb
  std::size_t width = 100;    // columns of `out`

  // Set from the options.
  bool no_color = false;
  bool json = false;
  bool quiet = false;

  bool ColorOut() const { return out_is_tty && color_allowed && !no_color && !json; }

  // A remark for people on `err`, one line; nothing with --quiet.
  void Note(std::string_view text) const;
};

// The process' own streams.
Terminal StandardTerminal();

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_TERMINAL_H_
