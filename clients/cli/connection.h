// SPDX-License-Identifier: Apache-2.0
//
// Which server a command talks to: one that runs somewhere, or a private one.

#ifndef INSIGHTLOOP_CLIENTS_CLI_CONNECTION_H_
#define INSIGHTLOOP_CLIENTS_CLI_CONNECTION_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/call.h"
#include "clients/cli/private_server.h"

namespace insightloop::cli {

inline constexpr char kDefaultServer[] = "127.0.0.1:50051";

struct Where {
  std::string server = kDefaultServer;  // `host:port` or `unix:/path`
  std::optional<std::string> local;     // database of a private server; wins over `server`
  bool simulated_clock = false;         // of the private server
  std::chrono::milliseconds timeout{30'000};
};

class Connection {
 public:
  // Starts the private server if one is wanted, without waiting for it. From the main thread only.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Where& where);

  // Waits until a private server serves; nothing to wait for otherwise.
  absl::Status Ready();

  Caller& caller() { return caller_; }

  // An error of a call, or why the private server is no more, when that explains it better.
  absl::Status Explain(absl::Status status);

 private:
  Connection(std::unique_ptr<PrivateServer> server, std::string target,
             std::chrono::milliseconds timeout);

  std::unique_ptr<PrivateServer> private_server_;  // null for a server elsewhere
  Caller caller_;
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_CONNECTION_H_
