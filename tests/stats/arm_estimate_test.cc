// SPDX-License-Identifier: Apache-2.0

#include "stats/arm_estimate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;

const ArmEstimate kGood = {.units = 10, .value = 1, .standard_error = 3, .degrees_of_freedom = 9};

TEST(DifferenceTest, AddsSquaredStandardErrors) {
  const auto result =
      Difference({kGood, {.units = 5, .value = 3.5, .standard_error = 4, .degrees_of_freedom = 4}});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->effect, 2.5);
  EXPECT_EQ(result->standard_error, 5);  // 3, 4, 5
  // Satterthwaite by hand: 25^2 / (9^2 / 9 + 16^2 / 4) = 625 / 73.
  ASSERT_TRUE(result->degrees_of_freedom.has_value());
  EXPECT_DOUBLE_EQ(*result->degrees_of_freedom, 625.0 / 73);
}

TEST(DifferenceTest, HasNoDegreesOfFreedomUnlessBothArmsHave) {
  const auto result = Difference({kGood, {.units = 5, .value = 3, .standard_error = 4}});
  ASSERT_THAT(result, IsOk());
  EXPECT_FALSE(result->degrees_of_freedom.has_value());
}

TEST(DifferenceTest, KeepsAZeroStandardError) {
  ArmEstimate constant = kGood;
  constant.standard_error = 0;
  const auto result = Difference({constant, constant});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->standard_error, 0);
  EXPECT_FALSE(result->degrees_of_freedom.has_value());
}

TEST(DifferenceTest, NamesTheArgumentThatIsWrong) {
  const auto with = [](auto change) {
    ArmEstimate arm = kGood;
    change(arm);
    return arm;
  };
  EXPECT_THAT(Difference({with([](ArmEstimate& arm) { arm.units = -1; }), kGood}),
              StatusIs(kInvalid, HasSubstr("control.units is -1")));
  EXPECT_THAT(Difference({kGood, with([](ArmEstimate& arm) { arm.value = kInfinity; })}),
              StatusIs(kInvalid, HasSubstr("treatment.value is inf")));
  EXPECT_THAT(Difference({kGood, with([](ArmEstimate& arm) { arm.standard_error = -2; })}),
              StatusIs(kInvalid, HasSubstr("treatment.standard_error is -2")));
  EXPECT_THAT(Difference({kGood, with([](ArmEstimate& arm) { arm.degrees_of_freedom = 0; })}),
              StatusIs(kInvalid, HasSubstr("treatment.degrees_of_freedom is 0")));
}

TEST(DifferenceTest, CannotSayWithoutUnits) {
  ArmEstimate empty = kGood;
  empty.units = 0;
  EXPECT_THAT(Difference({empty, kGood}), StatusIs(kCannotSay, HasSubstr("control.units is 0")));
}

TEST(DifferenceTest, CannotSayBeyondADouble) {
  EXPECT_THAT(Difference({{.units = 1, .value = -1.5e308}, {.units = 1, .value = 1.5e308}}),
              StatusIs(kCannotSay, HasSubstr("range of a double")));
}

TEST(DifferenceTest, KeepsDegreesOfFreedomInARange) {
  EXPECT_THAT(Difference({{9, 1, 1, 1e-310}, {9, 1, 1, 8}}),
              StatusIs(kInvalid, HasSubstr("control.degrees_of_freedom is ")));
  const auto difference = Difference({{9, 1, 1, 1.5e308}, {9, 1, 1, 1.5e308}});
  ASSERT_THAT(difference, IsOk());
  EXPECT_EQ(difference->degrees_of_freedom, std::numeric_limits<double>::max());
}

}  // namespace
}  // namespace insightloop::stats
