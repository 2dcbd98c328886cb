// SPDX-License-Identifier: Apache-2.0
//
// Ratios, retention, quantiles, caps, covariates and weeks: what a unit's number is. Expected
// numbers are added up by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stats/joint_sums.h"
#include "tests/engine/measurement/measurement_fixture.h"

namespace insightloop {
namespace {

using ::testing::ElementsAre;
using testing::ExposureOf;
using testing::kDayOne;
using testing::OutcomeOf;

class MetricKindsTest : public testing::MeasurementTest {
 protected:
  // Of purchases with a value, in the week after the exposure.
  static MeasuredMetric Purchases(MetricKind kind) {
    return {.event = "events/purchase",
            .kind = kind,
            .event_has_value = true,
            .window = Window{.length = Days(7)}};
  }

  MetricSums FirstOf(const MeasuredMetric& metric) {
    return StratumOf(Measure(APlan({metric}), kEnd), 0).metrics.at(0);
  }

  static stats::JointSums JointOf(const std::vector<std::vector<std::int64_t>>& units) {
    stats::JointSums sums(units.front().size());
    for (const std::vector<std::int64_t>& unit : units) EXPECT_TRUE(sums.Add(unit).ok());
    return sums;
  }

  static OutcomeOf Purchase(const std::string& unit, const std::string& id, Duration since,
                            std::int64_t value) {
    return OutcomeOf(unit).Id(id).At(kDayOne + since).Value(value);
  }
};

TEST_F(MetricKindsTest, ARatioSumsItsNumeratorAndCountsItsDenominator) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control")},
         {Purchase("anna", "1", Days(1), 500), Purchase("anna", "2", Days(2), 300),
          Purchase("anna", "3", Days(8), 900)});  // after the window
  MeasuredMetric ratio = Purchases(MetricKind::kRatio);
  ratio.denominator_event = "events/purchase";
  const MetricSums sums = FirstOf(ratio);
  EXPECT_EQ(sums.joint, JointOf({{800, 2}, {0, 0}}));
  EXPECT_EQ(sums.values, SumsOf({800, 0}));
}

TEST_F(MetricKindsTest, ADenominatorMaySumTheValuesOfAnotherEvent) {
  Record({ExposureOf("anna", "control")},
         {Purchase("anna", "1", Days(1), 500),
          OutcomeOf("anna").Event("events/minutes").Id("1").Value(40),
          OutcomeOf("anna").Event("events/minutes").Id("2").Value(2)});
  MeasuredMetric ratio = Purchases(MetricKind::kRatio);
  ratio.denominator_event = "events/minutes";
  ratio.denominator_sums = true;
  EXPECT_EQ(FirstOf(ratio).joint, JointOf({{500, 42}}));
}

TEST_F(MetricKindsTest, RetentionIsComingBackAfterTheDelay) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control")},
         {Purchase("anna", "1", Days(7), -5), Purchase("ben", "1", Days(6), 5),
          Purchase("ben", "2", Days(14), 5)});
  MeasuredMetric retention = Purchases(MetricKind::kRetention);
  retention.window = Window{.delay = Days(7), .length = Days(7)};
  EXPECT_EQ(FirstOf(retention).values, SumsOf({1, 0}));
}

TEST_F(MetricKindsTest, AQuantileIsTakenOfUnitsSums) {
  std::vector<Exposure> exposures;
  std::vector<Outcome> outcomes;
  for (std::int64_t u = 1; u <= 100; ++u) {
    const std::string unit = "unit-" + std::to_string(u);
    exposures.push_back(ExposureOf(unit, "control"));
    outcomes.push_back(Purchase(unit, "1", Days(1), u));
    outcomes.push_back(Purchase(unit, "2", Days(2), u));
  }
  Record(exposures, outcomes);
  MeasuredMetric quantile = Purchases(MetricKind::kQuantile);
  quantile.quantile = 0.9;
  const std::optional<QuantileSums> sums = FirstOf(quantile).quantile;
  ASSERT_TRUE(sums.has_value());
  EXPECT_EQ(sums->units, 100);
  EXPECT_EQ(sums->value, 2 * 90);  // rank ceil(100 * 0.9)
  // 1.96 * sqrt(100 * 0.9 * 0.1) = 5.88 ranks on either side, to the nearest.
  EXPECT_EQ(sums->lower_rank, 84);
  EXPECT_EQ(sums->upper_rank, 96);
  EXPECT_EQ(sums->lower, 2 * 84);
  EXPECT_EQ(sums->upper, 2 * 96);
}

TEST_F(MetricKindsTest, ACapCutsUnitsSumsNotOutcomes) {
  Record({ExposureOf("anna", "control")},
         {Purchase("anna", "1", Days(1), 60), Purchase("anna", "2", Days(1), 60)});
  MeasuredMetric capped = Purchases(MetricKind::kMean);
  capped.cap = MeasuredCap{.steps = 100};
  const Measured measured = Measure(APlan({capped}), kEnd);
  EXPECT_EQ(StratumOf(measured, 0).metrics.at(0).values, SumsOf({100}));
  EXPECT_THAT(measured.caps, ElementsAre(100));
}

TEST_F(MetricKindsTest, APercentileCapIsFoundOverAllVariantsAmongNumbersThatAreNotZero) {
  std::vector<Exposure> exposures = {ExposureOf("nobody", "control")};
  std::vector<Outcome> outcomes;
  for (int u = 1; u <= 10; ++u) {
    const std::string unit = "unit-" + std::to_string(u);
    exposures.push_back(ExposureOf(unit, u <= 5 ? "control" : "reminder"));
    outcomes.push_back(Purchase(unit, "1", Days(1), u));
  }
  Record(exposures, outcomes);
  MeasuredMetric capped = Purchases(MetricKind::kMean);
  capped.cap = MeasuredCap{.share = 0.8};
  const Measured measured = Measure(APlan({capped}), kEnd);
  EXPECT_THAT(measured.caps, ElementsAre(8));
  EXPECT_EQ(StratumOf(measured, 0).metrics.at(0).values, SumsOf({0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(StratumOf(measured, 1).metrics.at(0).values, SumsOf({6, 7, 8, 8, 8}));
}

TEST_F(MetricKindsTest, APercentileCapOfNothingIsAbsent) {
  Record({ExposureOf("anna", "control")});
  MeasuredMetric capped = Purchases(MetricKind::kMean);
  capped.cap = MeasuredCap{.share = 0.8};
  EXPECT_THAT(Measure(APlan({capped}), kEnd).caps, ElementsAre(std::nullopt));
}

// Day one is 8 o'clock: the history ends at midnight before, eight hours before the exposure.
TEST_F(MetricKindsTest, HistoryEndsWhereTheDayOfTheExposureBegins) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control")},
         {Purchase("anna", "1", Hours(-8), 1'000),                    // on the day itself
          Purchase("anna", "2", Duration{Hours(-8).micros - 1}, 70),  // the last instant before
          Purchase("anna", "3", Hours(-8 - 48), 7),                   // the first of two days
          Purchase("anna", "4", Duration{Hours(-8 - 48).micros - 1}, 9'000),
          Purchase("anna", "5", Days(1), 500)});
  MeasuredMetric adjusted = Purchases(MetricKind::kMean);
  adjusted.covariate = MeasuredCovariate{.history = Days(2)};
  // Number, history, whether there is none.
  EXPECT_EQ(FirstOf(adjusted).joint, JointOf({{500, 77, 0}, {0, 0, 1}}));
}

TEST_F(MetricKindsTest, ACovariateMayBeANumberKnownAtTheExposure) {
  Record({ExposureOf("anna", "control").With("visits", 2.5), ExposureOf("ben", "control")},
         {Purchase("anna", "1", Days(1), 500)});
  MeasuredMetric adjusted = Purchases(MetricKind::kMean);
  adjusted.covariate = MeasuredCovariate{.attribute = "visits"};
  EXPECT_EQ(FirstOf(adjusted).joint, JointOf({{500, 2'500'000, 0}, {0, 0, 1}}));
}

TEST_F(MetricKindsTest, WeeksAreThoseOfTheUnitAndNeedBothToHavePassed) {
  Record({ExposureOf("anna", "control"), ExposureOf("ben", "control").At(kDayOne + Days(1))},
         {Purchase("anna", "1", Days(0), 1), Purchase("anna", "2", Days(7), 20),
          Purchase("anna", "3", Days(14), 300), Purchase("ben", "1", Days(2), 4'000)});
  MeasuredMetric weekly = Purchases(MetricKind::kMean);
  weekly.by_week = true;
  const auto weeks = [&](Time as_of) {
    return StratumOf(Measure(APlan({weekly}), as_of), 0).metrics.at(0).weeks;
  };
  EXPECT_EQ(weeks(kDayOne + Days(14)), JointOf({{1, 20}}));
  EXPECT_EQ(weeks(kDayOne + Days(15)), JointOf({{1, 20}, {4'000, 0}}));
}

// Facts that come before the exposure that they belong to, or after an earlier one was found.
TEST_F(MetricKindsTest, AnExposureThatComesLateIsFollowedByItsOutcomes) {
  MeasuredMetric ratio = Purchases(MetricKind::kRatio);
  ratio.denominator_event = "events/purchase";
  const MeasurePlan plan = APlan({ratio});
  measurement().Follow(plan);
  Record({Purchase("anna", "1", Days(1), 500), Purchase("anna", "2", Days(9), 20)});
  Record({ExposureOf("anna", "control").At(kDayOne + Days(5))});
  const auto first = [&] {
    const auto measured = measurement().Measure(plan, kEnd);
    EXPECT_THAT(measured, testing::IsOk());
    return StratumOf(*measured, 0).metrics.at(0).joint;
  };
  EXPECT_EQ(first(), JointOf({{20, 1}}));
  Record({ExposureOf("anna", "control")});  // earlier: another window
  EXPECT_EQ(first(), JointOf({{500, 1}}));
}

}  // namespace
}  // namespace insightloop
