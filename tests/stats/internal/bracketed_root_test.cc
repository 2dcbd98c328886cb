// SPDX-License-Identifier: Apache-2.0

#include "stats/internal/bracketed_root.h"

#include <gtest/gtest.h>

#include <cmath>

namespace insightloop::stats::internal {
namespace {

// The header promises 14 digits.
void ExpectFourteenDigits(double root, double expected) {
  EXPECT_NEAR(root, expected, 1e-14 * std::abs(expected));
}

TEST(BracketedRootTest, FindsTheSquareRootOfTwo) {
  ExpectFourteenDigits(BracketedRoot([](double x) { return x * x - 2; }, 1, 2), std::sqrt(2.0));
}

TEST(BracketedRootTest, TakesAFunctionThatFalls) {
  ExpectFourteenDigits(BracketedRoot([](double x) { return 1 - std::log(x); }, 1, 100),
                       std::exp(1.0));
}

TEST(BracketedRootTest, KeepsTheDigitsOfATinyRoot) {
  ExpectFourteenDigits(BracketedRoot([](double x) { return std::sqrt(x) - 3e-9; }, 1e-100, 1),
                       9e-18);
}

TEST(BracketedRootTest, IsNotMisledByAFlatFunction) {
  // (x - 1/3)^9 is below 1e-16 within 0.02 of its root; its sign is right all the same.
  ExpectFourteenDigits(BracketedRoot([](double x) { return std::pow(x - 1.0 / 3, 9); }, 0, 1),
                       1.0 / 3);
}

TEST(BracketedRootTest, FindsARootAtEitherEnd) {
  const auto identity = [](double x) { return x; };
  EXPECT_EQ(BracketedRoot(identity, 0, 1), 0);
  EXPECT_NEAR(BracketedRoot(identity, -1, 0), 0, 1e-300);
}

TEST(BracketedRootTest, GivesTheLowerEndWhereTheSignIsTheSame) {
  EXPECT_EQ(BracketedRoot([](double x) { return x; }, 1e-100, 1), 1e-100);
}

}  // namespace
}  // namespace insightloop::stats::internal
