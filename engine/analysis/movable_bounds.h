// SPDX-License-Identifier: Apache-2.0
//
// What an interval would be if its estimate moved, or if there were more units: for what would flip
// a decision, and how far it is.
//
// Pure functions; safe from any thread.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_MOVABLE_BOUNDS_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_MOVABLE_BOUNDS_H_

#include "engine/analysis/decision.h"
#include "engine/domain/hypothesis.h"

namespace insightloop {

// Bounds whose estimate lies in their middle on a scale where it moves evenly: that of differences
// itself, of relative lifts the logarithm of one plus the lift.
class MovableBounds {
 public:
  // `reach`: standard errors from the estimate to either end, above 0.
  MovableBounds(const Bounds& bounds, Scale scale, Direction good, double reach);

  double estimate() const { return ValueAt((lower_ + upper_) / 2); }

  // Standard errors by which the estimate must move for that end to lie at `threshold`; infinite
  // for a threshold that no lift can be.
  double ToBringLowerTo(double threshold) const;
  double ToBringUpperTo(double threshold) const;

  // The bounds after such a move.
  Bounds Moved(double standard_errors) const;

  // How many times as many units make the half-width the distance between estimate and threshold,
  // should the estimate stay; infinite where they are equal. At a reach that stays as it is.
  double UnitsToReach(double threshold) const;

 private:
  double PlaceOf(double value) const;
  double ValueAt(double place) const;
  double step() const { return (upper_ - lower_) / 2 / reach_; }  // one standard error

  Scale scale_;
  Direction good_;
  double reach_;
  double lower_, upper_;  // places
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_MOVABLE_BOUNDS_H_
