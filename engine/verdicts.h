// SPDX-License-Identifier: Apache-2.0
//
// Verdicts of experiments: planned for, computed on the facts of the moment, kept on request, and
// fed back as a new insight when the experiment is concluded.

#ifndef INSIGHTLOOP_ENGINE_VERDICTS_H_
#define INSIGHTLOOP_ENGINE_VERDICTS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/domain/caller.h"
#include "engine/domain/experiment.h"
#include "engine/domain/insight.h"
#include "engine/domain/planning.h"
#include "engine/domain/verdict.h"
#include "engine/following.h"
#include "engine/ports/measurement.h"
#include "engine/resources.h"

namespace insightloop {

struct Conclusion {
  Experiment experiment;
  Verdict verdict;
  Insight insight;
};

// Safe for concurrent calls.
class Verdicts {
 public:
  // All outlive this object.
  Verdicts(Resources& resources, Measurement& measurement, Following& following)
      : resources_(resources), measurement_(measurement), following_(following) {}

  // What the experiment, a draft or later, takes to come to a verdict. Reads only. Errors:
  // kNotFound; those of MakePlanning() (planner.h).
  absl::StatusOr<Planning> Plan(std::string_view experiment, const PlanningInput& input);

  // Reads only. Errors: kInvalidArgument, kNotFound, kFailedPrecondition (NOT_STARTED).
  absl::StatusOr<Verdict> Compute(std::string_view experiment);

  // Computes and keeps. Errors: those of Compute; REQUEST_ID_REUSED.
  absl::StatusOr<Verdict> Record(const Caller& caller, std::string_view experiment);

  // Errors: kInvalidArgument, kNotFound.
  absl::StatusOr<Verdict> Get(std::string_view name);

  // Kept verdicts of an experiment with names after `after`, oldest first. Errors:
  // kInvalidArgument, kNotFound for the experiment.
  absl::StatusOr<Page<Verdict>> List(std::string_view experiment, std::string_view after,
                                     std::int64_t limit);

  // Concludes a stopped experiment: keeps its final verdict and the insight it makes, in one
  // change.
  //
  // Errors: kInvalidArgument, kNotFound, kAborted (STALE_ETAG), kFailedPrecondition (WRONG_STATE;
  // WINDOWS_OPEN, with the time when the last one closes).
  absl::StatusOr<Conclusion> Conclude(const Caller& caller, std::string_view experiment,
                                      std::string_view etag);

 private:
  Resources& resources_;
  Measurement& measurement_;
  Following& following_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_VERDICTS_H_
