// SPDX-License-Identifier: Apache-2.0
//
// Sample-ratio check: are the observed arm sizes believable under the planned split? A tiny
// p-value means that assignment or logging is broken; no effect estimate from that experiment
// should be read.
//
// Method: Pearson chi-squared goodness of fit, upper tail. Read it once: repeated every day until
//         it alarms, it alarms too often. sample_ratio_sequence.h may be read every day.
//         Epochs with splits of their own: the sum of their statistics is chi-squared with the sum
//         of their degrees of freedom, as they have no unit in common.
// Source: Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments",
//         KDD 2019, section 2. The sum: Cramer, Mathematical Methods of Statistics, 1946, section
//         18.1.

#ifndef INSIGHTLOOP_STATS_SAMPLE_RATIO_H_
#define INSIGHTLOOP_STATS_SAMPLE_RATIO_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace insightloop::stats {

struct SampleRatioResult {
  double chi_squared = 0;      // >= 0
  int degrees_of_freedom = 1;  // arms - 1; of several epochs the sum of theirs
  double p_value = 1;          // in [0, 1]; 0 when too small for a double
  double log_p_value = 0;      // its natural logarithm; right also where p_value is 0
};

// Smallest expected number of units in an arm for which the chi-squared approximation is commonly
// trusted (Cochran, Biometrics 10, 1954).
inline constexpr double kLeastExpectedUnits = 5;

// Tests observed arm sizes against the planned split.
//
// Shapes: `unit_counts[k]` and `weights[k]` describe arm k; at least 2 and at most 2^20 arms.
// Units:  counts are distinct randomization units, not events; weights are relative and need not
//         sum to anything; whole numbers up to 2^53 are taken exactly. `least_expected` is in
//         units.
// Errors: kInvalidArgument    too few or too many arms, lengths differ, a negative count, counts
//                             that together exceed 63 bits, a weight that is not finite and
//                             positive (drop unused arms before calling), or a negative
//                             `least_expected`.
//         kFailedPrecondition no units at all, an expected count is below `least_expected` (too
//                             early for the chi-squared approximation), or the result does not fit
//                             in a double.
// Pure function; safe from any thread; one pass, no allocation unless it fails.
absl::StatusOr<SampleRatioResult> TestSampleRatio(std::span<const std::int64_t> unit_counts,
                                                  std::span<const double> weights,
                                                  double least_expected = kLeastExpectedUnits);

// One test of several epochs, from the test of each.
//
// Errors: kInvalidArgument    no epoch, a statistic that is negative or not finite, fewer than one
//                             degree of freedom, or too many together for an int.
//         kFailedPrecondition the sum does not fit in a double.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<SampleRatioResult> CombineSampleRatios(std::span<const SampleRatioResult> epochs);

namespace internal {

// The sum of `unit_counts`. Errors: kInvalidArgument for a negative count, or a sum beyond 63 bits;
// `name` is what the message calls the counts.
absl::StatusOr<std::int64_t> CountUnits(std::span<const std::int64_t> unit_counts,
                                        absl::string_view name);

// Checks arms that all are to get units as TestSampleRatio() does, and gives the sum of
// `unit_counts`; `name` is what the message calls the weights.
absl::StatusOr<std::int64_t> CheckSplit(std::span<const std::int64_t> unit_counts,
                                        std::span<const double> weights, absl::string_view name);

}  // namespace internal

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_SAMPLE_RATIO_H_
