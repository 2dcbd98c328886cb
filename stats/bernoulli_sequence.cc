// SPDX-License-Identifier: Apache-2.0

#include "stats/bernoulli_sequence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "absl/status/status.h"
#include "stats/dirichlet_multinomial.h"
#include "stats/internal/arguments.h"
#include "stats/normal_mixture.h"

namespace insightloop::stats {
namespace {

constexpr double kTuningAlpha = 0.05;
constexpr double kLeastConcentration = 1e-3;

struct Limit {
  double concentration = 0;
  double log_bayes_factor = 0;  // -ln alpha
};

// The end of the interval towards `outside`, 0 or 1.
double End(std::int64_t successes, std::int64_t failures, double outside, const Limit& limit) {
  const std::array<std::int64_t, 2> unit_counts = {successes, failures};
  // By bisection down to neighbouring numbers, for shares of whatever size.
  double inside = static_cast<double>(successes) / static_cast<double>(successes + failures);
  for (;;) {
    const double share = outside + (inside - outside) / 2;
    if (share == outside || share == inside) return outside;
    const std::array<double, 2> weights = {share, 1 - share};
    if (internal::LogBayesFactorAround(unit_counts, weights, limit.concentration) <
        limit.log_bayes_factor) {
      inside = share;
    } else {
      outside = share;
    }
  }
}

}  // namespace

absl::StatusOr<Interval> BernoulliSequenceInterval(const Proportion& arm,
                                                   const BernoulliSequencePlan& plan) {
  if (absl::Status status = internal::CheckFinitePositive(plan.planned_units, "planned_units");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckInsideUnitInterval(plan.alpha, "alpha"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckProportion(arm, "arm"); !status.ok()) return status;
  const std::int64_t failures = arm.trials - arm.successes;
  const Limit limit = {
      .concentration = std::max(plan.planned_units / internal::TightestTime(kTuningAlpha) - 1,
                                kLeastConcentration),
      .log_bayes_factor = -std::log(plan.alpha)};
  // With one success the Bayes factor falls to at most 1 towards 0, and so for failures towards 1.
  return Interval{.lower = arm.successes <= 1 ? 0 : End(arm.successes, failures, 0, limit),
                  .upper = failures <= 1 ? 1 : End(arm.successes, failures, 1, limit),
                  .level = 1 - plan.alpha};
}

}  // namespace insightloop::stats
