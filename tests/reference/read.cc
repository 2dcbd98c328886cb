// SPDX-License-Identifier: Apache-2.0

#include "tests/reference/read.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "stats/mean_difference.h"
#include "stats/relative_lift.h"

namespace insightloop::reference {

double LevelOf(const Json& inputs) { return 1 - inputs.value("alpha", 0.05); }

double Covariance(const Sums& sums, long double units) {
  const long double centred = sums.products - sums.first / units * sums.second;
  constexpr long double kRounding = 1e-14L;
  if (std::abs(centred) < kRounding * std::abs(sums.products)) return 0;
  return static_cast<double>(centred / (units - 1));
}

stats::Moments ReadMoments(const Json& arm) {
  stats::Moments moments = {.count = arm.at("n"), .mean = 0, .sample_variance = {}};
  const long double units = moments.count;
  const long double sum = arm.at("sum").get<double>();
  if (units > 0) moments.mean = static_cast<double>(sum / units);
  if (units > 1) {
    moments.sample_variance = Covariance(
        {.first = sum, .second = sum, .products = arm.at("sum_squares").get<double>()}, units);
  }
  return moments;
}

absl::StatusOr<stats::Arms<stats::ArmEstimate>> EstimateMeans(
    const stats::Arms<stats::Moments>& arms) {
  const absl::StatusOr<stats::ArmEstimate> control = stats::EstimateMean(arms.control);
  if (!control.ok()) return control.status();
  const absl::StatusOr<stats::ArmEstimate> treatment = stats::EstimateMean(arms.treatment);
  if (!treatment.ok()) return treatment.status();
  return stats::Arms<stats::ArmEstimate>{.control = *control, .treatment = *treatment};
}

bool IsRelative(const Json& inputs) {
  return inputs.value("difference_type", "absolute") == "relative";
}

absl::StatusOr<stats::EffectEstimate> EffectOf(const stats::Arms<stats::ArmEstimate>& arms,
                                               const Json& inputs) {
  return IsRelative(inputs) ? stats::RelativeLiftByDelta(arms) : stats::Difference(arms);
}

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json OrNull(const absl::StatusOr<double>& value) { return value.ok() ? Json(*value) : Json(); }

Json OrNull(const absl::StatusOr<stats::Interval>& interval) {
  return interval.ok() ? ToJson(*interval) : Json();
}

double Log10(double natural_logarithm) { return natural_logarithm / std::numbers::ln10; }

Json Exp(const std::vector<double>& logarithms) {
  Json values = Json::array();
  for (const double logarithm : logarithms) values.push_back(std::exp(logarithm));
  return values;
}

void AddInterval(Json& answer, const char* name, const stats::EffectEstimate& estimate,
                 double level) {
  if (estimate.standard_error == 0) return;
  const absl::StatusOr<stats::Comparison> result = stats::Compare(estimate, level);
  answer[name] = result.ok() ? ToJson(result->interval) : Json();
}

void AddWaldInterval(Json& answer, const char* name, const stats::Proportion& share, double level) {
  const absl::StatusOr<stats::ArmEstimate> estimate = stats::EstimateProportion(share);
  if (!estimate.ok()) {
    answer[name] = Json();
    return;
  }
  AddInterval(answer, name, AgainstZero(*estimate), level);
  if (!answer.contains(name)) return;
  for (Json& end : answer[name]) end = std::clamp(end.get<double>(), 0.0, 1.0);
}

stats::EffectEstimate AgainstZero(const stats::ArmEstimate& arm) {
  return {.effect = arm.value,
          .standard_error = arm.standard_error,
          .degrees_of_freedom = arm.degrees_of_freedom};
}

}  // namespace insightloop::reference
