// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "stats/quantile.h"
#include "tests/reference/methods.h"
#include "tests/reference/read.h"

namespace insightloop::reference {
namespace {

using ::insightloop::stats::ArmEstimate;

// Cases have every type of sample quantile; ours is type 1. Those of 0 and 1 are the ends.
absl::StatusOr<Json> SampleQuantile(const Json& in) {
  auto values = in.at("values").get<std::vector<double>>();
  std::sort(values.begin(), values.end());
  const auto units = static_cast<std::int64_t>(values.size());
  Json quantiles = Json::array();
  for (const double quantile : in.at("probs")) {
    std::int64_t rank = quantile < 0.5 ? 1 : units;
    if (quantile > 0 && quantile < 1) {
      const auto ranks = stats::RanksOfQuantile(units, quantile);
      if (!ranks.ok()) return ranks.status();
      rank = ranks->value;
    }
    quantiles.push_back(values[static_cast<std::size_t>(rank - 1)]);
  }
  return Json{{"type1", quantiles}};
}

// Cases give the values that n_star units have at the bounds of a 95 % interval, and make of n - 1
// what is n for us, in the variance and as degrees of freedom.
absl::StatusOr<ArmEstimate> ReadArm(const Json& arm) {
  constexpr double kRankErrors = 1.959963984540054;
  const double quantile = arm.at("nu");
  const std::int64_t units = arm.at("n_star");
  const double n_star = arm.at("n_star"), n = arm.at("n");
  const double rank = n_star * quantile;
  const double reach = kRankErrors * std::sqrt(rank * (1 - quantile));
  absl::StatusOr<ArmEstimate> estimate = stats::EstimateQuantile({.units = units,
                                                                  .value = arm.at("quantile_hat"),
                                                                  .lower = arm.at("quantile_lower"),
                                                                  .upper = arm.at("quantile_upper"),
                                                                  .lower_rank = rank - reach,
                                                                  .upper_rank = rank + reach},
                                                                 quantile);
  if (!estimate.ok()) return estimate.status();
  estimate->units = arm.at("n");
  estimate->standard_error *= std::sqrt(n_star / n * (n - 1) / n);
  estimate->degrees_of_freedom = n - 1;
  return estimate;
}

absl::StatusOr<Json> Difference(const Json& in) {
  const auto control = ReadArm(in.at("control"));
  if (!control.ok()) return control.status();
  const auto treatment = ReadArm(in.at("treatment"));
  if (!treatment.ok()) return treatment.status();
  const auto effect = EffectOf({.control = *control, .treatment = *treatment}, in);
  if (!effect.ok()) return effect.status();
  const auto result = stats::Compare(*effect, LevelOf(in));
  if (!result.ok()) return result.status();
  const auto variance = [](const ArmEstimate& arm) {  // per unit, as cases have it
    return arm.standard_error * arm.standard_error * static_cast<double>(arm.units);
  };
  return Json{{"variance_control", variance(*control)},
              {"variance_treatment", variance(*treatment)},
              {"estimate", result->effect},
              {"se", result->standard_error},
              {"df", *result->degrees_of_freedom},
              {"p_value", result->p_value},
              {"ci", ToJson(result->interval)}};
}

absl::StatusOr<Json> Degenerate(const Json& in) { return Json{{"computable", ReadArm(in).ok()}}; }

}  // namespace

void AddQuantileMethods(Methods& methods) {
  methods["gbstats_quantile_degenerate"] = Degenerate;
  methods["gbstats_quantile_difference"] = Difference;
  methods["sample_quantile"] = SampleQuantile;
}

}  // namespace insightloop::reference
