// SPDX-License-Identifier: Apache-2.0

#include "stats/effect_bounds.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/internal/arguments.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace {

absl::Status CheckBound(const EffectEstimate& bound, absl::string_view name) {
  if (absl::Status status = internal::CheckFinite(bound.effect, absl::StrCat(name, ".effect"));
      !status.ok()) {
    return status;
  }
  return internal::CheckFiniteNotNegative(bound.standard_error,
                                          absl::StrCat(name, ".standard_error"));
}

absl::Status CheckBounds(const EffectBounds& bounds) {
  if (absl::Status status = CheckBound(bounds.lower, "lower"); !status.ok()) return status;
  if (absl::Status status = CheckBound(bounds.upper, "upper"); !status.ok()) return status;
  if (bounds.lower.effect > bounds.upper.effect) {
    return absl::InvalidArgumentError(absl::StrCat("lower.effect is ", bounds.lower.effect,
                                                   "; it must not be above upper.effect, ",
                                                   bounds.upper.effect));
  }
  if (bounds.lower.standard_error == 0 && bounds.upper.standard_error == 0) {
    return absl::FailedPreconditionError(
        "standard_error is 0 in lower and upper; bounds without variance have no interval");
  }
  return absl::OkStatus();
}

// The c with Q(c) + Q(c + distance) = 1 - level, Q being the normal upper tail: the equation of the
// header without the digits that Phi loses near 1.
double CriticalValue(double distance, double level) {
  double low = internal::OneSidedQuantile(level);
  double high = internal::TwoSidedQuantile(level);
  // The left side falls in c, and low and high are its solutions at an infinite distance and at 0.
  // 60 halvings leave less than the last bit.
  for (int k = 0; k < 60; ++k) {
    const double middle = low + (high - low) / 2;
    const double tails =
        internal::NormalUpperTail(middle).p + internal::NormalUpperTail(middle + distance).p;
    (tails > 1 - level ? low : high) = middle;
  }
  return high;
}

}  // namespace

absl::StatusOr<EffectBounds> DifferenceOfBounds(const Arms<ArmBounds>& arms) {
  const absl::StatusOr<EffectEstimate> lower =
      Difference({.control = arms.control.upper, .treatment = arms.treatment.lower});
  if (!lower.ok()) return lower.status();
  const absl::StatusOr<EffectEstimate> upper =
      Difference({.control = arms.control.lower, .treatment = arms.treatment.upper});
  if (!upper.ok()) return upper.status();
  return EffectBounds{.lower = *lower, .upper = *upper};
}

absl::StatusOr<Interval> ImbensManskiInterval(const EffectBounds& bounds, double level) {
  if (absl::Status status = internal::CheckLevel(level); !status.ok()) return status;
  if (absl::Status status = CheckBounds(bounds); !status.ok()) return status;
  const auto& [lower, upper] = bounds;
  const double distance =
      (upper.effect - lower.effect) / std::max(lower.standard_error, upper.standard_error);
  const double c = CriticalValue(distance, level);
  const Interval interval = {.lower = lower.effect - c * lower.standard_error,
                             .upper = upper.effect + c * upper.standard_error,
                             .level = level};
  if (!std::isfinite(interval.lower) || !std::isfinite(interval.upper)) {
    return absl::FailedPreconditionError(
        absl::StrCat("lower.effect ", lower.effect, " and upper.effect ", upper.effect,
                     " give an interval beyond the range of a double"));
  }
  return interval;
}

}  // namespace insightloop::stats
