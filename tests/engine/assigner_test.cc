// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/assigner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using ::testing::AnyOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

class AssignerTest : public testing::EngineTest {
 protected:
  void SetUp() override {
    MakeDefinitions();
    Make("consent", Attribute{.value_type = ValueType::kBoolean});
    Make("region", Attribute{.value_type = ValueType::kString});
  }

  absl::StatusOr<Assignment> Ask(std::string_view unit, const AttributeMap& attributes = {},
                                 std::string_view experiment = "experiments/spring") {
    return Assign(*catalog_.Current(), limits_, experiment, unit, attributes);
  }
};

TEST_F(AssignerTest, GivesTheSameVariantEveryTime) {
  Running("spring", AnExperiment());
  for (int unit = 0; unit < 100; ++unit) {
    const auto first = Ask(std::to_string(unit));
    ASSERT_THAT(first, IsOk());
    EXPECT_EQ(first->reason, AssignmentReason::kAssigned);
    EXPECT_THAT(first->variant, AnyOf("control", "reminder"));
    EXPECT_EQ(first->epoch, 1);
    EXPECT_EQ(Ask(std::to_string(unit))->variant, first->variant);
  }
}

TEST_F(AssignerTest, AssignsTheShareOfUnitsThatItsSlotsHold) {
  Experiment experiment = AnExperiment();
  experiment.slot_count = 250;
  Running("spring", experiment);
  std::map<AssignmentReason, int> reasons;
  for (int unit = 0; unit < 20'000; ++unit) ++reasons[Ask(std::to_string(unit))->reason];
  // Binomial with n = 20,000 and p = 0.25: sd 61; five of them.
  EXPECT_NEAR(reasons[AssignmentReason::kAssigned], 5'000, 306);
  EXPECT_EQ(reasons[AssignmentReason::kAssigned] + reasons[AssignmentReason::kOutOfTraffic],
            20'000);
}

TEST_F(AssignerTest, ExperimentsOfOneLayerNeverShareAUnit) {
  Experiment half = AnExperiment();
  half.slot_count = 500;
  Running("a", half);
  Running("b", half);
  for (int unit = 0; unit < 1'000; ++unit) {
    const std::string id = std::to_string(unit);
    EXPECT_NE(Ask(id, {}, "experiments/a")->variant.empty(),
              Ask(id, {}, "experiments/b")->variant.empty());
  }
}

TEST_F(AssignerTest, OnlyEligibleUnitsTakePart) {
  Experiment experiment = AnExperiment();
  experiment.eligibility = {{"attributes/consent", true}, {"attributes/region", std::string("VN")}};
  Running("spring", experiment);
  EXPECT_EQ(Ask("1", {{"consent", true}, {"region", std::string("VN")}})->reason,
            AssignmentReason::kAssigned);
  EXPECT_EQ(Ask("1", {{"consent", true}, {"region", std::string("vn")}})->reason,
            AssignmentReason::kNotEligible);
  EXPECT_EQ(Ask("1", {{"consent", true}})->reason, AssignmentReason::kNotEligible);
}

TEST_F(AssignerTest, SaysWhyAnExperimentDoesNotAssign) {
  Make("draft", AnExperiment());
  EXPECT_EQ(Ask("1", {}, "experiments/draft")->reason, AssignmentReason::kNotRunning);
  Running("theirs", AnExternalExperiment());
  EXPECT_EQ(Ask("1", {}, "experiments/theirs")->reason, AssignmentReason::kExternal);
  Running("spring", AnExperiment());
  ASSERT_THAT(lifecycle_->Pause(By("Pause"), "experiments/spring", ""), IsOk());
  for (int unit = 0; unit < 20; ++unit) {
    EXPECT_EQ(Ask(std::to_string(unit))->reason, AssignmentReason::kPaused);
    EXPECT_EQ(Ask(std::to_string(unit))->variant, "control");
  }
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), "experiments/spring", ""), IsOk());
  EXPECT_EQ(Ask("1")->reason, AssignmentReason::kNotRunning);
}

TEST_F(AssignerTest, RefusesWhatItCannotAnswer) {
  Running("spring", AnExperiment());
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Ask("1", {}, "experiments/none"),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("none")));
  EXPECT_THAT(Ask("1", {}, "spring"), FailsWith(kInvalid, "INVALID_NAME", HasSubstr("spring")));
  EXPECT_THAT(Ask(""), FailsWith(kInvalid, "INVALID_UNIT_ID", HasSubstr("1 to 256 bytes")));
  EXPECT_THAT(Ask(std::string(257, 'u')),
              FailsWith(kInvalid, "INVALID_UNIT_ID", HasSubstr("(257 bytes)")));
  EXPECT_THAT(Ask("\xFF"), FailsWith(kInvalid, "INVALID_UNIT_ID", HasSubstr("UTF-8")));
  EXPECT_THAT(Ask("1", {{"colour", std::string("red")}}),
              FailsWith(kInvalid, "UNDECLARED_ATTRIBUTE", HasSubstr("attributes.colour")));
  EXPECT_THAT(Ask("1", {{"consent", 1.0}}),
              FailsWith(kInvalid, "WRONG_ATTRIBUTE_TYPE", HasSubstr("takes a BOOLEAN")));
}

}  // namespace
}  // namespace insightloop
