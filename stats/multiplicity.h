// SPDX-License-Identifier: Apache-2.0
//
// Several tests read together: p-values adjusted for their number, so that an adjusted p-value is
// compared with the level itself. families.h says which correction which family gets.
//
// Promises: some corrections keep the chance of even one false alarm in the family below the level;
// those of Benjamini the expected share of false alarms among the rejected. Some hold always, some
// when the tests are independent or positively dependent, as the metrics of one arm usually are;
// anytime p-values are not known to be when each is read at a moment of its own.
//
// Intervals at level 1 - alpha / m agree with Bonferroni's p-values.
//
// Source: Sidak, Journal of the American Statistical Association 62 (1967); Holm, Scandinavian
//         Journal of Statistics 6 (1979); Hochberg, Biometrika 75 (1988); Hommel, Biometrika 75
//         (1988); Benjamini, Hochberg, Journal of the Royal Statistical Society B 57 (1995);
//         Benjamini, Yekutieli, Annals of Statistics 29 (2001).

#ifndef INSIGHTLOOP_STATS_MULTIPLICITY_H_
#define INSIGHTLOOP_STATS_MULTIPLICITY_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace insightloop::stats {

// How the k-th smallest p-value p of m is adjusted; never above 1.
enum class Correction {
  // Against even one false alarm, always.
  kBonferroni,  // m p
  kHolm,        // (m - k + 1) p, not below its predecessors'; rejects at least as much

  // Against even one false alarm among independent tests, and among two-sided normal tests whatever
  // their dependence.
  kSidak,      // 1 - (1 - p)^m
  kHolmSidak,  // 1 - (1 - p)^(m - k + 1), not below its predecessors'

  // Against even one false alarm under positive dependence.
  kHochberg,  // (m - k + 1) p, not above its successors'
  kHommel,    // the largest Simes p-value of the subsets that contain the test; rejects most

  // Against a large share of false alarms.
  kBenjaminiHochberg,   // (m / k) p, not above its successors'; under positive dependence
  kBenjaminiYekutieli,  // the same times 1 + 1/2 + ... + 1/m; always
};

// Adjusts the p-values of a family.
//
// Shapes: as many adjusted p-values out as p-values in, in the order of the input; none give none.
//         `comparisons` is the size m of the family when some of its tests could not be made; they
//         count as if their p-values were 1. Equal p-values get equal adjusted ones, and the order
//         of any two is kept.
// Units:  p in [0, 1]. The Log version takes and gives natural logarithms, at most 0, for p-values
//         too small for a double; -infinity is the logarithm of p = 0.
// Cost:   O(n log n) for n p-values; kHommel O(m^2).
// Errors: kInvalidArgument for a value out of range or NaN, naming its place, or a family smaller
//         than the number of p-values, or for kHommel one of more than 10,000.
// Pure functions; safe from any thread.
absl::StatusOr<std::vector<double>> AdjustPValues(
    Correction correction, std::span<const double> p_values,
    std::optional<std::size_t> comparisons = std::nullopt);
absl::StatusOr<std::vector<double>> AdjustLogPValues(
    Correction correction, std::span<const double> log_p_values,
    std::optional<std::size_t> comparisons = std::nullopt);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_MULTIPLICITY_H_
