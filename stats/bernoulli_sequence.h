// SPDX-License-Identifier: Apache-2.0
//
// The interval of one share that may be looked at after every unit: the chance that it ever leaves
// out the true share is at most alpha, exactly and from the first unit on.
//
// Method: the two-sided beta-binomial mixture. A share p stays in the interval while
//           G(m) / G(m + n) * G(m p + x) / G(m p) * G(m q + n - x) / G(m q) / (p^x q^(n-x))
//         is below 1 / alpha, with x successes among n, q = 1 - p, G the gamma function, and
//           m = max(T / t(0.05) - 1, 0.001),  t(a) = -2 ln a + ln(1 - 2 ln a),
//         so that it is tightest around T units. This is the Bayes factor of
//         dirichlet_multinomial.h with the concentration m. Its logarithm is convex in p and at
//         most 0 at x / n: the shares form an interval around that one.
// Source: Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform, Nonparametric, Nonasymptotic Confidence
//         Sequences", Annals of Statistics 49 (2021), proposition 6 and section 3.5. Tuned for an
//         alpha of 5 % whatever alpha is, as their package confseq does.

#ifndef INSIGHTLOOP_STATS_BERNOULLI_SEQUENCE_H_
#define INSIGHTLOOP_STATS_BERNOULLI_SEQUENCE_H_

#include "absl/status/statusor.h"
#include "stats/comparison.h"
#include "stats/proportion.h"

namespace insightloop::stats {

struct BernoulliSequencePlan {
  double planned_units = 0;  // T; any number above 0. Not to be chosen from the outcomes
  double alpha = 0;          // after correction
};

// The interval of the share, of level 1 - alpha. With at most one success its lower end is 0, with
// at most one failure its upper end is 1.
//
// Errors: kInvalidArgument    successes are negative or more than trials, trials are negative,
//                             the planned units are not finite and positive, or alpha is not in
//                             (0, 1).
//         kFailedPrecondition there are no trials.
// Tenths of a millisecond; some milliseconds for an end next to 0. Pure function; safe from any
// thread; no allocation unless it fails.
absl::StatusOr<Interval> BernoulliSequenceInterval(const Proportion& arm,
                                                   const BernoulliSequencePlan& plan);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_BERNOULLI_SEQUENCE_H_
