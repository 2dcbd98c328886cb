// SPDX-License-Identifier: Apache-2.0
//
// Keeps a catalog like a server's: follows its stream on a thread of its own, connects again when
// the stream breaks, and goes on from the last revision.

#ifndef INSIGHTLOOP_CLIENTS_CPP_CATALOG_FOLLOWER_H_
#define INSIGHTLOOP_CLIENTS_CPP_CATALOG_FOLLOWER_H_

#include <grpcpp/client_context.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cpp/backoff.h"
#include "clients/cpp/client.h"
#include "clients/cpp/wire_catalog.h"
#include "engine/assignment/catalog_holder.h"
#include "insightloop/v1/assignment.pb.h"

namespace insightloop {

// Safe for concurrent calls.
class CatalogFollower {
 public:
  explicit CatalogFollower(Client client);
  ~CatalogFollower();  // does not wait for the server
  CatalogFollower(const CatalogFollower&) = delete;
  CatalogFollower& operator=(const CatalogFollower&) = delete;

  // Empty until there was a snapshot.
  const CatalogHolder& catalog() const { return catalog_; }
  bool is_ready() const { return ready_.load(std::memory_order_acquire); }

  // Waits for the first snapshot. Error: kDeadlineExceeded, with what is in the way.
  absl::Status WaitUntilReady(absl::Duration timeout) const;

  // Why the catalog may be behind or incomplete: what broke the stream, or what cannot be read. OK
  // when neither.
  absl::Status Check() const;

  // Whether an answer for `name`, an experiment or a layer, may hang on what cannot be read. Takes
  // no lock where everything can be read.
  bool IsUnreadable(std::string_view name) const {
    return any_unreadable_.load(std::memory_order_acquire) && HangsOnUnreadable(name);
  }

 private:
  void Run();
  // One stream, to its end; always an error.
  absl::Status FollowOnce(grpc::ClientContext& context, Backoff& backoff);
  void Take(const v1::StreamCatalogResponse& response);
  bool HangsOnUnreadable(std::string_view name) const;
  // Needs the lock.
  void ForgetReadable(const v1::StreamCatalogResponse& response,
                      const std::vector<Unreadable>& still);

  const Client client_;
  CatalogHolder catalog_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> any_unreadable_{false};

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  grpc::ClientContext* stream_ = nullptr;                      // the one under way
  absl::Status broken_;                                        // why the stream ended last
  std::map<std::string, Unreadable, std::less<>> unreadable_;  // by name

  std::thread thread_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_CLIENTS_CPP_CATALOG_FOLLOWER_H_
