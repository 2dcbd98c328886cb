// SPDX-License-Identifier: Apache-2.0
//
// Tests and intervals that may be looked at as often as one likes: the chance that the interval
// ever leaves out the true effect, or that the p-value ever falls to alpha without one, is at most
// alpha, asymptotically, at whatever moment one stops.
//
// Method: asymptotic confidence sequence. With n units so far, N* planned units,
//           t(a) = -2 ln a + ln(1 - 2 ln a),  x = n rho^2,  rho^2 = t(a) / N*,
//           c = sqrt(2 (x + 1) / x * ln(sqrt(x + 1) / a)),
//         the interval is effect +- c * standard error, and with z standard errors of effect
//           p = min(1, sqrt(x + 1) exp(-z^2 x / (2 (x + 1)))).
//         One-sided, rho comes from 2 a, and
//           c = sqrt(2 (x + 1) / x * ln(1 + sqrt(x + 1) / (2 a))),
//           p = min(1, sqrt(x + 1) / (2 (exp(z^2 x / (2 (x + 1))) - 1))) for z > 0, else 1.
//         p is the a at which the bound meets the value tested while rho stays what the plan says.
//         rho must not be tuned again from outcomes.
// Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and
//         asymptotic confidence sequences", Annals of Statistics 52 (2024), the Gaussian mixture;
//         one-sided proposition B.1; tuning appendix B.2.
// Warning: asymptotic means not early. Read nothing before each arm has some 100 units and some 25
//          successes and failures, or 50 values other than 0.
//
// Errors: kInvalidArgument    units or planned units below 1, an alpha out of its range; for
//                             effects also as Compare().
//         kFailedPrecondition as Compare(): the standard error is 0, or a result does not fit in a
//                             double.
// Pure functions; safe from any thread; no allocation unless they fail.

#ifndef INSIGHTLOOP_STATS_CONFIDENCE_SEQUENCE_H_
#define INSIGHTLOOP_STATS_CONFIDENCE_SEQUENCE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/comparison.h"

namespace insightloop::stats {

struct AnytimePlan {
  std::int64_t units = 0;          // of the two arms compared, so far
  std::int64_t planned_units = 0;  // of the same arms; the bound is tightest there

  // After correction for several comparisons. In (0, 1) two-sided, in (0, 0.5) one-sided.
  double alpha = 0;
};

// Two-sided, at the level 1 - alpha: p_value < alpha exactly when the interval leaves out 0, but
// for rounding. Degrees of freedom are passed over, and empty in the result.
absl::StatusOr<Comparison> CompareAnytime(const EffectEstimate& estimate, const AnytimePlan& plan);

// One-sided: is the effect above, or below, the threshold? The bound holds with 1 - alpha.
absl::StatusOr<OneSidedTest> TestAboveAnytime(const EffectEstimate& estimate, double threshold,
                                              const AnytimePlan& plan);
absl::StatusOr<OneSidedTest> TestBelowAnytime(const EffectEstimate& estimate, double threshold,
                                              const AnytimePlan& plan);

// How many standard errors the interval's ends, or the one-sided bound, lie from the estimate.
absl::StatusOr<double> AnytimeMultiplier(const AnytimePlan& plan);
absl::StatusOr<double> OneSidedAnytimeMultiplier(const AnytimePlan& plan);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_CONFIDENCE_SEQUENCE_H_
