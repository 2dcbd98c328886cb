// SPDX-License-Identifier: Apache-2.0

#include "stats/mixture_ratio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

EffectEstimate Effect(double effect, double standard_error) {
  return {.effect = effect, .standard_error = standard_error, .degrees_of_freedom = {}};
}

TEST(CompareByMixtureRatioTest, MatchesTheMixtureItIsDefinedBy) {
  // Effect 0.3, standard error 0.1, tau 0.2: numerical integration of the normal likelihood over
  // the normal prior (mpmath, 40 digits).
  const auto result = CompareByMixtureRatio(Effect(0.3, 0.1), {.tau_squared = 0.04, .alpha = 0.05});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->log_likelihood_ratio, 2.7952810437829498, 1e-14);
  EXPECT_NEAR(result->comparison.p_value, 0.061097700790483081, 1e-15);
  EXPECT_NEAR(result->comparison.interval.lower, 0.3 - 0.3082389993889093, 1e-15);
  EXPECT_NEAR(result->comparison.interval.upper, 0.3 + 0.3082389993889093, 1e-15);
  EXPECT_EQ(result->comparison.interval.level, 0.95);
  EXPECT_EQ(result->comparison.degrees_of_freedom, std::nullopt);
}

TEST(CompareByMixtureRatioTest, MatchesTheClosedFormForATauOfOneStandardError) {
  // ln L = z^2 / 4 - ln(2) / 2; for z = 40, p = sqrt(2) e^-400.
  const auto result = CompareByMixtureRatio(Effect(-40, 1), {.tau_squared = 1, .alpha = 0.05});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->log_likelihood_ratio, 400 - std::log(2.0) / 2, 1e-12);
  EXPECT_EQ(result->comparison.log_p_value, -result->log_likelihood_ratio);
}

TEST(CompareByMixtureRatioTest, HasThePValueOneWhereTheRatioSpeaksForNoEffect) {
  // No effect at all and tau^2 = 3 s^2: L = 1 / 2.
  const auto result = CompareByMixtureRatio(Effect(0, 2), {.tau_squared = 12, .alpha = 0.05});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->log_likelihood_ratio, -std::log(2.0), 1e-15);
  EXPECT_EQ(result->comparison.p_value, 1);
}

TEST(CompareByMixtureRatioTest, RefusesWhatCannotBeTested) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  const MixtureRatioPlan plan = {.tau_squared = 1, .alpha = 0.05};
  EXPECT_THAT(CompareByMixtureRatio(Effect(1, 1), {.tau_squared = 0, .alpha = 0.05}),
              StatusIs(kInvalid, HasSubstr("tau_squared is 0")));
  EXPECT_THAT(CompareByMixtureRatio(Effect(1, 1), {.tau_squared = 1, .alpha = 1}),
              StatusIs(kInvalid, HasSubstr("alpha is 1")));
  EXPECT_THAT(CompareByMixtureRatio(Effect(std::nan(""), 1), plan),
              StatusIs(kInvalid, HasSubstr("effect is nan")));
  EXPECT_THAT(CompareByMixtureRatio(Effect(1, 0), plan),
              StatusIs(kCannotSay, HasSubstr("variance")));
  EXPECT_THAT(CompareByMixtureRatio(Effect(0, 1e-200), plan),
              StatusIs(kCannotSay, HasSubstr("beyond the range of a double")));
}

}  // namespace
}  // namespace insightloop::stats
