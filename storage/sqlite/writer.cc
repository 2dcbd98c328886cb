// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/writer.h"

#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/await.h"
#include "engine/domain/error.h"

namespace insightloop::storage {
namespace {

// 8 MiB of log: long enough that pages written again and again are moved once, short enough that a
// start after a crash, which reads the log, takes no time, and that groups do not wait long while
// it is moved: of 16 MiB up to 0.15 s on a slow disk, and whoever sends steadily twice that.
constexpr int kCheckpointPages = 2'048;

absl::Status StoreFailed(const absl::Status& cause) {
  return MakeError(
      absl::StatusCode::kUnavailable,
      absl::StrCat("the store has stopped after an error, and whether the last rows were "
                   "stored is unknown: restart the server, then send them again; ",
                   cause.message()),
      {.reason = "STORE_FAILED", .metadata = {{"cause", DetailsOf(cause).reason}}});
}

}  // namespace

absl::Status StoreClosed() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "the store has shut down: call again when the server is back",
                   {.reason = "STORE_CLOSED"});
}

Writer::Writer(std::unique_ptr<Connection> connection, OnFailure on_failure)
    : on_failure_(std::move(on_failure)),
      connection_(std::move(connection)),
      checkpoint_at_(kCheckpointPages),
      thread_([this] { Loop(); }),
      thread_id_(thread_.get_id()) {}

Writer::~Writer() { Shutdown(); }

void Writer::Start(Lane lane, Work work, Done done) {
  absl::Status refusal;
  {
    const std::lock_guard lock(mutex_);
    refusal = !refusal_.ok() ? refusal_ : stopping_ ? StoreClosed() : absl::OkStatus();
    if (refusal.ok()) {
      Group& queue = lane == Lane::kResources ? resources_ : facts_;
      queue.push_back({.work = std::move(work), .done = std::move(done)});
    }
  }
  if (!refusal.ok()) return done(refusal);
  wake_.notify_one();
}

absl::Status Writer::Run(Lane lane, Work work) {
  if (std::this_thread::get_id() == thread_id_) {
    return MakeError(absl::StatusCode::kInternal, "a write inside a write would wait for itself",
                     {.reason = "STORE_INTERNAL"});
  }
  return Wait(lane, std::move(work));
}

absl::Status Writer::CheckpointAndTruncate() { return Wait(Lane::kResources, /*work=*/{}); }

absl::Status Writer::Wait(Lane lane, Work work) {
  return Await<absl::Status>([&](Done done) { Start(lane, std::move(work), std::move(done)); });
}

std::size_t Writer::waiting() const {
  const std::lock_guard lock(mutex_);
  return resources_.size() + facts_.size();
}

void Writer::Shutdown() {
  std::call_once(joined_, [this] {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      wake_.notify_one();
    }
    thread_.join();
  });
}

void Writer::Loop() {
  absl::Status refusal;  // as refusal_
  const auto fail = [&](const absl::Status& cause, const Group& waiting) {
    refusal = Refuse(cause);
    Answer(waiting, refusal);
    if (on_failure_) on_failure_(refusal);
  };
  while (true) {
    Group group = TakeGroup();  // gone before the next is waited for, with all that it holds on to
    if (group.empty()) break;
    if (!refusal.ok()) {  // queued just before the failure
      Answer(group, refusal);
      continue;
    }
    connection_->ClearFailure();
    const Failure result = RunGroup(group);
    if (result.trouble == Trouble::kBroken) {
      fail(result.status, group);
      continue;
    }
    for (Job& job : group) {
      if (!job.work) job.status = connection_->CheckpointAndTruncate();
    }
    if (connection_->failure().trouble == Trouble::kBroken) {
      fail(connection_->failure().status, group);
      continue;
    }
    Answer(group, result.status);
    CheckpointIfDue(result);
    if (connection_->failure().trouble == Trouble::kBroken) fail(connection_->failure().status, {});
  }
  if (refusal.ok()) {
    connection_->ClearFailure();
    // Readers that are still busy only keep the log from being cut; the next start reads it.
    connection_->CheckpointAndTruncate().IgnoreError();
    if (connection_->failure().trouble == Trouble::kBroken) fail(connection_->failure().status, {});
  }
  // What a failed write or sync left in the log must not be moved into the database.
  if (!refusal.ok()) connection_->SkipCheckpointOnClose(true);
  connection_.reset();
}

Writer::Group Writer::TakeGroup() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return stopping_ || !resources_.empty() || !facts_.empty(); });
  Group group = std::exchange(resources_, {});
  std::move(facts_.begin(), facts_.end(), std::back_inserter(group));
  facts_.clear();
  return group;
}

Failure Writer::RunGroup(Group& group) {
  auto transaction = Transaction::Begin(*connection_);
  if (!transaction.ok()) return {transaction.status(), connection_->failure().trouble};
  for (Job& job : group) {
    if (!job.work) continue;
    absl::Status status = RunJob(job.work);
    // The file's trouble is everyone's, also if the work itself took no notice.
    if (connection_->failure().trouble != Trouble::kNone) return connection_->failure();
    job.status = std::move(status);
  }
  absl::Status status = transaction->Commit();
  if (status.ok()) return {};
  const Trouble trouble = connection_->failure().trouble;
  return {std::move(status), trouble == Trouble::kFull ? trouble : Trouble::kBroken};
}

absl::Status Writer::RunJob(const Work& work) {
  auto savepoint = Savepoint::Begin(*connection_);
  if (!savepoint.ok()) return savepoint.status();
  if (absl::Status status = work(*connection_); !status.ok()) return status;
  return savepoint->Release();
}

void Writer::Answer(const Group& group, const absl::Status& status) {
  for (const Job& job : group) job.done(job.status.ok() ? status : job.status);
}

void Writer::CheckpointIfDue(const Failure& last_group) {
  // On a full disk the log itself may be the space that is missing: once moved, it is used again.
  const bool full = last_group.trouble == Trouble::kFull;
  if (!full && connection_->wal_pages() < checkpoint_at_) return;
  connection_->ClearFailure();
  const auto moved = connection_->Checkpoint();
  // A long read holds the log: not again with every group, but after as many pages more.
  const bool all = moved.ok() && *moved;
  checkpoint_at_ = kCheckpointPages + (all ? 0 : connection_->wal_pages());
}

absl::Status Writer::Refuse(const absl::Status& cause) {
  const std::lock_guard lock(mutex_);
  refusal_ = StoreFailed(cause);
  return refusal_;
}

}  // namespace insightloop::storage
