// SPDX-License-Identifier: Apache-2.0

#include "stats/exact_sums.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/exact_centring.h"

namespace insightloop::stats {

using internal::Int128;

void ExactSums::Add(std::int64_t steps) {
  const Int128 wide = steps;
  Accumulate(1, wide, wide * wide);
}

void ExactSums::Remove(std::int64_t steps) {
  const Int128 wide = steps;
  Accumulate(-1, -wide, -(wide * wide));
}

void ExactSums::AddZeros(std::int64_t n) {
  if (n < 0) {
    most_negative_zeros_ = std::min(most_negative_zeros_, n);
    return;
  }
  Accumulate(n, 0, 0);
}

void ExactSums::Merge(const ExactSums& other) {
  most_negative_zeros_ = std::min(most_negative_zeros_, other.most_negative_zeros_);
  if (other.overflowed_) {
    SetOverflowed();
    return;
  }
  Accumulate(other.count_, other.sum_, other.sum_of_squares_);
}

void ExactSums::Accumulate(std::int64_t count, Int128 sum, Int128 sum_of_squares) {
  if (overflowed_) return;
  // Count and sum of squares only grow but by Remove(), so whether they overflow does not depend on
  // the order.
  // The sum cannot: it is at most 2^63 units of at most 2^63 steps.
  const bool overflow = __builtin_add_overflow(count_, count, &count_) ||
                        __builtin_add_overflow(sum_of_squares_, sum_of_squares, &sum_of_squares_) ||
                        __builtin_add_overflow(sum_, sum, &sum_);
  if (overflow) SetOverflowed();
}

void ExactSums::SetOverflowed() {
  overflowed_ = true;
  count_ = 0;
  sum_ = 0;
  sum_of_squares_ = 0;
}

absl::StatusOr<Moments> ExactSums::ToMoments(double resolution) const {
  if (absl::Status status = internal::CheckResolution(resolution, "resolution"); !status.ok()) {
    return status;
  }
  if (most_negative_zeros_ < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("AddZeros was given n = ", most_negative_zeros_, "; it must not be negative"));
  }
  if (absl::Status status = internal::CheckSums(count_, overflowed_); !status.ok()) return status;

  const internal::SplitSum sum = internal::Split(sum_, count_);
  Moments moments;
  moments.count = count_;
  moments.mean = static_cast<double>(internal::MeanOf(sum, count_) * resolution);
  if (count_ < 2) return moments;

  const long double step = resolution;
  moments.sample_variance =
      static_cast<double>(internal::CentredProducts(sum_of_squares_, sum, sum, count_) /
                          static_cast<long double>(count_ - 1) * step * step);
  return moments;
}

}  // namespace insightloop::stats
