// SPDX-License-Identifier: Apache-2.0

#include "stats/multiplicity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop::stats {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pointwise;

using Values = std::vector<double>;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

constexpr Correction kAll[] = {
    Correction::kBonferroni,
    Correction::kSidak,
    Correction::kHolm,
    Correction::kHolmSidak,
    Correction::kHochberg,
    Correction::kHommel,
    Correction::kBenjaminiHochberg,
    Correction::kBenjaminiYekutieli,
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Fifteen endpoints of a trial of thrombolysis, in Benjamini and Hochberg, Journal of the Royal
// Statistical Society B 57 (1995), section 4.2.
const Values& Endpoints() {
  static const auto& values =
      *new Values{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                  0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  return values;
}

// To the rounding of a few multiplications.
void ExpectAdjusted(Correction correction, const Values& p_values, const Values& expected) {
  EXPECT_THAT(AdjustPValues(correction, p_values),
              IsOkAndHolds(Pointwise(DoubleNear(1e-15), expected)));
}

TEST(AdjustPValuesTest, MatchesRForABenchmarkFamily) {
  // R 4.2.2 p.adjust(), printed to four decimals, all exact but for Benjamini's two.
  ExpectAdjusted(
      Correction::kBonferroni, Endpoints(),
      {0.0015, 0.0060, 0.0285, 0.1425, 0.3015, 0.4170, 0.4470, 0.5160, 0.6885, 1, 1, 1, 1, 1, 1});
  ExpectAdjusted(
      Correction::kHolm, Endpoints(),
      {0.0015, 0.0056, 0.0247, 0.1140, 0.2211, 0.2780, 0.2780, 0.2780, 0.3213, 1, 1, 1, 1, 1, 1});
  ExpectAdjusted(
      Correction::kHochberg, Endpoints(),
      {0.0015, 0.0056, 0.0247, 0.1140, 0.2211, 0.2682, 0.2682, 0.2752, 0.3213, 1, 1, 1, 1, 1, 1});
  ExpectAdjusted(Correction::kBenjaminiHochberg, Endpoints(),
                 {0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.447 / 7, 0.447 / 7, 0.0645, 0.0765,
                  0.486, 0.4262 * 15 / 11, 0.714875, 0.6528 * 15 / 13, 0.759 * 15 / 14, 1});
}

TEST(AdjustPValuesTest, RejectsAsManyEndpointsAsPublished) {
  // Benjamini and Hochberg, ibid.: at 0.05 Bonferroni and Hochberg reject three, they reject four.
  const auto rejected = [](Correction correction) {
    const auto adjusted = AdjustPValues(correction, Endpoints());
    return std::count_if(adjusted->begin(), adjusted->end(), [](double p) { return p <= 0.05; });
  };
  EXPECT_EQ(rejected(Correction::kBonferroni), 3);
  EXPECT_EQ(rejected(Correction::kHochberg), 3);
  EXPECT_EQ(rejected(Correction::kBenjaminiHochberg), 4);
}

TEST(AdjustPValuesTest, KeepsTheOrderOfTheInput) {
  // By hand, from the definitions; sorted: 0.005, 0.01, 0.03, 0.04, 0.55, 0.6. For Hommel's 0.09,
  // the subset of the upper four: min(4 * 0.03, 4 * 0.04 / 2, ...) = 0.08; of the upper three with
  // 0.03: min(3 * 0.03, 3 * 0.55 / 2, 0.6) = 0.09.
  const Values p_values = {0.01, 0.04, 0.03, 0.005, 0.55, 0.6};
  ExpectAdjusted(Correction::kBonferroni, p_values, {0.06, 0.24, 0.18, 0.03, 1, 1});
  ExpectAdjusted(Correction::kHolm, p_values, {0.05, 0.12, 0.12, 0.03, 1, 1});
  ExpectAdjusted(Correction::kHochberg, p_values, {0.05, 0.12, 0.12, 0.03, 0.6, 0.6});
  ExpectAdjusted(Correction::kHommel, p_values, {0.05, 0.12, 0.09, 0.03, 0.6, 0.6});
  ExpectAdjusted(Correction::kBenjaminiHochberg, p_values, {0.03, 0.06, 0.06, 0.03, 0.6, 0.6});
  // 1 + 1/2 + ... + 1/6 = 2.45.
  ExpectAdjusted(Correction::kBenjaminiYekutieli, p_values, {0.0735, 0.147, 0.147, 0.0735, 1, 1});
}

TEST(AdjustPValuesTest, KeepsTheDigitsOfSidak) {
  // 1 - 0.9^3 = 0.271; 1 - 0.5^3 = 0.875; stepwise 0.271, then 1 - 0.5^2 and 1 - 0.3.
  ExpectAdjusted(Correction::kSidak, {0.5, 0.1, 0.7}, {0.875, 0.271, 0.973});
  ExpectAdjusted(Correction::kHolmSidak, {0.5, 0.1, 0.7}, {0.75, 0.271, 0.75});
  // For small p it is m p (1 - (m - 1) p / 2 + ...).
  EXPECT_THAT(AdjustPValues(Correction::kSidak, Values{1e-20, 0, 1}),
              IsOkAndHolds(Pointwise(DoubleEq(), Values{3e-20, 0, 1})));
}

TEST(AdjustPValuesTest, GivesTiesTheSameValue) {
  // By hand; 1 + 1/2 + 1/3 = 11/6.
  const Values ties = {0.01, 0.01, 0.01};
  ExpectAdjusted(Correction::kHolm, ties, {0.03, 0.03, 0.03});
  ExpectAdjusted(Correction::kHolmSidak, ties, {0.029701, 0.029701, 0.029701});
  ExpectAdjusted(Correction::kHochberg, ties, ties);
  ExpectAdjusted(Correction::kHommel, ties, ties);
  ExpectAdjusted(Correction::kBenjaminiYekutieli, ties, {0.11 / 6, 0.11 / 6, 0.11 / 6});
}

TEST(AdjustPValuesTest, LeavesASingleTestAlone) {
  for (const Correction correction : kAll) {
    EXPECT_THAT(AdjustPValues(correction, Values{0.03}),
                IsOkAndHolds(Pointwise(DoubleEq(), Values{0.03})));
    EXPECT_THAT(AdjustLogPValues(correction, Values{-500}),
                IsOkAndHolds(Pointwise(DoubleEq(), Values{-500})));
  }
}

TEST(AdjustPValuesTest, GivesNothingForNothing) {
  for (const Correction correction : kAll) {
    EXPECT_THAT(AdjustPValues(correction, {}), IsOkAndHolds(IsEmpty()));
    EXPECT_THAT(AdjustLogPValues(correction, {}), IsOkAndHolds(IsEmpty()));
  }
}

TEST(AdjustPValuesTest, CountsTestsThatCouldNotBeMadeAsOnes) {
  const Values made = {0.004, 0.2, 0.03};
  const Values family = {0.004, 0.2, 0.03, 1, 1};
  for (const Correction correction : kAll) {
    const auto adjusted = AdjustPValues(correction, made, 5);
    auto expected = AdjustPValues(correction, family);
    ASSERT_THAT(expected, IsOk());
    expected->resize(3);
    EXPECT_THAT(adjusted, IsOkAndHolds(Pointwise(DoubleEq(), *expected)));
  }
}

TEST(AdjustLogPValuesTest, WorksWhereAPValueUnderflows) {
  // By hand: ln 3 is added to the smallest, ln 2 to the next, nothing to the last.
  const Values logs = {-2000, -0.5, -5000};
  const Values stepwise = {-2000 + std::log(2), -0.5, -5000 + std::log(3)};
  for (const Correction correction :
       {Correction::kHolm, Correction::kHolmSidak, Correction::kHochberg, Correction::kHommel}) {
    EXPECT_THAT(AdjustLogPValues(correction, logs), IsOkAndHolds(Pointwise(DoubleEq(), stepwise)));
  }
  EXPECT_THAT(AdjustLogPValues(Correction::kBonferroni, Values{-2000, -0.5, -kInfinity}),
              IsOkAndHolds(Pointwise(DoubleEq(), Values{-2000 + std::log(3), 0, -kInfinity})));
  EXPECT_THAT(AdjustLogPValues(Correction::kBenjaminiHochberg, logs),
              IsOkAndHolds(
                  Pointwise(DoubleEq(), Values{-2000 + std::log(1.5), -0.5, -5000 + std::log(3)})));
}

TEST(AdjustLogPValuesTest, KeepsTheDigitsOfSidakEverywhere) {
  // ln(1 - (1 - e^L)^m) with mpmath 1.3.0 at 2000 digits.
  struct Case {
    double log_p;
    std::size_t comparisons;
    double expected;
  };
  for (const Case& c :
       {Case{-2000, 3, -1998.9013877113318903}, Case{-40, 1'000'000, -26.184489442037850071},
        Case{-36, 1'000'000, -22.184489442151701921}, Case{-1, 3, -0.29112861540028264171},
        Case{-0.5, 50, -5.566021214358683731e-21}, Case{-1e-10, 3, -9.9999999985000000001e-31},
        Case{0, 3, 0}, Case{-kInfinity, 3, -kInfinity}}) {
    const auto adjusted = AdjustLogPValues(Correction::kSidak, Values{c.log_p}, c.comparisons);
    ASSERT_THAT(adjusted, IsOk());
    if (std::isinf(c.expected)) {
      EXPECT_EQ(adjusted->front(), c.expected);
    } else {
      EXPECT_NEAR(adjusted->front(), c.expected, std::abs(c.expected) * 1e-13);
    }
  }
}

// Simes' p-value of some tests.
double Simes(Values p_values) {
  std::sort(p_values.begin(), p_values.end());
  double p = 1;
  for (std::size_t k = 0; k < p_values.size(); ++k) {
    p = std::min(p,
                 p_values[k] * static_cast<double>(p_values.size()) / static_cast<double>(k + 1));
  }
  return p;
}

TEST(AdjustPValuesTest, IsHommelsClosedTesting) {
  // The definition itself: the largest Simes p-value of all subsets that contain the test.
  std::mt19937_64 random(20'261'125);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 200; ++round) {
    Values p_values(1 + random() % 7);
    for (double& p : p_values) p = std::pow(uniform(random), 3);
    Values expected(p_values.size(), 0);
    for (std::size_t subset = 1; subset < (std::size_t{1} << p_values.size()); ++subset) {
      Values inside;
      for (std::size_t k = 0; k < p_values.size(); ++k) {
        if ((subset >> k & 1) != 0) inside.push_back(p_values[k]);
      }
      for (std::size_t k = 0; k < p_values.size(); ++k) {
        if ((subset >> k & 1) != 0) expected[k] = std::max(expected[k], Simes(inside));
      }
    }
    EXPECT_THAT(AdjustPValues(Correction::kHommel, p_values),
                IsOkAndHolds(Pointwise(DoubleNear(1e-14), expected)));
  }
}

void ExpectProperties(Correction correction, const Values& p_values) {
  Values logs(p_values.size());
  std::transform(p_values.begin(), p_values.end(), logs.begin(),
                 [](double p) { return std::log(p); });
  const auto adjusted = AdjustPValues(correction, p_values);
  const auto log_adjusted = AdjustLogPValues(correction, logs);
  ASSERT_THAT(adjusted, IsOk());
  ASSERT_THAT(log_adjusted, IsOk());
  for (std::size_t k = 0; k < p_values.size(); ++k) {
    // Never smaller than unadjusted but for rounding, never above 1, and the same in logarithms.
    EXPECT_GE((*adjusted)[k], p_values[k] * (1 - 1e-15));
    EXPECT_LE((*adjusted)[k], 1);
    EXPECT_NEAR((*log_adjusted)[k], std::log((*adjusted)[k]), 1e-11);
    for (std::size_t j = 0; j < p_values.size(); ++j) {
      // Adjusting keeps the order of any two tests.
      if (p_values[j] <= p_values[k]) {
        EXPECT_LE((*adjusted)[j], (*adjusted)[k]);
      }
    }
  }
}

TEST(AdjustPValuesTest, HoldsItsPropertiesForRandomFamilies) {
  std::mt19937_64 random(20'261'122);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 300; ++round) {
    Values p_values(1 + random() % 20);
    for (double& p : p_values) p = std::pow(uniform(random), 4);
    for (const Correction correction : kAll) ExpectProperties(correction, p_values);
  }
}

TEST(AdjustPValuesTest, OrdersTheCorrectionsByTheirPower) {
  // Each rejects at least what the next does: Benjamini-Hochberg, Hommel, Hochberg, Holm,
  // Bonferroni.
  std::mt19937_64 random(20'261'123);
  std::uniform_real_distribution<double> uniform(0, 1);
  Values p_values(2000);
  for (double& p : p_values) p = std::pow(uniform(random), 4);
  Values before = p_values;
  for (const Correction correction :
       {Correction::kBenjaminiHochberg, Correction::kHommel, Correction::kHochberg,
        Correction::kHolm, Correction::kBonferroni}) {
    const auto adjusted = AdjustPValues(correction, p_values);
    ASSERT_THAT(adjusted, IsOk());
    for (std::size_t k = 0; k < p_values.size(); ++k) {
      EXPECT_GE((*adjusted)[k], before[k] * (1 - 1e-15));
    }
    before = *adjusted;
  }
}

TEST(AdjustPValuesTest, RejectsWhatIsNoPValue) {
  for (const double p : {-0.1, 1.5, kNan, kInfinity}) {
    EXPECT_THAT(AdjustPValues(Correction::kHolm, Values{0.5, 0.1, p}),
                StatusIs(kInvalid, HasSubstr("p_values[2] is ")));
  }
  for (const double log_p : {0.1, kNan, kInfinity}) {
    EXPECT_THAT(AdjustLogPValues(Correction::kHolm, Values{-1, log_p}),
                StatusIs(kInvalid, HasSubstr("log_p_values[1] is ")));
  }
}

TEST(AdjustPValuesTest, RejectsAFamilySmallerThanItsTests) {
  EXPECT_THAT(AdjustPValues(Correction::kHolm, Values{0.5, 0.1}, 1),
              StatusIs(kInvalid, HasSubstr("comparisons is 1")));
}

TEST(AdjustPValuesTest, TakesFamiliesOfAnySize) {
  // 1 + 1/2 + ... + 1/m is ln m + 0.57721566490153286 + 1 / (2 m) and less than 1e-20 of it more.
  const double sum = std::log(1e12) + 0.57721566490153286;
  const auto adjusted =
      AdjustPValues(Correction::kBenjaminiYekutieli, Values{1e-30}, std::size_t{1'000'000'000'000});
  ASSERT_THAT(adjusted, IsOk());
  EXPECT_NEAR(adjusted->front() / (1e-18 * sum), 1, 1e-12);
}

TEST(AdjustPValuesTest, RejectsAFamilyTooLargeForHommel) {
  EXPECT_THAT(
      AdjustPValues(Correction::kHommel, Values{0.1}, std::numeric_limits<std::size_t>::max()),
      StatusIs(kInvalid, HasSubstr("it must be at most 10000")));
}

}  // namespace
}  // namespace insightloop::stats
