// SPDX-License-Identifier: Apache-2.0
//
// From e-values to p-values. An e-value E measures evidence against a hypothesis: while it is true,
// E starts at 1 and is expected to stay there (a test martingale), so that the chance of it ever
// reaching 1 / alpha is at most alpha. Likelihood ratios and Bayes factors of a hypothesis without
// free parameters are e-values.
//
// Method: p = min(1, 1 / max E) over all readings so far (Ville's inequality); it never rises.
// Source: Ramdas, Grünwald, Vovk, Shafer, "Game-Theoretic Statistics and Safe Anytime-Valid
//         Inference", Statistical Science 38 (2023).

#ifndef INSIGHTLOOP_STATS_E_VALUE_H_
#define INSIGHTLOOP_STATS_E_VALUE_H_

#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace insightloop::stats {

// Natural logarithms of E, one a reading in order of time, to the logarithm of p at each of them;
// at most 0. An E of 0 or infinity is fine.
//
// Errors: kInvalidArgument a logarithm is NaN.
// Pure function; safe from any thread.
absl::StatusOr<std::vector<double>> AlwaysValidLogPValues(std::span<const double> log_e_values);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_E_VALUE_H_
