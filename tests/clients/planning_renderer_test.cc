// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/planning_renderer.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

namespace insightloop::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::PlanExperimentResponse FromText(const char* json) {
  v1::PlanExperimentResponse planning;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &planning).ok());
  return planning;
}

v1::PlanExperimentResponse APlanning() {
  return FromText(R"({
    "experiment": "experiments/spring", "metric": "metrics/bought",
    "smallestEffect": {"value": 0.05, "scale": "RELATIVE"}, "absoluteEffect": 0.005,
    "baseline": 0.1, "maturingTime": "1296000s",
    "choices": [
      {"kind": "AS_PLANNED", "method": "ALWAYS_VALID", "alpha": 0.05, "power": 0.9,
       "units": "1470000", "days": "147", "price": 1.786, "equivalenceChance": 0.8},
      {"kind": "OTHER_METHOD", "method": "FIXED_HORIZON", "alpha": 0.05, "power": 0.9,
       "units": "823000", "days": "83", "price": 1, "equivalenceChance": 0.8}],
    "notes": ["The plan has no size."]})");
}

TEST(RenderPlanningTest, PutsThePlanFirstAndItsChoicesInATable) {
  EXPECT_EQ(
      RenderPlanning(APlanning(), false),
      R"(spring takes 1,470,000 units and 147 days to find an effect of 5 % (0.005) on bought; its last units mature 15 days later.
control 0.1

CHOICE        METHOD         ALPHA  POWER      UNITS  DAYS  PRICE  NO EFFECT SHOWN
as planned    always valid     5 %   90 %  1,470,000   147   1.79             80 %
other method  fixed horizon    5 %   90 %    823,000    83   1.00             80 %

Keep in mind
  - The plan has no size.
)");
}

TEST(RenderPlanningTest, SaysWhatIsInReach) {
  v1::PlanExperimentResponse planning = APlanning();
  planning.mutable_choices(0)->set_out_of_reach(true);
  planning.mutable_choices(0)->set_power_in_days(0.25);
  planning.mutable_choices(0)->set_detectable_effect(0.125);
  const std::string text = RenderPlanning(planning, false);
  EXPECT_THAT(text, HasSubstr("IN REACH  POWER IN TIME  EFFECT IN TIME\n"));
  EXPECT_THAT(text, HasSubstr("no                 25 %          12.5 %\n"));
  EXPECT_THAT(text, HasSubstr("yes                   –               –\n"));
}

TEST(RenderPlanningTest, ShowsAbsoluteEffectsInTheMetricsUnit) {
  v1::PlanExperimentResponse planning = APlanning();
  planning.mutable_smallest_effect()->set_scale(v1::EffectSize::ABSOLUTE);
  planning.mutable_smallest_effect()->set_value(2.5);
  planning.clear_baseline();
  planning.set_standard_deviation(12);
  planning.set_figures_units(1'200);
  planning.clear_maturing_time();
  EXPECT_THAT(RenderPlanning(planning, false),
              HasSubstr("to find an effect of 2.5 on bought.\n"
                        "standard deviation 12, of 1,200 units so far\n"));
}

TEST(RenderPlanningTest, IsSafeForATerminal) {
  v1::PlanExperimentResponse planning = APlanning();
  planning.set_metric("metrics/\033[2J");
  EXPECT_THAT(RenderPlanning(planning, false), Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace insightloop::cli
