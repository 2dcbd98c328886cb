// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/call.h"

#include <grpc/grpc.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "clients/cli/errors.h"
#include "clients/cli/interrupt.h"

namespace insightloop::cli {
namespace {

// How often a waiting call looks whether the user gave up.
constexpr std::chrono::milliseconds kInterruptPoll(50);

// Keeps gRPC up until the process ends. Shutting it down with the last channel may wait ten seconds
// for a poll of its own, which a command of half a second would notice.
void KeepGrpc() {
  static const bool kept = [] {
    grpc_init();
    return true;
  }();
  (void)kept;
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target) {
  KeepGrpc();
  grpc::ChannelArguments arguments;
  // The retries are ours: gRPC's own would hide a refused connection for a second and more.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // A verdict with many segments may be large, and it is ours alone.
  arguments.SetMaxReceiveMessageSize(256 << 20);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

struct Caller::Attempt {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message) {
  grpc::Slice slice(message.ByteSizeLong());
  // A new slice has no other owner yet, so its bytes may be written.
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
  return {&slice, 1};
}

absl::Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message) {
  grpc::Slice slice;
  std::vector<grpc::Slice> slices;
  bool parsed = false;
  if (bytes.TrySingleSlice(&slice).ok()) {
    parsed = message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  } else if (bytes.Dump(&slices).ok()) {
    std::string whole;
    whole.reserve(bytes.Length());
    for (const grpc::Slice& part : slices) {
      whole.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
    parsed = message.ParseFromString(whole);
  }
  if (parsed) return absl::OkStatus();
  return absl::InternalError("the server's answer is not what the contract says");
}

std::chrono::milliseconds RetryPause(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const long long pause = std::min(100LL << std::min(attempt - 1, 10), 2000LL);
  std::uniform_int_distribution<long long> jitter(0, pause / 5);
  return std::chrono::milliseconds(pause + jitter(random));
}

Caller::Caller(std::string target, std::chrono::milliseconds timeout)
    : target_(std::move(target)), timeout_(timeout), stub_(MakeChannel(target_)) {}

std::shared_ptr<Caller::Attempt> Caller::Start(const std::string& path,
                                               const grpc::ByteBuffer& request,
                                               std::chrono::system_clock::time_point deadline,
                                               Done done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->context.set_deadline(deadline);
  attempt->request = request;
  // The callback must not own the attempt: its context owns a share of the channel, and the last
  // share must not be given back on a thread that the channel waits for.
  stub_.UnaryCall(&attempt->context, path, grpc::StubOptions(), &attempt->request,
                  &attempt->response,
                  [done = std::move(done)](grpc::Status status) { done(status); });
  return attempt;
}

void Caller::Cancel(Attempt& attempt) { attempt.context.TryCancel(); }

const grpc::ByteBuffer& Caller::Response(const Attempt& attempt) { return attempt.response; }

absl::Status Caller::Call(const std::string& path, const google::protobuf::MessageLite& request,
                          google::protobuf::MessageLite& response) {
  const grpc::ByteBuffer bytes = Serialize(request);
  const auto deadline = std::chrono::system_clock::now() + timeout_;
  for (int number = 1;; ++number) {
    struct Wait {
      std::mutex mutex;
      std::condition_variable changed;
      bool done = false;
      grpc::Status status;
    };
    auto wait = std::make_shared<Wait>();
    const auto attempt = Start(path, bytes, deadline, [wait](const grpc::Status& status) {
      const std::lock_guard lock(wait->mutex);
      wait->status = status;
      wait->done = true;
      wait->changed.notify_all();
    });
    {
      std::unique_lock lock(wait->mutex);
      while (!wait->changed.wait_for(lock, kInterruptPoll, [&] { return wait->done; })) {
        if (Interrupted()) Cancel(*attempt);
      }
    }
    if (Interrupted()) return InterruptedError();
    if (wait->status.ok()) return Parse(Response(*attempt), response);
    const auto pause = RetryDelay(wait->status).value_or(RetryPause(number));
    const bool again = wait->status.error_code() == grpc::StatusCode::UNAVAILABLE &&
                       number < kAttempts && std::chrono::system_clock::now() + pause < deadline;
    if (!again) return FromGrpc(wait->status, target_, timeout_);
    const auto until = std::chrono::steady_clock::now() + pause;
    while (std::chrono::steady_clock::now() < until && !Interrupted()) {
      std::this_thread::sleep_for(std::min(pause, kInterruptPoll));
    }
    if (Interrupted()) return InterruptedError();
  }
}

}  // namespace insightloop::cli
