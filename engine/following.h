// SPDX-License-Identifier: Apache-2.0
//
// Which experiments have their figures kept up to date: from the start until they are concluded.

#ifndef INSIGHTLOOP_ENGINE_FOLLOWING_H_
#define INSIGHTLOOP_ENGINE_FOLLOWING_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/experiment.h"
#include "engine/domain/limits.h"
#include "engine/ports/measurement.h"
#include "engine/ports/resource_store.h"

namespace insightloop {

// Plans of all that are to be followed when a server starts. Errors: the store's; kInternal for an
// experiment that cannot be read.
absl::StatusOr<std::vector<MeasurePlan>> PlansToFollow(ResourceStore& store, const Limits& limits);
// Plans of all that were ever started. Errors: as above.
absl::StatusOr<std::vector<MeasurePlan>> PlansOfStarted(ResourceStore& store, const Limits& limits);

// Follows the experiment as it is now, or no longer once it is concluded. Error: kInternal for a
// sealed plan that cannot be read.
absl::Status Follow(const Experiment& experiment, const Limits& limits, Measurement& measurement);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_FOLLOWING_H_
