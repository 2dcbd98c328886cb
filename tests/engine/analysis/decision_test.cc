// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace insightloop {
namespace {

using ::testing::ElementsAre;

constexpr int kClasses = 6;

// Every input of the table for so many treatments.
void ForEverySituation(std::size_t arms, const std::function<void(const Situation&)>& visit) {
  std::size_t combinations = 16;
  for (std::size_t i = 0; i < arms; ++i) combinations *= kClasses;
  for (std::size_t n = 0; n < combinations; ++n) {
    Situation situation = {.burnt_in = (n & 1) != 0,
                           .reading_allowed = (n & 2) != 0,
                           .ended = (n & 4) != 0,
                           .not_enough_data = {{"NOT_ENOUGH_DATA", ""}},
                           .before_reading = {{"BEFORE_HORIZON", ""}},
                           .waiting = {{"PAST_PLAN", ""}}};
    if ((n & 8) != 0) situation.failures = {{"SAMPLE_RATIO", ""}};
    std::size_t rest = n / 16;
    for (std::size_t i = 0; i < arms; ++i, rest /= kClasses) {
      situation.arms.push_back({.variant = std::to_string(i),
                                .arm_class = static_cast<ArmClass>(rest % kClasses),
                                .gain = static_cast<double>(i),
                                .reasons = {{"OF_THE_ARM", ""}}});
    }
    visit(situation);
  }
}

bool Every(const Situation& s, const std::vector<ArmClass>& classes) {
  return std::all_of(s.arms.begin(), s.arms.end(), [&](const ArmState& arm) {
    return std::find(classes.begin(), classes.end(), arm.arm_class) != classes.end();
  });
}

bool Some(const Situation& s, ArmClass arm_class) {
  return std::any_of(s.arms.begin(), s.arms.end(),
                     [=](const ArmState& arm) { return arm.arm_class == arm_class; });
}

// The conditions of the published table, each by itself and in its words.
std::vector<bool> RowsThatHold(const Situation& s) {
  const bool may_read = s.burnt_in && s.reading_allowed;
  return {
      !s.failures.empty(),
      Every(s, {ArmClass::kGuardrailHarmed}) ||
          (may_read && Every(s, {ArmClass::kGuardrailHarmed, ArmClass::kWorse})),
      !s.burnt_in,
      !s.reading_allowed,
      Some(s, ArmClass::kWin),
      Every(s, {ArmClass::kSmall, ArmClass::kGuardrailHarmed, ArmClass::kWorse}),
      s.ended,
      true,
  };
}

Decision DecisionOfRow(std::size_t row, bool ended) {
  const Decision waiting = ended ? Decision::kInconclusive : Decision::kKeepRunning;
  const Decision decisions[] = {Decision::kInvalid,
                                Decision::kDoNotShip,
                                waiting,
                                waiting,
                                Decision::kShip,
                                Decision::kNoMeaningfulEffect,
                                Decision::kInconclusive,
                                Decision::kKeepRunning};
  return decisions[row - 1];
}

TEST(DecisionTest, EveryInputMeetsExactlyTheFirstRowThatHolds) {
  for (const std::size_t arms : {1, 2, 3}) {
    ForEverySituation(arms, [](const Situation& situation) {
      const std::vector<bool> holds = RowsThatHold(situation);
      const auto row =
          static_cast<std::size_t>(std::find(holds.begin(), holds.end(), true) - holds.begin()) + 1;
      const Ruling ruling = Decide(situation);
      ASSERT_EQ(static_cast<std::size_t>(ruling.row), row);
      ASSERT_EQ(ruling.decision, DecisionOfRow(row, situation.ended));
      ASSERT_FALSE(ruling.reasons.empty()) << "row " << row;
    });
  }
}

TEST(DecisionTest, OnlyAWinningArmIsShippedAndOnlyByShip) {
  for (const std::size_t arms : {1, 2, 3}) {
    ForEverySituation(arms, [](const Situation& situation) {
      const Ruling ruling = Decide(situation);
      ASSERT_EQ(ruling.decision == Decision::kShip, !ruling.ship_variant.empty());
      if (ruling.decision != Decision::kShip) return;
      const auto shipped = std::stoul(ruling.ship_variant);
      ASSERT_EQ(situation.arms[shipped].arm_class, ArmClass::kWin);
    });
  }
}

TEST(DecisionTest, NothingIsDecidedOnThePrimaryMetricBeforeAReadingIsAllowed) {
  for (const std::size_t arms : {1, 2}) {
    ForEverySituation(arms, [](const Situation& situation) {
      if (situation.burnt_in && situation.reading_allowed) return;
      if (!situation.failures.empty() || Every(situation, {ArmClass::kGuardrailHarmed})) return;
      const Decision decision = Decide(situation).decision;
      ASSERT_TRUE(decision == Decision::kKeepRunning || decision == Decision::kInconclusive);
    });
  }
}

TEST(DecisionTest, ShipsTheWinnerWithTheLargestGain) {
  const Situation situation = {
      .burnt_in = true,
      .reading_allowed = true,
      .arms = {{.variant = "a", .arm_class = ArmClass::kWin, .gain = 1},
               {.variant = "b", .arm_class = ArmClass::kWin, .gain = 3},
               {.variant = "c", .arm_class = ArmClass::kPending, .gain = 9}}};
  EXPECT_EQ(Decide(situation).ship_variant, "b");
}

TEST(DecisionTest, NamesHarmOfOneArmWhateverIsDecided) {
  const Situation situation = {
      .burnt_in = true,

      .arms = {{.arm_class = ArmClass::kGuardrailHarmed, .reasons = {{"GUARDRAIL_HARM", ""}}},
               {.arm_class = ArmClass::kWorse, .reasons = {{"PRIMARY_WORSE", ""}}}},
      .before_reading = {{"BEFORE_HORIZON", ""}}};
  const Ruling ruling = Decide(situation);
  EXPECT_EQ(ruling.row, 4);
  std::vector<std::string> codes;
  for (const Reason& reason : ruling.reasons) codes.push_back(reason.code);
  EXPECT_THAT(codes, ElementsAre("BEFORE_HORIZON", "GUARDRAIL_HARM"));
}

// -------------------------------------------------------------------------------------------------
// Classes

PrimaryEvidence Primary(double lower, double upper) {
  return {.effect = Bounds{lower, upper}, .smallest = 1.0, .on_its_scale = Bounds{lower, upper}};
}
ArmEvidence Effect(double lower, double upper) { return {.primaries = {Primary(lower, upper)}}; }

TEST(ArmClassTest, FollowsTheIntervalAtItsBounds) {
  EXPECT_EQ(ClassifyArm(Effect(-3, -1)), ArmClass::kWorse);
  EXPECT_EQ(ClassifyArm(Effect(-3, 0)), ArmClass::kOpen);
  EXPECT_EQ(ClassifyArm(Effect(-0.9, 0.9)), ArmClass::kSmall);
  EXPECT_EQ(ClassifyArm(Effect(-1, 0.9)), ArmClass::kOpen);
  EXPECT_EQ(ClassifyArm(Effect(-0.9, 1)), ArmClass::kOpen);
  EXPECT_EQ(ClassifyArm(Effect(0, 3)), ArmClass::kOpen);
  EXPECT_EQ(ClassifyArm(Effect(0.1, 3)), ArmClass::kWin);
}

TEST(ArmClassTest, HarmComesBeforeSmallAndSmallBeforeWin) {
  EXPECT_EQ(ClassifyArm(Effect(-0.9, -0.1)), ArmClass::kWorse);
  EXPECT_EQ(ClassifyArm(Effect(0.1, 0.9)), ArmClass::kSmall);
}

TEST(ArmClassTest, IsNeverSmallWithoutASmallestEffectOrItsScale) {
  PrimaryEvidence evidence = Primary(0.1, 0.9);
  evidence.on_its_scale.reset();
  EXPECT_EQ(ClassifyArm({.primaries = {evidence}}), ArmClass::kWin);
  evidence = Primary(-0.9, 0.9);
  evidence.smallest.reset();
  EXPECT_EQ(ClassifyArm({.primaries = {evidence}}), ArmClass::kOpen);
}

TEST(ArmClassTest, GuardrailsHarmWhateverThePrimaryAndHoldBackAWin) {
  ArmEvidence evidence = Effect(0.1, 3);
  evidence.guardrails = {GuardrailState::kHolds, GuardrailState::kOpen};
  EXPECT_EQ(ClassifyArm(evidence), ArmClass::kPending);
  evidence.guardrails = {GuardrailState::kOpen, GuardrailState::kHarmed};
  EXPECT_EQ(ClassifyArm(evidence), ArmClass::kGuardrailHarmed);
  evidence.primaries[0].effect.reset();
  EXPECT_EQ(ClassifyArm(evidence), ArmClass::kGuardrailHarmed);
  evidence.guardrails = {GuardrailState::kHolds};
  EXPECT_EQ(ClassifyArm(evidence), ArmClass::kOpen);
}

TEST(ArmClassTest, DoesNotWinWhenAnotherShareAnswered) {
  PrimaryEvidence evidence = Primary(0.1, 3);
  evidence.response_differs = true;
  EXPECT_EQ(ClassifyArm({.primaries = {evidence}}), ArmClass::kOpen);
}

TEST(ArmClassTest, OfNonInferiorityTheMarginIsWhatTheEffectLiesAbove) {
  const auto by_margin = [](double lower, double upper) {
    return ArmEvidence{.primaries = {{.effect = Bounds{lower, upper}, .least = -2}}};
  };
  EXPECT_EQ(ClassifyArm(by_margin(-1.9, -0.1)), ArmClass::kWin);  // worse, but by less
  EXPECT_EQ(ClassifyArm(by_margin(-2, 1)), ArmClass::kOpen);
  EXPECT_EQ(ClassifyArm(by_margin(-5, -2)), ArmClass::kOpen);
  EXPECT_EQ(ClassifyArm(by_margin(-5, -2.1)), ArmClass::kWorse);
  EXPECT_EQ(ClassifyArm(by_margin(-0.1, 0.1)), ArmClass::kWin);  // never small
}

TEST(ArmClassTest, OfSeveralPrimaryMetricsAnyOrAllMustWin) {
  const PrimaryEvidence better = Primary(0.1, 3), open = Primary(-3, 3), worse = Primary(-3, -1.5),
                        small = Primary(-0.5, 0.5);
  const auto any = [](std::vector<PrimaryEvidence> primaries) {
    return ClassifyArm({.primaries = std::move(primaries)});
  };
  const auto all = [](std::vector<PrimaryEvidence> primaries) {
    return ClassifyArm({.primaries = std::move(primaries), .must_all_win = true});
  };
  EXPECT_EQ(any({open, better}), ArmClass::kWin);
  EXPECT_EQ(any({better, worse}), ArmClass::kWorse);
  EXPECT_EQ(any({small, better}), ArmClass::kWin);
  EXPECT_EQ(any({small, open}), ArmClass::kOpen);
  EXPECT_EQ(any({small, small}), ArmClass::kSmall);
  EXPECT_EQ(all({open, better}), ArmClass::kOpen);
  EXPECT_EQ(all({better, better}), ArmClass::kWin);
  EXPECT_EQ(all({better, worse}), ArmClass::kWorse);
  EXPECT_EQ(all({better, small}), ArmClass::kSmall);  // it cannot win any more
}

// Two arms of those classes, read.
Situation Read(ArmState first, ArmState second) {
  first.variant = "a";
  second.variant = "b";
  return {.burnt_in = true, .reading_allowed = true, .arms = {first, second}};
}

TEST(FlipTest, IsTheSmallestChangeThatLeadsToAnotherRow) {
  const auto flip = FindFlip(Read({.arm_class = ArmClass::kOpen,
                                   .changes = {{"metrics/visit", 1.5, ArmClass::kWin},
                                               {"metrics/visit", -0.5, ArmClass::kWorse},
                                               {"metrics/visit", -2, ArmClass::kSmall}}},
                                  {.arm_class = ArmClass::kOpen,
                                   .changes = {{"metrics/complaint", 1, ArmClass::kGuardrailHarmed},
                                               {"metrics/visit", -1.25, ArmClass::kWin}}}));
  // One arm that is worse leaves the other to wait for; one that wins is shipped.
  ASSERT_TRUE(flip.has_value());
  EXPECT_EQ(flip->variant, "b");
  EXPECT_EQ(flip->metric, "metrics/visit");
  EXPECT_EQ(flip->standard_errors, -1.25);
  EXPECT_EQ(flip->decision, Decision::kShip);
  EXPECT_EQ(flip->row, 5);
  EXPECT_EQ(flip->ship_variant, "b");
}

TEST(FlipTest, ThereIsNoneWhereNoEstimateMatters) {
  Situation situation =
      Read({.arm_class = ArmClass::kWin, .changes = {{"metrics/visit", -0.1, ArmClass::kOpen}}},
           {.arm_class = ArmClass::kOpen});
  EXPECT_TRUE(FindFlip(situation).has_value());
  situation.reading_allowed = false;
  EXPECT_FALSE(FindFlip(situation).has_value());
  situation.reading_allowed = true;
  situation.failures = {{"SAMPLE_RATIO", ""}};
  EXPECT_FALSE(FindFlip(situation).has_value());
}

}  // namespace
}  // namespace insightloop
