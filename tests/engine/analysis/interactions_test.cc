// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/interactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Visits {
  std::string segment;
  std::int64_t control = 0, treatment = 0;  // of 1,000 units each
};

std::vector<Interaction> InteractionsOf(const PlanBuilder& plan, const std::vector<Visits>& cells) {
  MeasuredBuilder measured(2);
  measured.Arm(0, 5000, {Share(500, 5000)}).Arm(1, 5000, {Share(600, 5000)});
  for (const Visits& cell : cells) {
    measured.Cell(cell.segment, 0, 1000, {Share(cell.control, 1000)})
        .Cell(cell.segment, 1, 1000, {Share(cell.treatment, 1000)});
  }
  return Judged(plan.Build(), measured.Build()).interactions;
}

PlanBuilder ByCountry() {
  return PlanBuilder().Primary("visit", MetricKind::kProportion).SegmentBy("country");
}

TEST(InteractionsTest, ComparesTwoValuesOnce) {
  const auto interactions =
      InteractionsOf(ByCountry(), {{"country=at", 100, 100}, {"country=de", 100, 180}});
  ASSERT_THAT(interactions, SizeIs(1));
  EXPECT_EQ(interactions[0].attribute, "attributes/country");
  EXPECT_EQ(interactions[0].values, 2);
  // By hand: 0.08 over the root of (3 * 0.1 * 0.9 + 0.18 * 0.82) / 1,000 is 3.9155 standard errors.
  const double z = 0.08 / std::sqrt((3 * 0.1 * 0.9 + 0.18 * 0.82) / 1000);
  EXPECT_NEAR(*interactions[0].p_value, std::erfc(z / std::sqrt(2.0)), 1e-12);
  EXPECT_EQ(interactions[0].adjusted_p_value, interactions[0].p_value);
}

TEST(InteractionsTest, ComparesEachOfSeveralValuesWithTheOthers) {
  const auto interactions = InteractionsOf(
      ByCountry(), {{"country=at", 100, 110}, {"country=ch", 100, 110}, {"country=de", 100, 190}});
  // By hand: 0.09 against 0.01, the mean of two; three comparisons.
  const double variance = (0.1 * 0.9 + 0.19 * 0.81) / 1000;
  const double others = 2 * (0.1 * 0.9 + 0.11 * 0.89) / 1000 / 4;
  const double p = std::erfc(0.08 / std::sqrt(variance + others) / std::sqrt(2.0));
  EXPECT_NEAR(*interactions[0].p_value, 3 * p, 1e-12);
  EXPECT_THAT(interactions[0].detail,
              HasSubstr("furthest from the others' for country=de: +9 percentage points against +1 "
                        "percentage points"));
}

TEST(InteractionsTest, CorrectsForSeveralAttributes) {
  const auto interactions =
      InteractionsOf(ByCountry().SegmentBy("plan"), {{"country=at", 100, 100},
                                                     {"country=de", 100, 180},
                                                     {"plan=free", 100, 120},
                                                     {"plan=paid", 100, 120}});
  ASSERT_THAT(interactions, SizeIs(2));
  EXPECT_EQ(*interactions[0].adjusted_p_value, 2 * *interactions[0].p_value);
  EXPECT_EQ(interactions[1].p_value, 1);
}

TEST(InteractionsTest, AtAnyTimeTheTestIsThatOfTheMethod) {
  const std::vector<Visits> cells = {{"country=at", 100, 100}, {"country=de", 100, 180}};
  const auto once = InteractionsOf(ByCountry(), cells);
  const auto anytime = InteractionsOf(ByCountry().AlwaysValid(), cells);
  EXPECT_GT(*anytime[0].p_value, 10 * *once[0].p_value);
}

TEST(InteractionsTest, ValuesWithTooLittleDataAreLeftOut) {
  const auto interactions = InteractionsOf(
      ByCountry(), {{"country=at", 100, 110}, {"country=ch", 10, 60}, {"country=de", 100, 110}});
  EXPECT_EQ(interactions[0].values, 2);
  EXPECT_EQ(interactions[0].p_value, 1);
  EXPECT_THAT(interactions[0].detail, HasSubstr("Left out with too little data: 1 value."));
}

TEST(InteractionsTest, OneValueCannotBeCompared) {
  const auto interactions = InteractionsOf(ByCountry(), {{"country=at", 100, 180}});
  ASSERT_THAT(interactions, SizeIs(1));
  EXPECT_FALSE(interactions[0].p_value.has_value());
  EXPECT_FALSE(interactions[0].adjusted_p_value.has_value());
  EXPECT_THAT(interactions[0].detail, HasSubstr("Fewer than two values of country"));
}

}  // namespace
}  // namespace insightloop::testing
