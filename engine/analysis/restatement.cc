// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/restatement.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "engine/analysis/wording.h"

namespace insightloop {
namespace {

std::string DecisionText(const Verdict& verdict) {
  const std::string decision(EnumName(verdict.decision));
  return verdict.ship_variant.empty() ? decision
                                      : absl::StrCat(decision, " ", verdict.ship_variant);
}

// The worst status of each kind of check.
std::map<Check, CheckStatus> StatusesOf(const Verdict& verdict) {
  std::map<Check, CheckStatus> statuses;
  for (const HealthCheck& check : verdict.health) {
    CheckStatus& status = statuses[check.check];
    status = std::max(status, check.status);
  }
  return statuses;
}

// The effect with its unit; `none` without one.
std::string EffectText(const Result& result) {
  return result.absolute_effect.has_value()
             ? DifferenceText(result.statistic, *result.absolute_effect)
             : "none";
}

const Result* FindSame(const Verdict& verdict, const Result& result) {
  const auto key = [](const Result& r) {
    return std::tie(r.metric, r.statistic, r.variant, r.segment);
  };
  const auto found = std::find_if(verdict.results.begin(), verdict.results.end(),
                                  [&](const Result& r) { return key(r) == key(result); });
  return found == verdict.results.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> ChangesBetween(const Verdict& before, const Verdict& after) {
  std::vector<std::string> changes;
  const auto add = [&changes](const std::string& what, const std::string& was,
                              const std::string& is) {
    if (was != is) changes.push_back(absl::StrCat(what, " was ", was, " and is ", is, "."));
  };
  add("The decision", DecisionText(before), DecisionText(after));
  const std::map<Check, CheckStatus> was = StatusesOf(before);
  for (const auto& [check, status] : StatusesOf(after)) {
    const auto known = was.find(check);
    if (known == was.end()) continue;
    add(std::string(EnumName(check)), std::string(EnumName(known->second)),
        std::string(EnumName(status)));
  }
  add("The number of matured units", Grouped(before.matured_units.value_or(0)),
      Grouped(after.matured_units.value_or(0)));
  for (const Result& result : after.results) {
    const Result* const same = result.segment.empty() ? FindSame(before, result) : nullptr;
    if (same == nullptr) continue;
    const std::string statistic = result.statistic == Statistic::kMeanScore ? "the mean of " : "";
    add(absl::StrCat("The effect of ", result.variant, " on ", statistic, result.metric),
        EffectText(*same), EffectText(result));
  }
  return changes;
}

}  // namespace insightloop
