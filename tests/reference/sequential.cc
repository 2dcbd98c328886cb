// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <cstdint>
#include <vector>

#include "stats/bernoulli_sequence.h"
#include "stats/confidence_sequence.h"
#include "stats/e_value.h"
#include "stats/mixture_ratio.h"
#include "stats/normal_mixture.h"
#include "stats/two_proportions.h"
#include "tests/reference/methods.h"
#include "tests/reference/read.h"

namespace insightloop::reference {
namespace {

using stats::AnytimePlan;
using stats::EffectEstimate;
using stats::MixtureRatio;
using stats::NormalMixture;

// The level where a case does not say: of fields that depend on none.
constexpr double kAnyAlpha = 0.05;

// -------------------------------------------------------------------------------------------------
// Asymptotic confidence sequences

AnytimePlan PlanOf(const Json& inputs, std::int64_t units) {
  return {.units = units,
          .planned_units = inputs.at("tuning_parameter").get<std::int64_t>(),
          .alpha = inputs.at("alpha")};
}

// rho as these cases define it, of a mean: 1 / sqrt of that of a sum.
Json MeanRho(const Json& inputs, double alpha) {
  const auto rho = stats::NormalMixtureRho(inputs.at("tuning_parameter"), alpha);
  return rho.ok() ? Json(1 / std::sqrt(*rho)) : Json();
}

absl::StatusOr<Json> HalfWidth(const Json& inputs) {
  const double alpha = inputs.at("alpha");
  const double units = inputs.at("n");
  const EffectEstimate estimate = {
      .effect = 0,
      .standard_error = std::sqrt(inputs.at("variance").get<double>() / units),
      .degrees_of_freedom = {}};
  const AnytimePlan plan = PlanOf(inputs, static_cast<std::int64_t>(units));
  const auto two_sided = stats::CompareAnytime(estimate, plan);
  if (!two_sided.ok()) return two_sided.status();
  const auto one_sided = stats::TestBelowAnytime(estimate, 0, plan);
  return Json{{"rho", MeanRho(inputs, alpha)},
              {"halfwidth", two_sided->interval.upper},
              {"rho_one_sided", MeanRho(inputs, 2 * alpha)},
              {"halfwidth_one_sided", one_sided.ok() ? Json(one_sided->bound) : Json()}};
}

absl::StatusOr<EffectEstimate> EffectOfMeans(const Json& inputs) {
  const auto arms = EstimateMeans({.control = ReadMoments(inputs.at("control")),
                                   .treatment = ReadMoments(inputs.at("treatment"))});
  if (!arms.ok()) return arms.status();
  return EffectOf(*arms, inputs);
}

absl::StatusOr<Json> AnytimeTest(const Json& inputs) {
  const auto effect = EffectOfMeans(inputs);
  if (!effect.ok()) return effect.status();
  const AnytimePlan plan = PlanOf(inputs, inputs.at("control").at("n").get<std::int64_t>() +
                                              inputs.at("treatment").at("n").get<std::int64_t>());
  const auto comparison = stats::CompareAnytime(*effect, plan);
  if (!comparison.ok()) return comparison.status();
  Json answer = {{"estimate", comparison->effect},
                 {"se", comparison->standard_error},
                 {"ci", ToJson(comparison->interval)},
                 {"p_value", comparison->p_value},
                 {"log_p_value", comparison->log_p_value}};
  const auto above = stats::TestAboveAnytime(*effect, 0, plan);
  const auto below = stats::TestBelowAnytime(*effect, 0, plan);
  answer["ci_greater"] = above.ok() ? Json{above->bound, "Infinity"} : Json();
  answer["ci_less"] = below.ok() ? Json{"-Infinity", below->bound} : Json();
  return answer;
}

// -------------------------------------------------------------------------------------------------
// Mixtures

absl::StatusOr<Json> Mixture(const Json& inputs) {
  const double alpha = inputs.at("alpha");
  const double sum = inputs.at("s");
  const auto rho = stats::NormalMixtureRho(inputs.at("v_opt"), alpha);
  if (!rho.ok()) return rho.status();
  const NormalMixture mixture = {.intrinsic_time = inputs.at("v"), .rho = *rho};
  Json answer = {{"rho", *rho},
                 {"log_mixture", OrNull(stats::LogNormalMixture(mixture, sum))},
                 {"bound", OrNull(stats::NormalMixtureBound(mixture, alpha))}};
  if (const auto other_rho = stats::NormalMixtureRho(inputs.at("v_opt"), 2 * alpha);
      other_rho.ok()) {
    const NormalMixture one_sided = {.intrinsic_time = inputs.at("v"), .rho = *other_rho};
    answer["one_sided_log_mixture"] = OrNull(stats::LogOneSidedNormalMixture(one_sided, sum));
    answer["one_sided_bound"] = OrNull(stats::OneSidedNormalMixtureBound(one_sided, alpha));
  }
  return answer;
}

absl::StatusOr<Json> BernoulliInterval(const Json& inputs) {
  const auto interval = stats::BernoulliSequenceInterval(
      {.successes = inputs.at("successes").get<std::int64_t>(),
       .trials = inputs.at("n").get<std::int64_t>()},
      {.planned_units = inputs.at("t_opt"), .alpha = inputs.at("alpha")});
  if (!interval.ok()) return interval.status();
  return Json{{"ci", ToJson(*interval)}};
}

// -------------------------------------------------------------------------------------------------
// Mixture likelihood ratios

// The difference between the means of n pairs of units.
EffectEstimate PairedEffect(double pairs, double difference, double variance_per_arm) {
  return {.effect = difference,
          .standard_error = std::sqrt(2 * variance_per_arm / pairs),
          .degrees_of_freedom = {}};
}

Json LookJson(const MixtureRatio& ratio) {
  return {{"log_likelihood_ratio", ratio.log_likelihood_ratio},
          {"p_value_at_this_look", ratio.comparison.p_value}};
}

absl::StatusOr<Json> NormalRatio(const Json& inputs) {
  const stats::MixtureRatioPlan plan = {.tau_squared = inputs.at("tau_squared"),
                                        .alpha = inputs.value("alpha", kAnyAlpha)};
  EffectEstimate estimate = PairedEffect(inputs.at("n_per_arm"), inputs.at("mean_difference"),
                                         inputs.at("variance_per_arm"));
  const auto ratio = stats::CompareByMixtureRatio(estimate, plan);
  if (!ratio.ok()) return ratio.status();
  // The half-width is the upper end around 0: it does not depend on the effect.
  estimate.effect = 0;
  const auto around_zero = stats::CompareByMixtureRatio(estimate, plan);
  if (!around_zero.ok()) return around_zero.status();
  Json answer = LookJson(*ratio);
  answer["ci_halfwidth"] = around_zero->comparison.interval.upper;
  return answer;
}

absl::StatusOr<Json> BernoulliRatio(const Json& inputs) {
  const auto trials = inputs.at("n_per_arm").get<std::int64_t>();
  const auto shares = stats::CompareProportions(
      {.control = {.successes = inputs.at("x_control").get<std::int64_t>(), .trials = trials},
       .treatment = {.successes = inputs.at("x_treatment").get<std::int64_t>(), .trials = trials}},
      1 - kAnyAlpha);
  if (!shares.ok()) return shares.status();
  const auto ratio =
      stats::CompareByMixtureRatio({.effect = shares->effect,
                                    .standard_error = shares->standard_error,
                                    .degrees_of_freedom = {}},
                                   {.tau_squared = inputs.at("tau_squared"), .alpha = kAnyAlpha});
  if (!ratio.ok()) return ratio.status();
  return LookJson(*ratio);
}

absl::StatusOr<Json> RatioSequence(const Json& inputs) {
  std::vector<double> log_ratios;
  for (std::size_t k = 0; k < inputs.at("n_per_arm").size(); ++k) {
    const auto ratio = stats::CompareByMixtureRatio(
        PairedEffect(inputs.at("n_per_arm")[k], inputs.at("mean_difference")[k],
                     inputs.at("variance_per_arm")),
        {.tau_squared = inputs.at("tau_squared"), .alpha = kAnyAlpha});
    if (!ratio.ok()) return ratio.status();
    log_ratios.push_back(ratio->log_likelihood_ratio);
  }
  const auto log_p_values = stats::AlwaysValidLogPValues(log_ratios);
  if (!log_p_values.ok()) return log_p_values.status();
  return Json{{"log_likelihood_ratio", log_ratios}, {"always_valid_p", Exp(*log_p_values)}};
}

}  // namespace

void AddSequentialMethods(Methods& methods) {
  methods["asymptotic_cs_halfwidth"] = HalfWidth;
  methods["asymptotic_cs_test"] = AnytimeTest;
  methods["normal_mixture"] = Mixture;
  methods["bernoulli_cs"] = BernoulliInterval;
  methods["msprt_normal"] = NormalRatio;
  methods["msprt_bernoulli"] = BernoulliRatio;
  methods["msprt_sequence"] = RatioSequence;
}

}  // namespace insightloop::reference
