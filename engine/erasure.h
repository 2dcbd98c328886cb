// SPDX-License-Identifier: Apache-2.0
//
// Erases who a unit was, wherever the server keeps it. What the unit did stays, under a number, so
// that no figure changes.

#ifndef INSIGHTLOOP_ENGINE_ERASURE_H_
#define INSIGHTLOOP_ENGINE_ERASURE_H_

#include "absl/status/statusor.h"
#include "engine/assignment/catalog_holder.h"
#include "engine/domain/caller.h"
#include "engine/domain/facts.h"
#include "engine/ports/measurement.h"
#include "engine/resources.h"

namespace insightloop {

// Safe for concurrent calls.
class Eraser {
 public:
  // All outlive this object.
  Eraser(Resources& resources, const CatalogHolder& catalog, Measurement& measurement)
      : resources_(resources), catalog_(catalog), measurement_(measurement) {}

  // Erases the unit's id, the outcome_id, response_id and comment of its outcomes, and its
  // overrides, also from what the log of changes keeps; the unit's own row there names its number.
  // An empty unit type is the default one. OK means that no file of the database holds these texts
  // any more. Can be repeated: false when nothing named the unit.
  //
  // Errors: kInvalidArgument (INVALID_UNIT_ID, UNKNOWN_UNIT_TYPE); kUnavailable (STORE_BUSY) when
  // it is erased, but a long read still holds the old texts in a file: repeat it; those of writing.
  absl::StatusOr<bool> EraseUnit(const Caller& caller, UnitKey unit);

 private:
  Resources& resources_;
  const CatalogHolder& catalog_;
  Measurement& measurement_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ERASURE_H_
