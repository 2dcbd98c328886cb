// SPDX-License-Identifier: Apache-2.0

#include "api/gate.h"

#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "api/system_clock.h"
#include "api/system_random.h"
#include "engine/domain/error.h"
#include "engine/sealing.h"
#include "insightloop/v1/assignment.pb.h"
#include "insightloop/v1/attribute.pb.h"
#include "insightloop/v1/campaign.pb.h"
#include "insightloop/v1/event.pb.h"
#include "insightloop/v1/experiment.pb.h"
#include "insightloop/v1/hypothesis.pb.h"
#include "insightloop/v1/insight.pb.h"
#include "insightloop/v1/layer.pb.h"
#include "insightloop/v1/measurement.pb.h"
#include "insightloop/v1/metric.pb.h"
#include "insightloop/v1/programme.pb.h"
#include "insightloop/v1/segment.pb.h"
#include "insightloop/v1/server.pb.h"
#include "insightloop/v1/unit_type.pb.h"
#include "insightloop/v1/verdict.pb.h"
#include "tests/support/status_matchers.h"

namespace insightloop::api {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptor;
using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

const FileDescriptor* const kContract[] = {
    v1::AssignRequest::descriptor()->file(), v1::Attribute::descriptor()->file(),
    v1::Campaign::descriptor()->file(),      v1::Event::descriptor()->file(),
    v1::Experiment::descriptor()->file(),    v1::Hypothesis::descriptor()->file(),
    v1::Insight::descriptor()->file(),       v1::Layer::descriptor()->file(),
    v1::Outcome::descriptor()->file(),       v1::Metric::descriptor()->file(),
    v1::Programme::descriptor()->file(),     v1::Segment::descriptor()->file(),
    v1::ServerInfo::descriptor()->file(),    v1::UnitType::descriptor()->file(),
    v1::Verdict::descriptor()->file()};

class GateTest : public ::testing::Test {
 protected:
  Executor executor_{1, 1};
  SystemClock clock_;
  SystemRandom random_;
  Gate gate_{executor_, clock_, random_, Limits()};
};

TEST_F(GateTest, FindsARoleAtEveryMethodOfTheContract) {
  int methods = 0;
  for (const FileDescriptor* file : kContract) {
    for (int i = 0; i < file->service_count(); ++i) {
      EXPECT_THAT(gate_.Admit(*file->service(i)), IsOk());
      methods += file->service(i)->method_count();
    }
  }
  EXPECT_EQ(methods, 75);  // ten times the five standard methods, and 25 of their own
}

// Whoever may only ask for assignments and record facts must not read or change anything else.
TEST_F(GateTest, GivesPlatformsSixMethodsOnly) {
  std::set<std::string> of_platforms;
  for (const FileDescriptor* file : kContract) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int k = 0; k < file->service(i)->method_count(); ++k) {
        const MethodDescriptor& method = *file->service(i)->method(k);
        const bool reads = method.name().starts_with("Get") || method.name().starts_with("List") ||
                           method.name().starts_with("Compute") ||
                           method.name().starts_with("Plan");
        const auto role = RequiredRole(method);
        ASSERT_THAT(role, IsOk());
        if (*role == v1::ROLE_PLATFORM) {
          of_platforms.insert(method.name());
        } else if (method.name() == "AdvanceClock" || method.name() == "EraseUnit" ||
                   method.name() == "VerifyDatabase") {
          EXPECT_EQ(*role, v1::ROLE_ADMIN);
        } else {
          EXPECT_EQ(*role, reads ? v1::ROLE_ANALYST : v1::ROLE_EDITOR) << method.full_name();
        }
      }
    }
  }
  EXPECT_EQ(of_platforms,
            (std::set<std::string>{"Assign", "BatchAssign", "ExplainAssignment", "RecordExposures",
                                   "RecordOutcomes", "StreamCatalog"}));
}

// A service with one method, whose options are as given.
const google::protobuf::ServiceDescriptor* FakeService(DescriptorPool& pool) {
  FileDescriptorProto file;
  file.set_name("fake.proto");
  file.set_package("fake");
  file.add_message_type()->set_name("DoRequest");
  auto* service = file.add_service();
  service->set_name("FakeService");
  auto* method = service->add_method();
  method->set_name("DoSomething");
  method->set_input_type(".fake.DoRequest");
  method->set_output_type(".fake.DoRequest");
  return pool.BuildFile(file)->service(0);
}

TEST_F(GateTest, RefusesAServiceWhoseMethodHasNoRole) {
  DescriptorPool pool;
  const absl::Status status = gate_.Admit(*FakeService(pool));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("fake.FakeService.DoSomething names no role")));
  EXPECT_EQ(DetailsOf(status).reason, "ROLE_MISSING");
}

TEST_F(GateTest, RefusesTwoMethodsWithOneRequestType) {
  const auto& service = *v1::ServerInfo::descriptor()->file()->service(0);
  EXPECT_THAT(gate_.Admit(service), IsOk());
  EXPECT_THAT(gate_.Admit(service),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("take the same request")));
}

TEST(CheckRoleTest, LetsTheRightRoleAndAdministratorsPass) {
  EXPECT_THAT(CheckRole(v1::ROLE_EDITOR, v1::ROLE_EDITOR, "/m"), IsOk());
  EXPECT_THAT(CheckRole(v1::ROLE_ADMIN, v1::ROLE_EDITOR, "/m"), IsOk());
}

TEST(CheckRoleTest, RefusesEveryOtherRole) {
  for (const auto& [role, required] : {std::pair{v1::ROLE_EDITOR, v1::ROLE_ANALYST},
                                       {v1::ROLE_ANALYST, v1::ROLE_EDITOR},
                                       {v1::ROLE_PLATFORM, v1::ROLE_ADMIN},
                                       {v1::ROLE_UNSPECIFIED, v1::ROLE_PLATFORM}}) {
    const absl::Status status = CheckRole(role, required, "/service/Method");
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied,
                                 AllOf(HasSubstr("/service/Method needs"),
                                       HasSubstr(v1::Role_Name(required)))));
    EXPECT_EQ(DetailsOf(status).reason, "ROLE_REQUIRED");
  }
}

TEST(CheckRequestIdTest, TakesUuidsAndNothing) {
  EXPECT_THAT(CheckRequestId(""), IsOk());
  EXPECT_THAT(CheckRequestId("f81d4fae-7dec-41d0-8765-00a0c91e6bf6"), IsOk());
  EXPECT_THAT(CheckRequestId("F81D4FAE-7DEC-41D0-8765-00A0C91E6BF6"), IsOk());
}

TEST(CheckRequestIdTest, RefusesEverythingElse) {
  for (const std::string id :
       {"x", "f81d4fae7dec41d0876500a0c91e6bf6", "g81d4fae-7dec-41d0-8765-00a0c91e6bf6",
        "f81d4fae-7dec-41d0-8765-00a0c91e6bf6 ", "f81d4fae-7dec-41d0-8765-00a0c91e6bf",
        "f81d4fae-7dec-41d0-8765000a0c91e6bf6"}) {
    const absl::Status status = CheckRequestId(id);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no UUID")));
    EXPECT_EQ(DetailsOf(status).reason, "INVALID_REQUEST_ID");
  }
}

TEST(DigestOfTest, LeavesOutTheRequestIdAndNothingElse) {
  v1::CreateInsightRequest request;
  request.set_insight_id("cart");
  request.mutable_insight()->set_statement("carts are full");
  const std::string digest = DigestOf(request);
  EXPECT_EQ(digest.size(), 64u);
  request.set_request_id("f81d4fae-7dec-41d0-8765-00a0c91e6bf6");
  EXPECT_EQ(DigestOf(request), digest);
  request.mutable_insight()->set_statement("carts are empty");
  EXPECT_NE(DigestOf(request), digest);
}

// Maps have no order of their own on the wire.
TEST(DigestOfTest, DoesNotDependOnTheOrderOfMaps) {
  v1::AssignRequest one, two;
  for (int i = 0; i < 100; ++i) {
    (*one.mutable_attributes())[std::to_string(i)].set_bool_value(true);
    (*two.mutable_attributes())[std::to_string(99 - i)].set_bool_value(true);
  }
  EXPECT_EQ(DigestOf(one), DigestOf(two));
}

}  // namespace
}  // namespace insightloop::api
