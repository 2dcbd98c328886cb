// SPDX-License-Identifier: Apache-2.0
//
// The catalog: an immutable snapshot, in memory, of the definitions that assigning and recording
// need. Neither ever reads the store. Every change of a resource publishes a new snapshot before
// its call returns.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_CATALOG_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_CATALOG_H_

#include <bitset>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "engine/domain/attribute.h"
#include "engine/domain/event.h"
#include "engine/domain/experiment.h"
#include "engine/domain/layer.h"
#include "engine/domain/unit_type.h"
#include "engine/ports/resource_store.h"

namespace insightloop {

// An experiment with what is needed of it, made ready for use.
struct CatalogExperiment {
  Experiment experiment;  // eligibility and variants are those sealed at the start
  std::string layer_salt;
  std::bitset<kSlotsPerLayer> slots;
  std::vector<std::int32_t> weights;         // by variant
  std::vector<std::string> kept_attributes;  // ids, whose values exposures keep
};

struct CatalogEvent {
  Event event;
  std::int64_t steps_per_unit = 1;
};

// Names are full resource names. Immutable: safe for any number of threads.
class Catalog {
 public:
  // nullptr when there is none.
  const CatalogExperiment* FindExperiment(std::string_view name) const;
  const CatalogEvent* FindEvent(std::string_view name) const;
  const Attribute* FindAttribute(std::string_view name) const;
  bool HasUnitType(std::string_view name) const;

 private:
  friend class CatalogHolder;
  template <class T>
  using ByName = absl::flat_hash_map<std::string, std::shared_ptr<const T>>;
  ByName<CatalogExperiment> experiments_;
  ByName<CatalogEvent> events_;
  ByName<Attribute> attributes_;
  ByName<UnitType> unit_types_;
  ByName<Layer> layers_;
};

// Holds the current catalog. Safe for concurrent calls.
class CatalogHolder {
 public:
  CatalogHolder();

  std::shared_ptr<const Catalog> Current() const;

  // Reads all definitions. Call once at start.
  absl::Status Load(ResourceStore& store);

  // Takes over a committed change: a resource's new body, or its deletion. Calls must come in the
  // order of the commits. Other collections are ignored.
  absl::Status Apply(std::string_view name, const std::optional<StoredResource>& stored);

 private:
  static absl::Status ApplyTo(Catalog& catalog, std::string_view name,
                              const std::optional<StoredResource>& stored);

  mutable std::mutex mutex_;  // guards the pointer, not the catalog
  std::shared_ptr<const Catalog> current_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_CATALOG_H_
