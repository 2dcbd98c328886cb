// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <vector>

#include "stats/dirichlet_multinomial.h"
#include "stats/e_value.h"
#include "stats/sample_ratio.h"
#include "tests/reference/methods.h"
#include "tests/reference/read.h"

namespace insightloop::reference {
namespace {

using Counts = std::vector<std::int64_t>;
using Weights = std::vector<double>;

// The cases ask for the statistic however few the units.
constexpr double kAnyNumberOfUnits = 0;

absl::StatusOr<Json> ChiSquare(const Json& inputs) {
  const auto result = stats::TestSampleRatio(
      inputs.at("observed").get<Counts>(), inputs.at("weights").get<Weights>(), kAnyNumberOfUnits);
  if (!result.ok()) return result.status();
  return Json{{"chi2", result->chi_squared},
              {"df", result->degrees_of_freedom},
              {"p_value", result->p_value},
              {"log10_p_value", Log10(result->log_p_value)}};
}

absl::StatusOr<Json> ChiSquareOfArmsWithWeight(const Json& inputs) {
  const auto observed = inputs.at("observed").get<Counts>();
  const auto all_weights = inputs.at("weights").get<Weights>();
  Counts counts;
  Weights weights;
  for (std::size_t k = 0; k < all_weights.size(); ++k) {
    if (all_weights[k] == 0) continue;
    counts.push_back(observed.at(k));
    weights.push_back(all_weights[k]);
  }
  const auto result = stats::TestSampleRatio(counts, weights, kAnyNumberOfUnits);
  if (!result.ok()) return result.status();
  return Json{{"p_value_dropping_zero_weight_arms", result->p_value}};
}

// The evidence after each batch of units.
absl::StatusOr<std::vector<stats::SplitEvidence>> Readings(const Json& inputs,
                                                           const stats::DirichletPrior& prior) {
  const auto weights = inputs.at("null_probabilities").get<Weights>();
  Counts counts(weights.size());
  std::vector<stats::SplitEvidence> readings;
  for (const Json& increment : inputs.at("increments")) {
    for (std::size_t k = 0; k < counts.size(); ++k) {
      counts[k] += increment.at(k).get<std::int64_t>();
    }
    const auto evidence = stats::WeighSplit(counts, weights, prior);
    if (!evidence.ok()) return evidence.status();
    readings.push_back(*evidence);
  }
  return readings;
}

absl::StatusOr<Json> DirichletMultinomial(const Json& inputs) {
  const auto prior_weights = inputs.at("dirichlet_probability").get<Weights>();
  const auto readings = Readings(
      inputs, {.concentration = inputs.at("dirichlet_concentration"), .weights = prior_weights});
  if (!readings.ok()) return readings.status();
  std::vector<double> log_bayes_factors;
  Json posterior_probabilities = Json::array();
  for (const stats::SplitEvidence& evidence : *readings) {
    log_bayes_factors.push_back(evidence.log_bayes_factor);
    const auto probability =
        stats::PosteriorProbability(evidence.log_bayes_factor, inputs.value("prior_odds", 1.0));
    if (!probability.ok()) return probability.status();
    posterior_probabilities.push_back(*probability);
  }
  const auto log_p_values = stats::AlwaysValidLogPValues(log_bayes_factors);
  if (!log_p_values.ok()) return log_p_values.status();
  return Json{{"log_bayes_factor", log_bayes_factors},
              {"p_value", Exp(*log_p_values)},
              {"posterior_probability", posterior_probabilities}};
}

absl::StatusOr<Json> Published(const Json& inputs) {
  const auto parameters = inputs.at("dirichlet_alpha").get<Weights>();
  double concentration = 0;
  for (const double parameter : parameters) concentration += parameter;
  const auto readings = Readings(inputs, {.concentration = concentration, .weights = parameters});
  if (!readings.ok()) return readings.status();
  Json planned = Json::array();
  Json unplanned = Json::array();
  for (const stats::SplitEvidence& evidence : *readings) {
    planned.push_back(evidence.log_planned);
    unplanned.push_back(evidence.log_unplanned);
  }
  return Json{{"log_marginal_m0", planned}, {"log_marginal_m1", unplanned}};
}

}  // namespace

void AddSampleRatioMethods(Methods& methods) {
  methods["srm_chi2"] = ChiSquare;
  methods["srm_chi2_zero_weight"] = ChiSquareOfArmsWithWeight;
  methods["ssrm_dirichlet_multinomial"] = DirichletMultinomial;
  methods["ssrm_published"] = Published;
}

}  // namespace insightloop::reference
