// SPDX-License-Identifier: Apache-2.0

#include "stats/internal/tails.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/policies/policy.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <exception>
#include <limits>
#include <numbers>

namespace insightloop::stats::internal {
namespace {

namespace policies = boost::math::policies;

// No exception, no errno, and no detour over long double.
using Quiet = policies::policy<policies::domain_error<policies::ignore_error>,
                               policies::pole_error<policies::ignore_error>,
                               policies::overflow_error<policies::ignore_error>,
                               policies::underflow_error<policies::ignore_error>,
                               policies::denorm_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>,
                               policies::rounding_error<policies::ignore_error>,
                               policies::indeterminate_result_error<policies::ignore_error>,
                               policies::promote_float<false>, policies::promote_double<false>>;
using Normal = boost::math::normal_distribution<double, Quiet>;
using StudentT = boost::math::students_t_distribution<double, Quiet>;

// For the beta distribution, whose digits suffer most when both parameters are large, the detour
// pays.
using QuietWide = policies::normalise<Quiet, policies::promote_double<true>>::type;

// The value of one of Boost 1.74's inverse functions. Its searches for roots throw when they fail,
// whatever the policy; there is no answer then.
template <typename Inverse>
double OrNan(const Inverse& inverse) noexcept {
  try {
    return inverse();
  } catch (const std::exception&) {
    return std::numeric_limits<double>::quiet_NaN();
  }
}

// From this many standard errors on, the asymptotic series are good to the last bit.
constexpr double kFar = 20;

// Below this a tail loses digits, so that its logarithm needs a series of its own.
constexpr double kTiny = 1e-280;

// ln of sum over k of (1/2)_k / (a+1)_k * (-2a / t^2)^k for t >= kFar; with a -> infinity this is
// 1 - 1/t^2 + 3/t^4 - ... Taking 1/a keeps an infinite a possible.
double LogTailSeries(double t, double inverse_a) {
  double term = 1;
  double sum = 1;
  for (int k = 0; k < 12; ++k) {
    term *= -(2 * k + 1) / (t * t * (1 + (1 + k) * inverse_a));
    sum += term;
  }
  return std::log(sum);
}

// ln P(|Z| >= z) + z^2 / 2 for z >= kFar.
double FarNormalLogTailPlusHalfSquare(double z) {
  return std::log(std::numbers::sqrt2 * std::numbers::inv_sqrtpi) - std::log(z) +
         LogTailSeries(z, 0);
}

// P = x^a (1-x)^(1/2) / (a B(a, 1/2)) * F(a+1/2, 1; a+1; x) with a = df/2, x = df / (df + t^2),
// and F = F(1/2, 1; a+1; -df/t^2) / (1-x).
double FarStudentTLogTail(double t, double df) {
  const double a = df / 2;
  // t^2 would overflow for the far tails of few degrees of freedom.
  const double log_one_plus_ratio =
      t < 1e150 ? std::log1p(t * t / df) : 2 * std::log(t) - std::log(df);
  const double log_a_beta = std::log(a) +
                            std::log(boost::math::tgamma_delta_ratio(a, 0.5, Quiet())) -
                            std::log(std::numbers::inv_sqrtpi);
  return -a * log_one_plus_ratio + std::log1p(df / t / t) / 2 - log_a_beta +
         LogTailSeries(t, 1 / a);
}

// The upper tail, given the two-sided one of a symmetric distribution.
Tail OneSide(const Tail& two_sided, double statistic) {
  if (statistic >= 0) {
    return {.p = two_sided.p / 2, .log_p = two_sided.log_p - std::numbers::ln2};
  }
  return {.p = 1 - two_sided.p / 2, .log_p = std::log1p(-two_sided.p / 2)};
}

// ln of the regularized upper incomplete gamma function Q(a, y) for y well above a.
double FarLogGammaQ(double a, double y) {
  double term = 1;
  double sum = 1;
  for (double k = 1; std::abs(term) > std::numeric_limits<double>::epsilon() * sum; ++k) {
    term *= (a - k) / y;
    if (k > a + y) break;  // the series turns here; reached only when y is not far above a
    sum += term;
  }
  return (a - 1) * std::log(y) - y - boost::math::lgamma(a, Quiet()) + std::log(sum);
}

}  // namespace

Tail NormalTwoSidedTail(double z) {
  const double x = std::abs(z);
  if (x == 0) return {.p = 1, .log_p = 0};
  const double p = std::erfc(x / std::numbers::sqrt2);
  if (x >= kFar) return {.p = p, .log_p = -x * x / 2 + FarNormalLogTailPlusHalfSquare(x)};
  if (p > 0.5) return {.p = p, .log_p = std::log1p(-std::erf(x / std::numbers::sqrt2))};
  return {.p = p, .log_p = std::log(p)};
}

Tail NormalUpperTail(double z) { return OneSide(NormalTwoSidedTail(z), z); }

double NormalLogUpperTailPlusHalfSquare(double z) {
  if (z >= kFar) return FarNormalLogTailPlusHalfSquare(z) - std::numbers::ln2;
  return NormalUpperTail(z).log_p + z * z / 2;
}

Tail StudentTTwoSidedTail(double t, double degrees_of_freedom) {
  const double x = std::abs(t);
  if (x == 0) return {.p = 1, .log_p = 0};
  if (degrees_of_freedom > 1 / std::numeric_limits<double>::epsilon()) {
    return NormalTwoSidedTail(x);
  }
  if (x >= kFar) {
    const double log_p = FarStudentTLogTail(x, degrees_of_freedom);
    return {.p = std::exp(log_p), .log_p = log_p};
  }
  const double p = 2 * boost::math::cdf(boost::math::complement(StudentT(degrees_of_freedom), x));
  if (p > 0.5) {
    // Boost 1.74 loses half the digits of 1 - p here; the central part has them all.
    const double square = x * x;
    const double centre = boost::math::ibeta(0.5, degrees_of_freedom / 2,
                                             square / (degrees_of_freedom + square), Quiet());
    return {.p = 1 - centre, .log_p = std::log1p(-centre)};
  }
  return {.p = p, .log_p = std::log(p)};
}

Tail TwoSidedTail(double statistic, std::optional<double> degrees_of_freedom) {
  return degrees_of_freedom ? StudentTTwoSidedTail(statistic, *degrees_of_freedom)
                            : NormalTwoSidedTail(statistic);
}

Tail UpperTail(double statistic, std::optional<double> degrees_of_freedom) {
  return OneSide(TwoSidedTail(statistic, degrees_of_freedom), statistic);
}

double NonCentralTUpperTail(double t, double degrees_of_freedom, double non_centrality) {
  const double n = degrees_of_freedom;
  // Abramowitz, Stegun, 26.7.10, whose error falls with 1/n.
  if (n > 1e10) {
    return NormalUpperTail((t * (1 - 1 / (4 * n)) - non_centrality) / std::sqrt(1 + t * t / n / 2))
        .p;
  }
  // Next to such a non-centrality Z is nothing.
  if (std::abs(non_centrality) > 1000 * std::sqrt(n)) {
    if (non_centrality < 0) return 0;
    const double bound = non_centrality / t;  // of S
    return 1 - ChiSquareUpperTail(n * bound * bound, n).p;
  }
  // P = E P(Z >= t S - non_centrality). On the scale y = ln S the density is proportional to
  // exp(n (y - (e^2y - 1) / 2)), which is smooth and falls fast on both sides of its peak at 0, so
  // that the trapezoidal rule converges exponentially: steps are small against the width of the
  // density, 1 / sqrt(2 n), of the normal tail, 1 / non_centrality, and against 1. Beyond the
  // bounds the density is below e^-45 of its peak. Dividing by the sum of the weights needs no
  // constant.
  constexpr double kNegligible = 45;
  const double reach = std::sqrt(kNegligible / n);
  const double step =
      std::min({0.08, 0.3 / std::sqrt(n), 0.4 / std::max(1.0, std::abs(non_centrality))});
  const double lowest = -(kNegligible / n + reach);
  const auto steps = static_cast<int>(std::ceil((reach - lowest) / step));
  double sum = 0;
  double sum_of_weights = 0;
  for (int k = 0; k <= steps; ++k) {
    const double y = lowest + k * step;
    const double weight = std::exp(n * (y - std::expm1(2 * y) / 2));
    sum += weight * NormalUpperTail(t * std::exp(y) - non_centrality).p;
    sum_of_weights += weight;
  }
  return sum / sum_of_weights;
}

Tail ChiSquareUpperTail(double x, double degrees_of_freedom) {
  if (x == 0) return {.p = 1, .log_p = 0};
  const double a = degrees_of_freedom / 2;
  const double y = x / 2;
  const double p = boost::math::gamma_q(a, y, Quiet());
  if (p < kTiny) return {.p = p, .log_p = FarLogGammaQ(a, y)};
  if (p > 0.5) return {.p = p, .log_p = std::log1p(-boost::math::gamma_p(a, y, Quiet()))};
  return {.p = p, .log_p = std::log(p)};
}

double NormalUpperQuantile(double upper_tail) {
  return boost::math::quantile(boost::math::complement(Normal(), upper_tail));
}

double StudentTUpperQuantile(double upper_tail, double degrees_of_freedom) {
  // Boost 1.74 takes the normal quantile from 2^28 degrees of freedom on, which is wrong in the
  // ninth digit. Cornish and Fisher's expansion (Abramowitz, Stegun, 26.7.5) is exact there.
  if (degrees_of_freedom > 1e7) {
    const double z = NormalUpperQuantile(upper_tail);
    const double z2 = z * z;
    const double n = degrees_of_freedom;
    return z + z * (z2 + 1) / (4 * n) + z * ((5 * z2 + 16) * z2 + 3) / (96 * n * n);
  }
  // Where Boost 1.74's answer may be wrong or infinite. No level that is a double asks for it.
  constexpr double kSmallestTail = 1e-100;
  if (upper_tail < kSmallestTail) return std::numeric_limits<double>::quiet_NaN();
  return OrNan([&] {
    return boost::math::quantile(boost::math::complement(StudentT(degrees_of_freedom), upper_tail));
  });
}

double UpperQuantile(double upper_tail, std::optional<double> degrees_of_freedom) {
  return degrees_of_freedom ? StudentTUpperQuantile(upper_tail, *degrees_of_freedom)
                            : NormalUpperQuantile(upper_tail);
}

double TwoSidedQuantile(double level, std::optional<double> degrees_of_freedom) {
  return UpperQuantile((1 - level) / 2, degrees_of_freedom);
}

double OneSidedQuantile(double level, std::optional<double> degrees_of_freedom) {
  return level < 0.5 ? -UpperQuantile(level, degrees_of_freedom)
                     : UpperQuantile(1 - level, degrees_of_freedom);
}

double BetaLowerTail(double x, double a, double b) {
  return boost::math::ibeta(a, b, x, QuietWide());
}

double BetaLowerQuantile(double lower_tail, double a, double b) {
  return OrNan([&] { return boost::math::ibeta_inv(a, b, lower_tail, QuietWide()); });
}

double BetaUpperQuantile(double upper_tail, double a, double b) {
  return OrNan([&] { return boost::math::ibetac_inv(a, b, upper_tail, QuietWide()); });
}

}  // namespace insightloop::stats::internal
