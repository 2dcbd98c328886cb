// SPDX-License-Identifier: Apache-2.0
//
// The C++ SDK as its users have it: installed, and built into the examples with its CMake package.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <ctime>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/e2e/process.h"

namespace insightloop {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::Must;
using testing::Process;
using testing::Server;
using testing::TemporaryFolder;
using Json = nlohmann::json;

constexpr int kUnits = 600;

Finished CMake(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"/usr/bin/env", "cmake"});
  return testing::Run(arguments);
}

// `seconds` from now, RFC 3339.
std::string TimeIn(std::time_t seconds) {
  const std::time_t time = std::time(nullptr) + seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[sizeof "2026-01-31T09:00:00Z"];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

class SdkTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    const std::string prefix = folder_->Path("installed");
    const std::string sources = std::getenv("INSIGHTLOOP_SOURCE");
    const std::string compiler = INSIGHTLOOP_CXX;
    const std::string flags = INSIGHTLOOP_CXX_FLAGS;
    for (const std::vector<std::string>& step : std::vector<std::vector<std::string>>{
             {"--install", INSIGHTLOOP_BUILD, "--prefix", prefix, "--component", "sdk"},
             {"-S", sources + "/clients/cpp/examples", "-B", folder_->Path("examples"), "-G",
              "Ninja", "-DCMAKE_PREFIX_PATH=" + prefix, "-DCMAKE_CXX_COMPILER=" + compiler,
              "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror -Wno-missing-field-initializers " + flags},
             {"--build", folder_->Path("examples")}}) {
      const Finished finished = CMake(step);
      ASSERT_EQ(finished.exit_code, 0) << finished.out << finished.err;
    }
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string Example(const std::string& name) { return folder_->Path("examples/" + name); }

  // Starts experiments/e, which everybody is in.
  static void Define(const Server& server) {
    Must(server.Call({"insights", "create", "i", "--statement", "They forget."}));
    Must(server.Call({"events", "create", "visit", "--value-kind", "NONE"}));
    Must(server.Call({"metrics", "create", "visits", "--kind", "COUNT", "--event", "events/visit",
                      "--window", R"({"length":"604800s"})"}));
    Must(server.Call({"hypotheses", "create", "h", "--insights", "insights/i", "--because", "b",
                      "--if-action", "i", "--then-outcome", "t", "--primary-metric",
                      "metrics/visits"}));
    Must(server.Call({"layers", "create", "mail"}));
    Must(server.Call(
        {"experiments", "create", "e", "--hypothesis", "hypotheses/h", "--layer", "layers/mail",
         "--slot-count", "1000", "--variants",
         R"([{"variantId":"a","control":true,"weight":1},{"variantId":"b","weight":1}])"}));
    Must(server.Call({"experiments", "start", "e"}));
  }

  static const TemporaryFolder* folder_;
};

const TemporaryFolder* SdkTest::folder_ = nullptr;

TEST_F(SdkTest, TheExampleOfRemoteCallsAssignsAUnitAndRecordsWhatItDid) {
  const Server server({"--db", ":memory:"});
  ASSERT_NO_FATAL_FAILURE(Define(server));
  const std::vector<std::string> arguments = {Example("assign"), server.address(), "experiments/e",
                                              "42", "events/visit"};
  const Finished finished = testing::Run(arguments);
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(std::regex_match(finished.out, std::regex("42 [ab] ASSIGNED\nACCEPTED \n")))
      << finished.out;
  const Finished refused =
      testing::Run({Example("assign"), server.address(), "experiments/none", "42", "events/visit"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("RESOURCE_NOT_FOUND"));
}

TEST_F(SdkTest, TheExampleGoesOnAnsweringWhileTheServerIsStoppedAndDeliversExactlyOnce) {
  const TemporaryFolder folder;
  // The windows of the units close when the test says so.
  std::vector<std::string> arguments = {"--db", folder.Path("shop.db"), "--simulated-clock",
                                        TimeIn(-60)};
  auto server = std::make_unique<Server>(arguments);
  ASSERT_NO_FATAL_FAILURE(Define(*server));
  const std::string address = server->address();
  arguments.insert(arguments.end(), {"--listen", address});

  Process example({"/bin/sh", "-c",
                   "for unit in $(seq " + std::to_string(kUnits) +
                       "); do echo $unit; sleep 0.01; done | " + Example("local_evaluation") + " " +
                       address + " experiments/e events/visit"});
  int answered = 0;
  const auto read_until = [&](int unit) {
    for (; answered < unit; ++answered) {
      const auto line = example.ReadLine();
      ASSERT_TRUE(line.has_value());
      const std::string answer = std::to_string(answered + 1) + " [ab] ASSIGNED";
      ASSERT_TRUE(std::regex_match(*line, std::regex(answer))) << *line;
    }
  };
  ASSERT_NO_FATAL_FAILURE(read_until(100));
  server->process().Signal(SIGKILL);
  server->process().Wait();
  ASSERT_NO_FATAL_FAILURE(read_until(250));  // one and a half seconds without a server
  server = std::make_unique<Server>(arguments);
  ASSERT_NO_FATAL_FAILURE(read_until(400));
  server->process().Signal(SIGTERM);
  EXPECT_EQ(server->process().Wait().exit_code, 0);
  ASSERT_NO_FATAL_FAILURE(read_until(500));
  server = std::make_unique<Server>(arguments);
  ASSERT_NO_FATAL_FAILURE(read_until(kUnits));

  const Finished finished = example.Wait();
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  std::smatch counts;
  ASSERT_TRUE(
      std::regex_match(finished.out, counts,
                       std::regex("buffered 0, delivered (\\d+), duplicates (\\d+), rejected 0\n")))
      << finished.out << finished.err;
  EXPECT_EQ(std::stoi(counts[1]) + std::stoi(counts[2]), 2 * kUnits);

  Must(server->Call({"server", "advance-clock", "--time", TimeIn(std::time_t{60} * 24 * 3600)}));
  Must(server->Call({"experiments", "stop", "e"}));
  const Finished computed = server->Call({"--json", "verdicts", "compute", "e"});
  ASSERT_EQ(computed.exit_code, 0) << computed.err;
  const Json result = Json::parse(computed.out, nullptr, false)["results"][0];
  EXPECT_EQ(std::stoi(result["unitsTreatment"].get<std::string>()) +
                std::stoi(result["unitsControl"].get<std::string>()),
            kUnits);
  // Each unit visited once.
  EXPECT_EQ(result["treatmentValue"], 1);
  EXPECT_EQ(result["controlValue"], 1);
}

}  // namespace
}  // namespace insightloop
