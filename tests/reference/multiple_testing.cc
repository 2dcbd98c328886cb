// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "stats/multiplicity.h"
#include "tests/reference/methods.h"

namespace insightloop::reference {
namespace {

using stats::Correction;

constexpr std::array<std::pair<const char*, Correction>, 8> kCorrections = {{
    {"bonferroni", Correction::kBonferroni},
    {"sidak", Correction::kSidak},
    {"holm", Correction::kHolm},
    {"holm_sidak", Correction::kHolmSidak},
    {"hochberg", Correction::kHochberg},
    {"hommel", Correction::kHommel},
    {"bh", Correction::kBenjaminiHochberg},
    {"by", Correction::kBenjaminiYekutieli},
}};

absl::StatusOr<Json> AdjustPValues(const Json& inputs) {
  const std::vector<double> p_values = inputs.at("p_values");
  Json answer = Json::object();
  for (const auto& [name, correction] : kCorrections) {
    const auto adjusted = stats::AdjustPValues(correction, p_values);
    if (!adjusted.ok()) return adjusted.status();
    answer[name] = *adjusted;
    answer["rejected_at_0.05"][name] =
        std::count_if(adjusted->begin(), adjusted->end(), [](double p) { return p <= 0.05; });
  }
  return answer;
}

}  // namespace

void AddMultipleTestingMethods(Methods& methods) { methods["adjust_p_values"] = AdjustPValues; }

}  // namespace insightloop::reference
