// SPDX-License-Identifier: Apache-2.0
//
// The decision: a table of which the first row that holds decides. Total and exclusive: the last
// row holds always. `HARMED` is guardrail harm at any time, a worse primary metric only once
// burn-in is met and a reading is allowed.
//
//   1  a health check fails          INVALID
//   2  every arm is harmed           DO_NOT_SHIP
//   3  burn-in is not met            KEEP_RUNNING; ended: INCONCLUSIVE
//   4  no reading is allowed yet     KEEP_RUNNING; ended: INCONCLUSIVE
//   5  some arm wins                 SHIP, the winner with the largest gain
//   6  every arm is small or harmed  NO_MEANINGFUL_EFFECT
//   7  ended                         INCONCLUSIVE
//   8  else                          KEEP_RUNNING
//
// Pure functions; safe from any thread.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_DECISION_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_DECISION_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/domain/verdict.h"

namespace insightloop {

// A range that covers an effect, turned so that up is good.
struct Bounds {
  double lower = 0, upper = 0;
};

// What a guardrail says of an arm.
enum class GuardrailState { kHarmed, kHolds, kOpen };

// What is known of one treatment against the control on one primary metric.
struct PrimaryEvidence {
  // On the scale of `least`; absent: too little data.
  std::optional<Bounds> effect;
  double least = 0;                    // above it the arm is better (not inferior), below it worse
  std::optional<double> smallest;      // effect that matters, above 0; absent: none is given
  std::optional<Bounds> on_its_scale;  // the effect on the scale of `smallest`
  // It is a survey that was answered at another rate, and the bounds of what that may hide do not
  // show the arm to be better.
  bool response_differs = false;
};

// What is known of one treatment against the control.
struct ArmEvidence {
  std::vector<PrimaryEvidence> primaries;  // not empty
  bool must_all_win = false;               // all of them, rather than any
  std::vector<GuardrailState> guardrails;
};

enum class ArmClass {
  kGuardrailHarmed,  // beyond a guardrail's margin
  kWorse,            // on a primary metric
  kSmall,            // effects that matter are ruled out either way, so that it cannot win
  kWin,              // better on as many primary metrics as it must, and every guardrail holds
  kPending,          // better, but a guardrail is open
  kOpen,             // none of these
};

// The first class in that order that holds.
ArmClass ClassifyArm(const ArmEvidence& evidence);

bool IsWorse(const PrimaryEvidence& evidence);
bool IsBetter(const PrimaryEvidence& evidence);
bool IsSmall(const PrimaryEvidence& evidence);
// Whether an effect that matters is ruled out in the good direction.
bool IsGainRuledOut(const PrimaryEvidence& evidence);

// What a change of one estimate alone would make of an arm.
struct ClassChange {
  std::string metric;
  double standard_errors = 0;  // by which the estimate would move, up is good
  ArmClass arm_class{};
  double gain = 0;  // of the arm after it
};

struct ArmState {
  std::string variant;
  ArmClass arm_class{};
  double gain = 0;                   // estimate on the first primary metric, up is good
  double standard_error = 0;         // of it; 0 where there is none
  std::vector<Reason> reasons;       // of its class
  std::vector<ClassChange> changes;  // each the smallest to its class on its metric
  // Units needed over those there are, 1 or more, for the arm to win, or to be small or worse, if
  // the estimates stay; absent where it never would.
  std::optional<double> to_win, to_settle;
};

struct Situation {
  std::vector<Reason> failures;  // health checks that fail
  bool burnt_in = false;         // enough data in some comparison
  bool reading_allowed = false;
  bool ended = false;          // stopped, and all windows closed
  std::vector<ArmState> arms;  // treatments that take part; not empty
  // Reasons of rows 3, 4, 5 and 8.
  std::vector<Reason> not_enough_data, before_reading, best_arm, waiting;
  std::vector<Reason> past_plan;  // of rows 5 and 6
};

struct Ruling {
  Decision decision{};
  int row = 0;               // of the table
  std::string ship_variant;  // when the decision is SHIP
  std::vector<Reason> reasons;
};

Ruling Decide(const Situation& situation);

// The smallest change of one estimate with which another row would decide, or another variant would
// be shipped; absent when none would.
std::optional<Flip> FindFlip(const Situation& situation);

// The winner with the largest gain, of equals the first; nullptr when no arm wins.
const ArmState* BestWinner(const std::vector<ArmState>& arms);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_DECISION_H_
