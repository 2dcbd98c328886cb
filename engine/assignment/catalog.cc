// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/catalog.h"

#include <utility>

#include "absl/status/statusor.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"
#include "engine/domain/sealed_plan.h"
#include "engine/resources.h"
#include "engine/sealing.h"

namespace insightloop {
namespace {

template <class Map>
auto* Find(const Map& map, std::string_view name) {
  const auto found = map.find(absl::string_view(name.data(), name.size()));
  return found == map.end() ? nullptr : found->second.get();
}

absl::StatusOr<CatalogEvent> MakeEvent(const StoredResource& stored) {
  auto event = FromStored<Event>(stored);
  if (!event.ok()) return event.status();
  const auto steps = StepsPerUnit(event->resolution);
  if (!steps.has_value()) {
    return absl::InternalError(stored.name + ": stored with a resolution that cannot be");
  }
  return CatalogEvent{*std::move(event), *steps};
}

absl::StatusOr<CatalogExperiment> MakeExperiment(const StoredResource& stored, const Layer* layer) {
  auto experiment = FromStored<Experiment>(stored);
  if (!experiment.ok()) return experiment.status();
  CatalogExperiment made{*std::move(experiment)};
  if (layer != nullptr) made.layer_salt = layer->salt;
  for (const std::int32_t slot : made.experiment.slots) {
    made.slots.set(static_cast<std::size_t>(slot));
  }
  for (const Variant& variant : made.experiment.variants) made.weights.push_back(variant.weight);
  if (!made.experiment.sealed_plan.empty()) {
    const auto plan = ReadSealedPlan(made.experiment.sealed_plan);
    if (!plan.ok()) return plan.status();
    for (const std::string& name : plan->plan.segment_attributes) {
      made.kept_attributes.emplace_back(IdOf(name));
    }
  }
  return made;
}

template <class Map, class Value>
absl::Status Insert(Map& map, std::string_view name, absl::StatusOr<Value> value) {
  if (!value.ok()) return value.status();
  map[std::string(name)] = std::make_shared<const Value>(*std::move(value));
  return absl::OkStatus();
}

}  // namespace

const CatalogExperiment* Catalog::FindExperiment(std::string_view name) const {
  return Find(experiments_, name);
}

const CatalogEvent* Catalog::FindEvent(std::string_view name) const { return Find(events_, name); }

const Attribute* Catalog::FindAttribute(std::string_view name) const {
  return Find(attributes_, name);
}

bool Catalog::HasUnitType(std::string_view name) const {
  return Find(unit_types_, name) != nullptr;
}

CatalogHolder::CatalogHolder() : current_(std::make_shared<Catalog>()) {}

std::shared_ptr<const Catalog> CatalogHolder::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

absl::Status CatalogHolder::Load(ResourceStore& store) {
  auto next = std::make_shared<Catalog>();
  for (const std::string_view collection :
       {UnitType::kCollection, Attribute::kCollection, Event::kCollection, Layer::kCollection,
        Experiment::kCollection}) {  // experiments last: they need their layers
    const auto resources = store.List({.collection = std::string(collection)});
    if (!resources.ok()) return resources.status();
    for (const StoredResource& stored : *resources) {
      if (auto status = ApplyTo(*next, stored.name, stored); !status.ok()) return status;
    }
  }
  const std::lock_guard lock(mutex_);
  current_ = std::move(next);
  return absl::OkStatus();
}

absl::Status CatalogHolder::Apply(std::string_view name,
                                  const std::optional<StoredResource>& stored) {
  auto next = std::make_shared<Catalog>(*Current());
  if (auto status = ApplyTo(*next, name, stored); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  current_ = std::move(next);
  return absl::OkStatus();
}

absl::Status CatalogHolder::ApplyTo(Catalog& catalog, std::string_view name,
                                    const std::optional<StoredResource>& stored) {
  const std::string_view collection = CollectionOf(name);
  const auto apply = [&](auto& map, auto make) -> absl::Status {
    if (stored.has_value()) return Insert(map, name, make(*stored));
    map.erase(absl::string_view(name.data(), name.size()));
    return absl::OkStatus();
  };
  if (collection == UnitType::kCollection) {
    return apply(catalog.unit_types_, FromStored<UnitType>);
  }
  if (collection == Attribute::kCollection) {
    return apply(catalog.attributes_, FromStored<Attribute>);
  }
  if (collection == Event::kCollection) return apply(catalog.events_, MakeEvent);
  if (collection == Layer::kCollection) return apply(catalog.layers_, FromStored<Layer>);
  if (collection == Experiment::kCollection) {
    return apply(catalog.experiments_, [&](const StoredResource& resource) {
      const auto experiment = FromStored<Experiment>(resource);
      return MakeExperiment(resource,
                            experiment.ok() ? Find(catalog.layers_, experiment->layer) : nullptr);
    });
  }
  return absl::OkStatus();
}

}  // namespace insightloop
