// SPDX-License-Identifier: Apache-2.0
//
// insightloop verify as its users run it: on what the demo has recorded, on files that somebody
// tampered with, and beside a server whose rows change behind its back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/e2e/process.h"

namespace insightloop {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using ::testing::HasSubstr;
using testing::Insightloop;
using testing::Must;
using testing::Process;
using testing::ProgramPath;
using testing::Server;
using testing::TemporaryFolder;
using Json = nlohmann::json;

// Runs SQL on a connection of our own; the first column of the first row, if there is one.
std::string Sql(const std::string& file, const std::string& sql) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  sqlite3_busy_timeout(handle, 10'000);
  std::string found;
  char* message = nullptr;
  const auto take = [](void* to, int, char** values, char**) {
    if (values[0] != nullptr) *static_cast<std::string*>(to) = values[0];
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), take, &found, &message), SQLITE_OK) << message;
  sqlite3_free(message);
  sqlite3_close(handle);
  return found;
}

// Statuses by check, of one of the experiments where there are several.
std::map<std::string, std::string> StatusesOf(const Finished& verified) {
  std::map<std::string, std::string> statuses;
  const Json answer = Json::parse(verified.out, nullptr, false);
  EXPECT_TRUE(answer.is_object()) << verified.out << verified.err;
  if (!answer.is_object()) return statuses;
  for (const Json& check : answer["checks"]) {
    statuses[check["check"].get<std::string>()] = check["status"].get<std::string>();
  }
  return statuses;
}

const std::map<std::string, std::string> kAllWell = {
    {"INTEGRITY", "OK"}, {"REFERENCES", "OK"},  {"UNIQUENESS", "OK"}, {"IDENTITIES", "OK"},
    {"CHAINS", "OK"},    {"ASSIGNMENTS", "OK"}, {"FIGURES", "OK"}};

// The database of a demo that was played to its end, and its verification beside the demo's server.
class PlayedDemo {
 public:
  PlayedDemo() {
    setenv("TMPDIR", folder_.Path("").c_str(), 1);
    Process demo({ProgramPath("insightloop-demo"), "--seed", "7"});
    unsetenv("TMPDIR");
    std::string read;
    while (read.find("insights get ") == std::string::npos) {
      const auto line = demo.ReadLine();
      if (!line.has_value()) break;
      read += *line + "\n";
    }
    std::smatch match;
    if (std::regex_search(read, match, std::regex(R"( on (127\.0\.0\.1:\d+),)"))) {
      beside_server_ = Insightloop({"--server", match[1], "--json", "verify"});
    }
    if (std::regex_search(read, match, std::regex(R"(database +(\S+))"))) {
      for (const char* part : {"", "-wal"}) {
        std::error_code none;
        fs::copy_file(match[1].str() + part, file() + part, none);
      }
    }
    demo.Signal(SIGTERM);
    demo.Wait();
    // Brings home what the log holds, so that one file can be copied.
    Sql(file(), "PRAGMA wal_checkpoint(TRUNCATE)");
  }
  std::string file() const { return folder_.Path("played.db"); }
  // A copy to tamper with.
  std::string Copy() const {
    fs::copy_file(file(), folder_.Path("copy.db"), fs::copy_options::overwrite_existing);
    return folder_.Path("copy.db");
  }
  const Finished& beside_server() const { return beside_server_; }

 private:
  TemporaryFolder folder_;
  Finished beside_server_;
};

const PlayedDemo& Demo() {
  static const PlayedDemo demo;
  return demo;
}

TEST(VerifyTest, WhatTheDemoRecordedIsInOrderBesideItsServerAndOffline) {
  EXPECT_EQ(Demo().beside_server().exit_code, 0);
  EXPECT_EQ(StatusesOf(Demo().beside_server()), kAllWell);
  const Finished offline = Insightloop({"--json", "verify", "--db", Demo().Copy()});
  EXPECT_EQ(offline.exit_code, 0) << offline.err;
  EXPECT_EQ(StatusesOf(offline), kAllWell);
  const Finished for_people = Insightloop({"verify", "--db", Demo().Copy()});
  EXPECT_EQ(for_people.exit_code, 0);
  EXPECT_THAT(for_people.out, HasSubstr("FIGURES"));
  EXPECT_THAT(for_people.out, HasSubstr("Nothing is wrong."));
}

TEST(VerifyTest, AKeyStoredTwiceFails) {
  const std::string file = Demo().Copy();
  Sql(file, "UPDATE outcomes SET key = (SELECT key FROM outcomes WHERE id = 1) WHERE id = 2");
  const Finished verified = Insightloop({"--json", "verify", "--db", file});
  EXPECT_EQ(verified.exit_code, 1);
  auto expected = kAllWell;
  expected["UNIQUENESS"] = expected["IDENTITIES"] = "FAIL";
  EXPECT_EQ(StatusesOf(verified), expected);
}

TEST(VerifyTest, AFlippedVariantIsTold) {
  const std::string file = Demo().Copy();
  Sql(file,
      "UPDATE exposures SET variant = (SELECT variant FROM exposures e WHERE e.source = 1"
      " AND e.experiment = exposures.experiment AND e.variant <> exposures.variant LIMIT 1)"
      " WHERE id = (SELECT min(id) FROM exposures WHERE source = 1)");
  const Finished verified = Insightloop({"verify", "--db", file});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("WARN ASSIGNMENTS experiments/"));
  EXPECT_THAT(verified.out, HasSubstr("1 exposures are not to the variant that the hash gives"));
}

TEST(VerifyTest, ABrokenPageFails) {
  const std::string file = Demo().Copy();
  // One that nothing needs in order to start: of the log of changes.
  const std::string page = Sql(file, "SELECT rootpage FROM sqlite_schema WHERE name = 'changes'");
  const std::string size = Sql(file, "PRAGMA page_size");
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp((std::stol(page) - 1) * std::stol(size) + 8);
    bytes << std::string(64, '\xa5');
  }
  const Finished verified = Insightloop({"--json", "verify", "--db", file});
  EXPECT_EQ(verified.exit_code, 1);
  // The server may refuse the file at once; then it says why.
  if (verified.out.empty()) {
    EXPECT_THAT(verified.err, HasSubstr("malformed"));
  } else {
    EXPECT_EQ(StatusesOf(verified)["INTEGRITY"], "FAIL");
  }
}

// A server with a running experiment, whose outcomes were recorded through it.
class VerifyBesideServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Must(server_.Call({"insights", "create", "i", "--statement", "They forget."}));
    Must(server_.Call({"events", "create", "order", "--value-kind", "MONEY", "--currency", "USD"}));
    Must(server_.Call({"metrics", "create", "revenue", "--kind", "MEAN", "--event", "events/order",
                       "--window", R"({"length":"864000s"})"}));
    Must(server_.Call({"hypotheses", "create", "h", "--insights", "insights/i", "--because", "b",
                       "--if-action", "i", "--then-outcome", "t", "--primary-metric",
                       "metrics/revenue"}));
    Must(server_.Call(
        {"experiments", "create", "e", "--hypothesis", "hypotheses/h", "--external", "--variants",
         R"([{"variantId":"a","control":true,"weight":1},{"variantId":"b","weight":1}])"}));
    Must(server_.Call({"experiments", "start", "e", "--start-time", "2026-01-01T00:00:00Z"}));
    std::string exposures = "unit,arm,time\n";
    std::string outcomes = "id,unit,time,amount\n";
    for (int unit = 0; unit < 200; ++unit) {
      const std::string u = std::to_string(unit);
      exposures += u + (unit % 2 == 0 ? ",a" : ",b") + ",2026-01-01T00:00:00Z\n";
      outcomes += "o" + u + "," + u + ",2026-01-02T00:00:00Z," + u + ".5\n";
    }
    Must(server_.Call({"import", "exposures", folder_.Write("exposures.csv", exposures),
                       "--experiment", "experiments/e", "--unit", "unit", "--variant", "arm",
                       "--time", "time"}));
    Must(server_.Call({"import", "outcomes", folder_.Write("outcomes.csv", outcomes), "--event",
                       "events/order", "--id", "id", "--unit", "unit", "--time", "time", "--value",
                       "amount", "--backfill"}));
  }

  TemporaryFolder folder_;
  std::string db_ = folder_.Path("shop.db");
  Server server_{{"--db", db_}};
};

TEST_F(VerifyBesideServerTest, AValueChangedBehindItsBackFails) {
  const Finished before = server_.Call({"--json", "verify"});
  EXPECT_EQ(before.exit_code, 0) << before.out << before.err;
  EXPECT_EQ(StatusesOf(before)["FIGURES"], "OK");

  Sql(db_, "UPDATE outcomes SET value = value + 1 WHERE id = 17");
  const Finished after = server_.Call({"verify", "--experiment", "e"});
  EXPECT_EQ(after.exit_code, 1) << after.err;
  EXPECT_THAT(after.out, HasSubstr("FAIL FIGURES experiments/e: what is measured is not what the"
                                   " rows say: sums of events/order"));
}

TEST_F(VerifyBesideServerTest, FindsNothingWhileFactsArrive) {
  constexpr int kRows = 100'000;
  std::string outcomes = "id,unit,time,amount\n";
  for (int row = 0; row < kRows; ++row) {
    outcomes += "p" + std::to_string(row) + "," + std::to_string(row % 250) +
                ",2026-01-03T00:00:00Z," + std::to_string(row % 90) + "\n";
  }
  Process import({ProgramPath("insightloop"), "--server", server_.address(), "--json", "import",
                  "outcomes", folder_.Write("more.csv", outcomes), "--event", "events/order",
                  "--id", "id", "--unit", "unit", "--time", "time", "--value", "amount",
                  "--backfill"});
  for (int round = 0; round < 5; ++round) {
    const Finished verified = server_.Call({"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }
  const Finished imported = import.Wait();
  EXPECT_EQ(Json::parse(imported.out, nullptr, false)["accepted"], kRows) << imported.err;
  EXPECT_EQ(server_.Call({"verify"}).exit_code, 0);
}

TEST_F(VerifyBesideServerTest, AFileInUseIsRefused) {
  const Finished verified = Insightloop({"verify", "--db", db_});
  EXPECT_NE(verified.exit_code, 0);
  EXPECT_THAT(verified.err, HasSubstr("is in use by another process"));
}

TEST(VerifyTest, AFileThatIsNotThereIsNotMade) {
  const TemporaryFolder folder;
  const Finished verified = Insightloop({"verify", "--db", folder.Path("none.db")});
  EXPECT_EQ(verified.exit_code, 3);
  EXPECT_FALSE(fs::exists(folder.Path("none.db")));
}

TEST(VerifyTest, AnotherPlaceBesideAFileIsRefused) {
  EXPECT_EQ(Insightloop({"--server", "127.0.0.1:1", "verify", "--db", Demo().file()}).exit_code, 2);
}

}  // namespace
}  // namespace insightloop
