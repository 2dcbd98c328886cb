// SPDX-License-Identifier: Apache-2.0
//
// Exact sums of several variables of the same units: the outcome, or numerator and denominator, and
// the covariates by which they are adjusted. What ExactSums is for one variable, with the sums of
// products besides. A value is a whole number of steps of its variable's resolution, so sums do not
// depend on the order of units or on how they were split between shards, and covariances do not
// suffer from large means (internal/exact_centring.h says how).

#ifndef INSIGHTLOOP_STATS_JOINT_SUMS_H_
#define INSIGHTLOOP_STATS_JOINT_SUMS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stats/exact_sums.h"
#include "stats/internal/int128.h"
#include "stats/joint_moments.h"

namespace insightloop::stats {

// A value type. Reading from any number of threads is safe; adding needs a lock.
class JointSums {
 public:
  explicit JointSums(std::size_t variables);

  // Counts one unit whose variable k is `steps[k]`. Any 64-bit values are allowed.
  // Errors: kInvalidArgument  not one value for each variable; nothing is counted.
  absl::Status Add(std::span<const std::int64_t> steps);

  // Same as adding all of `other`'s units, in any order.
  // Errors: kInvalidArgument  `other` has another number of variables; nothing is counted.
  absl::Status Merge(const JointSums& other);

  // Counts one unit of which a value does not fit 64 bits: overflowed() from then on.
  void MarkOverflowed();

  [[nodiscard]] std::size_t variables() const { return variables_; }

  // The sums of one variable alone; overflowed when these are.
  [[nodiscard]] ExactSums OfVariable(std::size_t variable) const;

  // Units counted so far; 0 once overflowed().
  [[nodiscard]] std::int64_t count() const { return count_; }

  // True once the count exceeded 63 bits or a sum of squares 127 bits, or after MarkOverflowed().
  // Sums of products cannot exceed what the squares do not. It depends on the values alone, not on
  // their order, and stays: all overflowed sums of as many variables are equal.
  [[nodiscard]] bool overflowed() const { return overflowed_; }

  // The moments in the variables' units: `resolutions[k]` is the size of one step of variable k.
  // Means and variances are right to the last bit or two of a double; a covariance is to that share
  // of the product of the standard deviations, and usually better.
  //
  // Errors: kInvalidArgument    not one resolution for each variable, or one is not in
  //                             [1e-100, 1e100].
  //         kFailedPrecondition no unit was counted.
  //         kOutOfRange         the sums overflowed.
  // With one unit the covariances are empty, which is no error.
  [[nodiscard]] absl::StatusOr<JointMoments> ToMoments(std::span<const double> resolutions) const;

  // Equal when every sum is equal.
  friend bool operator==(const JointSums&, const JointSums&) = default;

 private:
  class Batch;
  friend absl::Status AddColumns(std::span<const std::uint16_t> groups,
                                 std::span<const std::span<const std::int64_t>> columns,
                                 std::span<JointSums> sums);

  // The terms of a unit, or their sums: its variables, then their products x_i * x_j for j >= i, in
  // the order of i, then j.
  void Accumulate(std::int64_t count, std::span<const internal::Int128> terms);
  bool AccumulateProducts(std::span<const internal::Int128> products);

  std::size_t variables_;
  std::vector<internal::Int128> sums_;  // of the terms; all 0 once overflowed_
  std::int64_t count_ = 0;
  bool overflowed_ = false;
};

// Adds many units at once: unit u has the value columns[k][u] of variable k and is counted in
// sums[groups[u]], such as the cell of its arm, segment and epoch. The same, bit for bit, as adding
// the units one by one; ten times as fast where values are below 2^26 steps.
//
// Errors: kInvalidArgument  a column is not as long as `groups`, there is a group without sums, or
//                           sums have another number of variables than there are columns; nothing
//                           is counted then.
// Allocates a few numbers per group. The sums need a lock, the rest is only read.
absl::Status AddColumns(std::span<const std::uint16_t> groups,
                        std::span<const std::span<const std::int64_t>> columns,
                        std::span<JointSums> sums);

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_JOINT_SUMS_H_
