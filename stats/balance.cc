// SPDX-License-Identifier: Apache-2.0

#include "stats/balance.h"

#include <cmath>

#include "stats/mean_difference.h"

namespace insightloop::stats {

absl::StatusOr<CovariateBalance> CompareBalance(const Arms<Moments>& covariate,
                                                const AnytimePlan& plan) {
  const absl::StatusOr<EffectEstimate> difference = MeanDifference(covariate);
  if (!difference.ok()) return difference.status();
  const absl::StatusOr<Comparison> comparison = CompareAnytime(*difference, plan);
  if (!comparison.ok()) return comparison.status();
  // Both variances are there, as the difference has a standard error, and halved first they cannot
  // overflow.
  const double deviation =
      std::sqrt(*covariate.control.sample_variance / 2 + *covariate.treatment.sample_variance / 2);
  return CovariateBalance{
      .standardized_difference = difference->effect / deviation,
      .comparison = *comparison,
  };
}

}  // namespace insightloop::stats
