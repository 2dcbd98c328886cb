// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/movable_bounds.h"

#include <cmath>

namespace insightloop {

MovableBounds::MovableBounds(const Bounds& bounds, Scale scale, Direction good, double reach)
    : scale_(scale),
      good_(good),
      reach_(reach),
      lower_(PlaceOf(bounds.lower)),
      upper_(PlaceOf(bounds.upper)) {}

double MovableBounds::ToBringLowerTo(double threshold) const {
  return (PlaceOf(threshold) - lower_) / step();
}

double MovableBounds::ToBringUpperTo(double threshold) const {
  return (PlaceOf(threshold) - upper_) / step();
}

Bounds MovableBounds::Moved(double standard_errors) const {
  return {.lower = ValueAt(lower_ + standard_errors * step()),
          .upper = ValueAt(upper_ + standard_errors * step())};
}

double MovableBounds::UnitsToReach(double threshold) const {
  const double distance = std::abs(PlaceOf(threshold) - (lower_ + upper_) / 2);
  const double ratio = (upper_ - lower_) / 2 / distance;
  return ratio * ratio;
}

// Where less is better, a lift of which up is good is the negative one.
double MovableBounds::PlaceOf(double value) const {
  if (scale_ != Scale::kRelative) return value;
  return good_ == Direction::kDecrease ? -std::log1p(-value) : std::log1p(value);
}

double MovableBounds::ValueAt(double place) const {
  if (scale_ != Scale::kRelative) return place;
  return good_ == Direction::kDecrease ? -std::expm1(-place) : std::expm1(place);
}

}  // namespace insightloop
