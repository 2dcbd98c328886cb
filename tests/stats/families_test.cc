// SPDX-License-Identifier: Apache-2.0

#include "stats/families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::DoubleEq;
using ::testing::HasSubstr;

using Alphas = std::vector<double>;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(AlphaPerComparisonTest, SharesTheLevelEqually) {
  // Definition: two treatments; harm of three guardrails in two treatments, six.
  EXPECT_THAT(AlphaPerComparison(0.05, 1), IsOkAndHolds(0.05));
  EXPECT_THAT(AlphaPerComparison(0.05, 2), IsOkAndHolds(0.025));
  EXPECT_THAT(AlphaPerComparison(0.06, 6), IsOkAndHolds(DoubleEq(0.01)));
}

TEST(AlphaPerPairTest, CountsThePairs) {
  // 1, 3 and 6 pairs of 2, 3 and 4 arms.
  EXPECT_THAT(AlphaPerPair(0.05, 2), IsOkAndHolds(0.05));
  EXPECT_THAT(AlphaPerPair(0.06, 3), IsOkAndHolds(DoubleEq(0.02)));
  EXPECT_THAT(AlphaPerPair(0.06, 4), IsOkAndHolds(DoubleEq(0.01)));
  // More arms than integers could count pairs of.
  EXPECT_THAT(AlphaPerPair(0.5, std::numeric_limits<std::int64_t>::max()), IsOk());
}

TEST(PowerOfEachTest, SharesTheChanceToMiss) {
  // 1 - 0.2 / 4: a primary and three guardrails.
  EXPECT_THAT(PowerOfEach(0.8, 1), IsOkAndHolds(DoubleEq(0.8)));
  EXPECT_THAT(PowerOfEach(0.8, 4), IsOkAndHolds(DoubleEq(0.95)));
}

TEST(CheckAlphaSplitTest, AllowsWhatAddsUpToTheLevel) {
  EXPECT_THAT(CheckAlphaSplit(Alphas{0.04, 0.01}, 0.05), IsOk());
  EXPECT_THAT(CheckAlphaSplit(Alphas{0.01}, 0.05), IsOk());
  EXPECT_THAT(CheckAlphaSplit(Alphas{0.1, 0.2}, 0.3), IsOk());  // 0.30000000000000004 in doubles
}

TEST(CheckAlphaSplitTest, RejectsASplitThatIsNone) {
  EXPECT_THAT(CheckAlphaSplit(Alphas{0.04, 0.011}, 0.05),
              StatusIs(kInvalid, HasSubstr("add up to 0.051")));
  EXPECT_THAT(CheckAlphaSplit(Alphas{0.04, 0}, 0.05), StatusIs(kInvalid, HasSubstr("alphas[1]")));
  EXPECT_THAT(CheckAlphaSplit({}, 0.05), StatusIs(kInvalid, HasSubstr("alphas is empty")));
  EXPECT_THAT(CheckAlphaSplit(Alphas{0.04}, 1), StatusIs(kInvalid, HasSubstr("alpha is 1")));
}

TEST(FamiliesTest, RejectsWrongArguments) {
  for (const double wrong : {0.0, 1.0, -0.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(AlphaPerComparison(wrong, 2), StatusIs(kInvalid, HasSubstr("alpha is ")));
    EXPECT_THAT(AlphaPerPair(wrong, 2), StatusIs(kInvalid, HasSubstr("alpha is ")));
    EXPECT_THAT(PowerOfEach(wrong, 2), StatusIs(kInvalid, HasSubstr("power is ")));
  }
  EXPECT_THAT(AlphaPerComparison(0.05, 0), StatusIs(kInvalid, HasSubstr("comparisons is 0")));
  EXPECT_THAT(AlphaPerPair(0.05, 1), StatusIs(kInvalid, HasSubstr("arms is 1")));
  EXPECT_THAT(PowerOfEach(0.8, -1), StatusIs(kInvalid, HasSubstr("metrics is -1")));
}

}  // namespace
}  // namespace insightloop::stats
