// SPDX-License-Identifier: Apache-2.0

#include <string>

#include "absl/status/status.h"
#include "stats/proportion.h"
#include "stats/two_proportions.h"
#include "stats/two_proportions_score.h"
#include "tests/reference/methods.h"
#include "tests/reference/read.h"

namespace insightloop::reference {
namespace {

using stats::Arms;
using stats::Interval;
using stats::Proportion;

Proportion ReadProportion(const Json& json) {
  return {.successes = json.at("x"), .trials = json.at("n")};
}

Arms<Proportion> ReadArms(const Json& inputs) {
  return {.control = ReadProportion(inputs.at("control")),
          .treatment = ReadProportion(inputs.at("treatment"))};
}

stats::Alternative ReadAlternative(const Json& inputs) {
  const std::string alternative = inputs.value("alternative", "two-sided");
  if (alternative == "greater") return stats::Alternative::kGreater;
  if (alternative == "less") return stats::Alternative::kLess;
  return stats::Alternative::kTwoSided;
}

// The two shapes of interval functions, as the methods of one field.
using SingleInterval = absl::StatusOr<Interval> (*)(const Proportion&, double level);
using ArmsInterval = absl::StatusOr<Interval> (*)(const Arms<Proportion>&, double level);

void AddDifferenceInterval(Methods& methods, const char* name, ArmsInterval function) {
  methods[name] = [function](const Json& inputs) -> absl::StatusOr<Json> {
    const auto interval = function(ReadArms(inputs), LevelOf(inputs));
    if (!interval.ok()) return interval.status();
    return Json{{"ci_diff", ToJson(*interval)}};
  };
}

void AddRatioInterval(Methods& methods, const char* name, ArmsInterval function) {
  methods[name] = [function](const Json& inputs) -> absl::StatusOr<Json> {
    const auto interval = function(ReadArms(inputs), LevelOf(inputs));
    if (!interval.ok()) return interval.status();
    Json answer = {{"ci_ratio", ToJson(*interval)}};
    const auto ratio = stats::RatioOfProportions(ReadArms(inputs));
    if (ratio.ok()) answer["ratio"] = *ratio;
    return answer;
  };
}

absl::StatusOr<Json> Pooled(const Json& inputs) {
  const auto test = stats::PooledZTest(ReadArms(inputs), ReadAlternative(inputs));
  if (!test.ok()) return test.status();
  return Json{{"difference", stats::internal::DifferenceOfShares(ReadArms(inputs))},
              {"z", test->statistic},
              {"p_value", test->p_value},
              {"log10_p_value", Log10(test->log_p_value)}};
}

absl::StatusOr<Json> Unpooled(const Json& inputs) {
  const auto comparison = stats::CompareProportions(ReadArms(inputs), LevelOf(inputs));
  if (!comparison.ok()) return comparison.status();
  return Json{{"difference", comparison->effect},
              {"se", comparison->standard_error},
              {"z", comparison->effect / comparison->standard_error},
              {"p_value", comparison->p_value},
              {"log10_p_value", Log10(comparison->log_p_value)}};
}

absl::StatusOr<Json> Wald(const Json& inputs) {
  const auto comparison = stats::CompareProportions(ReadArms(inputs), LevelOf(inputs));
  if (comparison.ok()) return Json{{"ci_diff", ToJson(comparison->interval)}};
  if (absl::IsFailedPrecondition(comparison.status())) {
    return NotOffered(
        "an interval of width 0 would claim certainty; without variance it is an error");
  }
  return comparison.status();
}

absl::StatusOr<Json> Noninferiority(const Json& inputs) {
  const Arms<Proportion> arms = ReadArms(inputs);
  const double margin = inputs.at("margin");
  const auto mn = ScoreTestAbove(arms, margin, stats::ScoreVariance::kMiettinenNurminen);
  const auto fm = ScoreTestAbove(arms, margin, stats::ScoreVariance::kFarringtonManning);
  if (!mn.ok()) return mn.status();
  if (!fm.ok()) return fm.status();
  Json answer = {{"z_miettinen_nurminen", mn->statistic},
                 {"p_miettinen_nurminen", mn->p_value},
                 {"z_farrington_manning", fm->statistic},
                 {"p_farrington_manning", fm->p_value}};
  const double level = LevelOf(inputs);
  const auto wald = stats::CompareProportions(arms, level);
  if (!wald.ok()) return answer;  // where Wald's variance is 0
  const auto above = stats::TestAbove(
      {.effect = wald->effect, .standard_error = wald->standard_error}, margin, level);
  if (!above.ok()) return above.status();
  answer["z_wald"] = (wald->effect - margin) / wald->standard_error;
  answer["p_wald"] = above->p_value;
  return answer;
}

}  // namespace

void AddProportionMethods(Methods& methods) {
  AddDifferenceInterval(methods, "ci_diff_agresti_caffo", stats::AgrestiCaffoInterval);
  AddDifferenceInterval(methods, "ci_diff_miettinen_nurminen", stats::ScoreDifferenceInterval);
  AddDifferenceInterval(methods, "ci_diff_newcombe", stats::NewcombeInterval);
  AddRatioInterval(methods, "ci_ratio_log", stats::LogRatioInterval);
  AddRatioInterval(methods, "ci_ratio_log_adjusted", stats::AdjustedLogRatioInterval);
  AddRatioInterval(methods, "ci_ratio_miettinen_nurminen", stats::ScoreRatioInterval);
  AddRatioInterval(methods, "ci_ratio_score", stats::ScoreRatioInterval);
  methods["ci_diff_wald"] = Wald;
  methods["noninferiority_diff"] = Noninferiority;
  methods["single_proportion_ci"] = [](const Json& inputs) -> absl::StatusOr<Json> {
    const Proportion proportion = ReadProportion(inputs);
    const double level = LevelOf(inputs);
    Json answer = {{"wilson", OrNull(stats::WilsonInterval(proportion, level))},
                   {"clopper_pearson", OrNull(stats::ClopperPearsonInterval(proportion, level))}};
    AddWaldInterval(answer, "wald", proportion, level);
    return answer;
  };
  for (const char* name : {"two_proportion_z_pooled", "two_proportion_z_pooled_degenerate",
                           "two_proportion_z_pooled_one_sided"}) {
    methods[name] = Pooled;
  }
  methods["two_proportion_z_unpooled"] = Unpooled;
}

}  // namespace insightloop::reference
