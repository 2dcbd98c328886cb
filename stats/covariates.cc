// SPDX-License-Identifier: Apache-2.0

#include "stats/covariates.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace insightloop::stats {
namespace {

using internal::LinearQuantity;

// A covariate with less than this share of its variance not explained by others has lost ten of
// sixteen digits.
constexpr double kCollinear = 1e-10;

// An arm's moments, and in them the covariates and, last, the outcome.
struct Arm {
  const JointMoments& moments;
  absl::string_view prefix;
  std::vector<LinearQuantity> quantities;
};

absl::StatusOr<Arm> ReadArm(const JointMoments& moments, absl::string_view prefix,
                            const Adjustment& adjustment) {
  if (absl::Status status = internal::CheckJointMoments(moments, prefix); !status.ok()) {
    return status;
  }
  Arm arm = {.moments = moments, .prefix = prefix, .quantities = {}};
  std::vector<Quantity> quantities = adjustment.covariates;
  quantities.push_back(adjustment.outcome);
  for (const Quantity& quantity : quantities) {
    absl::StatusOr<LinearQuantity> linear = internal::Linearize(moments, quantity, prefix);
    if (!linear.ok()) return linear.status();
    arm.quantities.push_back(*std::move(linear));
  }
  return arm;
}

absl::StatusOr<Arms<Arm>> ReadArms(const Arms<JointMoments>& arms, const Adjustment& adjustment) {
  if (arms.control.means.size() != arms.treatment.means.size()) {
    return absl::InvalidArgumentError(absl::StrCat("treatment.means.size is ",
                                                   arms.treatment.means.size(), "; it must be ",
                                                   arms.control.means.size(), ", as in control"));
  }
  absl::StatusOr<Arm> control = ReadArm(arms.control, "control.", adjustment);
  if (!control.ok()) return control.status();
  absl::StatusOr<Arm> treatment = ReadArm(arms.treatment, "treatment.", adjustment);
  if (!treatment.ok()) return treatment.status();
  return Arms<Arm>{.control = *std::move(control), .treatment = *std::move(treatment)};
}

// A square matrix, row after row.
struct Matrix {
  std::size_t size;
  std::vector<double> values = std::vector<double>(size * size);

  double& operator()(std::size_t row, std::size_t column) { return values[row * size + column]; }
  double operator()(std::size_t row, std::size_t column) const {
    return values[row * size + column];
  }
};

void AddCovariances(Matrix& sum, const Arm& arm, double weight) {
  for (std::size_t i = 0; i < sum.size; ++i) {
    for (std::size_t j = 0; j < sum.size; ++j) {
      const std::vector<double>& a = arm.quantities[i].coefficients;
      const std::vector<double>& b = arm.quantities[j].coefficients;
      sum(i, j) += weight * (i == j ? internal::VarianceOf(arm.moments, a)
                                    : internal::CovarianceOf(arm.moments, a, b));
    }
  }
}

// What the distance between the arms' values adds when they are taken as one sample.
void AddBetweenArms(Matrix& sum, const Arms<Arm>& arms) {
  const auto control = static_cast<double>(arms.control.moments.count);
  const auto treatment = static_cast<double>(arms.treatment.moments.count);
  const double weight = control / (control + treatment) * treatment;
  const auto distance = [&arms](std::size_t k) {
    return arms.treatment.quantities[k].value - arms.control.quantities[k].value;
  };
  for (std::size_t i = 0; i < sum.size; ++i) {
    for (std::size_t j = 0; j < sum.size; ++j) sum(i, j) += weight * distance(i) * distance(j);
  }
}

// Covariances of the covariates and, last, the outcome; up to a factor, which theta does not have.
Matrix PooledCovariances(const Arms<Arm>& arms, ThetaPooling pooling) {
  Matrix pooled = {.size = arms.control.quantities.size()};
  const bool equal = pooling == ThetaPooling::kEqualArms;
  for (const Arm* arm : {&arms.control, &arms.treatment}) {
    AddCovariances(pooled, *arm, equal ? 1 : static_cast<double>(arm->moments.count - 1));
  }
  if (pooling == ThetaPooling::kPooledSample) AddBetweenArms(pooled, arms);
  return pooled;
}

// Least squares on correlations, so that units do not matter: Cholesky's factor with the covariate
// of the largest remaining variance next (Higham, Accuracy and Stability of Numerical Algorithms,
// 2nd ed. 2002, section 10.3), which finds those that are of use, and two triangular solutions.
class Regression {
 public:
  explicit Regression(const Matrix& pooled)
      : count_(pooled.size - 1), factor_{.size = pooled.size}, scale_(pooled.size, 0) {
    for (std::size_t k = 0; k <= count_; ++k) {
      if (pooled(k, k) > 0) scale_[k] = std::sqrt(pooled(k, k));
    }
    Factor(pooled);
  }

  [[nodiscard]] std::vector<double> Theta() const {
    std::vector<double> theta(count_, 0);
    for (std::size_t step = chosen_.size(); step-- > 0;) {
      double rest = factor_(count_, step);
      for (std::size_t later = step + 1; later < chosen_.size(); ++later) {
        rest -= factor_(chosen_[later], step) * theta[chosen_[later]];
      }
      theta[chosen_[step]] = rest / factor_(chosen_[step], step);
    }
    for (const std::size_t k : chosen_) theta[k] *= scale_[count_] / scale_[k];
    return theta;
  }

  [[nodiscard]] std::vector<std::size_t> LeftOut() const {
    std::vector<std::size_t> left_out;
    for (std::size_t k = 0; k < count_; ++k) {
      if (!IsChosen(k)) left_out.push_back(k);
    }
    return left_out;
  }

 private:
  [[nodiscard]] bool IsChosen(std::size_t k) const {
    return std::find(chosen_.begin(), chosen_.end(), k) != chosen_.end();
  }

  // Row k of the factor holds quantity k, column s the step s; the last row is the outcome.
  void Factor(const Matrix& pooled) {
    std::vector<double> remaining(count_);  // variance, of 1, not explained so far
    for (std::size_t k = 0; k < count_; ++k) remaining[k] = scale_[k] > 0 ? 1 : 0;
    while (chosen_.size() < count_) {
      const auto largest = std::max_element(remaining.begin(), remaining.end());
      if (*largest <= kCollinear) return;
      const auto pivot = static_cast<std::size_t>(largest - remaining.begin());
      const std::size_t step = chosen_.size();
      factor_(pivot, step) = std::sqrt(*largest);
      for (std::size_t k = 0; k <= count_; ++k) {
        if (k == pivot || scale_[k] == 0 || IsChosen(k)) continue;
        double correlation = pooled(k, pivot) / scale_[k] / scale_[pivot];
        for (std::size_t s = 0; s < step; ++s) correlation -= factor_(k, s) * factor_(pivot, s);
        factor_(k, step) = correlation / factor_(pivot, step);
        if (k < count_) remaining[k] -= factor_(k, step) * factor_(k, step);
      }
      remaining[pivot] = 0;
      chosen_.push_back(pivot);
    }
  }

  const std::size_t count_;  // of covariates
  Matrix factor_;
  std::vector<double> scale_;        // roots of the variances
  std::vector<std::size_t> chosen_;  // covariates, in the order of the steps
};

// The arm's outcome, times `factor`, at the common mean of the covariates.
LinearQuantity Adjusted(const Arm& arm, const Arm& other, double factor,
                        const std::vector<double>& theta) {
  // The common mean is this far from this arm's towards the other's.
  const auto units = static_cast<double>(arm.moments.count);
  const auto other_units = static_cast<double>(other.moments.count);
  const double other_share = other_units / (units + other_units);
  LinearQuantity adjusted = arm.quantities.back();
  for (double& coefficient : adjusted.coefficients) coefficient *= factor;
  for (std::size_t k = 0; k < theta.size(); ++k) {
    const LinearQuantity& covariate = arm.quantities[k];
    adjusted.value += theta[k] * other_share * (other.quantities[k].value - covariate.value);
    for (std::size_t v = 0; v < adjusted.coefficients.size(); ++v) {
      adjusted.coefficients[v] -= theta[k] * covariate.coefficients[v];
    }
  }
  return adjusted;
}

absl::StatusOr<ArmEstimate> Adjust(const Arm& arm, const Arm& other, double factor,
                                   const std::vector<double>& theta) {
  return internal::ToArm(arm.moments, Adjusted(arm, other, factor, theta), arm.prefix);
}

absl::StatusOr<Arms<ArmEstimate>> AdjustBoth(const Arms<Arm>& arms,
                                             const std::vector<double>& theta) {
  const absl::StatusOr<ArmEstimate> control = Adjust(arms.control, arms.treatment, 1, theta);
  if (!control.ok()) return control.status();
  const absl::StatusOr<ArmEstimate> treatment = Adjust(arms.treatment, arms.control, 1, theta);
  if (!treatment.ok()) return treatment.status();
  return Arms<ArmEstimate>{.control = *control, .treatment = *treatment};
}

double StandardErrorOf(const Arms<ArmEstimate>& arms) {
  return std::hypot(arms.control.standard_error, arms.treatment.standard_error);
}

absl::StatusOr<AdjustedArms> AdjustWith(const Regression& regression, const Arms<Arm>& arms) {
  AdjustedArms result = {.arms = {}, .theta = regression.Theta(), .left_out = regression.LeftOut()};
  const absl::StatusOr<Arms<ArmEstimate>> counted =
      AdjustBoth(arms, std::vector<double>(result.theta.size(), 0));
  if (!counted.ok()) return counted.status();
  if (StandardErrorOf(*counted) == 0) {
    return absl::FailedPreconditionError(
        "the variance of the outcome is 0 in both arms; there is nothing to explain");
  }
  const absl::StatusOr<Arms<ArmEstimate>> adjusted = AdjustBoth(arms, result.theta);
  if (!adjusted.ok()) return adjusted.status();
  result.arms = *adjusted;
  const double left = StandardErrorOf(*adjusted) / StandardErrorOf(*counted);
  result.variance_removed = 1 - left * left;
  if (!std::isfinite(result.variance_removed)) {
    return absl::FailedPreconditionError("variance_removed is beyond the range of a double");
  }
  return result;
}

}  // namespace

absl::StatusOr<AdjustedArms> AdjustForCovariates(const Arms<JointMoments>& arms,
                                                 const Adjustment& adjustment) {
  const absl::StatusOr<Arms<Arm>> read = ReadArms(arms, adjustment);
  if (!read.ok()) return read.status();
  return AdjustWith(Regression(PooledCovariances(*read, adjustment.pooling)), *read);
}

absl::StatusOr<EffectEstimate> AdjustedLiftOverCountedMean(const Arms<JointMoments>& arms,
                                                           const Adjustment& adjustment) {
  const absl::StatusOr<Arms<Arm>> read = ReadArms(arms, adjustment);
  if (!read.ok()) return read.status();
  const absl::StatusOr<AdjustedArms> adjusted =
      AdjustWith(Regression(PooledCovariances(*read, adjustment.pooling)), *read);
  if (!adjusted.ok()) return adjusted.status();
  absl::StatusOr<EffectEstimate> effect = Difference(adjusted->arms);
  if (!effect.ok()) return effect.status();

  const double mean = read->control.quantities.back().value;
  if (mean == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("control.means[", adjustment.outcome.variable,
                     "] is 0; a relative lift needs a control mean other than 0"));
  }
  // The mean of the control is in the divisor too, its covariates are not.
  const double ratio = 1 + effect->effect / mean;
  const absl::StatusOr<ArmEstimate> control =
      Adjust(read->control, read->treatment, ratio, adjusted->theta);
  if (!control.ok()) return control.status();
  effect->effect /= std::abs(mean);
  effect->standard_error =
      std::hypot(control->standard_error / mean, adjusted->arms.treatment.standard_error / mean);
  if (!std::isfinite(effect->effect) || !std::isfinite(effect->standard_error)) {
    return absl::FailedPreconditionError(absl::StrCat("the adjusted effect over control.means[",
                                                      adjustment.outcome.variable,
                                                      "] is beyond the range of a double"));
  }
  return effect;
}

}  // namespace insightloop::stats
