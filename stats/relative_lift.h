// SPDX-License-Identifier: Apache-2.0
//
// How many percent more or less than control: mean of the treatment over mean of the control,
// minus 1. Metrics that can be negative, such as profit or net promoter score, have no relative
// lift.
//
// Which interval: EstimateRelativeLift() where both means are at least three of their standard
// errors; FiellerInterval() below that; where that fails too, none, with its reason. The delta
// method is for tests and comparisons on a linear scale.
//
// Methods: logarithm  normal or t interval on the scale of the logarithm, turned back,
//                       exp( ln(m_t / m_c) +- c * sqrt((se_t / m_t)^2 + (se_c / m_c)^2) ) - 1,
//                     which never goes below -100 % and is the same whichever arm is the base.
//          Fieller    all theta for which m_t - (1 + theta) m_c is within c of its standard errors
//                     of 0: right also for a small mean, if need be with an end below -100 %.
//          delta      (m_t - m_c) / |m_c|, as linear in both means near them.
// Sources: Katz, Baptista, Azen, Pike, Biometrics 34 (1978), for proportions; Fieller, "Some
//          Problems in Interval Estimation", Journal of the Royal Statistical Society B 16 (1954);
//          the delta method for means in general.
//
// The quantile c is Student's t with the degrees of freedom of Difference() where it has any, so
// that absolute and relative interval use the same c; else normal. For intervals that may be read
// at any time the caller gives the c of the absolute one.
//
// All functions take independent arms, are pure, safe from any thread, and allocate nothing unless
// they fail.

#ifndef INSIGHTLOOP_STATS_RELATIVE_LIFT_H_
#define INSIGHTLOOP_STATS_RELATIVE_LIFT_H_

#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"

namespace insightloop::stats {

// How far an interval reaches to each side of its estimate, where that is for the caller to say.
struct Reach {
  double standard_errors = 0;  // c, > 0
  double level = 0;            // in (0, 1), what an interval of that reach holds
};

struct RelativeLift {
  double lift = 0;                // 0.05 is 5 % more than control; above -1
  double log_standard_error = 0;  // of ln(1 + lift), > 0
  Interval interval;              // of lift; contains it, but not in its middle
};

// Estimates the relative lift on the scale of the logarithm.
//
// Errors: kInvalidArgument    as Difference(), `level` is not in (0, 1), or the reach is not finite
//                             and positive.
//         kFailedPrecondition a mean is not positive or below three of its standard errors (the
//                             message says which arm), both standard errors are 0, or the result
//                             does not fit in a double.
absl::StatusOr<RelativeLift> EstimateRelativeLift(const Arms<ArmEstimate>& arms, double level);
absl::StatusOr<RelativeLift> EstimateRelativeLift(const Arms<ArmEstimate>& arms,
                                                  const Reach& reach);

// The interval of the relative lift for means that may be near 0. It contains the lift, but not in
// its middle.
//
// Errors: kInvalidArgument    as EstimateRelativeLift().
//         kFailedPrecondition the mean of the control is not positive, or not above c of its
//                             standard errors: then a control of 0 is not ruled out and the lift
//                             has no bounds. Or both standard errors are 0, or the result does not
//                             fit in a double.
absl::StatusOr<Interval> FiellerInterval(const Arms<ArmEstimate>& arms, double level);
absl::StatusOr<Interval> FiellerInterval(const Arms<ArmEstimate>& arms, const Reach& reach);

// The lift (m_t - m_c) / |m_c| for Compare(), TestAbove() and TestBelow(), with the degrees of
// freedom of Difference(). A share of a negative mean is a share of its size, so that up stays up.
//
// Errors: kInvalidArgument    as Difference().
//         kFailedPrecondition the mean of the control is 0, or the result does not fit in a double.
absl::StatusOr<EffectEstimate> RelativeLiftByDelta(const Arms<ArmEstimate>& arms);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_RELATIVE_LIFT_H_
