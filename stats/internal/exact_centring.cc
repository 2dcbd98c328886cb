// SPDX-License-Identifier: Apache-2.0

#include "stats/internal/exact_centring.h"

#include "absl/strings/str_cat.h"

namespace insightloop::stats::internal {
namespace {

UInt128 Wrapping(Int128 value) { return static_cast<UInt128>(value); }

}  // namespace

SplitSum Split(Int128 sum, std::int64_t count) {
  SplitSum split = {.sum = sum, .nearest = sum / count, .rest = sum % count};
  if (2 * split.rest > count) {
    split.nearest += 1;
    split.rest -= count;
  } else if (2 * split.rest < -Int128{count}) {
    split.nearest -= 1;
    split.rest += count;
  }
  return split;
}

long double MeanOf(const SplitSum& sum, std::int64_t count) {
  return static_cast<long double>(sum.nearest) +
         static_cast<long double>(sum.rest) / static_cast<long double>(count);
}

long double CentredProducts(Int128 sum_of_products, const SplitSum& x, const SplitSum& y,
                            std::int64_t count) {
  const auto about_nearest =
      static_cast<Int128>(Wrapping(sum_of_products) - Wrapping(x.nearest) * Wrapping(y.sum) -
                          Wrapping(y.nearest) * Wrapping(x.rest));
  const Int128 correction = x.rest * y.rest;  // divided by count
  const Int128 whole = about_nearest - correction / count;
  return static_cast<long double>(whole) -
         static_cast<long double>(correction % count) / static_cast<long double>(count);
}

absl::Status CheckResolution(double resolution, absl::string_view name) {
  if (resolution >= 1e-100 && resolution <= 1e100) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", resolution, "; it must be between 1e-100 and 1e100"));
}

absl::Status CheckSums(std::int64_t count, bool overflowed) {
  if (overflowed) {
    return absl::OutOfRangeError(
        "the count exceeds 63 bits or a sum of squares 127 bits; use a coarser resolution or a "
        "cap");
  }
  if (count == 0) {
    return absl::FailedPreconditionError("count is 0; a mean needs at least one unit");
  }
  return absl::OkStatus();
}

}  // namespace insightloop::stats::internal
