// SPDX-License-Identifier: Apache-2.0
//
// Two proportions: their difference and their ratio, in closed form. Intervals and tests that solve
// for the score statistic, for few successes and for margins, are in two_proportions_score.h.
//
// Methods, and when:
//   CompareProportions     z test with the unpooled variance p (1-p) / n of each arm, and the Wald
//                          interval, which is the same test turned round, so that p-value and
//                          interval never contradict each other. Approximate: do not decide on
//                          fewer than about 25 successes and 25 failures in each arm.
//   PooledZTest            z test with the variance of both arms' common share, as in most
//                          textbooks; its square is Pearson's chi-square of the 2 x 2 table.
//   NewcombeInterval       of the difference, from the two Wilson intervals; for few successes.
//   AgrestiCaffoInterval   of the difference, Wald after one success and one failure more in each
//                          arm; for few successes, simplest to explain.
//   LogRatioInterval       of the ratio, symmetric on the scale of the logarithm.
// Sources: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd ed. 2003,
//          chapter 3; Newcombe, "Interval Estimation for the Difference Between Independent
//          Proportions", Statistics in Medicine 17 (1998), method 10; Agresti, Caffo, "Simple and
//          Effective Confidence Intervals for Proportions and Differences of Proportions", The
//          American Statistician 54 (2000); Katz, Baptista, Azen, Pike, Biometrics 34 (1978);
//          Walter, "The Distribution of Levin's Measure of Attributable Risk", Biometrika 62
//          (1975), for the halves added.
//
// Units:  a difference of shares is in [-1, 1]: 0.01 is one percentage point. A ratio of shares is
//         0 or more: 1.01 is one percent more than control.
// Errors: kInvalidArgument    a count is negative, more successes than trials, or `level` is not
//                             in (0, 1).
//         kFailedPrecondition an arm has no trials, and what the function names.
// All functions are pure, safe from any thread, and allocate nothing unless they fail.

#ifndef INSIGHTLOOP_STATS_TWO_PROPORTIONS_H_
#define INSIGHTLOOP_STATS_TWO_PROPORTIONS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stats/comparison.h"
#include "stats/proportion.h"

namespace insightloop::stats {

// The difference of two shares, with the unpooled standard error, for the normal distribution. Both
// arms' variances may be 0: Compare() says what that means.
absl::StatusOr<EffectEstimate> ProportionDifference(const Arms<Proportion>& arms);

// Compares the shares of two arms. The interval is not clipped to [-1, 1].
//
// kFailedPrecondition also when in each arm all units succeeded or all failed.
absl::StatusOr<Comparison> CompareProportions(const Arms<Proportion>& arms, double level);

// What a test wants to show of the treatment's share.
enum class Alternative {
  kTwoSided,  // that it differs from the control's
  kGreater,   // that it is greater
  kLess,
};

// A test whose statistic is standard normal when there is nothing to show.
struct ZTest {
  double statistic = 0;    // positive when treatment is above what is tested
  double p_value = 1;      // 0 when too small for a double
  double log_p_value = 0;  // its natural logarithm; right also where p_value is 0
};

// Tests the difference against 0 with the pooled variance.
//
// kFailedPrecondition also when all units of both arms succeeded, or all failed.
absl::StatusOr<ZTest> PooledZTest(const Arms<Proportion>& arms, Alternative alternative);

// Of the difference; always inside [-1, 1], and it exists for any counts.
absl::StatusOr<Interval> NewcombeInterval(const Arms<Proportion>& arms, double level);

// Of the difference; not clipped to [-1, 1]. It exists for any counts.
//
// kFailedPrecondition also when trials are so many that 2 more overflow.
absl::StatusOr<Interval> AgrestiCaffoInterval(const Arms<Proportion>& arms, double level);

// Treatment's share over control's. kFailedPrecondition also when control has no successes.
absl::StatusOr<double> RatioOfProportions(const Arms<Proportion>& arms);

// Of the ratio, with sqrt((1-p_t) / (n_t p_t) + (1-p_c) / (n_c p_c)) for the standard error of its
// logarithm. Contains the ratio, but not in its middle.
//
// kFailedPrecondition also when an arm has no successes, or all units of both arms succeeded.
absl::StatusOr<Interval> LogRatioInterval(const Arms<Proportion>& arms, double level);

// The same after adding 1/2 to successes and trials of each arm, so that it exists also without
// successes. Around the ratio of the shares so adjusted.
//
// kFailedPrecondition also when all units of both arms succeeded.
absl::StatusOr<Interval> AdjustedLogRatioInterval(const Arms<Proportion>& arms, double level);

namespace internal {

// CheckProportion() of both, and CheckLevel().
absl::Status CheckProportions(const Arms<Proportion>& arms);
absl::Status CheckProportionsAndLevel(const Arms<Proportion>& arms, double level);

// Of arms as checked; whatever cancels, right to the last digits.
double DifferenceOfShares(const Arms<Proportion>& arms);

// Their ratio, and their ratio minus 1. Of arms as checked, with successes in control.
double RatioOfShares(const Arms<Proportion>& arms);
double RelativeDifferenceOfShares(const Arms<Proportion>& arms);

// The normal distribution's p-value of a statistic.
ZTest TestStatistic(double statistic, Alternative alternative);

}  // namespace internal

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_TWO_PROPORTIONS_H_
