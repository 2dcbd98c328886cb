// SPDX-License-Identifier: Apache-2.0

#include "stats/internal/tails.h"
#include "tests/reference/methods.h"

namespace insightloop::reference {
namespace {

namespace tails = stats::internal;

void Add(Methods& methods, const char* name, double (*value)(const Json& inputs)) {
  methods[name] = [value](const Json& inputs) -> absl::StatusOr<Json> {
    return Json{{"value", value(inputs)}};
  };
}

// A quantile from the side on which the probability has all its digits.
double Quantile(double p, std::optional<double> degrees_of_freedom) {
  return -tails::UpperQuantile(p, degrees_of_freedom);
}

}  // namespace

void AddDistributionMethods(Methods& methods) {
  Add(methods, "normal_cdf",
      [](const Json& in) { return tails::NormalUpperTail(-in.at("x").get<double>()).p; });
  Add(methods, "normal_sf", [](const Json& in) { return tails::NormalUpperTail(in.at("x")).p; });
  Add(methods, "normal_quantile",
      [](const Json& in) { return Quantile(in.at("p"), std::nullopt); });
  Add(methods, "student_t_two_sided_p",
      [](const Json& in) { return tails::StudentTTwoSidedTail(in.at("t"), in.at("df")).p; });
  Add(methods, "student_t_quantile",
      [](const Json& in) { return Quantile(in.at("p"), in.at("df").get<double>()); });
  Add(methods, "chi2_sf",
      [](const Json& in) { return tails::ChiSquareUpperTail(in.at("x"), in.at("df")).p; });
  Add(methods, "beta_cdf",
      [](const Json& in) { return tails::BetaLowerTail(in.at("x"), in.at("a"), in.at("b")); });
  Add(methods, "beta_quantile",
      [](const Json& in) { return tails::BetaLowerQuantile(in.at("p"), in.at("a"), in.at("b")); });
}

}  // namespace insightloop::reference
