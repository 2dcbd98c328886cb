// SPDX-License-Identifier: Apache-2.0
//
// One pass over a roster and its tally: exact figures by epoch, variant and segment.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_SUMMARY_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_SUMMARY_H_

#include "engine/domain/time.h"
#include "engine/measurement/roster.h"
#include "engine/measurement/tally.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// All fields but the numbers of rows. The tally has all rows of the roster, none pending. O(rows),
// whatever the number of outcomes.
Measured Summarise(const Roster& roster, const Tally& tally, Time as_of);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_SUMMARY_H_
