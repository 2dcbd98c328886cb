// SPDX-License-Identifier: Apache-2.0

#include "engine/catalog_feed.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/condition_rules.h"
#include "engine/domain/campaign.h"
#include "engine/domain/catalog_experiment.h"
#include "engine/domain/resource.h"
#include "engine/domain/sealed_plan.h"
#include "engine/resources.h"
#include "engine/sealing.h"

namespace insightloop {
namespace {

constexpr std::int64_t kChangesPerRead = 10'000;

// Ids of the attributes that a verdict reads of an exposure, each once.
std::vector<std::string> AttributesToKeep(const SealedPlan& plan) {
  std::set<std::string> names(plan.plan.segment_attributes.begin(),
                              plan.plan.segment_attributes.end());
  for (const Metric& metric : plan.metrics) {
    for (std::string& name : AttributesOf(metric)) names.insert(std::move(name));
  }
  std::vector<std::string> ids;
  for (const std::string& name : names) ids.emplace_back(IdOf(name));
  return ids;
}

absl::StatusOr<CatalogExperiment> ToCatalog(const Experiment& experiment) {
  CatalogExperiment entry{.name = experiment.meta.name,
                          .state = experiment.state,
                          .external = experiment.external,
                          .unit_type = experiment.unit_type,
                          .layer = experiment.layer,
                          .campaign = experiment.campaign,
                          .variants = experiment.variants,
                          .epochs = experiment.epochs,
                          .salt = experiment.salt,
                          .hash_algorithm = experiment.hash_algorithm,
                          .growthbook = experiment.growthbook,
                          .slots = experiment.slots,
                          .overrides = experiment.overrides,
                          .start_time = experiment.start_time,
                          .pause_time = experiment.pause_time,
                          .stop_time = experiment.stop_time};
  if (experiment.sealed_plan.empty()) return entry;  // nobody is assigned before the start
  auto eligibility = ConditionsOf(experiment.eligibility, experiment.eligibility_filter);
  if (!eligibility.ok()) return eligibility.status();
  entry.eligibility = *std::move(eligibility);
  auto plan = ReadSealedPlan(experiment.sealed_plan);
  if (!plan.ok()) return plan.status();
  entry.kept_attributes = AttributesToKeep(*plan);
  VisitConditions(entry.eligibility, [&](const Condition& condition) {
    if (condition.segment.empty() || FindByName(entry.segments, condition.segment) != nullptr) {
      return;
    }
    const Segment* segment = FindByName(plan->segments, condition.segment);
    if (segment != nullptr) entry.segments.push_back(*segment);
  });
  for (Segment& segment : entry.segments) {
    auto conditions = ConditionsOf(segment.conditions, segment.filter);
    if (!conditions.ok()) return conditions.status();
    segment.conditions = *std::move(conditions);
    segment.filter.clear();
  }
  return entry;
}

absl::Status PutExperiment(const StoredResource& stored, Catalog& catalog) {
  const auto experiment = FromStored<Experiment>(stored);
  if (!experiment.ok()) return experiment.status();
  auto entry = ToCatalog(*experiment);
  if (!entry.ok()) return entry.status();
  if (absl::Status status = catalog.Put(*std::move(entry), stored.revision); !status.ok()) {
    return absl::InternalError(absl::StrCat(stored.name, ": ", status.message()));
  }
  return absl::OkStatus();
}

absl::Status PutEvent(const StoredResource& stored, Catalog& catalog) {
  auto event = FromStored<Event>(stored);
  if (!event.ok()) return event.status();
  const auto steps = StepsPerUnit(event->resolution);
  if (!steps.has_value()) {
    return absl::InternalError(stored.name + ": stored with a resolution that cannot be");
  }
  std::string fact_name = FactName(*event);
  catalog.Put(ReadyEvent{*std::move(event), *steps, std::move(fact_name)}, stored.revision);
  return absl::OkStatus();
}

absl::Status PutCampaign(const StoredResource& stored, Catalog& catalog) {
  catalog.PutCampaign(stored.name, stored.revision);
  return absl::OkStatus();
}

template <class T>
absl::Status PutAsIs(const StoredResource& stored, Catalog& catalog) {
  auto resource = FromStored<T>(stored);
  if (!resource.ok()) return resource.status();
  catalog.Put(*std::move(resource), stored.revision);
  return absl::OkStatus();
}

struct Collection {
  std::string_view name;
  absl::Status (*put)(const StoredResource&, Catalog&);
};

// Layers before their experiments.
constexpr std::array kCollections = {Collection{UnitType::kCollection, PutAsIs<UnitType>},
                                     Collection{Attribute::kCollection, PutAsIs<Attribute>},
                                     Collection{Event::kCollection, PutEvent},
                                     Collection{Campaign::kCollection, PutCampaign},
                                     Collection{Programme::kCollection, PutAsIs<Programme>},
                                     Collection{Layer::kCollection, PutAsIs<Layer>},
                                     Collection{Experiment::kCollection, PutExperiment}};

const Collection* FindCollection(std::string_view name) {
  const auto found =
      std::find_if(kCollections.begin(), kCollections.end(),
                   [&](const Collection& collection) { return collection.name == name; });
  return found == kCollections.end() ? nullptr : &*found;
}

// The revision of the last change of anything; `known` is one of some change.
absl::StatusOr<std::int64_t> LastRevision(ResourceStore& store, std::int64_t known) {
  while (true) {
    const auto later = store.Changes(known, kChangesPerRead);
    if (!later.ok()) return later.status();
    if (later->empty()) return known;
    known = later->back().revision;
  }
}

}  // namespace

absl::Status LoadCatalog(ResourceStore& store, CatalogHolder& holder) {
  Catalog catalog;
  for (const Collection& collection : kCollections) {
    const auto resources = store.List({.collection = std::string(collection.name)});
    if (!resources.ok()) return resources.status();
    for (const StoredResource& stored : *resources) {
      if (absl::Status status = collection.put(stored, catalog); !status.ok()) return status;
    }
  }
  const auto revision = LastRevision(store, catalog.revision());
  if (!revision.ok()) return revision.status();
  catalog.BeginHistory(*revision);
  holder.Publish(std::move(catalog));
  return absl::OkStatus();
}

absl::Status ApplyToCatalog(std::span<const ChangedResource> changed, CatalogHolder& holder) {
  const auto is_in_catalog = [](const ChangedResource& change) {
    return FindCollection(CollectionOf(change.first)) != nullptr;
  };
  if (std::none_of(changed.begin(), changed.end(), is_in_catalog)) return absl::OkStatus();
  Catalog next = *holder.Current();
  for (const auto& [name, stored] : changed) {
    const Collection* const collection = FindCollection(CollectionOf(name));
    if (collection == nullptr) continue;
    if (!stored.has_value()) {
      // The deletion has a revision above all before it, and this is the least of those.
      next.Remove(name, next.revision() + 1);
    } else if (absl::Status status = collection->put(*stored, next); !status.ok()) {
      return status;
    }
  }
  holder.Publish(std::move(next));
  return absl::OkStatus();
}

}  // namespace insightloop
