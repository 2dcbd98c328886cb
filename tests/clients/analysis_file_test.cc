// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/analysis_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cli/errors.h"
#include "tests/clients/temporary_file.h"
#include "tests/support/status_matchers.h"

namespace insightloop::cli {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  absl::StatusOr<CampaignPlan> plan;
  absl::StatusOr<CampaignData> data;
};

Outcome ReadCampaign(std::string_view text, AnalyzeArguments arguments) {
  const TemporaryFile file(text);
  arguments.files = {file.path()};
  if (arguments.arm.empty()) arguments.arm = "arm";
  if (arguments.control.empty()) arguments.control = "A";
  Outcome outcome{MakePlan(arguments), absl::UnknownError("not read")};
  EXPECT_THAT(outcome.plan, IsOk());
  auto files = CampaignFiles::Open(*outcome.plan);
  if (files.ok()) {
    outcome.data = files->Read(*outcome.plan);
  } else {
    outcome.data = files.status();
  }
  return outcome;
}

TEST(CampaignFilesTest, ReadsEachKindOfMetric) {
  const auto [plan, data] = ReadCampaign(
      "arm,visit,spend,nps\nA,1,2.5,10\nB,no,,\nA,TRUE,0,11\n",
      {.metrics = {"visit:proportion", "spend:mean", "nps:nps"}, .missing = {"NPS=11"}});
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(data->arms, ElementsAre("A", "B"));
  EXPECT_THAT(data->arm_units, ElementsAre(2, 1));
  EXPECT_THAT(data->metrics[0].states,
              ElementsAre(MetricColumn::kValue, MetricColumn::kNothing, MetricColumn::kValue));
  EXPECT_THAT(data->metrics[1].values, ElementsAre(2.5, 0, 0));
  EXPECT_EQ(data->metrics[1].empty_cells, 1);
  // Empty and coded alike: asked, not answered.
  EXPECT_THAT(data->metrics[2].states,
              ElementsAre(MetricColumn::kValue, MetricColumn::kAsked, MetricColumn::kAsked));
  EXPECT_EQ(data->problems.count(), 0);
}

TEST(CampaignFilesTest, LeavesRowsOutWholeAndSaysWhy) {
  const auto [plan, data] =
      ReadCampaign("arm,spend,q\nA,1,5\nA,one,5\nA,1,7\nB,-1,3\n,1,1\nB,2,2\nB,3\n",
                   {.metrics = {"spend:mean", "q:csat:5"}, .missing = {"spend=-1"}});
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(data->row, ElementsAre(2, 7));
  EXPECT_EQ(data->left_out, 1);
  ASSERT_EQ(data->problems.count(), 4);
  const auto& told = data->problems.told();
  EXPECT_EQ(told[0].row, 3);
  EXPECT_EQ(told[0].column, "spend");
  EXPECT_EQ(told[0].value, "one");
  EXPECT_EQ(told[0].problem, "not a number");
  EXPECT_EQ(told[1].problem, "not a whole number from 1 to 5");
  EXPECT_EQ(told[2].problem, "the arm is empty");
  EXPECT_THAT(told[3].problem, HasSubstr("2 cells"));
}

TEST(CampaignFilesTest, ReadsUnitsTimesAndSegments) {
  const auto [plan, data] = ReadCampaign(
      "arm,user,at,country,x\nA,u-1,2017-01-02,VN,1\nB,u-22,2017-01-01,,1\nB,u-3,soon,VN,1\n",
      {.unit = "user", .time = "at", .metrics = {"x:proportion"}, .segments = {"Country"}});
  ASSERT_THAT(data, IsOk());
  ASSERT_EQ(data->size(), 2U);
  EXPECT_EQ(data->unit(0), "u-1");
  EXPECT_EQ(data->unit(1), "u-22");
  EXPECT_EQ(data->time[0] - data->time[1], 86'400'000'000);
  EXPECT_EQ(data->segment_values[0][data->segments[0][0]], "VN");
  EXPECT_EQ(data->segment_values[0][data->segments[0][1]], "");
  EXPECT_EQ(data->problems.told()[0].problem, "not a time");
}

TEST(CampaignFilesTest, SuspectsAWrongColumnBehindMoreThanTwentyArms) {
  std::string text = "arm,x\n";
  for (int i = 0; i < 21; ++i) text += "v" + std::to_string(i) + ",1\n";
  const auto [plan, data] = ReadCampaign(text, {.metrics = {"x:proportion"}});
  EXPECT_THAT(data.status(), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("more than 20 different values")));
  EXPECT_THAT(TakeApart(data.status()).remedy, HasSubstr("Is it the right column?"));
}

TEST(CampaignFilesTest, RefusesAMissingCodeOfAColumnNobodyReads) {
  const auto [plan, data] =
      ReadCampaign("arm,x,y\nA,1,1\n", {.metrics = {"x:proportion"}, .missing = {"y=9"}});
  EXPECT_THAT(data.status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("does not use")));
}

TEST(FindControlTest, ListsTheArmsSeen) {
  auto [plan, data] =
      ReadCampaign("arm,x\nA,1\nB,1\nB,0\n", {.control = "C", .metrics = {"x:proportion"}});
  ASSERT_THAT(data, IsOk());
  const auto control = FindControl(*plan, *data);
  EXPECT_THAT(control, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("the control 'C' is not among the arms")));
  EXPECT_EQ(TakeApart(control.status()).remedy,
            "The arms with rows are: 'A' (1 row), 'B' (2 rows).");
  plan->control = "b";
  EXPECT_THAT(FindControl(*plan, *data), IsOkAndHolds(1U));
}

TEST(FindControlTest, NeedsSomethingToCompare) {
  const auto [plan, data] = ReadCampaign("arm,x\nA,1\nA,0\n", {.metrics = {"x:proportion"}});
  EXPECT_THAT(FindControl(*plan, *data),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("only one arm: 'A'")));
  const auto [empty_plan, empty] = ReadCampaign("arm,x\n", {.metrics = {"x:proportion"}});
  EXPECT_THAT(FindControl(*empty_plan, *empty),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no row")));
}

TEST(WeightsOfTest, AreEqualOrNameEveryArm) {
  auto [plan, data] = ReadCampaign("arm,x\nA,1\nB,1\n", {.metrics = {"x:proportion"}});
  EXPECT_THAT(WeightsOf(*plan, *data), IsOkAndHolds(ElementsAre(1, 1)));
  plan->weights = {{"A", 9}, {"B", 1}};
  EXPECT_THAT(WeightsOf(*plan, *data), IsOkAndHolds(ElementsAre(9, 1)));
  plan->weights = {{"A", 9}};
  EXPECT_THAT(WeightsOf(*plan, *data),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no weight for 'B'")));
  plan->weights = {{"A", 9}, {"B", 1}, {"C", 1}};
  EXPECT_THAT(WeightsOf(*plan, *data),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'C'")));
}

}  // namespace
}  // namespace insightloop::cli
