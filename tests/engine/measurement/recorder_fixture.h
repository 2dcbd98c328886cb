// SPDX-License-Identifier: Apache-2.0
//
// A recorder over an embedded measurement: definitions, submitted rows, and what becomes of them.

#ifndef INSIGHTLOOP_TESTS_ENGINE_MEASUREMENT_RECORDER_FIXTURE_H_
#define INSIGHTLOOP_TESTS_ENGINE_MEASUREMENT_RECORDER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/catalog_feed.h"
#include "engine/domain/sealed_plan.h"
#include "engine/measurement/recorder.h"
#include "engine/sealing.h"
#include "tests/engine/measurement/measurement_fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/recording.h"
#include "tests/support/status_matchers.h"

namespace insightloop::testing {

inline constexpr Time kNow = kDayOne + Days(60);
inline constexpr Time kStarted = kDayOne;
inline constexpr Time kSecondEpoch = kDayOne + Days(30);
inline constexpr std::int32_t kHeldOutSlot = 7;

inline auto RejectedFor(const std::string& reason, const std::string& field,
                        const std::string& detail) {
  return ::testing::AllOf(
      ::testing::Field("fate", &RowFate::fate, Fate::kRejected),
      ::testing::Field(
          "fault", &RowFate::fault,
          ::testing::Pointee(::testing::AllOf(
              ::testing::Field("reason", &Fault::reason, reason),
              ::testing::Field("field", &Fault::field, field),
              ::testing::Field("detail", &Fault::detail, ::testing::HasSubstr(detail))))));
}

inline auto HasFate(Fate fate) { return ::testing::Field("fate", &RowFate::fate, fate); }

inline SubmittedExposure AnExposure() {
  return {.experiment = "experiments/spring",
          .unit_id = "anna",
          .variant = "control",
          .occur_time = kNow};
}

inline SubmittedOutcome AnOutcome(std::string_view event = "events/visit", Answer answer = {}) {
  return {.outcome_id = "o-1",
          .unit = {.unit_id = "anna"},
          .event = event,
          .occur_time = kNow,
          .answer = answer};
}

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest() {
    Declare("unitTypes/device", UnitType{});
    Declare("attributes/country", Attribute{.value_type = ValueType::kString});
    Declare("attributes/age", Attribute{.value_type = ValueType::kNumber});
    Declare("events/visit", Event{.value_kind = ValueKind::kNone, .resolution = 1e-6});
    Declare("events/weight", Event{.value_kind = ValueKind::kNumber, .resolution = 1e-6});
    Declare("events/purchase", Event{.value_kind = ValueKind::kMoney,
                                     .currency = "EUR",
                                     .resolution = 0.01,
                                     .minimum = -10,
                                     .maximum = 500});
    Declare("events/nps",
            Event{.value_kind = ValueKind::kScore, .resolution = 1, .minimum = 0, .maximum = 10});
    Declare(
        "layers/mail",
        Layer{.salt = "layer", .holdout = {.slot_count = 1, .epoch = 2, .slots = {kHeldOutSlot}}});
    DeclareExperiment(ExperimentState::kRunning);
  }

  template <class T>
  void Declare(const std::string& name, T resource) {
    const ChangedResource change(name,
                                 StoredResource{.name = name,
                                                .revision = catalog_.Current()->revision() + 1,
                                                .body = ToJson(resource).dump()});
    ASSERT_THAT(ApplyToCatalog({&change, 1}, catalog_), IsOk());
  }

  // experiments/spring, started on day one, whose plan looks at countries; stopped now if it is.
  void DeclareExperiment(ExperimentState state, bool external = false,
                         std::vector<Override> overrides = {}) {
    Experiment experiment{.external = external,
                          .layer = external ? "" : "layers/mail",
                          .unit_type = std::string(kDefaultUnitType),
                          .variants = {{.variant_id = "control", .control = true, .weight = 1},
                                       {.variant_id = "reminder", .weight = 1}},
                          .overrides = overrides,
                          .plan = {.segment_attributes = {"attributes/country"}},
                          .state = state,
                          .start_time = kStarted,
                          .epoch = 2,
                          .epochs = {{.epoch = 1, .start_time = kStarted, .weights = {1, 1}},
                                     {.epoch = 2, .start_time = kSecondEpoch, .weights = {1, 3}}},
                          .salt = "experiment"};
    if (state == ExperimentState::kPaused) experiment.pause_time = kNow;
    if (state == ExperimentState::kStopped) experiment.stop_time = kNow;
    experiment.sealed_plan = CanonicalText({.plan = experiment.plan});
    Declare("experiments/spring", experiment);
  }

  RowFate Record(const SubmittedExposure& row) {
    return Only(testing::RecordExposures(recorder_, {row}));
  }
  RowFate Record(const SubmittedOutcome& row, bool backfill = false) {
    return Only(testing::RecordOutcomes(recorder_, {row}, backfill));
  }
  static RowFate Only(const absl::StatusOr<std::vector<RowFate>>& fates) {
    EXPECT_THAT(fates, IsOk());
    if (!fates.ok() || fates->size() != 1) {
      ADD_FAILURE() << "not exactly one fate";
      return {};
    }
    return fates->front();
  }

  // What the log has of the rows recorded.
  std::vector<StoredOutcome> StoredOutcomes() {
    std::vector<StoredOutcome> rows;
    EXPECT_THAT(file_.log().ScanOutcomes([&](const StoredOutcome& row) { rows.push_back(row); }),
                IsOk());
    return rows;
  }
  std::vector<ExposureRow> StoredExposures() {
    std::vector<ExposureRow> rows;
    EXPECT_THAT(file_.log().ScanExposures(std::nullopt,
                                          [&](const ExposureRow& row) { rows.push_back(row); }),
                IsOk());
    return rows;
  }

  const Limits limits_;
  FakeClock clock_{kNow};
  MeasurementOnFile file_;
  CatalogHolder catalog_;
  Recorder recorder_{catalog_, file_.measurement(), clock_, limits_};
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_ENGINE_MEASUREMENT_RECORDER_FIXTURE_H_
