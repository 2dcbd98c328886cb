// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/catalog.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "engine/assignment/hashing.h"
#include "engine/domain/campaign.h"
#include "engine/domain/resource.h"

namespace insightloop {
namespace {

// Deletions that can be told one by one; for anybody who missed more there is a snapshot.
constexpr std::size_t kMostRemoved = 10'000;

ReadyHoldout MakeReady(const Holdout& holdout, std::string_view owner) {
  ReadyHoldout ready{.name = absl::StrCat(std::string(owner), std::string(kHoldoutSuffix)),
                     .epoch = holdout.epoch,
                     .is_empty = holdout.slots.empty(),
                     .slots = {}};
  for (const std::int32_t slot : holdout.slots) {
    if (slot < 0 || slot >= kSlotsPerLayer) continue;  // it may come over the wire
    ready.slots.set(static_cast<std::size_t>(slot));
  }
  return ready;
}

bool IsAssigning(const CatalogExperiment& experiment) {
  return !experiment.external && (experiment.state == ExperimentState::kRunning ||
                                  experiment.state == ExperimentState::kPaused);
}

// What assigning relies on; it may come over the wire.
absl::Status CheckComplete(const CatalogExperiment& experiment) {
  if (!IsAssigning(experiment)) return absl::OkStatus();
  const auto has_weights = [&](const Epoch& epoch) {
    return epoch.weights.size() == experiment.variants.size() &&
           std::all_of(epoch.weights.begin(), epoch.weights.end(),
                       [](std::int32_t weight) { return weight >= 0; }) &&
           std::accumulate(epoch.weights.begin(), epoch.weights.end(), std::int64_t{0}) > 0;
  };
  const bool is_complete =
      !experiment.epochs.empty() &&
      std::all_of(experiment.epochs.begin(), experiment.epochs.end(), has_weights) &&
      std::all_of(experiment.slots.begin(), experiment.slots.end(),
                  [](std::int32_t slot) { return slot >= 0 && slot < kSlotsPerLayer; }) &&
      experiment.salt.size() <= kMaxSaltBytes &&
      (!IsGrowthBook(experiment.hash_algorithm) || experiment.growthbook.has_value());
  if (is_complete) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(experiment.name, " runs without all that assigning needs"));
}

absl::StatusOr<ReadyExperiment> MakeReady(CatalogExperiment definition) {
  if (absl::Status status = CheckComplete(definition); !status.ok()) return status;
  auto eligibility = CompiledConditions::Compile(definition.eligibility, definition.segments);
  if (!eligibility.ok()) return eligibility.status();
  const Salt salt(definition.salt);
  ReadyExperiment ready{
      .definition = std::move(definition), .salt = salt, .eligibility = *std::move(eligibility)};
  ready.is_of_default_type = ready.definition.unit_type == kDefaultUnitType;
  const std::vector<Variant>& variants = ready.definition.variants;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    if (variants[v].control) ready.control = v;
    for (const Override& override_ : ready.definition.overrides) {
      if (override_.variant == variants[v].variant_id) {
        ready.variant_of_override[override_.unit_id] = v;
      }
    }
  }
  if (ready.definition.growthbook.has_value()) {
    const double coverage = ready.definition.growthbook->coverage;
    for (const Epoch& epoch : ready.definition.epochs) {
      ready.growthbook_ranges.push_back(
          GrowthBookRanges(GrowthBookShares(epoch.weights), coverage == 0 ? 1 : coverage));
    }
  }
  return ready;
}

}  // namespace

const Epoch* ReadyExperiment::FindEpoch(std::int32_t number) const {
  for (const Epoch& epoch : definition.epochs) {
    if (epoch.epoch == number) return &epoch;
  }
  return nullptr;
}

const Epoch& ReadyExperiment::EpochAt(Time time) const {
  const auto next = std::find_if(definition.epochs.begin() + 1, definition.epochs.end(),
                                 [time](const Epoch& epoch) { return epoch.start_time > time; });
  return *(next - 1);
}

Catalog::Catalog() : programme_(std::make_shared<const ReadyProgramme>()) {}

Catalog::Found Catalog::FindExperiment(std::string_view name) const {
  const ExperimentEntry* entry = experiments_.Find(name);
  if (entry == nullptr) return {};
  return {.experiment = entry->value.get(), .layer = entry->layer};
}

bool Catalog::HasCampaign(std::string_view name) const { return campaigns_.contains(name); }

std::vector<Catalog::Found> Catalog::ExperimentsOf(std::string_view campaign) const {
  std::vector<Found> found;
  const auto names = assigning_of_campaign_.find(campaign);
  if (names == assigning_of_campaign_.end()) return found;
  for (const std::string& name : names->second) found.push_back(FindExperiment(name));
  return found;
}

CatalogChanges Catalog::ChangesSince(std::int64_t after) const {
  CatalogChanges changes{.revision = revision_};
  changes.snapshot = after <= 0 || after < history_begins_ || after > revision_;
  const auto is_new = [&](std::int64_t revision) { return changes.snapshot || revision > after; };
  for (const auto& [name, entry] : experiments_) {
    if (is_new(entry.revision)) changes.experiments.push_back(&entry.value->definition);
  }
  for (const auto& [name, entry] : layers_) {
    if (is_new(entry.revision)) changes.layers.push_back(&entry.value->definition);
  }
  for (const auto& [id, entry] : attributes_) {
    if (is_new(entry.revision)) changes.attributes.push_back(entry.value.get());
  }
  for (const auto& [name, entry] : unit_types_) {
    if (is_new(entry.revision)) changes.unit_types.push_back(entry.value.get());
  }
  for (const auto& [name, revision] : campaigns_) {
    if (is_new(revision)) changes.campaigns.push_back(name);
  }
  if (is_new(programme_revision_)) changes.programme = &programme_->definition;
  if (!changes.snapshot) {
    for (const auto& [revision, name] : removed_) {
      if (is_new(revision)) changes.removed.push_back(name);
    }
  }
  return changes;
}

absl::Status Catalog::Put(CatalogExperiment experiment, std::int64_t revision) {
  if (IsAssigning(experiment) && layers_.Find(experiment.layer) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(experiment.name, " runs in ", experiment.layer, ", which is not there"));
  }
  auto ready = MakeReady(std::move(experiment));
  if (!ready.ok()) return ready.status();
  const std::string name = ready->definition.name;
  const std::string layer = ready->definition.layer;
  ExperimentEntry& entry = experiments_[name];
  const std::string layer_before = entry.value == nullptr ? "" : entry.value->definition.layer;
  if (entry.value != nullptr) LeaveCampaign(entry.value->definition);
  if (IsAssigning(ready->definition) && !ready->definition.campaign.empty()) {
    assigning_of_campaign_[ready->definition.campaign].insert(name);
  }
  entry = {.value = std::make_shared<const ReadyExperiment>(*std::move(ready)),
           .revision = revision,
           .layer = nullptr};
  if (layer_before != layer) Arrange(layer_before);  // a draft may move
  Arrange(layer);
  Advance(name, revision);
  return absl::OkStatus();
}

void Catalog::Put(Layer layer, std::int64_t revision) {
  const std::string name = layer.meta.name;
  ReadyLayer ready{.salt = Salt(layer.salt), .holdout = MakeReady(layer.holdout, name)};
  ready.definition = std::move(layer);
  layers_[name] = {.value = std::make_shared<const ReadyLayer>(std::move(ready)),
                   .revision = revision};
  Arrange(name);
  Advance(name, revision);
}

void Catalog::Put(Attribute attribute, std::int64_t revision) {
  const std::string name = attribute.meta.name;
  attributes_[IdOf(name)] = {.value = std::make_shared<const Attribute>(std::move(attribute)),
                             .revision = revision};
  Advance(name, revision);
}

void Catalog::Put(UnitType unit_type, std::int64_t revision) {
  const std::string name = unit_type.meta.name;
  unit_types_[name] = {.value = std::make_shared<const UnitType>(std::move(unit_type)),
                       .revision = revision};
  Advance(name, revision);
}

void Catalog::Put(Programme programme, std::int64_t revision) {
  ReadyProgramme ready{.salt = Salt(programme.salt),
                       .holdout = MakeReady(programme.holdout, programme.meta.name)};
  ready.definition = std::move(programme);
  programme_ = std::make_shared<const ReadyProgramme>(std::move(ready));
  programme_revision_ = revision;
  Advance(programme_->definition.meta.name, revision);
}

void Catalog::Put(ReadyEvent event, std::int64_t revision) {
  const std::string name = event.event.meta.name;
  events_[name] = {.value = std::make_shared<const ReadyEvent>(std::move(event)),
                   .revision = revision};
  Advance(name, revision);
}

void Catalog::PutCampaign(std::string_view name, std::int64_t revision) {
  campaigns_[std::string(name)] = revision;
  Advance(name, revision);
}

void Catalog::Remove(std::string_view name, std::int64_t revision) {
  const std::string key(name);
  const std::string_view collection = CollectionOf(name);
  if (collection == Experiment::kCollection) {
    if (const ExperimentEntry* const found = experiments_.Find(name)) {
      const std::string layer = found->value->definition.layer;
      LeaveCampaign(found->value->definition);
      experiments_.Erase(name);
      Arrange(layer);
    }
  } else if (collection == Layer::kCollection) {
    layers_.Erase(name);  // no experiment names it any more
  } else if (collection == Attribute::kCollection) {
    attributes_.Erase(IdOf(name));
  } else if (collection == UnitType::kCollection) {
    unit_types_.Erase(name);
  } else if (collection == Event::kCollection) {
    events_.Erase(name);
  } else if (collection == Campaign::kCollection) {
    campaigns_.erase(key);
  }
  Advance(name, revision);
  removed_.emplace_back(revision, key);
  if (removed_.size() > kMostRemoved) {
    history_begins_ = removed_.front().first;
    removed_.erase(removed_.begin());
  }
}

void Catalog::BeginHistory(std::int64_t revision) {
  revision_ = std::max(revision_, revision);
  history_begins_ = revision_;
  removed_.clear();
}

void Catalog::Advance(std::string_view name, std::int64_t revision) {
  revision_ = std::max(revision_, revision);
  std::erase_if(removed_, [name](const auto& removed) { return removed.second == name; });
}

void Catalog::LeaveCampaign(const CatalogExperiment& experiment) {
  const auto names = assigning_of_campaign_.find(experiment.campaign);
  if (names != assigning_of_campaign_.end()) names->second.erase(experiment.name);
}

void Catalog::Arrange(std::string_view layer) {
  Entry<ReadyLayer>* const entry = layers_.Find(layer);
  if (entry == nullptr) return;
  auto ready = std::make_shared<ReadyLayer>(*entry->value);
  ready->experiments.clear();
  ready->with_overrides.clear();
  ready->by_slot.fill(nullptr);
  for (auto& [name, experiment] : experiments_) {
    if (experiment.value->definition.layer != layer) continue;
    experiment.layer = ready.get();
    if (IsAssigning(experiment.value->definition)) ready->experiments.push_back(experiment.value);
  }
  std::sort(ready->experiments.begin(), ready->experiments.end(),
            [](const auto& a, const auto& b) { return a->definition.name < b->definition.name; });
  for (const auto& experiment : ready->experiments) {
    if (!experiment->variant_of_override.empty()) ready->with_overrides.push_back(experiment.get());
    for (const std::int32_t slot : experiment->definition.slots) {
      ready->by_slot[static_cast<std::size_t>(slot)] = experiment.get();
    }
  }
  entry->value = std::move(ready);
}

}  // namespace insightloop
