// SPDX-License-Identifier: Apache-2.0
//
// What a million units of each kind of id get while traffic and weights change: nobody moves who
// should not.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/engine/assignment_fixture.h"
#include "tests/support/unit_ids.h"

namespace insightloop {
namespace {

using testing::IsOk;

constexpr std::size_t kUnits = 1'000'000;

// What one unit got: the place of the variant, or none.
constexpr std::int8_t kNone = -1;
constexpr std::int8_t kHeldOut = -2;
using Answers = std::vector<std::int8_t>;

class MillionUnitsTest : public testing::AssignmentTest,
                         public ::testing::WithParamInterface<testing::Ids> {
 protected:
  void SetUp() override {
    AssignmentTest::SetUp();
    std::mt19937_64 random(20261125);
    ids_.reserve(kUnits);
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      ids_.push_back(GetParam().make(unit, random));
    }
  }

  Answers AskAll(std::string_view experiment) {
    const std::shared_ptr<const Catalog> catalog = catalog_.Current();
    const auto assigner =
        Assigner::Create(*catalog, {TargetKind::kExperiment, experiment}, nullptr, limits_);
    EXPECT_THAT(assigner, IsOk());
    const AttributeMap none;
    Answers answers;
    answers.reserve(kUnits);
    for (const std::string& id : ids_) {
      const auto assignments = assigner->Ask({.unit_id = id, .attributes = none});
      const Assignment& one = assignments->one;
      answers.push_back(one.reason == AssignmentReason::kHoldout ? kHeldOut
                        : one.reason == AssignmentReason::kAssigned
                            ? static_cast<std::int8_t>(one.variant == "reminder")
                            : kNone);
    }
    return answers;
  }

  // Units that were in a variant and are not in the same one now.
  static std::size_t Moved(const Answers& before, const Answers& after) {
    std::size_t moved = 0;
    for (std::size_t unit = 0; unit < kUnits; ++unit) {
      moved += before[unit] >= 0 && after[unit] != before[unit] ? 1 : 0;
    }
    return moved;
  }

  static double Share(const Answers& answers, std::int8_t answer) {
    return static_cast<double>(std::count(answers.begin(), answers.end(), answer)) / kUnits;
  }

  std::vector<std::string> ids_;
};

TEST_P(MillionUnitsTest, ARampMovesNobodyAndGoingDownAndUpRestoresTheSameUnits) {
  Experiment experiment = AnExperiment();
  experiment.slot_count = 100;
  Running("spring", experiment);
  const auto ramp = [&](std::int32_t slots) {
    EXPECT_THAT(lifecycle_->Ramp(By("Ramp"), "experiments/spring", "", slots), IsOk());
    return AskAll("experiments/spring");
  };
  const Answers at_10 = AskAll("experiments/spring");
  const Answers at_50 = ramp(500);
  const Answers at_100 = ramp(1'000);
  EXPECT_EQ(Moved(at_10, at_50), 0U);
  EXPECT_EQ(Moved(at_50, at_100), 0U);
  EXPECT_EQ(Share(at_100, kNone), 0);
  EXPECT_EQ(ramp(100), at_10);
  EXPECT_EQ(ramp(500), at_50);
  // Binomial with n = 1,000,000 and p = 0.25: sd of a share 0.00043; the 500 slots themselves are
  // exact. Five of them, and as many of the slots' sizes: 500 of sd 0.0001 x 0.5 each.
  EXPECT_NEAR(Share(at_50, 0), 0.25, 0.004);
  EXPECT_NEAR(Share(at_50, 1), 0.25, 0.004);
}

// Without the memory of exposures: what is answered all the same must be what it was.
TEST_P(MillionUnitsTest, AChangeOfWeightsMovesNobodyWhoseAnswerIsCertain) {
  Running("spring", AnExperiment());
  const Answers before = AskAll("experiments/spring");
  Reallocate({{"control", 1}, {"reminder", 3}});
  const Answers after = AskAll("experiments/spring");
  std::size_t uncertain = 0;
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    uncertain += after[unit] == kNone ? 1 : 0;
    ASSERT_TRUE(after[unit] == kNone || after[unit] == before[unit]) << ids_[unit];
  }
  // From 1:1 to 1:3 a quarter of all units would change: sd of a share 0.00043; seven of them.
  EXPECT_NEAR(static_cast<double>(uncertain) / kUnits, 0.25, 0.003);
}

TEST_P(MillionUnitsTest, HeldOutUnitsAreNeverAssignedAndNobodyIsInTwoExperimentsOfALayer) {
  ResizeProgramme(50);
  Make("held", Layer{.holdout = {.slot_count = 100}});
  Experiment experiment = AnExperiment();
  experiment.layer = "layers/held";
  experiment.slot_count = 400;
  Running("a", experiment);
  Running("b", experiment);
  const Answers a = AskAll("experiments/a");
  const Answers b = AskAll("experiments/b");
  std::size_t in_both = 0, held_out_of_one = 0;
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    in_both += a[unit] >= 0 && b[unit] >= 0 ? 1 : 0;
    held_out_of_one += (a[unit] == kHeldOut) != (b[unit] == kHeldOut) ? 1 : 0;
  }
  EXPECT_EQ(in_both, 0U);
  EXPECT_EQ(held_out_of_one, 0U);
  const auto catalog = catalog_.Current();
  const ReadyLayer& layer = *catalog->FindLayer("layers/held");
  const ReadyProgramme& programme = catalog->programme();
  const auto has_slot = [](const ReadyHoldout& holdout, const Salt& salt, const std::string& id) {
    return holdout.slots.test(static_cast<std::size_t>(SlotOf(salt, id)));
  };
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    const bool is_held_out = has_slot(programme.holdout, programme.salt, ids_[unit]) ||
                             has_slot(layer.holdout, layer.salt, ids_[unit]);
    ASSERT_EQ(a[unit] == kHeldOut, is_held_out) << ids_[unit];
  }
  // 5 % by the programme, 10 % of the rest by the layer.
  EXPECT_NEAR(Share(a, kHeldOut), 0.05 + 0.95 * 0.1, 0.003);
  EXPECT_NEAR(Share(a, kNone), 0.95 * 0.5, 0.004);
}

INSTANTIATE_TEST_SUITE_P(Ids, MillionUnitsTest, ::testing::ValuesIn(testing::kAllIds),
                         [](const auto& ids) {
                           std::string name = ids.param.name;
                           std::erase_if(name, [](char c) { return c == ' ' || c == '-'; });
                           return name;
                         });

}  // namespace
}  // namespace insightloop
