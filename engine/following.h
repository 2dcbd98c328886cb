// SPDX-License-Identifier: Apache-2.0
//
// Which experiments have their figures kept up to date: from the start until they are concluded.

#ifndef INSIGHTLOOP_ENGINE_FOLLOWING_H_
#define INSIGHTLOOP_ENGINE_FOLLOWING_H_

#include <mutex>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/limits.h"
#include "engine/ports/measurement.h"
#include "engine/ports/resource_store.h"

namespace insightloop {

// Plans of all that are to be followed when a server starts. Errors: the store's; kInternal for an
// experiment that cannot be read.
absl::StatusOr<std::vector<MeasurePlan>> PlansToFollow(ResourceStore& store, const Limits& limits);
// Plans of all that were ever started. Errors: as above.
absl::StatusOr<std::vector<MeasurePlan>> PlansOfStarted(ResourceStore& store, const Limits& limits);

// Safe for concurrent calls.
class Following {
 public:
  // All outlive this object.
  Following(ResourceStore& store, Measurement& measurement, const Limits& limits)
      : store_(store), measurement_(measurement), limits_(limits) {}

  // Has the measurement follow the started experiment as it is stored now, or no longer once it is
  // concluded. Call after every move; of calls that race, the last one sees the last move. Errors:
  // the store's; kInternal for an experiment that cannot be read.
  absl::Status Update(std::string_view experiment);

 private:
  ResourceStore& store_;
  Measurement& measurement_;
  const Limits& limits_;
  std::mutex mutex_;  // held from reading an experiment until it is followed so
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_FOLLOWING_H_
