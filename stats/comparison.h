// SPDX-License-Identifier: Apache-2.0
//
// From an estimated effect to its test and interval, read once (fixed horizon). The arms of every
// comparison and the results that comparisons share are here too; intervals that may be read at any
// time are in confidence_sequence.h.
//
// Effects are treatment minus control everywhere in stats/. Whether up is good is for the caller to
// know.
//
// Method: Wald test and interval, effect +- c * standard error, with the normal distribution or
//         Student's t when degrees of freedom are given.
// Source: Wald, "Tests of Statistical Hypotheses Concerning Several Parameters When the Number of
//         Observations is Large", Transactions of the AMS 54 (1943).
//
// Level or alpha: what is read once takes the level of the interval that it gives; what may be read
// at any time, and what plans, takes alpha = 1 - level, the error allowed, which several
// comparisons divide between them.
//
// All functions are pure, safe from any thread, and allocate nothing unless they fail.

#ifndef INSIGHTLOOP_STATS_COMPARISON_H_
#define INSIGHTLOOP_STATS_COMPARISON_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::stats {

// What is known of each arm. The names at the call keep the arms from being swapped:
//   CompareMeans({.control = a, .treatment = b}, 0.95)
template <typename T>
struct Arms {
  T control;
  T treatment;
};

// A two-sided confidence interval, in the unit of the effect it belongs to.
struct Interval {
  double lower = 0;
  double upper = 0;
  double level = 0;  // as asked for; 0.95 is an interval of 95 %. 1 - alpha rounds to 1 below 1e-16
};

// No estimate has fewer degrees of freedom; far below, Student's t is beyond a double.
inline constexpr double kLeastDegreesOfFreedom = 1e-3;

// An effect and how sure it is, before anything is tested. The function that makes one says what
// the effect is: an absolute effect, or a relative lift.
struct EffectEstimate {
  double effect = 0;
  double standard_error = 0;  // of effect, >= 0

  // Of the standard error: its test and interval then use Student's t; empty: normal distribution.
  std::optional<double> degrees_of_freedom;
};

// A difference between two arms. `p_value` and `interval` come from the same standard error and
// distribution, so, but for rounding, p_value < 1 - level exactly when the interval leaves out 0.
struct Comparison {
  double effect = 0;
  double standard_error = 0;  // of effect, > 0

  double p_value = 1;      // against "no difference"; 0 when too small for a double
  double log_p_value = 0;  // its natural logarithm; right also where p_value is 0

  Interval interval;  // of effect

  // Of Student's t distribution; empty when the normal distribution was used.
  std::optional<double> degrees_of_freedom;
};

// A test in one direction. p_value < 1 - level exactly when `bound` is on the good side of the
// threshold tested, but for rounding.
struct OneSidedTest {
  double p_value = 1;
  double log_p_value = 0;  // natural logarithm; right also where p_value is 0
  double bound = 0;        // a confidence bound of the effect: lower for TestAbove(), else upper
  double level = 0;        // as asked for: the bound holds with this probability
};

// Two-sided: is there a difference, and how large is it?
//
// Errors: kInvalidArgument    the effect is not finite, the standard error is negative or not
//                             finite, the degrees of freedom are below kLeastDegreesOfFreedom or
//                             not finite, or `level` is not in (0, 1).
//         kFailedPrecondition the standard error is 0, or a result does not fit in a double.
absl::StatusOr<Comparison> Compare(const EffectEstimate& estimate, double level);

// One-sided: is the effect above the threshold? With the threshold -margin this is the test of
// non-inferiority. Same errors, and kInvalidArgument for a threshold that is not finite.
absl::StatusOr<OneSidedTest> TestAbove(const EffectEstimate& estimate, double threshold,
                                       double level);

// One-sided: is the effect below the threshold? Same errors.
absl::StatusOr<OneSidedTest> TestBelow(const EffectEstimate& estimate, double threshold,
                                       double level);

namespace internal {

// What Compare() checks of an effect, for other functions that test one.
absl::Status CheckEstimate(const EffectEstimate& estimate);

// The error that the results for this effect do not fit in a double.
absl::Status BeyondDouble(const EffectEstimate& estimate);

}  // namespace internal

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_COMPARISON_H_
