// SPDX-License-Identifier: Apache-2.0

#include "stats/joint_sums.h"

#include <algorithm>
#include <array>
#include <bit>

#include "absl/strings/str_cat.h"
#include "stats/internal/exact_centring.h"

namespace insightloop::stats {
namespace {

using internal::Int128;
using internal::UInt128;

constexpr std::size_t ProductsOf(std::size_t variables) { return variables * (variables + 1) / 2; }

absl::Status CheckVariables(std::size_t got, std::size_t variables, absl::string_view name) {
  if (got == variables) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", got, "; it must be ", variables, ", the number of variables"));
}

absl::Status CheckResolutions(std::span<const double> resolutions, std::size_t variables) {
  if (absl::Status status = CheckVariables(resolutions.size(), variables, "resolutions.size");
      !status.ok()) {
    return status;
  }
  for (std::size_t k = 0; k < variables; ++k) {
    if (absl::Status status =
            internal::CheckResolution(resolutions[k], absl::StrCat("resolutions[", k, "]"));
        !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

void FillTerms(std::span<const std::int64_t> steps, std::vector<Int128>& terms) {
  terms.clear();
  for (const std::int64_t value : steps) terms.push_back(value);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (std::size_t j = i; j < steps.size(); ++j) terms.push_back(Int128{steps[i]} * steps[j]);
  }
}

}  // namespace

JointSums::JointSums(std::size_t variables)
    : variables_(variables), sums_(variables + ProductsOf(variables)) {}

absl::Status JointSums::Add(std::span<const std::int64_t> steps) {
  if (absl::Status status = CheckVariables(steps.size(), variables_, "steps.size"); !status.ok()) {
    return status;
  }
  std::vector<Int128> terms;
  terms.reserve(sums_.size());
  FillTerms(steps, terms);
  Accumulate(1, terms);
  return absl::OkStatus();
}

absl::Status JointSums::Merge(const JointSums& other) {
  if (absl::Status status = CheckVariables(other.variables_, variables_, "other.variables");
      !status.ok()) {
    return status;
  }
  if (other.overflowed_) {
    MarkOverflowed();
  } else {
    Accumulate(other.count_, other.sums_);
  }
  return absl::OkStatus();
}

void JointSums::MarkOverflowed() {
  overflowed_ = true;
  count_ = 0;
  std::fill(sums_.begin(), sums_.end(), 0);
}

void JointSums::Accumulate(std::int64_t count, std::span<const Int128> terms) {
  if (overflowed_) return;
  if (__builtin_add_overflow(count_, count, &count_)) return MarkOverflowed();
  // These cannot overflow: they are at most 2^63 units of at most 2^63 steps.
  for (std::size_t k = 0; k < variables_; ++k) sums_[k] += terms[k];
  if (!AccumulateProducts(terms.subspan(variables_))) MarkOverflowed();
}

// False when a sum of squares overflows.
bool JointSums::AccumulateProducts(std::span<const Int128> products) {
  Int128* sum = sums_.data() + variables_;
  const Int128* product = products.data();
  for (std::size_t i = 0; i < variables_; ++i) {
    if (__builtin_add_overflow(*sum, *product++, sum)) return false;
    ++sum;
    // The sum of |x_i x_j| is at most the root of both sums of squares, so these can wrap only
    // where one of the squares overflows.
    for (std::size_t j = i + 1; j < variables_; ++j, ++sum) {
      *sum = static_cast<Int128>(static_cast<UInt128>(*sum) + static_cast<UInt128>(*product++));
    }
  }
  return true;
}

ExactSums JointSums::OfVariable(std::size_t variable) const {
  ExactSums sums;
  if (overflowed_) {
    sums.MarkOverflowed();
    return sums;
  }
  // Its square comes after the products of all variables before it.
  std::size_t square = variables_;
  for (std::size_t i = 0; i < variable; ++i) square += variables_ - i;
  sums.Accumulate(count_, sums_[variable], sums_[square]);
  return sums;
}

absl::StatusOr<JointMoments> JointSums::ToMoments(std::span<const double> resolutions) const {
  if (absl::Status status = CheckResolutions(resolutions, variables_); !status.ok()) return status;
  if (absl::Status status = internal::CheckSums(count_, overflowed_); !status.ok()) return status;
  JointMoments moments = {.count = count_, .means = std::vector<double>(variables_)};
  std::vector<internal::SplitSum> split;
  for (std::size_t k = 0; k < variables_; ++k) {
    split.push_back(internal::Split(sums_[k], count_));
    moments.means[k] = static_cast<double>(internal::MeanOf(split[k], count_) * resolutions[k]);
  }
  if (count_ < 2) return moments;

  moments.covariances.resize(variables_ * variables_);
  std::size_t product = variables_;
  for (std::size_t i = 0; i < variables_; ++i) {
    for (std::size_t j = i; j < variables_; ++j) {
      const long double per_unit =
          internal::CentredProducts(sums_[product++], split[i], split[j], count_) /
          static_cast<long double>(count_ - 1);
      const auto covariance = static_cast<double>(per_unit * resolutions[i] * resolutions[j]);
      moments.covariances[i * variables_ + j] = covariance;
      moments.covariances[j * variables_ + i] = covariance;
    }
  }
  return moments;
}

// Adds rows in blocks that fit the first cache. Where the values of a block are small, their
// products are summed in 64 bits, which is all that a processor has to do a multiplication a cycle;
// how large such a sum may have become is known from the width of the values, so it is added to the
// exact sums before it could overflow.
class JointSums::Batch {
 public:
  Batch(std::span<const std::uint16_t> groups,
        std::span<const std::span<const std::int64_t>> columns, std::span<JointSums> sums)
      : groups_(groups.data()),
        rows_(groups.size()),
        sums_(sums),
        terms_(columns.size() + ProductsOf(columns.size())),
        partial_(columns.size() <= kKernels.size() ? sums.size() * kBanks * (1 + terms_) : 0) {
    for (const std::span<const std::int64_t> column : columns) columns_.push_back(column.data());
  }

  void Run() {
    for (std::size_t first = 0; first < rows_; first += kBlock) {
      const Rows rows = {.first = first, .last = std::min(first + kBlock, rows_)};
      const int width = WidthOf(rows);
      if (width <= kWidest && !columns_.empty() && columns_.size() <= kKernels.size()) {
        AddNarrow(rows, width);
      } else {
        AddWide(rows);
      }
    }
    Flush();
  }

 private:
  struct Rows {
    std::size_t first, last;
  };
  using Kernel = void (*)(const std::uint16_t* groups, const std::int64_t* const* columns,
                          Rows rows, std::uint64_t* partial);

  static constexpr std::size_t kBlock = 1024;

  // 2^10 rows of products of at most 2^52 stay below 2^63.
  static constexpr int kWidest = 26;
  static constexpr std::uint64_t kRoom = (std::uint64_t{1} << 63) - 1;

  // Rows go to two sets of sums in turn, so that a row need not wait for the one before it.
  static constexpr std::size_t kBanks = 2;

  // Per group and bank: the count, then the terms. Signed sums, modulo 2^64 as they go.
  template <std::size_t kVariables>
  static void AddRows(const std::uint16_t* groups, const std::int64_t* const* columns, Rows rows,
                      std::uint64_t* partial) {
    constexpr std::size_t kSums = 1 + kVariables + ProductsOf(kVariables);
    std::array<const std::int64_t*, kVariables> column;
    std::copy_n(columns, kVariables, column.begin());
    for (std::size_t row = rows.first; row < rows.last; ++row) {
      std::array<std::uint64_t, kVariables> value;
      for (std::size_t k = 0; k < kVariables; ++k) {
        value[k] = static_cast<std::uint64_t>(column[k][row]);
      }
      std::uint64_t* sum = partial + (kBanks * groups[row] + row % kBanks) * kSums;
      *sum++ += 1;
      for (std::size_t k = 0; k < kVariables; ++k) *sum++ += value[k];
      for (std::size_t i = 0; i < kVariables; ++i) {
        for (std::size_t j = i; j < kVariables; ++j) *sum++ += value[i] * value[j];
      }
    }
  }

  // More variables than this are added one unit at a time.
  static constexpr std::array<Kernel, 8> kKernels = {AddRows<1>, AddRows<2>, AddRows<3>,
                                                     AddRows<4>, AddRows<5>, AddRows<6>,
                                                     AddRows<7>, AddRows<8>};

  // The least w such that all values of the rows are in [-2^w, 2^w).
  [[nodiscard]] int WidthOf(Rows rows) const {
    std::uint64_t bits = 0;
    for (const std::int64_t* column : columns_) {
      for (std::size_t row = rows.first; row < rows.last; ++row) {
        bits |= static_cast<std::uint64_t>(column[row] ^ (column[row] >> 63));
      }
    }
    return static_cast<int>(std::bit_width(bits));
  }

  void AddNarrow(Rows rows, int width) {
    const std::uint64_t more = (rows.last - rows.first) << (2 * width);
    if (more > kRoom - largest_) Flush();
    largest_ += more;
    kKernels[columns_.size() - 1](groups_, columns_.data(), rows, partial_.data());
  }

  void AddWide(Rows rows) {
    std::vector<std::int64_t> steps(columns_.size());
    std::vector<Int128> terms;
    terms.reserve(terms_);
    for (std::size_t row = rows.first; row < rows.last; ++row) {
      for (std::size_t k = 0; k < steps.size(); ++k) steps[k] = columns_[k][row];
      FillTerms(steps, terms);
      sums_[groups_[row]].Accumulate(1, terms);
    }
  }

  void Flush() {
    largest_ = 0;
    std::vector<Int128> terms(terms_);
    const std::uint64_t* sum = partial_.data();
    for (std::size_t k = 0; k < partial_.size() / (1 + terms_); ++k) {
      const auto count = static_cast<std::int64_t>(*sum++);
      for (Int128& term : terms) term = static_cast<std::int64_t>(*sum++);
      if (count > 0) sums_[k / kBanks].Accumulate(count, terms);
    }
    std::fill(partial_.begin(), partial_.end(), 0);
  }

  const std::uint16_t* const groups_;
  const std::size_t rows_;
  std::vector<const std::int64_t*> columns_;
  const std::span<JointSums> sums_;
  const std::size_t terms_;
  std::vector<std::uint64_t> partial_;
  std::uint64_t largest_ = 0;  // no partial sum is larger, whatever its sign
};

absl::Status AddColumns(std::span<const std::uint16_t> groups,
                        std::span<const std::span<const std::int64_t>> columns,
                        std::span<JointSums> sums) {
  for (std::size_t k = 0; k < columns.size(); ++k) {
    if (columns[k].size() == groups.size()) continue;
    return absl::InvalidArgumentError(absl::StrCat("columns[", k, "].size is ", columns[k].size(),
                                                   "; it must be ", groups.size(),
                                                   ", the number of units"));
  }
  for (std::size_t k = 0; k < sums.size(); ++k) {
    if (absl::Status status = CheckVariables(sums[k].variables(), columns.size(),
                                             absl::StrCat("sums[", k, "].variables"));
        !status.ok()) {
      return status;
    }
  }
  if (groups.empty()) return absl::OkStatus();
  const std::size_t largest = *std::max_element(groups.begin(), groups.end());
  if (largest >= sums.size()) {
    return absl::InvalidArgumentError(absl::StrCat("groups holds ", largest, "; it must be below ",
                                                   sums.size(), ", the number of sums"));
  }
  JointSums::Batch(groups, columns, sums).Run();
  return absl::OkStatus();
}

}  // namespace insightloop::stats
