// SPDX-License-Identifier: Apache-2.0

#include "stats/quantity.h"

#include <cmath>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {
namespace internal {
namespace {

// Moments are right to a bit or two, so of a sum of terms this share may be noise.
constexpr long double kNoise = 8 * std::numeric_limits<double>::epsilon();

// A sum of terms, and what it would be if none had the other sign.
struct Sum {
  long double value = 0;
  long double magnitude = 0;
};

Sum BilinearForm(const JointMoments& moments, const std::vector<double>& a,
                 const std::vector<double>& b) {
  Sum sum;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == 0) continue;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const long double term = static_cast<long double>(a[i]) * b[j] * moments.Covariance(i, j);
      sum.value += term;
      sum.magnitude += std::abs(term);
    }
  }
  return sum;
}

absl::Status CheckVariable(const JointMoments& moments, std::size_t variable,
                           absl::string_view name) {
  if (variable < moments.means.size()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", variable, "; it must be below ",
                                                 moments.means.size(),
                                                 ", the number of variables"));
}

// Of two different variables, but for the rounding of who computed them.
absl::Status CheckPair(const JointMoments& moments, std::size_t i, std::size_t j,
                       absl::string_view prefix) {
  constexpr double kRounding = 1e-9;
  const double most = std::sqrt(moments.Covariance(i, i)) * std::sqrt(moments.Covariance(j, j));
  const double covariance = moments.Covariance(i, j);
  const std::string name = absl::StrCat(prefix, "covariances[", i * moments.means.size() + j, "]");
  if (std::abs(covariance) > most * (1 + kRounding)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is ", covariance, "; the variances allow at most ", most));
  }
  const double mirrored = moments.Covariance(j, i);
  if (std::abs(covariance / 2 - mirrored / 2) > most * kRounding) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is ", covariance, "; it must be ",
                                                   mirrored,
                                                   " as on the other side of the diagonal"));
  }
  return absl::OkStatus();
}

absl::Status CheckCovariances(const JointMoments& moments, absl::string_view prefix) {
  const std::size_t variables = moments.means.size();
  for (std::size_t k = 0; k < moments.covariances.size(); ++k) {
    const bool is_variance = k % (variables + 1) == 0;
    const auto check = is_variance ? CheckFiniteNotNegative : CheckFinite;
    if (absl::Status status =
            check(moments.covariances[k], absl::StrCat(prefix, "covariances[", k, "]"));
        !status.ok()) {
      return status;
    }
  }
  for (std::size_t i = 0; i < variables; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (absl::Status status = CheckPair(moments, i, j, prefix); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckJointMoments(const JointMoments& moments, absl::string_view prefix) {
  if (absl::Status status = CheckCount(moments.count, absl::StrCat(prefix, "count"));
      !status.ok()) {
    return status;
  }
  for (std::size_t i = 0; i < moments.means.size(); ++i) {
    if (absl::Status status = CheckFinite(moments.means[i], absl::StrCat(prefix, "means[", i, "]"));
        !status.ok()) {
      return status;
    }
  }
  if (moments.count < 2) {
    return absl::FailedPreconditionError(
        absl::StrCat(prefix, "count is ", moments.count, "; an estimate needs two units"));
  }
  const std::size_t variables = moments.means.size();
  if (moments.covariances.size() != variables * variables) {
    return absl::InvalidArgumentError(
        absl::StrCat(prefix, "covariances has ", moments.covariances.size(),
                     " values; it must have ", variables * variables, ", a row per variable"));
  }
  return CheckCovariances(moments, prefix);
}

absl::StatusOr<LinearQuantity> Linearize(const JointMoments& moments, const Quantity& quantity,
                                         absl::string_view prefix) {
  if (absl::Status status = CheckVariable(moments, quantity.variable, "variable"); !status.ok()) {
    return status;
  }
  const double mean = moments.means[quantity.variable];
  LinearQuantity linear = {.value = mean,
                           .coefficients = std::vector<double>(moments.means.size())};
  if (!quantity.over.has_value()) {
    linear.coefficients[quantity.variable] = 1;
    return linear;
  }
  if (absl::Status status = CheckVariable(moments, *quantity.over, "over"); !status.ok()) {
    return status;
  }
  const double denominator = moments.means[*quantity.over];
  if (denominator == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        prefix, "means[", *quantity.over, "] is 0; a ratio needs another mean of its denominator"));
  }
  linear.value = mean / denominator;
  linear.coefficients[quantity.variable] += 1 / denominator;
  linear.coefficients[*quantity.over] -= linear.value / denominator;
  return linear;
}

double CovarianceOf(const JointMoments& moments, const std::vector<double>& a,
                    const std::vector<double>& b) {
  return static_cast<double>(BilinearForm(moments, a, b).value);
}

double VarianceOf(const JointMoments& moments, const std::vector<double>& a) {
  const Sum variance = BilinearForm(moments, a, a);
  const bool is_noise =
      std::isfinite(variance.magnitude) && variance.value <= kNoise * variance.magnitude;
  return is_noise ? 0 : static_cast<double>(variance.value);
}

absl::StatusOr<ArmEstimate> ToArm(const JointMoments& moments, const LinearQuantity& quantity,
                                  absl::string_view prefix) {
  const ArmEstimate arm = {
      .units = moments.count,
      .value = quantity.value,
      .standard_error = std::sqrt(VarianceOf(moments, quantity.coefficients) /
                                  static_cast<double>(moments.count)),
      .degrees_of_freedom = static_cast<double>(moments.count - 1),
  };
  if (!std::isfinite(arm.value) || !std::isfinite(arm.standard_error)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the estimate from ", prefix, "means is beyond the range of a double"));
  }
  return arm;
}

}  // namespace internal

absl::StatusOr<ArmEstimate> EstimateQuantity(const JointMoments& moments,
                                             const Quantity& quantity) {
  if (absl::Status status = internal::CheckJointMoments(moments, ""); !status.ok()) return status;
  const absl::StatusOr<internal::LinearQuantity> linear =
      internal::Linearize(moments, quantity, "");
  if (!linear.ok()) return linear.status();
  return internal::ToArm(moments, *linear, "");
}

}  // namespace insightloop::stats
