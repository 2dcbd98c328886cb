// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/outlook.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace insightloop {
namespace {

// A little more than that many standard errors: what comes to lie at a threshold is to pass it.
double JustBeyond(double standard_errors) {
  return standard_errors + std::copysign(1e-6 * (1 + std::abs(standard_errors)), standard_errors);
}

// How many times as many units there must be; absent for infinite ones.
std::optional<double> Times(double units) {
  return std::isfinite(units) ? std::optional(std::max(units, 1.0)) : std::nullopt;
}

// How an arm's evidence on one primary metric may move.
class PrimaryOutlook {
 public:
  PrimaryOutlook(const DecidingEstimate& estimate, const PrimaryEvidence& evidence)
      : evidence_(evidence) {
    if (!evidence.effect.has_value()) return;
    effect_.emplace(*evidence.effect, estimate.scale, estimate.good, estimate.reach);
    if (!evidence.smallest.has_value() || !evidence.on_its_scale.has_value()) return;
    on_its_scale_.emplace(*evidence.on_its_scale, estimate.scale_of_smallest, estimate.good,
                          estimate.reach);
  }

  // Standard errors by which the estimate must move for an end of an interval to lie at a
  // threshold.
  std::vector<double> Moves() const {
    if (!effect_.has_value()) return {};
    std::vector<double> moves = {effect_->ToBringLowerTo(evidence_.least),
                                 effect_->ToBringUpperTo(evidence_.least)};
    if (on_its_scale_.has_value()) {
      moves.push_back(on_its_scale_->ToBringLowerTo(-*evidence_.smallest));
      moves.push_back(on_its_scale_->ToBringUpperTo(*evidence_.smallest));
    }
    return moves;
  }

  PrimaryEvidence Moved(double standard_errors) const {
    PrimaryEvidence moved = evidence_;
    moved.effect = effect_->Moved(standard_errors);
    if (on_its_scale_.has_value()) moved.on_its_scale = on_its_scale_->Moved(standard_errors);
    return moved;
  }

  // Units needed over those there are, should the estimate stay; infinite where it never would be.
  double UnitsToBeBetter() const {
    if (IsBetter(evidence_)) return 1;
    if (!effect_.has_value() || effect_->estimate() <= evidence_.least ||
        evidence_.response_differs) {
      return INFINITY;
    }
    return effect_->UnitsToReach(evidence_.least);
  }
  double UnitsToBeWorse() const {
    if (!effect_.has_value() || effect_->estimate() >= evidence_.least) return INFINITY;
    return effect_->UnitsToReach(evidence_.least);
  }
  double UnitsToBeSmall() const {
    if (!on_its_scale_.has_value()) return INFINITY;
    const double most = *evidence_.smallest;
    if (std::abs(on_its_scale_->estimate()) >= most) return INFINITY;
    return std::max(on_its_scale_->UnitsToReach(most), on_its_scale_->UnitsToReach(-most));
  }

 private:
  const PrimaryEvidence& evidence_;
  std::optional<MovableBounds> effect_, on_its_scale_;  // absent as in the evidence
};

class ArmOutlook {
 public:
  ArmOutlook(const std::vector<DecidingEstimate>& estimates, const ArmEvidence& evidence,
             ArmState& arm)
      : estimates_(estimates), evidence_(evidence), arm_(arm) {
    for (std::size_t p = 0; p < estimates.size(); ++p) {
      primaries_.emplace_back(estimates[p], evidence.primaries[p]);
    }
  }

  // The class after each move that brings an end of an interval just past a threshold.
  void AddPrimaryChanges(std::size_t primary) {
    for (const double move : primaries_[primary].Moves()) {
      if (!std::isfinite(move)) continue;
      ArmEvidence moved = evidence_;
      moved.primaries[primary] = primaries_[primary].Moved(JustBeyond(move));
      const double of_gain = primary == 0 ? move * estimates_[0].standard_error : 0;
      AddChange({.metric = estimates_[primary].metric,
                 .standard_errors = move,
                 .arm_class = ClassifyArm(moved),
                 .gain = arm_.gain + of_gain});
    }
  }

  void AddGuardrailChanges(std::size_t guardrail, const std::string& metric,
                           const GuardrailOutlook& outlook) {
    for (const GuardrailChange& change : outlook.changes) {
      if (!std::isfinite(change.standard_errors)) continue;
      ArmEvidence moved = evidence_;
      moved.guardrails[guardrail] = change.state;
      AddChange({.metric = metric,
                 .standard_errors = change.standard_errors,
                 .arm_class = ClassifyArm(moved),
                 .gain = arm_.gain});
    }
  }

  // To be better on as many primary metrics as it must, and every guardrail to hold.
  std::optional<double> UnitsToWin(const std::vector<GuardrailOutlook>& guardrails) const {
    if (IsSettled()) return std::nullopt;
    double needed = Needed(&PrimaryOutlook::UnitsToBeBetter, evidence_.must_all_win);
    for (std::size_t g = 0; g < guardrails.size(); ++g) {
      if (evidence_.guardrails[g] != GuardrailState::kOpen) continue;
      needed = std::max(needed, guardrails[g].to_hold.value_or(INFINITY));
    }
    return Times(needed);
  }

  // For the arm to be small, or worse.
  std::optional<double> UnitsToSettle() const {
    if (IsSettled()) return 1;
    return Times(std::min(Needed(&PrimaryOutlook::UnitsToBeWorse, /*all=*/false),
                          Needed(&PrimaryOutlook::UnitsToBeSmall, !evidence_.must_all_win)));
  }

 private:
  // It does not win while its figures stay.
  bool IsSettled() const {
    return arm_.arm_class == ArmClass::kGuardrailHarmed || arm_.arm_class == ArmClass::kWorse ||
           arm_.arm_class == ArmClass::kSmall;
  }

  // On all primary metrics, or on the first that is there.
  double Needed(double (PrimaryOutlook::*units)() const, bool all) const {
    double needed = all ? 1 : INFINITY;
    for (const PrimaryOutlook& primary : primaries_) {
      const double of_primary = (primary.*units)();
      needed = all ? std::max(needed, of_primary) : std::min(needed, of_primary);
    }
    return needed;
  }

  void AddChange(const ClassChange& change) {
    if (change.arm_class != arm_.arm_class) arm_.changes.push_back(change);
  }

  const std::vector<DecidingEstimate>& estimates_;
  const ArmEvidence& evidence_;
  ArmState& arm_;
  std::vector<PrimaryOutlook> primaries_;
};

// How many times as many matured units may decide: by the arm that wins first, or once no arm can
// win any more; absent where more would not, or may not be read.
std::optional<double> TimesAsManyUnits(const Situation& situation, const Progress& progress) {
  if (progress.stopped || progress.matured_units == 0) return std::nullopt;
  if (progress.method == Method::kFixedHorizon) {
    if (progress.planned_units <= progress.matured_units) return std::nullopt;
    return static_cast<double>(progress.planned_units) /
           static_cast<double>(progress.matured_units);
  }
  if (!situation.burnt_in) return std::nullopt;
  double to_win = INFINITY, to_settle = 1;
  for (const ArmState& arm : situation.arms) {
    to_win = std::min(to_win, arm.to_win.value_or(INFINITY));
    to_settle = std::max(to_settle, arm.to_settle.value_or(INFINITY));
  }
  const double times = std::min(to_win, to_settle);
  return std::isfinite(times) ? std::optional(times) : std::nullopt;
}

}  // namespace

GuardrailOutlook LookAhead(GuardrailState state, const MovableBounds& passes,
                           const MovableBounds& harms, double least) {
  const double to_hold = passes.ToBringLowerTo(least), to_harm = harms.ToBringUpperTo(least);
  GuardrailOutlook outlook;
  if (state != GuardrailState::kHolds) outlook.changes.push_back({GuardrailState::kHolds, to_hold});
  if (state != GuardrailState::kHarmed) {
    outlook.changes.push_back({GuardrailState::kHarmed, to_harm});
  }
  if (state != GuardrailState::kOpen) {
    outlook.changes.push_back(
        {GuardrailState::kOpen, state == GuardrailState::kHolds ? to_hold : to_harm});
  } else if (passes.estimate() > least) {
    outlook.to_hold = passes.UnitsToReach(least);
  }
  return outlook;
}

void AddOutlook(const std::vector<DecidingEstimate>& estimates, const ArmEvidence& evidence,
                const std::vector<std::string>& metrics,
                const std::vector<GuardrailOutlook>& guardrails, ArmState& arm) {
  ArmOutlook outlook(estimates, evidence, arm);
  for (std::size_t p = 0; p < estimates.size(); ++p) outlook.AddPrimaryChanges(p);
  for (std::size_t g = 0; g < guardrails.size(); ++g) {
    outlook.AddGuardrailChanges(g, metrics[g], guardrails[g]);
  }
  arm.to_win = outlook.UnitsToWin(guardrails);
  arm.to_settle = outlook.UnitsToSettle();
}

void AddChangesOfBest(const std::string& metric, std::vector<ArmState>& arms) {
  const ArmState* const winner = BestWinner(arms);
  if (winner == nullptr) return;
  ArmState& best = arms[static_cast<std::size_t>(winner - arms.data())];
  if (!(best.standard_error > 0)) return;  // it won on another primary metric
  for (const ArmState& other : arms) {
    if (other.arm_class != ArmClass::kWin || &other == &best) continue;
    const double behind = -(best.gain - other.gain) / best.standard_error;
    best.changes.push_back({.metric = metric,
                            .standard_errors = behind,
                            .arm_class = ArmClass::kWin,
                            .gain = best.gain + JustBeyond(behind) * best.standard_error});
  }
}

ToGo FindToGo(const Situation& situation, const Progress& progress) {
  const std::optional<double> times = TimesAsManyUnits(situation, progress);
  ToGo to_go;
  const auto matured = static_cast<double>(progress.matured_units);
  constexpr double kMostUnits = 1e15;
  if (!times.has_value() || matured * *times > kMostUnits) return to_go;
  to_go.units = std::llround(std::ceil(matured * (*times - 1)));
  if (progress.exposed_at_once) return to_go;
  constexpr double kMicrosPerDay = 86'400e6;
  const double days = static_cast<double>(progress.ran_for.micros) / kMicrosPerDay;
  const double units = matured + static_cast<double>(progress.in_flight_units);
  if (!(days > 0) || !(units > 0)) return to_go;
  const double least_days = static_cast<double>(progress.least_duration.micros) / kMicrosPerDay;
  to_go.days = std::max({static_cast<double>(*to_go.units) * days / units, least_days - days, 0.0});
  return to_go;
}

}  // namespace insightloop
