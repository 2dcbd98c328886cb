// SPDX-License-Identifier: Apache-2.0
//
// A server pauses by itself what harms a guardrail, and leaves alone what a person resumed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/e2e/process.h"

namespace insightloop {
namespace {

using testing::Finished;
using ::testing::HasSubstr;
using testing::Must;
using testing::Server;
using Json = nlohmann::json;

constexpr char kStart[] = "2026-03-02T08:00:00Z";

Json AnswerOf(const Finished& finished) {
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  return Json::parse(finished.out, nullptr, false);
}

// Starts experiments/e, which complaints guard, with the variants a, the control, and b.
void StartGuarded(const Server& server) {
  Must(server.Call({"insights", "create", "i", "--statement", "They forget."}));
  for (const char* event : {"buy", "complain"}) {
    Must(server.Call({"events", "create", event, "--value-kind", "NONE"}));
    Must(server.Call({"metrics", "create", event, "--kind", "PROPORTION", "--event",
                      std::string("events/") + event, "--window", R"({"length":"86400s"})",
                      "--desired-direction", "DECREASE"}));
  }
  Must(server.Call(
      {"hypotheses", "create", "h", "--insights", "insights/i", "--because", "b", "--if-action",
       "i", "--then-outcome", "t", "--primary-metric", "metrics/buy", "--guardrails",
       R"([{"metric":"metrics/complain","margin":{"value":0.01,"scale":"ABSOLUTE"}}])"}));
  Must(server.Call({"layers", "create", "l"}));
  Must(server.Call(
      {"experiments", "create", "e", "--hypothesis", "hypotheses/h", "--layer", "layers/l",
       "--slot-count", "1000", "--plan", R"({"autoPause":true})", "--variants",
       R"([{"variantId":"a","control":true,"weight":1},{"variantId":"b","weight":1}])"}));
  Must(server.Call({"experiments", "start", "e"}));
}

// 200 units of the variant, of whom the first `complaints` complain.
void Record(const Server& server, const std::string& variant, int complaints) {
  Json exposures = Json::array(), outcomes = Json::array();
  for (int unit = 0; unit < 200; ++unit) {
    const std::string id = variant + std::to_string(unit);
    exposures.push_back({{"experiment", "experiments/e"},
                         {"unitId", id},
                         {"variant", variant},
                         {"occurTime", kStart}});
    if (unit >= complaints) continue;
    outcomes.push_back(
        {{"outcomeId", "o"}, {"unitId", id}, {"event", "events/complain"}, {"occurTime", kStart}});
  }
  Must(server.Call({"measurement", "record-exposures", "--exposures", exposures.dump()}));
  Must(server.Call({"measurement", "record-outcomes", "--outcomes", outcomes.dump()}));
}

TEST(AutoPauseTest, HarmPausesAndAResumeStands) {
  Server server({"--db", ":memory:", "--simulated-clock", kStart});
  StartGuarded(server);
  Record(server, "a", 30);
  Record(server, "b", 150);
  const auto advance = [&](const char* time) {
    Must(server.Call({"server", "advance-clock", "--time", time}));
    return AnswerOf(server.Call({"--json", "experiments", "get", "e"}));
  };
  EXPECT_EQ(advance("2026-03-03T08:00:00Z")["state"], "RUNNING");
  const Json paused = advance("2026-03-05T08:00:00Z");
  EXPECT_EQ(paused["state"], "PAUSED");
  EXPECT_EQ(paused["pauseTime"], "2026-03-05T08:00:00Z");
  EXPECT_EQ(paused["autoPauseVariants"], Json({"b"}));
  Must(server.Call({"experiments", "resume", "e"}));
  EXPECT_EQ(advance("2026-03-06T08:00:00Z")["state"], "RUNNING");
  server.process().Signal(SIGTERM);
  const Finished finished = server.process().Wait();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_THAT(finished.err, HasSubstr("paused experiments/e: b worsens metrics/complain"));
}

}  // namespace
}  // namespace insightloop
