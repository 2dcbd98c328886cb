// SPDX-License-Identifier: Apache-2.0
//
// A server in the test's own process that answers as the test says, and can go away and come back
// under the same address.

#ifndef INSIGHTLOOP_TESTS_CLIENTS_CPP_FAKE_SERVER_H_
#define INSIGHTLOOP_TESTS_CLIENTS_CPP_FAKE_SERVER_H_

#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "insightloop/v1/assignment.grpc.pb.h"
#include "insightloop/v1/experiment.grpc.pb.h"
#include "insightloop/v1/measurement.grpc.pb.h"
#include "insightloop/v1/server.grpc.pb.h"

namespace insightloop::testing {

template <class Message>
Message FromJsonText(const std::string& text) {
  Message message;
  const auto parsed = google::protobuf::util::JsonStringToMessage(text, &message);
  EXPECT_TRUE(parsed.ok()) << parsed.ToString() << " in " << text;
  return message;
}

// An error with the details that the server gives.
inline grpc::Status Failure(grpc::StatusCode code, const std::string& reason,
                            std::chrono::milliseconds retry_delay = {}) {
  google::rpc::Status rich;
  rich.set_code(code);
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  rich.add_details()->PackFrom(info);
  if (retry_delay.count() > 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(retry_delay.count()) *
                                           1'000'000);
    rich.add_details()->PackFrom(retry);
  }
  return {code, "it is said so", rich.SerializeAsString()};
}

// What the test and the services share.
struct Script {
  // Runs for the nth call of a method, such as `Assign`, from 1: before it does anything, and after
  // it has done all.
  std::function<grpc::Status(const std::string&method, int call)> before, after;

  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::map<std::string, int> calls;                          // by method
  std::vector<std::string> order;                            // the methods as they were called
  std::vector<std::chrono::steady_clock::time_point> times;  // likewise
  std::vector<std::string> request_ids;                      // of PauseExperiment
  std::vector<v1::StreamCatalogResponse> catalog;            // what streams tell
  std::vector<std::int64_t> streams;                         // the revisions that they begin after
  std::vector<v1::Exposure> exposures;                       // new ones
  std::vector<v1::Outcome> outcomes;
  std::set<std::string> known;  // facts as they are on the wire
  bool stopping = false;

  grpc::Status Begin(const std::string& method) {
    int call = 0;
    {
      const std::lock_guard lock(mutex);
      call = ++calls[method];
      order.push_back(method);
      times.push_back(std::chrono::steady_clock::now());
    }
    changed.notify_all();
    return before ? before(method, call) : grpc::Status::OK;
  }
  grpc::Status End(const std::string& method) {
    int call = 0;
    {
      const std::lock_guard lock(mutex);
      call = calls[method];
    }
    return after ? after(method, call) : grpc::Status::OK;
  }
  int CallsOf(const std::string& method) {
    const std::lock_guard lock(mutex);
    return calls[method];
  }
  template <class Predicate>
  bool WaitFor(Predicate predicate) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), predicate);
  }
  // Tells it to every stream.
  void Tell(const std::string& json) {
    {
      const std::lock_guard lock(mutex);
      catalog.push_back(FromJsonText<v1::StreamCatalogResponse>(json));
    }
    changed.notify_all();
  }
  template <class Row>
  v1::RowFate FateOf(const Row& row, std::vector<Row>& kept) {
    v1::RowFate fate;
    const std::lock_guard lock(mutex);
    if (row.unit_id() == "unknown") {
      fate.set_fate(v1::RowFate::REJECTED);
      fate.set_reason("BAD_UNIT");
    } else if (!known.insert(row.SerializeAsString()).second) {
      fate.set_fate(v1::RowFate::DUPLICATE);
    } else {
      fate.set_fate(v1::RowFate::ACCEPTED);
      kept.push_back(row);
    }
    return fate;
  }
};

class FakeServer {
 public:
  FakeServer() { Start(); }
  ~FakeServer() { Stop(); }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }
  Script& script() { return script_; }

  void Start() {
    {
      const std::lock_guard lock(script_.mutex);
      script_.stopping = false;
    }
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target(), grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&assignment_);
    builder.RegisterService(&experiments_);
    builder.RegisterService(&measurement_);
    builder.RegisterService(&server_service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void Stop() {
    if (server_ == nullptr) return;
    {
      const std::lock_guard lock(script_.mutex);
      script_.stopping = true;
    }
    script_.changed.notify_all();
    server_->Shutdown(std::chrono::system_clock::now());
    server_ = nullptr;
  }

 private:
  class Assignments : public v1::AssignmentService::Service {
   public:
    explicit Assignments(Script& script) : script_(script) {}
    grpc::Status Assign(grpc::ServerContext* /*context*/, const v1::AssignRequest* request,
                        v1::AssignResponse* response) override {
      response->set_experiment(request->experiment());
      response->set_variant("control");
      return script_.Begin("Assign");
    }
    grpc::Status StreamCatalog(grpc::ServerContext* context,
                               const v1::StreamCatalogRequest* request,
                               grpc::ServerWriter<v1::StreamCatalogResponse>* writer) override {
      if (grpc::Status status = script_.Begin("StreamCatalog"); !status.ok()) return status;
      std::unique_lock lock(script_.mutex);
      script_.streams.push_back(request->after_revision());
      script_.changed.notify_all();
      std::size_t next = 0;
      while (next < script_.catalog.size() &&
             script_.catalog[next].revision() <= request->after_revision() &&
             request->after_revision() > 0) {
        ++next;
      }
      while (!script_.stopping && !context->IsCancelled()) {
        if (next == script_.catalog.size()) {
          script_.changed.wait_for(lock, std::chrono::milliseconds(5));
          continue;
        }
        const v1::StreamCatalogResponse response = script_.catalog[next++];
        lock.unlock();
        writer->Write(response);
        lock.lock();
      }
      return Failure(grpc::StatusCode::UNAVAILABLE, "SERVER_STOPPING");
    }

   private:
    Script& script_;
  };

  class Experiments : public v1::ExperimentService::Service {
   public:
    explicit Experiments(Script& script) : script_(script) {}
    grpc::Status PauseExperiment(grpc::ServerContext* /*context*/,
                                 const v1::PauseExperimentRequest* request,
                                 v1::Experiment* response) override {
      response->set_name(request->name());
      {
        const std::lock_guard lock(script_.mutex);
        script_.request_ids.push_back(request->request_id());
      }
      return script_.Begin("PauseExperiment");
    }

   private:
    Script& script_;
  };

  class Measurement : public v1::MeasurementService::Service {
   public:
    explicit Measurement(Script& script) : script_(script) {}
    grpc::Status RecordExposures(grpc::ServerContext* /*context*/,
                                 const v1::RecordExposuresRequest* request,
                                 v1::RecordExposuresResponse* response) override {
      if (grpc::Status status = script_.Begin("RecordExposures"); !status.ok()) return status;
      for (const v1::Exposure& row : request->exposures()) {
        *response->add_fates() = script_.FateOf(row, script_.exposures);
      }
      return script_.End("RecordExposures");
    }
    grpc::Status RecordOutcomes(grpc::ServerContext* /*context*/,
                                const v1::RecordOutcomesRequest* request,
                                v1::RecordOutcomesResponse* response) override {
      if (grpc::Status status = script_.Begin("RecordOutcomes"); !status.ok()) return status;
      for (const v1::Outcome& row : request->outcomes()) {
        *response->add_fates() = script_.FateOf(row, script_.outcomes);
      }
      return script_.End("RecordOutcomes");
    }

   private:
    Script& script_;
  };

  class ServerService : public v1::ServerService::Service {
   public:
    explicit ServerService(Script& script) : script_(script) {}
    grpc::Status AdvanceClock(grpc::ServerContext* /*context*/,
                              const v1::AdvanceClockRequest* /*request*/,
                              v1::ServerInfo* /*response*/) override {
      return script_.Begin("AdvanceClock");
    }

   private:
    Script& script_;
  };

  Script script_;
  Assignments assignment_{script_};
  Experiments experiments_{script_};
  Measurement measurement_{script_};
  ServerService server_service_{script_};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_CLIENTS_CPP_FAKE_SERVER_H_
