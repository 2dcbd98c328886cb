// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C and requests to end: the first lets calls be cancelled and things be cleaned up, the
// second ends the process at once, but not without the private server and its folder.

#ifndef INSIGHTLOOP_CLIENTS_CLI_INTERRUPT_H_
#define INSIGHTLOOP_CLIENTS_CLI_INTERRUPT_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace insightloop::cli {

// Installs the handlers of SIGINT, SIGTERM and SIGHUP, and ignores SIGPIPE. Call once, from main.
void InstallInterruptHandlers();

// Whether the first request to end has come. Safe from any thread.
bool Interrupted();

// What the second request must not leave behind: a process to kill, files to remove, and their
// folder to remove last. Texts are copied; a pid of 0 takes the note back.
void NoteLeftovers(pid_t process, const std::vector<std::string>& files, const std::string& folder);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_INTERRUPT_H_
