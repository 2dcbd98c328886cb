// SPDX-License-Identifier: Apache-2.0
//
// The yardstick of calls: what gRPC itself takes for a method that does next to nothing.

#ifndef INSIGHTLOOP_TESTS_BENCH_BARE_SERVER_H_
#define INSIGHTLOOP_TESTS_BENCH_BARE_SERVER_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/bench/measuring.h"

namespace insightloop::bench {

// Serves `Service` in this process, on a port of its own.
template <class Service>
class BareServer {
 public:
  BareServer() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) Fail("the bare server cannot listen");
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~BareServer() { server_->Shutdown(); }
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;

  const std::string& address() const { return address_; }

 private:
  Service service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// Serves `Service` in a process of its own, as a real server does. To be made before anything is
// printed and before anything else of gRPC, which does not survive a fork.
template <class Service>
class BareProcess {
 public:
  BareProcess() {
    std::array<int, 2> ends{};  // to read from, to write to
    if (pipe(ends.data()) != 0) Fail("cannot make a pipe to the bare server");
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ < 0) Fail("cannot start the bare server");
    if (pid_ == 0) {
      EndWith(parent);
      close(ends[0]);
      const BareServer<Service> server;
      const std::string& address = server.address();
      if (write(ends[1], address.data(), address.size()) < 0) _exit(1);
      close(ends[1]);
      while (true) pause();
    }
    close(ends[1]);
    for (char c = 0; read(ends[0], &c, 1) == 1;) address_.push_back(c);
    close(ends[0]);
    if (address_.empty()) Fail("the bare server did not start");
  }
  ~BareProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  BareProcess(const BareProcess&) = delete;
  BareProcess& operator=(const BareProcess&) = delete;

  const std::string& address() const { return address_; }

 private:
  pid_t pid_ = 0;
  std::string address_;
};

}  // namespace insightloop::bench

#endif  // INSIGHTLOOP_TESTS_BENCH_BARE_SERVER_H_
