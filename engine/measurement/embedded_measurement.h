// SPDX-License-Identifier: Apache-2.0
//
// `Measurement` inside one process: facts live in a `FactLog`; unit names, identities of facts and
// the numbers of the experiments that are followed in memory.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_EMBEDDED_MEASUREMENT_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_EMBEDDED_MEASUREMENT_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/domain/limits.h"
#include "engine/ports/fact_log.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// Follows `plans` from the start. Reads `log`, which outlives the result, on a thread of its own:
// see WaitUntilReady(). Destroying it ends its threads after the rows it has accepted are
// acknowledged. Errors: those of the log's secret.
absl::StatusOr<std::unique_ptr<Measurement>> OpenEmbeddedMeasurement(
    FactLog& log, const Limits& limits, std::vector<MeasurePlan> plans = {});

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_EMBEDDED_MEASUREMENT_H_
