// SPDX-License-Identifier: Apache-2.0
//
// Sends batches of rows with several calls under way at once, so that the next batch is built while
// others travel. A batch refused because the server is busy or away is sent again: rows that it has
// already taken count as duplicates.

#ifndef INSIGHTLOOP_CLIENTS_CLI_BATCH_SENDER_H_
#define INSIGHTLOOP_CLIENTS_CLI_BATCH_SENDER_H_

#include <grpcpp/support/byte_buffer.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "clients/cli/call.h"

namespace insightloop::cli {

class BatchSender {
 public:
  // Runs with a batch's response on the thread that called Send or Finish; an error stops sending.
  using OnResponse = std::function<absl::Status(const grpc::ByteBuffer& response)>;

  // At most `in_flight` batches of the method with this path are under way at once.
  BatchSender(Caller& caller, std::string path, int in_flight);
  ~BatchSender();  // cancels what is under way and waits for it
  BatchSender(const BatchSender&) = delete;
  BatchSender& operator=(const BatchSender&) = delete;

  // Starts a batch; waits first while too many are under way. Not for concurrent use.
  //
  // Errors: the first error of any batch so far, also of a response; kCancelled after Ctrl-C.
  absl::Status Send(grpc::ByteBuffer request, OnResponse on_response);

  // Waits until no batch is under way. Errors: as Send.
  absl::Status Finish();

 private:
  struct Batch;
  struct Shared;

  void StartAttempt(const std::shared_ptr<Batch>& batch);
  // Handles finished batches and due retries until at most `allowed` batches are under way.
  absl::Status WaitUntil(int allowed);
  absl::Status Handle(const std::shared_ptr<Batch>& batch);

  Caller& caller_;
  const std::string path_;
  const int in_flight_;
  std::shared_ptr<Shared> shared_;
  int open_ = 0;  // batches neither answered nor given up
  absl::Status failed_;
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_BATCH_SENDER_H_
