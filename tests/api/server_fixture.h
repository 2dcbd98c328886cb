// SPDX-License-Identifier: Apache-2.0
//
// A whole server on a database that does not last, called over TCP as any client would. Requests
// and answers are written as JSON, so that a test shows what goes over the wire.

#ifndef INSIGHTLOOP_TESTS_API_SERVER_FIXTURE_H_
#define INSIGHTLOOP_TESTS_API_SERVER_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "api/simulated_clock.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"
#include "engine/domain/limits.h"
#include "engine/ports/clock.h"

namespace grpc {
class Channel;
}

namespace insightloop::testing {
class FaultyFactLog;
}

namespace insightloop::api {

class Server;

// What a call came back with.
struct Reply {
  std::string code;               // such as `OK` or `INVALID_ARGUMENT`
  std::string message;            // of an error
  ErrorDetails details;           // of an error: reason, metadata, violations, resource, delay
  bool has_precondition = false;  // whether PreconditionFailure came along
  Json body;                      // of a success

  std::string operator[](const char* key) const { return body.value(key, ""); }
};
std::ostream& operator<<(std::ostream& os, const Reply& reply);

class ServerTest : public ::testing::Test {
 protected:
  // 2026-03-01T00:00:00Z
  static constexpr Time kStart{1'772'323'200'000'000};

  explicit ServerTest(bool simulated = true, const Limits& limits = {});
  ~ServerTest() override;

  // Calls `method`, such as `InsightService/GetInsight`, of the contract.
  Reply Call(const std::string& method, const Json& request, int deadline_seconds = 30);

  // Makes what an experiment rests on: insights/why, events/purchase (MONEY), events/visit (NONE),
  // events/nps (SCORE), attributes/country, attributes/age, metrics/revenue, hypotheses/h,
  // layers/site.
  void MakeDefinitions();
  // Makes experiments/{id} over those, with the variants `control` and `treatment`.
  void MakeExperiment(const std::string& id);

  Server& server() { return *server_; }
  SimulatedClock& clock() { return clock_; }
  testing::FaultyFactLog& fact_log();  // which is sound until it is told otherwise
  std::shared_ptr<grpc::Channel> channel() { return channel_; }

 private:
  struct Rooms;
  SimulatedClock clock_{kStart};
  std::unique_ptr<Rooms> rooms_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Checks that a call failed so, and that its details hold together: a domain, a message that tells
// the remedy, and for an invalid field its name.
void ExpectError(const Reply& reply, const std::string& code, const std::string& reason,
                 const std::string& field, const std::string& message_part);

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_TESTS_API_SERVER_FIXTURE_H_
