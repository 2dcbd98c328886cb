// SPDX-License-Identifier: Apache-2.0
//
// How many percent more or less than control: mean of the treatment over mean of the control,
// minus 1.
//
// Method: normal or t interval on the scale of the logarithm, turned back,
//           exp( ln(m_t / m_c) +- c * sqrt((se_t / m_t)^2 + (se_c / m_c)^2) ) - 1,
//         which never goes below -100 % and is the same whichever arm is the base. Not stated
//         where the logarithm is a poor scale: both means must be positive and at least three of
//         their own standard errors. Metrics that can be negative, such as profit or net promoter
//         score, have no relative lift.
// Source: Katz, Baptista, Azen, Pike, Biometrics 34 (1978), for proportions; the delta method for
//         means in general.

#ifndef INSIGHTLOOP_STATS_RELATIVE_LIFT_H_
#define INSIGHTLOOP_STATS_RELATIVE_LIFT_H_

#include <optional>

#include "absl/status/statusor.h"
#include "stats/comparison.h"

namespace insightloop::stats {

// The mean of one arm (a share is a mean too) and the standard error of that mean, in the same
// unit.
struct MeanEstimate {
  double mean = 0;
  double standard_error = 0;  // sqrt(variance of one unit / units)
};

struct RelativeLift {
  double lift = 0;                // 0.05 is 5 % more than control; above -1
  double log_standard_error = 0;  // of ln(1 + lift), > 0
  Interval interval;              // of lift; contains it, but not in its middle
};

// Estimates the relative lift. Independent arms.
//
// `degrees_of_freedom` chooses the quantile c: Student's t when given, such as that of
// CompareMeans(), else normal.
// Errors: kInvalidArgument    a mean or standard error is not finite, a standard error is
//                             negative, `level` is not in (0, 1), or `degrees_of_freedom` is not
//                             finite and positive.
//         kFailedPrecondition a mean is not positive or below three of its standard errors (the
//                             message says which arm), both standard errors are 0, or the result
//                             does not fit in a double.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<RelativeLift> EstimateRelativeLift(
    const Arms<MeanEstimate>& arms, double level,
    std::optional<double> degrees_of_freedom = std::nullopt);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_RELATIVE_LIFT_H_
