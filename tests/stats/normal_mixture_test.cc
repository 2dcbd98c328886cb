// SPDX-License-Identifier: Apache-2.0

#include "stats/normal_mixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::DoubleNear;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The figures of the authors' package confseq, from its tests, to 7 digits: at an intrinsic time of
// 100, tuned for it at 5 %.
TEST(NormalMixtureTest, MatchesItsAuthorsTwoSided) {
  EXPECT_THAT(NormalMixtureRho(100, 0.05), IsOkAndHolds(DoubleNear(12.60056, 1e-5)));
  const NormalMixture mixture = {.intrinsic_time = 100, .rho = *NormalMixtureRho(100, 0.05)};
  EXPECT_THAT(LogNormalMixture(mixture, 10), IsOkAndHolds(DoubleNear(-0.6510052, 1e-7)));
  EXPECT_THAT(NormalMixtureBound(mixture, 0.05), IsOkAndHolds(DoubleNear(30.35209, 1e-5)));
}

TEST(NormalMixtureTest, MatchesItsAuthorsOneSided) {
  const NormalMixture mixture = {.intrinsic_time = 100, .rho = *NormalMixtureRho(100, 0.1)};
  EXPECT_THAT(LogOneSidedNormalMixture(mixture, 10), IsOkAndHolds(DoubleNear(-0.06502391, 1e-8)));
  EXPECT_THAT(OneSidedNormalMixtureBound(mixture, 0.05), IsOkAndHolds(DoubleNear(27.66071, 1e-5)));
}

TEST(NormalMixtureTest, MatchesTheClosedForm) {
  // V = rho = 1 and S = 2: two-sided sqrt(1/2) e^1, one-sided that times 2 Phi(sqrt 2).
  const NormalMixture mixture = {.intrinsic_time = 1, .rho = 1};
  const double two_sided = 1 - std::log(2.0) / 2;
  EXPECT_THAT(LogNormalMixture(mixture, 2), IsOkAndHolds(DoubleNear(two_sided, 1e-15)));
  EXPECT_THAT(LogNormalMixture(mixture, -2), IsOkAndHolds(DoubleNear(two_sided, 1e-15)));
  EXPECT_THAT(LogOneSidedNormalMixture(mixture, 2),
              IsOkAndHolds(DoubleNear(two_sided + std::log(std::erfc(-1)), 1e-15)));
}

TEST(NormalMixtureTest, StartsAtOne) {
  // V = 0: M = exp(S^2 / (2 rho)), which is 1 for S = 0 and 1 / alpha at sqrt(-2 rho ln(alpha)).
  const NormalMixture mixture = {.intrinsic_time = 0, .rho = 2};
  EXPECT_THAT(LogNormalMixture(mixture, 0), IsOkAndHolds(0));
  EXPECT_THAT(LogOneSidedNormalMixture(mixture, 0), IsOkAndHolds(DoubleNear(0, 1e-15)));
  EXPECT_THAT(NormalMixtureBound(mixture, std::exp(-4.0)), IsOkAndHolds(DoubleNear(4, 1e-14)));
}

TEST(NormalMixtureTest, IsOneOverAlphaAtItsBound) {
  for (const double alpha : {1e-300, 1e-12, 0.05, 0.5, 0.99}) {
    for (const double rho : {1e-9, 0.1, 10.0, 1e9}) {
      const NormalMixture mixture = {.intrinsic_time = 100, .rho = rho};
      // The bound is right to the last digits; the logarithm has about twice its relative error.
      const double log_level = -std::log(alpha);
      const double tolerance = 1e-14 * (log_level + 30);
      EXPECT_THAT(LogNormalMixture(mixture, *NormalMixtureBound(mixture, alpha)),
                  IsOkAndHolds(DoubleNear(log_level, tolerance)));
      EXPECT_THAT(LogOneSidedNormalMixture(mixture, *OneSidedNormalMixtureBound(mixture, alpha)),
                  IsOkAndHolds(DoubleNear(log_level, tolerance)));
    }
  }
}

TEST(NormalMixtureTest, KeepsItsDigitsForSumsFarBelowZero) {
  // V = rho = 1, S = -300 (mpmath, 40 digits).
  EXPECT_THAT(LogOneSidedNormalMixture({.intrinsic_time = 1, .rho = 1}, -300),
              IsOkAndHolds(DoubleNear(-5.9295960482887181, 1e-14)));
}

TEST(NormalMixtureTest, DoesNotDependOnTheUnit) {
  const NormalMixture small = {.intrinsic_time = 50, .rho = 7};
  const NormalMixture large = {.intrinsic_time = 50e6, .rho = 7e6};
  EXPECT_NEAR(*LogNormalMixture(small, 20), *LogNormalMixture(large, 20e3), 1e-14);
  EXPECT_NEAR(*LogOneSidedNormalMixture(small, 20), *LogOneSidedNormalMixture(large, 20e3), 1e-14);
  EXPECT_NEAR(*OneSidedNormalMixtureBound(small, 0.05) * 1e3,
              *OneSidedNormalMixtureBound(large, 0.05), 1e-10);
}

TEST(NormalMixtureTest, NamesAWrongArgument) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const NormalMixture good = {.intrinsic_time = 1, .rho = 1};
  const NormalMixture no_time = {.intrinsic_time = -1, .rho = 1};
  const NormalMixture no_rho = {.intrinsic_time = 1, .rho = -1};
  EXPECT_THAT(NormalMixtureRho(0, 0.05), StatusIs(kInvalid, HasSubstr("intrinsic_time is 0")));
  EXPECT_THAT(NormalMixtureRho(1, 1), StatusIs(kInvalid, HasSubstr("alpha is 1")));
  for (const auto log_mixture : {LogNormalMixture, LogOneSidedNormalMixture}) {
    EXPECT_THAT(log_mixture(no_time, 1), StatusIs(kInvalid, HasSubstr("intrinsic_time is -1")));
    EXPECT_THAT(log_mixture(no_rho, 1), StatusIs(kInvalid, HasSubstr("rho is -1")));
    EXPECT_THAT(log_mixture(good, kInfinity), StatusIs(kInvalid, HasSubstr("sum is inf")));
  }
  for (const auto bound : {NormalMixtureBound, OneSidedNormalMixtureBound}) {
    EXPECT_THAT(bound(no_rho, 0.05), StatusIs(kInvalid, HasSubstr("rho is -1")));
    EXPECT_THAT(bound(good, 0), StatusIs(kInvalid, HasSubstr("alpha is 0")));
  }
}

TEST(NormalMixtureTest, RefusesResultsBeyondADouble) {
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  const NormalMixture far_apart = {.intrinsic_time = 1e300, .rho = 1e-300};
  EXPECT_THAT(LogNormalMixture({.intrinsic_time = 1, .rho = 1}, 1e200),
              StatusIs(kCannotSay, HasSubstr("beyond the range of a double")));
  EXPECT_THAT(NormalMixtureBound(far_apart, 0.05), StatusIs(kCannotSay, HasSubstr("rho 1e-300")));
  EXPECT_THAT(OneSidedNormalMixtureBound(far_apart, 0.05),
              StatusIs(kCannotSay, HasSubstr("rho 1e-300")));
}

TEST(NormalMixtureTest, RefusesARhoOrATimeBeyondADouble) {
  constexpr auto kCannotSay = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(NormalMixtureRho(5e-324, 0.05), StatusIs(kCannotSay, HasSubstr("rho")));
  EXPECT_THAT(NormalMixtureRho(1e308, 0.99), StatusIs(kCannotSay, HasSubstr("rho")));
  EXPECT_THAT(LogNormalMixture({.intrinsic_time = 1e308, .rho = 1e308}, 1),
              StatusIs(kCannotSay, HasSubstr("beyond the range of a double")));
}

}  // namespace
}  // namespace insightloop::stats
