// SPDX-License-Identifier: Apache-2.0
//
// A server of the demo's own: `insightloopd` on a fresh database in a new temporary folder, under a
// simulated clock. It ends with the demo, however the demo ends, and its folder with it.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_SERVER_PROCESS_H_
#define INSIGHTLOOP_CLIENTS_DEMO_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::demo {

class ServerProcess {
 public:
  // Starts the server with its clock at `start_time` (RFC 3339) and randomness of `seed`, and waits
  // until it listens: on port 50051 of the loopback if that is free, else on any. Call it from the
  // main thread: the server ends with the thread that started it.
  //
  // Errors: kNotFound       insightloopd is not beside this program.
  //         kUnavailable    it ended, or does not listen after 20 s; with its last words.
  //         kCancelled      the demo was asked to end meanwhile.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const std::string& start_time,
                                                              std::uint64_t seed);

  // Stops the server if Stop() has not, and removes its folder.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& address() const { return address_; }  // HOST:PORT
  const std::string& program() const { return program_; }  // its name and version
  std::string database() const { return folder_ + "/insightloop.db"; }

  // OK while the server lives; kUnavailable with its last words when it has ended.
  absl::Status Check();

  // Asks the server to end and waits for it. Error: kInternal when it did not end well by itself.
  absl::Status Stop();

 private:
  ServerProcess() = default;

  absl::Status MakeFolder();
  absl::Status Spawn(const std::string& program, const std::string& listen,
                     const std::string& start_time, std::uint64_t seed);
  absl::Status WaitUntilListening();
  bool ReadGreeting();
  std::string LastWords() const;
  std::string log_path() const { return folder_ + "/server.log"; }

  std::string folder_, address_, program_;
  pid_t pid_ = 0;        // 0: none, or already waited for
  int wait_status_ = 0;  // how it ended, once it has
};

// The folder of this very program, without a slash at its end.
std::string ProgramFolder();

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_SERVER_PROCESS_H_
