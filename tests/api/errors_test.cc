// SPDX-License-Identifier: Apache-2.0
//
// Every kind of mistake, over the wire: its code, its reason, the field it is in, and a message
// that helps.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/api/server_fixture.h"

namespace insightloop::api {
namespace {

using ::testing::HasSubstr;

class ErrorsTest : public ServerTest {
 protected:
  ErrorsTest() { MakeDefinitions(); }

  Reply Move(const std::string& verb, const std::string& id) {
    return Call("ExperimentService/" + verb + "Experiment", {{"name", "experiments/" + id}});
  }
  Reply CreateExperiment(const Json& variants) {
    return Call("ExperimentService/CreateExperiment", {{"experiment",
                                                        {{"hypothesis", "hypotheses/h"},
                                                         {"layer", "layers/site"},
                                                         {"slot_count", 100},
                                                         {"variants", variants}}}});
  }
  // The fate of one outcome: what is given, over a valid purchase.
  Json FateOf(const Json& given) {
    Json outcome = {{"outcome_id", "o-1"},
                    {"unit_id", "42"},
                    {"event", "events/purchase"},
                    {"occur_time", "2026-03-01T00:00:00Z"},
                    {"value", 12.5}};
    outcome.merge_patch(given);
    const Reply reply =
        Call("MeasurementService/RecordOutcomes", {{"outcomes", Json::array({outcome})}});
    EXPECT_EQ(reply.code, "OK") << reply;
    return reply.body.contains("fates") ? reply.body["fates"][0] : Json();
  }
  Reply ReleaseSlots(const std::string& id) {
    return Call("ExperimentService/ReleaseExperimentSlots", {{"name", "experiments/" + id}});
  }
  void ExpectRejected(const Json& fate, const std::string& reason, const std::string& field,
                      const std::string& part) {
    EXPECT_EQ(fate.value("fate", ""), "REJECTED") << fate;
    EXPECT_EQ(fate.value("reason", ""), reason) << fate;
    EXPECT_EQ(fate.value("field", ""), field) << fate;
    EXPECT_THAT(fate.value("detail", ""), HasSubstr(part));
  }
};

TEST_F(ErrorsTest, WrongStates) {
  MakeExperiment("e");
  for (const std::string verb : {"Pause", "Resume", "Stop", "Conclude"}) {
    ExpectError(Move(verb, "e"), "FAILED_PRECONDITION", "WRONG_STATE", "", "DRAFT");
  }
  ExpectError(Call("VerdictService/ComputeVerdict", {{"experiment", "experiments/e"}}),
              "FAILED_PRECONDITION", "NOT_STARTED", "", "experiments/e");
  ASSERT_EQ(Move("Start", "e").code, "OK") << Move("Start", "e");
  for (const std::string verb : {"Start", "Resume", "Conclude"}) {
    const Reply reply = Move(verb, "e");
    ExpectError(reply, "FAILED_PRECONDITION", "WRONG_STATE", "", "RUNNING");
    EXPECT_EQ(reply.details.resource, "experiments/e");
  }
  ExpectError(Call("ExperimentService/DeleteExperiment", {{"name", "experiments/e"}}),
              "FAILED_PRECONDITION", "NOT_DRAFT", "", "RUNNING");
  ExpectError(Call("ExperimentService/UpdateExperiment",
                   {{"experiment", {{"name", "experiments/e"}, {"slot_count", 7}}}}),
              "FAILED_PRECONDITION", "SEALED", "", "RUNNING");
}

TEST_F(ErrorsTest, UnknownExperiments) {
  for (const std::string verb :
       {"Start", "Pause", "Resume", "Stop", "Conclude", "Ramp", "Reallocate", "Plan"}) {
    EXPECT_EQ(Move(verb, "nobody").code, "NOT_FOUND") << verb;
    EXPECT_EQ(Move(verb, "nobody").details.reason, "RESOURCE_NOT_FOUND");
    EXPECT_EQ(Move(verb, "No Body").code, "INVALID_ARGUMENT") << verb;
    EXPECT_EQ(Move(verb, "No Body").details.reason, "INVALID_NAME");
  }
  for (const std::string method :
       {"VerdictService/ComputeVerdict", "VerdictService/RecordVerdict"}) {
    EXPECT_EQ(Call(method, {{"experiment", "experiments/nobody"}}).code, "NOT_FOUND") << method;
    EXPECT_EQ(Call(method, {{"experiment", "nobody"}}).code, "INVALID_ARGUMENT") << method;
  }
  EXPECT_EQ(Call("VerdictService/GetVerdict", {{"name", "experiments/e/verdicts/v"}}).code,
            "NOT_FOUND");
  EXPECT_EQ(Call("VerdictService/GetVerdict", {{"name", "verdicts/v"}}).code, "INVALID_ARGUMENT");
  EXPECT_EQ(Call("VerdictService/ListVerdicts", {{"parent", "experiments/nobody"}}).code,
            "NOT_FOUND");
  EXPECT_EQ(Call("VerdictService/ListVerdicts", {{"parent", "x"}}).code, "INVALID_ARGUMENT");
}

TEST_F(ErrorsTest, TrafficAndWeightsThatCannotBe) {
  MakeExperiment("e");
  const auto ramp = [&](int slots) {
    return Call("ExperimentService/RampExperiment",
                {{"name", "experiments/e"}, {"slot_count", slots}});
  };
  const auto reallocate = [&](const Json& weights) {
    return Call("ExperimentService/ReallocateExperiment",
                {{"name", "experiments/e"}, {"weights", weights}});
  };
  ExpectError(ramp(200), "FAILED_PRECONDITION", "WRONG_STATE", "", "DRAFT");
  ExpectError(reallocate({{"treatment", 2}}), "FAILED_PRECONDITION", "WRONG_STATE", "", "DRAFT");
  ExpectError(ReleaseSlots("e"), "FAILED_PRECONDITION", "WRONG_STATE", "", "DRAFT");
  EXPECT_EQ(ReleaseSlots("nobody").code, "NOT_FOUND");
  ASSERT_EQ(Move("Start", "e").code, "OK");
  EXPECT_EQ(ramp(0).code, "INVALID_ARGUMENT");
  EXPECT_EQ(ramp(1001).code, "INVALID_ARGUMENT");
  EXPECT_EQ(reallocate({{"nobody", 1}}).code, "INVALID_ARGUMENT");
  EXPECT_EQ(reallocate({{"control", 0}}).code, "INVALID_ARGUMENT");
  EXPECT_EQ(reallocate({{"treatment", -1}}).code, "INVALID_ARGUMENT");
  // What is right passes, through the same calls.
  EXPECT_EQ(ramp(200).body["slots"].size(), 200u);
  EXPECT_EQ(ramp(150).body["reserved_slots"].size(), 50u);
  EXPECT_TRUE(ReleaseSlots("e").body["reserved_slots"].empty());
  ExpectError(reallocate({{"treatment", 3}}), "INVALID_ARGUMENT", "NEEDS_CAP", "variants",
              "metrics/revenue, money without a cap");
  const Reply reallocated = reallocate({{"control", 2}, {"treatment", 3}});
  ASSERT_EQ(reallocated.code, "OK") << reallocated;
  EXPECT_EQ(reallocated.body["epoch"], 2);
  EXPECT_EQ(reallocated.body["epochs"][1]["weights"], Json({2, 3}));
}

TEST_F(ErrorsTest, PlansThatCannotBeMade) {
  MakeExperiment("e");
  const auto plan = [&](Json fields) {
    fields["name"] = fields.value("name", "experiments/e");
    return Call("ExperimentService/PlanExperiment", fields);
  };
  EXPECT_EQ(plan({{"name", "experiments/nobody"}}).code, "NOT_FOUND");
  ExpectError(plan({{"name", "nobody"}}), "INVALID_ARGUMENT", "INVALID_NAME", "name", "nobody");
  ExpectError(plan(Json::object()), "INVALID_ARGUMENT", "OUT_OF_RANGE", "units_per_day",
              "is 0; give how many");
  ExpectError(plan({{"units_per_day", 100}}), "INVALID_ARGUMENT", "FIELD_REQUIRED", "baseline",
              "metrics/revenue");
  ExpectError(plan({{"units_per_day", "NaN"}}), "INVALID_ARGUMENT", "NOT_FINITE", "units_per_day",
              "is not finite");
  ExpectError(plan({{"units_per_day", 100}, {"baseline", -1}, {"standard_deviation", 2}}),
              "INVALID_ARGUMENT", "OUT_OF_RANGE", "baseline", "is -1; ");
  ExpectError(plan({{"units_per_day", 100}, {"baseline", 1}, {"standard_deviation", 0}}),
              "INVALID_ARGUMENT", "OUT_OF_RANGE", "standard_deviation", "is 0; ");
  ExpectError(plan({{"units_per_day", 100}, {"days", -7}}), "INVALID_ARGUMENT", "OUT_OF_RANGE",
              "days", "is -7; give 0 to 36500");
  ExpectError(plan({{"units_per_day", 100}, {"power", 1}}), "INVALID_ARGUMENT", "OUT_OF_RANGE",
              "power", "is 1; give a chance above alpha, 0.05");
  ASSERT_EQ(Move("Start", "e").code, "OK");
  ExpectError(plan({{"units_per_day", 100}}), "FAILED_PRECONDITION", "NO_FIGURES", "",
              "give a baseline and a standard_deviation");
  ASSERT_EQ(Call("HypothesisService/UpdateHypothesis",
                 {{"hypothesis", {{"name", "hypotheses/h"}}}, {"update_mask", "smallest_effect"}})
                .code,
            "OK");
  // What runs has sealed the one it had.
  EXPECT_EQ(plan({{"units_per_day", 100}, {"baseline", 10}, {"standard_deviation", 2}}).code, "OK");
  MakeExperiment("without");
  const Reply reply = plan({{"name", "experiments/without"}, {"units_per_day", 100}});
  ExpectError(reply, "FAILED_PRECONDITION", "NO_SMALLEST_EFFECT", "", "set its value and scale");
  EXPECT_EQ(reply.details.resource, "hypotheses/h");
}

TEST_F(ErrorsTest, StaleEtagsOfMoves) {
  MakeExperiment("e");
  const auto start = [&](const std::string& etag) {
    return Call("ExperimentService/StartExperiment", {{"name", "experiments/e"}, {"etag", etag}});
  };
  ExpectError(start("\"0\""), "ABORTED", "STALE_ETAG", "", "read it again");
  const std::string etag =
      Call("ExperimentService/GetExperiment", {{"name", "experiments/e"}})["etag"];
  EXPECT_EQ(start(etag).code, "OK");
}

TEST_F(ErrorsTest, RequestIdsOfMoves) {
  MakeExperiment("e");
  const Json start = {{"name", "experiments/e"},
                      {"request_id", "f81d4fae-7dec-41d0-8765-00a0c91e6bf6"}};
  const Reply first = Call("ExperimentService/StartExperiment", start);
  ASSERT_EQ(first.code, "OK") << first;
  EXPECT_EQ(Call("ExperimentService/StartExperiment", start).body, first.body);
  ExpectError(Call("ExperimentService/PauseExperiment", start), "INVALID_ARGUMENT",
              "REQUEST_ID_REUSED", "request_id", "another request");
}

// Protobuf's JSON takes "NaN" and "Infinity" as numbers, and so does the binary form.
TEST_F(ErrorsTest, NumbersThatAreNotFinite) {
  for (const std::string bad : {"NaN", "Infinity", "-Infinity"}) {
    ExpectError(
        Call("EventService/CreateEvent", {{"event", {{"value_kind", "NUMBER"}, {"minimum", bad}}}}),
        "INVALID_ARGUMENT", "NOT_FINITE", "minimum", "is not finite");
    ExpectError(Call("InsightService/CreateInsight",
                     {{"insight", {{"statement", "s"}, {"evidence", {{{"figure", bad}}}}}}}),
                "INVALID_ARGUMENT", "NOT_FINITE", "evidence[0].figure", "is not finite");
    ExpectError(
        Call("InsightService/UpdateInsight",
             {{"insight", {{"name", "insights/why"}, {"evidence", {{{"segment_share", bad}}}}}}}),
        "INVALID_ARGUMENT", "NOT_FINITE", "evidence[0].segment_share", "is not finite");
    MakeExperiment("e" + std::string(bad == "NaN" ? "n" : bad[0] == '-' ? "m" : "p"));
    ExpectError(Call("ExperimentService/UpdateExperiment",
                     {{"experiment", {{"name", "experiments/en"}, {"plan", {{"alpha", bad}}}}}}),
                "INVALID_ARGUMENT", "NOT_FINITE", "plan.alpha", "is not finite");
    ExpectRejected(FateOf({{"value", bad}}), "NOT_FINITE", "value", "finite");
  }
}

TEST_F(ErrorsTest, EnumNumbersWithoutAName) {
  ExpectError(Call("EventService/CreateEvent", {{"event", {{"value_kind", 99}}}}),
              "INVALID_ARGUMENT", "UNKNOWN_ENUM_VALUE", "value_kind", "99");
}

TEST_F(ErrorsTest, TimesFarInTheFuture) {
  ExpectRejected(FateOf({{"occur_time", "2026-03-02T00:00:00.000001Z"}}), "TIME_IN_FUTURE",
                 "occur_time", "check the sender's clock");
  ExpectRejected(FateOf({{"occur_time", "9999-12-31T23:59:59Z"}}), "TIME_IN_FUTURE", "occur_time",
                 "9999-12-31");
  EXPECT_EQ(FateOf({{"occur_time", "2026-03-02T00:00:00Z"}}).value("fate", ""), "ACCEPTED");
  const Reply reply = Call("ExperimentService/CreateExperiment",
                           {{"experiment_id", "ext"},
                            {"experiment",
                             {{"hypothesis", "hypotheses/h"},
                              {"external", true},
                              {"variants",
                               {{{"variant_id", "a"}, {"control", true}, {"weight", 1}},
                                {{"variant_id", "b"}, {"weight", 1}}}}}}});
  ASSERT_EQ(reply.code, "OK") << reply;
  ExpectError(Call("ExperimentService/StartExperiment",
                   {{"name", "experiments/ext"}, {"start_time", "2026-03-01T00:00:01Z"}}),
              "INVALID_ARGUMENT", "TIME_IN_FUTURE", "start_time", "give a past time");
}

TEST_F(ErrorsTest, EmptyAndOverLongIds) {
  ExpectRejected(FateOf({{"outcome_id", ""}}), "INVALID_OUTCOME_ID", "outcome_id", "1 to 128");
  ExpectRejected(FateOf({{"outcome_id", std::string(129, 'x')}}), "INVALID_OUTCOME_ID",
                 "outcome_id", "129 bytes");
  ExpectRejected(FateOf({{"unit_id", ""}}), "INVALID_UNIT_ID", "unit_id", "1 to 256");
  ExpectRejected(FateOf({{"unit_id", std::string(257, 'x')}}), "INVALID_UNIT_ID", "unit_id",
                 "257 bytes");
  EXPECT_EQ(FateOf({{"outcome_id", std::string(128, 'x')}, {"unit_id", std::string(256, 'x')}})
                .value("fate", ""),
            "ACCEPTED");
  MakeExperiment("e");
  for (const std::string& unit : {std::string(), std::string(257, 'x')}) {
    ExpectError(
        Call("AssignmentService/Assign", {{"experiment", "experiments/e"}, {"unit_id", unit}}),
        "INVALID_ARGUMENT", "INVALID_UNIT_ID", "unit_id", "1 to 256");
  }
}

TEST_F(ErrorsTest, VariantsThatCannotBe) {
  const auto variant = [](const char* id, bool control, int weight) {
    return Json{{"variant_id", id}, {"control", control}, {"weight", weight}};
  };
  ExpectError(CreateExperiment({variant("a", true, 0), variant("b", false, 0)}), "INVALID_ARGUMENT",
              "ALL_WEIGHTS_ZERO", "variants", "weights above 0");
  ExpectError(CreateExperiment({variant("a", true, 1), variant("b", true, 1)}), "INVALID_ARGUMENT",
              "SEVERAL_CONTROLS", "variants", "exactly one");
  ExpectError(CreateExperiment({variant("a", false, 1), variant("b", false, 1)}),
              "INVALID_ARGUMENT", "NO_CONTROL", "variants", "exactly one");
  ExpectError(CreateExperiment({variant("a", true, 1), variant("a", false, 1)}), "INVALID_ARGUMENT",
              "DUPLICATE", "variants[1].variant_id", "\"a\" again");
  ExpectError(CreateExperiment({variant("a", true, -1), variant("b", false, 1)}),
              "INVALID_ARGUMENT", "OUT_OF_RANGE", "variants[0].weight", "-1");
  ExpectError(CreateExperiment({variant("a", true, 1), variant("", false, 1)}), "INVALID_ARGUMENT",
              "FIELD_REQUIRED", "variants[1].variant_id", "is empty");
}

TEST_F(ErrorsTest, AllMistakesOfARequestAtOnce) {
  const Reply reply =
      Call("InsightService/CreateInsight",
           {{"insight", {{"who", std::string(2001, 'x')}, {"evidence", {{{"sample_size", -1}}}}}}});
  EXPECT_GE(reply.details.violations.size(), 4u) << reply;
  EXPECT_EQ(reply.details.violations[0].field, "statement");
}

TEST_F(ErrorsTest, UndeclaredEvents) {
  ExpectRejected(FateOf({{"event", "events/unheard-of"}}), "UNKNOWN_EVENT", "event",
                 "events/unheard-of");
  ExpectError(Call("MetricService/CreateMetric",
                   {{"metric", {{"kind", "COUNT"}, {"event", "events/unheard-of"}}}}),
              "NOT_FOUND", "RESOURCE_NOT_FOUND", "event", "events/unheard-of");
}

TEST_F(ErrorsTest, OutcomeIdsReused) {
  EXPECT_EQ(FateOf(Json::object()).value("fate", ""), "ACCEPTED");
  EXPECT_EQ(FateOf(Json::object()).value("fate", ""), "DUPLICATE");
  ExpectRejected(FateOf({{"value", 13}}), "ID_REUSED", "outcome_id", "o-1");
  ExpectRejected(FateOf({{"occur_time", "2026-02-28T00:00:00Z"}}), "ID_REUSED", "outcome_id",
                 "o-1");
  EXPECT_EQ(FateOf({{"unit_id", "43"}}).value("fate", ""), "ACCEPTED");
}

TEST_F(ErrorsTest, AttributesThatAreNotDeclaredOrOfAnotherType) {
  MakeExperiment("e");
  const auto assign = [&](const Json& attributes) {
    return Call("AssignmentService/Assign",
                {{"experiment", "experiments/e"}, {"unit_id", "42"}, {"attributes", attributes}});
  };
  ExpectError(assign({{"shoe", 41}}), "INVALID_ARGUMENT", "UNDECLARED_ATTRIBUTE", "attributes.shoe",
              "not declared");
  ExpectError(assign({{"age", "old"}}), "INVALID_ARGUMENT", "WRONG_ATTRIBUTE_TYPE",
              "attributes.age", "NUMBER");
  ExpectError(assign({{"age", nullptr}}), "INVALID_ARGUMENT", "UNSUPPORTED_VALUE", "attributes.age",
              "no string, number or boolean");
  ExpectError(assign({{"age", {1, 2}}}), "INVALID_ARGUMENT", "UNSUPPORTED_VALUE", "attributes.age",
              "no string, number or boolean");
  EXPECT_EQ(assign({{"age", 41}, {"country", "VN"}}).code, "OK");
}

TEST_F(ErrorsTest, NoRowsAndTooMany) {
  for (const auto& [method, field] :
       {std::pair{"RecordOutcomes", "outcomes"}, {"RecordExposures", "exposures"}}) {
    const std::string path = std::string("MeasurementService/") + method;
    ExpectError(Call(path, Json::object()), "INVALID_ARGUMENT", "NO_ROWS", field, "1 to 10000");
    Json rows = Json::array();
    for (int i = 0; i < 10'001; ++i) rows.push_back(Json::object());
    ExpectError(Call(path, {{field, rows}}), "INVALID_ARGUMENT", "TOO_MANY_ROWS", field, "10001");
  }
}

TEST_F(ErrorsTest, ResourcesInUse) {
  for (const auto& [method, name] : {std::pair{"InsightService/DeleteInsight", "insights/why"},
                                     {"EventService/DeleteEvent", "events/purchase"},
                                     {"MetricService/DeleteMetric", "metrics/revenue"}}) {
    ExpectError(Call(method, {{"name", name}}), "FAILED_PRECONDITION", "IN_USE", "", name);
  }
  ExpectError(Call("UnitTypeService/DeleteUnitType", {{"name", "unitTypes/customer"}}),
              "FAILED_PRECONDITION", "IN_USE", "", "unitTypes/customer");
}

TEST_F(ErrorsTest, FieldsThatCannotChange) {
  ExpectError(Call("EventService/UpdateEvent",
                   {{"event", {{"name", "events/visit"}, {"value_kind", "NUMBER"}}}}),
              "FAILED_PRECONDITION", "IMMUTABLE_FIELD", "", "value_kind");
}

}  // namespace
}  // namespace insightloop::api
