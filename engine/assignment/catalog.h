// SPDX-License-Identifier: Apache-2.0
//
// The catalog: what assigning and recording need of the definitions, in memory and made ready for
// use. A published catalog never changes; a change makes a copy, which shares all that stays as it
// was, and publishes that (catalog_holder.h). Servers fill theirs from the store, clients from the
// stream of a server.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_CATALOG_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_CATALOG_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "engine/assignment/condition.h"
#include "engine/assignment/growthbook_hash.h"
#include "engine/assignment/hashing.h"
#include "engine/assignment/names.h"
#include "engine/domain/attribute.h"
#include "engine/domain/catalog_experiment.h"
#include "engine/domain/event.h"
#include "engine/domain/layer.h"
#include "engine/domain/programme.h"
#include "engine/domain/unit_type.h"

namespace insightloop {

// An experiment made ready for use.
struct ReadyExperiment {
  CatalogExperiment definition;
  Salt salt;
  CompiledConditions eligibility;
  std::size_t control = 0;  // into the variants
  bool is_of_default_type = false;
  std::vector<std::vector<GrowthBookRange>> growthbook_ranges;        // by epoch; else empty
  absl::flat_hash_map<std::string, std::size_t> variant_of_override;  // by unit id

  // Of a started experiment.
  const Epoch& current_epoch() const { return definition.epochs.back(); }
  // The one of that number; nullptr when there is none.
  const Epoch* FindEpoch(std::int32_t number) const;
  // The one that was running then: the first also before it.
  const Epoch& EpochAt(Time time) const;
};

// A holdout made ready for use.
struct ReadyHoldout {
  std::string name;  // such as `layers/mail/holdout`
  std::int32_t epoch = 0;
  bool is_empty = true;
  std::bitset<kSlotsPerLayer> slots;
};

// A layer with those of its experiments that run or are paused.
struct ReadyLayer {
  Layer definition;
  Salt salt;
  ReadyHoldout holdout;
  std::vector<std::shared_ptr<const ReadyExperiment>> experiments;  // in order of their names
  std::vector<const ReadyExperiment*> with_overrides;               // of those
  std::array<const ReadyExperiment*, kSlotsPerLayer> by_slot{};     // nullptr: nobody's
};

struct ReadyProgramme {
  Programme definition;
  Salt salt;
  ReadyHoldout holdout;
};

struct ReadyEvent {
  Event event;
  std::int64_t steps_per_unit = 1;
  std::string fact_name;  // FactName
};

// What changed from one revision to a later one.
struct CatalogChanges {
  std::int64_t revision = 0;
  bool snapshot = false;  // everything, in place of changes
  std::vector<const CatalogExperiment*> experiments;
  std::vector<const Layer*> layers;
  std::vector<const Attribute*> attributes;
  std::vector<const UnitType*> unit_types;
  const Programme* programme = nullptr;  // absent: unchanged
  std::vector<std::string> campaigns;    // names
  std::vector<std::string> removed;      // names
};

// Names are full resource names. Reading is safe for any number of threads; copying is cheap
// compared with what a change costs in the store.
class Catalog {
 public:
  // An experiment with its layer; neither when there is none of that name, no layer for an
  // external experiment.
  struct Found {
    const ReadyExperiment* experiment = nullptr;
    const ReadyLayer* layer = nullptr;
  };
  Found FindExperiment(std::string_view name) const;
  // nullptr when there is none.
  const ReadyLayer* FindLayer(std::string_view name) const { return ValueIn(layers_, name); }
  const ReadyEvent* FindEvent(std::string_view name) const { return ValueIn(events_, name); }
  const UnitType* FindUnitType(std::string_view name) const { return ValueIn(unit_types_, name); }
  const Attribute* FindAttribute(const HashedName& id) const {  // by id, not by name
    return ValueIn(attributes_, id);
  }
  bool HasUnitType(std::string_view name) const { return FindUnitType(name) != nullptr; }
  bool HasCampaign(std::string_view name) const;
  // Those of a campaign that run or are paused, in order of their names.
  std::vector<Found> ExperimentsOf(std::string_view campaign) const;
  const ReadyProgramme& programme() const { return *programme_; }

  // Of the last change.
  std::int64_t revision() const { return revision_; }
  // What somebody needs who knows this catalog as of revision `after`. The result points into this
  // catalog.
  CatalogChanges ChangesSince(std::int64_t after) const;

  Catalog();

  // Take a definition over, new or in the place of one of its name, changed in `revision`, which
  // must not go down. Layers before their experiments. Error: kInvalidArgument for an experiment
  // that runs without its layer or all that assigning needs, or whose eligibility cannot be
  // compiled; the catalog is unchanged then.
  absl::Status Put(CatalogExperiment experiment, std::int64_t revision);
  void Put(Layer layer, std::int64_t revision);
  void Put(Attribute attribute, std::int64_t revision);
  void Put(UnitType unit_type, std::int64_t revision);
  void Put(Programme programme, std::int64_t revision);
  void Put(ReadyEvent event, std::int64_t revision);
  void PutCampaign(std::string_view name, std::int64_t revision);
  // Forgets what has that name, if anything.
  void Remove(std::string_view name, std::int64_t revision);
  // From here on changes can be told; for anybody who knows less there is a snapshot.
  void BeginHistory(std::int64_t revision);

 private:
  template <class T>
  struct Entry {
    std::shared_ptr<const T> value;
    std::int64_t revision = 0;
  };
  template <class T>
  using ByName = NameTable<Entry<T>>;
  template <class T, class Name>
  static const T* ValueIn(const ByName<T>& table, const Name& name) {
    const Entry<T>* const entry = table.Find(name);
    return entry == nullptr ? nullptr : entry->value.get();
  }
  struct ExperimentEntry {
    std::shared_ptr<const ReadyExperiment> value;
    std::int64_t revision = 0;
    const ReadyLayer* layer = nullptr;  // into layers_
  };

  // To the revision in which `name` changed.
  void Advance(std::string_view name, std::int64_t revision);
  void LeaveCampaign(const CatalogExperiment& experiment);
  // Makes the layer's table anew.
  void Arrange(std::string_view layer);

  NameTable<ExperimentEntry> experiments_;
  ByName<ReadyLayer> layers_;
  ByName<ReadyEvent> events_;
  ByName<Attribute> attributes_;  // by id
  ByName<UnitType> unit_types_;
  std::map<std::string, std::int64_t, std::less<>> campaigns_;  // revisions
  // Names of the experiments that run or are paused.
  std::map<std::string, std::set<std::string>, std::less<>> assigning_of_campaign_;
  std::shared_ptr<const ReadyProgramme> programme_;
  std::int64_t programme_revision_ = 0;
  std::vector<std::pair<std::int64_t, std::string>> removed_;  // names with revisions, ascending
  std::int64_t revision_ = 0;
  std::int64_t history_begins_ = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_CATALOG_H_
