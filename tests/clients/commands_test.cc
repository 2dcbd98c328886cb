// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cli/contract.h"
#include "clients/cli/fields.h"
#include "insightloop/v1/assignment.pb.h"
#include "insightloop/v1/experiment.pb.h"
#include "insightloop/v1/hypothesis.pb.h"
#include "insightloop/v1/metric.pb.h"
#include "insightloop/v1/segment.pb.h"
#include "insightloop/v1/server.pb.h"
#include "insightloop/v1/verdict.pb.h"
#include "tests/support/status_matchers.h"

namespace insightloop::cli {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t kNow = 1'750'000'000'000'000;

const Method& FindMethod(const std::string& group, const std::string& command) {
  for (const Group& candidate : Groups()) {
    if (candidate.name != group) continue;
    for (const Method& method : candidate.methods) {
      if (method.command == command) return method;
    }
  }
  ADD_FAILURE() << "no command " << group << " " << command;
  return Groups()[0].methods[0];
}

// Builds a request and reads it as the generated message.
template <typename Request>
Request Built(const std::string& group, const std::string& command, const Typed& typed) {
  Request request;
  const auto built = BuildRequest(FindMethod(group, command), typed, kNow);
  EXPECT_THAT(built.status(), IsOk());
  EXPECT_TRUE(built.ok() && request.ParseFromString((*built)->SerializeAsString()));
  return request;
}

absl::Status Refused(const std::string& group, const std::string& command, const Typed& typed) {
  return BuildRequest(FindMethod(group, command), typed, kNow).status();
}

TEST(GroupsTest, FollowTheContract) {
  std::vector<std::string> names;
  for (const Group& group : Groups()) names.push_back(group.name);
  for (const char* const name : {"insights", "hypotheses", "experiments", "assignment", "verdicts",
                                 "server", "unit-types"}) {
    EXPECT_THAT(names, ::testing::Contains(name));
  }
  EXPECT_EQ(FindMethod("server", "get-info").path, "/insightloop.v1.ServerService/GetServerInfo");
  EXPECT_EQ(FindMethod("server", "advance-clock").rpc->name(), "AdvanceClock");
  EXPECT_EQ(FindMethod("verdicts", "compute").rpc->name(), "ComputeVerdict");
  EXPECT_EQ(FindMethod("hypotheses", "list").rpc->name(), "ListHypotheses");
  EXPECT_EQ(FindMethod("assignment", "assign").rpc->name(), "Assign");
  EXPECT_EQ(FindMethod("experiments", "conclude").rpc->name(), "ConcludeExperiment");
  EXPECT_EQ(FindMethod("experiments", "release-slots").rpc->name(), "ReleaseExperimentSlots");
  EXPECT_EQ(FindMethod("campaigns", "list").rpc->name(), "ListCampaigns");
  EXPECT_EQ(FindMethod("programme", "get").rpc->name(), "GetProgramme");
}

TEST(FullNameTest, CompletesShortNames) {
  EXPECT_EQ(FullName("experiments/{id}", "spring"), "experiments/spring");
  EXPECT_EQ(FullName("experiments/{id}", "experiments/spring"), "experiments/spring");
  EXPECT_EQ(FullName("experiments/{e}/verdicts/{v}", "spring/1"), "experiments/spring/verdicts/1");
  EXPECT_EQ(FullName("experiments/{e}/verdicts/{v}", "spring"), "spring");
  EXPECT_EQ(FullName("", "anything"), "anything");
}

TEST(ShortTest, EndsAfterTheFirstTellingSentence) {
  EXPECT_EQ(Short("Required. Immutable. The rule. More."), "Required. Immutable. The rule.");
  EXPECT_EQ(Short("A name, `experiments/{id}`. At most 256 bytes."), "A name, experiments/{id}.");
}

TEST(BuildRequestTest, GetTakesAShortName) {
  const auto request = Built<v1::GetVerdictRequest>("verdicts", "get", {.main = "spring/1"});
  EXPECT_EQ(request.name(), "experiments/spring/verdicts/1");
  EXPECT_EQ(
      Built<v1::ComputeVerdictRequest>("verdicts", "compute", {.main = "spring"}).experiment(),
      "experiments/spring");
  EXPECT_EQ(Built<v1::ListVerdictsRequest>("verdicts", "list", {.main = "spring"}).parent(),
            "experiments/spring");
}

TEST(BuildRequestTest, PlanTakesNumbersThatMayBeAbsent) {
  const auto request = Built<v1::PlanExperimentRequest>(
      "experiments", "plan",
      {.main = "spring",
       .options = {{"units-per-day", {"1500.5"}}, {"baseline", {"0"}}, {"days", {"28"}}}});
  EXPECT_EQ(request.name(), "experiments/spring");
  EXPECT_EQ(request.units_per_day(), 1500.5);
  EXPECT_TRUE(request.has_baseline());
  EXPECT_FALSE(request.has_standard_deviation());
  EXPECT_EQ(request.days(), 28);
}

TEST(BuildRequestTest, CreateReadsTextsNamesListsAndMessages) {
  const auto request = Built<v1::CreateHypothesisRequest>(
      "hypotheses", "create",
      {.main = "free-shipping",
       .options = {{"insights", {"cart-fear", "insights/other"}},
                   {"if-action", {"we ship for free"}},
                   {"primary-metric", {"orders"}},
                   {"predicted-direction", {"Increase"}},
                   {"smallest-effect", {R"({"value":0.05,"scale":"RELATIVE"})"}},
                   {"guardrails",
                    {R"({"metric":"metrics/margin","margin":{"value":0.02,"scale":"RELATIVE"}})"}},
                   {"author-probability", {"0.4"}}}});
  EXPECT_EQ(request.hypothesis_id(), "free-shipping");
  EXPECT_THAT(request.request_id(), Not(IsEmpty()));
  const v1::Hypothesis& hypothesis = request.hypothesis();
  EXPECT_THAT(hypothesis.insights(), ElementsAre("insights/cart-fear", "insights/other"));
  EXPECT_EQ(hypothesis.if_action(), "we ship for free");
  EXPECT_EQ(hypothesis.primary_metric(), "metrics/orders");
  EXPECT_EQ(hypothesis.predicted_direction(), v1::INCREASE);
  EXPECT_EQ(hypothesis.smallest_effect().value(), 0.05);
  ASSERT_EQ(hypothesis.guardrails_size(), 1);
  EXPECT_EQ(hypothesis.guardrails(0).metric(), "metrics/margin");
  EXPECT_EQ(hypothesis.author_probability(), 0.4);
}

TEST(BuildRequestTest, ReadsListsOfMessagesAndFlags) {
  const auto request = Built<v1::CreateExperimentRequest>(
      "experiments", "create",
      {.main = "spring",
       .options = {{"variants",
                    {R"([{"variantId":"a","control":true,"weight":1},)"
                     R"({"variantId":"b","weight":1}])"}},
                   {"external", {"true"}},
                   {"slot-count", {"250"}}}});
  ASSERT_EQ(request.experiment().variants_size(), 2);
  EXPECT_TRUE(request.experiment().variants(0).control());
  EXPECT_EQ(request.experiment().variants(1).variant_id(), "b");
  EXPECT_TRUE(request.experiment().external());
  EXPECT_EQ(request.experiment().slot_count(), 250);
}

TEST(BuildRequestTest, ReadsTimes) {
  const auto at = Built<v1::StartExperimentRequest>(
      "experiments", "start",
      {.main = "spring", .options = {{"start-time", {"2017-01-02T00:00:00.5Z"}}}});
  EXPECT_EQ(at.start_time().seconds(), 1'483'315'200);
  EXPECT_EQ(at.start_time().nanos(), 500'000'000);
  const auto now =
      Built<v1::AdvanceClockRequest>("server", "advance-clock", {.options = {{"time", {"now"}}}});
  EXPECT_EQ(now.time().seconds(), 1'750'000'000);
}

TEST(BuildRequestTest, MapValuesKeepTheirTypes) {
  const auto request = Built<v1::AssignRequest>(
      "assignment", "assign",
      {.main = "spring",
       .options = {{"unit-id", {"u-1"}},
                   {"attributes", {"country=VN", "age=30", "vip=true", "zip=\"01234\""}}}});
  EXPECT_EQ(request.experiment(), "experiments/spring");
  EXPECT_EQ(request.attributes().at("country").string_value(), "VN");
  EXPECT_EQ(request.attributes().at("age").number_value(), 30);
  EXPECT_TRUE(request.attributes().at("vip").bool_value());
  EXPECT_EQ(request.attributes().at("zip").string_value(), "01234");
}

// Of several targets the first may be given without a dash.
TEST(BuildRequestTest, AssignTakesAnotherTargetInThePlaceOfTheExperiment) {
  const auto request = Built<v1::AssignRequest>(
      "assignment", "assign", {.options = {{"layer", {"mail"}}, {"unit-id", {"u-1"}}}});
  EXPECT_EQ(request.target_case(), v1::AssignRequest::kLayer);
  EXPECT_EQ(request.layer(), "layers/mail");
  const auto batch = Built<v1::BatchAssignRequest>(
      "assignment", "batch-assign",
      {.main = "spring", .options = {{"units", {R"({"unitId":"a"})", R"({"unitId":"b"})"}}}});
  EXPECT_EQ(batch.experiment(), "experiments/spring");
  EXPECT_EQ(batch.units_size(), 2);
}

TEST(BuildRequestTest, ReallocateTakesWeightsByVariant) {
  const auto request = Built<v1::ReallocateExperimentRequest>(
      "experiments", "reallocate", {.main = "spring", .options = {{"weights", {"a=3", "b=0"}}}});
  EXPECT_EQ(request.name(), "experiments/spring");
  EXPECT_EQ(request.weights().at("a"), 3);
  EXPECT_EQ(request.weights().at("b"), 0);
}

// Conditions hold conditions, to any depth.
TEST(BuildRequestTest, ReadsTrees) {
  const auto request = Built<v1::CreateSegmentRequest>(
      "segments", "create",
      {.main = "adults",
       .options = {{"conditions",
                    {R"({"anyOf":[{"attribute":"attributes/age","exists":true},)"
                     R"({"noneOf":[{"segment":"segments/x"}]}]})"}}}});
  EXPECT_EQ(request.segment().conditions(0).any_of(1).none_of(0).segment(), "segments/x");
}

TEST(BuildRequestTest, UpdateChangesWhatIsGivenAndNothingElse) {
  const auto request = Built<v1::UpdateExperimentRequest>(
      "experiments", "update",
      {.main = "spring",
       .options = {{"display-name", {"Spring"}}, {"layer", {""}}, {"etag", {"\"7\""}}}});
  EXPECT_EQ(request.experiment().name(), "experiments/spring");
  EXPECT_EQ(request.experiment().display_name(), "Spring");
  EXPECT_EQ(request.experiment().etag(), "\"7\"");
  EXPECT_THAT(request.update_mask().paths(),
              ::testing::UnorderedElementsAre("display_name", "layer"));
}

TEST(BuildRequestTest, AFileIsTheResourceAndOptionsBesideItWin) {
  const auto request = Built<v1::UpdateExperimentRequest>(
      "experiments", "update",
      {.main = "spring",
       .options = {{"display-name", {"Other"}}},
       .file =
           R"({"name":"experiments/x","displayName":"Spring","slotCount":5,"state":"RUNNING"})"});
  EXPECT_EQ(request.experiment().name(), "experiments/spring");
  EXPECT_EQ(request.experiment().display_name(), "Other");
  // What only the server sets is no change.
  EXPECT_THAT(request.update_mask().paths(),
              ::testing::UnorderedElementsAre("display_name", "slot_count"));
}

TEST(BuildRequestTest, SaysWhichOptionIsWrongAndWhatWouldBeRight) {
  EXPECT_THAT(Refused("metrics", "create", {.options = {{"kind", {"propotion"}}}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--kind 'propotion' is not one of: proportion, count, mean")));
  EXPECT_THAT(Refused("experiments", "create", {.options = {{"slot-count", {"many"}}}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--slot-count 'many' is not a whole number")));
  EXPECT_THAT(Refused("experiments", "create", {.options = {{"variants", {"[{oops}]"}}}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--variants")));
  EXPECT_THAT(Refused("experiments", "start", {.options = {{"start-time", {"yesterday"}}}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("RFC 3339")));
  EXPECT_THAT(Refused("assignment", "assign", {.options = {{"attributes", {"country"}}}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("KEY=VALUE")));
  EXPECT_THAT(Refused("experiments", "update", {.main = "spring"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nothing to change")));
}

TEST(SetFieldTest, ReadsDurations) {
  v1::Window window;
  ASSERT_THAT(SetField(window, v1::Window::descriptor()->FindFieldByName("length"), {"7d"}, kNow),
              IsOk());
  EXPECT_EQ(window.length().seconds(), 604'800);
}

TEST(SetFieldTest, RefusesASecondTextForASingularField) {
  v1::Experiment experiment;
  EXPECT_THAT(SetField(experiment, v1::Experiment::descriptor()->FindFieldByName("hypothesis"),
                       {"a", "b"}, kNow),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than once")));
}

}  // namespace
}  // namespace insightloop::cli
