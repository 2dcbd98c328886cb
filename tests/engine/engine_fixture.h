// SPDX-License-Identifier: Apache-2.0
//
// An engine on a private temporary database, with a clock and randomness under control, and
// builders of valid resources.

#ifndef INSIGHTLOOP_TESTS_ENGINE_ENGINE_FIXTURE_H_
#define INSIGHTLOOP_TESTS_ENGINE_ENGINE_FIXTURE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "api/seeded_random.h"
#include "engine/domain/experiment.h"
#include "engine/domain/hypothesis.h"
#include "engine/domain/insight.h"
#include "engine/domain/metric.h"
#include "engine/following.h"
#include "engine/lifecycle.h"
#include "engine/measurement/embedded_measurement.h"
#include "engine/measurement/recorder.h"
#include "engine/resources.h"
#include "engine/verdicts.h"
#include "gtest/gtest.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/fact_log.h"
#include "storage/sqlite/resource_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_fact_log.h"

namespace insightloop::testing {

inline constexpr Time kStart{1'772'438'400'000'000};  // 2026-03-02T08:00:00Z

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    auto database = storage::SqliteDatabase::Open({.path = ":memory:", .now = kStart}, random_);
    EXPECT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    store_ = std::make_unique<storage::SqliteResourceStore>(*database_);
    stored_log_ = std::make_unique<storage::SqliteFactLog>(*database_);
    log_ = std::make_unique<FaultyFactLog>(*stored_log_);
    auto measurement = OpenEmbeddedMeasurement(*log_, limits_);
    EXPECT_TRUE(measurement.ok()) << measurement.status();
    measurement_ = *std::move(measurement);
    resources_ = std::make_unique<Resources>(*store_, catalog_, clock_, random_, limits_);
    const absl::Status status = resources_->Initialize();
    EXPECT_TRUE(status.ok()) << status;
    following_ = std::make_unique<Following>(*store_, *measurement_, limits_);
    lifecycle_ = std::make_unique<Lifecycle>(*resources_, *following_);
    recorder_ = std::make_unique<Recorder>(catalog_, *measurement_, clock_, limits_);
    verdicts_ = std::make_unique<Verdicts>(*resources_, *measurement_, *following_);
  }

  static Caller By(std::string method, std::string request_id = "", std::string digest = "") {
    return {.principal = "tester",
            .role = "ROLE_ADMIN",
            .method = std::move(method),
            .request_id = std::move(request_id),
            .request_digest = std::move(digest)};
  }

  template <class T>
  T Make(std::string_view id, T resource) {
    auto created = resources_->Create<T>(By("Create"), id, std::move(resource));
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : T{};
  }

  static Insight AnInsight() { return {.statement = "Reminders bring customers back."}; }
  static Event AnEvent() { return {.value_kind = ValueKind::kNone}; }
  static Metric AMetric() {
    return {.kind = MetricKind::kProportion,
            .event = "events/purchase",
            .window = Window{.length = Days(7)}};
  }
  static Hypothesis AHypothesis() {
    return {.insights = {"insights/reminder"},
            .because = "customers forget",
            .if_action = "we remind them",
            .then_outcome = "more of them buy again",
            .primary_metric = "metrics/bought"};
  }
  static Experiment AnExperiment() {
    return {.hypothesis = "hypotheses/reminder",
            .layer = "layers/mail",
            .slot_count = 1'000,
            .variants = {{.variant_id = "control", .control = true, .weight = 1},
                         {.variant_id = "reminder", .weight = 1}}};
  }
  static Experiment AnExternalExperiment() {
    Experiment experiment = AnExperiment();
    experiment.external = true;
    experiment.layer.clear();
    experiment.slot_count = 0;
    return experiment;
  }

  // Everything that AnExperiment refers to.
  void MakeDefinitions() {
    Make("reminder", AnInsight());
    Make("purchase", AnEvent());
    Make("bought", AMetric());
    Make("reminder", AHypothesis());
    Make("mail", Layer{});
  }

  // experiments/{id}, running since the clock's time.
  Experiment Running(std::string_view id, Experiment experiment) {
    const Experiment made = Make(id, std::move(experiment));
    const auto started = lifecycle_->Start(By("Start"), made.meta.name, "", std::nullopt);
    EXPECT_TRUE(started.ok()) << started.status();
    return started.ok() ? *started : made;
  }

  const Limits limits_;
  FakeClock clock_{kStart};
  api::SeededRandom random_{20261122};
  CatalogHolder catalog_;
  // Destroyed from the last to the first.
  std::unique_ptr<storage::SqliteDatabase> database_;
  std::unique_ptr<ResourceStore> store_;
  std::unique_ptr<FactLog> stored_log_;
  std::unique_ptr<FaultyFactLog> log_;
  std::unique_ptr<Measurement> measurement_;
  std::unique_ptr<Resources> resources_;
  std::unique_ptr<Following> following_;
  std::unique_ptr<Lifecycle> lifecycle_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Verdicts> verdicts_;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_ENGINE_ENGINE_FIXTURE_H_
