// SPDX-License-Identifier: Apache-2.0

#include "stats/dirichlet_multinomial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
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

using Counts = std::vector<std::int64_t>;
using Weights = std::vector<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double LogBayesFactor(const Counts& counts, const Weights& weights, double concentration,
                      const Weights& prior_weights) {
  const auto evidence =
      WeighSplit(counts, weights, {.concentration = concentration, .weights = prior_weights});
  EXPECT_THAT(evidence, IsOk());
  return evidence->log_bayes_factor;
}

TEST(WeighSplitTest, MatchesTheClosedFormOfAUniformPrior) {
  // A Beta(1, 1) prior against a fair split: two units apart (1 / 6) / (1 / 4), three together
  // (1 / 4) / (1 / 8).
  EXPECT_NEAR(LogBayesFactor({1, 1}, {1, 1}, 2, {1, 1}), std::log(2.0 / 3), 1e-15);
  EXPECT_NEAR(LogBayesFactor({3, 0}, {1, 1}, 2, {1, 1}), std::log(2.0), 1e-15);
}

TEST(WeighSplitTest, MatchesThePublishedExample) {
  // Lindon and Malek's package ssrm, test_sequential_posteriors: the marginal likelihoods of five
  // units, one after the other, in arms 1, 2, 1, 2 and 3, given to 15 digits.
  const std::array<std::size_t, 5> arms = {0, 1, 0, 1, 2};
  const std::array<double, 5> unplanned = {-1.0986122886681096, -2.4849066497880004,
                                           -3.401197381662155, -4.499809670330265,
                                           -6.4457198193855785};
  const std::array<double, 5> planned = {-0.916290731874155, -1.83258146374831, -2.748872195622465,
                                         -3.66516292749662, -5.27460083993072};
  const Weights prior_weights = {1, 1, 1};
  Counts counts(3);
  for (std::size_t k = 0; k < arms.size(); ++k) {
    ++counts[arms[k]];
    const auto evidence =
        WeighSplit(counts, Weights{0.4, 0.4, 0.2}, {.concentration = 3, .weights = prior_weights});
    ASSERT_THAT(evidence, IsOk());
    EXPECT_NEAR(evidence->log_unplanned, unplanned[k], 1e-13);
    EXPECT_NEAR(evidence->log_planned, planned[k], 1e-13);
    EXPECT_NEAR(evidence->log_bayes_factor, unplanned[k] - planned[k], 1e-13);
  }
}

TEST(WeighSplitTest, KeepsItsDigitsForBillionsOfUnits) {
  // mpmath, 60 digits; the formula with lgamma in doubles is off by 1e-3 here.
  EXPECT_NEAR(LogBayesFactor({500'001'500'000, 499'998'500'000}, {1, 1}, 10'000, {1, 1}),
              -4.7103654219646406, 1e-10);
  EXPECT_NEAR(LogBayesFactor({900'001'000, 99'999'000}, {9, 1}, 100, {9, 1}), -8.0619110136996558,
              1e-12);
}

TEST(WeighSplitTest, ExpectsNoChangeFromTheNextUnitUnderThePlan) {
  // A test martingale: the mean of B after one more unit, over the planned shares, is B.
  const Weights weights = {5, 3, 2};
  const Weights prior_weights = {1, 1, 4};
  for (const double concentration : {0.01, 1.0, 100.0, 1e6}) {
    for (const Counts& counts : {Counts{0, 0, 0}, Counts{1, 0, 7}, Counts{500, 290, 210}}) {
      const double now = LogBayesFactor(counts, weights, concentration, prior_weights);
      double growth = 0;
      for (std::size_t k = 0; k < counts.size(); ++k) {
        Counts next = counts;
        ++next[k];
        growth += weights[k] / 10 *
                  std::exp(LogBayesFactor(next, weights, concentration, prior_weights) - now);
      }
      EXPECT_NEAR(growth, 1, 1e-13);
    }
  }
}

TEST(WeighSplitTest, IsOneWithoutUnits) {
  EXPECT_EQ(LogBayesFactor({0, 0}, {1, 1}, 10, {1, 1}), 0);
}

TEST(WeighSplitTest, NamesAWrongArgument) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const Weights even = {1, 1};
  const DirichletPrior prior = {.concentration = 1, .weights = even};
  EXPECT_THAT(WeighSplit(Counts{1, -2}, even, prior),
              StatusIs(kInvalid, HasSubstr("unit_counts[1] is -2")));
  EXPECT_THAT(WeighSplit(Counts{1, 2}, Weights{1, 0}, prior),
              StatusIs(kInvalid, HasSubstr("weights[1] is 0")));
  EXPECT_THAT(WeighSplit(Counts{1, 2}, Weights{kInfinity, 1}, prior),
              StatusIs(kInvalid, HasSubstr("weights[0] is inf")));
  const Weights three = {1, 1, 1};
  EXPECT_THAT(WeighSplit(Counts{1, 2}, even, {.concentration = 1, .weights = three}),
              StatusIs(kInvalid, HasSubstr("prior.weights has 3")));
  EXPECT_THAT(WeighSplit(Counts{1, 2}, even, {.concentration = 0, .weights = even}),
              StatusIs(kInvalid, HasSubstr("prior.concentration is 0")));
}

TEST(PosteriorProbabilityTest, MatchesBayesRule) {
  // Odds of 3 and a Bayes factor of 2 are odds of 6.
  EXPECT_THAT(PosteriorProbability(std::log(2.0), 3), IsOkAndHolds(DoubleEq(6.0 / 7)));
  EXPECT_THAT(PosteriorProbability(kInfinity, 1), IsOkAndHolds(1));
  EXPECT_THAT(PosteriorProbability(-1e4, 1), IsOkAndHolds(0));
}

TEST(PosteriorProbabilityTest, NamesAWrongArgument) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(PosteriorProbability(std::nan(""), 1),
              StatusIs(kInvalid, HasSubstr("log_bayes_factor is nan")));
  EXPECT_THAT(PosteriorProbability(0, 0), StatusIs(kInvalid, HasSubstr("prior_odds is 0")));
}

}  // namespace
}  // namespace insightloop::stats
