// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/batch_sender.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "clients/cli/errors.h"
#include "clients/cli/interrupt.h"

namespace insightloop::cli {
namespace {

constexpr int kBatchAttempts = 10;
constexpr std::chrono::milliseconds kPoll(50);

bool IsRetryable(grpc::StatusCode code) {
  return code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

}  // namespace

struct BatchSender::Batch {
  grpc::ByteBuffer request;
  OnResponse on_response;
  int attempts = 0;
  std::chrono::steady_clock::time_point retry_at;
  std::shared_ptr<Caller::Attempt> attempt;
  grpc::Status status;  // of the last attempt
};

// What gRPC's threads touch.
struct BatchSender::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Batch>> running;   // guarded by mutex
  std::vector<std::shared_ptr<Batch>> answered;  // guarded by mutex
  std::vector<std::shared_ptr<Batch>> waiting;   // for a retry; only the sending thread
};

BatchSender::BatchSender(Caller& caller, std::string path, int in_flight)
    : caller_(caller),
      path_(std::move(path)),
      in_flight_(in_flight),
      shared_(std::make_shared<Shared>()) {}

BatchSender::~BatchSender() {
  std::unique_lock lock(shared_->mutex);
  for (const auto& batch : shared_->running) {
    if (batch->attempt != nullptr) Caller::Cancel(*batch->attempt);
  }
  shared_->changed.wait(lock, [this] { return shared_->running.empty(); });
  // A callback may still hold what is shared for a moment; it must not be the last to hold a batch.
  shared_->answered.clear();
  shared_->waiting.clear();
}

void BatchSender::StartAttempt(const std::shared_ptr<Batch>& batch) {
  ++batch->attempts;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->running.push_back(batch);
  }
  // The callback owns no batch: see Caller::Start.
  auto attempt = caller_.Start(
      path_, batch->request, std::chrono::system_clock::now() + caller_.timeout(),
      [shared = shared_, started = batch.get()](const grpc::Status& status) {
        const std::lock_guard lock(shared->mutex);
        auto& running = shared->running;
        const auto found = std::find_if(running.begin(), running.end(),
                                        [&](const auto& other) { return other.get() == started; });
        started->status = status;
        shared->answered.push_back(std::move(*found));
        running.erase(found);
        shared->changed.notify_all();
      });
  const std::lock_guard lock(shared_->mutex);
  batch->attempt = std::move(attempt);
}

absl::Status BatchSender::Handle(const std::shared_ptr<Batch>& batch) {
  if (batch->status.ok()) {
    --open_;
    return batch->on_response(Caller::Response(*batch->attempt));
  }
  if (IsRetryable(batch->status.error_code()) && batch->attempts < kBatchAttempts) {
    const auto pause = RetryDelay(batch->status).value_or(RetryPause(batch->attempts));
    batch->retry_at = std::chrono::steady_clock::now() + pause;
    shared_->waiting.push_back(batch);
    return absl::OkStatus();
  }
  --open_;
  return FromGrpc(batch->status, caller_.target(), caller_.timeout());
}

absl::Status BatchSender::WaitUntil(int allowed) {
  while (failed_.ok() && open_ > allowed) {
    std::vector<std::shared_ptr<Batch>> answered;
    {
      std::unique_lock lock(shared_->mutex);
      shared_->changed.wait_for(lock, kPoll, [this] { return !shared_->answered.empty(); });
      answered.swap(shared_->answered);
    }
    if (Interrupted()) {
      failed_ = InterruptedError();
      break;
    }
    for (const auto& batch : answered) {
      const absl::Status handled = Handle(batch);
      if (failed_.ok()) failed_ = handled;
    }
    const auto now = std::chrono::steady_clock::now();
    auto& waiting = shared_->waiting;
    for (std::size_t i = 0; i < waiting.size();) {
      if (waiting[i]->retry_at > now) {
        ++i;
        continue;
      }
      const auto batch = waiting[i];
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
      StartAttempt(batch);
    }
  }
  return failed_;
}

absl::Status BatchSender::Send(grpc::ByteBuffer request, OnResponse on_response) {
  const absl::Status waited = WaitUntil(in_flight_ - 1);
  if (!waited.ok()) return waited;
  auto batch = std::make_shared<Batch>();
  batch->request = std::move(request);
  batch->on_response = std::move(on_response);
  ++open_;
  StartAttempt(batch);
  return absl::OkStatus();
}

absl::Status BatchSender::Finish() { return WaitUntil(0); }

}  // namespace insightloop::cli
