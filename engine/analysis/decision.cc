// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/decision.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace insightloop {
namespace {

bool HasGuardrail(const ArmEvidence& evidence, GuardrailState state) {
  return std::find(evidence.guardrails.begin(), evidence.guardrails.end(), state) !=
         evidence.guardrails.end();
}

bool IsHarmed(ArmClass arm_class) {
  return arm_class == ArmClass::kGuardrailHarmed || arm_class == ArmClass::kWorse;
}

template <typename Predicate>
bool EveryArm(const Situation& situation, Predicate predicate) {
  return std::all_of(situation.arms.begin(), situation.arms.end(),
                     [&](const ArmState& arm) { return predicate(arm.arm_class); });
}

bool IsEveryArmHarmed(const Situation& situation) {
  const bool may_read_primary = situation.burnt_in && situation.reading_allowed;
  return EveryArm(situation, [=](ArmClass arm_class) {
    return arm_class == ArmClass::kGuardrailHarmed ||
           (arm_class == ArmClass::kWorse && may_read_primary);
  });
}

int FindRow(const Situation& situation) {
  if (!situation.failures.empty()) return 1;
  if (IsEveryArmHarmed(situation)) return 2;
  if (!situation.burnt_in) return 3;
  if (!situation.reading_allowed) return 4;
  if (BestWinner(situation.arms) != nullptr) return 5;
  const auto is_settled = [](ArmClass c) { return c == ArmClass::kSmall || IsHarmed(c); };
  if (EveryArm(situation, is_settled)) return 6;
  return situation.ended ? 7 : 8;
}

Decision DecisionOf(int row, bool ended) {
  switch (row) {
    case 1:
      return Decision::kInvalid;
    case 2:
      return Decision::kDoNotShip;
    case 3:
    case 4:
      return ended ? Decision::kInconclusive : Decision::kKeepRunning;
    case 5:
      return Decision::kShip;
    case 6:
      return Decision::kNoMeaningfulEffect;
    case 7:
      return Decision::kInconclusive;
    default:
      return Decision::kKeepRunning;
  }
}

void Append(std::vector<Reason>& reasons, const std::vector<Reason>& more) {
  reasons.insert(reasons.end(), more.begin(), more.end());
}

void AppendAllArms(std::vector<Reason>& reasons, const Situation& situation) {
  for (const ArmState& arm : situation.arms) Append(reasons, arm.reasons);
}

// Harm is named whatever was decided; before a reading only that of guardrails.
void AppendHarmedArms(std::vector<Reason>& reasons, const Situation& situation, bool primary) {
  for (const ArmState& arm : situation.arms) {
    if (arm.arm_class == ArmClass::kGuardrailHarmed ||
        (primary && arm.arm_class == ArmClass::kWorse)) {
      Append(reasons, arm.reasons);
    }
  }
}

std::vector<Reason> ReasonsOf(int row, const Situation& situation) {
  std::vector<Reason> reasons;
  switch (row) {
    case 1:
      return situation.failures;
    case 3:
      reasons = situation.not_enough_data;
      Append(reasons, situation.before_reading);
      AppendHarmedArms(reasons, situation, /*primary=*/false);
      return reasons;
    case 4:
      reasons = situation.before_reading;
      AppendHarmedArms(reasons, situation, /*primary=*/false);
      return reasons;
    case 5:
      reasons = BestWinner(situation.arms)->reasons;
      Append(reasons, situation.best_arm);
      Append(reasons, situation.past_plan);
      AppendHarmedArms(reasons, situation, /*primary=*/true);
      return reasons;
    case 6:
      AppendAllArms(reasons, situation);
      Append(reasons, situation.past_plan);
      return reasons;
    case 8:
      reasons = situation.waiting;
      AppendAllArms(reasons, situation);
      // Too small is a judgement on what is over.
      std::erase_if(reasons, [](const Reason& reason) { return reason.code == "TOO_SMALL"; });
      return reasons;
    default:
      AppendAllArms(reasons, situation);
      return reasons;
  }
}

}  // namespace

bool IsWorse(const PrimaryEvidence& evidence) {
  return evidence.effect && evidence.effect->upper < evidence.least;
}

bool IsBetter(const PrimaryEvidence& evidence) {
  // Those who answered may differ between the arms, which no interval covers.
  return evidence.effect && evidence.effect->lower > evidence.least && !evidence.response_differs;
}

bool IsSmall(const PrimaryEvidence& evidence) {
  return IsGainRuledOut(evidence) && evidence.on_its_scale->lower > -*evidence.smallest;
}

bool IsGainRuledOut(const PrimaryEvidence& evidence) {
  return evidence.smallest && evidence.on_its_scale &&
         evidence.on_its_scale->upper < *evidence.smallest;
}

ArmClass ClassifyArm(const ArmEvidence& evidence) {
  const auto& primaries = evidence.primaries;
  const auto some = [&](bool (*is)(const PrimaryEvidence&)) {
    return std::any_of(primaries.begin(), primaries.end(), is);
  };
  const auto all = [&](bool (*is)(const PrimaryEvidence&)) {
    return std::all_of(primaries.begin(), primaries.end(), is);
  };
  if (HasGuardrail(evidence, GuardrailState::kHarmed)) return ArmClass::kGuardrailHarmed;
  if (some(IsWorse)) return ArmClass::kWorse;
  if (evidence.must_all_win ? some(IsSmall) : all(IsSmall)) return ArmClass::kSmall;
  if (!(evidence.must_all_win ? all(IsBetter) : some(IsBetter))) return ArmClass::kOpen;
  return HasGuardrail(evidence, GuardrailState::kOpen) ? ArmClass::kPending : ArmClass::kWin;
}

Ruling Decide(const Situation& situation) {
  const int row = FindRow(situation);
  return {.decision = DecisionOf(row, situation.ended),
          .row = row,
          .ship_variant = row == 5 ? BestWinner(situation.arms)->variant : "",
          .reasons = ReasonsOf(row, situation)};
}

std::optional<Flip> FindFlip(const Situation& situation) {
  const Ruling now = Decide(situation);
  std::optional<Flip> nearest;
  for (std::size_t i = 0; i < situation.arms.size(); ++i) {
    for (const ClassChange& change : situation.arms[i].changes) {
      if (nearest.has_value() &&
          std::abs(change.standard_errors) >= std::abs(*nearest->standard_errors)) {
        continue;
      }
      Situation changed = situation;
      changed.arms[i].arm_class = change.arm_class;
      changed.arms[i].gain = change.gain;
      const Ruling ruling = Decide(changed);
      if (ruling.row == now.row && ruling.ship_variant == now.ship_variant) continue;
      nearest = Flip{.variant = situation.arms[i].variant,
                     .metric = change.metric,
                     .standard_errors = change.standard_errors,
                     .decision = ruling.decision,
                     .row = ruling.row,
                     .ship_variant = ruling.ship_variant};
    }
  }
  return nearest;
}

const ArmState* BestWinner(const std::vector<ArmState>& arms) {
  const ArmState* best = nullptr;
  for (const ArmState& arm : arms) {
    if (arm.arm_class != ArmClass::kWin) continue;
    if (best == nullptr || arm.gain > best->gain) best = &arm;
  }
  return best;
}

}  // namespace insightloop
