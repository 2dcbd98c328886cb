// SPDX-License-Identifier: Apache-2.0
//
// What a Bayesian says of an effect: the chance that the treatment is better, and how much is lost
// on average by choosing the wrong arm. Shown beside a test, never in its place: read again and
// again under a flat prior, neither controls any error.
//
// Method: the estimate is normal around the effect, whose prior is normal or flat:
//           precision = 1/se^2 + 1/sd^2,  mean = (estimate/se^2 + prior mean/sd^2) / precision,
//         and with posterior mean m and standard deviation s
//           P(effect > 0) = Phi(m/s),  E[max(effect, 0)] = s phi(m/s) + m Phi(m/s).
// Source: Gelman, Carlin, Stern, Dunson, Vehtari, Rubin, Bayesian Data Analysis, 3rd ed. 2013,
//         section 2.5; the expected loss is the opportunity loss of Raiffa, Schlaifer, Applied
//         Statistical Decision Theory, 1961, chapter 5.

#ifndef INSIGHTLOOP_STATS_POSTERIOR_H_
#define INSIGHTLOOP_STATS_POSTERIOR_H_

#include <optional>

#include "absl/status/statusor.h"
#include "stats/comparison.h"

namespace insightloop::stats {

struct NormalPrior {
  double mean = 0;
  double standard_deviation = 0;  // > 0
};

struct EffectPosterior {
  double mean = 0;
  double standard_deviation = 0;
  double chance_to_win = 0;      // that the effect is above 0
  double loss_of_treatment = 0;  // expected, of choosing the treatment: E[max(-effect, 0)]
  double loss_of_control = 0;    // E[max(effect, 0)]
};

// Of an effect of which up is good, in its unit; without a prior the flat one. Degrees of freedom
// are passed over.
//
// Errors: kInvalidArgument    a number is not finite, or a prior without spread.
//         kFailedPrecondition a standard error of 0, or a result does not fit in a double.
// Pure function; safe from any thread.
absl::StatusOr<EffectPosterior> EstimatePosterior(const EffectEstimate& estimate,
                                                  const std::optional<NormalPrior>& prior);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_POSTERIOR_H_
