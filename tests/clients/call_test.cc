// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "clients/cli/batch_sender.h"
#include "clients/cli/errors.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/clients/fake_server.h"
#include "tests/support/status_matchers.h"

namespace insightloop::cli {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kGetInsight[] = "/insightloop.v1.InsightService/GetInsight";
constexpr char kRecordOutcomes[] = "/insightloop.v1.MeasurementService/RecordOutcomes";
constexpr std::chrono::milliseconds kTimeout(5000);

absl::Status Get(Caller& caller, v1::Insight& insight) {
  v1::GetInsightRequest request;
  request.set_name("insights/a");
  return caller.Call(kGetInsight, request, insight);
}

grpc::Status InvalidStatement() {
  google::rpc::ErrorInfo info;
  info.set_reason("FIELD_TOO_LONG");
  google::rpc::BadRequest bad_request;
  auto* const violation = bad_request.add_field_violations();
  violation->set_field("insight.statement");
  violation->set_description("has 3,000 bytes; at most 2,000 fit");
  google::rpc::Status details;
  details.set_code(3);
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(bad_request);
  return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the insight is not valid",
                      details.SerializeAsString());
}

TEST(CallerTest, TriesAgainWhileTheServerIsUnavailable) {
  FakeServer server;
  server.insights.answer = [](int call, v1::Insight* insight) {
    if (call < 3) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "starting");
    insight->set_statement("found");
    return grpc::Status::OK;
  };
  Caller caller(server.target(), kTimeout);
  v1::Insight insight;
  ASSERT_THAT(Get(caller, insight), IsOk());
  EXPECT_EQ(insight.statement(), "found");
  EXPECT_EQ(server.insights.calls, 3);
}

TEST(CallerTest, TriesNothingElseAgain) {
  FakeServer server;
  server.insights.answer = [](int, v1::Insight*) {
    return grpc::Status(grpc::StatusCode::ABORTED, "stale etag");
  };
  Caller caller(server.target(), kTimeout);
  v1::Insight insight;
  EXPECT_THAT(Get(caller, insight), StatusIs(absl::StatusCode::kAborted, "stale etag"));
  EXPECT_EQ(server.insights.calls, 1);
}

TEST(CallerTest, EveryCallHasADeadline) {
  FakeServer server;
  server.insights.answer = [](int, v1::Insight*) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return grpc::Status::OK;
  };
  Caller caller(server.target(), std::chrono::milliseconds(50));
  v1::Insight insight;
  const absl::Status status = Get(caller, insight);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("no answer")));
  EXPECT_EQ(ExitCodeOf(status), kExitUnavailable);
}

TEST(CallerTest, DecodesTheDetailsOfErrors) {
  FakeServer server;
  server.insights.answer = [](int, v1::Insight*) { return InvalidStatement(); };
  Caller caller(server.target(), kTimeout);
  v1::Insight insight;
  const absl::Status status = Get(caller, insight);
  EXPECT_EQ(ExitCodeOf(status), kExitUsage);
  EXPECT_EQ(ErrorText(status),
            "error: the insight is not valid [FIELD_TOO_LONG]\n"
            "  insight.statement: has 3,000 bytes; at most 2,000 fit\n");
  const auto json = nlohmann::json::parse(ErrorJson(status));
  EXPECT_EQ(json["error"]["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(json["error"]["reason"], "FIELD_TOO_LONG");
  EXPECT_EQ(json["error"]["fields"][0]["field"], "insight.statement");
}

TEST(ExitCodeTest, FollowsThePublishedTable) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(absl::InternalError("")), 1);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), 2);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), 3);
  EXPECT_EQ(ExitCodeOf(absl::PermissionDeniedError("")), 4);
  EXPECT_EQ(ExitCodeOf(absl::AlreadyExistsError("")), 5);
  EXPECT_EQ(ExitCodeOf(absl::FailedPreconditionError("")), 5);
  EXPECT_EQ(ExitCodeOf(absl::AbortedError("")), 5);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), 6);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("")), 6);
  EXPECT_EQ(ExitCodeOf(InterruptedError()), 130);
}

TEST(BatchSenderTest, SendsBusyBatchesAgainAndLosesNone) {
  FakeServer server;
  server.measurement.before = [](int call) {
    return call % 2 == 1 ? grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "queue full")
                         : grpc::Status::OK;
  };
  Caller caller(server.target(), kTimeout);
  int answered = 0;
  {
    BatchSender sender(caller, kRecordOutcomes, 4);
    for (int i = 0; i < 10; ++i) {
      v1::RecordOutcomesRequest request;
      request.add_outcomes()->set_outcome_id(std::to_string(i));
      ASSERT_THAT(sender.Send(Serialize(request),
                              [&](const grpc::ByteBuffer& bytes) {
                                v1::RecordOutcomesResponse response;
                                const absl::Status parsed = Parse(bytes, response);
                                answered += response.fates_size();
                                return parsed;
                              }),
                  IsOk());
    }
    ASSERT_THAT(sender.Finish(), IsOk());
  }
  EXPECT_EQ(answered, 10);
  EXPECT_EQ(server.measurement.outcomes().size(), 10U);
}

TEST(BatchSenderTest, StopsAtTheFirstErrorThatWaitingCannotMend) {
  FakeServer server;
  server.measurement.before = [](int) {
    return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not yours");
  };
  Caller caller(server.target(), kTimeout);
  BatchSender sender(caller, kRecordOutcomes, 2);
  ASSERT_THAT(sender.Send(Serialize(v1::RecordOutcomesRequest()),
                          [](const grpc::ByteBuffer&) { return absl::OkStatus(); }),
              IsOk());
  EXPECT_THAT(sender.Finish(), StatusIs(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace insightloop::cli
