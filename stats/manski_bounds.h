// SPDX-License-Identifier: Apache-2.0
//
// What an effect on survey answers could be whatever those who did not answer think: the widest
// bounds, without any assumption, shown beside the narrower ones of lee_bounds.h.
//
// Method: everyone who was asked and did not answer is given the lowest answer of the scale, then
//         the highest. With response rate r and mean answer y the arm's mean lies between
//         r y + (1 - r) * lowest and r y + (1 - r) * highest; each is a plain mean over the units
//         asked, with the sample variance of it. Lowest treatment against highest control, and the
//         other way round, bound the effect among all who were asked.
// Source: Manski, "Nonparametric Bounds on Treatment Effects", American Economic Review 80 (1990);
//         Horowitz, Manski, "Nonparametric Analysis of Randomized Experiments with Missing
//         Covariate and Outcome Data", Journal of the American Statistical Association 95 (2000).

#ifndef INSIGHTLOOP_STATS_MANSKI_BOUNDS_H_
#define INSIGHTLOOP_STATS_MANSKI_BOUNDS_H_

#include "absl/status/statusor.h"
#include "stats/answer_counts.h"
#include "stats/comparison.h"
#include "stats/effect_bounds.h"

namespace insightloop::stats {

// The ends of a scale: 1 and 5, or -100 and 100.
struct AnswerRange {
  double lowest = 0;
  double highest = 0;
};

struct ManskiBounds {
  Arms<ArmBounds> arms;  // units are those asked
  EffectBounds effect;   // ImbensManskiInterval() makes the interval
};

// Bounds the mean answer of both arms, and their difference, in the unit of the answers.
//
// Errors: kInvalidArgument    as MomentsOfAnswers(), an answer is outside the range, an end of the
//                             range is not finite, the lowest is not below the highest, or fewer
//                             were asked than answered.
//         kFailedPrecondition fewer than two were asked in an arm, or a result does not fit in a
//                             double. That nobody answered is no error: the bounds are then those
//                             of the range.
// Pure function; safe from any thread; copies the counts of an arm once a bound.
absl::StatusOr<ManskiBounds> EstimateManskiBounds(const Arms<SurveyArm>& arms,
                                                  const AnswerRange& range);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_MANSKI_BOUNDS_H_
