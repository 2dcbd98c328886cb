// SPDX-License-Identifier: Apache-2.0
//
// Erasing a unit from the command line: an acknowledged erasure outlives a kill, and none of the
// database's files holds what was erased.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/e2e/process.h"

namespace insightloop {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::Must;
using ::testing::Not;
using testing::Server;
using testing::StartExternalExperiment;
using testing::TemporaryFolder;
using Json = nlohmann::json;

Json AnswerOf(const Finished& finished) {
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  return Json::parse(finished.out, nullptr, false);
}

std::string FilesOf(const std::string& db) {
  std::string bytes;
  for (const char* part : {"", "-wal", "-shm"}) {
    std::ifstream file(db + part, std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return bytes;
}

void Define(const Server& server) {
  StartExternalExperiment(server, "buy");
  Must(server.Call({"layers", "create", "l"}));
  Must(server.Call({"experiments", "create", "draft", "--hypothesis", "hypotheses/h", "--layer",
                    "layers/l", "--slot-count", "10", "--variants",
                    R"([{"variantId":"a","control":true,"weight":1},{"variantId":"b","weight":1}])",
                    "--overrides", R"([{"unitId":"secret-anna","variant":"b"}])"}));
}

Finished Record(const Server& server, const std::string& unit, const std::string& id) {
  const Json outcome = {{"outcomeId", id},
                        {"unitId", unit},
                        {"event", "events/buy"},
                        {"occurTime", "2026-01-02T00:00:00Z"},
                        {"responseId", "secret-response"},
                        {"comment", "secret-comment"}};
  return server.Call({"--json", "measurement", "record-outcomes", "--backfill", "--outcomes",
                      Json::array({outcome}).dump()});
}

std::string FateOf(const Finished& recorded) {
  return AnswerOf(recorded)["fates"][0].value("fate", "");
}

TEST(ErasureTest, WhatWasErasedIsGoneFromTheFilesAndFiguresStayThroughAKill) {
  const TemporaryFolder folder;
  const std::string db = folder.Path("shop.db");
  const auto figures = [](const Server& server) {
    Json verdict = AnswerOf(server.Call({"--json", "verdicts", "compute", "e"}));
    for (const char* varies : {"createTime", "dataThrough"}) verdict.erase(varies);
    return verdict;
  };
  Json before;
  {
    Server server({"--db", db});
    Define(server);
    Must(server.Call({"measurement", "record-exposures", "--exposures",
                      R"([{"experiment":"experiments/e","unitId":"secret-ben","variant":"a",
                           "occurTime":"2026-01-01T12:00:00Z"}])"}));
    EXPECT_EQ(FateOf(Record(server, "secret-ben", "secret-order")), "ACCEPTED");
    before = figures(server);
    ASSERT_THAT(FilesOf(db), HasSubstr("secret-ben"));
    const Finished erased =
        server.Call({"--json", "measurement", "erase-unit", "--unit-id", "secret-ben"});
    EXPECT_EQ(AnswerOf(erased)["result"], "ERASED");
    const Finished tester = server.Call({"measurement", "erase-unit", "--unit-id", "secret-anna"});
    EXPECT_EQ(tester.exit_code, 0) << tester.err;
    EXPECT_THAT(tester.out, HasSubstr("ERASED"));
    EXPECT_THAT(FilesOf(db), Not(HasSubstr("secret-")));
    EXPECT_EQ(figures(server), before);
    server.process().Signal(SIGKILL);
    server.process().Wait();
  }
  Server server({"--db", db});
  EXPECT_THAT(FilesOf(db), Not(HasSubstr("secret-")));
  EXPECT_EQ(figures(server), before);
  EXPECT_EQ(FateOf(Record(server, "secret-ben", "secret-order")), "DUPLICATE");
  EXPECT_THAT(FilesOf(db), Not(HasSubstr("secret-")));
  EXPECT_EQ(AnswerOf(server.Call(
                {"--json", "measurement", "erase-unit", "--unit-id", "secret-ben"}))["result"],
            "UNKNOWN_UNIT");
  EXPECT_EQ(FateOf(Record(server, "secret-ben", "another-order")), "ACCEPTED");
  const Finished verified = server.Call({"verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("Nothing is wrong."));
}

}  // namespace
}  // namespace insightloop
