// SPDX-License-Identifier: Apache-2.0
//
// The result that every comparison of two arms gives, and the pair of arms it takes.
//
// Effects are treatment minus control everywhere in stats/; tests are two-sided. Whether up is
// good is for the caller to know.

#ifndef INSIGHTLOOP_STATS_COMPARISON_H_
#define INSIGHTLOOP_STATS_COMPARISON_H_

#include <optional>

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
  double level = 0;  // as asked for, in (0, 1); 0.95 is an interval of 95 %
};

// A difference between two arms. `p_value` and `interval` come from the same standard error and
// distribution, so, but for rounding, p_value < 1 - level exactly when the interval leaves out 0.
struct Comparison {
  double absolute_effect = 0;  // treatment - control, in the unit of the method
  double standard_error = 0;   // of absolute_effect, > 0

  double p_value = 1;      // against "no difference"; 0 when too small for a double
  double log_p_value = 0;  // its natural logarithm; right also where p_value is 0

  Interval interval;  // of absolute_effect

  // Of Student's t distribution; empty when the normal distribution was used.
  std::optional<double> degrees_of_freedom;
};

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_COMPARISON_H_
