// SPDX-License-Identifier: Apache-2.0
//
// One pass over a roster and its tally: exact figures by epoch, variant and segment.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_SUMMARY_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_SUMMARY_H_

#include <cstdint>
#include <map>

#include "engine/domain/time.h"
#include "engine/measurement/roster.h"
#include "engine/measurement/tally.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// Late outcomes of the rows, by the word of their source.
std::map<std::int64_t, std::int64_t> LateBySource(const Roster& roster, const Tally& tally);

// All fields but the numbers of rows, late_by_source and rejected. The tally has all rows of the
// roster, none pending. O(rows), whatever the number of outcomes.
Measured Summarise(const Roster& roster, const Tally& tally, Time as_of);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_SUMMARY_H_
