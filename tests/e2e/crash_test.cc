// SPDX-License-Identifier: Apache-2.0
//
// The server is killed in the middle of an import, started again, and the same import is run again:
// nothing acknowledged is lost and nothing counts twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <filesystem>
#include <string>

#include "nlohmann/json.hpp"
#include "tests/e2e/process.h"

namespace insightloop {
namespace {

using testing::Finished;
using testing::Must;
using testing::Process;
using testing::ProgramPath;
using testing::Server;
using testing::StartExternalExperiment;
using testing::TemporaryFolder;
using Json = nlohmann::json;

constexpr int kUnits = 1'000;
constexpr int kRows = 200'000;

std::string ExposuresCsv() {
  std::string csv = "unit,arm,time\n";
  for (int unit = 0; unit < kUnits; ++unit) {
    csv += "u" + std::to_string(unit) + (unit % 2 == 0 ? ",a" : ",b") + ",2026-01-01T00:00:00Z\n";
  }
  return csv;
}

std::string OutcomesCsv() {
  std::string csv = "id,unit,time\n";
  for (int row = 0; row < kRows; ++row) {
    csv +=
        "o" + std::to_string(row) + ",u" + std::to_string(row % kUnits) + ",2026-01-02T00:00:00Z\n";
  }
  return csv;
}

std::vector<std::string> ImportOutcomes(const Server& server, const std::string& file) {
  return {ProgramPath("insightloop"),
          "--server",
          server.address(),
          "--json",
          "import",
          "outcomes",
          file,
          "--id",
          "id",
          "--unit",
          "unit",
          "--event",
          "events/click",
          "--time",
          "time",
          "--backfill"};
}

// Waits until the database has grown by the first groups of facts.
void WaitForGrowth(const std::string& db) {
  const auto size = [&] {
    std::error_code none;
    const auto wal = std::filesystem::file_size(db + "-wal", none);
    return none ? std::uintmax_t{0} : wal;
  };
  for (int tries = 0; tries < 30'000 && size() < 4'000'000; ++tries) poll(nullptr, 0, 1);
}

TEST(CrashTest, AnImportThatWasCutOffIsFinishedByRunningItAgain) {
  const TemporaryFolder folder;
  const std::string db = folder.Path("shop.db");
  const std::string exposures = folder.Write("exposures.csv", ExposuresCsv());
  const std::string outcomes = folder.Write("outcomes.csv", OutcomesCsv());
  {
    Server server({"--db", db});
    StartExternalExperiment(server, "click");
    Must(server.Call({"import", "exposures", exposures, "--experiment", "experiments/e", "--unit",
                      "unit", "--variant", "arm", "--time", "time"}));
    Process import(ImportOutcomes(server, outcomes));
    WaitForGrowth(db);
    server.process().Signal(SIGKILL);
    server.process().Wait();
    EXPECT_EQ(import.Wait().exit_code, 6);
  }
  Server server({"--db", db});
  const Finished again = testing::Run(ImportOutcomes(server, outcomes));
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const Json summary = Json::parse(again.out, nullptr, false);
  EXPECT_GT(summary["duplicate"], 0) << "the kill came before the first group of facts";
  EXPECT_GT(summary["accepted"], 0) << "the kill came after the last group of facts";
  EXPECT_EQ(summary["accepted"].get<int>() + summary["duplicate"].get<int>(), kRows);

  Must(server.Call({"experiments", "stop", "e"}));
  const Finished computed = server.Call({"--json", "verdicts", "compute", "e"});
  ASSERT_EQ(computed.exit_code, 0) << computed.err;
  const Json result = Json::parse(computed.out, nullptr, false)["results"][0];
  EXPECT_EQ(result["treatmentValue"], kRows / kUnits);
  EXPECT_EQ(result["controlValue"], kRows / kUnits);
  EXPECT_EQ(result["unitsTreatment"], std::to_string(kUnits / 2));
}

}  // namespace
}  // namespace insightloop
