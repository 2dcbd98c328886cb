// SPDX-License-Identifier: Apache-2.0

#include "api/server.h"

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "insightloop/v1/assignment.grpc.pb.h"
#include "insightloop/v1/measurement.grpc.pb.h"
#include "tests/api/server_fixture.h"
#include "tests/support/faulty_fact_log.h"
#include "tests/support/status_matchers.h"

namespace insightloop::api {
namespace {

using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

class SimulatedServerTest : public ServerTest {
 protected:
  static void AddVisit(const std::string& outcome_id, const std::string& unit_id,
                       v1::RecordOutcomesRequest& request) {
    auto* row = request.add_outcomes();
    row->set_outcome_id(outcome_id);
    row->set_unit_id(unit_id);
    row->set_event("events/visit");
    row->mutable_occur_time()->set_seconds(kStart.micros / 1'000'000);
  }
};

class RealServerTest : public ServerTest {
 protected:
  RealServerTest() : ServerTest(/*simulated=*/false) {}
};

TEST_F(SimulatedServerTest, TellsAboutItself) {
  const Reply reply = Call("ServerService/GetServerInfo", Json::object());
  ASSERT_EQ(reply.code, "OK") << reply;
  EXPECT_EQ(reply.body, Json::parse(R"({
      "version": "1.2.3", "schema_version": 7, "time": "2026-03-01T00:00:00Z",
      "simulated_clock": true, "max_rows_per_call": 10000, "max_message_bytes": 16777216,
      "max_future_seconds": "86400", "acceptance_window_seconds": "2592000"})"));
}

TEST_F(SimulatedServerTest, MovesItsClockForwardOnly) {
  const auto advance = [&](const char* time) {
    return Call("ServerService/AdvanceClock", {{"time", time}});
  };
  EXPECT_EQ(advance("2026-03-08T00:00:00Z")["time"], "2026-03-08T00:00:00Z");
  EXPECT_EQ(advance("2026-03-08T00:00:00Z").code, "OK");
  ExpectError(advance("2026-03-07T00:00:00Z"), "INVALID_ARGUMENT", "TIME_IN_PAST", "time",
              "only moves forward");
  ExpectError(Call("ServerService/AdvanceClock", Json::object()), "INVALID_ARGUMENT",
              "FIELD_MISSING", "time", "send the new time");
}

TEST_F(RealServerTest, DoesNotMoveTheRealClock) {
  ExpectError(Call("ServerService/AdvanceClock", {{"time", "2199-01-01T00:00:00Z"}}),
              "FAILED_PRECONDITION", "REAL_CLOCK", "", "--simulated-clock");
  EXPECT_FALSE(
      Call("ServerService/GetServerInfo", Json::object()).body.contains("simulated_clock"));
}

TEST_F(SimulatedServerTest, VerifiesItsDatabase) {
  MakeDefinitions();
  MakeExperiment("spring");
  ASSERT_EQ(Call("ExperimentService/StartExperiment", {{"name", "experiments/spring"}}).code, "OK");
  const Reply reply = Call("ServerService/VerifyDatabase", {{"experiment", "experiments/spring"}});
  ASSERT_EQ(reply.code, "OK") << reply;
  std::set<std::string> checks;
  for (const Json& check : reply.body["checks"]) {
    EXPECT_EQ(check["status"], "OK") << check;
    checks.insert(check["check"]);
  }
  // Nobody was assigned, so there are no assignments to check.
  EXPECT_EQ(checks, (std::set<std::string>{"INTEGRITY", "REFERENCES", "UNIQUENESS", "IDENTITIES",
                                           "CHAINS", "FIGURES"}));
  ExpectError(Call("ServerService/VerifyDatabase", {{"experiment", "experiments/none"}}),
              "NOT_FOUND", "RESOURCE_NOT_FOUND", "experiment", "experiments/none");
}

TEST_F(SimulatedServerTest, ServesAnExperimentFromItsStartToItsInsight) {
  MakeDefinitions();
  MakeExperiment("e");
  const Json name = {{"name", "experiments/e"}};
  const Reply started = Call("ExperimentService/StartExperiment", name);
  ASSERT_EQ(started.code, "OK") << started;
  EXPECT_EQ(started["state"], "RUNNING");
  EXPECT_EQ(started["start_time"], "2026-03-01T00:00:00Z");
  EXPECT_EQ(started.body["slots"].size(), 100u);

  Json exposures = Json::array();
  Json outcomes = Json::array();
  int assigned = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string unit = "u" + std::to_string(i);
    const Json assignment =
        Call("AssignmentService/Assign", {{"experiment", "experiments/e"}, {"unit_id", unit}}).body;
    if (assignment["reason"] == "OUT_OF_TRAFFIC") continue;
    EXPECT_EQ(assignment["reason"], "ASSIGNED");
    ++assigned;
    exposures.push_back({{"experiment", "experiments/e"},
                         {"unit_id", unit},
                         {"variant", assignment["variant"]},
                         {"occur_time", "2026-03-01T00:00:00Z"},
                         {"attributes", {{"country", "VN"}}}});
    outcomes.push_back({{"outcome_id", "o"},
                        {"unit_id", unit},
                        {"event", "events/purchase"},
                        {"occur_time", "2026-03-01T00:00:01Z"},
                        {"value", 10 + i % 7}});
  }
  // 1,000 units, each in the 100 of 1,000 slots with probability 0.1: six standard deviations
  // of 9.5.
  EXPECT_NEAR(assigned, 100, 57);
  exposures.push_back({{"experiment", "experiments/e"}, {"variant", "x"}});
  const Reply recorded = Call("MeasurementService/RecordExposures", {{"exposures", exposures}});
  ASSERT_EQ(recorded.code, "OK") << recorded;
  ASSERT_EQ(recorded.body["fates"].size(), exposures.size());
  EXPECT_EQ(recorded.body["fates"].front()["fate"], "ACCEPTED");
  EXPECT_EQ(recorded.body["fates"].back()["fate"], "REJECTED");
  const Reply bought = Call("MeasurementService/RecordOutcomes", {{"outcomes", outcomes}});
  ASSERT_EQ(bought.code, "OK") << bought;
  for (const Json& fate : bought.body["fates"]) EXPECT_EQ(fate["fate"], "ACCEPTED");

  const Reply early = Call("VerdictService/ComputeVerdict", {{"experiment", "experiments/e"}});
  ASSERT_EQ(early.code, "OK") << early;
  EXPECT_EQ(early["name"], "");
  EXPECT_EQ(early["plan_digest"], started["plan_digest"]);

  EXPECT_EQ(Call("ExperimentService/PauseExperiment", name)["state"], "PAUSED");
  EXPECT_EQ(Call("AssignmentService/Assign",
                 {{"experiment", "experiments/e"}, {"unit_id", "u1"}})["reason"],
            "PAUSED");
  EXPECT_EQ(Call("ExperimentService/ResumeExperiment", name)["state"], "RUNNING");
  ASSERT_TRUE(clock().AdvanceTo(kStart + Days(8)).ok());
  EXPECT_EQ(Call("ExperimentService/StopExperiment", name)["state"], "STOPPED");
  ASSERT_TRUE(clock().AdvanceTo(kStart + Days(20)).ok());

  const Json record = {{"experiment", "experiments/e"},
                       {"request_id", "f81d4fae-7dec-41d0-8765-00a0c91e6bf6"}};
  const Reply kept = Call("VerdictService/RecordVerdict", record);
  ASSERT_EQ(kept.code, "OK") << kept;
  EXPECT_EQ(Call("VerdictService/RecordVerdict", record).body, kept.body);
  EXPECT_EQ(Call("VerdictService/GetVerdict", {{"name", kept["name"]}}).body, kept.body);
  EXPECT_EQ(std::stoi(kept["matured_units"]), assigned);

  const Reply concluded = Call("ExperimentService/ConcludeExperiment", name);
  ASSERT_EQ(concluded.code, "OK") << concluded;
  EXPECT_EQ(concluded.body["experiment"]["state"], "CONCLUDED");
  EXPECT_EQ(concluded.body["experiment"]["final_verdict"], concluded.body["verdict"]["name"]);
  EXPECT_EQ(concluded.body["insight"]["verdict"], concluded.body["verdict"]["name"]);

  const Reply first =
      Call("VerdictService/ListVerdicts", {{"parent", "experiments/e"}, {"page_size", 1}});
  ASSERT_EQ(first.code, "OK") << first;
  EXPECT_EQ(first.body["verdicts"][0]["name"], kept["name"]);
  const Reply second =
      Call("VerdictService/ListVerdicts",
           {{"parent", "experiments/e"}, {"page_token", first["next_page_token"]}});
  ASSERT_EQ(second.code, "OK") << second;
  EXPECT_EQ(second.body["verdicts"][0]["name"], concluded.body["verdict"]["name"]);
  MakeExperiment("f");
  ExpectError(Call("VerdictService/ListVerdicts",
                   {{"parent", "experiments/f"}, {"page_token", first["next_page_token"]}}),
              "INVALID_ARGUMENT", "INVALID_PAGE_TOKEN", "page_token", "same parent");
}

TEST_F(SimulatedServerTest, PlansADraftAndARunningExperiment) {
  MakeDefinitions();
  MakeExperiment("e");
  Json plan = {{"name", "experiments/e"},
               {"units_per_day", 500},
               {"baseline", 10},
               {"standard_deviation", 2},
               {"days", 14}};
  const Reply draft = Call("ExperimentService/PlanExperiment", plan);
  ASSERT_EQ(draft.code, "OK") << draft;
  EXPECT_EQ(draft.body["metric"], "metrics/revenue");
  EXPECT_EQ(draft.body["smallest_effect"], Json({{"value", 0.05}, {"scale", "RELATIVE"}}));
  EXPECT_EQ(draft.body["absolute_effect"], 0.5);
  EXPECT_EQ(draft.body["maturing_time"], "691200s");  // a window of a week, and a day
  const Json& choice = draft.body["choices"][0];
  EXPECT_EQ(choice["kind"], "AS_PLANNED");
  EXPECT_EQ(choice["method"], "ALWAYS_VALID");
  // 4 (3.0352 + 0.8416)^2 (2 / 0.5)^2 = 961.9; FIXED_HORIZON takes 4 (1.96 + 0.8416)^2 16 = 502.3.
  EXPECT_EQ(choice["units"], "962");
  EXPECT_EQ(choice["days"], "7");
  EXPECT_NEAR(choice["price"].get<double>(), 962.0 / 503, 1e-12);
  EXPECT_GT(choice["power_in_days"].get<double>(), 0.99);
  EXPECT_EQ(draft.body["choices"][1]["units"], "503");
  EXPECT_EQ(Call("ExperimentService/GetExperiment", {{"name", "experiments/e"}})["state"], "DRAFT");

  const Json name = {{"name", "experiments/e"}};
  ASSERT_EQ(Call("ExperimentService/StartExperiment", name).code, "OK");
  Json exposures = Json::array(), outcomes = Json::array();
  for (int i = 0; i < 2'000; ++i) {
    const std::string unit = "u" + std::to_string(i);
    const Json assignment =
        Call("AssignmentService/Assign", {{"experiment", "experiments/e"}, {"unit_id", unit}}).body;
    if (assignment["reason"] != "ASSIGNED") continue;
    exposures.push_back({{"experiment", "experiments/e"},
                         {"unit_id", unit},
                         {"variant", assignment["variant"]},
                         {"occur_time", "2026-03-01T00:00:00Z"}});
    outcomes.push_back({{"outcome_id", "o"},
                        {"unit_id", unit},
                        {"event", "events/purchase"},
                        {"occur_time", "2026-03-01T00:00:01Z"},
                        {"value", 10 + i % 3}});
  }
  ASSERT_EQ(Call("MeasurementService/RecordExposures", {{"exposures", exposures}}).code, "OK");
  ASSERT_EQ(Call("MeasurementService/RecordOutcomes", {{"outcomes", outcomes}}).code, "OK");
  ASSERT_TRUE(clock().AdvanceTo(kStart + Days(9)).ok());
  plan.erase("baseline");
  plan.erase("standard_deviation");
  const Reply running = Call("ExperimentService/PlanExperiment", plan);
  ASSERT_EQ(running.code, "OK") << running;
  EXPECT_EQ(std::stoul(running["figures_units"]), exposures.size());
  EXPECT_NEAR(running.body["baseline"].get<double>(), 11, 0.5);
  EXPECT_NEAR(running.body["standard_deviation"].get<double>(), std::sqrt(2.0 / 3), 0.1);
}

TEST_F(SimulatedServerTest, GivesEachRowOneFateAtItsPlace) {
  MakeDefinitions();
  v1::RecordOutcomesRequest request;
  for (int i = 0; i < 6; ++i) AddVisit("o" + std::to_string(i), "42", request);
  request.mutable_outcomes(1)->mutable_occur_time()->set_nanos(-1);
  request.mutable_outcomes(2)->set_event("events/nobody");
  request.mutable_outcomes(4)->mutable_occur_time()->set_seconds(1LL << 60);
  v1::RecordOutcomesResponse response;
  grpc::ClientContext context;
  const auto stub = v1::MeasurementService::NewStub(channel());
  ASSERT_TRUE(stub->RecordOutcomes(&context, request, &response).ok());
  ASSERT_EQ(response.fates_size(), 6);
  for (const int good : {0, 3, 5}) EXPECT_EQ(response.fates(good).fate(), v1::RowFate::ACCEPTED);
  EXPECT_EQ(response.fates(1).reason(), "INVALID_TIME");
  EXPECT_EQ(response.fates(1).field(), "occur_time");
  EXPECT_EQ(response.fates(2).reason(), "UNKNOWN_EVENT");
  EXPECT_EQ(response.fates(4).reason(), "INVALID_TIME");
  EXPECT_EQ(Call("ServerService/GetServerInfo", Json::object()).body["rejected_rows"],
            Json::parse(R"([{"reason": "INVALID_TIME", "rows": "2"},
                            {"reason": "UNKNOWN_EVENT", "rows": "1"}])"));
}

// Rows view the texts of their request, which has to outlast the client's interest in it.
TEST_F(SimulatedServerTest, StoresTheRowsOfACallThatWasCancelledMeanwhile) {
  MakeDefinitions();
  v1::RecordOutcomesRequest request;
  for (int i = 0; i < 100; ++i) {
    AddVisit("an-id-too-long-to-be-kept-in-place-" + std::to_string(i),
             "a-unit-whose-id-is-too-long-for-that", request);
  }
  const auto stub = v1::MeasurementService::NewStub(channel());
  fact_log().HoldAppends();
  v1::RecordOutcomesResponse response;
  grpc::ClientContext cancelled;
  std::promise<grpc::StatusCode> ended;
  stub->async()->RecordOutcomes(&cancelled, &request, &response, [&](const grpc::Status& status) {
    ended.set_value(status.error_code());
  });
  fact_log().AwaitAppends(1);
  cancelled.TryCancel();
  EXPECT_EQ(ended.get_future().get(), grpc::StatusCode::CANCELLED);
  // The server reads a connection in order: it has read the cancellation, too.
  EXPECT_EQ(Call("ServerService/GetServerInfo", Json::object()).code, "OK");
  fact_log().ReleaseAppends();

  grpc::ClientContext again;
  ASSERT_TRUE(stub->RecordOutcomes(&again, request, &response).ok());
  ASSERT_EQ(response.fates_size(), 100);
  for (const auto& fate : response.fates()) EXPECT_EQ(fate.fate(), v1::RowFate::DUPLICATE);
  // The texts were stored as they came, for identities are their hashes.
  const Reply verified = Call("ServerService/VerifyDatabase", Json::object());
  ASSERT_EQ(verified.code, "OK") << verified;
  std::map<std::string, Json> checks;
  for (const Json& check : verified.body["checks"]) checks[check["check"]] = check;
  EXPECT_EQ(checks["IDENTITIES"]["status"], "OK") << verified;
  EXPECT_EQ(checks["IDENTITIES"]["rows"], "100") << verified;
}

TEST_F(SimulatedServerTest, ErasesAUnitAndSaysWhenThereIsNone) {
  MakeDefinitions();
  const auto erase = [&](const Json& request) {
    return Call("MeasurementService/EraseUnit", request);
  };
  const Json purchase = {{"outcome_id", "o-1"},
                         {"unit_id", "42"},
                         {"event", "events/visit"},
                         {"occur_time", "2026-03-01T00:00:00Z"}};
  const auto record = [&] {
    return Call("MeasurementService/RecordOutcomes", {{"outcomes", {purchase}}})
        .body["fates"][0]["fate"];
  };
  EXPECT_EQ(erase({{"unit_id", "42"}})["result"], "UNKNOWN_UNIT");
  EXPECT_EQ(record(), "ACCEPTED");
  EXPECT_EQ(erase({{"unit_id", "42"}, {"unit_type", "unitTypes/customer"}})["result"], "ERASED");
  EXPECT_EQ(erase({{"unit_id", "42"}})["result"], "UNKNOWN_UNIT");
  EXPECT_EQ(record(), "DUPLICATE");
  ExpectError(erase(Json::object()), "INVALID_ARGUMENT", "INVALID_UNIT_ID", "unit_id", "1 to 256");
  ExpectError(erase({{"unit_id", "42"}, {"unit_type", "unitTypes/none"}}), "INVALID_ARGUMENT",
              "UNKNOWN_UNIT_TYPE", "unit_type", "does not exist");
}

TEST_F(SimulatedServerTest, AcceptsCallsFromManyThreads) {
  MakeDefinitions();
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const Reply reply = Call("MeasurementService/RecordOutcomes",
                                 {{"outcomes",
                                   {{{"outcome_id", std::to_string(t) + "-" + std::to_string(i)},
                                     {"unit_id", "42"},
                                     {"event", "events/visit"},
                                     {"occur_time", "2026-03-01T00:00:00Z"}}}}});
        if (reply.code == "OK" && reply.body["fates"][0]["fate"] == "ACCEPTED") ++accepted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, 200);
}

TEST_F(SimulatedServerTest, RefusesMessagesBeyondTheLimit) {
  v1::AssignRequest request;
  request.set_unit_id(std::string(17 << 20, 'x'));
  v1::AssignResponse response;
  grpc::ClientContext context;
  const auto status =
      v1::AssignmentService::NewStub(channel())->Assign(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
}

TEST_F(SimulatedServerTest, RefusesASecondServerOnItsPort) {
  const auto address = ParseListenAddress(server().address());
  ASSERT_TRUE(address.ok());
  const absl::Status status = CheckFree(*address);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr(std::to_string(address->port))));
  EXPECT_EQ(DetailsOf(status).reason, "ADDRESS_IN_USE");
}

// Calls a method of another contract than ours.
grpc::Status CallForeign(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                         const std::string& request, std::string& response) {
  const grpc::Slice slice(request);
  const grpc::ByteBuffer sent(&slice, 1);
  grpc::ByteBuffer received;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  const auto call = stub.PrepareUnaryCall(&context, method, sent, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&received, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  grpc::Slice answer;
  if (status.ok() && received.DumpToSingleSlice(&answer).ok()) {
    response.assign(answer.begin(), answer.end());
  }
  return status;
}

// Status in the health protocol, read from the wire: field 1, a varint. Below 0: the error.
int HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  std::string request;
  if (!service.empty()) {
    request = std::string("\x0a") + static_cast<char>(service.size()) + service;
  }
  std::string answer;
  const auto status = CallForeign(channel, "/grpc.health.v1.Health/Check", request, answer);
  if (!status.ok()) return -static_cast<int>(status.error_code());
  return answer.size() == 2 && answer[0] == 0x08 ? answer[1] : 0;
}

TEST_F(SimulatedServerTest, KeepsTheContractToItselfUnlessAsked) {
  std::string answer;
  const auto status = CallForeign(
      channel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "", answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
}

TEST_F(SimulatedServerTest, TellsThatItIsHealthy) {
  constexpr int kServing = 1;
  EXPECT_EQ(HealthOf(channel(), ""), kServing);
  EXPECT_EQ(HealthOf(channel(), "insightloop.v1.AssignmentService"), kServing);
  EXPECT_EQ(HealthOf(channel(), "insightloop.v1.VerdictService"), kServing);
  EXPECT_EQ(HealthOf(channel(), "insightloop.v1.NoService"),
            -static_cast<int>(grpc::StatusCode::NOT_FOUND));
}

TEST_F(SimulatedServerTest, StopsGentlyAndOnce) {
  EXPECT_EQ(Call("ServerService/GetServerInfo", Json::object()).code, "OK");
  server().Stop(Seconds(5));
  server().Stop(Seconds(5));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  v1::AssignResponse response;
  const auto status =
      v1::AssignmentService::NewStub(channel())->Assign(&context, v1::AssignRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(SimulatedServerTest, ServesWithoutANetwork) {
  grpc::ClientContext context;
  v1::AssignRequest request;
  request.set_experiment("experiments/nobody");
  request.set_unit_id("42");
  v1::AssignResponse response;
  const auto status = v1::AssignmentService::NewStub(server().InProcessChannel())
                          ->Assign(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND) << status.error_message();
}

}  // namespace
}  // namespace insightloop::api
