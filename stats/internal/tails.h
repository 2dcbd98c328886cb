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
// The non-central t tail is an integral over the distribution of the estimated standard deviation.
// All functions are pure, safe from any thread, and throw nothing.

#ifndef INSIGHTLOOP_STATS_INTERNAL_TAILS_H_
#define INSIGHTLOOP_STATS_INTERNAL_TAILS_H_

#include <optional>

namespace insightloop::stats::internal {

// A tail probability and its natural logarithm.
struct Tail {
  double p = 1;
  double log_p = 0;  // right also where p is 0
};

// P(|Z| >= |z|) for a standard normal Z.
Tail NormalTwoSidedTail(double z);

// P(Z >= z). The lower tail P(Z <= z) is NormalUpperTail(-z).
Tail NormalUpperTail(double z);

// ln P(Z >= z) + z^2 / 2, without the cancellation of its two parts far out.
double NormalLogUpperTailPlusHalfSquare(double z);

// P(|T| >= |t|) for Student's t with `degrees_of_freedom` > 0, not necessarily whole.
Tail StudentTTwoSidedTail(double t, double degrees_of_freedom);

// Student's t when degrees of freedom are given, else normal.
Tail TwoSidedTail(double statistic, std::optional<double> degrees_of_freedom);
Tail UpperTail(double statistic, std::optional<double> degrees_of_freedom);

// P(T >= t), t > 0, for the non-central t distribution: T = (Z + non_centrality) / S with a
// standard normal Z and S^2 a chi-square over its `degrees_of_freedom`, which must be 1 or more. To
// 1e-12 absolute, or 1e-6 where the non-centrality is above 1000 sqrt(degrees_of_freedom).
// (Boost 1.74's own loses digits from a non-centrality of 30 on.)
double NonCentralTUpperTail(double t, double degrees_of_freedom, double non_centrality);

// P(X >= x) for chi-square with `degrees_of_freedom` > 0, x >= 0.
Tail ChiSquareUpperTail(double x, double degrees_of_freedom);

// The value that a standard normal variable exceeds with probability `upper_tail` in (0, 1).
double NormalUpperQuantile(double upper_tail);

// Same for Student's t; NaN for tails below 1e-100. (Next to the median, at a tail of 1/2 - 1e-9,
// it may round to 0.)
double StudentTUpperQuantile(double upper_tail, double degrees_of_freedom);

// Student's t when degrees of freedom are given, else normal.
double UpperQuantile(double upper_tail, std::optional<double> degrees_of_freedom);

// How many standard errors a two-sided interval of `level` reaches to each side.
double TwoSidedQuantile(double level, std::optional<double> degrees_of_freedom = std::nullopt);

// The same for a one-sided bound, below 0 for levels below one half.
double OneSidedQuantile(double level, std::optional<double> degrees_of_freedom = std::nullopt);

// P(X <= x) for the beta distribution with a, b > 0 and x in [0, 1], and the x of a given
// probability in (0, 1): of P(X <= x), or of P(X >= x).
double BetaLowerTail(double x, double a, double b);
double BetaLowerQuantile(double lower_tail, double a, double b);
double BetaUpperQuantile(double upper_tail, double a, double b);

}  // namespace insightloop::stats::internal

#endif  // INSIGHTLOOP_STATS_INTERNAL_TAILS_H_
