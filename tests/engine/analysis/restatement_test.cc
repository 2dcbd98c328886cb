// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/restatement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Verdict Visits(std::int64_t treatment, std::int64_t units = 10'000) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  return Judged(plan, MeasuredBuilder(2)
                          .Arm(0, 10'000, {Share(1'000, 10'000)})
                          .Arm(1, units, {Share(treatment, units)})
                          .Build());
}

TEST(RestatementTest, TheSameFactsRestateNothing) {
  EXPECT_THAT(ChangesBetween(Visits(1'200), Visits(1'200)), IsEmpty());
}

TEST(RestatementTest, SaysTheDecisionFirstThenFigures) {
  EXPECT_THAT(
      ChangesBetween(Visits(1'200), Visits(1'010)),
      ElementsAre("The decision was SHIP treatment and is INCONCLUSIVE.",
                  "The effect of treatment on metrics/visit was +2 percentage points and is +0.1 "
                  "percentage points."));
}

TEST(RestatementTest, SaysWhichChecksAndUnitsChanged) {
  EXPECT_THAT(ChangesBetween(Visits(1'000), Visits(800, 8'000)),
              ElementsAre("The decision was INCONCLUSIVE and is INVALID.",
                          "SAMPLE_RATIO was PASS and is FAIL.",
                          "The number of matured units was 20,000 and is 18,000."));
}

}  // namespace
}  // namespace insightloop::testing
