// SPDX-License-Identifier: Apache-2.0

#include "engine/sealing.h"

#include <openssl/sha.h>

#include <array>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/condition_rules.h"
#include "engine/domain/json.h"
#include "engine/resources.h"

namespace insightloop {
namespace {

// Full copies of the named definitions, in order of their names. `where` names the field that holds
// the names.
template <class T>
absl::Status Copy(ResourceStore::Transaction& store, std::string_view where,
                  const std::set<std::string>& names, std::vector<T>& copies) {
  for (const std::string& name : names) {
    auto definition = Load<T>(store, where, name);
    if (!definition.ok()) return definition.status();
    copies.push_back(*std::move(definition));
  }
  return absl::OkStatus();
}

// Adds the attributes and the segments that conditions name. Error: as ConditionsOf().
absl::Status AddNames(const std::vector<Condition>& tree, const std::string& filter,
                      std::set<std::string>& attributes, std::set<std::string>& segments) {
  const auto conditions = ConditionsOf(tree, filter);
  if (!conditions.ok()) return conditions.status();
  VisitConditions(*conditions, [&](const Condition& condition) {
    if (!condition.attribute.empty()) attributes.insert(condition.attribute);
    if (!condition.segment.empty()) segments.insert(condition.segment);
  });
  return absl::OkStatus();
}

}  // namespace

std::set<std::string> MetricsOf(const Hypothesis& hypothesis, const AnalysisPlan& plan) {
  std::set<std::string> names(plan.secondary_metrics.begin(), plan.secondary_metrics.end());
  names.insert(hypothesis.primary_metric);
  for (const CoPrimary& co_primary : plan.co_primaries) names.insert(co_primary.metric);
  if (!hypothesis.mechanism_metric.empty()) names.insert(hypothesis.mechanism_metric);
  if (!hypothesis.delivery_metric.empty()) names.insert(hypothesis.delivery_metric);
  for (const Guardrail& guardrail : hypothesis.guardrails) names.insert(guardrail.metric);
  return names;
}

void FillPlanDefaults(AnalysisPlan& plan) {
  if (plan.method == Method::kMethodUnspecified) plan.method = Method::kAlwaysValid;
  if (plan.alpha == 0) plan.alpha = kDefaultAlpha;
  if (plan.goal == Goal::kGoalUnspecified) plan.goal = Goal::kSuperiority;
  if (!plan.co_primaries.empty() &&
      plan.co_primary_rule == CoPrimaryRule::kCoPrimaryRuleUnspecified) {
    plan.co_primary_rule = CoPrimaryRule::kAny;
  }
  if (plan.power == 0) plan.power = kDefaultPower;
  if (!plan.minimum_duration.has_value()) plan.minimum_duration = kDefaultMinimumDuration;
}

absl::StatusOr<SealedPlan> MakeSealedPlan(const Experiment& experiment,
                                          ResourceStore::Transaction& store) {
  SealedPlan plan{.experiment = experiment.meta.name,
                  .external = experiment.external,
                  .unit_type = experiment.unit_type,
                  .variants = experiment.variants,
                  .eligibility = experiment.eligibility,
                  .eligibility_filter = experiment.eligibility_filter,
                  .plan = experiment.plan};
  FillPlanDefaults(plan.plan);

  auto hypothesis = Load<Hypothesis>(store, "hypothesis", experiment.hypothesis);
  if (!hypothesis.ok()) return hypothesis.status();
  plan.hypothesis = *std::move(hypothesis);
  if (auto status = Copy(store, "metrics", MetricsOf(plan.hypothesis, plan.plan), plan.metrics);
      !status.ok()) {
    return status;
  }

  std::set<std::string> events, attributes, segments;
  for (const Metric& metric : plan.metrics) {
    events.insert(metric.event);
    if (metric.denominator.has_value()) events.insert(metric.denominator->event);
    for (std::string& name : AttributesOf(metric)) attributes.insert(std::move(name));
  }
  if (!plan.hypothesis.segment.empty()) segments.insert(plan.hypothesis.segment);
  attributes.insert(plan.plan.segment_attributes.begin(), plan.plan.segment_attributes.end());
  if (auto status = AddNames(plan.eligibility, plan.eligibility_filter, attributes, segments);
      !status.ok()) {
    return status;
  }
  if (auto status = Copy(store, "event", events, plan.events); !status.ok()) return status;
  if (auto status = Copy(store, "segment", segments, plan.segments); !status.ok()) return status;
  for (const Segment& segment : plan.segments) {
    if (auto status = AddNames(segment.conditions, segment.filter, attributes, segments);
        !status.ok()) {
      return status;
    }
  }
  if (auto status = Copy(store, "attributes", attributes, plan.attributes); !status.ok()) {
    return status;
  }
  return plan;
}

std::string CanonicalText(const SealedPlan& plan) { return ToJson(plan).dump(); }

absl::StatusOr<SealedPlan> ReadSealedPlan(std::string_view text) {
  auto plan = FromJsonText<SealedPlan>(text);
  if (!plan.ok()) {
    return absl::InternalError(
        absl::StrCat("a sealed plan cannot be read: ", plan.status().message()));
  }
  if (plan->plan_version != SealedPlan{}.plan_version) {
    return absl::InternalError(absl::StrCat("a sealed plan has version ", plan->plan_version,
                                            "; this program reads ", SealedPlan{}.plan_version));
  }
  return plan;
}

std::string Sha256Hex(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace insightloop
