// SPDX-License-Identifier: Apache-2.0
//
// A real server for benchmarks: `insightloopd` as a process of its own on a file in a fresh folder
// under $TMPDIR (default: /tmp), and the facts that it is loaded with over the loopback.
//
// The facts: a pool of units, the first ones exposed 20 days ago in a running external experiment
// whose metrics have windows of 7 days, and outcomes of units drawn from the whole pool, inside
// these windows. None is late, and every exposed unit is matured.

#ifndef INSIGHTLOOP_TESTS_BENCH_REAL_SERVER_H_
#define INSIGHTLOOP_TESTS_BENCH_REAL_SERVER_H_

#include <grpcpp/channel.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "insightloop/v1/measurement.pb.h"

namespace insightloop::bench {

// A folder of one's own, removed by the destructor.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

// It ends with the benchmark, however that ends; its folder stays behind where an error ends it.
// For the main thread: the server ends with the thread that started it.
class RealServer {
 public:
  RealServer() = default;
  ~RealServer();
  RealServer(const RealServer&) = delete;
  RealServer& operator=(const RealServer&) = delete;

  // Starts the server on its file; returns at once. The first time on any free port, then on the
  // same again.
  void Launch();
  // Returns once it listens.
  void WaitUntilListening();
  // Asks it to end and waits for that.
  void Stop();
  // After Stop(): ends the benchmark unless every figure, computed once more by SQL from the stored
  // rows, is what the server would say, and nothing else is found wrong (`insightloop verify`).
  void Verify() const;

  const std::string& address() const { return address_; }  // HOST:PORT
  std::string database() const { return folder_.Path("insightloop.db"); }
  // The memory it holds, in bytes.
  std::int64_t ResidentBytes() const;

 private:
  std::string LogPath() const { return folder_.Path("server.log"); }

  TemporaryFolder folder_;
  std::string address_ = "127.0.0.1:0";
  pid_t pid_ = 0;  // 0: none
};

// A connection that is shared with no other channel.
std::shared_ptr<grpc::Channel> Connect(const std::string& address);

struct Pool {
  std::int64_t units = 0;
  std::int64_t exposed = 0;  // the first of them
};

// Defines and starts `experiments/spring` with that many metrics, at most 5, and a segment
// attribute of 4 values; `layers/site` with the running `experiments/door`, to assign in; and makes
// every unit of the pool known: those not exposed by an exposure that is never analysed.
void Prepare(const std::shared_ptr<grpc::Channel>& channel, int metrics, const Pool& pool);

// A call of RecordOutcomes that is used again and again: Renew() overwrites the rows in place, so
// that making load costs little beside taking it.
class OutcomeCall {
 public:
  // `seed` differs between the calls of one server: no two have an outcome id in common.
  OutcomeCall(const Pool& pool, int rows, std::uint32_t seed);

  // Rows that no call had before.
  void Renew();
  const v1::RecordOutcomesRequest& request() const { return request_; }

 private:
  const Pool pool_;
  std::uint64_t next_id_;
  std::uint64_t random_;
  const std::int64_t now_s_;
  v1::RecordOutcomesRequest request_;
};

// Ends the benchmark unless every row was new and stored.
void MustBeAccepted(const v1::RecordOutcomesResponse& response, int rows);

// 4 clients, each with a connection of its own and one call of 1,000 rows after the other.
class BatchLoad {
 public:
  static constexpr int kClients = 4;
  static constexpr int kRowsPerCall = 1'000;

  BatchLoad(const std::string& address, const Pool& pool);
  ~BatchLoad();

  // Records so many more outcomes, as fast as it goes. Seconds that it took.
  double Run(std::int64_t outcomes);
  // The same at a steady rate. The longest time in seconds from when a call was due to its answer.
  double RunPaced(std::int64_t outcomes, double per_second);

 private:
  struct Client;
  std::unique_ptr<Client[]> clients_;
};

}  // namespace insightloop::bench

#endif  // INSIGHTLOOP_TESTS_BENCH_REAL_SERVER_H_
