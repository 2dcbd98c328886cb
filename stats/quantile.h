// SPDX-License-Identifier: Apache-2.0
//
// One quantile of an arm's units, such as the 90th percentile of their waiting time, and how sure
// it is.
//
// Method: the value at the rank ceil(n q) of n units in ascending order. Its standard error is that
//         of the rank, sqrt(n q (1 - q)), times how much the value grows per rank around it: taken
//         between two values about 1.96 of the rank's standard errors below and above. That slope
//         is a sum of k = upper rank - lower rank gaps and has a relative variance of 1 / k, so the
//         squared standard error has k / 2 degrees of freedom by Satterthwaite.
// Source: type 1 of Hyndman, Fan, "Sample Quantiles in Statistical Packages", The American
//         Statistician 50 (1996); van der Vaart, Asymptotic Statistics, 1998, section 21.2; the
//         slope: Bloch, Gastwirth, "On a Simple Estimate of the Reciprocal of the Density
//         Function", Annals of Mathematical Statistics 39 (1968).
// Warning: where many units share the value, as with zeros, the slope is 0 and nothing can be said.
//
// Units:  values in the metric's unit, ranks from 1.
// All functions are pure, safe from any thread, and allocate nothing unless they fail.

#ifndef INSIGHTLOOP_STATS_QUANTILE_H_
#define INSIGHTLOOP_STATS_QUANTILE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"

namespace insightloop::stats {

// Which of the units' values, in ascending order, EstimateQuantile() takes.
struct QuantileRanks {
  std::int64_t value = 0;
  std::int64_t lower = 0, upper = 0;  // the nearest to 1.96 standard errors; within 1 to units
};

// Errors: kInvalidArgument for a quantile outside (0, 1) or fewer than one unit.
absl::StatusOr<QuantileRanks> RanksOfQuantile(std::int64_t units, double quantile);

// Values at such ranks. Ranks may lie between two units, for bounds that were interpolated.
struct QuantileValues {
  std::int64_t units = 0;  // each counted once
  double value = 0, lower = 0, upper = 0;
  double lower_rank = 0, upper_rank = 0;
};

// The quantile with its standard error and (upper_rank - lower_rank) / 2 degrees of freedom.
//
// Errors: kInvalidArgument    the quantile is not in (0, 1), units are negative, a value is not
//                             finite, or values or ranks are not in ascending order.
//         kFailedPrecondition there are so few units that 1.96 standard errors of the rank reach
//                             beyond them, lower and upper are the same, or the result does not fit
//                             in a double.
absl::StatusOr<ArmEstimate> EstimateQuantile(const QuantileValues& values, double quantile);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_QUANTILE_H_
