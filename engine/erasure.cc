// SPDX-License-Identifier: Apache-2.0

#include "engine/erasure.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/assignment/assigner.h"
#include "engine/domain/error.h"
#include "engine/domain/experiment.h"
#include "engine/domain/unit_type.h"

namespace insightloop {
namespace {

// True when there was one.
absl::StatusOr<bool> RemoveOverrides(ResourceStore::Transaction& store, const UnitKey& unit) {
  const auto experiments = store.List({.collection = std::string(Experiment::kCollection)});
  if (!experiments.ok()) return experiments.status();
  bool found = false;
  for (const StoredResource& stored : *experiments) {
    auto experiment = FromStored<Experiment>(stored);
    if (!experiment.ok()) return experiment.status();
    if (experiment->unit_type != unit.unit_type) continue;
    const auto removed = std::erase_if(experiment->overrides, [&unit](const Override& override_) {
      return override_.unit_id == unit.unit_id;
    });
    if (removed == 0) continue;
    found = true;
    if (auto put = store.Put(stored.name, BodyOf(*experiment)); !put.ok()) return put.status();
  }
  return found;
}

}  // namespace

absl::StatusOr<bool> Eraser::EraseUnit(const Caller& caller, UnitKey unit) {
  if (unit.unit_type.empty()) unit.unit_type = kDefaultUnitType;
  Violations violations;
  CheckUnitId(unit.unit_id, resources_.limits(), "unit_id", violations);
  if (unit.unit_type != kDefaultUnitType && !catalog_.Current()->HasUnitType(unit.unit_type)) {
    violations.Add("UNKNOWN_UNIT_TYPE", "unit_type",
                   absl::StrCat("is ", Quoted(unit.unit_type),
                                ", which does not exist; give the type under which the unit's "
                                "facts were sent"));
  }
  if (!violations.empty()) return violations.ToStatus();

  bool had_overrides = false;
  const auto was_known = measurement_.EraseUnit(unit, [&](const UnitErasure& erasure) {
    return resources_.Change(
        caller,
        [&](ResourceStore::Transaction& store) {
          const auto removed = RemoveOverrides(store, unit);
          if (!removed.ok()) return removed.status();
          had_overrides = *removed;
          return store.EraseUnit(erasure);
        },
        [](const StoredResource&) { return absl::OkStatus(); });  // it has no request id
  });
  if (!was_known.ok()) return was_known.status();
  const absl::Status discarded = resources_.store().DiscardErased();
  if (DetailsOf(discarded).reason == "STORE_BUSY") {
    return MakeError(absl::StatusCode::kUnavailable,
                     "the unit is erased, but a long read still needs the old texts in the "
                     "database's log; repeat the call when it has ended",
                     {.reason = "STORE_BUSY", .retry_delay = Seconds(10)});
  }
  if (!discarded.ok()) return discarded;
  return *was_known || had_overrides;
}

}  // namespace insightloop
