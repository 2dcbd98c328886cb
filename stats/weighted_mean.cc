// SPDX-License-Identifier: Apache-2.0

#include "stats/weighted_mean.h"

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {
namespace {

// All sums are in long double, whose range holds the square of any double.

struct Answers {
  std::span<const double> values;
  std::span<const double> weights;
  std::int64_t units = 0;  // of weight above 0
  long double all_weights = 0;
};

// The mean, from the distances to an `origin`: the nearer that is, the fewer digits are lost.
long double MeanAbout(const Answers& answers, long double origin) {
  long double sum = 0;
  for (std::size_t k = 0; k < answers.values.size(); ++k) {
    sum += answers.weights[k] * (answers.values[k] - origin);
  }
  return origin + sum / answers.all_weights;
}

WeightedMean Estimate(const Answers& answers) {
  const long double mean = MeanAbout(answers, MeanAbout(answers, 0));
  long double squared_weights = 0;
  long double squares = 0;
  for (std::size_t k = 0; k < answers.values.size(); ++k) {
    const long double weight = answers.weights[k];
    const long double deviation = weight * (answers.values[k] - mean);
    squared_weights += weight * weight;
    squares += deviation * deviation;
  }
  const auto n = static_cast<long double>(answers.units);
  const long double standard_error = std::sqrt(squares * (n / (n - 1))) / answers.all_weights;
  return {.estimate = {.units = answers.units,
                       .value = static_cast<double>(mean),
                       .standard_error = static_cast<double>(standard_error),
                       .degrees_of_freedom = static_cast<double>(answers.units - 1)},
          .effective_units =
              static_cast<double>(answers.all_weights * answers.all_weights / squared_weights)};
}

absl::Status CheckAnswer(double value, double weight, std::size_t k) {
  if (absl::Status status = internal::CheckFinite(value, absl::StrCat("values[", k, "]"));
      !status.ok()) {
    return status;
  }
  return internal::CheckFiniteNotNegative(weight, absl::StrCat("weights[", k, "]"));
}

}  // namespace

absl::StatusOr<WeightedMean> EstimateWeightedMean(std::span<const double> values,
                                                  std::span<const double> weights) {
  if (values.size() != weights.size()) {
    return absl::InvalidArgumentError(absl::StrCat("weights number ", weights.size(),
                                                   "; they must be as many as the values, ",
                                                   values.size()));
  }
  Answers answers = {.values = values, .weights = weights};
  for (std::size_t k = 0; k < values.size(); ++k) {
    const bool good = std::isfinite(values[k]) && std::isfinite(weights[k]) && weights[k] >= 0;
    if (!good) return CheckAnswer(values[k], weights[k], k);
    if (weights[k] > 0) ++answers.units;
    answers.all_weights += weights[k];
  }
  if (answers.units < 2) {
    return absl::FailedPreconditionError(absl::StrCat("answers of a weight above 0 number ",
                                                      answers.units,
                                                      "; a mean needs two to have an error"));
  }
  return Estimate(answers);
}

}  // namespace insightloop::stats
