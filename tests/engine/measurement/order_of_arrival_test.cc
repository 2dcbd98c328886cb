// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "tests/engine/measurement/measurement_fixture.h"

namespace insightloop {
namespace {

using testing::ExposureOf;
using testing::IsOk;
using testing::kDayOne;
using testing::OutcomeOf;

using Fact = std::variant<Exposure, Outcome>;

// 2,000 facts about 150 units with everything whose order could matter: repeated exposures, other
// variants, epochs and attributes, many of them at one instant; answers at one instant; outcomes
// before, within and after the windows.
std::vector<Fact> MakeFacts(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&random](int below) {
    return static_cast<int>(random() % static_cast<std::uint64_t>(below));
  };
  std::vector<Fact> facts;
  for (int i = 0; i < 500; ++i) {
    const std::string unit = "unit-" + std::to_string(draw(150));
    const bool strays = draw(20) == 0;
    const char* const variant = (unit.back() % 2 == 0) != strays ? "control" : "reminder";
    ExposureOf exposure(unit, variant);
    exposure.At(kDayOne + Hours(draw(48))).Epoch(1 + draw(8) / 7);
    if (draw(3) > 0) exposure.With("country", std::string(1, static_cast<char>('A' + draw(4))));
    if (draw(3) > 0) exposure.With("age", 20.5 + draw(3));
    if (draw(10) == 0) exposure.Source(ExposureSource::kOverride);
    facts.push_back(Exposure(exposure));
  }
  for (int i = 0; i < 1'500; ++i) {
    OutcomeOf outcome("unit-" + std::to_string(draw(170)));
    outcome.Id("o-" + std::to_string(i)).At(kDayOne - Hours(12) + Hours(draw(12) * 12));
    switch (draw(4)) {
      case 0:
        outcome.Event("events/visit");
        break;
      case 1:
        outcome.Event("events/nps").Value(draw(11));
        break;
      case 2:
        outcome.Event("events/nps");
        draw(2) == 0 ? outcome.Asked() : outcome.Dismissed();
        break;
      default:
        outcome.Value(draw(2'000) - 500);
    }
    if (draw(30) == 0) outcome.Late();
    facts.push_back(Outcome(outcome));
  }
  return facts;
}

MeasurePlan ThePlan() {
  return {.experiment = "experiments/spring",
          .variants = {"control", "reminder"},
          .metrics = {{.event = "events/purchase",
                       .kind = MetricKind::kMean,
                       .event_has_value = true,
                       .window = Window{.length = Days(3)}},
                      {.event = "events/visit",
                       .kind = MetricKind::kProportion,
                       .window = Window{.delay = Days(1), .length = Days(1)}},
                      {.event = "events/nps", .kind = MetricKind::kNps, .event_has_value = true},
                      {.event = "events/purchase",
                       .kind = MetricKind::kCount,
                       .event_has_value = true,
                       .window = Window{.length = Days(2)}}},
          .segment_attributes = {"country", "age"},
          .stop_time = kDayOne + Days(5),
          .max_segment_values = 10};
}

void ExpectSame(const Measured& a, const Measured& b) {
  ASSERT_EQ(a.strata.size(), b.strata.size());
  for (std::size_t i = 0; i < a.strata.size(); ++i) {
    const Stratum &x = a.strata[i], &y = b.strata[i];
    EXPECT_EQ(x.epoch, y.epoch);
    EXPECT_EQ(x.variant, y.variant);
    EXPECT_EQ(x.crossed, y.crossed);
    EXPECT_EQ(x.segment, y.segment);
    EXPECT_EQ(x.units, y.units);
    ASSERT_EQ(x.metrics.size(), y.metrics.size());
    for (std::size_t m = 0; m < x.metrics.size(); ++m) {
      EXPECT_EQ(x.metrics[m].values, y.metrics[m].values) << x.segment << ", metric " << m;
      EXPECT_EQ(x.metrics[m].nonzero, y.metrics[m].nonzero);
      EXPECT_EQ(x.metrics[m].asked, y.metrics[m].asked);
      EXPECT_EQ(x.metrics[m].promoters, y.metrics[m].promoters);
      EXPECT_EQ(x.metrics[m].detractors, y.metrics[m].detractors);
      EXPECT_EQ(x.metrics[m].top_two, y.metrics[m].top_two);
    }
  }
  EXPECT_EQ(a.exposed_units, b.exposed_units);
  ASSERT_EQ(a.exposed_by_epoch.size(), b.exposed_by_epoch.size());
  for (std::size_t i = 0; i < a.exposed_by_epoch.size(); ++i) {
    EXPECT_EQ(a.exposed_by_epoch[i].epoch, b.exposed_by_epoch[i].epoch);
    EXPECT_EQ(a.exposed_by_epoch[i].units, b.exposed_by_epoch[i].units);
  }
  EXPECT_EQ(a.crossed_units, b.crossed_units);
  EXPECT_EQ(a.in_flight_units, b.in_flight_units);
  EXPECT_EQ(a.outcomes, b.outcomes);
  EXPECT_EQ(a.late_outcomes, b.late_outcomes);
  EXPECT_EQ(a.last_maturity, b.last_maturity);
  EXPECT_EQ(a.dropped_segments, b.dropped_segments);
}

void RecordInCalls(Measurement& measurement, const std::vector<Fact>& facts, std::size_t most,
                   std::mt19937_64& random) {
  for (std::size_t at = 0; at < facts.size();) {
    FactRows rows;
    for (std::size_t left = 1 + random() % most; left > 0 && at < facts.size(); --left, ++at) {
      if (const auto* exposure = std::get_if<Exposure>(&facts[at])) {
        rows.exposures.push_back(*exposure);
      } else {
        rows.outcomes.push_back(std::get<Outcome>(facts[at]));
      }
    }
    ASSERT_THAT(measurement.Record(std::move(rows)), IsOk());
  }
}

class OrderOfArrivalTest : public ::testing::TestWithParam<std::uint64_t> {};

// "The result never depends on the order of arrival."
TEST_P(OrderOfArrivalTest, ShuffledRepeatedAndSplitFactsGiveIdenticalFigures) {
  std::vector<Fact> facts = MakeFacts(/*seed=*/7);
  std::mt19937_64 random(GetParam());
  testing::MeasurementOnFile in_order, shuffled;
  RecordInCalls(in_order.measurement(), facts, facts.size(), random);
  const std::size_t originals = facts.size();
  for (std::size_t i = 0; i < originals / 3; ++i) facts.push_back(facts[random() % originals]);
  std::shuffle(facts.begin(), facts.end(), random);
  const auto middle = facts.begin() + static_cast<std::ptrdiff_t>(facts.size() / 2);
  RecordInCalls(shuffled.measurement(), {facts.begin(), middle}, 200, random);
  shuffled.Reopen();
  RecordInCalls(shuffled.measurement(), {middle, facts.end()}, 200, random);

  for (const Duration since : {Days(3), Days(4), Days(5), Days(30)}) {
    const auto expected = in_order.measurement().Measure(ThePlan(), kDayOne + since);
    const auto actual = shuffled.measurement().Measure(ThePlan(), kDayOne + since);
    ASSERT_THAT(expected, IsOk());
    ASSERT_THAT(actual, IsOk());
    ExpectSame(*expected, *actual);
    if (since == Days(30)) {  // the facts do exercise what they are meant to
      EXPECT_GT(expected->crossed_units, 5);
      EXPECT_GT(expected->late_outcomes, 5);
      EXPECT_GT(expected->strata.size(), 20U);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, OrderOfArrivalTest, ::testing::Values(1, 2, 3, 4, 5, 6));

}  // namespace
}  // namespace insightloop
