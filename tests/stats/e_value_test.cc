// SPDX-License-Identifier: Apache-2.0

#include "stats/e_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(AlwaysValidLogPValuesTest, NeverRise) {
  EXPECT_THAT(AlwaysValidLogPValues(std::vector<double>{-1, 0.5, 0.25, 3, -kInfinity, 2}),
              IsOkAndHolds(ElementsAre(0, -0.5, -0.5, -3, -3, -3)));
}

TEST(AlwaysValidLogPValuesTest, AreThoseOfPZeroForAnInfiniteEValue) {
  EXPECT_THAT(AlwaysValidLogPValues(std::vector<double>{kInfinity, 0}),
              IsOkAndHolds(ElementsAre(-kInfinity, -kInfinity)));
}

TEST(AlwaysValidLogPValuesTest, AreNoneForNoReadings) {
  EXPECT_THAT(AlwaysValidLogPValues({}), IsOkAndHolds(IsEmpty()));
}

TEST(AlwaysValidLogPValuesTest, NamesAReadingThatIsNoNumber) {
  EXPECT_THAT(AlwaysValidLogPValues(std::vector<double>{0, std::nan("")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("log_e_values[1] is nan")));
}

}  // namespace
}  // namespace insightloop::stats
