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
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pointwise;

using Values = std::vector<double>;

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

TEST(AdjustHolmTest, MatchesRForABenchmarkFamily) {
  // R 4.2.2 p.adjust(p, "holm"), printed to four decimals, all exact.
  EXPECT_THAT(AdjustHolm(Endpoints()),
              IsOkAndHolds(Pointwise(::testing::DoubleNear(1e-15),
                                     Values{0.0015, 0.0056, 0.0247, 0.1140, 0.2211, 0.2780, 0.2780,
                                            0.2780, 0.3213, 1, 1, 1, 1, 1, 1})));
}

TEST(AdjustBonferroniTest, MatchesRForABenchmarkFamily) {
  // R 4.2.2 p.adjust(p, "bonferroni").
  EXPECT_THAT(AdjustBonferroni(Endpoints()),
              IsOkAndHolds(Pointwise(::testing::DoubleNear(1e-15),
                                     Values{0.0015, 0.0060, 0.0285, 0.1425, 0.3015, 0.4170, 0.4470,
                                            0.5160, 0.6885, 1, 1, 1, 1, 1, 1})));
}

TEST(AdjustHolmTest, KeepsTheOrderOfTheInput) {
  // By hand: sorted 0.005, 0.01, 0.03, 0.04, 0.55, 0.6 times 6, 5, 4, 3, 2, 1; 0.04 * 3 = 0.12 =
  // 0.03 * 4; capped at 1.
  EXPECT_THAT(AdjustHolm(Values{0.01, 0.04, 0.03, 0.005, 0.55, 0.6}),
              IsOkAndHolds(Pointwise(DoubleEq(), Values{0.05, 0.12, 0.12, 0.03, 1, 1})));
  EXPECT_THAT(AdjustBonferroni(Values{0.01, 0.04, 0.03, 0.005, 0.55, 0.6}),
              IsOkAndHolds(Pointwise(DoubleEq(), Values{0.06, 0.24, 0.18, 0.03, 1, 1})));
}

TEST(AdjustHolmTest, GivesTiesTheSameValue) {
  EXPECT_THAT(AdjustHolm(Values{0.01, 0.01, 0.01}),
              IsOkAndHolds(Pointwise(DoubleEq(), Values{0.03, 0.03, 0.03})));
}

TEST(AdjustHolmTest, LeavesASingleTestAlone) {
  EXPECT_THAT(AdjustHolm(Values{0.03}), IsOkAndHolds(Pointwise(DoubleEq(), Values{0.03})));
  EXPECT_THAT(AdjustBonferroniLog(Values{-5}), IsOkAndHolds(Pointwise(DoubleEq(), Values{-5})));
}

TEST(AdjustHolmTest, GivesNothingForNothing) {
  EXPECT_THAT(AdjustBonferroni({}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(AdjustBonferroniLog({}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(AdjustHolm({}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(AdjustHolmLog({}), IsOkAndHolds(IsEmpty()));
}

TEST(AdjustHolmLogTest, WorksWhereAPValueUnderflows) {
  // By hand: ln 3 is added to the smallest, ln 2 to the next, nothing to the last.
  EXPECT_THAT(
      AdjustHolmLog(Values{-2000, -0.5, -5000}),
      IsOkAndHolds(Pointwise(DoubleEq(), Values{-2000 + std::log(2), -0.5, -5000 + std::log(3)})));
  EXPECT_THAT(AdjustBonferroniLog(Values{-2000, -0.5, -kInfinity}),
              IsOkAndHolds(Pointwise(DoubleEq(), Values{-2000 + std::log(3), 0, -kInfinity})));
}

TEST(AdjustmentsTest, HoldTheirPropertiesForRandomFamilies) {
  std::mt19937_64 random(20'261'122);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 1000; ++round) {
    Values p_values(1 + random() % 20);
    for (double& p : p_values) p = std::pow(uniform(random), 4);
    Values logs(p_values.size());
    std::transform(p_values.begin(), p_values.end(), logs.begin(),
                   [](double p) { return std::log(p); });
    const auto bonferroni = AdjustBonferroni(p_values);
    const auto holm = AdjustHolm(p_values);
    const auto log_holm = AdjustHolmLog(logs);
    ASSERT_THAT(bonferroni, IsOk());
    ASSERT_THAT(holm, IsOk());
    ASSERT_THAT(log_holm, IsOk());
    ASSERT_EQ(holm->size(), p_values.size());
    for (std::size_t k = 0; k < p_values.size(); ++k) {
      // Never smaller than unadjusted, never above 1; Holm rejects at least what Bonferroni does.
      EXPECT_GE((*holm)[k], p_values[k]);
      EXPECT_GE((*bonferroni)[k], (*holm)[k]);
      EXPECT_LE((*bonferroni)[k], 1);
      EXPECT_NEAR((*log_holm)[k], std::log((*holm)[k]), 1e-12);
      // Adjusting keeps the order of any two tests.
      for (std::size_t j = 0; j < p_values.size(); ++j) {
        if (p_values[j] <= p_values[k]) {
          EXPECT_LE((*holm)[j], (*holm)[k]);
        }
      }
    }
  }
}

TEST(AdjustmentsTest, RejectWhatIsNoPValue) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  for (const double p : {-0.1, 1.5, kNan, kInfinity}) {
    EXPECT_THAT(AdjustHolm(Values{0.5, 0.1, p}), StatusIs(kInvalid, HasSubstr("p_values[2] is ")));
    EXPECT_THAT(AdjustBonferroni(Values{p, 0.1}), StatusIs(kInvalid, HasSubstr("p_values[0] is ")));
  }
  for (const double log_p : {0.1, kNan, kInfinity}) {
    EXPECT_THAT(AdjustHolmLog(Values{-1, log_p}),
                StatusIs(kInvalid, HasSubstr("log_p_values[1] is ")));
    EXPECT_THAT(AdjustBonferroniLog(Values{-1, log_p}),
                StatusIs(kInvalid, HasSubstr("log_p_values[1] is ")));
  }
}

}  // namespace
}  // namespace insightloop::stats
