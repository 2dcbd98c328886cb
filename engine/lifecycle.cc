// SPDX-License-Identifier: Apache-2.0

#include "engine/lifecycle.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <functional>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"
#include "engine/sealing.h"

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
};

// Slots of the layer that no running experiment holds.
absl::StatusOr<std::vector<std::int32_t>> FreeSlots(ResourceStore::Transaction& store,
                                                    std::string_view layer) {
  const auto resources = store.List({.collection = std::string(Experiment::kCollection)});
  if (!resources.ok()) return resources.status();
  std::bitset<kSlotsPerLayer> taken;
  for (const StoredResource& stored : *resources) {
    const auto experiment = FromStored<Experiment>(stored);
    if (!experiment.ok()) return experiment.status();
    if (experiment->layer != layer) continue;
    for (const std::int32_t slot : experiment->slots) taken.set(static_cast<std::size_t>(slot));
  }
  std::vector<std::int32_t> free;
  for (std::int32_t slot = 0; slot < kSlotsPerLayer; ++slot) {
    if (!taken.test(static_cast<std::size_t>(slot))) free.push_back(slot);
  }
  return free;
}

// A number below `bound`, all equally likely but for 1 in 2^54.
std::size_t Below(std::size_t bound, Random& random) {
  return static_cast<std::size_t>(random.Next() % bound);
}

absl::Status TakeSlots(ResourceStore::Transaction& store, Experiment& experiment, Random& random) {
  auto free = FreeSlots(store, experiment.layer);
  if (!free.ok()) return free.status();
  const auto wanted = static_cast<std::size_t>(experiment.slot_count);
  if (free->size() < wanted) {
    return WrongState(
        "LAYER_FULL", experiment.meta.name,
        absl::StrCat("asks for ", wanted, " slots, but ", experiment.layer, " has ", free->size(),
                     " free; ask for fewer, or stop another experiment there"));
  }
  for (std::size_t i = 0; i < wanted; ++i) {  // Fisher–Yates, as far as needed
    std::swap((*free)[i], (*free)[i + Below(free->size() - i, random)]);
  }
  free->resize(wanted);
  std::sort(free->begin(), free->end());
  experiment.slots = *std::move(free);
  return absl::OkStatus();
}

// Without a window nobody knows when a running experiment's units are ready to be read.
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

absl::Status Seal(ResourceStore::Transaction& store, Experiment& experiment) {
  const auto plan = MakeSealedPlan(experiment, store);
  if (!plan.ok()) return plan.status();
  if (auto status = CheckWindows(*plan); !status.ok()) return status;
  experiment.sealed_plan = CanonicalText(*plan);
  experiment.plan_digest = Sha256Hex(experiment.sealed_plan);
  return absl::OkStatus();
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
// experiment in its new state.
absl::StatusOr<Experiment> MoveExperiment(
    Resources& resources, const Caller& caller, std::string_view name, std::string_view etag,
    Move move, const std::function<absl::Status(ResourceStore::Transaction&, Experiment&)>& act) {
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
      resources_, caller, name, etag, Move::kStart,
      [&](ResourceStore::Transaction& store, Experiment& experiment) -> absl::Status {
        if (auto status = CheckStartTime(experiment, start_time, now); !status.ok()) return status;
        if (auto status = Seal(store, experiment); !status.ok()) return status;
        experiment.start_time = start_time.value_or(now);
        experiment.epoch = 1;
        experiment.salt = MakeUuid(resources_.random());
        if (experiment.external) return absl::OkStatus();
        return TakeSlots(store, experiment, resources_.random());
      });
}

absl::StatusOr<Experiment> Lifecycle::Pause(const Caller& caller, std::string_view name,
                                            std::string_view etag) {
  const Time now = resources_.clock().Now();
  return MoveExperiment(resources_, caller, name, etag, Move::kPause,
                        [&](ResourceStore::Transaction&, Experiment& experiment) {
                          experiment.pause_time = now;
                          return absl::OkStatus();
                        });
}

absl::StatusOr<Experiment> Lifecycle::Resume(const Caller& caller, std::string_view name,
                                             std::string_view etag) {
  return MoveExperiment(resources_, caller, name, etag, Move::kResume,
                        [](ResourceStore::Transaction&, Experiment& experiment) {
                          experiment.pause_time = {};
                          return absl::OkStatus();
                        });
}

absl::StatusOr<Experiment> Lifecycle::Stop(const Caller& caller, std::string_view name,
                                           std::string_view etag) {
  const Time now = resources_.clock().Now();
  return MoveExperiment(resources_, caller, name, etag, Move::kStop,
                        [&](ResourceStore::Transaction&, Experiment& experiment) {
                          experiment.stop_time = now;
                          experiment.pause_time = {};
                          experiment.slots.clear();
                          return absl::OkStatus();
                        });
}

}  // namespace insightloop
