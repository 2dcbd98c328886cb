// SPDX-License-Identifier: Apache-2.0
//
// Net promoter score (NPS): of those who answered "how likely are you to recommend us", the share
// of promoters (9 and 10) minus the share of detractors (0 to 6), times 100.
//
// Method: the mean of +100, 0 and -100 over promoters, passives and detractors. The variance of
//         one respondent is 100^2 (p + d - (p - d)^2) with shares p and d, divisor n; two arms by
//         z test and Wald interval.
// Source: Rocks, "Interval Estimation for the 'Net Promoter Score'", The American Statistician 70
//         (2016).
//
// Customer satisfaction (CSAT) needs nothing of its own: the share of the top two answers of 1 to
// 5 is a proportion (two_proportions.h), the mean answer a mean (mean_difference.h).

#ifndef INSIGHTLOOP_STATS_SATISFACTION_H_
#define INSIGHTLOOP_STATS_SATISFACTION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/comparison.h"

namespace insightloop::stats {

// Valid answers of one arm. Units that were asked and did not answer are in none of the three.
struct NpsCounts {
  std::int64_t promoters = 0;   // answered 9 or 10
  std::int64_t passives = 0;    // answered 7 or 8
  std::int64_t detractors = 0;  // answered 0 to 6
};

// The score of one arm.
struct NpsEstimate {
  std::int64_t answers = 0;
  double score = 0;           // in [-100, 100]
  double variance = 0;        // of one respondent, in points squared, divisor n
  double standard_error = 0;  // of score; 0 when all answers fall in one group
};

// Scores one arm.
//
// Errors: kInvalidArgument    a count is negative, or the three together exceed 63 bits.
//         kFailedPrecondition nobody answered.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<NpsEstimate> EstimateNps(const NpsCounts& counts);

// Compares the scores of two arms.
//
// Units:  the effect is in points of the score, in [-200, 200]; the interval is not clipped.
// Errors: kInvalidArgument    as EstimateNps(), or `level` is not in (0, 1).
//         kFailedPrecondition nobody answered in an arm, or in each arm all answers fall in one
//                             group.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<Comparison> CompareNps(const Arms<NpsCounts>& arms, double level);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_SATISFACTION_H_
