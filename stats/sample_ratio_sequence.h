// SPDX-License-Identifier: Apache-2.0
//
// Sample-ratio check that may be read every day, and over changes of the planned split: an e-value
// (e_value.h) of "units fall into the arms as planned". With a true plan, the chance that it ever
// reaches 1,000 is at most 0.1 %.
//
// Method: an epoch is a time during which the planned split stays the same. With E_k(A) the Bayes
//         factor of dirichlet_multinomial.h in epoch k, for the prior of concentration A around the
//         plan,
//           E_k = E_k(10,000) / 2 + E_k(100) / 2,
//         which sees small and gross losses, and over K epochs so far
//           E = 1/2 * product of E_k + 1/2 * (sum of 2^-k E_k, plus 2^-K).
//         The product adds up a fault that lasts; the sum still sees one that begins after long
//         healthy epochs. The 2^-K is the share of epochs that have not begun, whose E_k is 1. When
//         epoch K + 1 begins, half of it becomes that epoch's weight while its E_k is 1: E does not
//         change. From then on each unit changes the factor of one epoch, whose expected change is
//         0 under the plan; so E is a test martingale, in whatever order units of several epochs
//         come.
// Source: Lindon, Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022.

#ifndef INSIGHTLOOP_STATS_SAMPLE_RATIO_SEQUENCE_H_
#define INSIGHTLOOP_STATS_SAMPLE_RATIO_SEQUENCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/statusor.h"

namespace insightloop::stats {

// Arm i has `unit_counts[i]` and `weights[i]`.
struct SplitEpoch {
  std::span<const std::int64_t> unit_counts;  // all of this epoch's so far, at first exposure
  std::span<const double> weights;            // relative; 0 for an arm that is to get no units
};

struct ArmOfEpoch {
  std::size_t epoch = 0, arm = 0;  // from 0
};

struct SampleRatioEvidence {
  double log_e_value = 0;  // ln E; infinite when `unplanned` is there

  // The first arm of weight 0 that has units all the same: no chance explains that. Other arms of
  // weight 0 take no part.
  std::optional<ArmOfEpoch> unplanned;
};

// The evidence against the planned splits, from all epochs so far in order of time; none, or none
// with units, is an E of 1. For p, keep the largest ln E of all readings: AlwaysValidLogPValues().
//
// Units:  counts are distinct randomization units, each in the epoch of its first exposure.
// Errors: kInvalidArgument lengths differ within an epoch, a negative count, counts of an epoch
//                          that together exceed 63 bits, a weight that is negative or not finite,
//                          or an epoch without a positive one. The message names epoch and arm.
// Pure function; safe from any thread; linear in the number of arms.
absl::StatusOr<SampleRatioEvidence> MonitorSampleRatio(std::span<const SplitEpoch> epochs);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_SAMPLE_RATIO_SEQUENCE_H_
