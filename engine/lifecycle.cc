// SPDX-License-Identifier: Apache-2.0

#include "engine/lifecycle.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"
#include "engine/plan_rules.h"
#include "engine/rules.h"
#include "engine/sealing.h"
#include "engine/slots.h"

namespace insightloop {
namespace {

struct LegalMove {
  Move move;
  ExperimentState from, to;
};

constexpr std::array kLegalMoves = {
    LegalMove{Move::kStart, ExperimentState::kDraft, ExperimentState::kRunning},
    LegalMove{Move::kPause, ExperimentState::kRunning, ExperimentState::kPaused},
    LegalMove{Move::kResume, ExperimentState::kPaused, ExperimentState::kRunning},
    LegalMove{Move::kStop, ExperimentState::kRunning, ExperimentState::kStopped},
    LegalMove{Move::kStop, ExperimentState::kPaused, ExperimentState::kStopped},
    LegalMove{Move::kConclude, ExperimentState::kStopped, ExperimentState::kConcluded},
    LegalMove{Move::kChange, ExperimentState::kRunning, ExperimentState::kRunning},
    LegalMove{Move::kChange, ExperimentState::kPaused, ExperimentState::kPaused},
};

absl::Status Seal(ResourceStore::Transaction& store, Experiment& experiment) {
  const auto plan = MakeSealedPlan(experiment, store);
  if (!plan.ok()) return plan.status();
  if (auto status = CheckWindows(*plan); !status.ok()) return status;
  // Definitions may have changed since the draft was checked.
  Violations violations;
  CheckMoney(*plan, experiment.variants, violations);
  CheckPrimaries(*plan, violations);
  CheckAutoPause(*plan, violations);
  if (!violations.empty()) return violations.ToStatus();
  experiment.sealed_plan = CanonicalText(*plan);
  experiment.plan_digest = Sha256Hex(experiment.sealed_plan);
  return absl::OkStatus();
}

std::vector<std::int32_t> WeightsOf(const std::vector<Variant>& variants) {
  std::vector<std::int32_t> weights;
  for (const Variant& variant : variants) weights.push_back(variant.weight);
  return weights;
}

void OpenEpoch(std::vector<std::int32_t> weights, Time start_time, Experiment& experiment) {
  ++experiment.epoch;
  experiment.epochs.push_back(
      {.epoch = experiment.epoch, .start_time = start_time, .weights = std::move(weights)});
}

absl::Status CheckAssigns(const Experiment& experiment) {
  if (!experiment.external) return absl::OkStatus();
  return InvalidField("NOT_FOR_EXTERNAL", "name",
                      absl::StrCat("is ", experiment.meta.name,
                                   ", whose variants another system assigns; change it there"));
}

absl::Status CheckWeights(const std::map<std::string, std::int32_t>& weights,
                          const Limits& limits) {
  Violations violations;
  for (const auto& [variant, weight] : weights) {
    if (weight >= 0 && weight <= limits.max_weight) continue;
    violations.Add("OUT_OF_RANGE", absl::StrCat("weights.", variant),
                   absl::StrCat("is ", weight, "; give 0 to ", limits.max_weight));
  }
  return violations.ToStatus();
}

// The variants with the weights of the current epoch, but for those that `weights` names.
absl::StatusOr<std::vector<Variant>> Reweighted(
    const Experiment& experiment, const std::map<std::string, std::int32_t>& weights) {
  std::vector<Variant> variants = experiment.variants;
  std::size_t known = 0;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const auto given = weights.find(variants[v].variant_id);
    variants[v].weight = experiment.epochs.back().weights[v];
    if (given == weights.end()) continue;
    variants[v].weight = given->second;
    ++known;
  }
  if (weights.empty()) {
    return InvalidField("FIELD_REQUIRED", "weights", "is empty; give a weight for a variant");
  }
  if (known == weights.size()) return variants;
  const auto unknown = std::find_if(weights.begin(), weights.end(), [&](const auto& weight) {
    return std::none_of(variants.begin(), variants.end(),
                        [&](const Variant& variant) { return variant.variant_id == weight.first; });
  });
  return InvalidField(
      "UNKNOWN_VARIANT", absl::StrCat("weights.", unknown->first),
      absl::StrCat("is no variant of ", experiment.meta.name, "; give the variant_id of one"));
}

absl::Status CheckStartTime(const Experiment& experiment, std::optional<Time> start_time,
                            Time now) {
  if (!start_time.has_value()) return absl::OkStatus();
  if (!experiment.external) {
    return InvalidField("NOT_EXTERNAL", "start_time",
                        absl::StrCat("is set, but ", experiment.meta.name,
                                     " assigns its own variants and starts now; leave it out"));
  }
  if (*start_time > now) {
    return InvalidField("TIME_IN_FUTURE", "start_time",
                        absl::StrCat("is ", FormatTime(*start_time), ", after now, ",
                                     FormatTime(now), "; give a past time"));
  }
  return absl::OkStatus();
}

// The frame of every move: checks name, etag and table, lets `act` do the rest, stores the
// experiment in its new state, in which it is then measured.
absl::StatusOr<Experiment> MoveExperiment(
    Resources& resources, Following& following, const Caller& caller, std::string_view name,
    std::string_view etag, Move move,
    const std::function<absl::Status(ResourceStore::Transaction&, Experiment&)>& act) {
  if (!IsNameIn(Experiment::kCollection, name)) {
    return InvalidField("INVALID_NAME", "name",
                        absl::StrCat("is ", Quoted(name), "; give experiments/{id}"));
  }
  absl::StatusOr<Experiment> result = absl::InternalError("not moved");
  const auto status = resources.Change(
      caller,
      [&](ResourceStore::Transaction& store) -> absl::Status {
        auto experiment = Load<Experiment>(store, "name", name);
        if (!experiment.ok()) return experiment.status();
        if (auto fresh = CheckEtag(experiment->meta, etag); !fresh.ok()) return fresh;
        if (auto legal = CheckMove(*experiment, move); !legal.ok()) return legal;
        if (auto acted = act(store, *experiment); !acted.ok()) return acted;
        experiment->state = *StateAfter(experiment->state, move);
        const auto stored = store.Put(name, BodyOf(*experiment));
        if (!stored.ok()) return stored.status();
        return (result = FromStored<Experiment>(*stored)).status();
      },
      [&](const StoredResource& left) { return (result = FromStored<Experiment>(left)).status(); });
  if (!status.ok()) return status;
  if (auto followed = following.Update(name); !followed.ok()) return followed;
  return result;
}

}  // namespace

std::optional<ExperimentState> StateAfter(ExperimentState state, Move move) {
  for (const LegalMove& legal : kLegalMoves) {
    if (legal.move == move && legal.from == state) return legal.to;
  }
  return std::nullopt;
}

absl::Status CheckMove(const Experiment& experiment, Move move) {
  if (StateAfter(experiment.state, move).has_value()) return absl::OkStatus();
  std::vector<std::string> states;
  for (const LegalMove& legal : kLegalMoves) {
    if (legal.move == move) states.emplace_back(EnumName(legal.from));
  }
  return WrongState("WRONG_STATE", experiment.meta.name,
                    absl::StrCat("is ", std::string(EnumName(experiment.state)), "; this needs ",
                                 absl::StrJoin(states, " or ")));
}

absl::StatusOr<Experiment> Lifecycle::Start(const Caller& caller, std::string_view name,
                                            std::string_view etag, std::optional<Time> start_time) {
  const Time now = resources_.clock().Now();
  return MoveExperiment(
      resources_, following_, caller, name, etag, Move::kStart,
      [&](ResourceStore::Transaction& store, Experiment& experiment) -> absl::Status {
        if (auto status = CheckStartTime(experiment, start_time, now); !status.ok()) return status;
        if (auto status = Seal(store, experiment); !status.ok()) return status;
        experiment.start_time = start_time.value_or(now);
        experiment.salt = MakeUuid(resources_.random());
        OpenEpoch(WeightsOf(experiment.variants), experiment.start_time, experiment);
        if (experiment.external) return absl::OkStatus();
        if (auto status = CheckOverridesOfLayer(store, experiment); !status.ok()) return status;
        return ResizeSlots(store, experiment, resources_.random());
      });
}

absl::StatusOr<Experiment> Lifecycle::Pause(const Caller& caller, std::string_view name,
                                            std::string_view etag) {
  return PauseForHarm(caller, name, etag, {});
}

absl::StatusOr<Experiment> Lifecycle::PauseForHarm(const Caller& caller, std::string_view name,
                                                   std::string_view etag,
                                                   const std::vector<std::string>& variants) {
  const Time now = resources_.clock().Now();
  return MoveExperiment(resources_, following_, caller, name, etag, Move::kPause,
                        [&](ResourceStore::Transaction&, Experiment& experiment) {
                          experiment.pause_time = now;
                          experiment.auto_pause_variants.insert(
                              experiment.auto_pause_variants.end(), variants.begin(),
                              variants.end());
                          return absl::OkStatus();
                        });
}

absl::StatusOr<Experiment> Lifecycle::Resume(const Caller& caller, std::string_view name,
                                             std::string_view etag) {
  return MoveExperiment(resources_, following_, caller, name, etag, Move::kResume,
                        [](ResourceStore::Transaction&, Experiment& experiment) {
                          experiment.pause_time = {};
                          return absl::OkStatus();
                        });
}

absl::StatusOr<Experiment> Lifecycle::Stop(const Caller& caller, std::string_view name,
                                           std::string_view etag) {
  const Time now = resources_.clock().Now();
  return MoveExperiment(resources_, following_, caller, name, etag, Move::kStop,
                        [&](ResourceStore::Transaction&, Experiment& experiment) {
                          experiment.stop_time = now;
                          experiment.pause_time = {};
                          experiment.slots.clear();
                          experiment.reserved_slots.clear();
                          return absl::OkStatus();
                        });
}

absl::StatusOr<Experiment> Lifecycle::Ramp(const Caller& caller, std::string_view name,
                                           std::string_view etag, std::int32_t slot_count) {
  return MoveExperiment(
      resources_, following_, caller, name, etag, Move::kChange,
      [&](ResourceStore::Transaction& store, Experiment& experiment) -> absl::Status {
        if (auto status = CheckAssigns(experiment); !status.ok()) return status;
        Violations violations;
        CheckSlotCount(slot_count, violations);
        if (!violations.empty()) return violations.ToStatus();
        experiment.slot_count = slot_count;
        return ResizeSlots(store, experiment, resources_.random());
      });
}

absl::StatusOr<Experiment> Lifecycle::ReleaseSlots(const Caller& caller, std::string_view name,
                                                   std::string_view etag) {
  return MoveExperiment(resources_, following_, caller, name, etag, Move::kChange,
                        [](ResourceStore::Transaction&, Experiment& experiment) {
                          experiment.reserved_slots.clear();
                          return CheckAssigns(experiment);
                        });
}

absl::StatusOr<Experiment> Lifecycle::Reallocate(
    const Caller& caller, std::string_view name, std::string_view etag,
    const std::map<std::string, std::int32_t>& weights) {
  const Time now = resources_.clock().Now();
  return MoveExperiment(resources_, following_, caller, name, etag, Move::kChange,
                        [&](ResourceStore::Transaction&, Experiment& experiment) -> absl::Status {
                          if (auto status = CheckAssigns(experiment); !status.ok()) return status;
                          const Limits& limits = resources_.limits();
                          if (auto status = CheckWeights(weights, limits); !status.ok()) {
                            return status;
                          }
                          const auto variants = Reweighted(experiment, weights);
                          if (!variants.ok()) return variants.status();
                          Violations violations;
                          CheckVariants(*variants, limits, violations);
                          const auto plan = ReadSealedPlan(experiment.sealed_plan);
                          if (!plan.ok()) return plan.status();
                          CheckMoney(*plan, *variants, violations);
                          if (!violations.empty()) return violations.ToStatus();
                          std::vector<std::int32_t> after = WeightsOf(*variants);
                          if (after == experiment.epochs.back().weights) return absl::OkStatus();
                          if (experiment.epochs.size() >= resources_.limits().max_epochs) {
                            return WrongState(
                                "TOO_MANY_EPOCHS", experiment.meta.name,
                                absl::StrCat("has had ", experiment.epochs.size(),
                                             " epochs, the most that one can have; start another "
                                             "experiment with the new weights"));
                          }
                          OpenEpoch(std::move(after), now, experiment);
                          return absl::OkStatus();
                        });
}

}  // namespace insightloop
