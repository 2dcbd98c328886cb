// SPDX-License-Identifier: Apache-2.0
//
// A one-sided bound that may be looked at as often as one likes: the chance that it is ever on the
// wrong side is at most alpha, asymptotically, at whatever moment one stops.
//
// Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, Time-uniform central limit theory and
// asymptotic confidence sequences, Annals of Statistics 2024, proposition B.1 with the tuning of
// its appendix B.2.

#ifndef INSIGHTLOOP_STATS_ANYTIME_BOUND_H_
#define INSIGHTLOOP_STATS_ANYTIME_BOUND_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace insightloop::stats {

struct AnytimePlan {
  std::int64_t units = 0;          // of the two arms compared, so far
  std::int64_t planned_units = 0;  // of the same arms; the bound is tightest there
  double alpha = 0;                // one-sided, in (0, 0.5)
};

// How many standard errors the bound lies from the estimate. Errors: kInvalidArgument for units or
// planned units below 1 or an alpha outside (0, 0.5). Pure, safe from any thread.
absl::StatusOr<double> OneSidedAnytimeMultiplier(const AnytimePlan& plan);

// The level of the two-sided fixed-horizon normal interval whose ends lie as far from the estimate.
// Same errors.
absl::StatusOr<double> OneSidedAnytimeLevel(const AnytimePlan& plan);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_ANYTIME_BOUND_H_
