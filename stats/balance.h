// SPDX-License-Identifier: Apache-2.0
//
// Were the arms alike before the experiment? A covariate measured before first exposure cannot be
// an effect of the treatment, so that a difference between arms points to broken randomization or
// logging.
//
// Method: the difference of the means in standard deviations,
//           d = (mean_t - mean_c) / sqrt((variance_t + variance_c) / 2),
//         says how large it is; the p-value of the difference of means by a confidence sequence
//         (confidence_sequence.h) says whether chance explains it, however often it is looked at.
// Source: Austin, "Balance diagnostics for comparing the distribution of baseline covariates
//         between treatment groups in propensity-score matched samples", Statistics in Medicine 28
//         (2009).

#ifndef INSIGHTLOOP_STATS_BALANCE_H_
#define INSIGHTLOOP_STATS_BALANCE_H_

#include "absl/status/statusor.h"
#include "stats/comparison.h"
#include "stats/confidence_sequence.h"
#include "stats/moments.h"

namespace insightloop::stats {

struct CovariateBalance {
  double standardized_difference = 0;  // d, treatment minus control; beyond 0.1 it is noticeable
  Comparison comparison;               // of the means, anytime, in the covariate's unit
};

// Compares one covariate of two arms. With c covariates read together compare p with alpha / c.
//
// Units:  the moments are over the covariate's units, whose number need not be that of the plan.
// Errors: kInvalidArgument    as EstimateMean(), naming the arm, and as CompareAnytime().
//         kFailedPrecondition an arm has fewer than two units, the covariate is constant in both
//                             arms, or a result does not fit in a double.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<CovariateBalance> CompareBalance(const Arms<Moments>& covariate,
                                                const AnytimePlan& plan);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_BALANCE_H_
