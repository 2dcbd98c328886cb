// SPDX-License-Identifier: Apache-2.0
//
// How fast stats/ is: the pass over two million units with a covariate, up to the adjusted
// comparison, and each closed-form test and interval on figures that are ready. Times are medians
// of processor time, so that what else runs on the machine shows little; the sum over the same
// memory says how fast the machine is.
//
// The last line is a JSON object:
//   pass_ms_2m     the pass, in milliseconds
//   sum_ms_2m      plain 64-bit sums over the same memory
//   pass_over_sum  their ratio
//   cap_ms_2m      a percentile cap of two million values
//   worst_test_us  the slowest of the tests and intervals, in microseconds

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <numeric>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "stats/balance.h"
#include "stats/caps.h"
#include "stats/confidence_sequence.h"
#include "stats/covariates.h"
#include "stats/joint_sums.h"
#include "stats/lee_bounds.h"
#include "stats/mean_difference.h"
#include "stats/mixture_ratio.h"
#include "stats/multiplicity.h"
#include "stats/planning.h"
#include "stats/proportion.h"
#include "stats/quantity.h"
#include "stats/relative_lift.h"
#include "stats/sample_ratio.h"
#include "stats/sample_ratio_sequence.h"
#include "stats/satisfaction.h"
#include "stats/strata.h"
#include "stats/two_proportions.h"
#include "stats/two_proportions_score.h"
#include "tests/bench/measuring.h"

namespace insightloop::stats {
namespace {

using bench::Must;

constexpr std::size_t kUnits = 2'000'000;
constexpr double kLevel = 0.95;

// Where results go, so that no compiler leaves the work out.
volatile double sink = 0;

// Median processor seconds of a call, over `repetitions` of `calls` each.
template <typename Function>
double MedianSeconds(Function&& function, int repetitions, int calls) {
  std::vector<double> seconds;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const std::clock_t start = std::clock();
    for (int call = 0; call < calls; ++call) function();
    seconds.push_back(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / calls);
  }
  return bench::MedianOf(std::move(seconds));
}

// Two arms in random order, an outcome in cents of which 70 % is 0, and what the unit spent before.
struct Table {
  std::vector<std::uint16_t> groups;
  std::vector<std::int64_t> outcome;
  std::vector<std::int64_t> covariate;
};

Table MakeTable() {
  std::mt19937_64 random(20'261'122);
  Table table;
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    const auto before = static_cast<std::int64_t>(random() % 20'000);
    const auto bought = static_cast<std::int64_t>(random() % 10 < 3);
    table.groups.push_back(static_cast<std::uint16_t>(random() % 2));
    table.covariate.push_back(before);
    table.outcome.push_back(bought * (before / 2 + static_cast<std::int64_t>(random() % 9'000)));
  }
  return table;
}

Adjustment OneCovariate() {
  return {.outcome = {.variable = 0, .over = {}}, .covariates = {{.variable = 1, .over = {}}}};
}

Arms<JointMoments> MomentsOf(const Table& table) {
  const std::vector<std::span<const std::int64_t>> columns = {table.outcome, table.covariate};
  std::vector<JointSums> sums(2, JointSums(columns.size()));
  Must(AddColumns(table.groups, columns, sums));
  const std::vector<double> resolutions = {0.01, 0.01};
  return {.control = Must(sums[0].ToMoments(resolutions)),
          .treatment = Must(sums[1].ToMoments(resolutions))};
}

void Pass(const Table& table) {
  const AdjustedArms adjusted = Must(AdjustForCovariates(MomentsOf(table), OneCovariate()));
  sink = Must(Compare(Must(Difference(adjusted.arms)), kLevel)).p_value;
}

void PlainSum(const Table& table) {
  std::int64_t sum = std::accumulate(table.groups.begin(), table.groups.end(), std::int64_t{0});
  sum = std::accumulate(table.outcome.begin(), table.outcome.end(), sum);
  sum = std::accumulate(table.covariate.begin(), table.covariate.end(), sum);
  sink = static_cast<double>(sum);
}

void Cap(const Table& table) {
  const std::vector<std::span<const std::int64_t>> columns = {table.covariate};
  sink = static_cast<double>(Must(PercentileCap(columns, 0.99)));
}

struct Test {
  const char* name;
  void (*run)();
};

constexpr Arms<Proportion> kShares = {{122, 21'306}, {189, 21'387}};
constexpr Moments kMoments = {.count = 21'306, .mean = 25, .sample_variance = 400};
constexpr Arms<ArmEstimate> kArms = {
    {.units = 21'306, .value = 25, .standard_error = 0.14, .degrees_of_freedom = 21'305},
    {.units = 21'387, .value = 25.5, .standard_error = 0.13, .degrees_of_freedom = 21'386}};

constexpr AnytimePlan kPlan = {.units = 42'693, .planned_units = 60'000, .alpha = 0.05};

JointMoments FourVariables() {
  return {.count = 20'000,
          .means = {5, 2, 4, 2},
          .covariances = {9, 3, 4, 1, 3, 4, 1, 2, 4, 1, 8, 2, 1, 2, 2, 5}};
}

// Every test and interval that is a closed form.
constexpr Test kTests[] = {
    {"CompareProportions", [] { sink = Must(CompareProportions(kShares, kLevel)).p_value; }},
    {"CompareMeans",
     [] {
       sink = Must(CompareMeans({kMoments, kMoments}, kLevel)).p_value;
     }},
    {"CompareMeans (9 units)",
     [] {
       constexpr Moments kFew = {.count = 9, .mean = 25, .sample_variance = 400};
       sink = Must(CompareMeans({kFew, kMoments}, kLevel)).p_value;
     }},
    {"TestAbove", [] { sink = Must(TestAbove(Must(Difference(kArms)), -0.5, kLevel)).p_value; }},
    {"EstimateRelativeLift",
     [] { sink = Must(EstimateRelativeLift(kArms, kLevel)).interval.lower; }},
    {"FiellerInterval", [] { sink = Must(FiellerInterval(kArms, kLevel)).lower; }},
    {"RelativeLiftByDelta",
     [] { sink = Must(Compare(Must(RelativeLiftByDelta(kArms)), kLevel)).p_value; }},
    {"EstimateQuantity (ratio)",
     [] {
       const JointMoments moments = FourVariables();
       const ArmEstimate arm = Must(EstimateQuantity(moments, {.variable = 0, .over = 1}));
       sink = Must(Compare(Must(Difference({arm, arm})), kLevel)).p_value;
     }},
    {"AdjustForCovariates (ratio)",
     [] {
       const JointMoments moments = FourVariables();
       const Adjustment adjustment = {.outcome = {.variable = 0, .over = 1},
                                      .covariates = {{.variable = 2, .over = 3}}};
       const AdjustedArms adjusted = Must(AdjustForCovariates({moments, moments}, adjustment));
       sink = Must(Compare(Must(Difference(adjusted.arms)), kLevel)).p_value;
     }},
    {"CombineStrata (5)",
     [] {
       const std::vector<std::vector<ArmEstimate>> strata(5, {kArms.control, kArms.treatment});
       const std::vector<ArmEstimate> arms = Must(CombineStrata(strata)).arms;
       sink = Must(Compare(Must(Difference({arms[0], arms[1]})), kLevel)).p_value;
     }},
    {"CompareNps",
     [] {
       const NpsCounts counts = {.promoters = 500, .passives = 300, .detractors = 200};
       sink = Must(CompareNps({counts, counts}, kLevel)).p_value;
     }},
    {"TestSampleRatio",
     [] {
       const std::vector<std::int64_t> counts = {21'306, 21'387};
       const std::vector<double> weights = {1, 1};
       sink = Must(TestSampleRatio(counts, weights)).p_value;
     }},
    {"MonitorSampleRatio (3 epochs)",
     [] {
       const std::vector<std::int64_t> counts = {21'306, 21'387};
       const std::vector<double> weights = {1, 1};
       const std::vector<SplitEpoch> epochs(3, {counts, weights});
       sink = Must(MonitorSampleRatio(epochs)).log_e_value;
     }},
    {"CompareBalance",
     [] {
       sink = Must(CompareBalance({kMoments, kMoments}, kPlan)).comparison.p_value;
     }},
    {"CompareAnytime", [] { sink = Must(CompareAnytime(Must(Difference(kArms)), kPlan)).p_value; }},
    {"TestAboveAnytime",
     [] { sink = Must(TestAboveAnytime(Must(Difference(kArms)), -0.5, kPlan)).p_value; }},
    {"CompareByMixtureRatio",
     [] {
       const MixtureRatioPlan plan = {.tau_squared = 0.01, .alpha = 0.05};
       sink = Must(CompareByMixtureRatio(Must(Difference(kArms)), plan)).comparison.p_value;
     }},
    {"PooledZTest", [] { sink = Must(PooledZTest(kShares, Alternative::kTwoSided)).p_value; }},
    {"WilsonInterval", [] { sink = Must(WilsonInterval(kShares.control, kLevel)).lower; }},
    {"NewcombeInterval", [] { sink = Must(NewcombeInterval(kShares, kLevel)).lower; }},
    {"AgrestiCaffoInterval", [] { sink = Must(AgrestiCaffoInterval(kShares, kLevel)).lower; }},
    {"LogRatioInterval", [] { sink = Must(LogRatioInterval(kShares, kLevel)).lower; }},
    {"ScoreTestAbove",
     [] {
       sink = Must(ScoreTestAbove(kShares, -0.001, ScoreVariance::kMiettinenNurminen)).p_value;
     }},
    {"NpsInterval",
     [] {
       sink = Must(NpsInterval({500, 300, 200}, kLevel)).lower;
     }},
    {"EstimateLeeBounds",
     [] {
       const std::vector<AnswerCount> control = {{-100, 200}, {0, 300}, {100, 500}};
       const std::vector<AnswerCount> treatment = {{-100, 250}, {0, 350}, {100, 520}};
       const LeeBounds bounds = Must(EstimateLeeBounds({{control, 2'000}, {treatment, 2'000}}));
       sink = bounds.effect.lower.effect;
     }},
    {"AdjustPValues (Holm, 20)",
     [] {
       const std::vector<double> p_values(20, 0.01);
       sink = Must(AdjustPValues(Correction::kHolm, p_values))[0];
     }},
    {"Power (anytime)",
     [] {
       const Design design = {.reading = Reading::kAnytime};
       sink =
           Must(Power(design, {.test = PlannedTest::kProportion, .baseline = 0.1}, 0.01, 30'000));
     }},
};

double WorstTestMicroseconds() {
  double worst = 0;
  for (const Test& test : kTests) {
    const double microseconds = 1e6 * MedianSeconds(test.run, 21, 500);
    absl::PrintF("%-32s %10.2f us\n", test.name, microseconds);
    worst = std::max(worst, microseconds);
  }
  return worst;
}

double Milliseconds(const char* name, const Table& table, void (*run)(const Table&)) {
  run(table);  // once, for the memory to be at hand
  const double milliseconds = 1e3 * MedianSeconds([&table, run] { run(table); }, 15, 1);
  absl::PrintF("%-32s %10.2f ms\n", name, milliseconds);
  return milliseconds;
}

int Main() {
  const Table table = MakeTable();
  const double pass = Milliseconds("2 million units, adjusted", table, Pass);
  const double sum = Milliseconds("plain sums over the same", table, PlainSum);
  const double cap = Milliseconds("percentile cap of 2 million", table, Cap);
  const double worst = WorstTestMicroseconds();
  absl::PrintF(
      "{\"pass_ms_2m\": %.3f, \"sum_ms_2m\": %.3f, \"pass_over_sum\": %.3f, \"cap_ms_2m\": %.3f, "
      "\"worst_test_us\": %.3f}\n",
      pass, sum, pass / sum, cap, worst);
  return 0;
}

}  // namespace
}  // namespace insightloop::stats

int main() { return insightloop::stats::Main(); }
