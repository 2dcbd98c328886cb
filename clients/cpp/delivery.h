// SPDX-License-Identifier: Apache-2.0
//
// Keeps exposures and outcomes in bounded memory and delivers them in batches, on a thread of its
// own: a batch is sent until it is acknowledged. The server recognises rows that it has already, so
// each counts once.

#ifndef INSIGHTLOOP_CLIENTS_CPP_DELIVERY_H_
#define INSIGHTLOOP_CLIENTS_CPP_DELIVERY_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cpp/backoff.h"
#include "clients/cpp/client.h"
#include "clients/cpp/local_evaluator.h"
#include "insightloop/v1/measurement.grpc.pb.h"

namespace insightloop {

// Safe for concurrent calls.
class Delivery {
 public:
  Delivery(Client client, LocalEvaluatorOptions options);
  ~Delivery();  // as LocalEvaluator's
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // Buffers all of them or none. Errors: as LocalEvaluator's.
  absl::Status Add(std::vector<v1::Exposure> exposures);
  absl::Status Add(v1::Outcome outcome);

  absl::Status Flush(absl::Duration timeout);
  DeliveryCounts counts() const;

 private:
  // The two kinds of rows, and how they travel.
  struct Exposures {
    using Row = v1::Exposure;
    using Request = v1::RecordExposuresRequest;
    using Response = v1::RecordExposuresResponse;
    static constexpr auto kMethod = static_cast<grpc::Status (v1::MeasurementService::Stub::*)(
        grpc::ClientContext*, const Request&, Response*)>(
        &v1::MeasurementService::Stub::RecordExposures);
    static auto& Rows(Request& request) { return *request.mutable_exposures(); }
  };
  struct Outcomes {
    using Row = v1::Outcome;
    using Request = v1::RecordOutcomesRequest;
    using Response = v1::RecordOutcomesResponse;
    static constexpr auto kMethod = static_cast<grpc::Status (v1::MeasurementService::Stub::*)(
        grpc::ClientContext*, const Request&, Response*)>(
        &v1::MeasurementService::Stub::RecordOutcomes);
    static auto& Rows(Request& request) { return *request.mutable_outcomes(); }
  };
  // Rows of a kind in the order in which they came.
  template <class Kind>
  struct Queue {
    std::deque<typename Kind::Row> waiting;
    std::int64_t added = 0;
    std::int64_t settled = 0;  // delivered or rejected
  };

  template <class Kind>
  absl::Status Enqueue(Queue<Kind>& queue, std::vector<typename Kind::Row> rows);
  // These need the lock.
  std::size_t WaitingRows() const;
  std::int64_t Unsettled() const;

  // The thread.
  void Run();
  // Delivers all of a queue; false when stopped meanwhile.
  template <class Kind>
  bool Deliver(Queue<Kind>& queue);
  template <class Kind>
  typename Kind::Request NextBatch(Queue<Kind>& queue);
  // One attempt.
  template <class Kind>
  absl::Status Send(const typename Kind::Request& request, typename Kind::Response& response);
  // Waits after a failed attempt; false when stopped meanwhile.
  bool Pause(const absl::Status& failed);
  // Counts what became of a batch, and tells of rejected rows.
  template <class Kind>
  void Settle(Queue<Kind>& queue, typename Kind::Request& request,
              const typename Kind::Response& response);

  const Client client_;
  const LocalEvaluatorOptions options_;
  const std::unique_ptr<v1::MeasurementService::Stub> stub_;
  Backoff backoff_;  // the thread's

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Queue<Exposures> exposures_;
  Queue<Outcomes> outcomes_;
  std::size_t bytes_ = 0;                         // of all rows that are not settled
  std::chrono::steady_clock::time_point due_at_;  // when rows have waited long enough
  DeliveryCounts counts_;                         // but for `buffered`
  int flushing_ = 0;                              // calls of Flush() under way
  bool stopping_ = false;
  grpc::ClientContext* call_ = nullptr;  // the one under way
  absl::Status failed_;                  // why the last attempt failed; OK when it did not

  std::thread thread_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_CLIENTS_CPP_DELIVERY_H_
