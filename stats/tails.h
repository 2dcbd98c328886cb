// SPDX-License-Identifier: Apache-2.0
//
// Tail probabilities and quantiles, right far out in the tails. Internal to stats/: arguments are
// not checked, and a result that does not exist is NaN or infinite. Callers check before or after.
//
// Tails are computed from the upper side, never as 1 - p. Logarithms are natural; where the tail
// itself underflows they come from asymptotic series:
//   normal     Abramowitz, Stegun, Handbook of Mathematical Functions, 7.1.23
//   Student t  incomplete beta function, ibid. 26.5.4, 15.3.4 and 15.1.1
//   chi-square ibid. 6.5.32
// All functions are pure, safe from any thread, and throw nothing.

#ifndef INSIGHTLOOP_STATS_TAILS_H_
#define INSIGHTLOOP_STATS_TAILS_H_

namespace insightloop::stats::internal {

// A tail probability and its natural logarithm.
struct Tail {
  double p = 1;
  double log_p = 0;  // right also where p is 0
};

// P(|Z| >= |z|) for a standard normal Z.
Tail NormalTwoSidedTail(double z);

// P(|T| >= |t|) for Student's t with `degrees_of_freedom` > 0, not necessarily whole.
Tail StudentTTwoSidedTail(double t, double degrees_of_freedom);

// P(X >= x) for chi-square with `degrees_of_freedom` > 0, x >= 0.
Tail ChiSquareUpperTail(double x, double degrees_of_freedom);

// The value that a standard normal variable exceeds with probability `upper_tail` in (0, 1).
double NormalUpperQuantile(double upper_tail);

// Same for Student's t.
double StudentTUpperQuantile(double upper_tail, double degrees_of_freedom);

}  // namespace insightloop::stats::internal

#endif  // INSIGHTLOOP_STATS_TAILS_H_
