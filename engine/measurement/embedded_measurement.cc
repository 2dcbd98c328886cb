// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/embedded_measurement.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/measurement/fact_memory.h"
#include "engine/measurement/identity.h"
#include "engine/measurement/summary.h"

namespace insightloop {
namespace {

constexpr std::size_t kRowsPerGroup = 10'000;  // a group has more only when its one call has
constexpr Duration kRetryDelay = Seconds(1);

// Rows behind the log are read one by one, along the chains of their units, up to so many at once;
// where they are many, the whole log is read once for all of them.
constexpr std::size_t kRowsByChain = 4'096;
constexpr std::int64_t kRowsOfLogPerChain = 20;  // that are read in the time of one chain

constexpr int kFreeAttempts = 3;  // to measure without holding up the writer

class EmbeddedMeasurement final : public Measurement {
 public:
  EmbeddedMeasurement(FactLog& log, const Limits& limits, KeyedHash hash)
      : log_(log),
        max_queued_rows_(static_cast<std::size_t>(limits.max_queued_rows)),
        max_bytes_(limits.max_fact_bytes),
        hash_(std::move(hash)) {}

  void Start(std::vector<MeasurePlan> plans) {
    writer_ = std::thread([this, plans = std::move(plans)] { Run(plans); });
    answerer_ = std::thread([this] { AnswerAll(); });
    catcher_ = std::thread([this] { KeepUp(); });
  }

  ~EmbeddedMeasurement() override {
    StopLoading();
    {
      const std::lock_guard lock(queue_mutex_);
      is_stopping_ = true;
    }
    wake_.notify_one();
    {
      const std::lock_guard lock(memory_mutex_);
      has_ended_ = true;
    }
    behind_.notify_one();
    if (writer_.joinable()) writer_.join();
    {
      const std::lock_guard lock(answer_mutex_);
      is_all_written_ = true;
    }
    answer_.notify_one();
    if (answerer_.joinable()) answerer_.join();
    if (catcher_.joinable()) catcher_.join();
  }

  using Measurement::Record;
  void Record(FactRows rows, Recorded recorded) override;
  absl::StatusOr<bool> EraseUnit(
      const UnitKey& unit, const std::function<absl::Status(const UnitErasure&)>& store) override;
  void Follow(const MeasurePlan& plan) override;
  void Unfollow(const std::string& experiment) override;
  absl::StatusOr<Measured> Measure(const MeasurePlan& plan, Time as_of) override;
  absl::Status WaitUntilReady() override {
    is_loaded_.wait(false);
    return load_status_;
  }
  void StopLoading() override {
    if (!is_loaded_) log_.StopScans();
  }
  bool is_ready() const override { return is_loaded_; }
  std::optional<FirstExposure> FindFirstExposure(std::string_view experiment,
                                                 std::string_view unit_type,
                                                 std::string_view unit_id) const override {
    if (!is_ready()) return std::nullopt;
    const std::shared_lock lock(memory_mutex_);
    return memory_.FindFirstExposure(experiment, unit_type, unit_id);
  }
  std::vector<ExposedIn> FindCounting(const UnitKey& unit, std::string_view event,
                                      Time time) const override {
    if (!is_ready()) return {};
    const std::shared_lock lock(memory_mutex_);
    return memory_.FindCounting(unit, event, time);
  }

 private:
  // A call of Record.
  struct Call {
    [[nodiscard]] std::size_t size() const {
      return rows.exposures.size() + rows.outcomes.size() + rows.rejections.size();
    }

    FactRows rows;
    Recorded recorded;
    FactFates fates;
  };
  // Calls that are written together, and what came of it.
  struct Group {
    std::vector<Call> calls;
    absl::Status status;
  };

  void Run(const std::vector<MeasurePlan>& plans);
  absl::Status Enqueue(Call& call);
  Group NextGroup();  // empty: the end
  absl::Status Write(Group& group);
  [[nodiscard]] absl::Status CheckMemory() const;
  static absl::Status Stage(Call& call, FactStage& stage);
  void AnswerAll();

  void KeepUp();
  absl::Status CatchUp(const std::string& experiment);
  absl::Status ReadChains(const std::vector<PendingRow>& rows, Tally& read);
  absl::Status ReadLog(const std::vector<PendingRow>& rows, std::int64_t through, Tally& read);
  // Absent: the plan is not followed so that its figures are those of `as_of`, or rows are pending.
  std::optional<Measured> MeasureFollowed(const MeasurePlan& plan, Time as_of, bool& is_followed);
  absl::StatusOr<Measured> MeasureFromLog(const MeasurePlan& plan, Time as_of);

  // Constant after construction.
  FactLog& log_;
  const std::size_t max_queued_rows_;
  const std::int64_t max_bytes_;

  std::atomic<bool> is_loaded_ = false;  // memory_ is what the log was at the start
  absl::Status load_status_;             // constant once loaded

  // Mutexes are taken in the order in which they stand here.
  std::mutex write_mutex_;  // held while the log is written, and guards the next two
  KeyedHash hash_;
  absl::Status failed_;        // why the log takes no more; OK while it does
  std::mutex measure_mutex_;   // held by the one Measure at work, which bounds its memory
  std::mutex catch_up_mutex_;  // held while pending rows are read, and to change who is followed
  std::mutex publish_mutex_;   // held by the writer to publish, and by who must not be overtaken
  mutable std::shared_mutex memory_mutex_;  // guards what follows
  FactMemory memory_;
  bool has_ended_ = false;
  std::condition_variable_any behind_;  // the catcher: rows are pending, or it should end

  std::mutex queue_mutex_;        // guards what follows
  std::condition_variable wake_;  // the writer: there is work, or it should end
  std::deque<Call> queue_;
  std::size_t queued_rows_ = 0;  // of the calls in the queue
  bool is_stopping_ = false;

  // Answering takes as long as writing where calls are small: the next group does not wait for it.
  std::mutex answer_mutex_;         // guards what follows
  std::condition_variable answer_;  // the answerer: there are answers, or it should end
  std::vector<Group> written_;
  bool is_all_written_ = false;

  std::thread writer_, answerer_, catcher_;
};

void EmbeddedMeasurement::Record(FactRows rows, Recorded recorded) {
  Call call{.rows = std::move(rows), .recorded = std::move(recorded)};
  if (call.size() == 0) return call.recorded(FactFates{});
  absl::Status refusal = Enqueue(call);
  if (!refusal.ok()) call.recorded(std::move(refusal));
}

// Takes the call unless it is refused.
absl::Status EmbeddedMeasurement::Enqueue(Call& call) {
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

void EmbeddedMeasurement::Run(const std::vector<MeasurePlan>& plans) {
  {
    const std::lock_guard lock(memory_mutex_);
    for (const MeasurePlan& plan : plans) memory_.Follow(plan);
    load_status_ = memory_.Load(log_);
  }
  {
    const std::lock_guard lock(write_mutex_);
    failed_ = load_status_;
  }
  is_loaded_ = true;
  is_loaded_.notify_all();
  while (true) {
    Group group = NextGroup();
    if (group.calls.empty()) return;
    group.status = Write(group);
    {
      const std::lock_guard lock(answer_mutex_);
      written_.push_back(std::move(group));
    }
    answer_.notify_one();
  }
}

EmbeddedMeasurement::Group EmbeddedMeasurement::NextGroup() {
  std::unique_lock lock(queue_mutex_);
  wake_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
  Group group;
  std::size_t rows = 0;
  while (!queue_.empty() &&
         (group.calls.empty() || rows + queue_.front().size() <= kRowsPerGroup)) {
    rows += queue_.front().size();
    group.calls.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_rows_ -= rows;
  return group;
}

void EmbeddedMeasurement::AnswerAll() {
  std::unique_lock lock(answer_mutex_);
  while (true) {
    answer_.wait(lock, [this] { return is_all_written_ || !written_.empty(); });
    if (written_.empty()) return;
    std::vector<Group> groups = std::exchange(written_, {});
    lock.unlock();
    for (Group& group : groups) {
      for (Call& call : group.calls) {
        if (group.status.ok()) {
          call.recorded(std::move(call.fates));
        } else {
          call.recorded(group.status);
        }
      }
    }
    groups.clear();
    lock.lock();
  }
}

// A full disk, or a database that another program held.
bool HasWrittenNothing(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || DetailsOf(status).reason == "STORE_BUSY";
}

absl::Status EmbeddedMeasurement::CheckMemory() const {
  const std::int64_t bytes = memory_.bytes();
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

absl::Status EmbeddedMeasurement::Write(Group& group) {
  const std::lock_guard writing(write_mutex_);
  FactStage stage(memory_, hash_);
  std::size_t outcomes = 0;
  for (const Call& call : group.calls) outcomes += call.rows.outcomes.size();
  stage.Reserve(outcomes);
  absl::Status status = failed_;
  {
    const std::shared_lock lock(memory_mutex_);
    if (status.ok()) status = CheckMemory();
    for (Call& call : group.calls) {
      if (status.ok()) status = Stage(call, stage);
    }
  }
  // Without a new row or count there is nothing to wait for: what the rows repeat is durable, or
  // staged.
  if (status.ok() && !stage.empty()) {
    status = log_.Append(stage.batch());
    // Unless nothing was written for sure, nobody knows what the log holds, so that memory could
    // contradict it.
    if (!status.ok() && !HasWrittenNothing(status)) failed_ = status;
    // Fates hang on facts alone; the counts are lost.
    if (!status.ok() && !stage.has_facts()) return absl::OkStatus();
  }
  if (!status.ok()) return status;
  const std::lock_guard not_overtaking(publish_mutex_);
  const std::lock_guard lock(memory_mutex_);
  stage.PublishTo(memory_);
  if (memory_.has_pending()) behind_.notify_one();
  return absl::OkStatus();
}

absl::StatusOr<bool> EmbeddedMeasurement::EraseUnit(
    const UnitKey& unit, const std::function<absl::Status(const UnitErasure&)>& store) {
  if (absl::Status status = WaitUntilReady(); !status.ok()) return status;
  const std::lock_guard writing(write_mutex_);
  if (!failed_.ok()) return failed_;
  UnitErasure erasure;
  {
    const std::shared_lock lock(memory_mutex_);
    erasure = memory_.ErasureOf(unit);
  }
  std::vector<std::pair<absl::uint128, std::uint32_t>> identities;
  erasure.key_of = [&](const OutcomeRow& row) {
    const auto key = hash_.OfErasedOutcome(unit, row.event, row.outcome_id);
    if (key.ok()) {
      identities.emplace_back(*key, ContentDigest(row.occur_time, row.kind, row.value));
    }
    return key;
  };
  if (absl::Status status = store(erasure); !status.ok()) return status;
  if (erasure.number == 0) return false;
  const std::lock_guard not_overtaking(publish_mutex_);
  const std::lock_guard lock(memory_mutex_);
  memory_.EraseUnit(static_cast<UnitNumber>(erasure.number), identities);
  return true;
}

absl::Status EmbeddedMeasurement::Stage(Call& call, FactStage& stage) {
  stage.Add(call.rows.rejections);
  call.fates.exposures.reserve(call.rows.exposures.size());
  for (const Exposure& row : call.rows.exposures) call.fates.exposures.push_back(stage.Add(row));
  call.fates.outcomes.reserve(call.rows.outcomes.size());
  return stage.Add(call.rows.outcomes, call.fates.outcomes);
}

// -------------------------------------------------------------------------------------------------
// Rows behind the log

void EmbeddedMeasurement::KeepUp() {
  while (true) {
    std::vector<std::string> behind;
    {
      std::unique_lock lock(memory_mutex_);
      behind_.wait(lock, [this] { return has_ended_ || memory_.has_pending(); });
      if (has_ended_) return;
      behind = memory_.WithPending();
    }
    for (const std::string& experiment : behind) {
      const std::lock_guard one_at_a_time(catch_up_mutex_);
      // Then Measure() meets the error again, and says it.
      if (!CatchUp(experiment).ok()) return;
    }
  }
}

// Reads as many rows as are pending now: while facts keep coming, others may be by the end. Needs
// catch_up_mutex_.
absl::Status EmbeddedMeasurement::CatchUp(const std::string& experiment) {
  std::optional<std::size_t> left;
  while (!left.has_value() || *left > 0) {
    std::vector<PendingRow> rows;
    std::optional<Tally> read;
    std::int64_t through = 0;
    {
      const std::shared_lock lock(memory_mutex_);
      if (has_ended_) return absl::UnavailableError("the server is stopping");
      through = memory_.last_outcome();
      rows = memory_.PendingOf(experiment);
      if (rows.empty()) return absl::OkStatus();
      read = memory_.EmptyTally(memory_.Find(experiment)->tally->plan());
    }
    if (!left.has_value()) left = rows.size();
    const bool by_chain = static_cast<std::int64_t>(rows.size()) * kRowsOfLogPerChain < through;
    if (by_chain && rows.size() > kRowsByChain) rows.resize(kRowsByChain);
    read->GrowTo(rows.size());
    absl::Status status = by_chain ? ReadChains(rows, *read) : ReadLog(rows, through, *read);
    if (!status.ok()) return status;
    *left -= std::min(*left, rows.size());
    const std::lock_guard lock(memory_mutex_);
    memory_.Settle(experiment, rows, *read);
  }
  return absl::OkStatus();
}

absl::Status EmbeddedMeasurement::ReadChains(const std::vector<PendingRow>& rows, Tally& read) {
  std::vector<std::int64_t> last;
  last.reserve(rows.size());
  for (const PendingRow& row : rows) last.push_back(row.last_outcome);
  return log_.FollowChains(last, [&](std::size_t i, const StoredOutcome& outcome) {
    read.Fold(static_cast<RowNumber>(i), rows[i].first, outcome);
  });
}

absl::Status EmbeddedMeasurement::ReadLog(const std::vector<PendingRow>& rows, std::int64_t through,
                                          Tally& read) {
  absl::flat_hash_map<std::int64_t, RowNumber> row_of_unit;
  row_of_unit.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    row_of_unit.emplace(rows[i].unit, static_cast<RowNumber>(i));
  }
  return log_.ScanOutcomes([&](const StoredOutcome& outcome) {
    if (outcome.id > through) return;
    const auto row = row_of_unit.find(outcome.unit);
    if (row != row_of_unit.end()) read.Fold(row->second, rows[row->second].first, outcome);
  });
}

// -------------------------------------------------------------------------------------------------
// Measuring

std::vector<RejectedRows> RejectedOf(const RememberedExperiment& experiment,
                                     const MeasurePlan& plan) {
  std::vector<RejectedRows> all;
  for (const auto& [reason, counts] : experiment.rejected) {
    RejectedRows& rejected = all.emplace_back();
    rejected.reason = reason;
    rejected.by_variant.resize(plan.variants.size());
    for (const auto& [day, rows] : counts.by_day) {
      rejected.by_day.push_back({.day = Time{day}, .rows = rows});
    }
    for (const auto& [variant, rows] : counts.by_variant) {
      const auto at = std::find(plan.variants.begin(), plan.variants.end(), variant);
      (at == plan.variants.end()
           ? rejected.without_variant
           : rejected.by_variant[static_cast<std::size_t>(at - plan.variants.begin())]) += rows;
    }
  }
  return all;
}

// In the order of the sources' texts.
std::vector<LateRows> LateRowsOf(const std::map<std::int64_t, std::int64_t>& by_word,
                                 const FactMemory& memory) {
  std::vector<LateRows> late;
  for (const auto& [word, rows] : by_word) {
    late.push_back({.source = memory.TextOf(word), .rows = rows});
  }
  std::sort(late.begin(), late.end(),
            [](const LateRows& a, const LateRows& b) { return a.source < b.source; });
  return late;
}

void EmbeddedMeasurement::Follow(const MeasurePlan& plan) {
  is_loaded_.wait(false);
  const std::lock_guard not_while_reading(catch_up_mutex_);
  const std::lock_guard lock(memory_mutex_);
  memory_.Follow(plan);
  behind_.notify_one();
}

void EmbeddedMeasurement::Unfollow(const std::string& experiment) {
  is_loaded_.wait(false);
  const std::lock_guard not_while_reading(catch_up_mutex_);
  const std::lock_guard lock(memory_mutex_);
  memory_.Unfollow(experiment);
}

absl::StatusOr<Measured> EmbeddedMeasurement::Measure(const MeasurePlan& plan, Time as_of) {
  if (absl::Status status = WaitUntilReady(); !status.ok()) return status;
  const std::lock_guard one_at_a_time(measure_mutex_);
  for (int attempt = 0; attempt <= kFreeAttempts; ++attempt) {
    // Behind a writer that waits: readers could overtake it for ever.
    { const std::lock_guard in_turn(publish_mutex_); }
    bool is_followed = false;
    if (auto measured = MeasureFollowed(plan, as_of, is_followed)) return *std::move(measured);
    if (!is_followed) return MeasureFromLog(plan, as_of);
    const std::lock_guard reading(catch_up_mutex_);
    std::unique_lock not_overtaken(publish_mutex_, std::defer_lock);
    // While facts keep coming, some rows may always be behind. The few that are left then do not
    // hold up the writer for long.
    if (attempt == kFreeAttempts) not_overtaken.lock();
    if (absl::Status status = CatchUp(plan.experiment); !status.ok()) return status;
    if (attempt == kFreeAttempts) {
      if (auto measured = MeasureFollowed(plan, as_of, is_followed)) return *std::move(measured);
    }
  }
  return MeasureFromLog(plan, as_of);
}

std::optional<Measured> EmbeddedMeasurement::MeasureFollowed(const MeasurePlan& plan, Time as_of,
                                                             bool& is_followed) {
  const std::shared_lock lock(memory_mutex_);
  const RememberedExperiment* const experiment = memory_.Find(plan.experiment);
  is_followed = experiment != nullptr && experiment->tally != nullptr &&
                experiment->tally->plan() == plan && !experiment->tally->HasCountedAt(as_of);
  if (!is_followed || !experiment->tally->pending.empty()) return std::nullopt;
  Measured measured = Summarise(experiment->roster, *experiment->tally, as_of);
  measured.late_by_source =
      LateRowsOf(LateBySource(experiment->roster, *experiment->tally), memory_);
  measured.rejected = RejectedOf(*experiment, plan);
  measured.exposure_rows = memory_.exposure_rows();
  measured.outcome_rows = memory_.last_outcome();
  return measured;
}

// One cut through the facts: what is stored meanwhile is passed over.
absl::StatusOr<Measured> EmbeddedMeasurement::MeasureFromLog(const MeasurePlan& plan, Time as_of) {
  Roster roster;
  std::vector<RejectedRows> rejected;
  std::optional<Tally> tally;
  std::int64_t exposure_rows = 0;
  std::int64_t outcome_rows = 0;
  {
    const std::shared_lock lock(memory_mutex_);
    const RememberedExperiment* const experiment = memory_.Find(plan.experiment);
    if (experiment != nullptr) {
      roster = experiment->roster;
      rejected = RejectedOf(*experiment, plan);
    }
    tally = memory_.EmptyTally(plan);
    tally->EndAt(as_of);
    exposure_rows = memory_.exposure_rows();
    outcome_rows = memory_.last_outcome();
  }
  std::vector<PendingRow> rows(roster.size());
  for (RowNumber row = 0; row < roster.size(); ++row) {
    rows[row] = {.row = row, .unit = roster.unit(row), .first = roster.first(row)};
  }
  tally->GrowTo(rows.size());
  if (!rows.empty()) {
    if (auto status = ReadLog(rows, outcome_rows, *tally); !status.ok()) return status;
  }
  Measured measured = Summarise(roster, *tally, as_of);
  {
    const std::shared_lock lock(memory_mutex_);
    measured.late_by_source = LateRowsOf(LateBySource(roster, *tally), memory_);
  }
  measured.rejected = std::move(rejected);
  measured.exposure_rows = exposure_rows;
  measured.outcome_rows = outcome_rows;
  return measured;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Measurement>> OpenEmbeddedMeasurement(
    FactLog& log, const Limits& limits, std::vector<MeasurePlan> plans) {
  const absl::StatusOr<std::array<std::uint8_t, 16>> secret = log.Secret();
  if (!secret.ok()) return secret.status();
  absl::StatusOr<KeyedHash> hash = KeyedHash::Create(*secret);
  if (!hash.ok()) return hash.status();
  auto measurement = std::make_unique<EmbeddedMeasurement>(log, limits, *std::move(hash));
  measurement->Start(std::move(plans));
  return measurement;
}

}  // namespace insightloop
