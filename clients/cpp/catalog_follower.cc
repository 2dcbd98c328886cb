// SPDX-License-Identifier: Apache-2.0

#include "clients/cpp/catalog_follower.h"

#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cpp/errors.h"
#include "clients/cpp/waiting.h"
#include "engine/domain/error.h"
#include "engine/domain/experiment.h"
#include "engine/domain/resource.h"

namespace insightloop {

CatalogFollower::CatalogFollower(Client client)
    : client_(std::move(client)), thread_([this] { Run(); }) {}

CatalogFollower::~CatalogFollower() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (stream_ != nullptr) stream_->TryCancel();
  }
  changed_.notify_all();
  thread_.join();
}

void CatalogFollower::Run() {
  Backoff backoff;
  while (true) {
    grpc::ClientContext context;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      stream_ = &context;
    }
    absl::Status broken = FollowOnce(context, backoff);
    const auto until = Until(backoff.After(broken));
    std::unique_lock lock(mutex_);
    stream_ = nullptr;
    broken_ = std::move(broken);
    changed_.wait_until(lock, until, [this] { return stopping_; });
  }
}

absl::Status CatalogFollower::FollowOnce(grpc::ClientContext& context, Backoff& backoff) {
  const auto stub = v1::AssignmentService::NewStub(client_.channel());
  v1::StreamCatalogRequest request;
  request.set_after_revision(catalog_.Current()->revision());
  const auto reader = stub->StreamCatalog(&context, request);
  // What is split over several responses takes effect with the last of them.
  v1::StreamCatalogResponse response, whole;
  while (reader->Read(&response)) {
    backoff.Reset();
    whole.MergeFrom(response);
    if (response.revision() == 0) continue;
    Take(whole);
    whole.Clear();
  }
  const grpc::Status status = reader->Finish();
  if (status.ok()) return absl::UnavailableError("the server ended the stream");
  return FromGrpc(status, client_.options());
}

void CatalogFollower::Take(const v1::StreamCatalogResponse& response) {
  Catalog catalog = response.snapshot() ? Catalog() : Catalog(*catalog_.Current());
  const std::vector<Unreadable> unreadable = TakeOver(response, catalog);
  // Whoever finds nothing in a catalog looks here: told before the catalog says so, and until it
  // no longer does.
  {
    const std::lock_guard lock(mutex_);
    for (const Unreadable& one : unreadable) unreadable_[one.name] = one;
    any_unreadable_.store(!unreadable_.empty(), std::memory_order_release);
  }
  catalog_.Publish(std::move(catalog));
  {
    const std::lock_guard lock(mutex_);
    ForgetReadable(response, unreadable);
    any_unreadable_.store(!unreadable_.empty(), std::memory_order_release);
    broken_ = absl::OkStatus();
    ready_.store(true, std::memory_order_release);
  }
  changed_.notify_all();
}

void CatalogFollower::ForgetReadable(const v1::StreamCatalogResponse& response,
                                     const std::vector<Unreadable>& still) {
  std::set<std::string> told(response.removed().begin(), response.removed().end());
  if (response.has_programme()) told.insert(response.programme().name());
  for (const auto& message : response.unit_types()) told.insert(message.name());
  for (const auto& message : response.attributes()) told.insert(message.name());
  for (const auto& message : response.layers()) told.insert(message.name());
  for (const auto& message : response.experiments()) told.insert(message.name());
  for (const Unreadable& one : still) told.erase(one.name);
  if (response.snapshot()) unreadable_.clear();
  for (const std::string& name : told) unreadable_.erase(name);
  for (const Unreadable& one : still) unreadable_[one.name] = one;
}

absl::Status CatalogFollower::WaitUntilReady(absl::Duration timeout) const {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, Until(timeout), [this] { return is_ready(); })) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kDeadlineExceeded,
                   absl::StrCat("no catalog from ", client_.options().target, " within ",
                                absl::FormatDuration(timeout), "; ",
                                broken_.ok() ? "allow more time" : broken_.message()),
                   {.reason = "NO_CATALOG"});
}

absl::Status CatalogFollower::Check() const {
  const std::lock_guard lock(mutex_);
  if (!broken_.ok() || unreadable_.empty()) return broken_;
  const auto& [name, one] = *unreadable_.begin();
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat(unreadable_.size(), " definitions cannot be read, such as ", name, ": ",
                   one.why.message(), "; update this library to the server's version"),
      {.reason = "UNREADABLE_DEFINITION", .resource = name});
}

bool CatalogFollower::HangsOnUnreadable(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  // An experiment concerns itself and its layer; all else may concern anybody.
  return std::any_of(unreadable_.begin(), unreadable_.end(), [&](const auto& entry) {
    return CollectionOf(entry.first) != Experiment::kCollection || entry.first == name ||
           entry.second.layer == name;
  });
}

}  // namespace insightloop
