// SPDX-License-Identifier: Apache-2.0
//
// The calls of AssignmentService that answer for units.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/api/server_fixture.h"

namespace insightloop::api {
namespace {

using ::testing::HasSubstr;

class AssignmentServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    MakeDefinitions();
    Made("CampaignService/CreateCampaign",
         {{"campaign_id", "autumn"}, {"campaign", Json::object()}});
    Made("LayerService/UpdateLayer",
         {{"layer", {{"name", "layers/site"}, {"holdout", {{"slot_count", 100}}}}}});
    Made("ExperimentService/CreateExperiment",
         {{"experiment_id", "e"},
          {"experiment",
           {{"hypothesis", "hypotheses/h"},
            {"layer", "layers/site"},
            {"slot_count", 900},
            {"campaign", "campaigns/autumn"},
            {"eligibility_filter", "country = \"VN\""},
            {"overrides", {{{"unit_id", "tester"}, {"variant", "treatment"}}}},
            {"plan", {{"segment_attributes", {"attributes/country"}}}},
            {"variants",
             {{{"variant_id", "control"}, {"control", true}, {"weight", 1}},
              {{"variant_id", "treatment"}, {"weight", 1}}}}}}});
    // So that weights may become unequal.
    Made("MetricService/UpdateMetric",
         {{"metric", {{"name", "metrics/revenue"}, {"cap", {{"percentile", 0.99}}}}},
          {"update_mask", "cap"}});
    Made("ExperimentService/StartExperiment", {{"name", "experiments/e"}});
  }

  Json Made(const std::string& method, const Json& request) {
    const Reply reply = Call(method, request);
    EXPECT_EQ(reply.code, "OK") << method << ": " << reply;
    return reply.body;
  }

  Json Assign(const std::string& unit, bool record = false) {
    return Made("AssignmentService/Assign", {{"experiment", "experiments/e"},
                                             {"unit_id", unit},
                                             {"attributes", {{"country", "VN"}}},
                                             {"record_exposure", record}});
  }

  // The first unit that gets this reason.
  std::string UnitWith(const std::string& reason) {
    for (int unit = 0;; ++unit) {
      std::string id = "u" + std::to_string(unit);
      if (Assign(id)["reason"] == reason) return id;
    }
  }

  // How the server judges an exposure that it may have already: DUPLICATE.
  Json FateOf(const std::string& experiment, const std::string& unit, const std::string& variant,
              int epoch, bool overridden = false) {
    return Made("MeasurementService/RecordExposures",
                {{"exposures",
                  {{{"experiment", experiment},
                    {"unit_id", unit},
                    {"variant", variant},
                    {"epoch", epoch},
                    {"overridden", overridden},
                    {"occur_time", "2026-03-01T00:00:00Z"},
                    {"attributes", {{"country", "VN"}}}}}}})["fates"][0];
  }
};

TEST_F(AssignmentServiceTest, RecordsTheExposureWithTheCall) {
  const std::string unit = UnitWith("ASSIGNED");
  const Json answer = Assign(unit, /*record=*/true);
  EXPECT_EQ(answer["epoch"], 1);
  // The exposure is there already, with the attributes that the plan keeps, and so is the unit's
  // place among those not held out.
  EXPECT_EQ(FateOf("experiments/e", unit, answer["variant"], 1)["fate"], "DUPLICATE");
  EXPECT_EQ(FateOf("layers/site/holdout", unit, "REST", 1)["fate"], "DUPLICATE");
}

TEST_F(AssignmentServiceTest, RecordsWhoIsHeldOut) {
  const std::string unit = UnitWith("HOLDOUT");
  const Json answer = Assign(unit, /*record=*/true);
  EXPECT_EQ(answer["holdout"], "layers/site/holdout");
  EXPECT_FALSE(answer.contains("variant"));
  EXPECT_EQ(FateOf("layers/site/holdout", unit, "HOLDOUT", 1)["fate"], "DUPLICATE");
}

TEST_F(AssignmentServiceTest, RecordsAnOverrideAsOne) {
  const Json answer = Assign("tester", /*record=*/true);
  EXPECT_EQ(answer["reason"], "OVERRIDE");
  EXPECT_EQ(answer["variant"], "treatment");
  EXPECT_EQ(FateOf("experiments/e", "tester", "treatment", 1, /*overridden=*/true)["fate"],
            "DUPLICATE");
}

TEST_F(AssignmentServiceTest, WithoutRecordingNothingIsKept) {
  const std::string unit = UnitWith("ASSIGNED");
  const Json answer = Assign(unit);
  EXPECT_EQ(FateOf("experiments/e", unit, answer["variant"], 1)["fate"], "ACCEPTED");
}

TEST_F(AssignmentServiceTest, AnswersForALayerAndForACampaign) {
  const Json attributes = {{"country", "VN"}};
  const std::string unit = UnitWith("ASSIGNED");
  const Json in_experiment = Assign(unit);
  const Json in_layer =
      Made("AssignmentService/Assign",
           {{"layer", "layers/site"}, {"unit_id", unit}, {"attributes", attributes}});
  EXPECT_EQ(in_layer, in_experiment);
  const Json in_campaign =
      Made("AssignmentService/Assign",
           {{"campaign", "campaigns/autumn"}, {"unit_id", unit}, {"attributes", attributes}});
  ASSERT_EQ(in_campaign["assignments"].size(), 1U);
  EXPECT_EQ(in_campaign["assignments"][0], in_experiment);
  EXPECT_FALSE(in_campaign.contains("reason"));
}

TEST_F(AssignmentServiceTest, AnExposedUnitStaysAfterAReallocation) {
  std::map<std::string, Json> exposed;
  for (int i = 0; i < 60; ++i) {
    const std::string unit = "s" + std::to_string(i);
    const Json answer = Assign(unit, /*record=*/true);
    if (answer["reason"] == "ASSIGNED") exposed[unit] = answer;
  }
  const Json changed = Made("ExperimentService/ReallocateExperiment",
                            {{"name", "experiments/e"}, {"weights", {{"treatment", 99}}}});
  EXPECT_EQ(changed["epoch"], 2);
  for (const auto& [unit, answer] : exposed) EXPECT_EQ(Assign(unit), answer);
  const std::string fresh = UnitWith("ASSIGNED");
  EXPECT_EQ(Assign(fresh)["epoch"], 2);
}

TEST_F(AssignmentServiceTest, AnswersBatchesInTheirOrder) {
  Json units = Json::array();
  for (int i = 0; i < 200; ++i) {
    units.push_back({{"unit_id", "u" + std::to_string(i)}, {"attributes", {{"country", "VN"}}}});
  }
  units[7]["attributes"]["country"] = "TH";
  const Json batch =
      Made("AssignmentService/BatchAssign",
           {{"experiment", "experiments/e"}, {"units", units}, {"record_exposure", true}});
  ASSERT_EQ(batch["responses"].size(), 200U);
  for (int i = 0; i < 200; ++i) {
    if (i == 7) continue;
    Json one = Assign("u" + std::to_string(i));
    one.erase("experiment");  // the request names it
    EXPECT_EQ(batch["responses"][static_cast<std::size_t>(i)], one);
  }
  for (int i = 0; i < 200; ++i) {  // what was answered is on record
    const Json& answer = batch["responses"][static_cast<std::size_t>(i)];
    if (answer["reason"] != "ASSIGNED") continue;
    const std::string unit = "u" + std::to_string(i);
    EXPECT_EQ(FateOf("experiments/e", unit, answer["variant"], 1)["fate"], "DUPLICATE");
  }
  const std::string reason = batch["responses"][7]["reason"];
  EXPECT_TRUE(reason == "NOT_ELIGIBLE" || reason == "HOLDOUT") << reason;
}

TEST_F(AssignmentServiceTest, RecordsWhatALayerOrACampaignGives) {
  const std::string unit = UnitWith("ASSIGNED");
  const std::string other = unit + "x";
  for (const auto& [target, name] : std::map<std::string, std::string>{
           {"layer", "layers/site"}, {"campaign", "campaigns/autumn"}}) {
    const std::string id = target == "layer" ? unit : other;
    const Json batch = Made("AssignmentService/BatchAssign",
                            {{target, name},
                             {"units", {{{"unit_id", id}, {"attributes", {{"country", "VN"}}}}}},
                             {"record_exposure", true}});
    const Json answer = Assign(id);
    const bool is_held_out = answer["reason"] == "HOLDOUT";
    EXPECT_EQ(FateOf("layers/site/holdout", id, is_held_out ? "HOLDOUT" : "REST", 1)["fate"],
              "DUPLICATE");
    if (answer["reason"] == "ASSIGNED") {
      EXPECT_EQ(FateOf("experiments/e", id, answer["variant"], 1)["fate"], "DUPLICATE");
    }
  }
}

TEST_F(AssignmentServiceTest, TakesTrustedAttributesFromNoDevice) {
  Made("AttributeService/CreateAttribute",
       {{"attribute_id", "plan"},
        {"attribute", {{"value_type", "STRING"}, {"trusted_only", true}}}});
  const Json gold = {{"plan", "gold"}, {"country", "VN"}};
  const Json one = {{"experiment", "experiments/e"},
                    {"unit_id", "u"},
                    {"attributes", gold},
                    {"from_device", true}};
  for (const char* method : {"AssignmentService/Assign", "AssignmentService/ExplainAssignment"}) {
    ExpectError(Call(method, one), "INVALID_ARGUMENT", "TRUSTED_ONLY", "attributes.plan",
                "for trusted callers only");
  }
  ExpectError(
      Call("AssignmentService/BatchAssign", {{"experiment", "experiments/e"},
                                             {"units", {{{"unit_id", "u"}, {"attributes", gold}}}},
                                             {"from_device", true}}),
      "INVALID_ARGUMENT", "TRUSTED_ONLY", "units[0].attributes.plan", "leave it out");
}

TEST_F(AssignmentServiceTest, ExplainsTheWayToAnAnswer) {
  const std::string unit = UnitWith("ASSIGNED");
  const Json explained = Made(
      "AssignmentService/ExplainAssignment",
      {{"experiment", "experiments/e"}, {"unit_id", unit}, {"attributes", {{"country", "VN"}}}});
  EXPECT_EQ(explained["assignment"], Assign(unit));
  std::string kinds;
  for (const Json& step : explained["steps"]) kinds += step["kind"].get<std::string>() + " ";
  EXPECT_EQ(kinds, "STATE OVERRIDE LAYER_HOLDOUT SLOT ELIGIBILITY VARIANT ");
  const Json& last = explained["steps"].back();
  EXPECT_EQ(last["decides"], true);
  EXPECT_EQ(last["hash"].get<std::string>().size(), 16U);
  EXPECT_THAT(last["threshold"].get<std::string>(), HasSubstr("weights control 1, treatment 1"));
}

TEST_F(AssignmentServiceTest, RefusesBadQuestions) {
  const auto assign = [&](Json request) { return Call("AssignmentService/Assign", request); };
  ExpectError(assign({{"layer", "layers/none"}, {"unit_id", "u"}}), "NOT_FOUND",
              "RESOURCE_NOT_FOUND", "layer", "does not exist");
  ExpectError(assign({{"campaign", "campaigns/none"}, {"unit_id", "u"}}), "NOT_FOUND",
              "RESOURCE_NOT_FOUND", "campaign", "does not exist");
  ExpectError(assign({{"layer", "layers/site"}, {"unit_id", "u"}, {"unit_type", "unitTypes/x"}}),
              "INVALID_ARGUMENT", "UNKNOWN_UNIT_TYPE", "unit_type", "not declared");
  ExpectError(assign({{"unit_id", "u"}}), "INVALID_ARGUMENT", "INVALID_NAME", "experiment",
              "give experiments/{id}");
  const auto batch = [&](Json units) {
    return Call("AssignmentService/BatchAssign",
                {{"experiment", "experiments/e"}, {"units", std::move(units)}});
  };
  ExpectError(batch(Json::array()), "INVALID_ARGUMENT", "NO_UNITS", "units", "give 1 to 10000");
  Json many = Json::array();
  for (int i = 0; i < 10'001; ++i) many.push_back({{"unit_id", "u"}});
  ExpectError(batch(many), "INVALID_ARGUMENT", "TOO_MANY_UNITS", "units", "has 10001 units");
  ExpectError(batch({{{"unit_id", "u"}}, {{"unit_id", ""}}}), "INVALID_ARGUMENT", "INVALID_UNIT_ID",
              "units[1].unit_id", "1 to 256 bytes");
  ExpectError(batch({{{"unit_id", "u"}, {"attributes", {{"age", Json::array()}}}}}),
              "INVALID_ARGUMENT", "UNSUPPORTED_VALUE", "units[0].attributes.age", "no string");
}

}  // namespace
}  // namespace insightloop::api
