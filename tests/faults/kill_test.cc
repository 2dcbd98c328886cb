// SPDX-License-Identifier: Apache-2.0
//
// The real server is killed at random moments, while 4 clients record exposures and outcomes and
// send again what was not answered, and while it starts on what the kill before has left. Nothing
// acknowledged is lost, and nothing counts twice. A seed decides what is sent and when the kills
// come; what these hit is the machine's.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/facts.h"
#include "engine/domain/time.h"
#include "engine/ports/measurement.h"
#include "insightloop/v1/measurement.grpc.pb.h"
#include "tests/e2e/process.h"
#include "tests/faults/client.h"
#include "tests/faults/engine.h"
#include "tests/faults/history.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using testing::Client;
using testing::Engine;
using testing::Findings;
using testing::Finished;
using testing::History;
using testing::Must;
using testing::Process;
using testing::Server;
using testing::StatusIs;
using testing::TemporaryFolder;

constexpr std::uint64_t kSeed = 20261126;
constexpr int kClients = 4;
constexpr std::chrono::seconds kPatience{60};

// As it was declared: without the time.
std::string NameOf(std::string_view fact_name) {
  return std::string(fact_name.substr(0, fact_name.find('@')));
}

template <class Message>
void SetTime(Time time, Message& row) {
  row.mutable_occur_time()->set_seconds(time.micros / 1'000'000);
  row.mutable_occur_time()->set_nanos(static_cast<std::int32_t>(time.micros % 1'000'000) * 1'000);
}

// One call.
template <class Request, class Response>
absl::StatusOr<std::vector<RowFate>> Call(v1::MeasurementService::Stub& stub,
                                          grpc::Status (v1::MeasurementService::Stub::*method)(
                                              grpc::ClientContext*, const Request&, Response*),
                                          const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) {
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  std::vector<RowFate> fates;
  for (const v1::RowFate& fate : response.fates()) {
    fates.push_back(fate.fate() == v1::RowFate::REJECTED
                        ? Rejected({fate.reason(), fate.field(), fate.detail()})
                        : RowFate{.fate = static_cast<Fate>(fate.fate())});  // the same numbers
  }
  return fates;
}

absl::StatusOr<FactFates> RecordExposures(v1::MeasurementService::Stub& stub,
                                          const std::vector<Exposure>& rows) {
  v1::RecordExposuresRequest request;
  for (const Exposure& row : rows) {
    v1::Exposure& exposure = *request.add_exposures();
    exposure.set_experiment(row.experiment);
    exposure.set_unit_id(row.unit.unit_id);
    exposure.set_variant(row.variant);
    SetTime(row.occur_time, exposure);
  }
  auto fates = Call(stub, &v1::MeasurementService::Stub::RecordExposures, request);
  if (!fates.ok()) return fates.status();
  return FactFates{.exposures = *std::move(fates)};
}

absl::StatusOr<FactFates> RecordOutcomes(v1::MeasurementService::Stub& stub,
                                         const std::vector<Outcome>& rows) {
  v1::RecordOutcomesRequest request;
  request.set_backfill(true);
  for (const Outcome& row : rows) {
    v1::Outcome& outcome = *request.add_outcomes();
    outcome.set_outcome_id(std::string(row.outcome_id));
    outcome.set_unit_id(std::string(row.unit.unit_id));
    outcome.set_event(NameOf(row.event));
    SetTime(row.occur_time, outcome);
    // Steps are cents.
    if (row.kind == OutcomeKind::kValue) outcome.set_value(static_cast<double>(row.value) / 100);
  }
  auto fates = Call(stub, &v1::MeasurementService::Stub::RecordOutcomes, request);
  if (!fates.ok()) return fates.status();
  return FactFates{.outcomes = *std::move(fates)};
}

class KillTest : public ::testing::Test {
 protected:
  KillTest() {
    for (int i = 0; i < kClients; ++i) {
      clients_.push_back(std::make_unique<Client>(i, kSeed + static_cast<std::uint64_t>(i),
                                                  history_, Client::Calls::kOfOneKind));
    }
  }

  std::vector<std::string> Arguments(Time now) const {
    return {"--db", folder_.Path("shop.db"), "--simulated-clock", FormatTime(now)};
  }

  // What the facts of a history name.
  void Define() {
    constexpr char kVariants[] =
        R"([{"variantId":"control","control":true,"weight":1},{"variantId":"reminder","weight":1}])";
    {
      const Server server(Arguments(testing::kStartOfHistory));
      Must(server.Call({"events", "create", "order", "--value-kind", "MONEY", "--currency", "EUR",
                        "--minimum=-1000"}));
      Must(server.Call({"events", "create", "visit", "--value-kind", "NONE"}));
    }
    const Server server(Arguments(testing::kEndOfHistory));
    Must(server.Call({"metrics", "create", "visits", "--kind", "COUNT", "--event", "events/visit",
                      "--window", R"({"length":"604800s"})"}));
    Must(server.Call({"insights", "create", "i", "--statement", "They forget."}));
    Must(server.Call({"hypotheses", "create", "h", "--insights", "insights/i", "--because", "b",
                      "--if-action", "i", "--then-outcome", "t", "--primary-metric",
                      "metrics/visits"}));
    Must(server.Call({"experiments", "create", "spring", "--hypothesis", "hypotheses/h",
                      "--external", "--variants", kVariants}));
    Must(server.Call(
        {"experiments", "start", "spring", "--start-time", FormatTime(testing::kStartOfHistory)}));
  }

  // Starts the server on its file, and kills it before or soon after it is up.
  void KillWhileItStarts() {
    Process server(testing::ServerArguments(Arguments(testing::kEndOfHistory)));
    std::this_thread::sleep_for(UpTo(std::chrono::milliseconds(100)));
    server.Signal(SIGKILL);
    EXPECT_EQ(server.Wait().exit_code, 128 + SIGKILL);
  }

  // Starts the server on its file, and kills it under the clients.
  void KillUnderClients() {
    Server server(Arguments(testing::kEndOfHistory));
    std::mutex mutex;
    std::condition_variable changed;
    int answers = 0, ended = 0;  // guarded by mutex
    std::vector<std::thread> threads;
    for (const auto& client : clients_) {
      threads.emplace_back([&, &client = *client] {
        // One connection each, and none that remembers the server before.
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        const auto stub = v1::MeasurementService::NewStub(grpc::CreateCustomChannel(
            server.address(), grpc::InsecureChannelCredentials(), arguments));
        absl::Status status;
        while (status.ok()) {
          status = client.Call([&](const FactRows& rows) {
            return rows.exposures.empty() ? RecordOutcomes(*stub, rows.outcomes)
                                          : RecordExposures(*stub, rows.exposures);
          });
          const std::lock_guard lock(mutex);
          ++(status.ok() ? answers : ended);
          changed.notify_one();
        }
        EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
      });
    }
    const int least = static_cast<int>(random_() % 40);
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return answers >= least || ended > 0; });
      EXPECT_EQ(ended, 0) << "the server ended by itself";
    }
    // Into the middle of something.
    std::this_thread::sleep_for(UpTo(std::chrono::milliseconds(3)));
    server.process().Signal(SIGKILL);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(server.process().Wait().exit_code, 128 + SIGKILL);
  }

  std::chrono::microseconds UpTo(std::chrono::microseconds most) {
    return most * (random_() % 1'000) / 1'000;
  }

  Findings Check() {
    const auto engine = Engine::Open(folder_.Path("shop.db"));
    if (!engine.ok()) return {.wrong = 1, .detail = engine.status().ToString()};
    return (*engine)->Check(history_);
  }

  const TemporaryFolder folder_;
  History history_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::mt19937_64 random_{kSeed};
};

TEST_F(KillTest, NothingAcknowledgedIsLostWhenTheServerIsKilledTwoHundredTimes) {
  constexpr int kKills = 200;
  constexpr int kKillsBetweenChecks = 20;
  ASSERT_NO_FATAL_FAILURE(Define());
  for (int kill = 1; kill <= kKills; ++kill) {
    if (kill % 4 == 0) KillWhileItStarts();
    KillUnderClients();
    ASSERT_FALSE(HasFailure()) << "seed " << kSeed << ", kill " << kill;
    if (kill % kKillsBetweenChecks != 0) continue;
    const Findings findings = Check();
    ASSERT_TRUE(findings.clean()) << "seed " << kSeed << ", kill " << kill << ": " << findings;
  }
  EXPECT_GT(history_.acknowledged(), 10'000) << "hardly anything was at stake";
  EXPECT_GT(history_.stored_unanswered(), 0) << "no kill came between a commit and its answer";
}

}  // namespace
}  // namespace insightloop
