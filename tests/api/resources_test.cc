// SPDX-License-Identifier: Apache-2.0
//
// The standard methods of all collections, over the wire.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "tests/api/server_fixture.h"

namespace insightloop::api {
namespace {

using ::testing::HasSubstr;

constexpr char kRequestId[] = "f81d4fae-7dec-41d0-8765-00a0c91e6bf6";
constexpr char kOtherRequestId[] = "f81d4fae-7dec-41d0-8765-00a0c91e6bf7";

// One collection: how it is called, the smallest valid resource, and a text that can change.
struct Collection {
  std::string type, plural;  // `Insight`, `Insights`
  std::string field, list;   // `insight`, `insights`, as in requests and pages
  std::string collection;    // `insights`
  std::string text;          // field
  Json smallest;
};

std::vector<Collection> Collections() {
  const Json variants = {{{"variant_id", "a"}, {"control", true}, {"weight", 1}},
                         {{"variant_id", "b"}, {"weight", 1}}};
  return {
      {"Insight", "Insights", "insight", "insights", "insights", "why", {{"statement", "s"}}},
      {"Hypothesis",
       "Hypotheses",
       "hypothesis",
       "hypotheses",
       "hypotheses",
       "because",
       {{"insights", {"insights/why"}},
        {"because", "b"},
        {"if_action", "i"},
        {"then_outcome", "t"},
        {"primary_metric", "metrics/revenue"}}},
      {"UnitType", "UnitTypes", "unit_type", "unit_types", "unitTypes", "description",
       Json::object()},
      {"Attribute",
       "Attributes",
       "attribute",
       "attributes",
       "attributes",
       "description",
       {{"value_type", "BOOLEAN"}}},
      {"Segment",
       "Segments",
       "segment",
       "segments",
       "segments",
       "description",
       {{"conditions", {{{"attribute", "attributes/country"}, {"equals", "VN"}}}}}},
      {"Campaign", "Campaigns", "campaign", "campaigns", "campaigns", "description",
       Json::object()},
      {"Event",
       "Events",
       "event",
       "events",
       "events",
       "description",
       {{"value_kind", "NUMBER"}, {"resolution", 0.01}}},
      {"Metric",
       "Metrics",
       "metric",
       "metrics",
       "metrics",
       "description",
       {{"kind", "PROPORTION"}, {"event", "events/visit"}}},
      {"Layer", "Layers", "layer", "layers", "layers", "description", Json::object()},
      {"Experiment",
       "Experiments",
       "experiment",
       "experiments",
       "experiments",
       "display_name",
       {{"hypothesis", "hypotheses/h"}, {"external", true}, {"variants", variants}}},
  };
}

class ResourcesTest : public ServerTest, public ::testing::WithParamInterface<Collection> {
 protected:
  ResourcesTest() { MakeDefinitions(); }

  const Collection& c() const { return GetParam(); }
  std::string Method(const std::string& verb) const {
    return c().type + "Service/" + verb + (verb == "List" ? c().plural : c().type);
  }
  std::string Name(const std::string& id) const { return c().collection + "/" + id; }
  Reply Create(const std::string& id, const std::string& request_id = "",
               const std::string& text = "first") {
    Json resource = c().smallest;
    resource[c().text] = text;
    return Call(Method("Create"),
                {{c().field, resource}, {c().field + "_id", id}, {"request_id", request_id}});
  }
  Reply Get(const std::string& name) { return Call(Method("Get"), {{"name", name}}); }
};

// What a test's name and a failure show of its parameter.
void PrintTo(const Collection& collection, std::ostream* os) { *os << collection.type; }

INSTANTIATE_TEST_SUITE_P(All, ResourcesTest, ::testing::ValuesIn(Collections()),
                         [](const auto& test) { return test.param.type; });

TEST_P(ResourcesTest, CreatesAndReturnsWhatWasCreated) {
  const Reply created = Create("mine");
  ASSERT_EQ(created.code, "OK") << created;
  EXPECT_EQ(created["name"], Name("mine"));
  EXPECT_EQ(created[c().text.c_str()], "first");
  EXPECT_EQ(created["create_time"], "2026-03-01T00:00:00Z");
  EXPECT_EQ(created["update_time"], "2026-03-01T00:00:00Z");
  EXPECT_NE(created["etag"], "");
  EXPECT_EQ(Get(Name("mine")).body, created.body);
}

TEST_P(ResourcesTest, MakesAnIdWhenThereIsNone) {
  const Reply created = Create("");
  ASSERT_EQ(created.code, "OK") << created;
  EXPECT_THAT(created["name"], HasSubstr(c().collection + "/"));
  EXPECT_EQ(Get(created["name"]).body, created.body);
}

TEST_P(ResourcesTest, RefusesATakenId) {
  Create("mine");
  ExpectError(Create("mine"), "ALREADY_EXISTS", "ALREADY_EXISTS", "", Name("mine"));
  EXPECT_EQ(Create("mine").details.resource, Name("mine"));
}

TEST_P(ResourcesTest, RefusesMalformedIds) {
  for (const std::string& id :
       {std::string("Upper"), std::string("-a"), std::string("a-"), std::string("1a"),
        std::string("a b"), std::string("a/b"), std::string(64, 'a')}) {
    const Reply reply = Create(id);
    EXPECT_EQ(reply.code, "INVALID_ARGUMENT") << reply;
    EXPECT_EQ(reply.details.reason, "INVALID_ID") << reply;
    EXPECT_THAT(reply.message, HasSubstr(id));
  }
  EXPECT_EQ(Create(std::string(63, 'a')).code, "OK");
}

TEST_P(ResourcesTest, RefusesARequestWithoutAResource) {
  ExpectError(Call(Method("Create"), Json::object()), "INVALID_ARGUMENT", "FIELD_MISSING",
              c().field, "send the resource");
  ExpectError(Call(Method("Update"), Json::object()), "INVALID_ARGUMENT", "FIELD_MISSING",
              c().field, "send the resource");
}

TEST_P(ResourcesTest, RefusesUnknownAndMalformedNames) {
  for (const std::string verb : {"Get", "Delete"}) {
    ExpectError(Call(Method(verb), {{"name", Name("nobody")}}), "NOT_FOUND", "RESOURCE_NOT_FOUND",
                "name", Name("nobody"));
    for (const std::string& name :
         {std::string(), std::string("nobody"), c().collection + "/", "/" + Name("a"),
          std::string("others/a"), Name("A"), Name("a/b"), Name(std::string(64, 'a'))}) {
      ExpectError(Call(Method(verb), {{"name", name}}), "INVALID_ARGUMENT", "INVALID_NAME", "name",
                  c().collection + "/{id}");
    }
  }
  ExpectError(Call(Method("Update"), {{c().field, {{"name", Name("nobody")}}}}), "NOT_FOUND",
              "RESOURCE_NOT_FOUND", "name", Name("nobody"));
  ExpectError(Call(Method("Update"), {{c().field, {{"name", "nobody"}}}}), "INVALID_ARGUMENT",
              "INVALID_NAME", "name", "nobody");
}

TEST_P(ResourcesTest, RepeatsTheFirstAnswerToTheSameRequest) {
  const Reply first = Create("mine", kRequestId);
  ASSERT_EQ(first.code, "OK") << first;
  EXPECT_EQ(Create("mine", kRequestId).body, first.body);

  const Json update = {{c().field, {{"name", Name("mine")}, {c().text, "second"}}},
                       {"request_id", kOtherRequestId}};
  const Reply updated = Call(Method("Update"), update);
  ASSERT_EQ(updated.code, "OK") << updated;
  EXPECT_EQ(Call(Method("Update"), update).body, updated.body);
  // Also after further changes.
  EXPECT_EQ(Create("mine", kRequestId)[c().text.c_str()], "first");

  const Json removal = {{"name", Name("mine")},
                        {"request_id", "f81d4fae-7dec-41d0-8765-00a0c91e6bf8"}};
  EXPECT_EQ(Call(Method("Delete"), removal).code, "OK");
  EXPECT_EQ(Call(Method("Delete"), removal).code, "OK");
}

TEST_P(ResourcesTest, RefusesAReusedRequestId) {
  ASSERT_EQ(Create("mine", kRequestId).code, "OK");
  ExpectError(Create("mine", kRequestId, "other text"), "INVALID_ARGUMENT", "REQUEST_ID_REUSED",
              "request_id", kRequestId);
  ExpectError(Create("other", kRequestId), "INVALID_ARGUMENT", "REQUEST_ID_REUSED", "request_id",
              "make a new one");
  ExpectError(Call(Method("Delete"), {{"name", Name("mine")}, {"request_id", kRequestId}}),
              "INVALID_ARGUMENT", "REQUEST_ID_REUSED", "request_id", kRequestId);
}

TEST_P(ResourcesTest, RefusesRequestIdsThatAreNoUuids) {
  for (const std::string& id : {std::string("x"), std::string(36, 'z'), std::string(37, 'a')}) {
    ExpectError(Create("mine", id), "INVALID_ARGUMENT", "INVALID_REQUEST_ID", "request_id",
                "is no UUID");
  }
  EXPECT_EQ(Get(Name("mine")).code, "NOT_FOUND");
}

TEST_P(ResourcesTest, ChangesWhatTheMaskNames) {
  const Reply created = Create("mine");
  ASSERT_EQ(clock().AdvanceTo(kStart + Seconds(60)).ok(), true);
  const Reply updated = Call(
      Method("Update"),
      {{c().field,
        {{"name", Name("mine")}, {c().text, "second"}, {"create_time", "2001-01-01T00:00:00Z"}}},
       {"update_mask", c().text == "display_name" ? "displayName,createTime,etag,name"
                                                  : c().text + ",createTime,etag,name"}});
  ASSERT_EQ(updated.code, "OK") << updated;
  Json expected = created.body;
  expected[c().text] = "second";
  expected["update_time"] = "2026-03-01T00:01:00Z";
  expected["etag"] = updated["etag"];
  EXPECT_EQ(updated.body, expected);
  EXPECT_NE(updated["etag"], created["etag"]);
  EXPECT_EQ(Get(Name("mine")).body, expected);
}

TEST_P(ResourcesTest, ChangesWhatIsSetWithoutAMaskAndAllWithAStar) {
  Create("mine");
  EXPECT_EQ(Call(Method("Update"),
                 {{c().field, {{"name", Name("mine")}, {c().text, "second"}}}})[c().text.c_str()],
            "second");
  Json replacement = c().smallest;
  replacement["name"] = Name("mine");
  if (c().text == "because") replacement["because"] = "third";  // cannot be empty
  const Reply replaced = Call(Method("Update"), {{c().field, replacement}, {"update_mask", "*"}});
  ASSERT_EQ(replaced.code, "OK") << replaced;
  EXPECT_EQ(replaced[c().text.c_str()], c().text == "because" ? "third" : "");
}

TEST_P(ResourcesTest, RefusesUnknownPathsOfAMask) {
  Create("mine");
  ExpectError(
      Call(Method("Update"), {{c().field, {{"name", Name("mine")}}}, {"update_mask", "nope,name"}}),
      "INVALID_ARGUMENT", "UNKNOWN_FIELD_PATH", "update_mask.paths[0]", "nope");
}

TEST_P(ResourcesTest, RefusesStaleEtags) {
  const Reply created = Create("mine");
  const auto update = [&](const std::string& etag) {
    return Call(Method("Update"),
                {{c().field, {{"name", Name("mine")}, {"etag", etag}, {c().text, "next"}}}});
  };
  ASSERT_EQ(update(created["etag"]).code, "OK");
  ExpectError(update(created["etag"]), "ABORTED", "STALE_ETAG", "", "read it again");
  EXPECT_EQ(update(created["etag"]).details.resource, Name("mine"));
  ExpectError(Call(Method("Delete"), {{"name", Name("mine")}, {"etag", created["etag"]}}),
              "ABORTED", "STALE_ETAG", "", Name("mine"));
  EXPECT_EQ(Get(Name("mine")).code, "OK");
}

TEST_P(ResourcesTest, Deletes) {
  const Reply created = Create("mine");
  EXPECT_EQ(Call(Method("Delete"), {{"name", Name("mine")}, {"etag", created["etag"]}}).code, "OK");
  ExpectError(Get(Name("mine")), "NOT_FOUND", "RESOURCE_NOT_FOUND", "name", Name("mine"));
}

TEST_P(ResourcesTest, ListsInPages) {
  std::set<std::string> made;
  for (const std::string id : {"p1", "p2", "p3", "p4", "p5"}) made.insert(Create(id)["name"]);
  std::vector<std::string> names;
  std::string token;
  int pages = 0;
  do {
    const Reply page = Call(Method("List"), {{"page_size", 2}, {"page_token", token}});
    ASSERT_EQ(page.code, "OK") << page;
    ASSERT_LE(page.body[c().list].size(), 2u);
    for (const Json& item : page.body[c().list]) names.push_back(item["name"]);
    token = page["next_page_token"];
    ASSERT_LT(++pages, 20);
  } while (!token.empty());
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  for (const std::string& name : made) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
  // One page of just the right size has no further one.
  const Reply all = Call(Method("List"), {{"page_size", static_cast<int>(names.size())}});
  EXPECT_EQ(all.body[c().list].size(), names.size());
  EXPECT_EQ(all["next_page_token"], "");
}

TEST_P(ResourcesTest, RefusesPagesThatCannotBe) {
  ExpectError(Call(Method("List"), {{"page_size", -1}}), "INVALID_ARGUMENT", "INVALID_PAGE_SIZE",
              "page_size", "-1");
  ExpectError(Call(Method("List"), {{"page_token", "x"}}), "INVALID_ARGUMENT", "INVALID_PAGE_TOKEN",
              "page_token", "next_page_token");
  // The token of another collection.
  for (const std::string id : {"p1", "p2"}) Create(id);
  const std::string foreign =
      c().type == "Event" ? "AttributeService/ListAttributes" : "EventService/ListEvents";
  const std::string token = Call(foreign, {{"page_size", 1}})["next_page_token"];
  ASSERT_NE(token, "");
  ExpectError(Call(Method("List"), {{"page_token", token}}), "INVALID_ARGUMENT",
              "INVALID_PAGE_TOKEN", "page_token", "no token of this list");
}

using ProgrammeTest = ServerTest;

TEST_F(ProgrammeTest, ThereIsExactlyOne) {
  const Reply programme = Call("ProgrammeService/GetProgramme", {{"name", "programmes/default"}});
  ASSERT_EQ(programme.code, "OK") << programme;
  EXPECT_EQ(programme["name"], "programmes/default");
  EXPECT_NE(programme["salt"], "");
  for (const std::string verb : {"Get", "Update"}) {
    const auto call = [&](const std::string& name) {
      const Json named = {{"name", name}};
      return Call("ProgrammeService/" + verb + "Programme",
                  verb == "Get" ? named : Json{{"programme", named}});
    };
    ExpectError(call("programmes/other"), "NOT_FOUND", "RESOURCE_NOT_FOUND", "name",
                "programmes/other");
    ExpectError(call("other"), "INVALID_ARGUMENT", "INVALID_NAME", "name", "programmes/{id}");
  }
}

TEST_F(ProgrammeTest, ChangesWhatTheMaskNames) {
  const Json name = {{"name", "programmes/default"}};
  const Reply before = Call("ProgrammeService/GetProgramme", name);
  const Json change = {{"name", "programmes/default"},
                       {"etag", before["etag"]},
                       {"description", "All of it."},
                       {"holdout", {{"slot_count", 50}}},
                       {"salt", "mine"}};
  const Reply after = Call("ProgrammeService/UpdateProgramme",
                           {{"programme", change}, {"update_mask", "description,holdout,salt"}});
  ASSERT_EQ(after.code, "OK") << after;
  EXPECT_EQ(after["description"], "All of it.");
  EXPECT_EQ(after.body["holdout"]["slots"].size(), 50u);
  EXPECT_EQ(after["salt"], before["salt"]);
  EXPECT_EQ(Call("ProgrammeService/GetProgramme", name).body, after.body);
  ExpectError(Call("ProgrammeService/UpdateProgramme", {{"programme", change}}), "ABORTED",
              "STALE_ETAG", "", "read it again");
}

}  // namespace
}  // namespace insightloop::api
