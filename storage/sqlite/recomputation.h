// SPDX-License-Identifier: Apache-2.0
//
// The figures of an experiment once more, from its rows by SQL: a second opinion, which shares
// nothing with engine/measurement but the definition of what is measured. SQL finds first
// exposures, crossed units, windows, sums, last answers and histories of each unit; only adding up
// over units happens here.

#ifndef INSIGHTLOOP_STORAGE_SQLITE_RECOMPUTATION_H_
#define INSIGHTLOOP_STORAGE_SQLITE_RECOMPUTATION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/domain/time.h"
#include "engine/ports/measurement.h"

namespace insightloop::storage {

// The facts to look at: those with ids up to these.
struct FactsThrough {
  std::int64_t exposures = 0, outcomes = 0;
};

// Opens a connection of its own and keeps a temporary table with a row for each exposed unit.
// O(facts) in each metric. Errors: those of opening and reading.
absl::StatusOr<Measured> Recompute(const std::string& path, const MeasurePlan& plan, Time as_of,
                                   FactsThrough through);

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_RECOMPUTATION_H_
