// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/assigner.h"

#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/assignment/growthbook_hash.h"
#include "engine/assignment/hashing.h"
#include "engine/domain/absl_view.h"
#include "engine/domain/campaign.h"
#include "engine/domain/resource.h"
#include "engine/domain/text.h"

namespace insightloop {
namespace {

// -------------------------------------------------------------------------------------------------
// Rules of a question

// Whether a value is of its attribute's type and within the limits.
bool Fits(const Attribute& attribute, const AttributeValue& value, const Limits& limits) {
  // Alternatives of AttributeValue, in the order of the enum after UNSPECIFIED.
  if (value.index() + 1 != static_cast<std::size_t>(attribute.value_type)) return false;
  if (const auto* text = std::get_if<std::string>(&value)) {
    return text->size() <= limits.max_label && (IsAscii(*text) || IsUtf8(*text));
  }
  const auto* number = std::get_if<double>(&value);
  return number == nullptr || std::isfinite(*number);
}

// What is wrong with a value that does not fit, or that a device may not give.
[[gnu::cold, gnu::noinline]] void AddBadValue(const Attribute& attribute,
                                              const AttributeValue& value, const Limits& limits,
                                              std::string_view prefix, bool from_device,
                                              Violations& violations) {
  const auto add = [&](std::string_view reason, const std::string& description) {
    violations.Add(
        reason, absl::StrCat(AbslView(prefix), "attributes.", AbslView(IdOf(attribute.meta.name))),
        description);
  };
  if (from_device && attribute.trusted_only) {
    add("TRUSTED_ONLY", absl::StrCat("is set by the unit's own device, but ", attribute.meta.name,
                                     " is for trusted callers only; leave it out"));
  }
  if (Fits(attribute, value, limits)) return;
  if (value.index() + 1 != static_cast<std::size_t>(attribute.value_type)) {
    add("WRONG_ATTRIBUTE_TYPE",
        absl::StrCat("is ", Quoted(AttributeText(value)), "; ", attribute.meta.name, " takes a ",
                     AbslView(EnumName(attribute.value_type))));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    add("WRONG_ATTRIBUTE_TYPE",
        absl::StrCat("is ", Quoted(*text), "; give at most ", limits.max_label, " bytes of UTF-8"));
  } else {
    add("NOT_FINITE", "is not finite; give a finite number");
  }
}

// -------------------------------------------------------------------------------------------------
// Words for the steps

// Collects steps.
class Trace {
 public:
  explicit Trace(std::vector<Step>& steps) : steps_(steps) {}

  template <class MakeStep>
  void Add(StepKind kind, bool decides, MakeStep make) {
    Step step = make();
    step.kind = kind;
    step.decides = decides;
    steps_.push_back(std::move(step));
  }

 private:
  std::vector<Step>& steps_;
};

// Where nobody wants the steps. A type of its own: an evaluation without all that could put them
// into words is short, so that the compiler makes one function of it.
struct NoTrace {
  template <class MakeStep>
  void Add(StepKind /*kind*/, bool /*decides*/, MakeStep /*make*/) {}
};

std::string HashText(std::uint64_t hash) { return absl::StrFormat("%016x", hash); }

std::string WeightsText(const ReadyExperiment& experiment, const Epoch& epoch) {
  std::string text;
  for (std::size_t v = 0; v < epoch.weights.size(); ++v) {
    absl::StrAppend(&text, v == 0 ? "" : ", ", experiment.definition.variants[v].variant_id, " ",
                    epoch.weights[v]);
  }
  return text;
}

Step SlotStep(const Salt& salt, std::string_view unit_id, std::int32_t slot,
              const std::string& holder, std::size_t held, bool holds) {
  return {.hash = HashText(SlotHash(salt, unit_id)),
          .threshold =
              absl::StrCat("slot ", slot, " of ", kSlotsPerLayer, "; ", holder, " holds ", held),
          .detail = absl::StrCat("The unit's slot is ", holds ? "" : "not ", "among those of ",
                                 holder, ".")};
}

// -------------------------------------------------------------------------------------------------
// Variants

double GrowthBookHashOf(const CatalogExperiment& experiment, std::string_view unit_id) {
  return GrowthBookHash(experiment.hash_algorithm == HashAlgorithm::kGrowthBookV1
                            ? GrowthBookVersion::kV1
                            : GrowthBookVersion::kV2,
                        experiment.growthbook->seed, unit_id);
}

// By GrowthBook's hash.
[[gnu::noinline]] const Variant* GrowthBookVariantIn(const ReadyExperiment& experiment,
                                                     const Epoch& epoch, std::string_view unit_id) {
  const CatalogExperiment& definition = experiment.definition;
  const GrowthBookSettings& settings = *definition.growthbook;
  if (!settings.namespace_id.empty() &&
      !InGrowthBookNamespace(unit_id, settings.namespace_id, settings.namespace_start,
                             settings.namespace_end)) {
    return nullptr;
  }
  const auto place = static_cast<std::size_t>(&epoch - definition.epochs.data());
  const std::optional<std::size_t> variant = ChooseGrowthBookVariation(
      GrowthBookHashOf(definition, unit_id), experiment.growthbook_ranges[place]);
  return variant.has_value() ? &definition.variants[*variant] : nullptr;
}

// By the hash alone, in an epoch of the experiment; nullptr for a unit beyond GrowthBook's coverage
// or outside its namespace.
const Variant* HashedVariantIn(const ReadyExperiment& experiment, const Epoch& epoch,
                               std::string_view unit_id) {
  const CatalogExperiment& definition = experiment.definition;
  if (IsGrowthBook(definition.hash_algorithm)) {
    return GrowthBookVariantIn(experiment, epoch, unit_id);
  }
  return &definition.variants[VariantOf(experiment.salt, unit_id, epoch.weights)];
}

const Variant* FindVariant(const ReadyExperiment& experiment, std::string_view id) {
  for (const Variant& variant : experiment.definition.variants) {
    if (variant.variant_id == id) return &variant;
  }
  return nullptr;
}

Step VariantStep(const ReadyExperiment& experiment, std::string_view unit_id,
                 const Variant* variant) {
  const CatalogExperiment& definition = experiment.definition;
  const Epoch& epoch = experiment.current_epoch();
  Step step;
  if (IsGrowthBook(definition.hash_algorithm)) {
    step.hash = absl::StrCat(GrowthBookHashOf(definition, unit_id));
    step.threshold =
        absl::StrCat("weights ", WeightsText(experiment, epoch), "; coverage ",
                     definition.growthbook->coverage == 0 ? 1 : definition.growthbook->coverage,
                     definition.growthbook->namespace_id.empty()
                         ? ""
                         : absl::StrCat("; namespace ", definition.growthbook->namespace_id,
                                        " from ", definition.growthbook->namespace_start, " to ",
                                        definition.growthbook->namespace_end));
  } else {
    const std::uint64_t hash = VariantHash(experiment.salt, unit_id);
    step.hash = HashText(hash);
    step.threshold = absl::StrCat("point ", PointOf(hash, epoch.weights), " of the weights ",
                                  WeightsText(experiment, epoch));
  }
  step.detail = variant != nullptr ? absl::StrCat("By its hash the unit gets ", variant->variant_id,
                                                  " in epoch ", epoch.epoch, ".")
                                   : "The unit lies beyond the coverage or outside the namespace.";
  return step;
}

// -------------------------------------------------------------------------------------------------
// The order of things

// One unit in one experiment or layer.
template <class Trace>
class Evaluation {
 public:
  // Fills in `answer`, which is new.
  Evaluation(const Catalog& catalog, const Question& question, const GivenAttributes& attributes,
             const ExposedUnits* exposed, Trace trace, Assignment& answer)
      : catalog_(catalog),
        question_(question),
        attributes_(attributes),
        exposed_(exposed),
        trace_(trace),
        answer_(answer) {}

  void InExperiment(const Catalog::Found& found) {
    answer_.experiment = found.experiment;
    const CatalogExperiment& definition = found.experiment->definition;
    if (!definition.epochs.empty()) answer_.epoch = definition.epochs.back().epoch;
    if (DecidedByState(definition)) return;
    if (DecidedByOverride(*found.experiment)) return;
    if (DecidedByOverrideElsewhere(*found.experiment, *found.layer)) return;
    if (DecidedByHoldouts(*found.layer)) return;
    if (DecidedByPause(*found.experiment)) return;
    const std::int32_t slot = SlotOf(found.layer->salt, question_.unit_id);
    const bool holds = found.layer->by_slot[static_cast<std::size_t>(slot)] == found.experiment;
    trace_.Add(StepKind::kSlot, !holds, [&] {
      return SlotStep(found.layer->salt, question_.unit_id, slot, definition.name,
                      definition.slots.size(), holds);
    });
    if (!holds) return Decide(AssignmentReason::kOutOfTraffic);
    return OfMember(*found.experiment);
  }

  void InLayer(const ReadyLayer& layer) {
    for (const ReadyExperiment* experiment : layer.with_overrides) {
      if (!IsOfUnitType(*experiment)) continue;
      Enter(experiment);
      if (DecidedByOverride(*experiment)) return;
    }
    Enter(nullptr);
    if (DecidedByHoldouts(layer)) return;
    const std::int32_t slot = SlotOf(layer.salt, question_.unit_id);
    const ReadyExperiment* const holder = layer.by_slot[static_cast<std::size_t>(slot)];
    if (holder == nullptr || !IsOfUnitType(*holder)) {
      return Decide(AssignmentReason::kOutOfTraffic);
    }
    Enter(holder);
    if (DecidedByPause(*holder)) return;
    return OfMember(*holder);
  }

 private:
  void Enter(const ReadyExperiment* experiment) {
    answer_.experiment = experiment;
    answer_.epoch = experiment == nullptr ? 0 : experiment->current_epoch().epoch;
  }

  bool IsOfUnitType(const ReadyExperiment& experiment) const {
    return question_.unit_type.empty()
               ? experiment.is_of_default_type
               : SameText(experiment.definition.unit_type, question_.unit_type);
  }

  void Decide(AssignmentReason reason, std::string_view variant = "") {
    answer_.reason = reason;
    answer_.variant = variant;
  }

  bool DecidedByState(const CatalogExperiment& definition) {
    const auto decide = [&](AssignmentReason reason) {
      trace_.Add(StepKind::kState, true, [&] {
        return Step{.detail = definition.external
                                  ? "Another system assigns this experiment's variants."
                                  : absl::StrCat("The experiment is ",
                                                 AbslView(EnumName(definition.state)), ".")};
      });
      Decide(reason);
      return true;
    };
    if (definition.external) return decide(AssignmentReason::kExternal);
    if (definition.state == ExperimentState::kPaused) return false;  // holdouts come first
    if (definition.state != ExperimentState::kRunning) return decide(AssignmentReason::kNotRunning);
    trace_.Add(StepKind::kState, false,
               [] { return Step{.detail = "The experiment is RUNNING."}; });
    return false;
  }

  bool DecidedByPause(const ReadyExperiment& experiment) {
    if (experiment.definition.state != ExperimentState::kPaused) return false;
    trace_.Add(StepKind::kState, true, [] {
      return Step{.detail = "The experiment is PAUSED: everybody gets the control."};
    });
    Decide(AssignmentReason::kPaused,
           experiment.definition.variants[experiment.control].variant_id);
    return true;
  }

  // A unit with an override in a running experiment is in no other one of the layer.
  bool DecidedByOverrideElsewhere(const ReadyExperiment& experiment, const ReadyLayer& layer) {
    for (const ReadyExperiment* other : layer.with_overrides) {
      if (other == &experiment || other->definition.state != ExperimentState::kRunning ||
          other->definition.unit_type != experiment.definition.unit_type ||
          !other->variant_of_override.contains(AbslView(question_.unit_id))) {
        continue;
      }
      trace_.Add(StepKind::kOverride, true, [&] {
        return Step{.detail = absl::StrCat("The unit was put into a variant of ",
                                           other->definition.name, " by hand.")};
      });
      Decide(AssignmentReason::kOutOfTraffic);
      return true;
    }
    return false;
  }

  bool DecidedByOverride(const ReadyExperiment& experiment) {
    if (experiment.variant_of_override.empty() ||
        experiment.definition.state != ExperimentState::kRunning) {
      return false;
    }
    const auto found = experiment.variant_of_override.find(AbslView(question_.unit_id));
    const bool decides = found != experiment.variant_of_override.end();
    trace_.Add(StepKind::kOverride, decides, [&] {
      return Step{.detail = decides ? "The unit was put into its variant by hand."
                                    : "The unit is not among those put into a variant by hand."};
    });
    if (!decides) return false;
    Decide(AssignmentReason::kOverride, experiment.definition.variants[found->second].variant_id);
    return true;
  }

  bool DecidedByHoldouts(const ReadyLayer& layer) {
    const ReadyProgramme& programme = catalog_.programme();
    answer_.programme = Standing(programme.holdout, programme.salt, StepKind::kProgrammeHoldout);
    if (!answer_.programme.is_held_out) {
      answer_.layer = Standing(layer.holdout, layer.salt, StepKind::kLayerHoldout);
    }
    if (!answer_.programme.is_held_out && !answer_.layer.is_held_out) return false;
    Decide(AssignmentReason::kHoldout);
    return true;
  }

  HoldoutStanding Standing(const ReadyHoldout& holdout, const Salt& salt, StepKind kind) {
    if (holdout.is_empty) return {};
    const std::int32_t slot = SlotOf(salt, question_.unit_id);
    const bool is_held_out = holdout.slots.test(static_cast<std::size_t>(slot));
    trace_.Add(kind, is_held_out, [&] {
      return SlotStep(salt, question_.unit_id, slot, holdout.name, holdout.slots.count(),
                      is_held_out);
    });
    return {.holdout = &holdout, .is_held_out = is_held_out};
  }

  // Of a unit whose slot the experiment holds.
  void OfMember(const ReadyExperiment& experiment) {
    const bool eligible = experiment.eligibility.Hold(attributes_);
    trace_.Add(StepKind::kEligibility, !eligible, [&] {
      return Step{.detail = experiment.definition.eligibility.empty()
                                ? "The experiment is for everybody."
                            : eligible ? "The unit meets the eligibility."
                                       : "The unit does not meet the eligibility."};
    });
    if (!eligible) return Decide(AssignmentReason::kNotEligible);
    if (experiment.definition.epochs.size() > 1 && DecidedByExposure(experiment)) return;

    const Variant* const variant =
        HashedVariantIn(experiment, experiment.current_epoch(), question_.unit_id);
    trace_.Add(StepKind::kVariant, true,
               [&] { return VariantStep(experiment, question_.unit_id, variant); });
    if (variant == nullptr) return Decide(AssignmentReason::kOutOfTraffic);
    Decide(AssignmentReason::kAssigned, variant->variant_id);
  }

  // After the weights changed a unit that was exposed stays where it is. Without the memory of
  // exposures that is known only of a unit to which every epoch gives the same variant.
  [[gnu::noinline]] bool DecidedByExposure(const ReadyExperiment& experiment) {
    const CatalogExperiment& definition = experiment.definition;
    if (exposed_ == nullptr) {
      const Variant* const now =
          HashedVariantIn(experiment, experiment.current_epoch(), question_.unit_id);
      for (const Epoch& epoch : definition.epochs) {
        if (HashedVariantIn(experiment, epoch, question_.unit_id) == now) continue;
        Decide(AssignmentReason::kNeedsServer);
        return true;
      }
      return false;
    }
    const auto first =
        exposed_->FindFirstExposure(definition.name, definition.unit_type, question_.unit_id);
    const Variant* const variant =
        first.has_value() ? FindVariant(experiment, first->variant) : nullptr;
    trace_.Add(StepKind::kExposure, variant != nullptr, [&] {
      return Step{.detail = variant != nullptr
                                ? absl::StrCat("The unit was first exposed to ", first->variant,
                                               " in epoch ", first->epoch, ", and stays there.")
                                : "The unit was not exposed so far."};
    });
    if (variant == nullptr) return false;
    answer_.epoch = first->epoch;
    Decide(AssignmentReason::kAssigned, variant->variant_id);
    return true;
  }

  const Catalog& catalog_;
  const Question& question_;
  const GivenAttributes& attributes_;  // of the question
  const ExposedUnits* const exposed_;
  Trace trace_;
  Assignment& answer_;
};

template <class Resource>
[[gnu::cold, gnu::noinline]] absl::Status NoTarget(std::string_view field, std::string_view name) {
  if (IsNameIn(Resource::kCollection, name)) return NotFound(field, name);
  return InvalidField(
      "INVALID_NAME", field,
      absl::StrCat("is ", Quoted(name), "; give ", AbslView(Resource::kCollection), "/{id}"));
}

bool IsUnitId(std::string_view unit_id, const Limits& limits) {
  return !unit_id.empty() && unit_id.size() <= limits.max_unit_id &&
         (IsAscii(unit_id) || IsUtf8(unit_id));
}

[[gnu::cold, gnu::noinline]] void AddBadUnitId(std::string_view unit_id, const Limits& limits,
                                               std::string_view prefix, std::string_view field,
                                               Violations& violations) {
  violations.Add("INVALID_UNIT_ID", absl::StrCat(AbslView(prefix), AbslView(field)),
                 absl::StrCat("is ", Quoted(unit_id), " (", unit_id.size(), " bytes); give 1 to ",
                              limits.max_unit_id, " bytes of UTF-8"));
}

[[gnu::cold, gnu::noinline]] void AddUndeclared(std::string_view id, std::string_view prefix,
                                                Violations& violations) {
  violations.Add("UNDECLARED_ATTRIBUTE",
                 absl::StrCat(AbslView(prefix), "attributes.", AbslView(id)),
                 absl::StrCat("is not declared; create attributes/", AbslView(id), " first"));
}

[[gnu::cold, gnu::noinline]] void AddTooManyAttributes(std::size_t count, const Limits& limits,
                                                       std::string_view prefix,
                                                       Violations& violations) {
  violations.Add("TOO_MANY_ATTRIBUTES", absl::StrCat(AbslView(prefix), "attributes"),
                 absl::StrCat("has ", count, "; give at most ", limits.max_attributes));
}

// Of a type that the question names.
[[gnu::noinline]] void CheckUnitType(const Catalog& catalog, std::string_view unit_type,
                                     const ReadyExperiment* experiment, Violations& violations) {
  // The default type exists in every database, also where nobody has declared it.
  if (unit_type != kDefaultUnitType && !catalog.HasUnitType(unit_type)) {
    violations.Add("UNKNOWN_UNIT_TYPE", "unit_type",
                   absl::StrCat("is ", Quoted(unit_type),
                                ", which is not declared; create it first, or leave it empty"));
  }
  if (experiment != nullptr && unit_type != experiment->definition.unit_type) {
    violations.Add(
        "WRONG_UNIT_TYPE", "unit_type",
        absl::StrCat("is ", Quoted(unit_type), ", but ", experiment->definition.name, " is on ",
                     experiment->definition.unit_type, "; give that, or leave it out"));
  }
}

}  // namespace

void CheckUnitId(std::string_view unit_id, const Limits& limits, std::string_view field,
                 Violations& violations) {
  if (!IsUnitId(unit_id, limits)) AddBadUnitId(unit_id, limits, "", field, violations);
}

void CheckAttributes(const Catalog& catalog, const GivenAttributes& attributes,
                     const Limits& limits, std::string_view prefix, bool from_device,
                     Violations& violations) {
  if (attributes.size() > limits.max_attributes) {
    AddTooManyAttributes(attributes.size(), limits, prefix, violations);
    return;
  }
  attributes.ForEach([&](const HashedName& id, const AttributeValue& value) {
    const Attribute* const attribute = catalog.FindAttribute(id);
    if (attribute == nullptr) {
      AddUndeclared(id.text, prefix, violations);
    } else if (!Fits(*attribute, value, limits) || (from_device && attribute->trusted_only)) {
      AddBadValue(*attribute, value, limits, prefix, from_device, violations);
    }
  });
}

Assigner::Assigner(const Catalog& catalog, const ExposedUnits* exposed, const Limits& limits)
    : catalog_(catalog), exposed_(exposed), limits_(limits) {}

// Flat: its steps are short, and calling them took a sixth of all instructions. What is kept out of
// it says so.
[[gnu::flatten]] absl::Status Assigner::AskOnce(const Catalog& catalog, const Target& target,
                                                const Question& question, const Limits& limits,
                                                Assignment& answer) {
  Assigner assigner(catalog, /*exposed=*/nullptr, limits);
  if (absl::Status status = assigner.Aim(target); !status.ok()) return status;
  const GivenAttributes attributes(question.attributes);
  if (Violations violations; !assigner.Check(question, attributes, "", violations)) {
    return violations.ToStatus();
  }
  assigner.AskOne(question, attributes, /*steps=*/nullptr, answer);
  return absl::OkStatus();
}

absl::StatusOr<Assigner> Assigner::Create(const Catalog& catalog, const Target& target,
                                          const ExposedUnits* exposed, const Limits& limits) {
  absl::StatusOr<Assigner> assigner = Assigner(catalog, exposed, limits);
  if (absl::Status status = assigner->Aim(target); !status.ok()) assigner = status;
  return assigner;
}

absl::Status Assigner::Aim(const Target& target) {
  switch (target.kind) {
    case TargetKind::kExperiment:
      experiment_ = catalog_.FindExperiment(target.name);
      if (experiment_.experiment == nullptr) return NoTarget<Experiment>("experiment", target.name);
      break;
    case TargetKind::kLayer:
      layer_ = catalog_.FindLayer(target.name);
      if (layer_ == nullptr) return NoTarget<Layer>("layer", target.name);
      break;
    case TargetKind::kCampaign:
      if (!catalog_.HasCampaign(target.name)) return NoTarget<Campaign>("campaign", target.name);
      campaign_ = catalog_.ExperimentsOf(target.name);
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<Assignments> Assigner::Ask(const Question& question, std::string_view prefix,
                                          std::vector<Step>* steps) const {
  // Filled in where it is returned: copying it would take as long as a hash.
  absl::StatusOr<Assignments> assignments(absl::in_place);
  const GivenAttributes attributes(question.attributes);
  if (Violations violations; !Check(question, attributes, prefix, violations)) {
    assignments = violations.ToStatus();
    return assignments;
  }
  if (experiment_.experiment != nullptr || layer_ != nullptr) {
    AskOne(question, attributes, steps, assignments->one);
  } else {
    AskCampaign(question, attributes, assignments->campaign);
  }
  return assignments;
}

void Assigner::AskOne(const Question& question, const GivenAttributes& attributes,
                      std::vector<Step>* steps, Assignment& answer) const {
  const auto evaluate = [&](auto trace) {
    Evaluation evaluation(catalog_, question, attributes, exposed_, trace, answer);
    if (experiment_.experiment != nullptr) {
      evaluation.InExperiment(experiment_);
    } else {
      evaluation.InLayer(*layer_);
    }
  };
  if (steps == nullptr) {
    evaluate(NoTrace());
  } else {
    evaluate(Trace(*steps));
  }
}

bool Assigner::Check(const Question& question, const GivenAttributes& attributes,
                     std::string_view prefix, Violations& violations) const {
  if (!IsUnitId(question.unit_id, limits_)) {
    AddBadUnitId(question.unit_id, limits_, prefix, "unit_id", violations);
  }
  CheckAttributes(catalog_, attributes, limits_, prefix, question.from_device, violations);
  if (!question.unit_type.empty()) {
    CheckUnitType(catalog_, question.unit_type, experiment_.experiment, violations);
  }
  return violations.empty();
}

void Assigner::AskCampaign(const Question& question, const GivenAttributes& attributes,
                           std::vector<Assignment>& assignments) const {
  const std::string_view unit_type =
      question.unit_type.empty() ? kDefaultUnitType : question.unit_type;
  for (const Catalog::Found& found : campaign_) {
    if (found.experiment->definition.unit_type != unit_type) continue;
    Evaluation(catalog_, question, attributes, exposed_, NoTrace(), assignments.emplace_back())
        .InExperiment(found);
  }
}

std::vector<AssignedExposure> ExposuresOf(const Assignment& assignment) {
  std::vector<AssignedExposure> exposures;
  for (const HoldoutStanding& standing : {assignment.programme, assignment.layer}) {
    if (standing.holdout == nullptr) continue;
    exposures.push_back({.experiment = standing.holdout->name,
                         .variant = standing.is_held_out ? kHoldoutVariant : kRestVariant,
                         .epoch = standing.holdout->epoch,
                         .source = ExposureSource::kAssigned});
  }
  const bool is_override = assignment.reason == AssignmentReason::kOverride;
  if (is_override || assignment.reason == AssignmentReason::kAssigned) {
    exposures.push_back(
        {.experiment = assignment.experiment->definition.name,
         .variant = assignment.variant,
         .epoch = assignment.epoch,
         .source = is_override ? ExposureSource::kOverride : ExposureSource::kAssigned});
  }
  return exposures;
}

std::string_view HashedVariant(const ReadyExperiment& experiment, const Epoch& epoch,
                               std::string_view unit_id) {
  const Variant* const variant = HashedVariantIn(experiment, epoch, unit_id);
  return variant == nullptr ? std::string_view() : variant->variant_id;
}

}  // namespace insightloop
