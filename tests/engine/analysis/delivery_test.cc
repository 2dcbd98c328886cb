// SPDX-License-Identifier: Apache-2.0
//
// Whether the action arrived, and whether the experiment was run as it was sealed.

#include "engine/analysis/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/analysis/builders.h"

namespace insightloop::testing {
namespace {

using ::testing::HasSubstr;

bool Has(const Verdict& verdict, Check check) {
  return std::any_of(verdict.health.begin(), verdict.health.end(),
                     [=](const HealthCheck& c) { return c.check == check; });
}

// Reached of 1,000 units of the treatment, with 80 % planned.
HealthCheck Reached(std::int64_t reached) {
  const SealedPlan plan =
      PlanBuilder().Primary("visit", MetricKind::kProportion).Reaching("sent", 0.8).Build();
  return CheckOf(Judged(plan, MeasuredBuilder(2)
                                  .Arm(0, 1000, {Share(100, 1000), Share(0, 1000)})
                                  .Arm(1, 1000, {Share(100, 1000), Share(reached, 1000)})
                                  .Build()),
                 Check::kDelivery);
}

TEST(DeliveryCheckTest, WarnsWhereLessThanHalfThePlannedReachIsSure) {
  // At any reading, at 2.5 % one-sided and 1,000 of 5,000 planned units: about 3.2 standard errors
  // of 1.5 points.
  EXPECT_EQ(Reached(340).status, CheckStatus::kWarn);
  EXPECT_EQ(Reached(360).status, CheckStatus::kPass);
  EXPECT_EQ(Reached(0).status, CheckStatus::kWarn);
  EXPECT_THAT(Reached(340).detail, HasSubstr("metrics/sent is 34 % in treatment, at most 3"));
  EXPECT_THAT(Reached(340).detail, HasSubstr("which is below half the planned reach, 40 %"));
}

TEST(DeliveryCheckTest, TheMechanismHasAFloorInTreatmentsOnly) {
  const SealedPlan plan = PlanBuilder()
                              .Primary("visit", MetricKind::kProportion)
                              .Mechanism("open", MetricKind::kProportion)
                              .Floor(0.2)
                              .Build();
  const auto status = [&](std::int64_t opens) {
    return CheckOf(Judged(plan, MeasuredBuilder(2)
                                    .Arm(0, 1000, {Share(100, 1000), Share(0, 1000)})
                                    .Arm(1, 1000, {Share(100, 1000), Share(opens, 1000)})
                                    .Build()),
                   Check::kDelivery)
        .status;
  };
  EXPECT_EQ(status(140), CheckStatus::kWarn);
  EXPECT_EQ(status(180), CheckStatus::kPass);
}

TEST(DeliveryCheckTest, SaysNothingOfFewUnitsAndIsNotThereWithoutAPlan) {
  const SealedPlan plan =
      PlanBuilder().Primary("visit", MetricKind::kProportion).Reaching("sent", 0.8).Build();
  const auto few = Judged(plan, MeasuredBuilder(2)
                                    .Arm(0, 99, {Share(10, 99), Share(0, 99)})
                                    .Arm(1, 99, {Share(10, 99), Share(0, 99)})
                                    .Build());
  EXPECT_EQ(CheckOf(few, Check::kDelivery).status, CheckStatus::kPass);
  EXPECT_THAT(CheckOf(few, Check::kDelivery).detail, HasSubstr("Too few units"));
  const auto none =
      Judged(PlanBuilder().Primary("visit", MetricKind::kProportion).Build(),
             MeasuredBuilder(2).Arm(0, 99, {Share(10, 99)}).Arm(1, 99, {Share(10, 99)}).Build());
  EXPECT_FALSE(Has(none, Check::kDelivery));
}

TEST(PlanDepartureCheckTest, AnotherPlanFailsAndOtherWeightsWarn) {
  const SealedPlan plan = PlanBuilder().Primary("visit", MetricKind::kProportion).Build();
  const Measured measured =
      MeasuredBuilder(2).Arm(0, 1000, {Share(100, 1000)}).Arm(1, 1000, {Share(100, 1000)}).Build();
  const auto check = [&](const Experiment& experiment) {
    return CheckOf(Judged(plan, measured, experiment), Check::kPlanDeparture);
  };
  EXPECT_EQ(check(StoppedAfter(Days(14))).status, CheckStatus::kPass);
  const HealthCheck weights = check(WithEpochs(StoppedAfter(Days(14)), {{1, 1}, {3, 1}, {1, 1}}));
  EXPECT_EQ(weights.status, CheckStatus::kWarn);
  EXPECT_THAT(weights.detail, HasSubstr("were changed 2 times"));
  Experiment other = StoppedAfter(Days(14));
  other.sealed_plan = "{}";
  EXPECT_EQ(check(other).status, CheckStatus::kFail);
  EXPECT_EQ(Judged(plan, measured, other).decision, Decision::kInvalid);
}

}  // namespace
}  // namespace insightloop::testing
