// SPDX-License-Identifier: Apache-2.0
//
// The engine over a database file, as the server puts it together, with a log in between that a
// test may plant a defect in.

#ifndef INSIGHTLOOP_TESTS_FAULTS_ENGINE_H_
#define INSIGHTLOOP_TESTS_FAULTS_ENGINE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/seeded_random.h"
#include "engine/domain/limits.h"
#include "engine/measurement/embedded_measurement.h"
#include "engine/ports/measurement.h"
#include "engine/ports/resource_store.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/fact_audit.h"
#include "storage/sqlite/fact_log.h"
#include "storage/sqlite/resource_store.h"
#include "tests/faults/client.h"
#include "tests/faults/history.h"

namespace insightloop::testing {

class Engine {
 public:
  using OnFailure = std::function<void(const absl::Status&)>;

  // Returns when what was recorded before is known. `Log` is made over the database; `on_failure`
  // is the database's.
  template <class Log = storage::SqliteFactLog>
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const std::string& path,
                                                      OnFailure on_failure = {}) {
    api::SeededRandom random(20261126);
    auto database = storage::SqliteDatabase::Open({.path = path,
                                                   .simulated_clock = true,
                                                   .now = kStartOfHistory,
                                                   .on_failure = std::move(on_failure)},
                                                  random);
    if (!database.ok()) return database.status();
    std::unique_ptr<Engine> engine(new Engine(*std::move(database)));
    if (auto status = engine->DefineExperiment(); !status.ok()) return status;
    engine->log_ = std::make_unique<Log>(*engine->database_);
    auto measurement = OpenEmbeddedMeasurement(*engine->log_, Limits(), {PlanOfHistory()});
    if (!measurement.ok()) return measurement.status();
    engine->measurement_ = *std::move(measurement);
    if (auto status = engine->measurement_->WaitUntilReady(); !status.ok()) return status;
    return engine;
  }

  Measurement& measurement() { return *measurement_; }
  Client::Send Send() {
    return [this](const FactRows& rows) { return measurement_->Record(rows); };
  }
  Findings Check(const History& history) { return history.Check(*log_, audit_, *measurement_); }

 private:
  explicit Engine(std::unique_ptr<storage::SqliteDatabase> database)
      : database_(std::move(database)), audit_(*database_) {}

  // The audit wants to find what exposures name.
  absl::Status DefineExperiment() {
    storage::SqliteResourceStore store(*database_);
    const std::string name = PlanOfHistory().experiment;
    const auto found = store.Get(name);
    if (!found.ok() || found->has_value()) return found.status();
    return store.Write({}, [&](ResourceStore::Transaction& transaction) {
      return transaction.Put(name, "{}").status();
    });
  }

  // Destroyed from the last to the first.
  const std::unique_ptr<storage::SqliteDatabase> database_;
  storage::SqliteFactAudit audit_;
  std::unique_ptr<FactLog> log_;
  std::unique_ptr<Measurement> measurement_;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_FAULTS_ENGINE_H_
