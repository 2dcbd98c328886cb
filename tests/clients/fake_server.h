// SPDX-License-Identifier: Apache-2.0
//
// A server in the test's own process that answers two services as the test says.

#ifndef INSIGHTLOOP_TESTS_CLIENTS_FAKE_SERVER_H_
#define INSIGHTLOOP_TESTS_CLIENTS_FAKE_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "insightloop/v1/insight.grpc.pb.h"
#include "insightloop/v1/measurement.grpc.pb.h"

namespace insightloop::cli {

class FakeServer {
 public:
  FakeServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&insights);
    builder.RegisterService(&measurement);
    server_ = builder.BuildAndStart();
  }
  ~FakeServer() { server_->Shutdown(); }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

  class Insights : public v1::InsightService::Service {
   public:
    // Runs for the nth call, from 1.
    std::function<grpc::Status(int, v1::Insight*)> answer;
    int calls = 0;

    grpc::Status GetInsight(grpc::ServerContext* /*context*/, const v1::GetInsightRequest* request,
                            v1::Insight* response) override {
      response->set_name(request->name());
      return answer(++calls, response);
    }
  };

  class Measurement : public v1::MeasurementService::Service {
   public:
    std::function<grpc::Status(int)> before = [](int) { return grpc::Status::OK; };

    // All that were sent.
    std::vector<v1::Outcome> outcomes() {
      const std::lock_guard lock(mutex_);
      return outcomes_;
    }

    grpc::Status RecordOutcomes(grpc::ServerContext* /*context*/,
                                const v1::RecordOutcomesRequest* request,
                                v1::RecordOutcomesResponse* response) override {
      const std::lock_guard lock(mutex_);
      const grpc::Status refused = before(++calls_);
      if (!refused.ok()) return refused;
      for (const v1::Outcome& outcome : request->outcomes()) {
        outcomes_.push_back(outcome);
        v1::RowFate& fate = *response->add_fates();
        if (outcome.unit_id() == "unknown") {
          fate.set_fate(v1::RowFate::REJECTED);
          fate.set_reason("BAD_UNIT");
          fate.set_detail("the unit is unknown");
        } else {
          fate.set_fate(v1::RowFate::ACCEPTED);
        }
      }
      return grpc::Status::OK;
    }

   private:
    std::mutex mutex_;
    int calls_ = 0;                      // guarded by mutex_
    std::vector<v1::Outcome> outcomes_;  // guarded by mutex_
  };

  Insights insights;
  Measurement measurement;

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_TESTS_CLIENTS_FAKE_SERVER_H_
