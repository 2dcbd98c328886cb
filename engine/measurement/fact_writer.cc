// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/fact_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/await.h"
#include "engine/domain/error.h"
#include "engine/domain/time.h"

namespace insightloop {
namespace {

constexpr std::size_t kRowsPerGroup = 10'000;      // a group has more only when its one call has
constexpr std::size_t kMeanRowsOfLargeCalls = 16;  // of a group
constexpr Duration kRetryDelay = Seconds(1);

// A full disk, or a database that another program held.
bool HasWrittenNothing(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || DetailsOf(status).reason == "STORE_BUSY";
}

}  // namespace

FactWriter::FactWriter(FactLog& log, const Limits& limits, KeyedHash hash,
                       GuardedFactMemory& memory, std::function<void()> published)
    : log_(log),
      max_queued_rows_(static_cast<std::size_t>(limits.max_queued_rows)),
      max_bytes_(limits.max_fact_bytes),
      memory_(memory),
      published_(std::move(published)),
      hash_(std::move(hash)) {}

void FactWriter::Start(std::function<absl::Status(OutcomeIdentities& identities)> load) {
  writer_ = std::thread([this, load = std::move(load)] { Run(load); });
  answerer_ = std::thread([this] { AnswerHandedOver(); });
}

FactWriter::~FactWriter() {
  {
    const std::lock_guard lock(queue_mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (writer_.joinable()) writer_.join();
  {
    const std::lock_guard lock(answer_mutex_);
    is_all_written_ = true;
  }
  answer_.notify_one();
  if (answerer_.joinable()) answerer_.join();
}

// -------------------------------------------------------------------------------------------------
// Callers

void FactWriter::Record(FactRows rows, Recorded recorded) {
  Call call{.rows = std::move(rows), .recorded = std::move(recorded)};
  if (call.size() == 0) return call.recorded(FactFates{});
  absl::Status refusal = Enqueue(call);
  if (!refusal.ok()) call.recorded(std::move(refusal));
}

absl::Status FactWriter::RunAlone(
    const std::function<absl::Status(KeyedHash& hash, OutcomeIdentities& identities)>& work) {
  return Await<absl::Status>([&](const std::function<void(absl::Status)>& done) {
    Call call{.alone = [this, &work, done](const absl::Status& failed) {
      done(failed.ok() ? work(hash_, identities_) : failed);
    }};
    if (absl::Status refusal = Enqueue(call); !refusal.ok()) done(std::move(refusal));
  });
}

// Takes the call unless it is refused.
absl::Status FactWriter::Enqueue(Call& call) {
  const std::lock_guard lock(queue_mutex_);
  if (is_stopping_) return absl::UnavailableError("recording has ended: the server is stopping");
  const std::size_t rows = call.size();
  if (queued_rows_ + rows > max_queued_rows_) {
    return MakeError(
        absl::StatusCode::kResourceExhausted,
        absl::StrCat(queued_rows_, " rows are waiting to be written and ", rows,
                     " more would exceed the limit of ", max_queued_rows_,
                     "; nothing of this call was stored, send it again a little later"),
        {.reason = "QUEUE_FULL",
         .metadata = {{"queued_rows", absl::StrCat(queued_rows_)},
                      {"rows", absl::StrCat(rows)},
                      {"max_queued_rows", absl::StrCat(max_queued_rows_)}},
         .retry_delay = kRetryDelay});
  }
  queued_rows_ += rows;
  queue_.push_back(std::move(call));
  if (queue_.size() == 1) wake_.notify_one();
  return absl::OkStatus();
}

// -------------------------------------------------------------------------------------------------
// The writer

void FactWriter::Run(const std::function<absl::Status(OutcomeIdentities& identities)>& load) {
  failed_ = load(identities_);
  while (true) {
    Work work = AwaitWork();
    if (!work.appended.has_value() && work.calls.empty()) return;
    std::optional<Group> appended, without_append;
    if (work.appended.has_value()) {
      appended = EndAppend(*work.appended);
    } else if (work.calls.front().alone) {
      work.calls.front().alone(failed_);
    } else {
      StageCalls(std::move(work.calls));
    }
    // The next append begins first: the rest is done meanwhile.
    if (!under_way_.has_value()) without_append = BeginAppend();
    if (appended.has_value()) {
      if (appended->status.ok()) Publish(*appended);
      // Fates hang on facts alone: counts that could not be stored are lost.
      if (!appended->stage->has_facts()) appended->status = absl::OkStatus();
      AnswerOrHandOver(*std::move(appended));
    }
    if (without_append.has_value()) AnswerOrHandOver(*std::move(without_append));
  }
}

FactWriter::Work FactWriter::AwaitWork() {
  std::unique_lock lock(queue_mutex_);
  wake_.wait(lock, [this] {
    return appended_.has_value() || CanTakeNext(staged_.rows) ||
           (is_stopping_ && queue_.empty() && !under_way_.has_value());
  });
  Work work;
  work.appended = std::exchange(appended_, std::nullopt);
  if (work.appended.has_value()) return work;
  std::size_t rows = staged_.rows;
  while (CanTakeNext(rows)) {
    rows += queue_.front().size();
    work.calls.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (work.calls.back().alone || queue_.empty() || queue_.front().alone) break;
  }
  return work;
}

// Whether the first call in the queue can be staged behind that many rows, or run alone. Needs
// queue_mutex_.
bool FactWriter::CanTakeNext(std::size_t rows) const {
  if (queue_.empty()) return false;
  const Call& next = queue_.front();
  if (next.alone) return rows == 0 && !under_way_.has_value();
  return rows == 0 || rows + next.size() <= kRowsPerGroup;
}

void FactWriter::StageCalls(std::vector<Call> calls) {
  const std::shared_lock lock(memory_.mutex);
  if (staged_.stage == nullptr) {
    staged_.stage = std::make_unique<FactStage>(
        memory_.memory, under_way_.has_value() ? under_way_->stage.get() : nullptr, identities_,
        hash_);
    staged_.status = failed_;
    staged_.status.Update(CheckMemory());
  }
  std::size_t outcomes = 0;
  for (const Call& call : calls) outcomes += call.rows.outcomes.size();
  staged_.stage->Reserve(outcomes);
  for (Call& call : calls) {
    if (staged_.status.ok()) StageCall(call);
    staged_.rows += call.size();
    staged_.calls.push_back(std::move(call));
  }
}

void FactWriter::StageCall(Call& call) {
  FactStage& stage = *staged_.stage;
  stage.Add(call.rows.rejections);
  call.fates.exposures.reserve(call.rows.exposures.size());
  for (const Exposure& row : call.rows.exposures) call.fates.exposures.push_back(stage.Add(row));
  call.fates.outcomes.reserve(call.rows.outcomes.size());
  stage.Add(call.rows.outcomes, call.fates.outcomes);
}

absl::Status FactWriter::CheckMemory() const {
  const std::int64_t bytes = memory_.memory.bytes() + identities_.bytes();
  if (max_bytes_ == 0 || bytes < max_bytes_) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("what the server knows of units and facts takes up to ", bytes,
                   " bytes of memory, and its limit is ", max_bytes_,
                   "; nothing of this call was stored, start the server with a higher"
                   " --memory-limit"),
      {.reason = "MEMORY_LIMIT",
       .metadata = {{"bytes", absl::StrCat(bytes)}, {"memory_limit", absl::StrCat(max_bytes_)}}});
}

// The group that was under way. BeginAppend(), which follows, withdraws what leaned on it.
FactWriter::Group FactWriter::EndAppend(const absl::Status& status) {
  Group group = *std::exchange(under_way_, std::nullopt);
  group.status = status;
  if (status.ok()) return group;
  group.stage->Withdraw();
  // Unless nothing was written for sure, nobody knows what the log holds, so that memory could
  // contradict it.
  if (!HasWrittenNothing(status)) failed_ = status;
  // What was staged on top of it may repeat its rows or name its words, if it has any.
  if (!staged_.calls.empty() && (group.stage->has_facts() || !failed_.ok())) {
    staged_.status.Update(status);
  }
  return group;
}

// Returns the group if there is nothing to append: no new row or count, or an error.
std::optional<FactWriter::Group> FactWriter::BeginAppend() {
  if (staged_.calls.empty()) return std::nullopt;
  Group group = std::exchange(staged_, {});
  {
    const std::lock_guard lock(queue_mutex_);
    queued_rows_ -= group.rows;
  }
  if (!group.status.ok()) group.stage->Withdraw();
  if (!group.status.ok() || group.stage->empty()) return group;
  under_way_ = std::move(group);
  log_.Append(under_way_->stage->batch(), [this](const absl::Status& status) {
    const std::lock_guard lock(queue_mutex_);
    appended_ = status;
    wake_.notify_one();  // under the lock: once it has this, the writer may end
  });
  return std::nullopt;
}

void FactWriter::Publish(const Group& group) {
  const std::lock_guard not_overtaking(memory_.publish_mutex);
  const std::lock_guard lock(memory_.mutex);
  memory_.memory.Add(group.stage->batch());
  published_();
}

// -------------------------------------------------------------------------------------------------
// Answers

void FactWriter::AnswerOrHandOver(Group group) {
  if (group.rows < kMeanRowsOfLargeCalls * group.calls.size()) return Answer(group);
  {
    const std::lock_guard lock(answer_mutex_);
    written_.push_back(std::move(group));
  }
  answer_.notify_one();
}

void FactWriter::AnswerHandedOver() {
  std::unique_lock lock(answer_mutex_);
  while (true) {
    answer_.wait(lock, [this] { return is_all_written_ || !written_.empty(); });
    if (written_.empty()) return;
    std::vector<Group> groups = std::exchange(written_, {});
    lock.unlock();
    for (Group& group : groups) Answer(group);
    groups.clear();
    lock.lock();
  }
}

void FactWriter::Answer(Group& group) {
  for (Call& call : group.calls) {
    if (group.status.ok()) {
      call.recorded(std::move(call.fates));
    } else {
      call.recorded(group.status);
    }
  }
}

}  // namespace insightloop
