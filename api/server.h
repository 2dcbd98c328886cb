// SPDX-License-Identifier: Apache-2.0
//
// The gRPC server: all services of the contract, health, reflection, limits, and a gentle end.

#ifndef INSIGHTLOOP_API_SERVER_H_
#define INSIGHTLOOP_API_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/executor.h"
#include "api/listen_address.h"
#include "api/services/services.h"
#include "engine/domain/limits.h"
#include "engine/domain/time.h"
#include "engine/ports/clock.h"
#include "engine/ports/random.h"

namespace grpc {
class Channel;
class Server;
}  // namespace grpc

namespace insightloop::api {

struct ServerOptions {
  ListenAddress address;
  bool reflection = false;  // whether clients may ask for the contract
  int workers = 32;         // threads for calls that wait for the store
};

// Started when made. Its methods may be called from any thread, Stop from one at a time.
class Server {
 public:
  // Everything given outlives the server. `wall_clock` is the real time, in which callers'
  // deadlines are told, also where `engine.clock` is simulated.
  //
  // Errors: kFailedPrecondition for a method without a role (ROLE_MISSING), and when nobody can
  // listen on the address; kInvalidArgument never: addresses are parsed before.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Engine& engine,
                                                       const Clock& wall_clock, Random& random,
                                                       const Limits& limits,
                                                       const ServerOptions& options);
  ~Server();  // Stop, without patience
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the port that the system chose.
  const std::string& address() const { return address_; }

  // A channel to this server that needs no network.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Tells health checks that it no longer serves, ends all streams, takes no new calls, waits at
  // most `patience` for those under way, cancels the rest, and returns when every handler has
  // returned. A second call does nothing.
  void Stop(Duration patience);

 private:
  Server(const Engine& engine, const Clock& wall_clock, Random& random, const Limits& limits,
         const ServerOptions& options);
  absl::Status Listen(const Limits& limits, const ServerOptions& options);

  // Destroyed from the last to the first: the gRPC server before the services it calls.
  Executor executor_;
  std::unique_ptr<Gate> gate_;
  std::vector<std::unique_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_SERVER_H_
