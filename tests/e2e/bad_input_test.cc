// SPDX-License-Identifier: Apache-2.0
//
// What people get wrong, each with the exit code, the reason and the words they get back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/e2e/process.h"

namespace insightloop {
namespace {

using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using testing::Insightloop;
using testing::Server;
using testing::TemporaryFolder;
using Json = nlohmann::json;

constexpr char kVariants[] =
    R"([{"variantId":"a","control":true,"weight":1},{"variantId":"b","weight":1}])";

class BadInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Must({"insights", "create", "i", "--statement", "They forget."});
    Must({"events", "create", "click", "--value-kind", "NONE"});
    Must({"events", "create", "spend", "--value-kind", "NUMBER", "--maximum", "1000"});
    Must({"metrics", "create", "clicked", "--kind", "PROPORTION", "--event", "events/click",
          "--window", R"({"length":"604800s"})"});
    Must({"hypotheses", "create", "h", "--insights", "insights/i", "--because", "b", "--if-action",
          "i", "--then-outcome", "t", "--primary-metric", "metrics/clicked"});
    Must({"layers", "create", "l"});
    Must(Experiment("e", kVariants));
  }

  static std::vector<std::string> Experiment(const std::string& id, const std::string& variants) {
    return {"experiments", "create",       id,    "--hypothesis", "hypotheses/h", "--layer",
            "layers/l",    "--slot-count", "500", "--variants",   variants};
  }

  void Must(const std::vector<std::string>& arguments) {
    const Finished finished = server_.Call(arguments);
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
  }

  // The call fails with this exit code, gRPC code and reason, and says so.
  void Fails(std::vector<std::string> arguments, int exit_code, const std::string& code,
             const std::string& reason, const std::string& words) {
    arguments.insert(arguments.begin(), "--json");
    const Finished finished = server_.Call(arguments);
    SCOPED_TRACE(finished.err);
    EXPECT_EQ(finished.exit_code, exit_code);
    EXPECT_EQ(finished.out, "");
    const Json error = Json::parse(finished.err, nullptr, false);
    ASSERT_TRUE(error.is_object());
    EXPECT_EQ(error["error"]["code"], code);
    EXPECT_EQ(error["error"]["reason"], reason);
    EXPECT_THAT(error["error"]["message"].get<std::string>(), HasSubstr(words));
  }

  // An import's summary; rows refused make it exit with 7.
  Json Import(const std::vector<std::string>& arguments, int exit_code,
              const std::vector<std::string>& words) {
    std::vector<std::string> all = {"--json", "import"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Finished finished = server_.Call(all);
    EXPECT_EQ(finished.exit_code, exit_code) << finished.err;
    for (const std::string& word : words) EXPECT_THAT(finished.err, HasSubstr(word));
    return Json::parse(finished.out, nullptr, false);
  }

  Json ImportClicks(const std::string& csv, int exit_code, const std::vector<std::string>& words) {
    return Import({"outcomes", folder_.Write("clicks.csv", csv), "--id", "id", "--unit", "unit",
                   "--event", "events/click", "--time", "time"},
                  exit_code, words);
  }

  const TemporaryFolder folder_;
  const Server server_{{"--db", ":memory:", "--simulated-clock", "2026-03-02T08:00:00Z"}};
};

TEST_F(BadInputTest, NamesThatAreUnknownOrMalformed) {
  Fails({"insights", "get", "none"}, 3, "NOT_FOUND", "RESOURCE_NOT_FOUND",
        "\"insights/none\" does not exist");
  Fails({"insights", "get", "insights/No Such"}, 2, "INVALID_ARGUMENT", "INVALID_NAME",
        "\"insights/No Such\"");
  Fails({"verdicts", "get", "experiments/e/verdicts/none"}, 3, "NOT_FOUND", "RESOURCE_NOT_FOUND",
        "verdicts/none");
  Fails({"insights", "create", "Bad Id", "--statement", "s"}, 2, "INVALID_ARGUMENT", "INVALID_ID",
        "\"Bad Id\"");
  Fails({"insights", "create", std::string(64, 'a'), "--statement", "s"}, 2, "INVALID_ARGUMENT",
        "INVALID_ID", "1 to 63");
}

TEST_F(BadInputTest, MovesThatTheStateDoesNotAllow) {
  Fails({"experiments", "stop", "e"}, 5, "FAILED_PRECONDITION", "WRONG_STATE",
        "is DRAFT; this needs RUNNING or PAUSED");
  Fails({"verdicts", "compute", "e"}, 5, "FAILED_PRECONDITION", "NOT_STARTED", "start it first");
}

TEST_F(BadInputTest, EtagsThatAreStale) {
  Fails({"experiments", "start", "e", "--etag", "\"0\""}, 5, "ABORTED", "STALE_ETAG",
        "read it again");
}

TEST_F(BadInputTest, ARequestIdForAnotherRequest) {
  const std::string id = "2f1b1a52-9c7e-4c11-8f57-0f4f8f6a2f10";
  Must({"insights", "create", "one", "--statement", "s", "--request-id", id});
  Fails({"insights", "create", "two", "--statement", "s", "--request-id", id}, 2,
        "INVALID_ARGUMENT", "REQUEST_ID_REUSED", id);
}

TEST_F(BadInputTest, NumbersThatAreNotFinite) {
  const std::string file = folder_.Write("nan.json", R"({"statement":"s","evidence":[{
      "sourceSystem":"SURVEY","dataType":"ATTITUDINAL","finding":"f","figure":"NaN"}]})");
  Fails({"insights", "create", "x", "--file", file}, 2, "INVALID_ARGUMENT", "NOT_FINITE",
        "evidence[0].figure");
  Fails({"events", "create", "x", "--value-kind", "NUMBER", "--maximum", "Infinity"}, 2,
        "INVALID_ARGUMENT", "NOT_FINITE", "maximum");
}

TEST_F(BadInputTest, WeightsAndControlsThatMakeNoSplit) {
  Fails(Experiment("x", R"([{"variantId":"a","control":true},{"variantId":"b"}])"), 2,
        "INVALID_ARGUMENT", "ALL_WEIGHTS_ZERO", "weights of 0");
  Fails(Experiment("x", R"([{"variantId":"a","control":true,"weight":1},
                           {"variantId":"b","control":true,"weight":1}])"),
        2, "INVALID_ARGUMENT", "SEVERAL_CONTROLS", "2 controls");
}

TEST_F(BadInputTest, UnitsThatAreEmptyOrOverLong) {
  Must({"experiments", "start", "e"});
  Fails({"assignment", "assign", "experiments/e", "--unit-id", ""}, 2, "INVALID_ARGUMENT",
        "INVALID_UNIT_ID", "1 to 256 bytes");
  Fails({"assignment", "assign", "experiments/e", "--unit-id", std::string(257, 'u')}, 2,
        "INVALID_ARGUMENT", "INVALID_UNIT_ID", "(257 bytes)");
}

TEST_F(BadInputTest, BadRowsAreNamedAndDoNotSinkTheirNeighbours) {
  const Json summary = ImportClicks(
      "\xEF\xBB\xBFid,unit,\"time\"\r\n"
      "o1,\"u,1\",2026-03-01\r\n"
      "o2,u2\r\n"
      "o3,u3,soon\r\n"
      "o4,\xFF,2026-03-01\r\n"
      "o5,u5,2027-03-01\r\n" +
          std::string(129, 'o') +
          ",u6,2026-03-01\r\n"
          ",u7,2026-03-01\r\n"
          "o8,u8,2026-03-01\r\n",
      7,
      {"row 3", "row 4", "'soon'", "row 5", "UTF-8", "row 6", "TIME_IN_FUTURE", "row 7",
       "1 to 128 bytes", "row 8"});
  EXPECT_EQ(summary["accepted"], 2);
  EXPECT_EQ(summary["rejected"].get<int>() + summary["unreadable"].get<int>(), 6);
}

TEST_F(BadInputTest, AnIdThatComesAgainWithOtherContent) {
  EXPECT_EQ(ImportClicks("id,unit,time\no1,u1,2026-03-01\n", 0, {})["accepted"], 1);
  EXPECT_EQ(ImportClicks("id,unit,time\no1,u1,2026-03-01\n", 0, {})["duplicate"], 1);
  EXPECT_EQ(
      ImportClicks("id,unit,time\no1,u1,2026-03-01T01:00:00Z\n", 7, {"ID_REUSED"})["rejected"], 1);
}

TEST_F(BadInputTest, EventsThatNobodyDeclaredAndValuesOutOfRange) {
  const std::string csv =
      folder_.Write("rows.csv",
                    "id,unit,time,amount\na,u,2026-03-01,NaN\nb,u,2026-03-01,1e999\n"
                    "c,u,2026-03-01,1001\nd,u,2026-03-01,12x\ne,u,2026-03-01,1\n");
  const auto import = [&](const std::string& event, const std::vector<std::string>& words) {
    return Import({"outcomes", csv, "--id", "id", "--unit", "unit", "--time", "time", "--value",
                   "amount", "--event", event},
                  7, words);
  };
  EXPECT_EQ(import("events/spend", {"OUT_OF_RANGE", "'12x'", "'NaN'", "'1e999'"})["accepted"], 1);
  EXPECT_EQ(import("events/none", {"UNKNOWN_EVENT", "events/none"}).value("accepted", 0), 0);
}

TEST_F(BadInputTest, AMissingColumnIsNamedWithThoseThatThereAre) {
  const std::string file = folder_.Write("clicks.csv", "id,unit,when\no1,u1,2026-03-01\n");
  const Finished finished = server_.Call(
      {"import", "outcomes", file, "--unit", "unit", "--event", "events/click", "--time", "time"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("'time'"), HasSubstr("when")));
}

Finished Analyze(const std::string& file, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"analyze", file, "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Insightloop(arguments);
}

TEST_F(BadInputTest, ACampaignFileWithAColumnOrAnArmMissing) {
  const std::string file = folder_.Write("campaign.csv", "group,bought\na,1\nb,0\na,0\nb,1\n");
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& words) {
    const Finished finished = Analyze(file, arguments);
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(finished.err, HasSubstr(words));
  };
  refused({"--arm", "arm", "--control", "a", "--metric", "bought:proportion"}, "arm");
  refused({"--arm", "group", "--control", "c", "--metric", "bought:proportion"}, "'c'");
  refused({"--arm", "group", "--control", "a", "--metric", "bought:median"}, "median");
  refused({"--arm", "group", "--control", "a", "--metric", "spent:mean"}, "spent");
  refused({"--arm", "group", "--control", "a", "--metric", "bought:proportion", "--weights",
           "a=1,b=1,c=1"},
          "c");
}

TEST_F(BadInputTest, ACampaignFileWithBadRowsIsStillAnalysed) {
  std::string csv = "\xEF\xBB\xBF Group ,Spent\r\n";
  for (int row = 0; row < 400; ++row) {
    csv += (row % 2 == 0 ? "a," : "b,") + std::to_string(row % 7) + "\r\n";
  }
  csv += "a,12x\r\na\r\nb,\xFF\r\n\"a\",\"3\"\r\n";
  const Finished finished = Analyze(folder_.Write("campaign.csv", csv),
                                    {"--arm", "group", "--control", "a", "--metric", "spent:mean"});
  EXPECT_EQ(finished.exit_code, 7);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("row 402"), HasSubstr("12x"), HasSubstr("row 403"),
                                  HasSubstr("row 404"), HasSubstr("UTF-8")));
  const Json verdict = Json::parse(finished.out, nullptr, false);
  EXPECT_EQ(verdict["results"][0]["unitsControl"], "201");
  EXPECT_EQ(verdict["results"][0]["unitsTreatment"], "200");
}

}  // namespace
}  // namespace insightloop
