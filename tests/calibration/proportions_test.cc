// SPDX-License-Identifier: Apache-2.0
//
// Coverage of the intervals of two proportions with few units, summed exactly over all counts that
// can happen: nothing here is drawn.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "stats/comparison.h"
#include "stats/proportion.h"
#include "stats/two_proportions.h"
#include "stats/two_proportions_score.h"

namespace insightloop::calibration {
namespace {

using stats::Arms;
using stats::Interval;
using stats::Proportion;

constexpr double kLevel = 0.95;
using IntervalMethod = absl::StatusOr<Interval> (*)(const Arms<Proportion>&, double);

struct Truth {
  double share = 0;
  std::int64_t units = 0;
};

std::vector<double> Probabilities(const Truth& truth) {
  std::vector<double> probabilities;
  const auto n = static_cast<double>(truth.units);
  for (std::int64_t k = 0; k <= truth.units; ++k) {
    const auto x = static_cast<double>(k);
    probabilities.push_back(std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) -
                                     std::lgamma(n - x + 1) + x * std::log(truth.share) +
                                     (n - x) * std::log1p(-truth.share)));
  }
  return probabilities;
}

// The probability that the interval is there and covers `value`.
double CoverageOf(IntervalMethod method, const Arms<Truth>& truth, double value) {
  const std::vector<double> control = Probabilities(truth.control);
  const std::vector<double> treatment = Probabilities(truth.treatment);
  double coverage = 0;
  for (std::int64_t c = 0; c <= truth.control.units; ++c) {
    for (std::int64_t t = 0; t <= truth.treatment.units; ++t) {
      const auto interval = method({.control = {.successes = c, .trials = truth.control.units},
                                    .treatment = {.successes = t, .trials = truth.treatment.units}},
                                   kLevel);
      if (!interval.ok() || value < interval->lower || value > interval->upper) continue;
      coverage += control[static_cast<std::size_t>(c)] * treatment[static_cast<std::size_t>(t)];
    }
  }
  return coverage;
}

absl::StatusOr<Interval> WaldInterval(const Arms<Proportion>& arms, double level) {
  const auto comparison = stats::CompareProportions(arms, level);
  if (!comparison.ok()) return comparison.status();
  return comparison->interval;
}

const std::vector<Arms<Truth>> kTruths = {{{0.05, 40}, {0.1, 30}},
                                          {{0.02, 60}, {0.02, 60}},
                                          {{0.3, 25}, {0.5, 40}},
                                          {{0.9, 30}, {0.97, 30}}};

double Mean(IntervalMethod method, double (*value)(const Arms<Truth>&)) {
  double sum = 0;
  for (const Arms<Truth>& truth : kTruths) sum += CoverageOf(method, truth, value(truth));
  return sum / static_cast<double>(kTruths.size());
}

double TrueDifference(const Arms<Truth>& truth) {
  return truth.treatment.share - truth.control.share;
}

double TrueRatio(const Arms<Truth>& truth) { return truth.treatment.share / truth.control.share; }

// These methods are approximate: close to the level on average, three points below it at worst.
constexpr double kLeastMeanCoverage = kLevel - 0.01;
constexpr double kLeastCoverage = kLevel - 0.03;

TEST(IntervalsOfFewUnitsTest, CoverTheDifference) {
  for (const IntervalMethod method :
       {&stats::NewcombeInterval, &stats::AgrestiCaffoInterval, &stats::ScoreDifferenceInterval}) {
    EXPECT_GE(Mean(method, TrueDifference), kLeastMeanCoverage);
    for (const Arms<Truth>& truth : kTruths) {
      EXPECT_GE(CoverageOf(method, truth, TrueDifference(truth)), kLeastCoverage);
    }
  }
}

TEST(IntervalsOfFewUnitsTest, CoverTheDifferenceWhereWaldDoesNot) {
  // Two arms of 60 at 2 %: both without any success has a probability of 9 %, and then Wald has no
  // interval.
  EXPECT_LT(CoverageOf(WaldInterval, kTruths[1], 0), kLeastCoverage);
}

TEST(IntervalsOfFewUnitsTest, CoverTheRatio) {
  for (const Arms<Truth>& truth : {kTruths[2], kTruths[3]}) {
    EXPECT_GE(CoverageOf(stats::ScoreRatioInterval, truth, TrueRatio(truth)), kLeastCoverage);
    EXPECT_GE(CoverageOf(stats::LogRatioInterval, truth, TrueRatio(truth)), kLeastCoverage);
    EXPECT_GE(CoverageOf(stats::AdjustedLogRatioInterval, truth, TrueRatio(truth)), kLeastCoverage);
  }
}

TEST(IntervalsOfOneShareTest, CoverItOnAverageOrAlways) {
  for (const std::int64_t units : {10, 50, 200}) {
    double wilson = 0;
    int shares = 0;
    for (double share = 0.01; share < 1; share += 0.01) {
      const std::vector<double> probabilities = Probabilities({share, units});
      double of_wilson = 0, of_clopper_pearson = 0;
      for (std::int64_t x = 0; x <= units; ++x) {
        const Proportion seen = {.successes = x, .trials = units};
        const auto covers = [share](const absl::StatusOr<Interval>& interval) {
          return interval.ok() && interval->lower <= share && share <= interval->upper;
        };
        const double probability = probabilities[static_cast<std::size_t>(x)];
        if (covers(stats::WilsonInterval(seen, kLevel))) of_wilson += probability;
        if (covers(stats::ClopperPearsonInterval(seen, kLevel))) of_clopper_pearson += probability;
      }
      wilson += of_wilson;
      ++shares;
      EXPECT_GE(of_clopper_pearson, kLevel - 1e-9) << units << " units at " << share;
    }
    EXPECT_NEAR(wilson / shares, kLevel, 0.01) << units << " units";
  }
}

}  // namespace
}  // namespace insightloop::calibration
