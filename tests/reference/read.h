// SPDX-License-Identifier: Apache-2.0
//
// What several handlers read of the inputs of a case, and write into their answer.

#ifndef INSIGHTLOOP_TESTS_REFERENCE_READ_H_
#define INSIGHTLOOP_TESTS_REFERENCE_READ_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"
#include "stats/moments.h"
#include "stats/proportion.h"
#include "tests/reference/methods.h"

namespace insightloop::reference {

// ---- Inputs

// 1 - alpha; cases that name no alpha mean 5 %.
double LevelOf(const Json& inputs);

// Sums over the units of an arm: of two variables, which may be the same, and of their products.
struct Sums {
  long double first = 0;
  long double second = 0;
  long double products = 0;
};

// 0 where no more is left of the covariance than the rounding of the sums to doubles, as of a
// constant variable.
double Covariance(const Sums& sums, long double units);

// Of an arm {n, sum, sum_squares}.
stats::Moments ReadMoments(const Json& arm);

absl::StatusOr<stats::Arms<stats::ArmEstimate>> EstimateMeans(
    const stats::Arms<stats::Moments>& arms);

// The difference, or the lift by the delta method, as `difference_type` says.
bool IsRelative(const Json& inputs);
absl::StatusOr<stats::EffectEstimate> EffectOf(const stats::Arms<stats::ArmEstimate>& arms,
                                               const Json& inputs);

// ---- Answers

// null where there is no number.
Json OrNull(const std::optional<double>& value);
Json OrNull(const absl::StatusOr<double>& value);
Json OrNull(const absl::StatusOr<stats::Interval>& interval);

double Log10(double natural_logarithm);
Json Exp(const std::vector<double>& logarithms);

// Adds the interval of an estimate; null where it cannot be computed. Without variance the field
// stays out: cases have an interval of width 0 there, which would claim certainty.
void AddInterval(Json& answer, const char* name, const stats::EffectEstimate& estimate,
                 double level);

// Wald's interval of a share, cut off at 0 and 1 as in cases.
void AddWaldInterval(Json& answer, const char* name, const stats::Proportion& share, double level);

// The estimate of one arm, as if compared with 0.
stats::EffectEstimate AgainstZero(const stats::ArmEstimate& arm);

}  // namespace insightloop::reference

#endif  // INSIGHTLOOP_TESTS_REFERENCE_READ_H_
