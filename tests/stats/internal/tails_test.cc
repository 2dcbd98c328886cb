// SPDX-License-Identifier: Apache-2.0

#include "stats/internal/tails.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace insightloop::stats::internal {
namespace {

// Values called mpmath were computed with mpmath 1.3.0 at 40 digits: erfc(z / sqrt(2)) for the
// normal distribution, betainc(n/2, 1/2, 0, n / (n + t^2), regularized=True) or its hypergeometric
// series for Student's t, gammainc(n/2, x/2, inf, regularized=True) for chi-square.

void ExpectRelative(double value, double expected, double tolerance) {
  EXPECT_NEAR(value, expected, std::abs(expected) * tolerance);
}

TEST(NormalTwoSidedTailTest, IsRightFarOut) {
  // The argument's own rounding, times z^2 = 900, is worth 1e-13.
  const Tail tail = NormalTwoSidedTail(-30);
  ExpectRelative(tail.p, 9.8134278542963741e-198, 1e-12);  // mpmath
  ExpectRelative(tail.log_p, std::log(tail.p), 1e-14);
}

TEST(NormalTwoSidedTailTest, KeepsTheLogarithmWhereTheTailUnderflows) {
  ExpectRelative(NormalTwoSidedTail(38).log_p, -725.86406883826018, 1e-14);   // mpmath
  ExpectRelative(NormalTwoSidedTail(100).log_p, -5004.8310615136451, 1e-14);  // mpmath
  EXPECT_EQ(NormalTwoSidedTail(100).p, 0);
}

TEST(NormalTwoSidedTailTest, KeepsTheLogarithmNextToOne) {
  // P(|Z| < z) = sqrt(2 / pi) * z up to a relative z^2 / 6.
  ExpectRelative(NormalTwoSidedTail(1e-10).log_p, -std::sqrt(2 / std::numbers::pi) * 1e-10, 1e-9);
  EXPECT_EQ(NormalTwoSidedTail(0).p, 1);
  EXPECT_EQ(NormalTwoSidedTail(0).log_p, 0);
}

TEST(NormalLogUpperTailPlusHalfSquareTest, KeepsItsDigitsFarOut) {
  // mpmath, 40 digits.
  EXPECT_NEAR(NormalLogUpperTailPlusHalfSquare(-3), 4.4986491900352518, 1e-14);
  EXPECT_NEAR(NormalLogUpperTailPlusHalfSquare(0), -0.69314718055994531, 1e-15);
  EXPECT_NEAR(NormalLogUpperTailPlusHalfSquare(5), -2.5649983939887257, 1e-14);
  EXPECT_NEAR(NormalLogUpperTailPlusHalfSquare(25), -4.1394080080202589, 1e-14);
  EXPECT_NEAR(NormalLogUpperTailPlusHalfSquare(1e8), -19.339619277157038, 1e-13);
}

TEST(StudentTTwoSidedTailTest, MatchesTheClosedFormOfOneDegree) {
  // Cauchy: p = (2 / pi) * atan(1 / t).
  for (const double t : {0.001, 0.3, 1.0, 12.7, 19.9, 20.1, 1e6, 1e200}) {
    const double expected = 2 / std::numbers::pi * std::atan(1 / t);
    ExpectRelative(StudentTTwoSidedTail(t, 1).p, expected, 1e-13);
    ExpectRelative(StudentTTwoSidedTail(-t, 1).log_p, std::log(expected), 1e-11);
  }
}

TEST(StudentTTwoSidedTailTest, MatchesTheClosedFormOfTwoDegrees) {
  // p = 1 - t / sqrt(2 + t^2), written without the difference.
  for (const double t : {0.3, 1.0, 4.3, 19.9, 20.1, 1e6}) {
    const double root = std::sqrt(2 + t * t);
    ExpectRelative(StudentTTwoSidedTail(t, 2).p, 2 / (root * (root + t)), 1e-13);
  }
}

TEST(StudentTTwoSidedTailTest, KeepsAllDigitsNextToOne) {
  // One degree: 1 - p = (2 / pi) * atan(t). Boost's own tail is off by 3e-9 here.
  EXPECT_NEAR(StudentTTwoSidedTail(1e-8, 1).p, 1 - 2e-8 / std::numbers::pi, 1e-16);
  EXPECT_EQ(StudentTTwoSidedTail(0, 5).p, 1);
  EXPECT_EQ(StudentTTwoSidedTail(0, 5).log_p, 0);
}

TEST(StudentTTwoSidedTailTest, KeepsTheLogarithmWhereTheTailUnderflows) {
  ExpectRelative(StudentTTwoSidedTail(50, 30).log_p, -68.450790224891438, 1e-13);          // mpmath
  ExpectRelative(StudentTTwoSidedTail(134.5, 199'998).log_p, -8664.2406122971529, 1e-13);  // mpmath
  ExpectRelative(StudentTTwoSidedTail(700, 2e6).log_p, -219142.19722275947, 1e-13);        // mpmath
  EXPECT_EQ(StudentTTwoSidedTail(700, 2e6).p, 0);
}

TEST(StudentTTwoSidedTailTest, RunsIntoTheNormalDistribution) {
  // The two differ by about (t^4 + t^2) / (4 n) of themselves.
  for (const double t : {0.1, 2.0, 19.0, 21.0, 100.0}) {
    ExpectRelative(StudentTTwoSidedTail(t, 1e15).log_p, NormalTwoSidedTail(t).log_p, 1e-10);
    EXPECT_EQ(StudentTTwoSidedTail(t, 1e17).log_p, NormalTwoSidedTail(t).log_p);
  }
}

TEST(StudentTTwoSidedTailTest, HasNoStepWhereTheSeriesTakesOver) {
  for (const double degrees : {1.0, 5.5, 99.0, 1e5, 1e12}) {
    const double below = StudentTTwoSidedTail(std::nextafter(20.0, 0.0), degrees).log_p;
    const double above = StudentTTwoSidedTail(20, degrees).log_p;
    ExpectRelative(above, below, 1e-13);
  }
}

TEST(NonCentralTUpperTailTest, MatchesTheIntegral) {
  // mpmath 1.3.0 at 30 digits: the integral over the density of S, by Gauss-Legendre quadrature.
  struct Case {
    double t, degrees_of_freedom, non_centrality, expected;
  };
  for (const Case& c :
       {Case{2, 10, 1, 0.192388437469624738}, Case{2, 3, -1, 0.00996850063273091322},
        Case{12.706204736, 1, 50, 0.999912530428928103}, Case{35, 48, 40, 0.917093999322805107},
        Case{2, 1e6, 2.8, 0.788144514509404385}, Case{100, 2, 99, 0.624690405841901101},
        Case{0.5, 2.5, 0, 0.328848959934857345}, Case{25, 10, 30, 0.840917115495737686},
        Case{60, 5, 80, 0.886140232753923624}}) {
    EXPECT_NEAR(NonCentralTUpperTail(c.t, c.degrees_of_freedom, c.non_centrality), c.expected,
                1e-12)
        << c.t << " " << c.degrees_of_freedom << " " << c.non_centrality;
  }
}

TEST(NonCentralTUpperTailTest, IsStudentsTWhenCentred) {
  for (const double n : {1.0, 2.0, 7.5, 1000.0, 1e8, 1e11}) {
    EXPECT_NEAR(NonCentralTUpperTail(1.7, n, 0), UpperTail(1.7, n).p, 1e-11) << n;
  }
}

TEST(NonCentralTUpperTailTest, ForgetsTheNormalPartNextToALargeNonCentrality) {
  // One degree: P(S <= b) = P(|Z| <= b) = erf(b / sqrt(2)).
  EXPECT_NEAR(NonCentralTUpperTail(4000, 1, 2000), std::erf(0.5 / std::sqrt(2.0)), 1e-6);
  EXPECT_EQ(NonCentralTUpperTail(2, 1, -2000), 0);
  // Both sides of the change of formula, where the tail moves by less than the step itself.
  EXPECT_NEAR(NonCentralTUpperTail(2000, 1, 999.9), NonCentralTUpperTail(2000, 1, 1000.1), 1e-4);
}

TEST(ChiSquareUpperTailTest, MatchesTheClosedFormOfTwoDegrees) {
  // p = exp(-x / 2).
  for (const double x : {1e-6, 0.3, 10.0, 500.0, 1200.0}) {
    ExpectRelative(ChiSquareUpperTail(x, 2).p, std::exp(-x / 2), 1e-12);
  }
  for (const double x : {1e-6, 0.3, 10.0, 500.0, 1200.0, 2e3, 1e9}) {
    ExpectRelative(ChiSquareUpperTail(x, 2).log_p, -x / 2, 1e-13);
  }
}

TEST(ChiSquareUpperTailTest, IsTheTwoSidedNormalTailForOneDegree) {
  for (const double z : {0.01, 1.0, 3.0, 30.0, 40.0, 200.0}) {
    ExpectRelative(ChiSquareUpperTail(z * z, 1).log_p, NormalTwoSidedTail(z).log_p, 1e-12);
  }
}

TEST(ChiSquareUpperTailTest, KeepsTheLogarithmWhereTheTailUnderflows) {
  ExpectRelative(ChiSquareUpperTail(2000, 5).log_p, -989.92155032737345, 1e-13);  // mpmath
  ExpectRelative(ChiSquareUpperTail(1e5, 3).log_p, -49994.46931862031, 1e-13);    // mpmath
  EXPECT_EQ(ChiSquareUpperTail(0, 3).p, 1);
  EXPECT_EQ(ChiSquareUpperTail(0, 3).log_p, 0);
}

TEST(NormalUpperQuantileTest, InvertsTheTail) {
  ExpectRelative(NormalUpperQuantile(0.025), 1.95996398454005424, 1e-15);  // mpmath
  for (const double q : {0.4, 0.1, 1e-3, 1e-8, 1e-100}) {
    ExpectRelative(NormalTwoSidedTail(NormalUpperQuantile(q)).p, 2 * q, 1e-12);
  }
}

TEST(StudentTUpperQuantileTest, InvertsTheTail) {
  ExpectRelative(StudentTUpperQuantile(0.025, 1), std::tan(0.475 * std::numbers::pi), 1e-13);
  ExpectRelative(StudentTUpperQuantile(0.025, 5.5), 2.50185861758924039, 1e-14);  // mpmath
  for (const double degrees : {1.0, 3.3, 57.97, 36'671.2, 9.9e6, 1.1e7, 3e8, 1e12}) {
    for (const double q : {0.4, 0.025, 1e-3, 1e-8}) {
      const double t = StudentTUpperQuantile(q, degrees);
      ExpectRelative(StudentTTwoSidedTail(t, degrees).p, 2 * q, 1e-12);
    }
  }
}

TEST(BetaQuantileTest, MatchesTheClosedFormsOfOneParameterOne) {
  // P(X <= x) is x^a when b = 1, and 1 - (1-x)^b when a = 1.
  for (const double p : {1e-9, 0.025, 0.5, 0.9}) {
    for (const double c : {1.0, 3.5, 1e4}) {
      ExpectRelative(BetaLowerQuantile(p, c, 1), std::pow(p, 1 / c), 1e-14);
      ExpectRelative(BetaUpperQuantile(p, 1, c), -std::expm1(std::log(p) / c), 1e-13);
      ExpectRelative(BetaLowerQuantile(p, 1, c), -std::expm1(std::log1p(-p) / c), 1e-13);
    }
  }
}

TEST(StudentTUpperQuantileTest, HasNoAnswerWhereItWouldBeWrong) {
  EXPECT_TRUE(std::isnan(StudentTUpperQuantile(1e-120, 5)));
}

TEST(OneSidedQuantileTest, TakesLevelsNextToZero) {
  EXPECT_NEAR(OneSidedQuantile(1e-17), -8.493793224109598, 1e-13);  // mpmath, 30 digits
  EXPECT_EQ(OneSidedQuantile(0.75, 4), -OneSidedQuantile(0.25, 4));
}

}  // namespace
}  // namespace insightloop::stats::internal
