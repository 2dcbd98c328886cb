// SPDX-License-Identifier: Apache-2.0
//
// From an estimate and its standard error to test and interval, by the normal or Student's t
// distribution. The one place where a Comparison is filled in. Internal to stats/.

#ifndef INSIGHTLOOP_STATS_WALD_H_
#define INSIGHTLOOP_STATS_WALD_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stats/comparison.h"

namespace insightloop::stats::internal {

struct Estimate {
  double effect = 0;
  double standard_error = 0;                 // > 0
  std::optional<double> degrees_of_freedom;  // > 0; empty: normal distribution
};

// kInvalidArgument unless 0 < level < 1.
absl::Status CheckLevel(double level);

// Half the width of a two-sided interval at `level`, in standard errors.
double CriticalValue(double level, std::optional<double> degrees_of_freedom);

// Errors: kInvalidArgument    `level` is not in (0, 1).
//         kFailedPrecondition the standard error is 0, or a result does not fit in a double.
// Pure function; safe from any thread.
absl::StatusOr<Comparison> CompareByEstimate(const Estimate& estimate, double level);

}  // namespace insightloop::stats::internal

#endif  // INSIGHTLOOP_STATS_WALD_H_
