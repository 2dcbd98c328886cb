// SPDX-License-Identifier: Apache-2.0
//
// An embedded `Measurement` on a private temporary file, and builders of facts and plans.

#ifndef INSIGHTLOOP_TESTS_ENGINE_MEASUREMENT_MEASUREMENT_FIXTURE_H_
#define INSIGHTLOOP_TESTS_ENGINE_MEASUREMENT_MEASUREMENT_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "api/seeded_random.h"
#include "engine/domain/facts.h"
#include "engine/domain/limits.h"
#include "engine/measurement/embedded_measurement.h"
#include "engine/ports/measurement.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/fact_audit.h"
#include "storage/sqlite/fact_log.h"
#include "storage/sqlite/resource_store.h"
#include "tests/support/faulty_fact_log.h"
#include "tests/support/kept.h"
#include "tests/support/status_matchers.h"

namespace insightloop::testing {

inline constexpr Time kDayOne{1'772'438'400'000'000};  // 2026-03-02T08:00:00Z
inline constexpr Duration kMicrosecond{1};

// A measurement with its own database file. Not thread-safe but for `measurement()` and `log()`.
class MeasurementOnFile {
 public:
  explicit MeasurementOnFile(const Limits& limits = {})
      : limits_(limits), folder_(::testing::TempDir() + "insightloop-measurement-XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) ADD_FAILURE() << "no folder for temporary files";
    Open();
  }
  MeasurementOnFile(const MeasurementOnFile&) = delete;
  MeasurementOnFile& operator=(const MeasurementOnFile&) = delete;
  ~MeasurementOnFile() {
    Close();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Measurement& measurement() { return *measurement_; }
  FaultyFactLog& log() { return *log_; }
  FactAudit& audit() { return *audit_; }
  ResourceStore& store() { return *store_; }

  // Forgets all that is in memory.
  void Reopen() {
    Close();
    Open();
  }

  void Close() {
    measurement_.reset();
    log_.reset();
    file_log_.reset();
    audit_.reset();
    store_.reset();
    database_.reset();
  }

 private:
  void Open() {
    api::SeededRandom random(20261122);
    auto database =
        storage::SqliteDatabase::Open({.path = folder_ + "/db", .now = kDayOne}, random);
    ASSERT_THAT(database, IsOk());
    database_ = *std::move(database);
    file_log_ = std::make_unique<storage::SqliteFactLog>(*database_);
    log_ = std::make_unique<FaultyFactLog>(*file_log_);
    audit_ = std::make_unique<storage::SqliteFactAudit>(*database_);
    store_ = std::make_unique<storage::SqliteResourceStore>(*database_);
    auto measurement = OpenEmbeddedMeasurement(*log_, limits_);
    ASSERT_THAT(measurement, IsOk());
    measurement_ = *std::move(measurement);
    ASSERT_THAT(measurement_->WaitUntilReady(), IsOk());
  }

  const Limits limits_;
  std::string folder_;
  std::unique_ptr<storage::SqliteDatabase> database_;
  std::unique_ptr<storage::SqliteFactLog> file_log_;
  std::unique_ptr<FaultyFactLog> log_;
  std::unique_ptr<FactAudit> audit_;
  std::unique_ptr<ResourceStore> store_;
  std::unique_ptr<Measurement> measurement_;
};

// An outcome of `unit`: a purchase on day one unless said otherwise.
class OutcomeOf {
 public:
  explicit OutcomeOf(std::string unit) {
    outcome_.outcome_id = "o-1";
    outcome_.unit = {.unit_type = "unitTypes/customer", .unit_id = Kept(std::move(unit))};
    outcome_.event = "events/purchase";
    outcome_.occur_time = outcome_.receive_time = kDayOne;
  }
  OutcomeOf& Id(std::string id) { return (outcome_.outcome_id = Kept(std::move(id)), *this); }
  OutcomeOf& Event(std::string event) { return (outcome_.event = Kept(std::move(event)), *this); }
  OutcomeOf& UnitType(std::string type) {
    return (outcome_.unit.unit_type = Kept(std::move(type)), *this);
  }
  OutcomeOf& At(Time time) { return (outcome_.occur_time = time, *this); }
  OutcomeOf& Value(std::int64_t steps) {
    outcome_.kind = OutcomeKind::kValue;
    outcome_.value = steps;
    return *this;
  }
  OutcomeOf& Asked() { return (outcome_.kind = OutcomeKind::kAsked, *this); }
  OutcomeOf& Dismissed() { return (outcome_.kind = OutcomeKind::kDismissed, *this); }
  OutcomeOf& Source(std::string source) {
    outcome_.context.source = Kept(std::move(source));
    return *this;
  }
  OutcomeOf& Response(std::string id) {
    outcome_.context.response_id = Kept(std::move(id));
    return *this;
  }
  OutcomeOf& Late() { return (outcome_.late = true, *this); }
  operator Outcome() const { return outcome_; }  // NOLINT(google-explicit-constructor)

 private:
  Outcome outcome_;
};

// An exposure of `unit` in experiments/spring, epoch 1, on day one unless said otherwise.
class ExposureOf {
 public:
  ExposureOf(std::string unit, std::string variant) {
    exposure_.unit = {.unit_type = "unitTypes/customer", .unit_id = std::move(unit)};
    exposure_.experiment = "experiments/spring";
    exposure_.epoch = 1;
    exposure_.variant = std::move(variant);
    exposure_.occur_time = exposure_.receive_time = kDayOne;
    exposure_.source = ExposureSource::kAssigned;
  }
  ExposureOf& At(Time time) { return (exposure_.occur_time = time, *this); }
  ExposureOf& Epoch(std::int32_t epoch) { return (exposure_.epoch = epoch, *this); }
  ExposureOf& In(std::string experiment) {
    return (exposure_.experiment = std::move(experiment), *this);
  }
  ExposureOf& Source(ExposureSource source) { return (exposure_.source = source, *this); }
  ExposureOf& With(std::string attribute, AttributeValue value) {
    exposure_.attributes[std::move(attribute)] = std::move(value);
    return *this;
  }
  operator Exposure() const { return exposure_; }  // NOLINT(google-explicit-constructor)

 private:
  Exposure exposure_;
};

// Of purchases, without a window.
inline MeasuredMetric AMetricOf(MetricKind kind) {
  return {.event = "events/purchase", .kind = kind};
}

class MeasurementTest : public ::testing::Test {
 protected:
  Measurement& measurement() { return file_.measurement(); }

  // The fates' names, exposures first; a rejected row's is its reason.
  std::vector<std::string> Record(std::vector<Exposure> exposures, std::vector<Outcome> outcomes) {
    const auto fates =
        measurement().Record({.exposures = std::move(exposures), .outcomes = std::move(outcomes)});
    EXPECT_THAT(fates, IsOk());
    std::vector<std::string> names;
    if (!fates.ok()) return names;
    for (const auto* list : {&fates->exposures, &fates->outcomes}) {
      for (const RowFate& fate : *list) names.push_back(NameOf(fate));
    }
    return names;
  }
  std::vector<std::string> Record(std::vector<Exposure> exposures) {
    return Record(std::move(exposures), {});
  }
  std::vector<std::string> Record(std::vector<Outcome> outcomes) {
    return Record({}, std::move(outcomes));
  }

  // The figures must not depend on whether they are kept up to date, made from the log, or computed
  // again by SQL.
  Measured Measure(const MeasurePlan& plan, Time as_of) {
    measurement().Unfollow(plan.experiment);
    const auto from_log = measurement().Measure(plan, as_of);
    measurement().Follow(plan);
    auto measured = measurement().Measure(plan, as_of);
    EXPECT_THAT(from_log, IsOk());
    EXPECT_THAT(measured, IsOk());
    if (!measured.ok() || !from_log.ok()) return {};
    EXPECT_TRUE(*measured == *from_log) << "followed and not followed differ";
    const auto recomputed =
        file_.audit().Recompute(plan, as_of, measured->exposure_rows, measured->outcome_rows);
    EXPECT_THAT(recomputed, IsOk());
    EXPECT_TRUE(recomputed.ok() && *measured == *recomputed) << "SQL says something else";
    return *std::move(measured);
  }

  // Of two variants, `control` and `reminder`; stopped on day 100, with no allowance for lateness.
  static MeasurePlan APlan(std::vector<MeasuredMetric> metrics) {
    return {.experiment = "experiments/spring",
            .variants = {"control", "reminder"},
            .metrics = std::move(metrics),
            .stop_time = kDayOne + Days(100),
            .max_segment_values = 100};
  }
  static constexpr Time kEnd = kDayOne + Days(200);  // everything has matured by then

  static std::string NameOf(const RowFate& fate) {
    switch (fate.fate) {
      case Fate::kAccepted:
        return "ACCEPTED";
      case Fate::kDuplicate:
        return "DUPLICATE";
      case Fate::kLate:
        return "LATE";
      case Fate::kRejected:
        return fate.fault->reason;
    }
    return "?";
  }

  // Sums of these numbers.
  static stats::ExactSums SumsOf(const std::vector<std::int64_t>& numbers) {
    stats::ExactSums sums;
    for (const std::int64_t number : numbers) sums.Add(number);
    return sums;
  }

  // The stratum, if there is exactly one such; with units == 0 otherwise.
  static Stratum StratumOf(const Measured& measured, std::size_t variant,
                           const std::string& segment = "", bool crossed = false,
                           std::int32_t epoch = 1) {
    Stratum found;
    for (const Stratum& stratum : measured.strata) {
      if (stratum.variant == variant && stratum.segment == segment && stratum.crossed == crossed &&
          stratum.epoch == epoch) {
        EXPECT_EQ(found.units, 0) << "two strata of one cell";
        found = stratum;
      }
    }
    return found;
  }

  MeasurementOnFile file_;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_ENGINE_MEASUREMENT_MEASUREMENT_FIXTURE_H_
