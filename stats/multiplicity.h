// SPDX-License-Identifier: Apache-2.0
//
// Several tests read together: p-values adjusted so that the chance of even one false alarm in the
// family stays below the level. An adjusted p-value is compared with the level itself.
//
// Method: Bonferroni, p * m; an interval at level 1 - alpha / m agrees with it. Holm, stepwise: the
//         k-th smallest p * (m - k + 1), never below its predecessors'; rejects at least as much.
//         Both hold whatever the dependence between the tests.
// Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
//         Statistics 6 (1979).
//
// Shapes: all p-values of the family in, as many adjusted ones out, in the order of the input; m is
//         their number, and no p-values give none.
// Units:  p in [0, 1]; the Log versions take and give natural logarithms, at most 0, for p-values
//         too small for a double. -infinity is the logarithm of p = 0.
// Errors: kInvalidArgument for a value out of range or NaN, naming its place.
// Pure functions; safe from any thread.

#ifndef INSIGHTLOOP_STATS_MULTIPLICITY_H_
#define INSIGHTLOOP_STATS_MULTIPLICITY_H_

#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace insightloop::stats {

// O(m).
absl::StatusOr<std::vector<double>> AdjustBonferroni(std::span<const double> p_values);
absl::StatusOr<std::vector<double>> AdjustBonferroniLog(std::span<const double> log_p_values);

// O(m log m). Equal p-values get equal adjusted ones.
absl::StatusOr<std::vector<double>> AdjustHolm(std::span<const double> p_values);
absl::StatusOr<std::vector<double>> AdjustHolmLog(std::span<const double> log_p_values);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_MULTIPLICITY_H_
