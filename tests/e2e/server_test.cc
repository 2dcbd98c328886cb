// SPDX-License-Identifier: Apache-2.0
//
// Starting and stopping the real server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "nlohmann/json.hpp"
#include "tests/e2e/process.h"

namespace insightloop {
namespace {

using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::Ne;
using testing::ProgramPath;
using testing::Server;
using testing::TemporaryFolder;
using Json = nlohmann::json;

Finished StartAndFail(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ProgramPath("insightloopd"));
  const Finished finished = testing::Run(arguments);
  EXPECT_THAT(finished.exit_code, Ne(0));
  EXPECT_THAT(finished.out, Not(HasSubstr("listening")));
  return finished;
}

TEST(ServerTest, StopsGentlyOnSigterm) {
  Server server({"--db", ":memory:"});
  EXPECT_EQ(server.Call({"server", "get-info"}).exit_code, 0);
  server.process().Signal(SIGTERM);
  EXPECT_EQ(server.process().Wait().exit_code, 0);
  const Finished gone = server.Call({"--timeout", "1", "server", "get-info"});
  EXPECT_EQ(gone.exit_code, 6) << gone.err;
}

TEST(ServerTest, KeepsWhatItAcknowledgedOverARestart) {
  const TemporaryFolder folder;
  const std::string db = folder.Path("shop.db");
  {
    Server server({"--db", db});
    ASSERT_EQ(
        server.Call({"insights", "create", "forget", "--statement", "They forget."}).exit_code, 0);
    server.process().Signal(SIGKILL);
    server.process().Wait();
  }
  Server server({"--db", db});
  const Finished read = server.Call({"insights", "get", "forget", "--json"});
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_EQ(Json::parse(read.out, nullptr, false)["statement"], "They forget.");
}

TEST(ServerTest, ItsFilesAreForItsOwnerOnly) {
  const TemporaryFolder folder;
  const std::string db = folder.Path("shop.db");
  const Server server({"--db", db});
  for (const auto& entry : std::filesystem::directory_iterator(folder.Path(""))) {
    struct stat info {};
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U) << entry.path();
  }
}

TEST(ServerTest, ATakenPortIsNamed) {
  const Server first({"--db", ":memory:"});
  const Finished second = StartAndFail({"--db", ":memory:", "--listen", first.address()});
  EXPECT_THAT(second.err, AllOf(HasSubstr(first.address()), HasSubstr("is taken")));
}

TEST(ServerTest, ADatabaseInUseIsRefused) {
  const TemporaryFolder folder;
  const Server first({"--db", folder.Path("shop.db")});
  EXPECT_THAT(StartAndFail({"--listen", "127.0.0.1:0", "--db", folder.Path("shop.db")}).err,
              AllOf(HasSubstr("shop.db"), HasSubstr("another process")));
}

TEST(ServerTest, AFileThatIsNoDatabaseIsLeftAlone) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("notes.txt", "not a database, but dear to someone\n");
  EXPECT_THAT(StartAndFail({"--listen", "127.0.0.1:0", "--db", path}).err, HasSubstr("notes.txt"));
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "not a database, but dear to someone");
}

TEST(ServerTest, AFolderThatDoesNotExistIsNamed) {
  EXPECT_THAT(StartAndFail({"--listen", "127.0.0.1:0", "--db", "/no/such/folder/shop.db"}).err,
              HasSubstr("/no/such/folder"));
}

TEST(ServerTest, ADatabaseKeepsToItsKindOfClock) {
  const TemporaryFolder folder;
  const std::string db = folder.Path("shop.db");
  {
    Server real({"--db", db});
    real.process().Signal(SIGTERM);
    real.process().Wait();
  }
  EXPECT_THAT(StartAndFail({"--listen", "127.0.0.1:0", "--db", db, "--simulated-clock",
                            "2026-03-02T08:00:00Z"})
                  .err,
              HasSubstr("clock"));
}

TEST(ServerTest, ARestartDoesNotTakeTheSimulatedClockBack) {
  const TemporaryFolder folder;
  const std::vector<std::string> arguments = {"--db", folder.Path("shop.db"), "--simulated-clock",
                                              "2026-03-02T08:00:00Z"};
  {
    Server server(arguments);
    server.Call({"server", "advance-clock", "--time", "2026-03-09T08:00:00Z"});
    ASSERT_EQ(server.Call({"insights", "create", "i", "--statement", "s"}).exit_code, 0);
    server.process().Signal(SIGTERM);
    server.process().Wait();
  }
  const Server server(arguments);
  const Finished info = server.Call({"--json", "server", "get-info"});
  EXPECT_EQ(Json::parse(info.out, nullptr, false)["time"], "2026-03-09T08:00:00Z");
}

TEST(ServerTest, OnlyLoopbackUnlessAFlagInsists) {
  EXPECT_THAT(StartAndFail({"--db", ":memory:", "--listen", "0.0.0.0:0"}).err,
              HasSubstr("--insecure-allow-remote"));
}

TEST(ServerTest, PrintsItsConfigurationAsItReadsIt) {
  const TemporaryFolder folder;
  const Finished printed =
      testing::Run({ProgramPath("insightloopd"), "--db", "elsewhere.db", "--print-config"});
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  const std::string file = folder.Write("insightloopd.toml", printed.out);
  const Finished again =
      testing::Run({ProgramPath("insightloopd"), "--config", file, "--print-config"});
  EXPECT_EQ(again.out, printed.out) << again.err;
  EXPECT_THAT(again.out, HasSubstr("elsewhere.db"));
}

TEST(ServerTest, TheSimulatedClockMovesOnlyWhereItIsAskedFor) {
  const Server simulated({"--db", ":memory:", "--simulated-clock", "2026-03-02T08:00:00Z"});
  const Finished moved =
      simulated.Call({"server", "advance-clock", "--time", "2026-03-09T08:00:00Z", "--json"});
  EXPECT_EQ(moved.exit_code, 0) << moved.err;
  EXPECT_EQ(Json::parse(moved.out, nullptr, false)["time"], "2026-03-09T08:00:00Z");
  const Server real({"--db", ":memory:"});
  const Finished refused =
      real.Call({"--json", "server", "advance-clock", "--time", "2036-03-09T08:00:00Z"});
  EXPECT_EQ(refused.exit_code, 5);
  EXPECT_THAT(refused.err, HasSubstr("REAL_CLOCK"));
}

}  // namespace
}  // namespace insightloop
