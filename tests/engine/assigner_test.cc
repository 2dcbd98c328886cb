// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/assigner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/engine/assignment_fixture.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using enum AssignmentReason;

class AssignerTest : public testing::AssignmentTest {};

TEST_F(AssignerTest, GivesTheSameVariantEveryTime) {
  Running("spring", AnExperiment());
  for (int unit = 0; unit < 100; ++unit) {
    const auto first = Ask(std::to_string(unit));
    ASSERT_THAT(first, IsOk());
    EXPECT_EQ(first->reason, kAssigned);
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
  EXPECT_NEAR(reasons[kAssigned], 5'000, 306);
  EXPECT_EQ(reasons[kAssigned] + reasons[kOutOfTraffic], 20'000);
}

TEST_F(AssignerTest, ExperimentsOfOneLayerNeverShareAUnit) {
  Experiment half = AnExperiment();
  half.slot_count = 500;
  Running("a", half);
  Running("b", half);
  for (int unit = 0; unit < 1'000; ++unit) {
    const std::string id = std::to_string(unit);
    const auto a = Ask(id, {}, "experiments/a");
    const auto b = Ask(id, {}, "experiments/b");
    EXPECT_NE(a->variant.empty(), b->variant.empty());
    // The layer names the one that the unit is in.
    const auto layer = AskLayer(id);
    ASSERT_THAT(layer, IsOk());
    EXPECT_EQ(layer->experiment, a->variant.empty() ? b->experiment : a->experiment);
    EXPECT_EQ(layer->variant, a->variant.empty() ? b->variant : a->variant);
  }
}

TEST_F(AssignerTest, ALayerWithoutAnExperimentForTheUnitSaysSo) {
  Experiment half = AnExperiment();
  half.slot_count = 500;
  Running("a", half);
  int out = 0;
  for (int unit = 0; unit < 100; ++unit) {
    const auto layer = AskLayer(std::to_string(unit));
    if (layer->reason == kAssigned) continue;
    EXPECT_EQ(layer->reason, kOutOfTraffic);
    EXPECT_EQ(layer->experiment, nullptr);
    ++out;
  }
  EXPECT_GT(out, 0);
}

TEST_F(AssignerTest, ACampaignAnswersForEachOfItsExperiments) {
  Make("autumn", Campaign{});
  Make("site", Layer{});
  Experiment in_mail = AnExperiment();
  in_mail.campaign = "campaigns/autumn";
  Experiment on_site = in_mail;
  on_site.layer = "layers/site";
  Experiment of_devices = on_site;
  Make("device", UnitType{});
  of_devices.unit_type = "unitTypes/device";
  on_site.slot_count = of_devices.slot_count = 500;
  Running("z-mail", in_mail);
  Running("a-site", on_site);
  Running("devices", of_devices);
  Make("draft", in_mail);

  const auto catalog = catalog_.Current();
  const auto assigner =
      Assigner::Create(*catalog, {TargetKind::kCampaign, "campaigns/autumn"}, nullptr, limits_);
  ASSERT_THAT(assigner, IsOk());
  const AttributeMap none;
  const auto customer = assigner->Ask({.unit_id = "1", .attributes = none});
  ASSERT_THAT(customer, IsOk());
  EXPECT_THAT(NamesOf(customer->campaign), ElementsAre("experiments/a-site", "experiments/z-mail"));
  const auto device =
      assigner->Ask({.unit_type = "unitTypes/device", .unit_id = "1", .attributes = none});
  ASSERT_THAT(device, IsOk());
  EXPECT_THAT(NamesOf(device->campaign), ElementsAre("experiments/devices"));

  EXPECT_THAT(
      Assigner::Create(*catalog, {TargetKind::kCampaign, "campaigns/none"}, nullptr, limits_),
      FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("none")));
}

TEST_F(AssignerTest, OnlyEligibleUnitsTakePart) {
  Experiment experiment = AnExperiment();
  experiment.eligibility_filter = "consent = true AND region = \"VN\"";
  Running("spring", experiment);
  EXPECT_EQ(Ask("1", {{"consent", true}, {"region", std::string("VN")}})->reason, kAssigned);
  EXPECT_EQ(Ask("1", {{"consent", true}, {"region", std::string("vn")}})->reason, kNotEligible);
  EXPECT_EQ(Ask("1", {{"consent", true}})->reason, kNotEligible);
}

TEST_F(AssignerTest, ASegmentCountsAsItWasAtTheStart) {
  Make("vietnam", Segment{.filter = "region = \"VN\""});
  Experiment experiment = AnExperiment();
  experiment.eligibility_filter = "segment(vietnam)";
  Running("spring", experiment);
  ASSERT_THAT(resources_->Update<Segment>(By("Update"), "segments/vietnam", "",
                                          [](Segment& segment) {
                                            segment.filter = "region = \"TH\"";
                                            return absl::OkStatus();
                                          }),
              IsOk());
  EXPECT_EQ(Ask("1", {{"region", std::string("VN")}})->reason, kAssigned);
  EXPECT_EQ(Ask("1", {{"region", std::string("TH")}})->reason, kNotEligible);
}

TEST_F(AssignerTest, SaysWhyAnExperimentDoesNotAssign) {
  Make("draft", AnExperiment());
  EXPECT_EQ(Ask("1", {}, "experiments/draft")->reason, kNotRunning);
  Running("theirs", AnExternalExperiment());
  EXPECT_EQ(Ask("1", {}, "experiments/theirs")->reason, kExternal);
  Running("spring", AnExperiment());
  ASSERT_THAT(lifecycle_->Pause(By("Pause"), "experiments/spring", ""), IsOk());
  for (int unit = 0; unit < 20; ++unit) {
    EXPECT_EQ(Ask(std::to_string(unit))->reason, kPaused);
    EXPECT_EQ(Ask(std::to_string(unit))->variant, "control");
    EXPECT_EQ(AskLayer(std::to_string(unit))->reason, kPaused);
  }
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), "experiments/spring", ""), IsOk());
  EXPECT_EQ(Ask("1")->reason, kNotRunning);
  EXPECT_EQ(AskLayer("1")->reason, kOutOfTraffic);
}

// -------------------------------------------------------------------------------------------------
// Overrides

TEST_F(AssignerTest, AnOverrideComesBeforeEverythingElse) {
  ResizeProgramme(1'000);
  Experiment experiment = AnExperiment();
  experiment.slot_count = 1;
  experiment.eligibility_filter = "consent = true";
  experiment.overrides = {{.unit_id = "tester", .variant = "reminder"}};
  Running("spring", experiment);
  for (const auto& answer : {Ask("tester"), AskLayer("tester")}) {
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->reason, kOverride);
    EXPECT_EQ(answer->variant, "reminder");
    EXPECT_EQ(answer->experiment->definition.name, "experiments/spring");
    const std::vector<AssignedExposure> exposures = ExposuresOf(*answer);
    ASSERT_EQ(exposures.size(), 1U);
    EXPECT_EQ(exposures[0].source, ExposureSource::kOverride);
  }
  EXPECT_EQ(Ask("customer")->reason, kHoldout);
}

TEST_F(AssignerTest, AUnitWithAnOverrideIsInNoOtherExperimentOfTheLayer) {
  Experiment first = AnExperiment();
  first.slot_count = 1;
  first.overrides = {{.unit_id = "tester", .variant = "reminder"}};
  Running("first", first);
  Experiment rest = AnExperiment();
  rest.slot_count = 999;
  Running("rest", rest);
  const auto other = Ask("tester", {}, "experiments/rest");
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(other->reason, kOutOfTraffic);
  EXPECT_EQ(Ask("tester", {}, "experiments/first")->reason, kOverride);
  EXPECT_EQ(AskLayer("tester")->experiment->definition.name, "experiments/first");
  // A pause ends it for the time being: then the tester is a unit like any other.
  ASSERT_THAT(lifecycle_->Pause(By("Pause"), "experiments/first", ""), IsOk());
  EXPECT_EQ(Ask("tester", {}, "experiments/first")->reason, kPaused);
  EXPECT_EQ(Ask("tester", {}, "experiments/rest")->reason, AskLayer("tester")->reason);
}

TEST_F(AssignerTest, AHoldoutComesBeforeAPauseHoweverOneAsks) {
  ResizeProgramme(500);
  Running("spring", AnExperiment());
  ASSERT_THAT(lifecycle_->Pause(By("Pause"), "experiments/spring", ""), IsOk());
  int held_out = 0;
  for (int unit = 0; unit < 100; ++unit) {
    const std::string id = std::to_string(unit);
    const auto answer = Ask(id);
    EXPECT_EQ(answer->reason, answer->programme.is_held_out ? kHoldout : kPaused);
    EXPECT_EQ(AskLayer(id)->reason, answer->reason);
    held_out += answer->programme.is_held_out ? 1 : 0;
  }
  // Binomial with n = 100 and p = 0.5: sd 5; five of them.
  EXPECT_NEAR(held_out, 50, 25);
}

TEST_F(AssignerTest, OverridesChangeWhileTheExperimentRuns) {
  Running("spring", AnExperiment());
  const auto set = [&](std::vector<Override> overrides) {
    return resources_->Update<Experiment>(By("Update"), "experiments/spring", "",
                                          [&](Experiment& experiment) {
                                            experiment.overrides = overrides;
                                            return absl::OkStatus();
                                          });
  };
  ASSERT_THAT(set({{.unit_id = "t", .variant = "control"}}), IsOk());
  EXPECT_EQ(Ask("t")->reason, kOverride);
  EXPECT_EQ(Ask("t")->variant, "control");
  ASSERT_THAT(set({}), IsOk());
  EXPECT_EQ(Ask("t")->reason, kAssigned);
}

// -------------------------------------------------------------------------------------------------
// Holdouts

TEST_F(AssignerTest, AHoldoutKeepsItsUnitsOutOfTheWholeLayer) {
  Make("held", Layer{.holdout = {.slot_count = 100}});
  Experiment experiment = AnExperiment();
  experiment.layer = "layers/held";
  experiment.slot_count = 900;
  Running("spring", experiment);
  int held_out = 0;
  for (int unit = 0; unit < 5'000; ++unit) {
    const auto answer = Ask(std::to_string(unit));
    EXPECT_EQ(answer->reason, answer->layer.is_held_out ? kHoldout : kAssigned);
    EXPECT_EQ(answer->layer.holdout->name, "layers/held/holdout");
    held_out += answer->layer.is_held_out ? 1 : 0;
    const std::vector<AssignedExposure> exposures = ExposuresOf(*answer);
    ASSERT_EQ(exposures.size(), answer->layer.is_held_out ? 1U : 2U);
    EXPECT_EQ(exposures[0].experiment, "layers/held/holdout");
    EXPECT_EQ(exposures[0].variant, answer->layer.is_held_out ? "HOLDOUT" : "REST");
    EXPECT_EQ(exposures[0].epoch, 1);
  }
  // Binomial with n = 5,000 and p = 0.1: sd 21; five of them.
  EXPECT_NEAR(held_out, 500, 106);
}

TEST_F(AssignerTest, TheProgrammesHoldoutComesBeforeTheLayers) {
  ResizeProgramme(200);
  Make("held", Layer{.holdout = {.slot_count = 300}});
  Experiment experiment = AnExperiment();
  experiment.layer = "layers/held";
  experiment.slot_count = 700;
  Running("spring", experiment);
  int by_programme = 0, by_layer = 0;
  for (int unit = 0; unit < 5'000; ++unit) {
    const auto answer = Ask(std::to_string(unit));
    ASSERT_NE(answer->programme.holdout, nullptr);
    if (answer->programme.is_held_out) {
      // Of the programme's holdout the layer never hears.
      EXPECT_EQ(answer->layer.holdout, nullptr);
      EXPECT_EQ(ExposuresOf(*answer).size(), 1U);
    }
    by_programme += answer->programme.is_held_out ? 1 : 0;
    by_layer += answer->layer.is_held_out ? 1 : 0;
    EXPECT_EQ(answer->reason == kHoldout,
              answer->programme.is_held_out || answer->layer.is_held_out);
  }
  // 5,000 x 0.2, sd 28, and 5,000 x 0.8 x 0.3, sd 30; five of each.
  EXPECT_NEAR(by_programme, 1'000, 142);
  EXPECT_NEAR(by_layer, 1'200, 151);
}

// -------------------------------------------------------------------------------------------------
// Epochs

TEST_F(AssignerTest, AnExposedUnitStaysWhereItIsWhenTheWeightsChange) {
  Running("spring", AnExperiment());
  std::map<std::string, std::string> exposed;
  for (int unit = 0; unit < 500; ++unit) {
    const std::string id = std::to_string(unit);
    exposed[id] = Ask(id)->variant;
    Expose(id);
  }
  clock_.Advance(Hours(1));
  Reallocate({{"control", 1}, {"reminder", 9}});
  int moved = 0;
  for (int unit = 0; unit < 1'000; ++unit) {
    const std::string id = std::to_string(unit);
    const auto answer = Ask(id);
    ASSERT_THAT(answer, IsOk());
    if (const auto before = exposed.find(id); before != exposed.end()) {
      EXPECT_EQ(answer->variant, before->second);
      EXPECT_EQ(answer->epoch, 1);
      // A client without the memory either agrees or says that it cannot know.
      const auto local = AskLocally(id);
      EXPECT_TRUE(local->reason == kNeedsServer || local->variant == before->second);
      moved += local->reason == kNeedsServer ? 1 : 0;
    } else {
      EXPECT_EQ(answer->epoch, 2);
    }
  }
  // Between weights 1:1 and 1:9 the hash moves 40 % of all units: sd 11; five of them.
  EXPECT_NEAR(moved, 200, 55);
}

TEST_F(AssignerTest, UnitsThatWereExposedStayWithADroppedVariantButNobodyJoinsIt) {
  Experiment three = AnExperiment();
  three.variants.push_back({.variant_id = "third", .weight = 1});
  Running("spring", three);
  std::string in_third;
  for (int unit = 0; in_third.empty(); ++unit) {
    if (Ask(std::to_string(unit))->variant == "third") in_third = std::to_string(unit);
  }
  Expose(in_third);
  Reallocate({{"third", 0}});
  EXPECT_EQ(Ask(in_third)->variant, "third");
  for (int unit = 0; unit < 500; ++unit) {
    const std::string id = std::to_string(unit);
    EXPECT_EQ(Ask(id)->variant == "third", id == in_third);
  }
}

TEST_F(AssignerTest, AnExposureByHandDoesNotMakeAUnitStay) {
  Experiment experiment = AnExperiment();
  experiment.overrides = {{.unit_id = "t", .variant = "reminder"}};
  Running("spring", experiment);
  Expose("t");
  Reallocate({{"reminder", 2}});
  ASSERT_THAT(resources_->Update<Experiment>(By("Update"), "experiments/spring", "",
                                             [](Experiment& e) {
                                               e.overrides.clear();
                                               return absl::OkStatus();
                                             }),
              IsOk());
  EXPECT_EQ(Ask("t")->epoch, 2);
}

// -------------------------------------------------------------------------------------------------
// GrowthBook

TEST_F(AssignerTest, AnExperimentFromGrowthBookKeepsItsUnits) {
  Experiment experiment = AnExperiment();
  experiment.hash_algorithm = HashAlgorithm::kGrowthBookV2;
  experiment.growthbook = GrowthBookSettings{.seed = "seed", .coverage = 0.5};
  Running("spring", experiment);
  // Published vector: version 2, seed "seed", value "b" gives 0.2696. With a coverage of one half
  // and equal weights the ranges are [0, 0.25) and [0.5, 0.75).
  EXPECT_EQ(Ask("b")->reason, kOutOfTraffic);
  Experiment all = experiment;
  all.layer = "layers/other";
  Make("other", Layer{});
  all.growthbook->coverage = 0;  // all of them: [0, 0.5) and [0.5, 1)
  Running("all", all);
  EXPECT_EQ(Ask("b", {}, "experiments/all")->variant, "control");
}

TEST_F(AssignerTest, UnitsOutsideAGrowthBookNamespaceTakeNoPart) {
  Experiment experiment = AnExperiment();
  experiment.hash_algorithm = HashAlgorithm::kGrowthBookV1;
  experiment.growthbook = GrowthBookSettings{
      .seed = "k", .namespace_id = "namespace1", .namespace_start = 0, .namespace_end = 0.4};
  Running("spring", experiment);
  // Published vector: unit "1" is in [0.4, 1) of namespace1, not in [0, 0.4).
  EXPECT_EQ(Ask("1")->reason, kOutOfTraffic);
}

// -------------------------------------------------------------------------------------------------
// Explaining

TEST_F(AssignerTest, ExplainsEveryStepUntilTheOneThatDecides) {
  ResizeProgramme(1);
  Make("held", Layer{.holdout = {.slot_count = 1}});
  Experiment experiment = AnExperiment();
  experiment.layer = "layers/held";
  experiment.slot_count = 999;
  experiment.overrides = {{.unit_id = "tester", .variant = "reminder"}};
  Running("spring", experiment);
  std::vector<Step> steps;
  const auto answer = Ask("4283872382", {}, "experiments/spring", &steps);
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->reason, kAssigned);
  std::vector<StepKind> kinds;
  for (const Step& step : steps) kinds.push_back(step.kind);
  EXPECT_THAT(kinds, ElementsAre(StepKind::kState, StepKind::kOverride, StepKind::kProgrammeHoldout,
                                 StepKind::kLayerHoldout, StepKind::kSlot, StepKind::kEligibility,
                                 StepKind::kVariant));
  for (const Step& step : steps) {
    EXPECT_EQ(step.decides, &step == &steps.back());
    EXPECT_FALSE(step.detail.empty());
  }
  EXPECT_EQ(steps[4].hash.size(), 16U);
  EXPECT_THAT(steps[4].threshold, HasSubstr("experiments/spring holds 999"));
  EXPECT_THAT(steps[6].threshold, HasSubstr("of the weights control 1, reminder 1"));
  EXPECT_THAT(steps[6].detail, HasSubstr(std::string(answer->variant)));

  steps.clear();
  EXPECT_EQ(Ask("tester", {}, "experiments/spring", &steps)->reason, kOverride);
  EXPECT_EQ(steps.back().kind, StepKind::kOverride);
  EXPECT_TRUE(steps.back().decides);
}

// -------------------------------------------------------------------------------------------------
// Bad questions

TEST_F(AssignerTest, RefusesWhatItCannotAnswer) {
  Running("spring", AnExperiment());
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Ask("1", {}, "experiments/none"),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("none")));
  EXPECT_THAT(Ask("1", {}, "spring"), FailsWith(kInvalid, "INVALID_NAME", HasSubstr("spring")));
  EXPECT_THAT(AskLayer("1", "layers/none"),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("none")));
  EXPECT_THAT(AskLayer("1", "mail"), FailsWith(kInvalid, "INVALID_NAME", HasSubstr("layers/{id}")));
  EXPECT_THAT(Ask(""), FailsWith(kInvalid, "INVALID_UNIT_ID", HasSubstr("1 to 256 bytes")));
  EXPECT_THAT(Ask(std::string(257, 'u')),
              FailsWith(kInvalid, "INVALID_UNIT_ID", HasSubstr("(257 bytes)")));
  EXPECT_THAT(Ask("\xFF"), FailsWith(kInvalid, "INVALID_UNIT_ID", HasSubstr("UTF-8")));
  EXPECT_THAT(Ask("1", {{"colour", std::string("red")}}),
              FailsWith(kInvalid, "UNDECLARED_ATTRIBUTE", HasSubstr("attributes.colour")));
  EXPECT_THAT(Ask("1", {{"consent", 1.0}}),
              FailsWith(kInvalid, "WRONG_ATTRIBUTE_TYPE", HasSubstr("takes a BOOLEAN")));
}

TEST_F(AssignerTest, RefusesUnitTypesThatAreUnknownOrNotTheExperiments) {
  Running("spring", AnExperiment());
  Make("device", UnitType{});
  const auto catalog = catalog_.Current();
  const auto assigner =
      Assigner::Create(*catalog, {TargetKind::kExperiment, "experiments/spring"}, nullptr, limits_);
  ASSERT_THAT(assigner, IsOk());
  const AttributeMap none;
  const auto ask = [&](std::string_view unit_type) {
    return assigner->Ask({.unit_type = unit_type, .unit_id = "1", .attributes = none});
  };
  EXPECT_THAT(ask("unitTypes/customer"), IsOk());
  EXPECT_THAT(ask("unitTypes/robot"), FailsWith(absl::StatusCode::kInvalidArgument,
                                                "UNKNOWN_UNIT_TYPE", HasSubstr("not declared")));
  EXPECT_THAT(ask("unitTypes/device"),
              FailsWith(absl::StatusCode::kInvalidArgument, "WRONG_UNIT_TYPE",
                        HasSubstr("unitTypes/customer")));
}

TEST_F(AssignerTest, TakesTrustedAttributesOnlyFromTrustedCallers) {
  Make("plan", Attribute{.value_type = ValueType::kString, .trusted_only = true});
  Running("spring", AnExperiment());
  const auto catalog = catalog_.Current();
  const auto assigner =
      Assigner::Create(*catalog, {TargetKind::kExperiment, "experiments/spring"}, nullptr, limits_);
  const AttributeMap gold = {{"plan", std::string("gold")}};
  const AttributeMap region = {{"region", std::string("VN")}};
  EXPECT_THAT(assigner->Ask({.unit_id = "1", .attributes = gold}), IsOk());
  EXPECT_THAT(assigner->Ask({.unit_id = "1", .attributes = region, .from_device = true}), IsOk());
  EXPECT_THAT(assigner->Ask({.unit_id = "1", .attributes = gold, .from_device = true}, "units[3]."),
              FailsWith(absl::StatusCode::kInvalidArgument, "TRUSTED_ONLY",
                        HasSubstr("units[3].attributes.plan: is set by the unit's own device")));
}

}  // namespace
}  // namespace insightloop
