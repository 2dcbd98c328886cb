// SPDX-License-Identifier: Apache-2.0
//
// A server of one's own for the length of one command: `insightloopd` on a socket in a folder that
// only its owner may enter. It ends with the command, however the command ends.

#ifndef INSIGHTLOOP_CLIENTS_CLI_PRIVATE_SERVER_H_
#define INSIGHTLOOP_CLIENTS_CLI_PRIVATE_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/call.h"

namespace insightloop::cli {

class PrivateServer {
 public:
  // Starts a server on a database file (`:memory:` for none) without waiting for it; one with a
  // simulated clock goes on at the time of the file's last change. The program is
  // INSIGHTLOOP_SERVER_PROGRAM if set, else `insightloopd` beside our own program, else on PATH.
  // Call it from the main thread: the server ends with the thread that started it.
  //
  // Errors: kUnavailable (reason NO_SERVER_PROGRAM), kInternal when no folder or process can be
  // made.
  static absl::StatusOr<std::unique_ptr<PrivateServer>> Start(const std::string& database,
                                                              bool simulated_clock = false);

  // Asks the server to end and waits for it; then removes its folder.
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  // gRPC's name of its socket.
  std::string target() const { return "unix:" + socket_; }

  // Waits until the server says that it serves.
  //
  // Errors: kInternal with the server's last words when it ended, kDeadlineExceeded, kCancelled.
  absl::Status WaitUntilServing(Caller& caller);

  // OK while the server lives; else kInternal (reason SERVER_ENDED) with its last words.
  absl::Status Check();

 private:
  PrivateServer() = default;

  std::string folder_;
  std::string socket_;
  std::string log_;
  pid_t pid_ = 0;
  bool ended_ = false;
  int wait_status_ = 0;
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_PRIVATE_SERVER_H_
