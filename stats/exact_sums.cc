// SPDX-License-Identifier: Apache-2.0

#include "stats/exact_sums.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace insightloop::stats {

using internal::Int128;

void ExactSums::Add(std::int64_t steps) {
  const Int128 wide = steps;
  Accumulate(1, wide, wide * wide);
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
  // Count and sum of squares only grow, so whether they overflow does not depend on the order.
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
  if (!(resolution >= 1e-100 && resolution <= 1e100)) {
    return absl::InvalidArgumentError(
        absl::StrCat("resolution is ", resolution, "; it must be between 1e-100 and 1e100"));
  }
  if (most_negative_zeros_ < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("AddZeros was given n = ", most_negative_zeros_, "; it must not be negative"));
  }
  if (overflowed_) {
    return absl::OutOfRangeError(
        "the count exceeds 63 bits or the sum of squares 127 bits; use a coarser resolution or a "
        "cap");
  }
  if (count_ == 0) {
    return absl::FailedPreconditionError("count is 0; a mean needs at least one unit");
  }

  // sum = count * nearest + rest, with |rest| <= count / 2.
  Int128 nearest = sum_ / count_;
  Int128 rest = sum_ % count_;
  if (2 * rest > count_) {
    nearest += 1;
    rest -= count_;
  } else if (2 * rest < -Int128{count_}) {
    nearest -= 1;
    rest += count_;
  }

  const auto count = static_cast<long double>(count_);
  const long double mean_steps =
      static_cast<long double>(nearest) + static_cast<long double>(rest) / count;
  Moments moments;
  moments.count = count_;
  moments.mean = static_cast<double>(mean_steps * resolution);
  if (count_ < 2) return moments;

  const Int128 about_nearest = sum_of_squares_ - nearest * (sum_ + rest);
  const Int128 correction = rest * rest;  // divided by count
  const Int128 whole = about_nearest - correction / count_;
  const long double about_mean =
      static_cast<long double>(whole) - static_cast<long double>(correction % count_) / count;
  const long double step = resolution;
  moments.sample_variance = static_cast<double>(about_mean / (count - 1) * step * step);
  return moments;
}

}  // namespace insightloop::stats
