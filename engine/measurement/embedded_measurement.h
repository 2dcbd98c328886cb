// SPDX-License-Identifier: Apache-2.0
//
// `Measurement` inside one process: unit names and identities of facts live in memory, facts in a
// `FactLog`, and figures are made by one scan of it.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_EMBEDDED_MEASUREMENT_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_EMBEDDED_MEASUREMENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "engine/domain/limits.h"
#include "engine/ports/fact_log.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// Rebuilds the memory by a scan of `log`, which outlives the result. Destroying it ends its thread
// after the rows it has accepted are acknowledged.
absl::StatusOr<std::unique_ptr<Measurement>> OpenEmbeddedMeasurement(FactLog& log,
                                                                     const Limits& limits);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_EMBEDDED_MEASUREMENT_H_
