// SPDX-License-Identifier: Apache-2.0

#include "stats/straight_lining.h"

#include <gtest/gtest.h>

#include <vector>

namespace insightloop::stats {
namespace {

TEST(AddQuestionnaireTest, CountsThoseOfOneValueAmongThoseLongEnough) {
  const std::vector<std::vector<double>> questionnaires = {
      {3, 3, 3, 3}, {3, 3, 3, 4}, {5, 5, 5, 5, 5, 5}, {4, 3, 3, 3}, {1, 1, 1}, {}};
  Proportion straight_lined;
  for (const std::vector<double>& answers : questionnaires) {
    straight_lined = AddQuestionnaire(straight_lined, answers);
  }
  // The last two have fewer than four answers.
  EXPECT_EQ(straight_lined.successes, 2);
  EXPECT_EQ(straight_lined.trials, 4);
}

}  // namespace
}  // namespace insightloop::stats
