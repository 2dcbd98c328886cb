// SPDX-License-Identifier: Apache-2.0

#include "clients/cpp/local_evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/client.h"
#include "engine/assignment/hashing.h"
#include "nlohmann/json.hpp"
#include "tests/clients/cpp/fake_server.h"
#include "tests/support/allocations.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using testing::Failure;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::IsOk;
using Json = nlohmann::json;
using Response = v1::AssignResponse;

// A running experiment that holds the whole of layers/mail.
Json Running(const std::string& name, const std::vector<int>& weights = {1, 1}) {
  Json slots = Json::array();
  for (int slot = 0; slot < 1'000; ++slot) slots.push_back(slot);
  Json variants = Json::array();
  for (std::size_t v = 0; v < weights.size(); ++v) {
    variants.push_back({{"variant_id", "v" + std::to_string(v)}, {"control", v == 0}});
  }
  return {{"name", "experiments/" + name},
          {"state", "RUNNING"},
          {"unit_type", "unitTypes/customer"},
          {"layer", "layers/mail"},
          {"variants", variants},
          {"epochs", {{{"epoch", 1}, {"weights", weights}}}},
          {"salt", "salt of " + name},
          {"slots", slots}};
}

Json Snapshot(const std::vector<Json>& experiments, std::int64_t revision = 5) {
  return {{"revision", revision},
          {"snapshot", true},
          {"programme", {{"name", "programmes/default"}}},
          {"unit_types", {{{"name", "unitTypes/customer"}}, {{"name", "unitTypes/device"}}}},
          {"attributes",
           {{{"name", "attributes/country"}, {"value_type", "STRING"}},
            {{"name", "attributes/age"}, {"value_type", "NUMBER"}}}},
          {"layers", {{{"name", "layers/mail"}, {"salt", "salt of the layer"}}}},
          {"experiments", experiments}};
}

class LocalEvaluatorTest : public ::testing::Test {
 protected:
  // An evaluator that delivers soon, and knows what was told.
  LocalEvaluator& Start(LocalEvaluatorOptions options = {}, bool wait = true) {
    if (options.flush_interval == absl::Seconds(1)) options.flush_interval = absl::Milliseconds(5);
    const auto client =
        Client::Connect({.target = server_.target(), .deadline = absl::Seconds(10)});
    EXPECT_THAT(client, IsOk());
    auto started = LocalEvaluator::Start(*client, std::move(options));
    EXPECT_THAT(started, IsOk());
    evaluator_ = *std::move(started);
    if (wait) {
      EXPECT_THAT(evaluator_->WaitUntilReady(absl::Seconds(20)), IsOk());
    }
    return *evaluator_;
  }

  LocalAssignment Assign(const std::string& experiment, const std::string& unit,
                         const AttributeMap& attributes = {}) {
    const auto answer =
        evaluator_->AssignInExperiment("experiments/" + experiment, unit, attributes);
    EXPECT_THAT(answer, IsOk());
    return *answer;
  }

  // Waits until the evaluator has followed to where `experiment` gets `reason`.
  void AwaitReason(const std::string& experiment, Response::Reason reason) {
    for (int tries = 0; tries < 2'000; ++tries) {
      const auto answer = evaluator_->AssignInExperiment("experiments/" + experiment, "1", {});
      if (answer.ok() && answer->reason() == reason) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << experiment << " never got " << Response::Reason_Name(reason);
  }

  void Tell(const Json& response) { script().Tell(response.dump()); }
  testing::Script& script() { return server_.script(); }

  static v1::Outcome AnOutcome(const std::string& unit, const std::string& id = "") {
    v1::Outcome outcome;
    outcome.set_outcome_id(id);
    outcome.set_unit_id(unit);
    outcome.set_event("events/visit");
    outcome.mutable_occur_time()->set_seconds(1'772'323'200);
    return outcome;
  }

  FakeServer server_;
  std::unique_ptr<LocalEvaluator> evaluator_;
};

// -------------------------------------------------------------------------------------------------
// Answers

std::vector<std::string> Split(const std::string& line, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(line);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// The vectors come from tests/data/make_assignment_vectors.py, an implementation of its own. Each
// becomes a layer with its salt, and an experiment with its weights that holds its slot alone.
TEST_F(LocalEvaluatorTest, ReplaysTheGoldenVectors) {
  std::ifstream file(std::string(std::getenv("INSIGHTLOOP_SOURCE")) +
                     "/tests/data/assignment_vectors.csv");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  Json snapshot = Snapshot({});
  std::vector<std::vector<std::string>> rows;
  while (std::getline(file, line)) {
    rows.push_back(Split(line, ','));
    ASSERT_EQ(rows.back().size(), 5U) << line;
    const std::string& salt = rows.back()[0];
    const std::string id = "row" + std::to_string(rows.size());
    std::vector<int> weights;
    for (const std::string& weight : Split(rows.back()[3], ' ')) weights.push_back(stoi(weight));
    Json experiment = Running(id, weights);
    experiment["layer"] = "layers/" + id;
    experiment["salt"] = salt;
    experiment["slots"] = {stoi(rows.back()[2])};
    snapshot["layers"].push_back({{"name", "layers/" + id}, {"salt", salt}});
    snapshot["experiments"].push_back(experiment);
  }
  ASSERT_EQ(rows.size(), 52U);
  Tell(snapshot);
  Start();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string id = "row" + std::to_string(i + 1);
    const LocalAssignment answer = Assign(id, rows[i][1]);
    EXPECT_EQ(answer.reason(), Response::ASSIGNED) << rows[i][1];
    EXPECT_EQ(answer.variant(), "v" + rows[i][4]) << rows[i][1];
    const auto in_layer = evaluator_->AssignInLayer("layers/" + id, rows[i][1], {});
    ASSERT_THAT(in_layer, IsOk());
    EXPECT_EQ(in_layer->experiment(), "experiments/" + id);
    EXPECT_EQ(in_layer->variant(), answer.variant());
  }
}

TEST_F(LocalEvaluatorTest, FailsAsTheServerDoes) {
  Tell(Snapshot({Running("spring")}));
  const LocalEvaluator& evaluator = Start();
  EXPECT_THAT(evaluator.AssignInExperiment("experiments/none", "1", {}),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("none")));
  EXPECT_THAT(evaluator.AssignInExperiment("spring", "1", {}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_NAME", HasSubstr("spring")));
  EXPECT_THAT(evaluator.AssignInExperiment("experiments/spring", "", {}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_UNIT_ID", HasSubstr("1 to")));
  EXPECT_THAT(evaluator.AssignInExperiment("experiments/spring", "1", {{"hair", true}}),
              FailsWith(absl::StatusCode::kInvalidArgument, "UNDECLARED_ATTRIBUTE",
                        HasSubstr("attributes/hair")));
  EXPECT_THAT(evaluator.AssignInLayer("layers/mail", "1", {}, "unitTypes/shop"),
              FailsWith(absl::StatusCode::kInvalidArgument, "UNKNOWN_UNIT_TYPE",
                        HasSubstr("unitTypes/shop")));
}

TEST_F(LocalEvaluatorTest, SaysThatThereIsNoCatalogYet) {
  const LocalEvaluator& evaluator = Start({}, /*wait=*/false);
  EXPECT_THAT(evaluator.AssignInExperiment("experiments/spring", "1", {}),
              FailsWith(absl::StatusCode::kUnavailable, "NO_CATALOG", HasSubstr("WaitUntilReady")));
  EXPECT_THAT(
      evaluator.WaitUntilReady(absl::Milliseconds(20)),
      FailsWith(absl::StatusCode::kDeadlineExceeded, "NO_CATALOG", HasSubstr(server_.target())));
}

TEST_F(LocalEvaluatorTest, RefersToTheServerAUnitThatAChangeOfWeightsWouldMove) {
  Json changed = Running("spring", {1, 3});
  changed["epochs"] = {{{"epoch", 1}, {"weights", {1, 1}}}, {{"epoch", 2}, {"weights", {1, 3}}}};
  Tell(Snapshot({changed}));
  Start();
  const std::vector<std::int32_t> before = {1, 1}, after = {1, 3};
  int moved = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::string unit = std::to_string(i);
    const std::size_t now = VariantOf(Salt("salt of spring"), unit, after);
    const LocalAssignment answer = Assign("spring", unit);
    if (VariantOf(Salt("salt of spring"), unit, before) == now) {
      EXPECT_EQ(answer.reason(), Response::ASSIGNED);
      EXPECT_EQ(answer.variant(), "v" + std::to_string(now));
      EXPECT_EQ(answer.epoch(), 2);
    } else {
      EXPECT_EQ(answer.reason(), Response::NEEDS_SERVER);
      EXPECT_EQ(answer.variant(), "");
      EXPECT_THAT(evaluator_->RecordExposure(answer, unit, {}), IsOk());
      ++moved;
    }
  }
  EXPECT_NEAR(moved, 250, 70);  // binomial with p = 1/4: sd 13.7; five of them
  EXPECT_EQ(evaluator_->counts().buffered, 0);
}

TEST_F(LocalEvaluatorTest, GoesOnWithItsCatalogWhenTheServerIsGoneAndResumesFromItsRevision) {
  Tell(Snapshot({Running("spring")}));
  Start();
  const LocalAssignment first = Assign("spring", "1");
  server_.Stop();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(Assign("spring", std::to_string(i)).reason(), Response::ASSIGNED);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(evaluator_->CatalogStatus().code(), absl::StatusCode::kUnavailable);
  Json paused = Running("spring");
  paused["state"] = "PAUSED";
  Tell({{"revision", 6}, {"experiments", {paused, Running("summer")}}});
  server_.Start();
  AwaitReason("spring", Response::PAUSED);
  EXPECT_THAT(evaluator_->CatalogStatus(), IsOk());
  EXPECT_THAT(script().streams, ElementsAre(0, 5));
  // What an answer points to outlives its catalog.
  EXPECT_EQ(first.experiment(), "experiments/spring");
  EXPECT_THAT(std::string(first.variant()), ::testing::AnyOf("v0", "v1"));
}

TEST_F(LocalEvaluatorTest, FollowsChangesAndForgetsWhatIsRemoved) {
  Tell(Snapshot({Running("spring")}));
  Start();
  Json stopped = {{"name", "experiments/spring"}, {"state", "STOPPED"}};
  Tell({{"revision", 6}, {"experiments", {stopped}}});
  AwaitReason("spring", Response::NOT_RUNNING);
  Tell({{"revision", 7}, {"experiments", {Running("summer")}}});
  AwaitReason("summer", Response::ASSIGNED);
  Tell({{"revision", 8},
        {"removed", {"experiments/spring", "experiments/summer"}},
        {"experiments", {Running("autumn")}}});
  AwaitReason("autumn", Response::ASSIGNED);
  EXPECT_EQ(evaluator_->AssignInExperiment("experiments/spring", "1", {}).status().code(),
            absl::StatusCode::kNotFound);
  Tell(Snapshot({Running("winter")}, 9));
  AwaitReason("winter", Response::ASSIGNED);
  EXPECT_EQ(evaluator_->AssignInExperiment("experiments/autumn", "1", {}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(LocalEvaluatorTest, TakesWhatIsSplitOverResponsesTogether) {
  Json first = Snapshot({Running("spring")});
  first.erase("revision");
  Tell(first);
  const LocalEvaluator& evaluator = Start({}, /*wait=*/false);
  EXPECT_EQ(evaluator.WaitUntilReady(absl::Milliseconds(100)).code(),
            absl::StatusCode::kDeadlineExceeded);
  Tell({{"revision", 5}, {"experiments", {Running("summer")}}});
  EXPECT_THAT(evaluator.WaitUntilReady(absl::Seconds(20)), IsOk());
  EXPECT_THAT(evaluator.AssignInExperiment("experiments/spring", "1", {}), IsOk());
  EXPECT_EQ(Assign("summer", "1").reason(), Response::ASSIGNED);
}

TEST_F(LocalEvaluatorTest, RefersToTheServerWhatItCannotRead) {
  // A pattern that RE2 refuses stands for one that only a newer version knows.
  Json strange = Running("strange");
  strange["slots"] = Json::array();
  strange["eligibility"] = {{{"attribute", "attributes/country"}, {"matches", "("}}};
  Tell(Snapshot({Running("spring"), strange}));
  Start();
  EXPECT_EQ(Assign("strange", "1").reason(), Response::NEEDS_SERVER);
  EXPECT_EQ(evaluator_->AssignInLayer("layers/mail", "1", {})->reason(), Response::NEEDS_SERVER);
  EXPECT_EQ(Assign("spring", "1").reason(), Response::ASSIGNED);
  EXPECT_THAT(evaluator_->CatalogStatus(),
              FailsWith(absl::StatusCode::kFailedPrecondition, "UNREADABLE_DEFINITION",
                        HasSubstr("experiments/strange")));
  strange["eligibility"] = Json::array();
  Tell({{"revision", 6}, {"experiments", {strange}}});
  AwaitReason("strange", Response::OUT_OF_TRAFFIC);
  EXPECT_THAT(evaluator_->CatalogStatus(), IsOk());
}

TEST_F(LocalEvaluatorTest, RefersToTheServerWhileAHoldoutCannotBeRead) {
  for (const char* const owner : {"programme", "layers"}) {
    Json snapshot = Snapshot({Running("spring")});
    Json& holder = owner == std::string("programme") ? snapshot[owner] : snapshot[owner][0];
    holder["holdout"] = {
        {"slot_count", 1}, {"epoch", 1}, {"slots", {1'000}}};  // there are 0 to 999
    Tell(snapshot);
    Start();
    AwaitReason("spring", Response::NEEDS_SERVER);
    EXPECT_EQ(ReasonOf(evaluator_->CatalogStatus()), "UNREADABLE_DEFINITION");
    Tell(Snapshot({Running("spring")}, 6));
    AwaitReason("spring", Response::ASSIGNED);
    EXPECT_THAT(evaluator_->CatalogStatus(), IsOk());
    evaluator_ = nullptr;
  }
}

// As the server of the same version hashes them: published vector, version 2, seed "seed", unit
// "b": 0.2696.
TEST_F(LocalEvaluatorTest, KeepsTheUnitsOfAnExperimentFromGrowthBook) {
  Json experiment = Running("spring");
  experiment["hash_algorithm"] = "GROWTHBOOK_V2";
  experiment["growthbook"] = {{"seed", "seed"}};
  Json half = Running("half");
  half["layer"] = "layers/half";
  half["hash_algorithm"] = "GROWTHBOOK_V2";
  half["growthbook"] = {{"seed", "seed"}, {"coverage", 0.5}};
  Json snapshot = Snapshot({experiment, half});
  snapshot["layers"].push_back({{"name", "layers/half"}, {"salt", "another"}});
  Tell(snapshot);
  Start();
  EXPECT_EQ(Assign("spring", "b").variant(), experiment["variants"][0]["variant_id"]);
  EXPECT_EQ(Assign("half", "b").reason(), Response::OUT_OF_TRAFFIC);
}

TEST_F(LocalEvaluatorTest, AnswersWithoutAllocating) {
  Json experiment = Running("spring");
  experiment["eligibility"] = {{{"attribute", "attributes/country"}, {"equals", "VN"}}};
  Tell(Snapshot({experiment}));
  const LocalEvaluator& evaluator = Start();
  const AttributeMap attributes = {{"country", "VN"}, {"age", 40.0}};
  Assign("spring", "1", attributes);  // a thread's first call takes the catalog
  const std::int64_t before = testing::Allocations();
  int assigned = 0;
  for (int i = 0; i < 1'000; ++i) {
    assigned += evaluator.AssignInExperiment("experiments/spring", "1", attributes)->reason() ==
                Response::ASSIGNED;
    assigned +=
        evaluator.AssignInLayer("layers/mail", "1", attributes)->reason() == Response::ASSIGNED;
  }
  EXPECT_EQ(testing::Allocations(), before);
  EXPECT_EQ(assigned, 2'000);
}

// -------------------------------------------------------------------------------------------------
// Facts

TEST_F(LocalEvaluatorTest, DeliversWhatAnAssignmentExposes) {
  Json experiment = Running("spring");
  experiment["kept_attributes"] = {"country"};
  experiment["overrides"] = {{{"unit_id", "tester"}, {"variant", "v1"}}};
  Tell(Snapshot({experiment}));
  LocalEvaluator& evaluator = Start();
  const AttributeMap attributes = {{"country", "VN"}, {"age", 40.0}};
  const LocalAssignment answer = Assign("spring", "1", attributes);
  ASSERT_THAT(
      evaluator.RecordExposure(answer, "1", attributes, absl::FromUnixMillis(1'772'323'200'250)),
      IsOk());
  ASSERT_THAT(evaluator.RecordExposure(Assign("spring", "tester"), "tester", {}), IsOk());
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  const auto rows = script().exposures;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].experiment(), "experiments/spring");
  EXPECT_EQ(rows[0].unit_id(), "1");
  EXPECT_EQ(rows[0].variant(), answer.variant());
  EXPECT_EQ(rows[0].epoch(), 1);
  EXPECT_FALSE(rows[0].overridden());
  EXPECT_EQ(rows[0].occur_time().seconds(), 1'772'323'200);
  EXPECT_EQ(rows[0].occur_time().nanos(), 250'000'000);
  ASSERT_EQ(rows[0].attributes_size(), 1);
  EXPECT_EQ(rows[0].attributes().at("country").string_value(), "VN");
  EXPECT_EQ(rows[1].variant(), "v1");
  EXPECT_TRUE(rows[1].overridden());
  EXPECT_EQ(evaluator.counts().delivered, 2);
}

TEST_F(LocalEvaluatorTest, DeliversWhereAUnitStandsTowardsAHoldout) {
  Json snapshot = Snapshot({});
  // The slot of unit 1 is held out, that of unit 2 is not.
  const std::int32_t slot = SlotOf(Salt("salt of the layer"), "1");
  ASSERT_NE(SlotOf(Salt("salt of the layer"), "2"), slot);
  snapshot["layers"][0]["holdout"] = {{"slot_count", 1}, {"epoch", 3}, {"slots", {slot}}};
  Tell(snapshot);
  LocalEvaluator& evaluator = Start();
  const auto held_out = evaluator.AssignInLayer("layers/mail", "1", {});
  ASSERT_THAT(held_out, IsOk());
  EXPECT_EQ(held_out->reason(), Response::HOLDOUT);
  EXPECT_EQ(held_out->holdout(), "layers/mail/holdout");
  const auto rest = evaluator.AssignInLayer("layers/mail", "2", {}, "unitTypes/device");
  ASSERT_THAT(rest, IsOk());
  EXPECT_EQ(rest->reason(), Response::OUT_OF_TRAFFIC);
  EXPECT_EQ(rest->holdout(), "");
  ASSERT_THAT(evaluator.RecordExposure(*held_out, "1", {}), IsOk());
  ASSERT_THAT(evaluator.RecordExposure(*rest, "2", {}), IsOk());
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  const auto rows = script().exposures;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].experiment(), "layers/mail/holdout");
  EXPECT_EQ(rows[0].variant(), "HOLDOUT");
  EXPECT_EQ(rows[0].epoch(), 3);
  EXPECT_EQ(rows[0].unit_type(), "unitTypes/customer");
  EXPECT_EQ(rows[1].variant(), "REST");
  EXPECT_EQ(rows[1].unit_type(), "unitTypes/device");
}

TEST_F(LocalEvaluatorTest, DeliversExactlyOnceWhatWasBufferedWhileTheServerWasGone) {
  Tell(Snapshot({Running("spring")}));
  LocalEvaluator& evaluator = Start({.rows_per_call = 70});
  server_.Stop();
  for (int i = 0; i < 500; ++i) {
    const std::string unit = std::to_string(i);
    ASSERT_THAT(evaluator.RecordExposure(Assign("spring", unit), unit, {}), IsOk());
    ASSERT_THAT(evaluator.RecordOutcome(AnOutcome(unit)), IsOk());
  }
  // Longer than the first attempt takes to fail.
  EXPECT_THAT(evaluator.Flush(absl::Seconds(3)),
              FailsWith(absl::StatusCode::kDeadlineExceeded, "NOT_DELIVERED",
                        AllOf(HasSubstr("1000 rows"), HasSubstr(server_.target()))));
  EXPECT_EQ(evaluator.counts().buffered, 1'000);
  // Every third answer gets lost on its way.
  script().after = [](const std::string&, int call) {
    return call % 3 == 0 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost") : grpc::Status::OK;
  };
  server_.Start();
  ASSERT_THAT(evaluator.Flush(absl::Seconds(60)), IsOk());
  EXPECT_EQ(script().exposures.size(), 500U);
  EXPECT_EQ(script().outcomes.size(), 500U);
  const DeliveryCounts counts = evaluator.counts();
  EXPECT_EQ(counts.buffered, 0);
  EXPECT_EQ(counts.delivered + counts.duplicates, 1'000);
  EXPECT_GT(counts.duplicates, 0);
  EXPECT_EQ(counts.rejected, 0);
}

TEST_F(LocalEvaluatorTest, SendsExposuresBeforeOutcomes) {
  Tell(Snapshot({Running("spring")}));
  LocalEvaluator& evaluator = Start({.flush_interval = absl::Seconds(60)});
  ASSERT_THAT(evaluator.RecordOutcome(AnOutcome("1")), IsOk());
  ASSERT_THAT(evaluator.RecordExposure(Assign("spring", "1"), "1", {}), IsOk());
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  EXPECT_THAT(script().order, ElementsAre("StreamCatalog", "RecordExposures", "RecordOutcomes"));
}

TEST_F(LocalEvaluatorTest, RefusesRowsThatDoNotFitAndDropsNone) {
  Tell(Snapshot({}));
  LocalEvaluator& evaluator =
      Start({.max_buffered_rows = 3, .flush_interval = absl::Seconds(60)}, false);
  for (const char* const unit : {"1", "2", "3"}) {
    ASSERT_THAT(evaluator.RecordOutcome(AnOutcome(unit)), IsOk());
  }
  EXPECT_THAT(evaluator.RecordOutcome(AnOutcome("4")),
              FailsWith(absl::StatusCode::kResourceExhausted, "BUFFER_FULL", HasSubstr("3 rows")));
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  EXPECT_THAT(evaluator.RecordOutcome(AnOutcome("4")), IsOk());
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  EXPECT_EQ(script().outcomes.size(), 4U);
}

TEST_F(LocalEvaluatorTest, BoundsTheBytesOfItsBuffer) {
  LocalEvaluator& evaluator =
      Start({.max_buffered_bytes = 5'000, .flush_interval = absl::Seconds(60)}, false);
  v1::Outcome outcome = AnOutcome("1");
  outcome.set_comment(std::string(4'000, 'x'));
  EXPECT_THAT(evaluator.RecordOutcome(outcome), IsOk());
  EXPECT_EQ(ReasonOf(evaluator.RecordOutcome(outcome)), "BUFFER_FULL");
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  EXPECT_THAT(evaluator.RecordOutcome(outcome), IsOk());
}

TEST_F(LocalEvaluatorTest, RefusesRowsThatCannotTravel) {
  LocalEvaluator& evaluator = Start({}, false);
  v1::Outcome outcome = AnOutcome("1");
  outcome.set_item("\xff");
  EXPECT_THAT(evaluator.RecordOutcome(outcome),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_TEXT", HasSubstr("item")));
  outcome.set_item(std::string(70'000, 'x'));
  EXPECT_EQ(ReasonOf(evaluator.RecordOutcome(outcome)), "ROW_TOO_LARGE");
  EXPECT_EQ(evaluator.counts().buffered, 0);
}

TEST_F(LocalEvaluatorTest, TellsOfRejectedRowsAndDoesNotSendThemAgain) {
  std::vector<std::string> rejected;
  LocalEvaluator& evaluator =
      Start({.on_rejected =
                 [&](const RejectedRow& row) {
                   rejected.push_back(std::get<v1::Outcome>(row.row).outcome_id() + " " +
                                      row.fate.reason());
                 }},
            false);
  ASSERT_THAT(evaluator.RecordOutcome(AnOutcome("1", "good")), IsOk());
  ASSERT_THAT(evaluator.RecordOutcome(AnOutcome("unknown", "bad")), IsOk());
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  EXPECT_THAT(rejected, ElementsAre("bad BAD_UNIT"));
  EXPECT_EQ(evaluator.counts().rejected, 1);
  EXPECT_EQ(evaluator.counts().delivered, 1);
}

TEST_F(LocalEvaluatorTest, RejectsTheRowsOfACallThatIsRefusedForEver) {
  script().before = [](const std::string& method, int) {
    return method == "RecordOutcomes" ? Failure(grpc::StatusCode::INVALID_ARGUMENT, "BAD_CALL")
                                      : grpc::Status::OK;
  };
  std::vector<std::string> reasons;
  LocalEvaluator& evaluator =
      Start({.on_rejected = [&](const RejectedRow& row) { reasons.push_back(row.fate.reason()); }},
            false);
  ASSERT_THAT(evaluator.RecordOutcome(AnOutcome("1")), IsOk());
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  EXPECT_THAT(reasons, ElementsAre("BAD_CALL"));
  EXPECT_EQ(script().CallsOf("RecordOutcomes"), 1);
}

TEST_F(LocalEvaluatorTest, WaitsAsLongAsABusyServerAsks) {
  script().before = [](const std::string& method, int call) {
    return method == "RecordOutcomes" && call == 1
               ? Failure(grpc::StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL",
                         std::chrono::milliseconds(400))
               : grpc::Status::OK;
  };
  LocalEvaluator& evaluator = Start({}, false);
  ASSERT_THAT(evaluator.RecordOutcome(AnOutcome("1")), IsOk());
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  EXPECT_EQ(script().CallsOf("RecordOutcomes"), 2);
  EXPECT_EQ(script().outcomes.size(), 1U);
  std::vector<std::chrono::steady_clock::time_point> times;
  for (std::size_t i = 0; i < script().order.size(); ++i) {
    if (script().order[i] == "RecordOutcomes") times.push_back(script().times[i]);
  }
  // Without the server's word the pause would be a tenth of a second.
  EXPECT_GE(times[1] - times[0], std::chrono::milliseconds(395));
}

TEST_F(LocalEvaluatorTest, FillsInAnOutcomesIdAndTime) {
  LocalEvaluator& evaluator = Start({}, false);
  ASSERT_THAT(evaluator.RecordOutcome(AnOutcome("1")), IsOk());
  v1::Outcome outcome = AnOutcome("1");
  outcome.clear_occur_time();
  const std::int64_t before = absl::ToUnixSeconds(absl::Now());
  ASSERT_THAT(evaluator.RecordOutcome(outcome), IsOk());
  ASSERT_THAT(evaluator.Flush(absl::Seconds(20)), IsOk());
  const auto rows = script().outcomes;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].outcome_id().size(), 36U);
  EXPECT_NE(rows[0].outcome_id(), rows[1].outcome_id());
  EXPECT_EQ(rows[0].occur_time().seconds(), 1'772'323'200);
  EXPECT_GE(rows[1].occur_time().seconds(), before);
  EXPECT_LE(rows[1].occur_time().seconds(), absl::ToUnixSeconds(absl::Now()));
}

TEST_F(LocalEvaluatorTest, EndsDeliveringWhatIsBuffered) {
  LocalEvaluator& evaluator = Start({.flush_interval = absl::Seconds(60)}, false);
  ASSERT_THAT(evaluator.RecordOutcome(AnOutcome("1")), IsOk());
  evaluator_ = nullptr;
  EXPECT_EQ(script().outcomes.size(), 1U);
}

TEST_F(LocalEvaluatorTest, EndsPromptlyAlsoWhenNobodyAnswers) {
  const auto done = std::make_shared<std::atomic<bool>>(false);
  script().before = [done](const std::string& method, int) {
    while (method == "RecordOutcomes" && !*done) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return grpc::Status::OK;
  };
  Tell(Snapshot({}));
  LocalEvaluator& evaluator = Start({.patience_of_destructor = absl::Milliseconds(100)});
  ASSERT_THAT(evaluator.RecordOutcome(AnOutcome("1")), IsOk());
  ASSERT_TRUE(script().WaitFor([this] { return script().calls["RecordOutcomes"] > 0; }));
  const auto begin = std::chrono::steady_clock::now();
  evaluator_ = nullptr;
  // Of the call's deadline, 10 s, nothing is waited for.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  *done = true;
}

TEST_F(LocalEvaluatorTest, ServesManyThreadsWhileTheCatalogChanges) {
  Tell(Snapshot({Running("spring")}));
  LocalEvaluator& evaluator = Start();
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&evaluator, t] {
      for (int i = 0; i < 500; ++i) {
        const std::string unit = std::to_string(t * 500 + i);
        const auto answer = evaluator.AssignInExperiment("experiments/spring", unit, {});
        ASSERT_THAT(answer, IsOk());
        ASSERT_THAT(evaluator.RecordExposure(*answer, unit, {}), IsOk());
      }
    });
  }
  for (int revision = 6; revision < 26; ++revision) {
    Tell({{"revision", revision}, {"experiments", {Running("other")}}});
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_THAT(evaluator.Flush(absl::Seconds(30)), IsOk());
  EXPECT_EQ(script().exposures.size(), 2'000U);
}

TEST_F(LocalEvaluatorTest, RefusesOptionsThatCannotWork) {
  const auto client = Client::Connect({.target = server_.target()});
  EXPECT_EQ(ReasonOf(LocalEvaluator::Start(*client, {.max_buffered_rows = 0}).status()),
            "INVALID_OPTION");
  EXPECT_THAT(LocalEvaluator::Start(*client, {.rows_per_call = 10'001}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_OPTION",
                        HasSubstr("rows_per_call: is 10001")));
}

}  // namespace
}  // namespace insightloop
