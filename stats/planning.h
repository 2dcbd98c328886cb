// SPDX-License-Identifier: Apache-2.0
//
// How large an experiment must be, what it can find, and how long it takes, before it starts or
// from what has been seen so far.
//
// Method: the effect estimated is normal around the true one, and found when it lies so many
//         standard errors beyond the threshold as the interval that will be read is wide:
//           power = P(Z >= (critical value * error under the null - distance) / error).
//         The critical value is the normal quantile of alpha / 2 for an interval read once, and
//         the multiplier of the confidence sequence (confidence_sequence.h) for one read at any
//         time, whose power is that of the reading at the planned size; earlier readings only add.
//         Sizes and effects are roots found by bisection, as real numbers: round units up.
// Source: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd ed. 2003,
//         chapter 4; Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed. 1988,
//         chapters 2 and 6; for equivalence Chow, Shao, Wang, Sample Size Calculations in Clinical
//         Research, 2nd ed. 2008, chapter 3.
//
// Units: effects and margins are absolute, in the metric's unit, treatment minus control, up is
//        good: a lift of 5 % of the baseline is the effect 0.05 * baseline. Units are those of
//        randomization, of all arms together.
// All functions are pure and safe from any thread.

#ifndef INSIGHTLOOP_STATS_PLANNING_H_
#define INSIGHTLOOP_STATS_PLANNING_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "stats/comparison.h"

namespace insightloop::stats {

// Which test is planned for the metric, and so what the metric is.
enum class PlannedTest {
  // Means, normal test. A ratio of two means is planned as a mean, too: its baseline is the ratio R
  // of control, its standard deviation that of (n_i - R d_i) / mean of d over units.
  kMean,

  // The lift relative to control, by the delta method: its error grows with the lift.
  kRelativeMean,

  // Means, Student's t test with pooled variance, for a few dozen units; read once, kDifference.
  kStudentT,

  // Shares of units, z test with the variance of each arm, as CompareProportions(). A share may be
  // planned as a mean with standard deviation sqrt(p (1 - p)), which overlooks how it changes.
  kProportion,

  // The same with the pooled variance under the null, and with Cohen's arcsine transformation, as
  // many planners have it; kDifference.
  kPooledProportion,
  kArcsineProportion,
};

// A metric as known before the experiment, for example from the weeks before.
struct PlannedMetric {
  PlannedTest test = PlannedTest::kMean;

  // Of control: the mean or the ratio, for kRelativeMean above 0, or the share, in (0, 1). kMean
  // and kStudentT do without.
  double baseline = 0;

  // Between units within an arm, > 0, in the metric's unit. Shares do without.
  double standard_deviation = 0;

  // Share of the variance that adjusting for covariates takes away, in [0, 1): with a correlation r
  // between metric and covariate, r^2.
  double variance_removed = 0;
};

// What is to be shown of the treatment, by an interval at level 1 - alpha.
enum class Goal {
  kDifference,  // the interval leaves out 0, on the side of the true effect
  kNotWorse,    // it lies above -margin
  kEquivalent,  // it lies between -margin and margin
};

enum class Reading {
  kOnce,     // when the planned units are there
  kAnytime,  // as often as one likes, the first time that shows it counts
};

struct Design {
  // Relative sizes of the arms, control first. With several treatments the smallest is planned for,
  // against control.
  std::vector<double> weights = {1, 1};

  // Two-sided, after correction for the number of comparisons (families.h). A one-sided test at
  // level a is planned with 2 a.
  double alpha = 0.05;

  Goal goal = Goal::kDifference;
  double margin = 0;  // > 0; kDifference does without

  Reading reading = Reading::kOnce;

  // For kAnytime: at how many units of the two arms compared the interval is tightest, as in
  // AnytimePlan (confidence_sequence.h); empty: at the size in question.
  std::optional<std::int64_t> planned_units;

  // For kDifference: whether an interval on the wrong side of 0 counts as found, as it does in
  // tests that only reject. It matters when power is hardly above alpha.
  bool count_wrong_side = false;
};

// The chance that the goal is reached if the true effect is `effect`, which may be 0.
//
// Errors: kInvalidArgument    an argument is out of its range, the message says which and what it
//                             may be; or the test does not do the goal or reading.
//         kFailedPrecondition the standard error does not fit in a double.
absl::StatusOr<double> Power(const Design& design, const PlannedMetric& metric, double effect,
                             double units);

// The units with which the goal is reached with chance `power`.
//
// Errors: kInvalidArgument    as Power(), power is not between alpha and 1, or no number of units
//                             would do: the effect is 0, or not on the margin's good side.
//         kFailedPrecondition it takes more than 10^18 units, or the fewest there can be suffice:
//                             the smallest size at which every arm has one unit, and for kStudentT
//                             the two compared have three.
absl::StatusOr<double> SampleSize(const Design& design, const PlannedMetric& metric, double effect,
                                  double power);

// The smallest positive effect that is found with chance `power`; for kDifference.
//
// Errors: kInvalidArgument    as Power(), power is not between alpha and 1, or another goal.
//         kFailedPrecondition no effect is found with so few units: a share cannot exceed 1, and
//                             the error of a relative lift grows with it.
absl::StatusOr<double> DetectableEffect(const Design& design, const PlannedMetric& metric,
                                        double units, double power);

// The standard deviation between units that an estimate implies, to plan the rest of a running
// experiment with it. If the estimate is a relative lift, effects and margins are lifts as well.
//
// Errors: kInvalidArgument    a standard error that is not finite and positive, or an arm without
//                             units.
//         kFailedPrecondition it does not fit in a double.
absl::StatusOr<double> ImpliedStandardDeviation(const EffectEstimate& estimate,
                                                const Arms<std::int64_t>& units);

// A full week at least: weekdays differ.
inline constexpr std::int64_t kLeastDays = 7;

// Whole days until so many units have come, at least kLeastDays. Those of the last day still need
// the metric's window to mature.
//
// Errors: kInvalidArgument    an argument is not finite and positive.
//         kFailedPrecondition it takes more than 10^15 days.
absl::StatusOr<std::int64_t> DaysFor(double units, double units_per_day);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_PLANNING_H_
