// SPDX-License-Identifier: Apache-2.0
//
// The one shape in which every estimator hands over an arm, so that one machine serves them all.
//
// A mean, a share, a ratio of two means, a net promoter score, and each of them after adjustment
// for covariates, is, but for terms that vanish as units grow, a mean of one number per unit (its
// *influence value*): its variance is that of these numbers over the number of units, and both the
// normal test read once and the sequence read at any time hold for it.
//
// Source: van der Vaart, Asymptotic Statistics, 1998, chapters 3 and 20; Satterthwaite, "An
//         Approximate Distribution of Estimates of Variance Components", Biometrics Bulletin 2
//         (1946).

#ifndef INSIGHTLOOP_STATS_ARM_ESTIMATE_H_
#define INSIGHTLOOP_STATS_ARM_ESTIMATE_H_

#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/comparison.h"

namespace insightloop::stats {

struct ArmEstimate {
  std::int64_t units = 0;     // behind the value: what was randomized, or for surveys what answered
  double value = 0;           // in the unit of the metric
  double standard_error = 0;  // of value, >= 0; 0 when all influence values are equal

  // Of the standard error: `units` - 1 for a sample variance; empty where the normal distribution
  // is to be used, as for shares.
  std::optional<double> degrees_of_freedom;
};

// The absolute effect, treatment minus control, of independent arms: squared standard errors add.
// With degrees of freedom in both arms it has Satterthwaite's, as Welch's test; else none.
//
// Errors: kInvalidArgument    units are negative, a value is not finite, a standard error is
//                             negative or not finite, or degrees of freedom are below
//                             kLeastDegreesOfFreedom or not finite.
//         kFailedPrecondition an arm has no units, or the effect does not fit in a double.
// Both standard errors may be 0: then so is the effect's, and Compare() says what that means.
// Pure function; safe from any thread; no allocation unless it fails.
absl::StatusOr<EffectEstimate> Difference(const Arms<ArmEstimate>& arms);

namespace internal {

// What Difference() checks, of one arm and of both, for other functions that take arms.
absl::Status CheckArm(const ArmEstimate& arm, absl::string_view name);
absl::Status CheckArms(const Arms<ArmEstimate>& arms);

// Satterthwaite's degrees of freedom of the sum of independent squared standard errors; empty when
// the sum is 0 or a part has none.
std::optional<double> CombinedDegreesOfFreedom(std::span<const ArmEstimate> parts);
std::optional<double> CombinedDegreesOfFreedom(const Arms<ArmEstimate>& arms);

}  // namespace internal

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_ARM_ESTIMATE_H_
