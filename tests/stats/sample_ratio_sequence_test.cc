// SPDX-License-Identifier: Apache-2.0

#include "stats/sample_ratio_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

using Counts = std::vector<std::int64_t>;
using Weights = std::vector<double>;

struct Epoch {
  Counts unit_counts;
  Weights weights;
};

absl::StatusOr<SampleRatioEvidence> Monitor(const std::vector<Epoch>& epochs) {
  std::vector<SplitEpoch> spans;
  spans.reserve(epochs.size());
  for (const Epoch& epoch : epochs) {
    spans.push_back({.unit_counts = epoch.unit_counts, .weights = epoch.weights});
  }
  return MonitorSampleRatio(spans);
}

double LogEValue(const std::vector<Epoch>& epochs) {
  const auto evidence = Monitor(epochs);
  EXPECT_THAT(evidence, IsOk());
  return evidence->log_e_value;
}

TEST(MonitorSampleRatioTest, MatchesTheFormulaOfOneEpoch) {
  // By hand: one unit tells a fair split nothing, so does B = 1; two together have
  // B = (A/2 + 1) / (A + 1) * 2 = (A + 2) / (A + 1). With one epoch E = 3/4 E_1 + 1/4.
  EXPECT_NEAR(LogEValue({{{1, 0}, {1, 1}}}), 0, 1e-16);
  const double first = (10'002.0 / 10'001 + 102.0 / 101) / 2;
  EXPECT_NEAR(LogEValue({{{2, 0}, {1, 1}}}), std::log(0.75 * first + 0.25), 1e-15);
  // mpmath, 60 digits.
  EXPECT_NEAR(LogEValue({{{5'000, 4'700}, {1, 1}}}), 1.8881071492290639, 1e-13);
}

TEST(MonitorSampleRatioTest, MatchesTheFormulaOfTwoEpochs) {
  // mpmath, 60 digits: E = E_1 E_2 / 2 + (E_1 / 2 + E_2 / 4 + 1 / 4) / 2.
  EXPECT_NEAR(LogEValue({{{900, 130}, {9, 1}}, {{5'200, 4'800}, {1, 1}}}), 5.9282853021434284,
              1e-13);
}

TEST(MonitorSampleRatioTest, IsOneWithoutEpochsOrUnits) {
  EXPECT_EQ(LogEValue({}), 0);
  EXPECT_NEAR(LogEValue({{{0, 0}, {1, 1}}, {{0, 0, 0}, {1, 1, 8}}}), 0, 1e-15);
}

// Neither the next unit, in whatever epoch, nor the beginning of an epoch is expected to change E.
TEST(MonitorSampleRatioTest, IsATestMartingale) {
  const std::vector<Epoch> epochs = {{{80, 15}, {0.9, 0.1}}, {{40, 61}, {1, 1}}, {{7, 2}, {3, 1}}};
  const double now = LogEValue(epochs);
  for (std::size_t k = 0; k < epochs.size(); ++k) {
    const Weights& weights = epochs[k].weights;
    double growth = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      std::vector<Epoch> next = epochs;
      ++next[k].unit_counts[i];
      growth += weights[i] / (weights[0] + weights[1]) * std::exp(LogEValue(next) - now);
    }
    EXPECT_NEAR(growth, 1, 1e-14);
  }
  std::vector<Epoch> begun = epochs;
  begun.push_back({{0, 0}, {1, 1}});
  EXPECT_NEAR(LogEValue(begun), now, 1e-14);
}

TEST(MonitorSampleRatioTest, SeesAFaultThatBeginsAfterLongHealthyEpochs) {
  std::vector<Epoch> epochs(5, {{50'000, 50'000}, {1, 1}});
  EXPECT_LT(LogEValue(epochs), 0);
  epochs.push_back({{50'000, 47'500}, {1, 1}});
  EXPECT_GT(LogEValue(epochs), std::log(1'000));
}

TEST(MonitorSampleRatioTest, LeavesOutArmsThatAreToGetNoUnits) {
  EXPECT_EQ(LogEValue({{{500, 0, 430}, {1, 0, 1}}}), LogEValue({{{500, 430}, {1, 1}}}));
  EXPECT_NEAR(LogEValue({{{500, 0}, {1, 0}}}), 0, 1e-15);  // one arm is no split
}

TEST(MonitorSampleRatioTest, NamesTheArmThatShouldHaveNoUnits) {
  const auto evidence = Monitor({{{500, 499}, {1, 1}}, {{500, 430, 1, 1}, {1, 1, 0, 0}}});
  ASSERT_THAT(evidence, IsOk());
  EXPECT_EQ(evidence->log_e_value, std::numeric_limits<double>::infinity());
  ASSERT_TRUE(evidence->unplanned.has_value());
  EXPECT_EQ(evidence->unplanned->epoch, 1);
  EXPECT_EQ(evidence->unplanned->arm, 2);
}

TEST(MonitorSampleRatioTest, NamesAWrongArgument) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const Epoch good = {{1, 1}, {1, 1}};
  EXPECT_THAT(Monitor({good, {{1, 1}, {1, 1, 1}}}),
              StatusIs(kInvalid, HasSubstr("epochs[1].weights has 3")));
  EXPECT_THAT(Monitor({good, {{1, -1}, {1, 1}}}),
              StatusIs(kInvalid, HasSubstr("epochs[1].unit_counts[1] is -1")));
  EXPECT_THAT(Monitor({{{1, 1}, {1, -1}}}),
              StatusIs(kInvalid, HasSubstr("epochs[0].weights[1] is -1")));
  EXPECT_THAT(Monitor({{{0, 0}, {0, 0}}}),
              StatusIs(kInvalid, HasSubstr("epochs[0].weights has no positive weight")));
  EXPECT_THAT(Monitor({{{std::numeric_limits<std::int64_t>::max(), 1}, {1, 1}}}),
              StatusIs(kInvalid, HasSubstr("exceeds 63 bits")));
}

}  // namespace
}  // namespace insightloop::stats
