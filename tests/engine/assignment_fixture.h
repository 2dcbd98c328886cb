// SPDX-License-Identifier: Apache-2.0
//
// An engine with attributes and a layer, and short words for assigning and exposing in
// experiments/spring.

#ifndef INSIGHTLOOP_TESTS_ENGINE_ASSIGNMENT_FIXTURE_H_
#define INSIGHTLOOP_TESTS_ENGINE_ASSIGNMENT_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/assignment/assigner.h"
#include "engine/domain/campaign.h"
#include "tests/engine/engine_fixture.h"
#include "tests/support/status_matchers.h"

namespace insightloop::testing {

class AssignmentTest : public EngineTest {
 protected:
  void SetUp() override {
    MakeDefinitions();
    Make("consent", Attribute{.value_type = ValueType::kBoolean});
    Make("region", Attribute{.value_type = ValueType::kString});
  }

  // As the server answers. The answer holds until the next question.
  absl::StatusOr<Assignment> Ask(std::string_view unit, const AttributeMap& attributes = {},
                                 std::string_view experiment = "experiments/spring",
                                 std::vector<Step>* steps = nullptr) {
    return AskIn({TargetKind::kExperiment, experiment}, unit, attributes, measurement_.get(),
                 steps);
  }
  // As a client answers by itself.
  absl::StatusOr<Assignment> AskLocally(std::string_view unit) {
    return AskIn({TargetKind::kExperiment, "experiments/spring"}, unit, {}, nullptr, nullptr);
  }
  absl::StatusOr<Assignment> AskLayer(std::string_view unit,
                                      std::string_view layer = "layers/mail") {
    return AskIn({TargetKind::kLayer, layer}, unit, {}, measurement_.get(), nullptr);
  }

  // Assigns the unit in experiments/spring and records its exposure, as a recorded call does.
  void Expose(const std::string& unit) {
    const auto assignment = Ask(unit);
    ASSERT_THAT(assignment, IsOk());
    const AssignedUnit assigned{
        .unit = {.unit_type = std::string(kDefaultUnitType), .unit_id = unit},
        .attributes = {},
        .exposures = ExposuresOf(*assignment)};
    EXPECT_THAT(recorder_->RecordAssigned(*kept_, {&assigned, 1}), IsOk());
  }

  void Reallocate(const std::map<std::string, std::int32_t>& weights) {
    EXPECT_THAT(lifecycle_->Reallocate(By("Reallocate"), "experiments/spring", "", weights),
                IsOk());
  }

  void ResizeProgramme(std::int32_t slot_count) {
    EXPECT_THAT(resources_->Update<Programme>(By("Update"), kProgramme, "",
                                              [=](Programme& programme) {
                                                programme.holdout.slot_count = slot_count;
                                                return absl::OkStatus();
                                              }),
                IsOk());
  }

  static std::vector<std::string> NamesOf(const std::vector<Assignment>& assignments) {
    std::vector<std::string> names;
    for (const Assignment& assignment : assignments) {
      names.push_back(assignment.experiment->definition.name);
    }
    return names;
  }

 private:
  absl::StatusOr<Assignment> AskIn(const Target& target, std::string_view unit,
                                   const AttributeMap& attributes, const ExposedUnits* exposed,
                                   std::vector<Step>* steps) {
    kept_ = catalog_.Current();
    const auto assigner = Assigner::Create(*kept_, target, exposed, limits_);
    if (!assigner.ok()) return assigner.status();
    const auto assignments = assigner->Ask({.unit_id = unit, .attributes = attributes}, "", steps);
    if (!assignments.ok()) return assignments.status();
    return assignments->one;
  }

  std::shared_ptr<const Catalog> kept_;  // what the last answer points into
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_ENGINE_ASSIGNMENT_FIXTURE_H_
