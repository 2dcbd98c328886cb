// SPDX-License-Identifier: Apache-2.0
//
// Which tests of an experiment are read together, and the level each of them gets.
//
//   family                               correction
//   primary, each treatment against      alpha / k: AlphaPerComparison(alpha, k). p-values times k
//   control, k treatments                (Bonferroni) and intervals then say the same
//   several primaries, any may win       alpha is split as the plan says: CheckAlphaSplit()
//   several primaries, all must win      none; the power of each is raised: PowerOfEach()
//   guardrails, all must be not worse    none; each is planned at PowerOfEach(), with the primary
//   guardrails, any may show harm        one-sided, AlphaPerComparison(alpha of harm, G * k)
//   secondary metrics                    Holm's p-values (multiplicity.h); they support a decision
//                                        and never make one
//   segments                             intervals inside a segment AlphaPerComparison(alpha, its
//                                        values * k); tests whether segments differ, of which there
//                                        are none yet, Holm's p-values
//   best treatment against the next      AlphaPerPair(), among the treatments that beat control
//   a list of finds, some may be wrong   Benjamini's and Yekutieli's p-values when they may be
//                                        read at any time: Benjamini's and Hochberg's need positive
//                                        dependence at the moment of reading
//
// Why Bonferroni and not a stepwise correction where a decision is made: each arm has an interval
// that agrees with its p-value, and a treatment's result does not change with the others'.
//
// Source: Bonferroni's inequality; for the power of guardrails Schultzberg, Ankargren, Franberg,
//         "Risk-aware product decisions in A/B tests with multiple metrics", 2024.
// All functions are pure, safe from any thread, and allocate nothing unless they fail.

#ifndef INSIGHTLOOP_STATS_FAMILIES_H_
#define INSIGHTLOOP_STATS_FAMILIES_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::stats {

// The level of each of so many comparisons: alpha / comparisons.
//
// Errors: kInvalidArgument for an alpha outside (0, 1) or fewer than one comparison.
absl::StatusOr<double> AlphaPerComparison(double alpha, std::int64_t comparisons);

// The level of each of the j (j - 1) / 2 pairs of j arms.
//
// Errors: kInvalidArgument for an alpha outside (0, 1) or fewer than two arms.
absl::StatusOr<double> AlphaPerPair(double alpha, std::int64_t arms);

// The power at which each metric is planned so that all of them pass with `power`, whatever their
// dependence: 1 - (1 - power) / metrics. With G guardrails beside one primary, `metrics` is G + 1.
//
// Errors: kInvalidArgument for a power outside (0, 1) or fewer than one metric.
absl::StatusOr<double> PowerOfEach(double power, std::int64_t metrics);

// Whether the levels given to several primaries keep the family's: each above 0, their sum at most
// alpha, but for rounding.
//
// Errors: kInvalidArgument if they do not, if there are none, or for an alpha outside (0, 1).
absl::Status CheckAlphaSplit(std::span<const double> alphas, double alpha);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_FAMILIES_H_
