// SPDX-License-Identifier: Apache-2.0

#include "engine/rules.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/assignment/assigner.h"
#include "engine/condition_rules.h"
#include "engine/domain/resource.h"
#include "engine/field_rules.h"
#include "engine/plan_rules.h"
#include "engine/resources.h"
#include "engine/sealing.h"

namespace insightloop {
namespace {

void CheckFraction(std::string_view field, const std::optional<double>& value,
                   Violations& violations) {
  if (value.has_value() && !(*value >= 0 && *value <= 1)) {
    violations.Add("OUT_OF_RANGE", field, absl::StrCat("is ", *value, "; give 0 to 1"));
  }
}

void CheckEffectSize(std::string_view field, const std::optional<EffectSize>& size, bool required,
                     Violations& violations) {
  if (!size.has_value()) {
    if (required) violations.Add("FIELD_REQUIRED", field, "is not set; give a value and a scale");
    return;
  }
  if (!(size->value > 0 && std::isfinite(size->value))) {
    violations.Add("OUT_OF_RANGE", absl::StrCat(std::string(field), ".value"),
                   absl::StrCat("is ", size->value, "; give a finite number above 0"));
  }
  CheckSet(absl::StrCat(std::string(field), ".scale"), size->scale, violations);
}

// A margin is required. Nothing can lose more than all.
void CheckMargin(std::string_view field, const std::optional<EffectSize>& margin,
                 Violations& violations) {
  CheckEffectSize(field, margin, /*required=*/true, violations);
  if (!margin.has_value() || margin->scale != Scale::kRelative || !(margin->value >= 1)) return;
  violations.Add("OUT_OF_RANGE", absl::StrCat(std::string(field), ".value"),
                 absl::StrCat("is ", margin->value,
                              " and RELATIVE, a loss of all or more; give a share below 1, 0.02 is "
                              "2 %"));
}

// Refuses a name that is given twice.
void CheckDistinct(std::string_view field, const std::vector<std::string>& names,
                   Violations& violations) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!seen.insert(names[i]).second) {
      violations.Add("DUPLICATE", At(field, i),
                     absl::StrCat("is ", Quoted(names[i]), " again; name it once"));
    }
  }
}

void CheckDeliveryFields(const Hypothesis& hypothesis, Violations& violations) {
  if (hypothesis.mechanism_floor.has_value()) {
    if (hypothesis.mechanism_metric.empty()) {
      violations.Add("FIELD_REQUIRED", "mechanism_metric",
                     "is empty, but mechanism_floor is set; give metrics/{id}, or leave it out");
    }
    if (!std::isfinite(*hypothesis.mechanism_floor) || *hypothesis.mechanism_floor <= 0) {
      violations.Add(
          "OUT_OF_RANGE", "mechanism_floor",
          absl::StrCat("is ", *hypothesis.mechanism_floor, "; give a finite number above 0"));
    }
  }
  const auto& reach = hypothesis.planned_reach;
  if (hypothesis.delivery_metric.empty() == reach.has_value()) {
    violations.Add("FIELD_REQUIRED", reach.has_value() ? "delivery_metric" : "planned_reach",
                   reach.has_value()
                       ? "is empty, but planned_reach is set; give metrics/{id}, or leave it out"
                       : "is not set, but delivery_metric is; give the share of the units that the "
                         "action is to reach");
  }
  if (reach.has_value() && !(*reach > 0 && *reach <= 1)) {
    violations.Add("OUT_OF_RANGE", "planned_reach",
                   absl::StrCat("is ", *reach, "; give a share above 0 and at most 1"));
  }
}

// What an external experiment cannot have, and an internal one must.
void CheckSourceOfVariants(const Experiment& experiment, Violations& violations) {
  if (experiment.external) {
    const auto refuse = [&](std::string_view field) {
      violations.Add("NOT_FOR_EXTERNAL", field,
                     "is set, but another system assigns the variants; leave it out");
    };
    if (!experiment.layer.empty()) refuse("layer");
    if (experiment.slot_count != 0) refuse("slot_count");
    if (!experiment.eligibility.empty()) refuse("eligibility");
    if (!experiment.eligibility_filter.empty()) refuse("eligibility_filter");
    if (experiment.hash_algorithm != HashAlgorithm::kHashAlgorithmUnspecified) {
      refuse("hash_algorithm");
    }
    if (!experiment.overrides.empty()) refuse("overrides");
    if (experiment.plan.auto_pause) refuse("plan.auto_pause");
    return;
  }
  if (experiment.layer.empty()) {
    violations.Add("FIELD_REQUIRED", "layer",
                   "is empty; give layers/{id}, or external=true when another system assigns");
  }
  CheckSlotCount(experiment.slot_count, violations);
}

void CheckGrowthBook(const Experiment& experiment, const Limits& limits, Violations& violations) {
  const bool needed = IsGrowthBook(experiment.hash_algorithm);
  if (needed != experiment.growthbook.has_value()) {
    violations.Add(needed ? "FIELD_REQUIRED" : "NOT_GROWTHBOOK", "growthbook",
                   needed ? "is not set; give at least the seed"
                          : "is set, but hash_algorithm is none of GrowthBook's; leave it out");
  }
  if (!needed || !experiment.growthbook.has_value()) return;
  const GrowthBookSettings& settings = *experiment.growthbook;
  CheckText("growthbook.seed", settings.seed, limits.max_label, true, violations);
  CheckText("growthbook.namespace_id", settings.namespace_id, limits.max_label, false, violations);
  CheckFraction("growthbook.coverage", settings.coverage, violations);
  if (settings.namespace_id.empty()) {
    if (settings.namespace_start != 0 || settings.namespace_end != 0) {
      violations.Add("FIELD_REQUIRED", "growthbook.namespace_id",
                     "is empty, but a range of it is given; give its id, or leave the range out");
    }
    return;
  }
  CheckFraction("growthbook.namespace_start", settings.namespace_start, violations);
  CheckFraction("growthbook.namespace_end", settings.namespace_end, violations);
  if (settings.namespace_start >= settings.namespace_end) {
    violations.Add("OUT_OF_RANGE", "growthbook.namespace_end",
                   absl::StrCat("is ", settings.namespace_end, "; give more than the start, ",
                                settings.namespace_start));
  }
}

void CheckOverrides(const Experiment& experiment, const Limits& limits, Violations& violations) {
  CheckCount("overrides", experiment.overrides.size(), 0, limits.max_overrides, violations);
  std::set<std::string_view> units;
  for (std::size_t i = 0; i < experiment.overrides.size(); ++i) {
    const Override& override_ = experiment.overrides[i];
    CheckUnitId(override_.unit_id, limits, At("overrides", i, "unit_id"), violations);
    if (!units.insert(override_.unit_id).second) {
      violations.Add("CONFLICTING_OVERRIDES", At("overrides", i, "unit_id"),
                     absl::StrCat("is ", Quoted(override_.unit_id), " again; name a unit once"));
    }
    const auto& variants = experiment.variants;
    if (std::none_of(variants.begin(), variants.end(), [&](const Variant& variant) {
          return variant.variant_id == override_.variant;
        })) {
      violations.Add("UNKNOWN_VARIANT", At("overrides", i, "variant"),
                     absl::StrCat("is ", Quoted(override_.variant),
                                  "; give the variant_id of one of the variants"));
    }
  }
}

void CheckHoldout(const Holdout& holdout, Violations& violations) {
  if (holdout.slot_count >= 0 && holdout.slot_count <= kSlotsPerLayer) return;
  violations.Add("OUT_OF_RANGE", "holdout.slot_count",
                 absl::StrCat("is ", holdout.slot_count, "; give 0 to ", kSlotsPerLayer,
                              ", in tenths of a per cent"));
}

void CheckGoal(const AnalysisPlan& plan, Violations& violations) {
  const bool non_inferiority = plan.goal == Goal::kNonInferiority;
  if (non_inferiority) {
    CheckMargin("plan.margin", plan.margin, violations);
  } else if (plan.margin.has_value()) {
    violations.Add("NOT_FOR_GOAL", "plan.margin",
                   "is set, but the goal is SUPERIORITY; leave it out, or set plan.goal to "
                   "NON_INFERIORITY");
  }
  if (non_inferiority && !plan.co_primaries.empty()) {
    violations.Add(
        "NOT_FOR_GOAL", "plan.co_primaries",
        "are given, but the goal is NON_INFERIORITY, whose margin is of one metric; make "
        "the others guardrails");
  }
}

void CheckCoPrimaries(const AnalysisPlan& plan, Violations& violations) {
  constexpr std::size_t kMost = 4;
  CheckCount("plan.co_primaries", plan.co_primaries.size(), 0, kMost, violations);
  const bool split = plan.co_primary_rule != CoPrimaryRule::kAll;
  const double alpha = plan.alpha == 0 ? kDefaultAlpha : plan.alpha;
  std::vector<std::string> names;
  double shares = 0, least = 1;
  for (const CoPrimary& co_primary : plan.co_primaries) {
    names.push_back(co_primary.metric);
    shares += co_primary.alpha_share;
    least = std::min(least, co_primary.alpha_share);
  }
  if (!plan.co_primaries.empty()) least = std::min(least, 1 - shares);
  for (std::size_t i = 0; i < plan.co_primaries.size(); ++i) {
    const CoPrimary& co_primary = plan.co_primaries[i];
    if (co_primary.metric.empty()) {
      violations.Add("FIELD_REQUIRED", At("plan.co_primaries", i, "metric"),
                     "is empty; give metrics/{id}");
    }
    CheckEffectSize(At("plan.co_primaries", i, "smallest_effect"), co_primary.smallest_effect,
                    /*required=*/false, violations);
    if (split && !(co_primary.alpha_share > 0 && co_primary.alpha_share < 1)) {
      violations.Add("OUT_OF_RANGE", At("plan.co_primaries", i, "alpha_share"),
                     absl::StrCat("is ", co_primary.alpha_share,
                                  "; give the share of alpha to spend on it, above 0 and below 1"));
    } else if (!split && co_primary.alpha_share != 0) {
      violations.Add("OUT_OF_RANGE", At("plan.co_primaries", i, "alpha_share"),
                     absl::StrCat("is ", co_primary.alpha_share,
                                  ", but the rule ALL splits no alpha; leave it out"));
    }
  }
  CheckDistinct("plan.co_primaries", names, violations);
  if (split && shares >= 1) {
    violations.Add("ALPHA_OVERSPENT", "plan.co_primaries",
                   absl::StrCat("have alpha shares that sum to ", shares,
                                "; give less than 1 in all, what is left is the primary metric's"));
  } else if (split && least * alpha < kLeastAlpha) {
    violations.Add("OUT_OF_RANGE", "plan.co_primaries",
                   absl::StrCat("leave one of the primary metrics an alpha of ", least * alpha,
                                "; give shares that leave each at least ", kLeastAlpha));
  }
  if (plan.co_primaries.empty() &&
      plan.co_primary_rule != CoPrimaryRule::kCoPrimaryRuleUnspecified) {
    violations.Add("FIELD_REQUIRED", "plan.co_primaries",
                   "are none, but plan.co_primary_rule is set; give them, or leave it out");
  }
}

void CheckPower(const AnalysisPlan& plan, Violations& violations) {
  const double alpha = plan.alpha == 0 ? kDefaultAlpha : plan.alpha;
  if (plan.power == 0 || (plan.power > alpha && plan.power < 1)) return;
  violations.Add("OUT_OF_RANGE", "plan.power",
                 absl::StrCat("is ", plan.power, "; give a chance above alpha, ", alpha,
                              ", and below 1, such as ", kDefaultPower));
}

void CheckMinimumDuration(const AnalysisPlan& plan, const Limits& limits, Violations& violations) {
  if (!plan.minimum_duration.has_value()) return;
  if (*plan.minimum_duration >= Days(1) && *plan.minimum_duration <= limits.max_window) return;
  violations.Add("OUT_OF_RANGE", "plan.minimum_duration",
                 absl::StrCat("is ", FormatDuration(*plan.minimum_duration), "; give ",
                              FormatDuration(Days(1)), " to ", FormatDuration(limits.max_window),
                              ", 1 to 366 days"));
}

void CheckPlan(const AnalysisPlan& plan, const Limits& limits, Violations& violations) {
  if (plan.alpha != 0 && !(plan.alpha >= kLeastAlpha && plan.alpha < 0.5)) {
    violations.Add(
        "OUT_OF_RANGE", "plan.alpha",
        absl::StrCat("is ", plan.alpha, "; give a number from ", kLeastAlpha, " to below 0.5"));
  }
  if (plan.planned_units < 0) {
    violations.Add("OUT_OF_RANGE", "plan.planned_units",
                   absl::StrCat("is ", plan.planned_units, "; give 0 or more"));
  }
  CheckCount("plan.secondary_metrics", plan.secondary_metrics.size(), 0, limits.max_references,
             violations);
  CheckDistinct("plan.secondary_metrics", plan.secondary_metrics, violations);
  CheckCount("plan.segment_attributes", plan.segment_attributes.size(), 0,
             limits.max_segment_attributes, violations);
  CheckDistinct("plan.segment_attributes", plan.segment_attributes, violations);
  CheckGoal(plan, violations);
  CheckCoPrimaries(plan, violations);
  CheckPower(plan, violations);
  CheckMinimumDuration(plan, limits, violations);
}

void AddReference(std::vector<Reference>& references, std::string field,
                  std::string_view collection, const std::string& name) {
  if (!name.empty()) references.push_back({std::move(field), collection, name});
}

void AddReferences(std::vector<Reference>& references, std::string_view field,
                   std::string_view collection, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    references.push_back({At(field, i), collection, names[i]});
  }
}

absl::Status CheckScale(ResourceStore::Transaction& store, const std::string& metric_field,
                        const std::string& metric, const std::string& field,
                        const std::optional<EffectSize>& size, Violations& violations) {
  const auto loaded = Load<Metric>(store, metric_field, metric);
  if (!loaded.ok()) return loaded.status();
  CheckScale(*loaded, field, size, violations);
  return absl::OkStatus();
}

absl::Status Immutable(std::string_view name, std::string_view field) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   absl::StrCat(std::string(name), ": ", std::string(field),
                                " cannot change after creation; create another resource"),
                   {.reason = "IMMUTABLE_FIELD",
                    .metadata = {{"name", std::string(name)}, {"field", std::string(field)}},
                    .resource = std::string(name)});
}

}  // namespace

void CheckVariants(const std::vector<Variant>& variants, const Limits& limits,
                   Violations& violations) {
  CheckCount("variants", variants.size(), 2, limits.max_variants, violations);
  std::set<std::string_view> ids;
  std::size_t controls = 0;
  bool control_weighted = false, treatment_weighted = false;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const Variant& variant = variants[i];
    CheckText(At("variants", i, "variant_id"), variant.variant_id, limits.max_variant_id, true,
              violations);
    CheckText(At("variants", i, "description"), variant.description, limits.max_text, false,
              violations);
    if (!ids.insert(variant.variant_id).second) {
      violations.Add("DUPLICATE", At("variants", i, "variant_id"),
                     absl::StrCat("is ", Quoted(variant.variant_id), " again; give each its own"));
    }
    if (variant.weight < 0 || variant.weight > limits.max_weight) {
      violations.Add("OUT_OF_RANGE", At("variants", i, "weight"),
                     absl::StrCat("is ", variant.weight, "; give 0 to ", limits.max_weight));
    }
    controls += variant.control ? 1 : 0;
    (variant.control ? control_weighted : treatment_weighted) |= variant.weight > 0;
  }
  if (controls != 1) {
    violations.Add(controls == 0 ? "NO_CONTROL" : "SEVERAL_CONTROLS", "variants",
                   absl::StrCat("has ", controls, " controls; mark exactly one as the control"));
  }
  if (!control_weighted && !treatment_weighted) {
    violations.Add("ALL_WEIGHTS_ZERO", "variants",
                   "have only weights of 0; give the control and a treatment weights above 0");
  } else if (!control_weighted || !treatment_weighted) {
    violations.Add("NOTHING_TO_COMPARE", "variants",
                   "leave the control or every treatment without weight; give the control and a "
                   "treatment weights above 0");
  }
}

void CheckSlotCount(std::int32_t slot_count, Violations& violations) {
  if (slot_count >= 1 && slot_count <= kSlotsPerLayer) return;
  violations.Add("OUT_OF_RANGE", "slot_count",
                 absl::StrCat("is ", slot_count, "; give 1 to ", kSlotsPerLayer,
                              ", the traffic in tenths of a per cent"));
}

absl::Status CheckOverridesOfLayer(ResourceStore::Transaction& store,
                                   const Experiment& experiment) {
  if (experiment.overrides.empty()) return absl::OkStatus();
  const auto resources = store.List({.collection = std::string(Experiment::kCollection)});
  if (!resources.ok()) return resources.status();
  std::set<std::string_view> units;
  for (const Override& override_ : experiment.overrides) units.insert(override_.unit_id);
  for (const StoredResource& stored : *resources) {
    const auto other = FromStored<Experiment>(stored);
    if (!other.ok()) return other.status();
    const bool is_rival =
        other->meta.name != experiment.meta.name && other->layer == experiment.layer &&
        other->unit_type == experiment.unit_type &&
        (other->state == ExperimentState::kRunning || other->state == ExperimentState::kPaused);
    if (!is_rival) continue;
    for (const Override& override_ : other->overrides) {
      if (!units.contains(override_.unit_id)) continue;
      return WrongState(
          "CONFLICTING_OVERRIDES", experiment.meta.name,
          absl::StrCat("has an override for unit ", Quoted(override_.unit_id), ", and so has ",
                       other->meta.name, " of the same layer; remove one"));
    }
  }
  return absl::OkStatus();
}

void Validate(const Insight& insight, const Limits& limits, Violations& violations) {
  CheckText("statement", insight.statement, limits.max_text, true, violations);
  CheckText("why", insight.why, limits.max_text, false, violations);
  CheckText("who", insight.who, limits.max_text, false, violations);
  CheckText("what", insight.what, limits.max_text, false, violations);
  CheckText("when", insight.when, limits.max_text, false, violations);
  CheckText("where", insight.where, limits.max_text, false, violations);
  CheckText("how", insight.how, limits.max_text, false, violations);
  CheckText("behaviour", insight.behaviour, limits.max_text, false, violations);
  CheckText("customer_benefit", insight.customer_benefit, limits.max_text, false, violations);
  CheckText("business_benefit", insight.business_benefit, limits.max_text, false, violations);
  CheckCount("parents", insight.parents.size(), 0, limits.max_references, violations);
  CheckDistinct("parents", insight.parents, violations);
  CheckCount("evidence", insight.evidence.size(), 0, limits.max_evidence, violations);
  for (std::size_t i = 0; i < insight.evidence.size(); ++i) {
    const Evidence& evidence = insight.evidence[i];
    CheckSet(At("evidence", i, "source_system"), evidence.source_system, violations);
    CheckSet(At("evidence", i, "data_type"), evidence.data_type, violations);
    CheckText(At("evidence", i, "finding"), evidence.finding, limits.max_text, true, violations);
    CheckText(At("evidence", i, "metric"), evidence.metric, limits.max_label, false, violations);
    CheckText(At("evidence", i, "link"), evidence.link, limits.max_text, false, violations);
    CheckFraction(At("evidence", i, "segment_share"), evidence.segment_share, violations);
    if (evidence.sample_size < 0) {
      violations.Add("OUT_OF_RANGE", At("evidence", i, "sample_size"),
                     absl::StrCat("is ", evidence.sample_size, "; give 0 or more"));
    }
  }
}

void Validate(const Hypothesis& hypothesis, const Limits& limits, Violations& violations) {
  CheckCount("insights", hypothesis.insights.size(), 1, limits.max_references, violations);
  CheckDistinct("insights", hypothesis.insights, violations);
  CheckText("because", hypothesis.because, limits.max_text, true, violations);
  CheckText("if_action", hypothesis.if_action, limits.max_text, true, violations);
  CheckText("then_outcome", hypothesis.then_outcome, limits.max_text, true, violations);
  if (hypothesis.primary_metric.empty()) {
    violations.Add("FIELD_REQUIRED", "primary_metric", "is empty; give metrics/{id}");
  }
  CheckEffectSize("smallest_effect", hypothesis.smallest_effect, false, violations);
  CheckFraction("author_probability", hypothesis.author_probability, violations);
  CheckDeliveryFields(hypothesis, violations);
  CheckCount("guardrails", hypothesis.guardrails.size(), 0, limits.max_references, violations);
  for (std::size_t i = 0; i < hypothesis.guardrails.size(); ++i) {
    if (hypothesis.guardrails[i].metric.empty()) {
      violations.Add("FIELD_REQUIRED", At("guardrails", i, "metric"),
                     "is empty; give metrics/{id}");
    }
    CheckMargin(At("guardrails", i, "margin"), hypothesis.guardrails[i].margin, violations);
  }
}

void Validate(const UnitType& unit_type, const Limits& limits, Violations& violations) {
  CheckText("description", unit_type.description, limits.max_text, false, violations);
}

void Validate(const Attribute& attribute, const Limits& limits, Violations& violations) {
  CheckSet("value_type", attribute.value_type, violations);
  CheckText("description", attribute.description, limits.max_text, false, violations);
}

void Validate(const Segment& segment, const Limits& limits, Violations& violations) {
  CheckConditions(FormsOf(segment), limits, violations);
  CheckText("description", segment.description, limits.max_text, false, violations);
}

void Validate(const Event& event, const Limits& limits, Violations& violations) {
  CheckSet("value_kind", event.value_kind, violations);
  CheckText("description", event.description, limits.max_text, false, violations);
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const bool money = event.value_kind == ValueKind::kMoney;
  if (money != !event.currency.empty() ||
      (money && (event.currency.size() != 3 ||
                 !std::all_of(event.currency.begin(), event.currency.end(), upper)))) {
    violations.Add(
        "INVALID_CURRENCY", "currency",
        absl::StrCat("is ", Quoted(event.currency),
                     "; give three capital letters such as EUR for MONEY, else nothing"));
  }
  if (!StepsPerUnit(event.resolution).has_value()) {
    violations.Add(
        "OUT_OF_RANGE", "resolution",
        absl::StrCat("is ", event.resolution, "; give a power of ten from 0.000000001 to 1"));
    return;
  }
  const auto check_bound = [&](std::string_view field, const std::optional<double>& bound) {
    if (bound.has_value() && !ToSteps(*bound, event.resolution, limits.max_steps).has_value()) {
      violations.Add("OUT_OF_RANGE", field,
                     absl::StrCat("is ", *bound, "; give at most ", limits.max_steps, " steps of ",
                                  event.resolution));
    }
  };
  check_bound("minimum", event.minimum);
  check_bound("maximum", event.maximum);
  if (event.value_kind == ValueKind::kScore && !(event.minimum && event.maximum)) {
    violations.Add("FIELD_REQUIRED", event.minimum ? "maximum" : "minimum",
                   "is not set; a SCORE needs its scale, such as 0 to 10");
  }
  if (event.minimum && event.maximum && *event.minimum >= *event.maximum) {
    violations.Add(
        "OUT_OF_RANGE", "maximum",
        absl::StrCat("is ", *event.maximum, "; give more than the minimum, ", *event.minimum));
  }
}

void Validate(const Layer& layer, const Limits& limits, Violations& violations) {
  CheckText("description", layer.description, limits.max_text, false, violations);
  CheckHoldout(layer.holdout, violations);
}

void Validate(const Programme& programme, const Limits& limits, Violations& violations) {
  CheckText("description", programme.description, limits.max_text, false, violations);
  CheckHoldout(programme.holdout, violations);
}

void Validate(const Campaign& campaign, const Limits& limits, Violations& violations) {
  CheckText("display_name", campaign.display_name, limits.max_label, false, violations);
  CheckText("description", campaign.description, limits.max_text, false, violations);
}

void Validate(const Experiment& experiment, const Limits& limits, Violations& violations) {
  CheckText("display_name", experiment.display_name, limits.max_label, false, violations);
  if (experiment.hypothesis.empty()) {
    violations.Add("FIELD_REQUIRED", "hypothesis", "is empty; give hypotheses/{id}");
  }
  CheckSourceOfVariants(experiment, violations);
  CheckVariants(experiment.variants, limits, violations);
  CheckGrowthBook(experiment, limits, violations);
  CheckOverrides(experiment, limits, violations);
  CheckConditions(FormsOf(experiment), limits, violations);
  CheckPlan(experiment.plan, limits, violations);
}

std::vector<Reference> ReferencesOf(const Insight& insight) {
  std::vector<Reference> references;
  AddReference(references, "segment", Segment::kCollection, insight.segment);
  AddReferences(references, "parents", Insight::kCollection, insight.parents);
  return references;
}

std::vector<Reference> ReferencesOf(const Hypothesis& hypothesis) {
  std::vector<Reference> references;
  AddReferences(references, "insights", Insight::kCollection, hypothesis.insights);
  AddReference(references, "segment", Segment::kCollection, hypothesis.segment);
  AddReference(references, "primary_metric", Metric::kCollection, hypothesis.primary_metric);
  AddReference(references, "delivery_metric", Metric::kCollection, hypothesis.delivery_metric);
  AddReference(references, "mechanism_metric", Metric::kCollection, hypothesis.mechanism_metric);
  for (std::size_t i = 0; i < hypothesis.guardrails.size(); ++i) {
    AddReference(references, At("guardrails", i, "metric"), Metric::kCollection,
                 hypothesis.guardrails[i].metric);
  }
  return references;
}

std::vector<Reference> ReferencesOf(const UnitType&) { return {}; }

std::vector<Reference> ReferencesOf(const Attribute&) { return {}; }

std::vector<Reference> ReferencesOf(const Segment& segment) {
  std::vector<Reference> references;
  AddReferences(FormsOf(segment), references);
  return references;
}

std::vector<Reference> ReferencesOf(const Event&) { return {}; }

std::vector<Reference> ReferencesOf(const Metric& metric) {
  std::vector<Reference> references;
  AddReference(references, "event", Event::kCollection, metric.event);
  if (metric.denominator.has_value()) {
    AddReference(references, "denominator.event", Event::kCollection, metric.denominator->event);
  }
  if (metric.covariate.has_value()) {
    AddReference(references, "covariate.attribute", Attribute::kCollection,
                 metric.covariate->attribute);
  }
  AddReference(references, "weight", Attribute::kCollection, metric.weight);
  return references;
}

std::vector<Reference> ReferencesOf(const Layer&) { return {}; }

std::vector<Reference> ReferencesOf(const Programme&) { return {}; }

std::vector<Reference> ReferencesOf(const Campaign&) { return {}; }

std::vector<Reference> ReferencesOf(const Experiment& experiment) {
  std::vector<Reference> references;
  AddReference(references, "hypothesis", Hypothesis::kCollection, experiment.hypothesis);
  AddReference(references, "layer", Layer::kCollection, experiment.layer);
  AddReference(references, "campaign", Campaign::kCollection, experiment.campaign);
  AddReference(references, "unit_type", UnitType::kCollection, experiment.unit_type);
  AddReferences(FormsOf(experiment), references);
  AddReferences(references, "plan.secondary_metrics", Metric::kCollection,
                experiment.plan.secondary_metrics);
  AddReferences(references, "plan.segment_attributes", Attribute::kCollection,
                experiment.plan.segment_attributes);
  for (std::size_t i = 0; i < experiment.plan.co_primaries.size(); ++i) {
    AddReference(references, At("plan.co_primaries", i, "metric"), Metric::kCollection,
                 experiment.plan.co_primaries[i].metric);
  }
  return references;
}

// The kinds that `field` may be of.
absl::Status CheckKind(ResourceStore::Transaction& store, const std::string& field,
                       const std::string& name, const std::vector<MetricKind>& kinds,
                       Violations& violations) {
  const auto metric = Load<Metric>(store, field, name);
  if (!metric.ok()) return metric.status();
  if (std::find(kinds.begin(), kinds.end(), metric->kind) != kinds.end()) return absl::OkStatus();
  std::vector<std::string> names;
  for (const MetricKind kind : kinds) names.emplace_back(EnumName(kind));
  violations.Add("METRIC_DOES_NOT_FIT", field,
                 absl::StrCat("is ", name, " of kind ", std::string(EnumName(metric->kind)),
                              "; give one of kind ", absl::StrJoin(names, ", ")));
  return absl::OkStatus();
}

absl::Status ValidateWithin(ResourceStore::Transaction& store, const Hypothesis& hypothesis,
                            Violations& violations) {
  auto status = CheckScale(store, "primary_metric", hypothesis.primary_metric, "smallest_effect",
                           hypothesis.smallest_effect, violations);
  using enum MetricKind;
  if (status.ok() && !hypothesis.delivery_metric.empty()) {
    status =
        CheckKind(store, "delivery_metric", hypothesis.delivery_metric, {kProportion}, violations);
  }
  if (status.ok() && hypothesis.mechanism_floor.has_value()) {
    status = CheckKind(store, "mechanism_metric", hypothesis.mechanism_metric,
                       {kProportion, kRetention, kCount, kMean}, violations);
  }
  for (std::size_t i = 0; status.ok() && i < hypothesis.guardrails.size(); ++i) {
    status = CheckScale(store, At("guardrails", i, "metric"), hypothesis.guardrails[i].metric,
                        At("guardrails", i, "margin"), hypothesis.guardrails[i].margin, violations);
  }
  return status;
}

absl::Status ValidateWithin(ResourceStore::Transaction& store, const Segment& segment,
                            Violations& violations) {
  return CheckConditionTypes(FormsOf(segment), store, violations);
}

absl::Status ValidateWithin(ResourceStore::Transaction& store, const Experiment& experiment,
                            Violations& violations) {
  if (experiment.state == ExperimentState::kRunning ||
      experiment.state == ExperimentState::kPaused) {
    if (auto status = CheckOverridesOfLayer(store, experiment); !status.ok()) return status;
  }
  if (auto status = CheckConditionTypes(FormsOf(experiment), store, violations);
      !status.ok() || !violations.empty() || experiment.state != ExperimentState::kDraft) {
    return status;
  }
  const auto plan = MakeSealedPlan(experiment, store);
  if (!plan.ok()) return plan.status();
  CheckMoney(*plan, experiment.variants, violations);
  CheckAutoPause(*plan, violations);
  CheckPrimaries(*plan, violations);
  return absl::OkStatus();
}

void FillDefaults(Event& event) {
  if (event.resolution != 0) return;
  switch (event.value_kind) {
    case ValueKind::kMoney:
      event.resolution = 0.01;
      break;
    case ValueKind::kScore:
      event.resolution = 1;
      break;
    default:
      event.resolution = 0.000001;
  }
}

void FillDefaults(Experiment& experiment) {
  if (experiment.unit_type.empty()) experiment.unit_type = kDefaultUnitType;
}

void Complete(Experiment& experiment, Random&) {
  KeepServerFields(Experiment{.state = ExperimentState::kDraft}, experiment);
}

void Complete(Insight& insight, Random&) { insight.verdict.clear(); }

void Complete(Layer& layer, Random& random) {
  KeepServerFields(Layer{.salt = MakeUuid(random)}, layer);
}

void KeepServerFields(const Insight& before, Insight& after) { after.verdict = before.verdict; }

namespace {

// A layer or a programme: its size is the caller's, its slots are not.
template <class T>
void KeepSlots(const T& before, T& after) {
  after.salt = before.salt;
  after.holdout.epoch = before.holdout.epoch;
  after.holdout.slots = before.holdout.slots;
}

}  // namespace

void KeepServerFields(const Layer& before, Layer& after) { KeepSlots(before, after); }

void KeepServerFields(const Programme& before, Programme& after) { KeepSlots(before, after); }

void KeepServerFields(const Experiment& before, Experiment& after) {
  after.state = before.state;
  after.start_time = before.start_time;
  after.pause_time = before.pause_time;
  after.stop_time = before.stop_time;
  after.conclude_time = before.conclude_time;
  after.epoch = before.epoch;
  after.epochs = before.epochs;
  after.slots = before.slots;
  after.reserved_slots = before.reserved_slots;
  after.auto_pause_variants = before.auto_pause_variants;
  after.salt = before.salt;
  after.sealed_plan = before.sealed_plan;
  after.plan_digest = before.plan_digest;
  after.final_verdict = before.final_verdict;
  after.insight = before.insight;
}

absl::Status CheckChange(const Attribute& before, const Attribute& after) {
  if (before.value_type != after.value_type) return Immutable(before.meta.name, "value_type");
  return absl::OkStatus();
}

absl::Status CheckChange(const Event& before, const Event& after) {
  const std::string& name = before.meta.name;
  if (before.value_kind != after.value_kind) return Immutable(name, "value_kind");
  if (before.currency != after.currency) return Immutable(name, "currency");
  if (before.resolution != after.resolution) return Immutable(name, "resolution");
  return absl::OkStatus();
}

absl::Status CheckChange(const Metric& before, const Metric& after) {
  if (before.kind != after.kind) return Immutable(before.meta.name, "kind");
  if (before.event != after.event) return Immutable(before.meta.name, "event");
  if (before.denominator != after.denominator) return Immutable(before.meta.name, "denominator");
  if (before.quantile != after.quantile) return Immutable(before.meta.name, "quantile");
  return absl::OkStatus();
}

absl::Status CheckChange(const Experiment& before, const Experiment& after) {
  if (before.state == ExperimentState::kDraft) return absl::OkStatus();
  Experiment changed = before;  // what may change at any time
  changed.display_name = after.display_name;
  changed.overrides = after.overrides;
  if (BodyOf(changed) == BodyOf(after)) return absl::OkStatus();
  return WrongState(
      "SEALED", before.meta.name,
      absl::StrCat("is ", std::string(EnumName(before.state)),
                   " and its plan is sealed; only display_name and overrides can change"));
}

}  // namespace insightloop
