// SPDX-License-Identifier: Apache-2.0
//
// Satisfaction scores of those who answered a survey.
//
// Net promoter score (NPS): of the answers to "how likely are you to recommend us", the share of
// promoters (9 and 10) minus the share of detractors (0 to 6), times 100.
//
// Method: the mean of +100, 0 and -100 over promoters, passives and detractors. The variance of
//         one respondent is 100^2 (p + d - (p - d)^2) with shares p and d, divisor n; two arms by
//         z test and Wald interval.
//         The interval of a single score is adjusted Wald: 3/4, 1 1/2 and 3/4 are added to the
//         promoters, passives and detractors. It never has width 0, and close to +-100, where the
//         plain one may cover in half of the cases, it keeps its level. It is as wide as the plain
//         one elsewhere, so that there is no reason to switch between them.
// Source: Rocks, "Interval Estimation for the 'Net Promoter Score'", The American Statistician 70
//         (2016), who found the adjusted interval the best of six. For shares likewise: Agresti,
//         Coull, The American Statistician 52 (1998).
//
// Customer satisfaction (CSAT), answers of 1 to 5: the share of the top two is a proportion
// (WilsonInterval(), CompareProportions()), the mean answer a mean (EstimateMean(),
// CompareMeans()). So is the response rate: answered of asked, a Proportion, compared by
// CompareProportions().

#ifndef INSIGHTLOOP_STATS_SATISFACTION_H_
#define INSIGHTLOOP_STATS_SATISFACTION_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"
#include "stats/moments.h"
#include "stats/proportion.h"

namespace insightloop::stats {

// Valid answers of one arm. Units that were asked and did not answer are in none of the three.
struct NpsCounts {
  std::int64_t promoters = 0;   // answered 9 or 10
  std::int64_t passives = 0;    // answered 7 or 8
  std::int64_t detractors = 0;  // answered 0 to 6
};

// Scores one arm. The value is in [-100, 100], the units are the answers, and there are no degrees
// of freedom. A standard error of 0 says that all answers fall in one group, which is no proof that
// the next one does: NpsInterval() has a width even so.
//
// Errors: kInvalidArgument    a count is negative, or the three together exceed 63 bits.
//         kFailedPrecondition nobody answered.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<ArmEstimate> EstimateNps(const NpsCounts& counts);

// The adjusted interval of one arm's score, within [-100, 100]. It contains the score.
//
// Errors: as EstimateNps(), and kInvalidArgument when `level` is not in (0, 1).
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<Interval> NpsInterval(const NpsCounts& counts, double level);

// Compares the scores of two arms.
//
// Units:  the effect is in points of the score, in [-200, 200]; the interval is not clipped.
// Errors: kInvalidArgument    as EstimateNps(), or `level` is not in (0, 1).
//         kFailedPrecondition an arm has fewer than two answers, or in each arm all answers fall in
//                             one group.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<Comparison> CompareNps(const Arms<NpsCounts>& arms, double level);

// Valid answers of one arm on a scale of 1 to 5.
struct CsatCounts {
  std::array<std::int64_t, 5> answers = {};  // answers[k] is how many gave k + 1
};

// One arm's answers in the shapes that the comparisons take.
struct CsatEstimate {
  Proportion top_two;                 // 4 or 5, among all answers
  Moments answer;                     // in 1 to 5
  std::array<double, 5> shares = {};  // of each answer; they add up to 1
};

// Errors: kInvalidArgument    a count is negative, or all together exceed 63 bits.
//         kFailedPrecondition nobody answered.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<CsatEstimate> EstimateCsat(const CsatCounts& counts);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_SATISFACTION_H_
