// SPDX-License-Identifier: Apache-2.0
//
// Count, sum and sum of squares of a metric's values over units, without rounding. A value is a
// whole number of steps of the metric's resolution (an amount of 12.34 in steps of 0.01 is 1234),
// so sums do not depend on the order of the values or on how they were split between shards, and a
// large mean does not drown a small variance.
//
// internal/exact_centring.h says why nothing is lost; joint_sums.h does the same for several
// variables.

#ifndef INSIGHTLOOP_STATS_EXACT_SUMS_H_
#define INSIGHTLOOP_STATS_EXACT_SUMS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/internal/int128.h"
#include "stats/moments.h"

namespace insightloop::stats {

// A value type. Reading from any number of threads is safe; adding needs a lock.
class ExactSums {
 public:
  // Counts one unit whose value is `steps`. Any 64-bit value is allowed.
  void Add(std::int64_t steps);

  // Takes back one unit of that value, which must have been counted; nothing once overflowed().
  void Remove(std::int64_t steps);

  // Counts `n` units whose value is 0. A negative `n` changes no sum, but ToMoments() reports it
  // from then on.
  void AddZeros(std::int64_t n);

  // Counts one unit whose value does not fit 64 bits: overflowed() from then on.
  void MarkOverflowed() { SetOverflowed(); }

  // Same as adding all of `other`'s values, in any order.
  void Merge(const ExactSums& other);

  // Units counted so far; 0 once overflowed().
  [[nodiscard]] std::int64_t count() const { return count_; }

  // True once the count exceeded 63 bits or the sum of squares 127 bits, which takes more than
  // 10^18 units, or units of more than 10^14 steps by the billion; or after MarkOverflowed(). It
  // depends on the values alone, not on their order, and stays: all overflowed sums are equal.
  [[nodiscard]] bool overflowed() const { return overflowed_; }

  // The moments in the metric's unit: `resolution` is the size of one step in that unit. Mean and
  // variance are right to the last bit or two of a double.
  //
  // Errors: kInvalidArgument    `resolution` is not in [1e-100, 1e100], or AddZeros() was given a
  //                             negative number.
  //         kFailedPrecondition no unit was counted.
  //         kOutOfRange         the sums overflowed.
  // With one unit the variance is empty, which is no error.
  [[nodiscard]] absl::StatusOr<Moments> ToMoments(double resolution) const;

  // Equal when every sum is equal, not merely mean and variance.
  friend bool operator==(const ExactSums&, const ExactSums&) = default;

 private:
  friend class JointSums;

  void Accumulate(std::int64_t count, internal::Int128 sum, internal::Int128 sum_of_squares);
  void SetOverflowed();

  internal::Int128 sum_ = 0;
  internal::Int128 sum_of_squares_ = 0;
  std::int64_t count_ = 0;
  std::int64_t most_negative_zeros_ = 0;  // lowest number given to AddZeros(), when below 0
  bool overflowed_ = false;               // the sums are then 0
};

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_EXACT_SUMS_H_
