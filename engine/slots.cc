// SPDX-License-Identifier: Apache-2.0

#include "engine/slots.h"

#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/resources.h"

namespace insightloop {
namespace {

using Slots = std::bitset<kSlotsPerLayer>;

void Mark(const std::vector<std::int32_t>& slots, Slots& marked) {
  for (const std::int32_t slot : slots) marked.set(static_cast<std::size_t>(slot));
}

// Slots that experiments of the layer hold or reserve.
absl::StatusOr<Slots> HeldByExperiments(ResourceStore::Transaction& store, std::string_view layer) {
  const auto resources = store.List({.collection = std::string(Experiment::kCollection)});
  if (!resources.ok()) return resources.status();
  Slots held;
  for (const StoredResource& stored : *resources) {
    const auto experiment = FromStored<Experiment>(stored);
    if (!experiment.ok()) return experiment.status();
    if (experiment->layer != layer) continue;
    Mark(experiment->slots, held);
    Mark(experiment->reserved_slots, held);
  }
  return held;
}

// A number below `bound`, all equally likely but for 1 in 2^54.
std::size_t Below(std::size_t bound, Random& random) {
  return static_cast<std::size_t>(random.Next() % bound);
}

// Adds slots that are not `held` to `slots`, at random, until it has `wanted`.
absl::Status Draw(const Slots& held, std::size_t wanted, const std::string& owner,
                  std::string_view layer, Random& random, std::vector<std::int32_t>& slots) {
  std::vector<std::int32_t> free;
  for (std::int32_t slot = 0; slot < kSlotsPerLayer; ++slot) {
    if (!held.test(static_cast<std::size_t>(slot))) free.push_back(slot);
  }
  const std::size_t more = wanted - slots.size();
  if (free.size() < more) {
    return WrongState(
        "LAYER_FULL", owner,
        absl::StrCat("asks for ", wanted, " slots",
                     slots.empty() ? "" : absl::StrCat(", of which it has ", slots.size()),
                     ", but ", std::string(layer), " has ", free.size(), " free; ask for at most ",
                     slots.size() + free.size(), ", or stop another experiment there"));
  }
  for (std::size_t i = 0; i < more; ++i) {  // Fisher–Yates, as far as needed
    std::swap(free[i], free[i + Below(free.size() - i, random)]);
    slots.push_back(free[i]);
  }
  return absl::OkStatus();
}

absl::Status Resize(const Slots& held, const std::string& owner, std::string_view layer,
                    Random& random, Holdout& holdout) {
  const auto wanted = static_cast<std::size_t>(holdout.slot_count);
  if (wanted == holdout.slots.size()) return absl::OkStatus();
  ++holdout.epoch;
  if (wanted < holdout.slots.size()) {
    holdout.slots.resize(wanted);
    return absl::OkStatus();
  }
  return Draw(held, wanted, owner, layer, random, holdout.slots);
}

}  // namespace

absl::Status ResizeSlots(ResourceStore::Transaction& store, Experiment& experiment,
                         Random& random) {
  const auto wanted = static_cast<std::size_t>(experiment.slot_count);
  std::vector<std::int32_t>& slots = experiment.slots;
  std::vector<std::int32_t>& reserved = experiment.reserved_slots;
  if (wanted <= slots.size()) {
    const auto from = slots.begin() + experiment.slot_count;
    reserved.insert(reserved.begin(), from, slots.end());
    slots.erase(from, slots.end());
    return absl::OkStatus();
  }
  while (slots.size() < wanted && !reserved.empty()) {
    slots.push_back(reserved.front());
    reserved.erase(reserved.begin());
  }
  if (slots.size() == wanted) return absl::OkStatus();
  auto held = HeldByExperiments(store, experiment.layer);
  if (!held.ok()) return held.status();
  const auto layer = Load<Layer>(store, "layer", experiment.layer);
  if (!layer.ok()) return layer.status();
  Mark(layer->holdout.slots, *held);
  Mark(slots, *held);
  return Draw(*held, wanted, experiment.meta.name, experiment.layer, random, slots);
}

absl::Status ResizeHoldout(ResourceStore::Transaction& store, Layer& layer, Random& random) {
  auto held = HeldByExperiments(store, layer.meta.name);
  if (!held.ok()) return held.status();
  Mark(layer.holdout.slots, *held);
  return Resize(*held, layer.meta.name, layer.meta.name, random, layer.holdout);
}

absl::Status ResizeHoldout(ResourceStore::Transaction&, Programme& programme, Random& random) {
  Slots held;
  Mark(programme.holdout.slots, held);
  return Resize(held, programme.meta.name, programme.meta.name, random, programme.holdout);
}

}  // namespace insightloop
