// SPDX-License-Identifier: Apache-2.0

#include "engine/plan_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/analysis/builders.h"
#include "tests/support/error_matchers.h"

namespace insightloop::testing {
namespace {

using ::testing::HasSubstr;

absl::Status MoneyAt(std::int32_t control, std::int32_t treatment, SealedPlan plan) {
  plan.variants[0].weight = control;
  plan.variants[1].weight = treatment;
  Violations violations;
  CheckMoney(plan, plan.variants, violations);
  return violations.ToStatus();
}

SealedPlan Spend() { return PlanBuilder().Primary("spend", MetricKind::kMean).Build(); }

TEST(PlanRulesTest, MoneyNeedsACapBeyondOneAndAHalfToOne) {
  EXPECT_TRUE(MoneyAt(3, 2, Spend()).ok());
  EXPECT_TRUE(MoneyAt(2, 3, Spend()).ok());
  EXPECT_THAT(MoneyAt(301, 200, Spend()), FailsWith(absl::StatusCode::kInvalidArgument, "NEEDS_CAP",
                                                    HasSubstr("metrics/spend")));
  EXPECT_THAT(MoneyAt(1, 9, Spend()), FailsWith(absl::StatusCode::kInvalidArgument, "NEEDS_CAP",
                                                HasSubstr("cap.percentile 0.99")));
  SealedPlan capped = Spend();
  capped.metrics[0].cap = Cap{.percentile = 0.99};
  EXPECT_TRUE(MoneyAt(1, 9, capped).ok());
}

TEST(PlanRulesTest, OnlyMoneyThatDecidesNeedsACap) {
  EXPECT_TRUE(MoneyAt(1, 9,
                      PlanBuilder()
                          .Primary("visit", MetricKind::kProportion)
                          .Secondary("spend", MetricKind::kMean)
                          .Build())
                  .ok());
  EXPECT_THAT(MoneyAt(1, 9,
                      PlanBuilder()
                          .Primary("visit", MetricKind::kProportion)
                          .Guarded("spend", MetricKind::kRatio, {0.05, Scale::kRelative})
                          .Build()),
              FailsWith(absl::StatusCode::kInvalidArgument, "NEEDS_CAP", HasSubstr("variants")));
}

TEST(PlanRulesTest, ATreatmentWithoutWeightDoesNotCount) {
  SealedPlan plan = PlanBuilder()
                        .Variants({"control", "treatment", "off"})
                        .Weight(2, 0)
                        .Primary("spend", MetricKind::kMean)
                        .Build();
  EXPECT_TRUE(MoneyAt(1, 1, plan).ok());
}

TEST(PlanRulesTest, OnlyAGuardrailCanPause) {
  const auto check = [](PlanBuilder builder, bool auto_pause) {
    SealedPlan plan = builder.Primary("visit", MetricKind::kProportion).Build();
    plan.hypothesis.meta.name = "hypotheses/h";
    plan.plan.auto_pause = auto_pause;
    Violations violations;
    CheckAutoPause(plan, violations);
    return violations.ToStatus();
  };
  const auto guarded =
      PlanBuilder().Guarded("complaint", MetricKind::kProportion, {0.01, Scale::kAbsolute});
  EXPECT_TRUE(check(PlanBuilder(), false).ok());
  EXPECT_TRUE(check(guarded, true).ok());
  EXPECT_THAT(check(PlanBuilder(), true),
              FailsWith(absl::StatusCode::kInvalidArgument, "NO_GUARDRAIL",
                        HasSubstr("plan.auto_pause: is set, but hypotheses/h has no guardrail")));
}

}  // namespace
}  // namespace insightloop::testing
