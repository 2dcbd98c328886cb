// SPDX-License-Identifier: Apache-2.0

#include <string>
#include <vector>

#include "stats/covariates.h"
#include "stats/quantity.h"
#include "tests/reference/methods.h"
#include "tests/reference/read.h"

namespace insightloop::reference {
namespace {

using ::insightloop::stats::ArmEstimate;
using ::insightloop::stats::Arms;
using ::insightloop::stats::EffectEstimate;
using ::insightloop::stats::JointMoments;
using ::insightloop::stats::Quantity;
using ::insightloop::stats::ThetaPooling;

// How an arm of a case names its variables, and their sums of products row by row above the
// diagonal.
struct Names {
  std::vector<std::string> variables;
  std::vector<std::string> products;
};

JointMoments ReadArm(const Json& arm, const Names& names) {
  const std::size_t variables = names.variables.size();
  JointMoments moments = {
      .count = arm.at("n"), .means = {}, .covariances = std::vector<double>(variables * variables)};
  const long double n = moments.count;
  std::vector<long double> sums;
  for (const std::string& name : names.variables) {
    sums.push_back(arm.at(name).at("sum").get<double>());
    moments.means.push_back(n > 0 ? static_cast<double>(sums.back() / n) : 0);
  }
  if (n < 2) return moments;
  auto product = names.products.begin();
  for (std::size_t i = 0; i < variables; ++i) {
    for (std::size_t j = i; j < variables; ++j) {
      const Json& products =
          i == j ? arm.at(names.variables[i]).at("sum_squares") : arm.at(*product++);
      const double covariance =
          Covariance({.first = sums[i], .second = sums[j], .products = products.get<double>()}, n);
      moments.covariances[i * variables + j] = covariance;
      moments.covariances[j * variables + i] = covariance;
    }
  }
  return moments;
}

Arms<JointMoments> ReadArms(const Json& in, const Names& names) {
  return {.control = ReadArm(in.at("control"), names),
          .treatment = ReadArm(in.at("treatment"), names)};
}

absl::StatusOr<Arms<ArmEstimate>> Estimate(const Arms<JointMoments>& arms,
                                           const Quantity& quantity) {
  const absl::StatusOr<ArmEstimate> control = stats::EstimateQuantity(arms.control, quantity);
  if (!control.ok()) return control.status();
  const absl::StatusOr<ArmEstimate> treatment = stats::EstimateQuantity(arms.treatment, quantity);
  if (!treatment.ok()) return treatment.status();
  return Arms<ArmEstimate>{.control = *control, .treatment = *treatment};
}

absl::StatusOr<Json> Test(const absl::StatusOr<EffectEstimate>& effect, const Json& in) {
  if (!effect.ok()) return effect.status();
  const auto result = stats::Compare(*effect, LevelOf(in));
  if (!result.ok()) return result.status();
  return Json{{"estimate", result->effect},
              {"se", result->standard_error},
              {"t", result->effect / result->standard_error},
              {"df", *result->degrees_of_freedom},
              {"p_value", result->p_value},
              {"ci", ToJson(result->interval)}};
}

absl::StatusOr<Json> Ratio(const Json& in) {
  const auto arms = Estimate(
      ReadArms(in, {.variables = {"numerator", "denominator"}, .products = {"sum_products"}}),
      {.variable = 0, .over = 1});
  if (!arms.ok()) return arms.status();
  absl::StatusOr<Json> answer = Test(EffectOf(*arms, in), in);
  if (!answer.ok()) return answer;
  const auto variance = [](const ArmEstimate& arm) {  // per unit, as cases have it
    return arm.standard_error * arm.standard_error * static_cast<double>(arm.units);
  };
  (*answer)["ratio_control"] = arms->control.value;
  (*answer)["ratio_treatment"] = arms->treatment.value;
  (*answer)["variance_control"] = variance(arms->control);
  (*answer)["variance_treatment"] = variance(arms->treatment);
  return answer;
}

absl::StatusOr<Json> Adjusted(const Json& in, const Arms<JointMoments>& arms,
                              const stats::Adjustment& adjustment) {
  const auto adjusted = stats::AdjustForCovariates(arms, adjustment);
  if (!adjusted.ok()) return adjusted.status();
  absl::StatusOr<Json> answer =
      Test(IsRelative(in) ? stats::AdjustedLiftOverCountedMean(arms, adjustment)
                          : stats::Difference(adjusted->arms),
           in);
  if (answer.ok()) (*answer)["theta"] = adjusted->theta[0];
  return answer;
}

// gbstats takes the derivative of these lifts at the ratio of the means as counted, which is not
// the lift: what depends on their standard error is left out.
absl::StatusOr<Json> AdjustedMean(const Json& in) {
  absl::StatusOr<Json> answer = Adjusted(
      in, ReadArms(in, {.variables = {"post", "pre"}, .products = {"post_pre_sum_products"}}),
      {.outcome = {.variable = 0, .over = {}},
       .covariates = {{.variable = 1, .over = {}}},
       .pooling = ThetaPooling::kPooledSample});
  if (!answer.ok() || !IsRelative(in)) return answer;
  for (const char* name : {"se", "t", "p_value", "ci"}) answer->erase(name);
  return answer;
}

absl::StatusOr<Json> AdjustedRatio(const Json& in) {
  return Adjusted(in,
                  ReadArms(in, {.variables = {"m_post", "d_post", "m_pre", "d_pre"},
                                .products = {"m_post_d_post", "m_post_m_pre", "m_post_d_pre",
                                             "m_pre_d_post", "d_post_d_pre", "m_pre_d_pre"}}),
                  {.outcome = {.variable = 0, .over = 1},
                   .covariates = {{.variable = 2, .over = 3}},
                   .pooling = ThetaPooling::kEqualArms});
}

}  // namespace

void AddRatioAndCovariateMethods(Methods& methods) {
  methods["ratio_delta"] = Ratio;
  methods["cuped_pooled_theta"] = AdjustedMean;
  methods["cuped_ratio"] = AdjustedRatio;
}

}  // namespace insightloop::reference
