// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/connection.h"

#include <utility>

namespace insightloop::cli {

Connection::Connection(std::unique_ptr<PrivateServer> server, std::string target,
                       std::chrono::milliseconds timeout)
    : private_server_(std::move(server)), caller_(std::move(target), timeout) {}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Where& where) {
  std::unique_ptr<PrivateServer> server;
  std::string target = where.server;
  if (where.local) {
    auto started = PrivateServer::Start(*where.local, where.simulated_clock);
    if (!started.ok()) return started.status();
    server = std::move(*started);
    target = server->target();
  }
  return std::unique_ptr<Connection>(
      new Connection(std::move(server), std::move(target), where.timeout));
}

absl::Status Connection::Ready() {
  return private_server_ == nullptr ? absl::OkStatus() : private_server_->WaitUntilServing(caller_);
}

absl::Status Connection::Explain(absl::Status status) {
  if (private_server_ == nullptr || status.ok()) return status;
  if (status.code() != absl::StatusCode::kUnavailable) return status;
  const absl::Status alive = private_server_->Check();
  return alive.ok() ? status : alive;
}

}  // namespace insightloop::cli
