// SPDX-License-Identifier: Apache-2.0

#include "clients/cpp/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "tests/clients/cpp/fake_server.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using ::testing::Each;
using testing::Failure;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::MatchesRegex;

class ClientTest : public ::testing::Test {
 protected:
  Client Connect(absl::Duration deadline = absl::Seconds(10)) {
    auto client = Client::Connect({.target = server_.target(), .deadline = deadline});
    EXPECT_THAT(client, IsOk());
    return *std::move(client);
  }

  // Fails the first `calls` calls.
  void FailFirst(int calls, grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE) {
    server_.script().before = [=](const std::string&, int call) {
      return call > calls ? grpc::Status::OK : Failure(code, "SAID_SO");
    };
  }

  static v1::AssignRequest Asked() {
    v1::AssignRequest request;
    request.set_experiment("experiments/spring");
    request.set_unit_id("42");
    return request;
  }

  FakeServer server_;
};

TEST_F(ClientTest, ReturnsWhatTheServerAnswers) {
  const auto answer = Connect().Assign(Asked());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->experiment(), "experiments/spring");
  EXPECT_EQ(answer->variant(), "control");
}

TEST_F(ClientTest, RepeatsAReadUntilTheServerIsThere) {
  FailFirst(3);
  EXPECT_THAT(Connect().Assign(Asked()), IsOk());
  EXPECT_EQ(server_.script().CallsOf("Assign"), 4);
}

TEST_F(ClientTest, GivesUpAfterFourAttempts) {
  FailFirst(1'000);
  const auto answer = Connect().Assign(Asked());
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(answer.status()), "SAID_SO");
  EXPECT_EQ(server_.script().CallsOf("Assign"), 4);
}

TEST_F(ClientTest, RepeatsRecording) {
  FailFirst(1);
  v1::RecordOutcomesRequest request;
  request.add_outcomes()->set_outcome_id("o");
  EXPECT_THAT(Connect().RecordOutcomes(request), IsOk());
  EXPECT_EQ(server_.script().CallsOf("RecordOutcomes"), 2);
}

TEST_F(ClientTest, RepeatsAChangeUnderOneRequestId) {
  FailFirst(2);
  v1::PauseExperimentRequest request;
  request.set_name("experiments/spring");
  const Client client = Connect();
  EXPECT_THAT(client.Call(&v1::ExperimentService::Stub::PauseExperiment, request), IsOk());
  const auto ids = server_.script().request_ids;
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_THAT(ids, Each(ids[0]));
  // Version 4 and variant of RFC 4122.
  EXPECT_THAT(ids[0], MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                   "[0-9a-f]{12}"));
  EXPECT_THAT(client.Call(&v1::ExperimentService::Stub::PauseExperiment, request), IsOk());
  EXPECT_NE(server_.script().request_ids.back(), ids[0]);
}

TEST_F(ClientTest, KeepsTheCallersRequestId) {
  v1::PauseExperimentRequest request;
  request.set_request_id("mine");
  EXPECT_THAT(Connect().Call(&v1::ExperimentService::Stub::PauseExperiment, request), IsOk());
  EXPECT_THAT(server_.script().request_ids, ::testing::ElementsAre("mine"));
}

TEST_F(ClientTest, DoesNotRepeatAChangeThatCannotBeRecognised) {
  FailFirst(1);
  const auto answer = Connect().Call(&v1::ServerService::Stub::AdvanceClock, {});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(server_.script().CallsOf("AdvanceClock"), 1);
}

TEST_F(ClientTest, DoesNotRepeatWhatIsWrong) {
  FailFirst(1, grpc::StatusCode::INVALID_ARGUMENT);
  const auto answer = Connect().Assign(Asked());
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(answer.status()), "SAID_SO");
  EXPECT_EQ(answer.status().message(), "it is said so");
  EXPECT_EQ(server_.script().CallsOf("Assign"), 1);
}

TEST_F(ClientTest, WaitsNoLongerThanItsDeadline) {
  // The server answers only once the call has come back without it.
  const auto is_back = std::make_shared<std::promise<void>>();
  server_.script().before = [waits = is_back->get_future().share()](const std::string&, int) {
    waits.wait();
    return grpc::Status::OK;
  };
  const auto answer = Connect().WithDeadline(absl::Milliseconds(100)).Assign(Asked());
  is_back->set_value();
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(answer.status()), "TIMEOUT");
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("100ms"));
}

TEST_F(ClientTest, NamesTheServerThatDoesNotAnswer) {
  const Client client = Connect();
  server_.Stop();
  const auto answer = client.Assign(Asked());
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(answer.status()), "UNREACHABLE");
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr(server_.target()));
  server_.Start();
  EXPECT_THAT(client.Assign(Asked()), IsOk());
}

TEST_F(ClientTest, RefusesOptionsThatCannotWork) {
  EXPECT_EQ(ReasonOf(Client::Connect({.target = ""}).status()), "INVALID_TARGET");
  EXPECT_EQ(ReasonOf(Client::Connect({.deadline = absl::ZeroDuration()}).status()),
            "INVALID_DEADLINE");
  EXPECT_EQ(ReasonOf(Client::Connect({.deadline = absl::InfiniteDuration()}).status()),
            "INVALID_DEADLINE");
}

TEST_F(ClientTest, ServesManyThreads) {
  const Client client = Connect();
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([client] {
      for (int i = 0; i < 50; ++i) EXPECT_THAT(client.Assign(Asked()), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server_.script().CallsOf("Assign"), 400);
}

}  // namespace
}  // namespace insightloop
