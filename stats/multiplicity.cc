// SPDX-License-Identifier: Apache-2.0

#include "stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace insightloop::stats {
namespace {

using Values = std::vector<double>;

constexpr std::size_t kMostHommel = 10'000;  // a tenth of a second

// ln(1 - exp(x)) for x <= 0, from the side that keeps the digits.
double LogOneMinusExp(double x) {
  return x > -std::numbers::ln2 ? std::log(-std::expm1(x)) : std::log1p(-std::exp(x));
}

// The two scales on which a p-value may come, with what the adjustments need of each. AtLeastOne()
// is Sidak's: the chance of a p-value as small in so many independent tests.
struct Plain {
  static constexpr double kLargest = 1;
  static double Times(double p, double factor) { return p * factor; }
  static double Over(double p, double divisor) { return p / divisor; }
  static double AtLeastOne(double p, double tests) { return -std::expm1(tests * std::log1p(-p)); }
  static absl::Status Check(double p, std::size_t place) {
    if (p >= 0 && p <= 1) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("p_values[", place, "] is ", p, "; it must be in [0, 1]"));
  }
};

struct Logarithmic {
  static constexpr double kLargest = 0;
  static double Times(double log_p, double factor) { return log_p + std::log(factor); }
  static double Over(double log_p, double divisor) { return log_p - std::log(divisor); }
  static double AtLeastOne(double log_p, double tests) {
    // Below e^-37 a p-value and -ln(1 - p) differ by less than a double can say.
    constexpr double kTiny = -37;
    const double log_hazard =
        std::log(tests) + (log_p < kTiny ? log_p : std::log(-LogOneMinusExp(log_p)));
    return log_hazard < kTiny ? log_hazard : LogOneMinusExp(-std::exp(log_hazard));
  }
  static absl::Status Check(double log_p, std::size_t place) {
    if (log_p <= 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("log_p_values[", place, "] is ", log_p, "; it must be at most 0"));
  }
};

// Replaces each value, in ascending order, by `adjust` of it and its place, which counts from 1.
template <typename Scale, typename AdjustOne>
void AdjustEach(Values& sorted, AdjustOne adjust) {
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    sorted[i] = std::min(Scale::kLargest, adjust(sorted[i], static_cast<double>(i + 1)));
  }
}

void NotBelowPredecessors(Values& values) {
  for (std::size_t i = 1; i < values.size(); ++i) values[i] = std::max(values[i], values[i - 1]);
}

void NotAboveSuccessors(Values& values) {
  for (std::size_t i = values.size(); i-- > 1;) {
    values[i - 1] = std::min(values[i - 1], values[i]);
  }
}

// Closed testing with Simes' test. Among the subsets of `size` tests that contain a given one, that
// with the largest p-values otherwise is the hardest to reject: the top size of all, or where the
// given one is below these, it and the top size - 1. Every size is tried; the largest p-value
// counts.
template <typename Scale>
Values Hommel(const Values& sorted) {
  const std::size_t m = sorted.size();
  Values adjusted = sorted;  // subsets of one test
  for (std::size_t size = 2; size <= m; ++size) {
    const auto factor = static_cast<double>(size);
    const std::size_t top = m - size;
    double of_rest = Scale::kLargest;
    for (std::size_t j = 2; j <= size; ++j) {
      of_rest = std::min(
          of_rest, Scale::Over(Scale::Times(sorted[top + j - 1], factor), static_cast<double>(j)));
    }
    const double of_top = std::min(Scale::Times(sorted[top], factor), of_rest);
    for (std::size_t i = 0; i < m; ++i) {
      const double of_subset =
          i < top ? std::min(Scale::Times(sorted[i], factor), of_rest) : of_top;
      adjusted[i] = std::max(adjusted[i], of_subset);
    }
  }
  return adjusted;
}

double HarmonicNumber(std::size_t m) {
  if (m > 1'000'000) {
    const auto n = static_cast<double>(m);
    return std::log(n) + std::numbers::egamma + 1 / (2 * n);  // the next term is below 1e-13
  }
  double sum = 0;
  for (std::size_t k = m; k > 0; --k) sum += 1 / static_cast<double>(k);
  return sum;
}

template <typename Scale>
Values AdjustSorted(Correction correction, std::size_t comparisons, Values sorted) {
  const auto m = static_cast<double>(comparisons);
  switch (correction) {
    case Correction::kBonferroni:
      AdjustEach<Scale>(sorted, [&](double p, double) { return Scale::Times(p, m); });
      break;
    case Correction::kSidak:
      AdjustEach<Scale>(sorted, [&](double p, double) { return Scale::AtLeastOne(p, m); });
      break;
    case Correction::kHolm:
      AdjustEach<Scale>(sorted, [&](double p, double k) { return Scale::Times(p, m - k + 1); });
      NotBelowPredecessors(sorted);
      break;
    case Correction::kHolmSidak:
      AdjustEach<Scale>(sorted,
                        [&](double p, double k) { return Scale::AtLeastOne(p, m - k + 1); });
      NotBelowPredecessors(sorted);
      break;
    case Correction::kHochberg:
      AdjustEach<Scale>(sorted, [&](double p, double k) { return Scale::Times(p, m - k + 1); });
      NotAboveSuccessors(sorted);
      break;
    case Correction::kHommel:
      sorted.resize(comparisons, Scale::kLargest);
      sorted = Hommel<Scale>(sorted);
      break;
    case Correction::kBenjaminiHochberg:
      AdjustEach<Scale>(sorted, [&](double p, double k) { return Scale::Times(p, m / k); });
      NotAboveSuccessors(sorted);
      break;
    case Correction::kBenjaminiYekutieli: {
      const double factor = m * HarmonicNumber(comparisons);
      AdjustEach<Scale>(sorted, [&](double p, double k) { return Scale::Times(p, factor / k); });
      NotAboveSuccessors(sorted);
      break;
    }
  }
  return sorted;
}

template <typename Scale>
absl::StatusOr<Values> Adjust(Correction correction, std::span<const double> values,
                              std::optional<std::size_t> comparisons) {
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (absl::Status status = Scale::Check(values[k], k); !status.ok()) return status;
  }
  if (comparisons.has_value() && *comparisons < values.size()) {
    return absl::InvalidArgumentError(absl::StrCat("comparisons is ", *comparisons,
                                                   "; it must be at least the number of p-values, ",
                                                   values.size()));
  }
  const std::size_t m = comparisons.value_or(values.size());
  if (correction == Correction::kHommel && m > kMostHommel) {
    return absl::InvalidArgumentError(absl::StrCat("comparisons is ", m, "; it must be at most ",
                                                   kMostHommel, " for Hommel's correction"));
  }
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&values](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  Values sorted;
  sorted.reserve(values.size());
  for (const std::size_t place : order) sorted.push_back(values[place]);
  sorted = AdjustSorted<Scale>(correction, m, std::move(sorted));
  Values adjusted(values.size());
  for (std::size_t k = 0; k < order.size(); ++k) adjusted[order[k]] = sorted[k];
  return adjusted;
}

}  // namespace

absl::StatusOr<std::vector<double>> AdjustPValues(Correction correction,
                                                  std::span<const double> p_values,
                                                  std::optional<std::size_t> comparisons) {
  return Adjust<Plain>(correction, p_values, comparisons);
}

absl::StatusOr<std::vector<double>> AdjustLogPValues(Correction correction,
                                                     std::span<const double> log_p_values,
                                                     std::optional<std::size_t> comparisons) {
  return Adjust<Logarithmic>(correction, log_p_values, comparisons);
}

}  // namespace insightloop::stats
