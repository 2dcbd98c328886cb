// SPDX-License-Identifier: Apache-2.0

#include "api/grpc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/domain/resource.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace insightloop::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

google::rpc::Status Rich(const grpc::Status& status) {
  google::rpc::Status rich;
  EXPECT_TRUE(rich.ParseFromString(status.error_details()));
  return rich;
}

// The one detail of that type; absent when there is none.
template <class Detail>
std::optional<Detail> DetailOf(const grpc::Status& status) {
  std::optional<Detail> found;
  const google::rpc::Status rich = Rich(status);
  for (const auto& any : rich.details()) {
    Detail detail;
    if (!any.UnpackTo(&detail)) continue;
    EXPECT_FALSE(found.has_value()) << "twice";
    found = detail;
  }
  return found;
}

TEST(ToGrpcStatusTest, KeepsOkPlain) {
  const grpc::Status status = ToGrpcStatus(absl::OkStatus(), "");
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.error_details(), "");
}

TEST(ToGrpcStatusTest, TellsEveryFieldThatIsWrong) {
  Violations violations;
  violations.Add("OUT_OF_RANGE", "variants[1].weight", "is -1; give 0 to 1,000,000");
  violations.Add("TOO_LONG", "description", "is too long; shorten it");
  const grpc::Status status = ToGrpcStatus(violations.ToStatus(), "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("variants[1].weight: is -1"));
  EXPECT_EQ(Rich(status).code(), 3);
  EXPECT_EQ(Rich(status).message(), status.error_message());
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "OUT_OF_RANGE");
  EXPECT_EQ(info->domain(), "insightloop.dev");
  EXPECT_EQ(info->metadata().at("field"), "variants[1].weight");
  const auto bad_request = DetailOf<google::rpc::BadRequest>(status);
  ASSERT_TRUE(bad_request.has_value());
  ASSERT_EQ(bad_request->field_violations_size(), 2);
  EXPECT_EQ(bad_request->field_violations(1).field(), "description");
  EXPECT_EQ(bad_request->field_violations(1).description(), "is too long; shorten it");
}

TEST(ToGrpcStatusTest, NamesTheResourceThatIsMissing) {
  const grpc::Status status = ToGrpcStatus(NotFound("name", "insights/cart"), "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  const auto resource = DetailOf<google::rpc::ResourceInfo>(status);
  ASSERT_TRUE(resource.has_value());
  EXPECT_EQ(resource->resource_type(), "insights");
  EXPECT_EQ(resource->resource_name(), "insights/cart");
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(status)->reason(), "RESOURCE_NOT_FOUND");
  EXPECT_FALSE(DetailOf<google::rpc::BadRequest>(status).has_value());
}

TEST(ToGrpcStatusTest, NamesTheStateThatIsInTheWay) {
  const grpc::Status status =
      ToGrpcStatus(WrongState("WRONG_STATE", "experiments/spring", "is DRAFT; start it"), "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  const auto failure = DetailOf<google::rpc::PreconditionFailure>(status);
  ASSERT_TRUE(failure.has_value());
  ASSERT_EQ(failure->violations_size(), 1);
  EXPECT_EQ(failure->violations(0).type(), "WRONG_STATE");
  EXPECT_EQ(failure->violations(0).subject(), "experiments/spring");
  EXPECT_THAT(failure->violations(0).description(), HasSubstr("is DRAFT; start it"));
}

TEST(ToGrpcStatusTest, SaysWhenToTryAgain) {
  const grpc::Status status =
      ToGrpcStatus(MakeError(absl::StatusCode::kResourceExhausted, "busy",
                             {.reason = "OVERLOADED", .retry_delay = Duration{1'500'000}}),
                   "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const auto retry = DetailOf<google::rpc::RetryInfo>(status);
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->retry_delay().seconds(), 1);
  EXPECT_EQ(retry->retry_delay().nanos(), 500'000'000);
}

TEST(ToGrpcStatusTest, GivesAReasonAlsoToAnErrorWithoutDetails) {
  const grpc::Status status = ToGrpcStatus(absl::AbortedError("lost a race"), "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(status)->reason(), "ABORTED");
}

TEST(ToGrpcStatusTest, KeepsFaultsOfOursInTheLog) {
  for (const auto& fault : {absl::InternalError("secret"), absl::UnknownError("secret"),
                            absl::DataLossError("secret")}) {
    EXPECT_TRUE(IsFaultOfOurs(fault));
    const grpc::Status status = ToGrpcStatus(fault, "id-1");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_THAT(status.error_message(), HasSubstr("id-1"));
    EXPECT_THAT(status.error_message(), Not(HasSubstr("secret")));
    EXPECT_THAT(status.error_details(), Not(HasSubstr("secret")));
    EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(status)->metadata().at("incident"), "id-1");
  }
  EXPECT_FALSE(IsFaultOfOurs(absl::UnavailableError("")));
}

// Clients accept 8 KiB of metadata, in which the message is percent-encoded and the details in
// base64.
TEST(ToGrpcStatusTest, StaysSmallWhateverIsWrong) {
  const std::string long_text(100'000, 'x');
  std::string accents;
  for (int i = 0; i < 10'000; ++i) accents += "ế";
  Violations violations;
  for (int i = 0; i < 1000; ++i) {
    violations.Add("TOO_LONG", absl::StrCat("field[", i, "]", long_text), accents);
  }
  ErrorDetails everything{.reason = "WRONG_STATE",
                          .violations = {{"field", accents}},
                          .resource = "experiments/" + long_text,
                          .retry_delay = Seconds(1)};
  for (int i = 0; i < 100; ++i) everything.metadata[absl::StrCat(i)] = accents;
  for (const auto& error :
       {violations.ToStatus(), NotFound("name", "insights/" + long_text),
        MakeError(absl::StatusCode::kFailedPrecondition, accents, everything)}) {
    const grpc::Status status = ToGrpcStatus(error, "");
    std::size_t message_size = 0;
    for (const char c : status.error_message()) message_size += c >= ' ' && c <= '~' ? 1 : 3;
    EXPECT_LT(message_size + status.error_details().size() * 4 / 3, 7'500u);
    EXPECT_TRUE(IsUtf8(status.error_message()));
    EXPECT_TRUE(DetailOf<google::rpc::ErrorInfo>(status).has_value());
  }
}

}  // namespace
}  // namespace insightloop::api
