// SPDX-License-Identifier: Apache-2.0
//
// How long a server takes after a restart until it does its work again: 10 million outcomes are
// stored, and 2 million units exposed in a running experiment with 5 metrics and a segment
// attribute of 4 values. The file is likely still in the cache of the system.
//
// The last line is a JSON object, of seconds from the start of the process to the first OK:
//   assign_s   of Assign
//   ingest_s   of RecordOutcomes
//   verdict_s  of ComputeVerdict
//
// --quick divides all sizes by 20.

#include <grpcpp/client_context.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_format.h"
#include "insightloop/v1/assignment.grpc.pb.h"
#include "insightloop/v1/measurement.grpc.pb.h"
#include "insightloop/v1/verdict.grpc.pb.h"
#include "tests/bench/measuring.h"
#include "tests/bench/real_server.h"

namespace insightloop::bench {
namespace {

constexpr int kMetrics = 5;
constexpr std::chrono::milliseconds kPause{5};
constexpr double kPatienceSeconds = 600;
constexpr std::uint32_t kSeed = 2'000;  // apart from those of the load

struct Sizes {
  Pool pool;
  std::int64_t outcomes;
};
constexpr Sizes kFull = {{2'000'000, 2'000'000}, 10'000'000};
constexpr Sizes kQuick = {{100'000, 100'000}, 500'000};

// Seconds until a call goes well that is made again and again; over a new connection each, as one
// that was refused is not tried again at once.
double FirstOk(SteadyClock::time_point start, const std::string& address,
               const std::function<grpc::Status(const std::shared_ptr<grpc::Channel>& channel,
                                                grpc::ClientContext* context)>& call) {
  while (true) {
    grpc::ClientContext context;
    const grpc::Status status = call(Connect(address), &context);
    const double seconds = SecondsSince(start);
    if (status.ok()) return seconds;
    if (seconds > kPatienceSeconds) Fail(status.error_message());
    std::this_thread::sleep_for(kPause);
  }
}

double FirstAssign(SteadyClock::time_point start, const std::string& address) {
  v1::AssignRequest request;
  request.set_experiment("experiments/door");
  request.set_unit_id("customer-0000007");
  v1::AssignResponse response;
  const double seconds = FirstOk(start, address, [&](const auto& channel, auto* context) {
    return v1::AssignmentService::NewStub(channel)->Assign(context, request, &response);
  });
  if (response.reason() != v1::AssignResponse::ASSIGNED) Fail(response.ShortDebugString());
  return seconds;
}

double FirstOutcome(SteadyClock::time_point start, const std::string& address, const Pool& pool) {
  OutcomeCall call(pool, 1, kSeed);
  call.Renew();
  v1::RecordOutcomesResponse response;
  // A call that got no answer may have been stored all the same, so that any fate will do.
  return FirstOk(start, address, [&](const auto& channel, auto* context) {
    return v1::MeasurementService::NewStub(channel)->RecordOutcomes(context, call.request(),
                                                                    &response);
  });
}

double FirstVerdict(SteadyClock::time_point start, const std::string& address, const Pool& pool) {
  v1::ComputeVerdictRequest request;
  request.set_experiment("experiments/spring");
  v1::Verdict verdict;
  const double seconds = FirstOk(start, address, [&](const auto& channel, auto* context) {
    return v1::VerdictService::NewStub(channel)->ComputeVerdict(context, request, &verdict);
  });
  if (verdict.matured_units() != pool.exposed) {
    Fail(absl::StrFormat("the verdict is about %d units", verdict.matured_units()));
  }
  return seconds;
}

int Main(const Sizes& sizes) {
  RealServer server;
  server.Launch();
  server.WaitUntilListening();
  Prepare(Connect(server.address()), kMetrics, sizes.pool);
  const double loaded_s = BatchLoad(server.address(), sizes.pool).Run(sizes.outcomes);
  absl::PrintF("%-44s %12d in %.1f s\n", "outcomes stored", sizes.outcomes, loaded_s);
  absl::PrintF("%-44s %12.1f MB\n", "memory of the server before",
               static_cast<double>(server.ResidentBytes()) / 1e6);
  server.Stop();

  const auto start = SteadyClock::now();
  server.Launch();
  double assign_s = 0;
  double ingest_s = 0;
  double verdict_s = 0;
  std::thread assign([&] { assign_s = FirstAssign(start, server.address()); });
  std::thread ingest([&] { ingest_s = FirstOutcome(start, server.address(), sizes.pool); });
  std::thread verdict([&] { verdict_s = FirstVerdict(start, server.address(), sizes.pool); });
  server.WaitUntilListening();
  absl::PrintF("%-44s %12.3f s\n", "listening", SecondsSince(start));
  assign.join();
  ingest.join();
  verdict.join();
  absl::PrintF("%-44s %12.3f s\n", "first OK of Assign", assign_s);
  absl::PrintF("%-44s %12.3f s\n", "first OK of RecordOutcomes", ingest_s);
  absl::PrintF("%-44s %12.3f s\n", "first OK of ComputeVerdict", verdict_s);
  absl::PrintF("%-44s %12.1f MB\n", "memory of the server after",
               static_cast<double>(server.ResidentBytes()) / 1e6);
  server.Stop();
  server.Verify();
  absl::PrintF("{\"assign_s\": %.3f, \"ingest_s\": %.3f, \"verdict_s\": %.3f}\n", assign_s,
               ingest_s, verdict_s);
  return 0;
}

}  // namespace
}  // namespace insightloop::bench

int main(int argc, char** argv) {
  using namespace insightloop::bench;
  return Main(IsQuick(argc, argv) ? kQuick : kFull);
}
