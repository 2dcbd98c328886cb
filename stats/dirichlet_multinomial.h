// SPDX-License-Identifier: Apache-2.0
//
// Are counts split as planned, or by shares that nobody planned? The Bayes factor of the two, which
// is also an e-value (e_value.h): it may be read after every unit.
//
// Method: planned, units fall independently into arm i with probability p_i; unplanned, these
//         probabilities are themselves drawn from a Dirichlet distribution with parameters a_i, of
//         sum A (its concentration). With n_i units in arm i, of n,
//           ln B = lnG(A) - lnG(A + n) + sum [lnG(a_i + n_i) - lnG(a_i)] - sum n_i ln p_i,
//         lnG the logarithm of the gamma function. A large A looks for small deviations.
// Source: Lindon, Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022.
//
// The formula itself would lose all digits for billions of units. Here it is rearranged by
// Stirling's formula (Abramowitz, Stegun, Handbook of Mathematical Functions, 6.1.40-41) into parts
// that are as small as the result, so that B is right to some 1e-9 even for 10^12 units.

#ifndef INSIGHTLOOP_STATS_DIRICHLET_MULTINOMIAL_H_
#define INSIGHTLOOP_STATS_DIRICHLET_MULTINOMIAL_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"

namespace insightloop::stats {

// a_i = concentration * weights[i] / sum of weights.
struct DirichletPrior {
  double concentration = 0;  // in units: it counts for as much as so many observed ones
  std::span<const double> weights;
};

struct SplitEvidence {
  double log_bayes_factor = 0;  // ln B; above 0 speaks against the planned split

  // Log likelihoods of the units in the order in which they came. Their difference is ln B, but
  // with its digits lost when there are many units.
  double log_planned = 0;
  double log_unplanned = 0;
};

// Shapes: `unit_counts[i]`, `weights[i]` and `prior.weights[i]` describe arm i; at least 2 and at
//         most 2^20 arms.
// Units:  counts are distinct randomization units; weights are relative and need not sum to
//         anything.
// Errors: kInvalidArgument too few or too many arms, lengths differ, a negative count, counts that
//                          together exceed 63 bits, a weight or a concentration that is not finite
//                          and positive (drop arms that are to get no units).
// Pure function; safe from any thread; one pass, no allocation unless it fails.
absl::StatusOr<SplitEvidence> WeighSplit(std::span<const std::int64_t> unit_counts,
                                         std::span<const double> weights,
                                         const DirichletPrior& prior);

// The probability that the split is not as planned, given the odds of that before any unit came.
//
// Errors: kInvalidArgument for a logarithm that is NaN, or odds that are not finite and positive.
// Pure function; safe from any thread.
absl::StatusOr<double> PosteriorProbability(double log_bayes_factor, double prior_odds);

namespace internal {

// ln B for a prior centred on the plan, a_i = concentration * p_i. Arguments are not checked.
double LogBayesFactorAround(std::span<const std::int64_t> unit_counts,
                            std::span<const double> weights, double concentration);

}  // namespace internal

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_DIRICHLET_MULTINOMIAL_H_
