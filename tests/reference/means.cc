// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <vector>

#include "stats/exact_sums.h"
#include "stats/posterior.h"
#include "tests/reference/methods.h"
#include "tests/reference/read.h"

namespace insightloop::reference {
namespace {

using ::insightloop::stats::EffectEstimate;
using ::insightloop::stats::ExactSums;
using ::insightloop::stats::Moments;
using ::insightloop::stats::OneSidedTest;

// Values as whole numbers of the last decimal that any of them has, as exact sums take them.
struct Steps {
  std::vector<std::int64_t> values;
  double resolution = 1;
};

// Digits after the point of the shortest decimal that means this double.
int Decimals(double value) {
  std::array<char, 400> text;  // the longest number in plain notation is shorter
  const char* end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  const char* point = std::find<const char*>(text.data(), end, '.');
  return point == end ? 0 : static_cast<int>(end - point) - 1;
}

Steps ToSteps(const std::vector<double>& values) {
  int decimals = 0;
  double largest = 1;
  for (const double value : values) {
    decimals = std::max(decimals, Decimals(value));
    largest = std::max(largest, std::abs(value));
  }
  // At most 18 digits fit a step count; a double has 17.
  decimals = std::min(decimals, 17 - static_cast<int>(std::log10(largest)));
  const long double scale = std::pow(10.0L, decimals);
  Steps steps = {.values = {}, .resolution = static_cast<double>(1 / scale)};
  for (const double value : values) steps.values.push_back(std::llroundl(value * scale));
  return steps;
}

std::vector<double> ReadDataSet(const Json& in) {
  if (in.contains("values")) return in.at("values");
  std::vector<double> values = {in.at("first")};
  const std::vector<double> pair = in.at("then_repeat");
  for (int k = 0; k < in.at("times").get<int>(); ++k) {
    values.insert(values.end(), pair.begin(), pair.end());
  }
  return values;
}

absl::StatusOr<Moments> MomentsOf(const std::vector<double>& values) {
  const Steps steps = ToSteps(values);
  ExactSums sums;
  for (const std::int64_t value : steps.values) sums.Add(value);
  return sums.ToMoments(steps.resolution);
}

absl::StatusOr<Json> MeanAndDeviation(const Json& in) {
  const absl::StatusOr<Moments> moments = MomentsOf(ReadDataSet(in));
  if (!moments.ok()) return moments.status();
  Json answer = {{"mean", moments->mean}, {"stddev", nullptr}, {"variance", nullptr}};
  if (moments->sample_variance.has_value()) {
    answer["variance"] = *moments->sample_variance;
    answer["stddev"] = std::sqrt(*moments->sample_variance);
  }
  return answer;
}

// An arm of a case, in the four shapes that they come in.
absl::StatusOr<Moments> ReadArm(const Json& arm) {
  if (arm.is_array()) return MomentsOf(arm);
  if (arm.contains("sum")) return ReadMoments(arm);
  Moments moments = {.count = arm.at("n"), .mean = 0, .sample_variance = {}};
  if (arm.contains("mean")) {
    moments.mean = arm.at("mean");
    moments.sample_variance = arm.at("variance").get<double>();
  } else {
    // gbstats takes p (1 - p) of a share, not divided by n - 1.
    const long double n = moments.count;
    const long double x = arm.at("x").get<double>();
    moments.mean = static_cast<double>(x / n);
    moments.sample_variance = static_cast<double>(x / n * ((n - x) / n));
  }
  return moments;
}

absl::StatusOr<EffectEstimate> ReadEffect(const Json& in) {
  const absl::StatusOr<Moments> control = ReadArm(in.at("control"));
  if (!control.ok()) return control.status();
  const absl::StatusOr<Moments> treatment = ReadArm(in.at("treatment"));
  if (!treatment.ok()) return treatment.status();
  const auto arms = EstimateMeans({.control = *control, .treatment = *treatment});
  if (!arms.ok()) return arms.status();
  return EffectOf(*arms, in);
}

absl::StatusOr<Json> TwoSided(const Json& in) {
  const absl::StatusOr<EffectEstimate> effect = ReadEffect(in);
  if (!effect.ok()) return effect.status();
  const auto result = stats::Compare(*effect, LevelOf(in));
  if (!result.ok()) return result.status();
  return Json{{"difference", result->effect},
              {"lift", result->effect},
              {"se", result->standard_error},
              {"t", result->effect / result->standard_error},
              {"df", *result->degrees_of_freedom},
              {"p_value", result->p_value},
              {"log10_p_value", Log10(result->log_p_value)},
              {"ci_diff", ToJson(result->interval)},
              {"ci", ToJson(result->interval)}};
}

// As gbstats takes the posterior: the prior's spread is a variance, and the risk of an arm is the
// expected loss of choosing it. The prior is of the relative effect, `scale` times which is the
// effect.
absl::StatusOr<Json> PosteriorOf(const EffectEstimate& effect, const Json& in, double scale) {
  std::optional<stats::NormalPrior> prior;
  if (const auto given = in.find("prior"); given != in.end() && !given->is_null()) {
    prior = {.mean = scale * given->at("mean").get<double>(),
             .standard_deviation = scale * std::sqrt(given->at("variance").get<double>())};
  }
  const auto posterior = stats::EstimatePosterior(effect, prior);
  if (!posterior.ok()) return posterior.status();
  Json answer = {{"expected", posterior->mean},
                 {"stddev", posterior->standard_deviation},
                 {"chance_to_win", posterior->chance_to_win},
                 {"risk_control", posterior->loss_of_control},
                 {"risk_treatment", posterior->loss_of_treatment}};
  AddInterval(answer, "ci",
              {.effect = posterior->mean, .standard_error = posterior->standard_deviation},
              LevelOf(in));
  return answer;
}

absl::StatusOr<Json> Posterior(const Json& in) {
  const absl::StatusOr<EffectEstimate> effect = ReadEffect(in);
  if (!effect.ok()) return effect.status();
  const absl::StatusOr<Moments> control = ReadArm(in.at("control"));
  if (!control.ok()) return control.status();
  return PosteriorOf(*effect, in, IsRelative(in) ? 1 : std::abs(control->mean));
}

absl::StatusOr<Json> Risk(const Json& in) {
  return PosteriorOf({.effect = in.at("mean"), .standard_error = in.at("stddev")}, in, 1);
}

// The intervals of these cases are of scipy 1.10, whose quantile (stdtrit) is good to eight digits
// where the degrees of freedom are few and not whole; the cases ask for nine.
bool ScipyKnowsQuantile(double degrees_of_freedom) {
  return degrees_of_freedom >= 100 ||
         std::abs(degrees_of_freedom - std::round(degrees_of_freedom)) < 1e-9;
}

absl::StatusOr<Json> FromSummary(const Json& in) {
  absl::StatusOr<Json> answer = TwoSided(in);
  if (answer.ok() && !ScipyKnowsQuantile(answer->at("df"))) answer->erase("ci_diff");
  return answer;
}

absl::StatusOr<Json> OneSided(const Json& in) {
  const absl::StatusOr<EffectEstimate> effect = ReadEffect(in);
  if (!effect.ok()) return effect.status();
  const absl::StatusOr<OneSidedTest> above = stats::TestAbove(*effect, 0, LevelOf(in));
  if (!above.ok()) return above.status();
  const absl::StatusOr<OneSidedTest> below = stats::TestBelow(*effect, 0, LevelOf(in));
  if (!below.ok()) return below.status();
  return Json{{"p_greater", above->p_value},
              {"ci_greater", {above->bound, "Infinity"}},
              {"p_less", below->p_value},
              {"ci_less", {"-Infinity", below->bound}}};
}

// gbstats also refuses what can be compared: then there is nothing to match.
absl::StatusOr<Json> Degenerate(const Json& in) {
  absl::StatusOr<Json> answer = TwoSided(in);
  if (!answer.ok()) return answer;
  return NotOffered(
      "gbstats refuses one arm without variance and, for a difference, a control mean of 0");
}

}  // namespace

void AddMeanMethods(Methods& methods) {
  methods["univariate_mean_stddev"] = MeanAndDeviation;
  methods["welch_t_raw"] = TwoSided;
  methods["welch_t_summary"] = FromSummary;
  methods["welch_t_degenerate"] = TwoSided;
  methods["t_one_sided_and_pooled"] = OneSided;
  methods["gbstats_two_sided_t"] = TwoSided;
  methods["gbstats_two_sided_t_proportion"] = TwoSided;
  methods["gbstats_one_sided_t"] = OneSided;
  methods["gbstats_degenerate"] = Degenerate;
  methods["gbstats_gaussian_effect"] = Posterior;
  methods["gbstats_risk"] = Risk;
}

}  // namespace insightloop::reference
