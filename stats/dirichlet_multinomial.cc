// SPDX-License-Identifier: Apache-2.0

#include "stats/dirichlet_multinomial.h"

#include <cmath>
#include <cstddef>
#include <numeric>

#include "absl/status/status.h"
#include "stats/internal/arguments.h"
#include "stats/sample_ratio.h"

namespace insightloop::stats {
namespace {

// Long doubles throughout: the differences taken here cost up to 10 digits, which they have to
// spare.

long double Sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0L);
}

// What lnG(z) exceeds (z - 1/2) ln z - z + ln(2 pi) / 2 by, for z > 0: 1 / (12 z) and less. Below
// 10, where the series in 1 / z is poor, by the recurrence lnG(z + 1) = lnG(z) + ln z.
long double StirlingRemainder(long double z) {
  long double shifted = 0;
  for (; z < 10; ++z) shifted += (z + 0.5L) * std::log1p(1 / z) - 1;
  const long double s = 1 / (z * z);
  const long double series =
      1.0L / 12 -
      s * (1.0L / 360 -
           s * (1.0L / 1260 -
                s * (1.0L / 1680 -
                     s * (1.0L / 1188 -
                          s * (691.0L / 360360 - s * (1.0L / 156 - s * 3617.0L / 122400))))));
  return shifted + series / z;
}

// y ln(y / e) - y + e for y = expected + deviation >= 0, which is at least 0.
long double Divergence(long double expected, long double deviation) {
  const long double relative = deviation / expected;
  if (relative <= -1) return expected;
  return expected * ((1 + relative) * std::log1p(relative) - relative);
}

struct ArmShares {
  long double planned = 0;  // p
  long double prior = 0;    // of the Dirichlet distribution: a / A
};

// One arm's part of ln B. With the shares q = (a + count) / (A + n) that the units suggest, the
// large terms of lnG are
//   n KL(counts || planned) - n KL(counts || q) - A KL(prior || q),
// KL the Kullback-Leibler divergence: small and positive each, and so is each arm's part.
long double ArmTerm(long double count, long double n, const ArmShares& shares,
                    long double concentration) {
  const long double a = concentration * shares.prior;
  const long double q = (a + count) / (concentration + n);
  const long double from_prior = (count - n * shares.prior) * (concentration / (concentration + n));
  return Divergence(n * shares.planned, count - n * shares.planned) -
         Divergence(n * q, from_prior) - Divergence(concentration * q, -from_prior) -
         std::log1p(count / a) / 2 + StirlingRemainder(a + count) - StirlingRemainder(a);
}

// `n` > 0 units are the sum of the counts.
double LogBayesFactor(std::span<const std::int64_t> unit_counts, std::span<const double> weights,
                      const DirichletPrior& prior, long double n) {
  const long double all_weights = Sum(weights);
  const long double all_prior_weights = Sum(prior.weights);
  const long double concentration = prior.concentration;
  long double result = std::log1p(n / concentration) / 2 + StirlingRemainder(concentration) -
                       StirlingRemainder(concentration + n);
  for (std::size_t k = 0; k < unit_counts.size(); ++k) {
    result += ArmTerm(
        static_cast<long double>(unit_counts[k]), n,
        {.planned = weights[k] / all_weights, .prior = prior.weights[k] / all_prior_weights},
        concentration);
  }
  return static_cast<double>(result);
}

double LogPlanned(std::span<const std::int64_t> unit_counts, std::span<const double> weights) {
  const long double all_weights = Sum(weights);
  long double result = 0;
  for (std::size_t k = 0; k < unit_counts.size(); ++k) {
    result += static_cast<long double>(unit_counts[k]) * std::log(weights[k] / all_weights);
  }
  return static_cast<double>(result);
}

}  // namespace

namespace internal {

double LogBayesFactorAround(std::span<const std::int64_t> unit_counts,
                            std::span<const double> weights, double concentration) {
  const std::int64_t units =
      std::accumulate(unit_counts.begin(), unit_counts.end(), std::int64_t{0});
  if (units == 0) return 0;
  return LogBayesFactor(unit_counts, weights, {.concentration = concentration, .weights = weights},
                        static_cast<long double>(units));
}

}  // namespace internal

absl::StatusOr<SplitEvidence> WeighSplit(std::span<const std::int64_t> unit_counts,
                                         std::span<const double> weights,
                                         const DirichletPrior& prior) {
  const absl::StatusOr<std::int64_t> units = internal::CheckSplit(unit_counts, weights, "weights");
  if (!units.ok()) return units.status();
  if (absl::Status status =
          internal::CheckSplit(unit_counts, prior.weights, "prior.weights").status();
      !status.ok()) {
    return status;
  }
  if (absl::Status status =
          internal::CheckFinitePositive(prior.concentration, "prior.concentration");
      !status.ok()) {
    return status;
  }
  if (*units == 0) return SplitEvidence{};
  SplitEvidence evidence = {
      .log_bayes_factor =
          LogBayesFactor(unit_counts, weights, prior, static_cast<long double>(*units)),
      .log_planned = LogPlanned(unit_counts, weights),
  };
  evidence.log_unplanned = evidence.log_planned + evidence.log_bayes_factor;
  return evidence;
}

absl::StatusOr<double> PosteriorProbability(double log_bayes_factor, double prior_odds) {
  if (absl::Status status = internal::CheckNumber(log_bayes_factor, "log_bayes_factor");
      !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckFinitePositive(prior_odds, "prior_odds"); !status.ok()) {
    return status;
  }
  return 1 / (1 + std::exp(-(log_bayes_factor + std::log(prior_odds))));
}

}  // namespace insightloop::stats
