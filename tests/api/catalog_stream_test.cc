// SPDX-License-Identifier: Apache-2.0

#include "api/services/catalog_stream.h"

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/server.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "insightloop/v1/assignment.grpc.pb.h"
#include "insightloop/v1/attribute.grpc.pb.h"
#include "tests/api/server_fixture.h"
#include "tests/support/status_matchers.h"

namespace insightloop::api {
namespace {

using ::insightloop::testing::IsOk;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One call of StreamCatalog. Its reads wait; the call ends after 30 seconds at the latest.
class Receiver {
 public:
  Receiver(const std::shared_ptr<grpc::Channel>& channel, std::int64_t after)
      : stub_(v1::AssignmentService::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(120));
    v1::StreamCatalogRequest request;
    request.set_after_revision(after);
    reader_ = stub_->StreamCatalog(&context_, request);
  }

  // False when the stream has ended.
  bool Next(v1::StreamCatalogResponse& response) { return reader_->Read(&response); }
  v1::StreamCatalogResponse Next() {
    v1::StreamCatalogResponse response;
    EXPECT_TRUE(reader_->Read(&response)) << reader_->Finish().error_message();
    return response;
  }
  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() { return reader_->Finish(); }

 private:
  std::unique_ptr<v1::AssignmentService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::StreamCatalogResponse>> reader_;
};

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status rich;
  google::rpc::ErrorInfo info;
  if (!rich.ParseFromString(status.error_details()) || rich.details().empty() ||
      !rich.details(0).UnpackTo(&info)) {
    return "";
  }
  return info.reason();
}

template <class Items>
std::vector<std::string> NamesOf(const Items& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name());
  return names;
}

// What a response brings, in one list.
std::vector<std::string> AllNamesOf(const v1::StreamCatalogResponse& response) {
  std::vector<std::string> names = NamesOf(response.experiments());
  const auto add = [&](const auto& more) { names.insert(names.end(), more.begin(), more.end()); };
  add(NamesOf(response.layers()));
  add(NamesOf(response.attributes()));
  add(NamesOf(response.unit_types()));
  if (response.has_programme()) names.push_back(response.programme().name());
  add(response.campaigns());
  add(response.removed());
  return names;
}

class CatalogStreamTest : public ServerTest {
 protected:
  explicit CatalogStreamTest(const Limits& limits = {}) : ServerTest(/*simulated=*/true, limits) {
    MakeDefinitions();
    MakeExperiment("e");
  }

  void Move(const std::string& verb) {
    const Reply reply =
        Call("ExperimentService/" + verb + "Experiment", {{"name", "experiments/e"}});
    ASSERT_EQ(reply.code, "OK") << reply;
  }
  void CreateAttribute(const std::string& id) {
    const Reply reply = Call("AttributeService/CreateAttribute",
                             {{"attribute_id", id}, {"attribute", {{"value_type", "BOOLEAN"}}}});
    ASSERT_EQ(reply.code, "OK") << reply;
  }
};

TEST_F(CatalogStreamTest, BeginsWithASnapshot) {
  Move("Start");
  ASSERT_EQ(
      Call("CampaignService/CreateCampaign", {{"campaign_id", "c"}, {"campaign", Json::object()}})
          .code,
      "OK");
  Receiver receiver(channel(), 0);
  const auto snapshot = receiver.Next();
  EXPECT_TRUE(snapshot.snapshot());
  EXPECT_GT(snapshot.revision(), 0);
  EXPECT_THAT(NamesOf(snapshot.layers()), ElementsAre("layers/site"));
  EXPECT_THAT(NamesOf(snapshot.attributes()),
              ::testing::UnorderedElementsAre("attributes/age", "attributes/country"));
  EXPECT_THAT(NamesOf(snapshot.unit_types()), ElementsAre("unitTypes/customer"));
  EXPECT_EQ(snapshot.programme().name(), "programmes/default");
  EXPECT_THAT(snapshot.campaigns(), ElementsAre("campaigns/c"));
  ASSERT_THAT(NamesOf(snapshot.experiments()), ElementsAre("experiments/e"));
  const v1::CatalogExperiment& experiment = snapshot.experiments(0);
  EXPECT_EQ(experiment.state(), v1::Experiment::RUNNING);
  EXPECT_EQ(experiment.layer(), "layers/site");
  EXPECT_EQ(experiment.slots_size(), 100);
  EXPECT_EQ(experiment.variants_size(), 2);
  EXPECT_EQ(experiment.epochs_size(), 1);
  EXPECT_NE(experiment.salt(), "");
}

TEST_F(CatalogStreamTest, SendsEachChangeAsItHappens) {
  Receiver receiver(channel(), 0);
  std::int64_t revision = receiver.Next().revision();
  for (const auto& [verb, state] : {std::pair{"Start", v1::Experiment::RUNNING},
                                    {"Pause", v1::Experiment::PAUSED},
                                    {"Resume", v1::Experiment::RUNNING},
                                    {"Stop", v1::Experiment::STOPPED}}) {
    Move(verb);
    const auto change = receiver.Next();
    EXPECT_FALSE(change.snapshot());
    EXPECT_GT(change.revision(), revision);
    revision = change.revision();
    ASSERT_THAT(AllNamesOf(change), ElementsAre("experiments/e")) << verb;
    EXPECT_EQ(change.experiments(0).state(), state) << verb;
  }
}

TEST_F(CatalogStreamTest, TellsWhatWasDeleted) {
  CreateAttribute("shoe");
  Receiver receiver(channel(), 0);
  EXPECT_THAT(AllNamesOf(receiver.Next()), Contains("attributes/shoe"));
  ASSERT_EQ(Call("AttributeService/DeleteAttribute", {{"name", "attributes/shoe"}}).code, "OK");
  const auto change = receiver.Next();
  EXPECT_THAT(AllNamesOf(change), ElementsAre("attributes/shoe"));
  EXPECT_THAT(change.removed(), ElementsAre("attributes/shoe"));
}

TEST_F(CatalogStreamTest, ResumesWithWhatIsNew) {
  const std::int64_t revision = Receiver(channel(), 0).Next().revision();
  // Nothing is new, and the receiver learns that.
  const auto nothing = Receiver(channel(), revision).Next();
  EXPECT_FALSE(nothing.snapshot());
  EXPECT_EQ(nothing.revision(), revision);
  EXPECT_THAT(AllNamesOf(nothing), IsEmpty());

  CreateAttribute("shoe");
  Move("Start");
  const auto news = Receiver(channel(), revision).Next();
  EXPECT_FALSE(news.snapshot());
  EXPECT_GT(news.revision(), revision);
  EXPECT_THAT(AllNamesOf(news), ElementsAre("experiments/e", "attributes/shoe"));
}

TEST_F(CatalogStreamTest, SendsASnapshotAfterARevisionItDoesNotKnow) {
  const auto snapshot = Receiver(channel(), 0).Next();
  Receiver receiver(channel(), snapshot.revision() + 1'000'000);
  const auto again = receiver.Next();
  EXPECT_TRUE(again.snapshot());
  EXPECT_EQ(again.revision(), snapshot.revision());
  EXPECT_THAT(AllNamesOf(again), ::testing::UnorderedElementsAreArray(AllNamesOf(snapshot)));
  // From there on it goes on as ever.
  CreateAttribute("shoe");
  EXPECT_THAT(AllNamesOf(receiver.Next()), ElementsAre("attributes/shoe"));
}

TEST_F(CatalogStreamTest, RefusesANegativeRevision) {
  Receiver receiver(channel(), -1);
  v1::StreamCatalogResponse response;
  EXPECT_FALSE(receiver.Next(response));
  const grpc::Status status = receiver.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "NEGATIVE_REVISION");
}

TEST_F(CatalogStreamTest, RefusesACallWhoseDeadlineHasPassed) {
  const auto stub = v1::AssignmentService::NewStub(channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  const auto reader = stub->StreamCatalog(&context, v1::StreamCatalogRequest());
  v1::StreamCatalogResponse response;
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

// Streams have no end of their own: they must not use up the patience.
TEST_F(CatalogStreamTest, EndsAtOnceWhenTheServerStops) {
  std::vector<std::unique_ptr<Receiver>> receivers;
  for (int i = 0; i < 20; ++i) {
    receivers.push_back(std::make_unique<Receiver>(channel(), 0));
    EXPECT_TRUE(receivers.back()->Next().snapshot());
  }
  const auto begin = std::chrono::steady_clock::now();
  server().Stop(Seconds(25));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(25));
  for (const auto& receiver : receivers) {
    v1::StreamCatalogResponse response;
    EXPECT_FALSE(receiver->Next(response));
    const grpc::Status status = receiver->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
    EXPECT_EQ(ReasonOf(status), "SERVER_STOPPING");
  }
}

// Half of the receivers go away in the middle; all others get to the end, and no revision twice.
TEST_F(CatalogStreamTest, ServesManyWhileTheCatalogChanges) {
  constexpr int kReceivers = 24;
  constexpr int kChanges = 100;
  std::vector<std::thread> threads;
  for (int i = 0; i < kReceivers; ++i) {
    threads.emplace_back([this, i] {
      Receiver receiver(channel(), 0);
      std::int64_t revision = 0;
      const std::string last = "attributes/a" + std::to_string(kChanges - 1);
      for (int read = 0;; ++read) {
        v1::StreamCatalogResponse response;
        ASSERT_TRUE(receiver.Next(response)) << receiver.Finish().error_message();
        EXPECT_EQ(response.snapshot(), read == 0);
        EXPECT_GT(response.revision(), revision);
        revision = response.revision();
        const auto names = AllNamesOf(response);
        if (std::find(names.begin(), names.end(), last) != names.end()) break;
        if (i % 2 == 1 && read == i) {
          receiver.Cancel();
          while (receiver.Next(response)) continue;
          EXPECT_EQ(receiver.Finish().error_code(), grpc::StatusCode::CANCELLED);
          break;
        }
      }
    });
  }
  for (int i = 0; i < kChanges; ++i) CreateAttribute("a" + std::to_string(i));
  for (std::thread& thread : threads) thread.join();
}

TEST_F(CatalogStreamTest, StopsWhileStreamsComeAndGoAndTheCatalogChanges) {
  std::atomic<bool> stopped = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      while (!stopped) {
        Receiver receiver(channel(), 0);
        v1::StreamCatalogResponse response;
        for (int read = 0; read < i && receiver.Next(response); ++read) continue;
        receiver.Cancel();
        receiver.Finish();
      }
    });
  }
  threads.emplace_back([&] {
    const auto stub = v1::AttributeService::NewStub(channel());
    while (!stopped) {
      v1::CreateAttributeRequest request;
      request.mutable_attribute()->set_value_type(v1::Attribute::BOOLEAN);
      v1::Attribute created;
      grpc::ClientContext context;
      stub->CreateAttribute(&context, request, &created);  // fails once the server stops
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto begin = std::chrono::steady_clock::now();
  server().Stop(Seconds(25));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(25));
  stopped = true;
  for (std::thread& thread : threads) thread.join();
}

class FewStreamsTest : public CatalogStreamTest {
 protected:
  FewStreamsTest() : CatalogStreamTest({.max_catalog_streams = 2}) {}
};

TEST_F(FewStreamsTest, RefusesMoreThanTheLimitUntilAnotherEnds) {
  Receiver one(channel(), 0), two(channel(), 0);
  one.Next();
  two.Next();
  {
    Receiver three(channel(), 0);
    v1::StreamCatalogResponse response;
    EXPECT_FALSE(three.Next(response));
    const grpc::Status status = three.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(ReasonOf(status), "TOO_MANY_STREAMS");
  }
  one.Cancel();
  // The server hears of it a moment later.
  bool served = false;
  for (int i = 0; i < 100 && !served; ++i) {
    v1::StreamCatalogResponse response;
    Receiver next(channel(), 0);
    served = next.Next(response);
    if (!served) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_TRUE(served);
}

CatalogExperiment WholeExperiment(const std::string& name, ExperimentState state) {
  return {.name = name,
          .state = state,
          .external = true,
          .unit_type = "unitTypes/device",
          .layer = "layers/site",
          .campaign = "campaigns/c",
          .variants = {{.variant_id = "a"}},
          .salt = "s",
          .slots = {1, 2},
          .start_time = Time{1'000'000},
          .pause_time = Time{2'000'000},
          .stop_time = Time{3'000'000}};
}

TEST(ToResponsesTest, TellsOfExperimentsThatAssignNobodyOnlyWhatIsPromised) {
  for (const ExperimentState state :
       {ExperimentState::kDraft, ExperimentState::kStopped, ExperimentState::kConcluded}) {
    const CatalogExperiment experiment = WholeExperiment("experiments/e", state);
    const auto responses = ToResponses({.revision = 1, .experiments = {&experiment}}, 1000);
    ASSERT_THAT(responses, IsOk());
    ASSERT_EQ(responses->size(), 1u);
    v1::CatalogExperiment expected;
    expected.set_name("experiments/e");
    expected.set_state(static_cast<v1::Experiment::State>(state));
    expected.set_external(true);
    expected.set_unit_type("unitTypes/device");
    expected.mutable_start_time()->set_seconds(1);
    expected.mutable_pause_time()->set_seconds(2);
    expected.mutable_stop_time()->set_seconds(3);
    EXPECT_EQ((*responses)[0].experiments(0).ShortDebugString(), expected.ShortDebugString());
  }
  for (const ExperimentState state : {ExperimentState::kRunning, ExperimentState::kPaused}) {
    const CatalogExperiment experiment = WholeExperiment("experiments/e", state);
    const auto responses = ToResponses({.revision = 1, .experiments = {&experiment}}, 1000);
    ASSERT_THAT(responses, IsOk());
    EXPECT_EQ((*responses)[0].experiments(0).salt(), "s");
    EXPECT_EQ((*responses)[0].experiments(0).slots_size(), 2);
  }
}

TEST(ToResponsesTest, SaysThatNothingChanged) {
  const auto responses = ToResponses({.revision = 7}, 1000);
  ASSERT_THAT(responses, IsOk());
  ASSERT_EQ(responses->size(), 1u);
  EXPECT_EQ((*responses)[0].ShortDebugString(), "revision: 7");
}

TEST(ToResponsesTest, SplitsWhatDoesNotFit) {
  constexpr std::size_t kMaxBytes = 500;
  CatalogChanges changes{.revision = 1LL << 60, .snapshot = true};
  std::vector<CatalogExperiment> experiments;
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    experiments.push_back(
        WholeExperiment("experiments/e" + std::to_string(i), ExperimentState::kRunning));
    changes.campaigns.push_back("campaigns/c" + std::to_string(i));
  }
  experiments[20].salt = std::string(2 * kMaxBytes, 's');  // alone beyond the limit
  for (const CatalogExperiment& experiment : experiments) {
    changes.experiments.push_back(&experiment);
    expected.push_back(experiment.name);
  }
  Layer layer;
  layer.meta.name = "layers/site";
  changes.layers.push_back(&layer);

  const auto responses = ToResponses(changes, kMaxBytes);
  ASSERT_THAT(responses, IsOk());
  // Each experiment takes more than 50 bytes, so that at least 40 / 10 responses are needed.
  ASSERT_GT(responses->size(), 4u);
  EXPECT_THAT(NamesOf(responses->front().layers()), ElementsAre("layers/site"));
  std::vector<std::string> names;
  int campaigns = 0;
  for (std::size_t i = 0; i < responses->size(); ++i) {
    const v1::StreamCatalogResponse& response = (*responses)[i];
    EXPECT_EQ(response.snapshot(), i == 0);
    EXPECT_EQ(response.revision(), i + 1 == responses->size() ? changes.revision : 0);
    const auto part = NamesOf(response.experiments());
    const bool too_large = part == std::vector<std::string>{"experiments/e20"};
    if (!too_large) {
      EXPECT_LE(response.ByteSizeLong(), kMaxBytes);
    }
    names.insert(names.end(), part.begin(), part.end());
    campaigns += response.campaigns_size();
  }
  EXPECT_EQ(names, expected);
  EXPECT_EQ(campaigns, 40);
}

}  // namespace
}  // namespace insightloop::api
