// SPDX-License-Identifier: Apache-2.0
//
// Two proportions by the score statistic: difference and ratio with few successes, at shares of 0
// or 1, and tests against a margin, such as "not more than one point worse" (non-inferiority).
//
// Method: z(d) = (p_t - p_c - d) / sqrt(V(d)) for a difference of d, where V takes the shares that
//         make the observed counts most likely among those whose difference is d; for a ratio r
//         the same with (p_t - r p_c) and shares of ratio r. The interval is of all values that the
//         two-sided test does not reject. Coverage is close to the level from a few units on,
//         where Wald's falls far below.
// Source: Miettinen, Nurminen, "Comparative Analysis of Two Rates", Statistics in Medicine 4
//         (1985), whose V has the factor N / (N-1), N the units of both arms; Farrington, Manning,
//         "Test Statistics and Sample Size Formulae for Comparative Binomial Trials with Null
//         Hypothesis of Non-Zero Risk Difference or Non-Unity Relative Risk", Statistics in
//         Medicine 9 (1990), without it.
//
// Units:  a difference of shares is in [-1, 1]: 0.01 is one percentage point. A ratio of shares is
//         0 or more: 1.01 is one percent more than control.
// Errors: kInvalidArgument    a count is negative, more successes than trials, or `level` is not
//                             in (0, 1).
//         kFailedPrecondition an arm has no trials, and what the function names.
// All functions are pure, safe from any thread, and allocate nothing unless they fail. An interval
// takes some microseconds.

#ifndef INSIGHTLOOP_STATS_TWO_PROPORTIONS_SCORE_H_
#define INSIGHTLOOP_STATS_TWO_PROPORTIONS_SCORE_H_

#include "absl/status/statusor.h"
#include "stats/comparison.h"
#include "stats/proportion.h"
#include "stats/two_proportions.h"

namespace insightloop::stats {

// Miettinen and Nurminen's interval of the difference. Exists for any counts, inside [-1, 1]; the
// end at 1 is reached only when all of treatment and none of control succeeded, that at -1 only the
// other way round.
absl::StatusOr<Interval> ScoreDifferenceInterval(const Arms<Proportion>& arms, double level);

// Miettinen and Nurminen's interval of the ratio. The lower end is 0 when treatment has no
// successes, the upper end infinite when control has none.
//
// kFailedPrecondition also when neither has any: all ratios fit the counts equally well.
absl::StatusOr<Interval> ScoreRatioInterval(const Arms<Proportion>& arms, double level);

// The variance of the score test.
enum class ScoreVariance {
  kMiettinenNurminen,  // with N / (N-1): agrees with ScoreDifferenceInterval()
  kFarringtonManning,  // without: at margin 0 this is PooledZTest()
};

// One-sided: is the difference, treatment minus control, above the margin? Non-inferiority by at
// most 0.01 is the margin -0.01. For "below", swap the arms and turn the sign of the margin.
//
// kInvalidArgument also unless -1 < margin < 1; kFailedPrecondition also at margin 0 when all units
// of both arms succeeded, or all failed.
absl::StatusOr<ZTest> ScoreTestAbove(const Arms<Proportion>& arms, double margin,
                                     ScoreVariance variance);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_TWO_PROPORTIONS_SCORE_H_
