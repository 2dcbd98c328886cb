// SPDX-License-Identifier: Apache-2.0
//
// What several variables of the same units need to be estimated together: their means and how they
// vary with each other. joint_sums.h makes these from exact sums; quantity.h and covariates.h take
// them.

#ifndef INSIGHTLOOP_STATS_JOINT_MOMENTS_H_
#define INSIGHTLOOP_STATS_JOINT_MOMENTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace insightloop::stats {

// Of one arm. Variables are numbered from 0; each is in its own unit.
struct JointMoments {
  std::int64_t count = 0;     // units; each has a value of every variable
  std::vector<double> means;  // of each variable

  // The sample covariance matrix, divided by count - 1, row after row: symmetric, the variances on
  // the diagonal. Empty when count is below 2: one unit says nothing about how units differ.
  std::vector<double> covariances;

  [[nodiscard]] double Covariance(std::size_t a, std::size_t b) const {
    return covariances[a * means.size() + b];
  }
};

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_JOINT_MOMENTS_H_
