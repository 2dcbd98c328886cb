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

// `count` facts about a tenth as many units with everything whose order could matter: repeated
// exposures, other variants, epochs and attributes, many of them at one instant; answers at one
// instant; outcomes before, within and after the windows, late ones.
std::vector<Fact> MakeFacts(int count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&random](int below) {
    return static_cast<int>(random() % static_cast<std::uint64_t>(below));
  };
  const int units = count / 13;
  std::vector<Fact> facts;
  for (int i = 0; i < count / 4; ++i) {
    const std::string unit = "unit-" + std::to_string(draw(units));
    const bool strays = draw(20) == 0;
    const char* const variant = (unit.back() % 2 == 0) != strays ? "control" : "reminder";
    ExposureOf exposure(unit, variant);
    exposure.At(kDayOne + Hours(draw(48))).Epoch(1 + draw(8) / 7);
    if (draw(3) > 0) exposure.With("country", std::string(1, static_cast<char>('A' + draw(4))));
    if (draw(3) > 0) exposure.With("age", 20.5 + draw(3));
    if (draw(10) == 0) exposure.Source(ExposureSource::kOverride);
    facts.push_back(Exposure(exposure));
  }
  for (int i = 0; i < count - count / 4; ++i) {
    OutcomeOf outcome("unit-" + std::to_string(draw(units + units / 8)));
    outcome.Id("o-" + std::to_string(i)).At(kDayOne - Days(3) + Hours(draw(40) * 12));
    switch (draw(4)) {
      case 0:
        outcome.Event("events/visit");
        break;
      case 1:
        outcome.Event("events/nps").Value(draw(11));
        if (draw(2) == 0) outcome.Value(9).Response("r");
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
  const MeasuredMetric purchases = {.event = "events/purchase",
                                    .kind = MetricKind::kMean,
                                    .event_has_value = true,
                                    .window = Window{.length = Days(3)}};
  MeasuredMetric adjusted = purchases;
  adjusted.covariate = MeasuredCovariate{.history = Days(2)};
  adjusted.by_week = true;
  MeasuredMetric by_age = purchases;
  by_age.covariate = MeasuredCovariate{.attribute = "age"};
  by_age.cap = MeasuredCap{.share = 0.9};
  MeasuredMetric ratio = purchases;
  ratio.kind = MetricKind::kRatio;
  ratio.denominator_event = "events/visit";
  ratio.cap = MeasuredCap{.steps = 1'000};
  MeasuredMetric quantile = purchases;
  quantile.kind = MetricKind::kQuantile;
  quantile.quantile = 0.75;
  return {.experiment = "experiments/spring",
          .variants = {"control", "reminder"},
          .metrics = {adjusted,
                      by_age,
                      ratio,
                      quantile,
                      {.event = "events/visit",
                       .kind = MetricKind::kRetention,
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

// Which exposures are stored does depend on the order; what they say does not.
void ExpectSame(Measured a, Measured b) {
  a.exposure_rows = b.exposure_rows = 0;
  ASSERT_EQ(a.strata.size(), b.strata.size());
  for (std::size_t i = 0; i < a.strata.size(); ++i) {
    EXPECT_TRUE(a.strata[i] == b.strata[i])
        << "epoch " << a.strata[i].epoch << ", variant " << a.strata[i].variant << ", segment '"
        << a.strata[i].segment << "', crossed " << a.strata[i].crossed;
  }
  EXPECT_TRUE(a == b);
}

class OrderOfArrivalTest : public ::testing::TestWithParam<std::uint64_t> {};

// "The result never depends on the order of arrival": in time order and measured from the log,
// against shuffled, each fact repeated up to 5 times, split at random, restarted in between, and
// followed from the start. SQL over the rows agrees with both.
TEST_P(OrderOfArrivalTest, ShuffledRepeatedAndSplitFactsGiveIdenticalFigures) {
  std::vector<Fact> facts = MakeFacts(/*count=*/100'000, /*seed=*/7);
  std::mt19937_64 random(GetParam());
  testing::MeasurementOnFile in_order, shuffled;
  RecordInCalls(in_order.measurement(), facts, 10'000, random);
  const std::size_t originals = facts.size();
  for (std::size_t i = 0; i < originals; ++i) {
    for (std::uint64_t more = random() % 5; more > 0; --more) facts.push_back(facts[i]);
  }
  std::shuffle(facts.begin(), facts.end(), random);
  constexpr std::size_t kParts = 4;
  for (std::size_t part = 0; part < kParts; ++part) {
    if (part > 0) shuffled.Reopen();
    shuffled.measurement().Follow(ThePlan());
    const auto at = [&](std::size_t n) {
      return facts.begin() + static_cast<std::ptrdiff_t>(facts.size() * n / kParts);
    };
    RecordInCalls(shuffled.measurement(), {at(part), at(part + 1)}, 5'000, random);
  }

  for (const Duration since : {Days(3), Days(4), Days(5), Days(30)}) {
    const auto expected = in_order.measurement().Measure(ThePlan(), kDayOne + since);
    const auto actual = shuffled.measurement().Measure(ThePlan(), kDayOne + since);
    ASSERT_THAT(expected, IsOk());
    ASSERT_THAT(actual, IsOk());
    ExpectSame(*expected, *actual);
    if (since == Days(30)) {  // the facts do exercise what they are meant to
      EXPECT_GT(expected->crossed_units, 100);
      EXPECT_GT(expected->late_outcomes, 100);
      EXPECT_GT(expected->strata.size(), 20U);
      const auto recomputed = shuffled.audit().Recompute(
          ThePlan(), kDayOne + since, actual->exposure_rows, actual->outcome_rows);
      ASSERT_THAT(recomputed, IsOk());
      ExpectSame(*recomputed, *actual);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, OrderOfArrivalTest, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace insightloop
