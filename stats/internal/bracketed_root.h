// SPDX-License-Identifier: Apache-2.0
//
// The root of a continuous function between two points where its signs differ. Internal to stats/:
// arguments are not checked.
//
// Method: bisection with cubic steps where they help.
// Source: Alefeld, Potra, Shi, "Algorithm 748: Enclosing Zeros of Continuous Functions", ACM
//         Transactions on Mathematical Software 21 (1995).
// Pure function; safe from any thread; no exceptions.

#ifndef INSIGHTLOOP_STATS_INTERNAL_BRACKETED_ROOT_H_
#define INSIGHTLOOP_STATS_INTERNAL_BRACKETED_ROOT_H_

#include "absl/functional/function_ref.h"

namespace insightloop::stats::internal {

// To about 14 digits of the root itself, however small it is. `lower` < `upper`; where the function
// has the same sign at both, as rounding may have it when the root is at an end, `lower`.
double BracketedRoot(absl::FunctionRef<double(double)> function, double lower, double upper);

}  // namespace insightloop::stats::internal

#endif  // INSIGHTLOOP_STATS_INTERNAL_BRACKETED_ROOT_H_
