// SPDX-License-Identifier: Apache-2.0
//
// SQL over the stored rows against the measurement, under plans and facts that nobody chose.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/measurement/measurement_fixture.h"

namespace insightloop {
namespace {

using testing::ExposureOf;
using testing::kDayOne;
using testing::kMicrosecond;
using testing::OutcomeOf;
using ::testing::Range;

// MeasurementTest::Measure() compares all ways to the figures; these tests choose what to measure.
class RecomputationTest : public testing::MeasurementTest,
                          public ::testing::WithParamInterface<int> {
 protected:
  int Draw(int below) { return static_cast<int>(random_() % static_cast<std::uint64_t>(below)); }
  template <class T>
  T OneOf(std::vector<T> values) {
    return values[static_cast<std::size_t>(Draw(static_cast<int>(values.size())))];
  }

  // Mostly at the edges of days and windows, a microsecond beside them, or at one instant.
  Time ATime() {
    const std::int64_t beside = Draw(3) - 1;
    return kDayOne + Hours(12 * (Draw(72) - 24)) + Duration{beside * kMicrosecond.micros};
  }

  Exposure AnExposure() {
    ExposureOf exposure("u" + std::to_string(Draw(40)),
                        OneOf<std::string>({"control", "reminder", "reminder", "of-no-plan"}));
    exposure.At(ATime()).Epoch(1 + Draw(3));
    if (Draw(8) == 0) exposure.Source(ExposureSource::kOverride);
    if (Draw(10) == 0) exposure.In("experiments/autumn");
    if (Draw(3) > 0) {
      exposure.With("plan",
                    OneOf<std::string>({"", "a", "A", "a b", "\"q\\", "\n\x01", "gói", "1"}));
    }
    if (Draw(3) > 0) {
      exposure.With("age", OneOf<double>({0, -0.0, 1, 1e15, 9007199254740994, 1e300, -2.5, 0.1,
                                          std::numeric_limits<double>::infinity(), 5e-7}));
    }
    if (Draw(3) > 0) exposure.With("member", Draw(2) == 0);
    return exposure;
  }

  Outcome AnOutcome(int number) {
    OutcomeOf outcome("u" + std::to_string(Draw(44)));
    outcome.Id("o" + std::to_string(number))
        .At(ATime())
        .Event(OneOf<std::string>({"events/purchase", "events/visit", "events/nps"}));
    switch (Draw(8)) {
      case 0:
        outcome.Asked();
        break;
      case 1:
        outcome.Dismissed();
        break;
      case 2:
      case 3:
        break;
      case 4:
        outcome.Value(OneOf<std::int64_t>({0, -1, 1'000'000, -1'000'000}));
        break;
      default:
        outcome.Value(Draw(12) - (Draw(4) == 0 ? 6 : 0));
    }
    if (huge_ && Draw(6) == 0) {
      outcome.Value(OneOf<std::int64_t>({std::numeric_limits<std::int64_t>::max(),
                                         std::numeric_limits<std::int64_t>::min(), 1LL << 62}));
    }
    if (Draw(2) == 0) outcome.Response(OneOf<std::string>({"a", "b"}));
    if (Draw(4) == 0) outcome.Response("c").Value(1);  // many have one answer throughout
    if (Draw(8) == 0) outcome.Late();
    if (Draw(3) > 0) outcome.Source(OneOf<std::string>({"web", "app", "till"}));
    return outcome;
  }

  MeasuredMetric AMetric() {
    MeasuredMetric metric{
        .event =
            OneOf<std::string>({"events/purchase", "events/visit", "events/nps", "events/none"}),
        .kind = OneOf<MetricKind>({MetricKind::kProportion, MetricKind::kCount, MetricKind::kMean,
                                   MetricKind::kRatio, MetricKind::kRetention,
                                   MetricKind::kQuantile, MetricKind::kNps, MetricKind::kCsat}),
        .event_has_value = Draw(2) == 0,
        .top_two_from = 4};
    if (Draw(4) > 0) {
      metric.window = Window{.delay = Hours(12 * Draw(5)), .length = Hours(12 * (1 + Draw(8)))};
    }
    if (metric.kind == MetricKind::kRatio) {
      metric.denominator_event = OneOf<std::string>({"events/visit", "events/purchase"});
      metric.denominator_sums = Draw(2) == 0;
    }
    if (metric.kind == MetricKind::kQuantile) metric.quantile = OneOf<double>({0.01, 0.5, 0.99});
    const bool is_number = metric.kind == MetricKind::kCount || metric.kind == MetricKind::kMean ||
                           metric.kind == MetricKind::kRatio;
    if (is_number && Draw(2) == 0) {
      metric.cap = Draw(2) == 0 ? MeasuredCap{.steps = 1 + Draw(6)}
                                : MeasuredCap{.share = OneOf<double>({0.07, 0.5, 0.9, 0.99})};
    }
    const bool has_covariate = is_number || metric.kind == MetricKind::kProportion;
    if (has_covariate && Draw(2) == 0) {
      metric.covariate = Draw(2) == 0
                             ? MeasuredCovariate{.history = Days(1 + Draw(9))}
                             : MeasuredCovariate{.attribute = OneOf<std::string>({"age", "plan"})};
    }
    metric.by_week = has_covariate && Draw(2) == 0;
    if (IsSurvey(metric.kind) && Draw(2) == 0) metric.weight = OneOf<std::string>({"age", "plan"});
    return metric;
  }

  MeasurePlan AnyPlan() {
    MeasurePlan plan{.experiment = "experiments/spring", .variants = {"control", "reminder"}};
    for (int metric = 0; metric < 5; ++metric) plan.metrics.push_back(AMetric());
    for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
      if (!IsSurvey(plan.metrics[m].kind) && Draw(2) == 0) plan.behaviour = m;
    }
    for (const char* id : {"plan", "age", "member", "unknown"}) {
      if (Draw(2) == 0) plan.segment_attributes.emplace_back(id);
    }
    if (Draw(2) == 0) plan.stop_time = ATime();
    plan.lateness_allowance = Days(Draw(3));
    plan.max_segment_values = static_cast<std::size_t>(1 + Draw(12));
    return plan;
  }

  std::mt19937_64 random_{static_cast<std::uint64_t>(GetParam())};
  bool huge_ = false;  // also values whose sums do not fit 64 bits
};

TEST_P(RecomputationTest, SqlAndMeasurementAgreeWhateverThePlan) {
  huge_ = GetParam() % 4 == 0;
  int number = 0;
  for (int round = 0; round < 4; ++round) {
    std::vector<Exposure> exposures;
    std::vector<Outcome> outcomes;
    for (int i = 0; i < 40; ++i) exposures.push_back(AnExposure());
    for (int i = 0; i < 150; ++i) outcomes.push_back(AnOutcome(number++));
    Record(std::move(exposures), std::move(outcomes));
    for (int plan = 0; plan < 3; ++plan) {
      SCOPED_TRACE("round " + std::to_string(round) + ", plan " + std::to_string(plan));
      Measure(AnyPlan(), ATime() + Days(Draw(30)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RecomputationTest, Range(1, 41));

using AttributesTest = testing::MeasurementTest;

// SQLite's JSON ends a text at its first NUL.
TEST_F(AttributesTest, SegmentsThatDifferBehindANulAreTwo) {
  Record({ExposureOf("ann", "control").With("plan", std::string("a\0b", 3)),
          ExposureOf("bob", "control").With("plan", std::string("a\0c", 3)),
          ExposureOf("cai", "control").With("plan", "a")});
  MeasurePlan plan = APlan({testing::AMetricOf(MetricKind::kProportion)});
  plan.segment_attributes = {"plan"};
  const Measured measured = Measure(plan, kEnd);
  EXPECT_EQ(measured.strata.size(), 4U);  // all units, and each value
}

}  // namespace
}  // namespace insightloop
