// SPDX-License-Identifier: Apache-2.0

#include "engine/plan_rules.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "engine/resources.h"

namespace insightloop {
namespace {

constexpr double kMostUnequal = 1.5;

bool IsUnequal(const std::vector<Variant>& variants) {
  const double control = ControlOf(variants).weight;
  return std::any_of(variants.begin(), variants.end(), [&](const Variant& variant) {
    return variant.weight > 0 && std::max(control, 1.0 * variant.weight) >
                                     kMostUnequal * std::min(control, 1.0 * variant.weight);
  });
}

bool IsMoneyWithoutCap(const SealedPlan& plan, const Metric& metric) {
  if (metric.cap.has_value()) return false;
  if (metric.kind != MetricKind::kMean && metric.kind != MetricKind::kRatio) return false;
  const auto is_money = [&plan](const std::string& name) {
    const Event* const event = FindByName(plan.events, name);
    return event != nullptr && event->value_kind == ValueKind::kMoney;
  };
  return is_money(metric.event) ||
         (metric.denominator.has_value() && metric.denominator->sum_values &&
          is_money(metric.denominator->event));
}

// Where in a list.
std::string CoPrimaryField(std::size_t i, std::string_view field) {
  return absl::StrCat("plan.co_primaries[", i, "].", std::string(field));
}

}  // namespace

void CheckMoney(const SealedPlan& plan, const std::vector<Variant>& variants,
                Violations& violations) {
  if (!IsUnequal(variants)) return;
  std::set<std::string> deciding = {plan.hypothesis.primary_metric};
  for (const CoPrimary& co_primary : plan.plan.co_primaries) deciding.insert(co_primary.metric);
  for (const Guardrail& guardrail : plan.hypothesis.guardrails) deciding.insert(guardrail.metric);
  for (const std::string& name : deciding) {
    const Metric* const metric = FindByName(plan.metrics, name);
    if (metric == nullptr || !IsMoneyWithoutCap(plan, *metric)) continue;
    violations.Add("NEEDS_CAP", "variants",
                   absl::StrCat("have weights beyond 1.5 to 1, where the error rate of ", name,
                                ", money without a cap, is not assured; give it a cap, such as "
                                "cap.percentile 0.99, or more equal weights"));
  }
}

void CheckAutoPause(const SealedPlan& plan, Violations& violations) {
  if (!plan.plan.auto_pause || !plan.hypothesis.guardrails.empty()) return;
  violations.Add("NO_GUARDRAIL", "plan.auto_pause",
                 absl::StrCat("is set, but ", plan.hypothesis.meta.name,
                              " has no guardrail that could be harmed; give it one, or leave this "
                              "out"));
}

// NPS has no relative effect: its zero means nothing.
void CheckScale(const Metric& metric, const std::string& field,
                const std::optional<EffectSize>& size, Violations& violations) {
  if (!size.has_value() || size->scale != Scale::kRelative || metric.kind != MetricKind::kNps) {
    return;
  }
  violations.Add("RELATIVE_ON_NPS", field + ".scale",
                 absl::StrCat("is RELATIVE, but ", metric.meta.name,
                              " is an NPS, which has no relative effect; give ABSOLUTE points"));
}

// What a plan says of its primary metrics.
void CheckPrimaries(const SealedPlan& plan, Violations& violations) {
  const std::string& primary = plan.hypothesis.primary_metric;
  CheckScale(*FindByName(plan.metrics, primary), "plan.margin", plan.plan.margin, violations);
  for (std::size_t i = 0; i < plan.plan.co_primaries.size(); ++i) {
    const CoPrimary& co_primary = plan.plan.co_primaries[i];
    CheckScale(*FindByName(plan.metrics, co_primary.metric), CoPrimaryField(i, "smallest_effect"),
               co_primary.smallest_effect, violations);
    if (co_primary.metric == primary) {
      violations.Add(
          "DUPLICATE", CoPrimaryField(i, "metric"),
          absl::StrCat("is ", primary, ", the primary metric of the hypothesis; name another one"));
    }
  }
}

absl::Status CheckWindows(const SealedPlan& plan) {
  if (plan.external) return absl::OkStatus();
  for (const Metric& metric : plan.metrics) {
    if (!metric.window.has_value()) {
      return WrongState(
          "NO_WINDOW", plan.experiment,
          absl::StrCat("uses ", metric.meta.name, ", which has no window; set its window.length"));
    }
  }
  return absl::OkStatus();
}

}  // namespace insightloop
