// SPDX-License-Identifier: Apache-2.0
//
// The yardstick of calls: what gRPC itself takes for a method that does next to nothing.

#ifndef INSIGHTLOOP_TESTS_BENCH_BARE_SERVER_H_
#define INSIGHTLOOP_TESTS_BENCH_BARE_SERVER_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

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

}  // namespace insightloop::bench

#endif  // INSIGHTLOOP_TESTS_BENCH_BARE_SERVER_H_
