// SPDX-License-Identifier: Apache-2.0

#include "stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace insightloop::stats {
namespace {

// The two scales on which a p-value may come, with what the adjustments need of each.
struct Plain {
  static constexpr double kLargest = 1;
  static double Times(double p, std::size_t factor) { return p * static_cast<double>(factor); }
  static absl::Status Check(double p, std::size_t place) {
    if (p >= 0 && p <= 1) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("p_values[", place, "] is ", p, "; it must be in [0, 1]"));
  }
};

struct Logarithmic {
  static constexpr double kLargest = 0;
  static double Times(double log_p, std::size_t factor) {
    return log_p + std::log(static_cast<double>(factor));
  }
  static absl::Status Check(double log_p, std::size_t place) {
    if (log_p <= 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("log_p_values[", place, "] is ", log_p, "; it must be at most 0"));
  }
};

template <typename Scale>
absl::Status CheckAll(std::span<const double> values) {
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (absl::Status status = Scale::Check(values[k], k); !status.ok()) return status;
  }
  return absl::OkStatus();
}

template <typename Scale>
absl::StatusOr<std::vector<double>> Bonferroni(std::span<const double> values) {
  if (absl::Status status = CheckAll<Scale>(values); !status.ok()) return status;
  std::vector<double> adjusted;
  adjusted.reserve(values.size());
  for (const double value : values) {
    adjusted.push_back(std::min(Scale::kLargest, Scale::Times(value, values.size())));
  }
  return adjusted;
}

template <typename Scale>
absl::StatusOr<std::vector<double>> Holm(std::span<const double> values) {
  if (absl::Status status = CheckAll<Scale>(values); !status.ok()) return status;
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&values](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> adjusted(values.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    double value = std::min(Scale::kLargest, Scale::Times(values[order[k]], order.size() - k));
    if (k > 0) value = std::max(value, adjusted[order[k - 1]]);
    adjusted[order[k]] = value;
  }
  return adjusted;
}

}  // namespace

absl::StatusOr<std::vector<double>> AdjustBonferroni(std::span<const double> p_values) {
  return Bonferroni<Plain>(p_values);
}

absl::StatusOr<std::vector<double>> AdjustBonferroniLog(std::span<const double> log_p_values) {
  return Bonferroni<Logarithmic>(log_p_values);
}

absl::StatusOr<std::vector<double>> AdjustHolm(std::span<const double> p_values) {
  return Holm<Plain>(p_values);
}

absl::StatusOr<std::vector<double>> AdjustHolmLog(std::span<const double> log_p_values) {
  return Holm<Logarithmic>(log_p_values);
}

}  // namespace insightloop::stats
