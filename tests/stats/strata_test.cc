// SPDX-License-Identifier: Apache-2.0

#include "stats/strata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;

using Strata = std::vector<std::vector<ArmEstimate>>;

ArmEstimate Share(std::int64_t units, double share) {
  return {.units = units,
          .value = share,
          .standard_error = std::sqrt(share * (1 - share) / static_cast<double>(units))};
}

TEST(CombineStrataTest, SeesNoEffectWhereTheSharesOfArmsChanged) {
  // Simpson's paradox: 90 : 10 while everyone converts at 6 %, 50 : 50 while everyone does at 4 %.
  // Added up, the treatment converts 26/600 against 74/1400, 18 % less.
  const auto result = CombineStrata(Strata{{Share(90'000, 0.06), Share(10'000, 0.06)},
                                           {Share(50'000, 0.04), Share(50'000, 0.04)}});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->left_out, IsEmpty());
  ASSERT_EQ(result->arms.size(), 2);
  EXPECT_EQ(result->arms[0].units, 140'000);
  EXPECT_EQ(result->arms[1].units, 60'000);
  EXPECT_DOUBLE_EQ(result->arms[0].value, 0.05);
  EXPECT_DOUBLE_EQ(result->arms[1].value, 0.05);
  // By hand: half of each epoch's variance of the mean, squared.
  EXPECT_DOUBLE_EQ(result->arms[1].standard_error,
                   std::sqrt((0.0564 / 10'000 + 0.0384 / 50'000) / 4));
  EXPECT_EQ(result->arms[1].degrees_of_freedom, std::nullopt);
}

TEST(CombineStrataTest, WeighsByAllArmsAndCombinesDegreesOfFreedom) {
  // By hand: weights 300 / 400 and 100 / 400. Squared errors 9 * 4 / 16 and 1 * 4 / 16; degrees of
  // freedom (40/16)^2 / ((36/16)^2 / 99 + (4/16)^2 / 49).
  const auto result = CombineStrata(Strata{{{100, 8, 2, 99}, {100, 1, 1, 99}, {100, 0, 1, 99}},
                                           {{50, 4, 2, 49}, {50, 5, 1, 49}, {0, 0, 1, {}}},
                                           {{50, 4, 2, 49}, {0, 7, 0, {}}, {50, 0, 1, 49}}});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->left_out, ElementsAre(1, 2));
  EXPECT_EQ(result->arms[0].value, 8);

  const auto two =
      CombineStrata(Strata{{{100, 8, 2, 99}, {200, 1, 1, 199}}, {{50, 4, 2, 49}, {50, 5, 1, 49}}});
  ASSERT_THAT(two, IsOk());
  EXPECT_DOUBLE_EQ(two->arms[0].value, 7);
  EXPECT_DOUBLE_EQ(two->arms[1].value, 2);
  EXPECT_DOUBLE_EQ(two->arms[0].standard_error, std::sqrt(40.0 / 16));
  EXPECT_NEAR(two->arms[0].degrees_of_freedom.value(), 40.0 * 40 / (36.0 * 36 / 99 + 4.0 * 4 / 49),
              1e-11);
}

TEST(CombineStrataTest, OfOneStratumIsThatStratum) {
  const auto result = CombineStrata(Strata{{{70, 8, 2, 69}, {50, 1, 0.5, 49}}});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->arms[0].value, 8);
  EXPECT_EQ(result->arms[0].standard_error, 2);
  EXPECT_DOUBLE_EQ(result->arms[0].degrees_of_freedom.value(), 69);
}

TEST(CombineStrataTest, DropsSmallStrataAndReadsNothingElseOfThem) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto result =
      CombineStrata(Strata{{Share(50, 0.5), {49, nan, nan}}, {Share(50, 0.5), Share(50, 0.2)}});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->left_out, ElementsAre(0));
  EXPECT_EQ(result->arms[1].value, 0.2);
}

TEST(CombineStrataTest, RefusesWhenNoStratumIsLargeEnough) {
  EXPECT_THAT(CombineStrata(Strata{{Share(49, 0.5), Share(900, 0.5)}}),
              StatusIs(kCannotSay, HasSubstr("none of 1 strata has 50 units in every arm")));
  EXPECT_THAT(CombineStrata(Strata{}), StatusIs(kCannotSay, HasSubstr("none of 0 strata")));
}

TEST(CombineStrataTest, RefusesMoreUnitsThanFit) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(CombineStrata(Strata{{{most, 1, 1}, {50, 1, 1}}}),
              StatusIs(kCannotSay, HasSubstr("63 bits")));
}

TEST(CombineStrataTest, RejectsWrongArms) {
  EXPECT_THAT(CombineStrata(Strata{{}}), StatusIs(kInvalid, HasSubstr("strata[0].size is 0")));
  EXPECT_THAT(CombineStrata(Strata{{Share(50, 0.5), Share(50, 0.5)}, {Share(50, 0.5)}}),
              StatusIs(kInvalid, HasSubstr("strata[1].size is 1; it must be 2")));
  EXPECT_THAT(CombineStrata(Strata{{{60, 1, 1}, {-1, 1, 1}}}),
              StatusIs(kInvalid, HasSubstr("strata[0][1].units is -1")));
  EXPECT_THAT(CombineStrata(Strata{{{60, 1, 1}, {60, 1, -1}}}),
              StatusIs(kInvalid, HasSubstr("strata[0][1].standard_error is -1")));
}

}  // namespace
}  // namespace insightloop::stats
