// SPDX-License-Identifier: Apache-2.0
//
// Load of one outcome per call. It speaks gRPC's protocol by a library for HTTP/2, on one thread,
// and sends together the calls that answers read together make room for. It takes a sixth of the
// processor time that the server does. A client of gRPC takes two thirds, and on a machine that
// they share would be measured as much as the server.
//
// Source: gRPC over HTTP2, https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.

#ifndef INSIGHTLOOP_TESTS_BENCH_SINGLE_LOAD_H_
#define INSIGHTLOOP_TESTS_BENCH_SINGLE_LOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/real_server.h"

namespace insightloop::bench {

// Keeps 64 calls of RecordOutcomes under way, on as many connections as BatchLoad has clients, and
// ends the benchmark unless each is accepted. For one thread.
class SingleLoad {
 public:
  // `address` as of RealServer.
  SingleLoad(const std::string& address, const Pool& pool);
  ~SingleLoad();

  // Has so many more outcomes accepted, each call begun when another ends. Seconds that it took.
  double Run(std::int64_t outcomes);

 private:
  struct Call;
  class Connection;

  void BeginNext(Connection& connection, Call& call);

  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::int64_t left_ = 0;
  int running_ = 0;
};

}  // namespace insightloop::bench

#endif  // INSIGHTLOOP_TESTS_BENCH_SINGLE_LOAD_H_
