// SPDX-License-Identifier: Apache-2.0
//
// What a mean needs to be compared: how many units, their mean and how much they differ. Every
// method for means takes these, never rows; exact_sums.h makes them from counts and sums.

#ifndef INSIGHTLOOP_STATS_MOMENTS_H_
#define INSIGHTLOOP_STATS_MOMENTS_H_

#include <cstdint>
#include <optional>

namespace insightloop::stats {

// Units: `count` is in randomization units, `mean` in the metric's unit, `sample_variance` in its
// square.
struct Moments {
  std::int64_t count = 0;  // units; those without any event count with the value 0
  double mean = 0;         // sum / count; means nothing when count is 0

  // Sum of squared deviations from the mean, divided by count - 1. Empty when count is below 2:
  // one unit says nothing about how units differ.
  std::optional<double> sample_variance;
};

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_MOMENTS_H_
