// SPDX-License-Identifier: Apache-2.0
//
// AssignmentService.StreamCatalog: the catalog on its way to those who assign elsewhere.
//
// A stream costs no thread. One thread writes for all of them: after a publication it finds the
// streams with no write under way, encodes once what those of one revision lack, and starts their
// writes. A stream whose write is under way gets what has come together meanwhile when that is
// done, so that a slow receiver slows nobody and is sent no change twice.

#ifndef INSIGHTLOOP_API_SERVICES_CATALOG_STREAM_H_
#define INSIGHTLOOP_API_SERVICES_CATALOG_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/executor.h"
#include "api/gate.h"
#include "engine/assignment/catalog_holder.h"
#include "insightloop/v1/assignment.pb.h"

namespace insightloop::api {

// The responses that tell of `changes`, each of at most `max_bytes` where the single items allow
// it; at least one. What others refer to comes before them. Error: kInternal, as ToProto.
absl::StatusOr<std::vector<v1::StreamCatalogResponse>> ToResponses(const CatalogChanges& changes,
                                                                   std::size_t max_bytes);

// Safe for concurrent calls.
class CatalogStreams {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::StreamCatalogResponse>;

  // Both outlive this object, which outlives its streams.
  CatalogStreams(Gate& gate, CatalogHolder& catalog);
  ~CatalogStreams();
  CatalogStreams(const CatalogStreams&) = delete;
  CatalogStreams& operator=(const CatalogStreams&) = delete;

  // Begins a stream. It ends when the caller goes away or the gate ends all streams.
  //
  // Errors, told to the caller: kInvalidArgument (NEGATIVE_REVISION), kResourceExhausted
  // (TOO_MANY_STREAMS), kUnavailable (SERVER_STOPPING).
  Reactor* StreamCatalog(Gate::Context* context, const v1::StreamCatalogRequest* request);

 private:
  class Stream;
  using Responses = std::shared_ptr<const std::vector<v1::StreamCatalogResponse>>;

  absl::StatusOr<Reactor*> Begin(std::int64_t after);
  // Has WriteChanges run soon. `mutex_` is held.
  void Schedule();
  // Starts the writes of all streams that lack something and have none under way.
  void WriteChanges();
  absl::StatusOr<Responses> Encode(const CatalogChanges& changes) const;
  // Goes on with a stream that is busy: ends it, starts its next write, or lets go of it. `ok`:
  // whether the write before succeeded.
  void Proceed(Stream& stream, bool ok);
  // Notes that the stream is to end. True: nobody is at it, and the caller must Finish() it.
  // `mutex_` is held.
  static bool Claim(Stream& stream, const absl::Status& status);
  void Cancel(Stream& stream);
  void EndAll();
  void Finish(Stream& stream, const absl::Status& status) const;
  void Forget(Stream& stream);

  Gate& gate_;
  CatalogHolder& catalog_;
  std::int64_t subscription_ = 0;
  std::mutex mutex_;  // guards what follows, and the streams; not held during calls of gRPC
  absl::flat_hash_map<const Stream*, std::unique_ptr<Stream>> streams_;
  bool scheduled_ = false;  // whether WriteChanges waits for its thread
  bool stopping_ = false;
  Executor writer_;  // ends before all that its work uses
};

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_SERVICES_CATALOG_STREAM_H_
