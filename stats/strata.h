// SPDX-License-Identifier: Apache-2.0
//
// One estimate per arm out of several strata: the epochs of an experiment, between which the shares
// of the arms changed. Adding such epochs up as if they were one compares arms of different times
// (Simpson's paradox).
//
// Method: every arm's strata are weighted alike, by the stratum's share of the units of all arms,
//         omega_k = n_k / sum of n: value = sum of omega_k * value_k, squared standard error = sum
//         of omega_k^2 * squared standard error_k, degrees of freedom by Satterthwaite.
// Source: Cochran, Sampling Techniques, 3rd ed. 1977, sections 5.3 and 5.4 (post-stratification
//         with given weights).

#ifndef INSIGHTLOOP_STATS_STRATA_H_
#define INSIGHTLOOP_STATS_STRATA_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"

namespace insightloop::stats {

// A stratum with fewer units in some arm has no standard error to speak of.
inline constexpr std::int64_t kLeastUnitsInStratum = 50;

struct StratifiedArms {
  std::vector<ArmEstimate> arms;      // in the order of the strata's arms; units of the strata used
  std::vector<std::size_t> left_out;  // numbers of strata too small to use, ascending
};

// Combines strata; `strata[k][a]` is arm a in stratum k. Any estimate will do, also a ratio or one
// adjusted for covariates. Of a stratum that is left out only the units are read.
//
// Errors: kInvalidArgument    strata have different numbers of arms, or none, or an arm is wrong as
//                             Difference() says.
//         kFailedPrecondition there is no stratum with kLeastUnitsInStratum units in every arm, or
//                             the units do not fit in 63 bits.
// Pure function; safe from any thread.
absl::StatusOr<StratifiedArms> CombineStrata(std::span<const std::vector<ArmEstimate>> strata);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_STRATA_H_
