// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/embedded_measurement.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/measurement/fact_memory.h"
#include "engine/measurement/fold.h"
#include "engine/measurement/identity.h"

namespace insightloop {
namespace {

constexpr std::size_t kRowsPerGroup = 10'000;  // a group has more only when its one call has
constexpr Duration kRetryDelay = Seconds(1);

class EmbeddedMeasurement final : public Measurement {
 public:
  EmbeddedMeasurement(FactLog& log, const Limits& limits, KeyedHash hash)
      : log_(log),
        max_queued_rows_(static_cast<std::size_t>(limits.max_queued_rows)),
        hash_(std::move(hash)) {}

  absl::Status Start() {
    if (absl::Status status = memory_.Load(log_); !status.ok()) return status;
    writer_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  ~EmbeddedMeasurement() override {
    {
      const std::lock_guard lock(queue_mutex_);
      is_stopping_ = true;
    }
    wake_.notify_one();
    if (writer_.joinable()) writer_.join();
  }

  absl::StatusOr<FactFates> Record(FactRows rows) override;
  absl::StatusOr<Measured> Measure(const MeasurePlan& plan, Time as_of) override;
  std::optional<FirstExposure> FindFirstExposure(std::string_view experiment,
                                                 std::string_view unit_type,
                                                 std::string_view unit_id) const override {
    const std::shared_lock lock(memory_mutex_);
    return memory_.FindFirstExposure(experiment, unit_type, unit_id);
  }

 private:
  // A call of Record that waits. Lives on its caller's stack.
  struct Call {
    explicit Call(FactRows r) : rows(std::move(r)) {}
    [[nodiscard]] std::size_t size() const { return rows.exposures.size() + rows.outcomes.size(); }

    const FactRows rows;
    FactFates fates;
    absl::Status status;
    bool is_done = false;
    std::condition_variable done;
  };

  void Run();
  std::vector<Call*> NextGroup();  // empty: the end
  void Write(const std::vector<Call*>& group);
  absl::Status Stage(const Call& call, FactStage& stage, FactFates& fates) const;

  // Constant after construction.
  FactLog& log_;
  const std::size_t max_queued_rows_;

  // The writer's own.
  KeyedHash hash_;
  absl::Status failed_;  // why the log takes no more; OK while it does

  // Changed by the writer under the mutex. The writer reads without it, everybody else with it.
  std::mutex scan_mutex_;  // held by the one Measure that scans; taken before memory_mutex_
  mutable std::shared_mutex memory_mutex_;
  FactMemory memory_;

  std::mutex queue_mutex_;        // guards what follows, and `is_done` of the calls
  std::condition_variable wake_;  // the writer: there is work, or it should end
  std::deque<Call*> queue_;
  std::size_t queued_rows_ = 0;  // of the calls in the queue
  bool is_stopping_ = false;

  std::thread writer_;
};

absl::StatusOr<FactFates> EmbeddedMeasurement::Record(FactRows rows) {
  Call call(std::move(rows));
  if (call.size() == 0) return FactFates{};
  std::unique_lock lock(queue_mutex_);
  if (is_stopping_) return absl::UnavailableError("recording has ended: the server is stopping");
  if (queued_rows_ + call.size() > max_queued_rows_) {
    return MakeError(
        absl::StatusCode::kResourceExhausted,
        absl::StrCat(queued_rows_, " rows are waiting to be written and ", call.size(),
                     " more would exceed the limit of ", max_queued_rows_,
                     "; nothing of this call was stored, send it again a little later"),
        {.reason = "QUEUE_FULL",
         .metadata = {{"queued_rows", absl::StrCat(queued_rows_)},
                      {"rows", absl::StrCat(call.size())},
                      {"max_queued_rows", absl::StrCat(max_queued_rows_)}},
         .retry_delay = kRetryDelay});
  }
  queued_rows_ += call.size();
  queue_.push_back(&call);
  wake_.notify_one();
  call.done.wait(lock, [&call] { return call.is_done; });
  if (!call.status.ok()) return call.status;
  return std::move(call.fates);
}

void EmbeddedMeasurement::Run() {
  while (true) {
    const std::vector<Call*> group = NextGroup();
    if (group.empty()) return;
    Write(group);
    const std::lock_guard lock(queue_mutex_);
    for (Call* const call : group) {
      call->is_done = true;
      // Under the lock: the call is gone as soon as its caller can see that it is done.
      call->done.notify_one();
    }
  }
}

std::vector<EmbeddedMeasurement::Call*> EmbeddedMeasurement::NextGroup() {
  std::unique_lock lock(queue_mutex_);
  wake_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
  std::vector<Call*> group;
  std::size_t rows = 0;
  while (!queue_.empty() && (group.empty() || rows + queue_.front()->size() <= kRowsPerGroup)) {
    group.push_back(queue_.front());
    rows += queue_.front()->size();
    queue_.pop_front();
  }
  queued_rows_ -= rows;
  return group;
}

// A full disk, or a database that another program held.
bool HasWrittenNothing(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || DetailsOf(status).reason == "STORE_BUSY";
}

void EmbeddedMeasurement::Write(const std::vector<Call*>& group) {
  FactStage stage(memory_, hash_);
  absl::Status status = failed_;
  for (Call* const call : group) {
    if (status.ok()) status = Stage(*call, stage, call->fates);
  }
  // Without a new row there is nothing to wait for: what the rows repeat is durable, or staged.
  if (status.ok() && !stage.empty()) {
    status = log_.Append(stage.batch());
    // Unless nothing was written for sure, nobody knows what the log holds, so that memory could
    // contradict it.
    if (!status.ok() && !HasWrittenNothing(status)) failed_ = status;
  }
  if (status.ok()) {
    const std::lock_guard lock(memory_mutex_);
    stage.PublishTo(memory_);
  }
  for (Call* const call : group) call->status = status;
}

absl::Status EmbeddedMeasurement::Stage(const Call& call, FactStage& stage,
                                        FactFates& fates) const {
  fates.exposures.reserve(call.rows.exposures.size());
  for (const Exposure& row : call.rows.exposures) fates.exposures.push_back(stage.Add(row));
  fates.outcomes.reserve(call.rows.outcomes.size());
  for (const Outcome& row : call.rows.outcomes) {
    absl::StatusOr<RowFate> fate = stage.Add(row);
    if (!fate.ok()) return fate.status();
    fates.outcomes.push_back(*std::move(fate));
  }
  return absl::OkStatus();
}

absl::StatusOr<Measured> EmbeddedMeasurement::Measure(const MeasurePlan& plan, Time as_of) {
  const std::lock_guard one_scan(scan_mutex_);  // bounds the memory that verdicts take
  // One cut through the facts for both scans: rows stored later are passed over.
  PlanWords words;
  std::int64_t experiment = 0, exposures_left = 0, last_outcome = 0;
  {
    const std::shared_lock lock(memory_mutex_);
    experiment = memory_.FindWord(plan.experiment);
    exposures_left = memory_.ExposuresOf(experiment);
    last_outcome = memory_.last_outcome();
    for (const std::string& variant : plan.variants) {
      words.variants.push_back(memory_.FindWord(variant));
    }
    for (const MeasuredMetric& metric : plan.metrics) {
      words.events.push_back(memory_.FindWord(metric.event));
    }
  }
  Fold fold(plan, as_of, words);
  if (exposures_left > 0) {
    const absl::Status status = log_.ScanExposures(experiment, [&](const ExposureRow& row) {
      if (exposures_left-- > 0) fold.Add(row);
    });
    if (!status.ok()) return status;
  }
  const absl::Status status = log_.ScanOutcomes([&](const OutcomeRow& row) {
    if (row.id <= last_outcome) fold.Add(row);
  });
  if (!status.ok()) return status;
  return fold.Finish();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Measurement>> OpenEmbeddedMeasurement(FactLog& log,
                                                                     const Limits& limits) {
  const absl::StatusOr<std::array<std::uint8_t, 16>> secret = log.Secret();
  if (!secret.ok()) return secret.status();
  absl::StatusOr<KeyedHash> hash = KeyedHash::Create(*secret);
  if (!hash.ok()) return hash.status();
  auto measurement = std::make_unique<EmbeddedMeasurement>(log, limits, *std::move(hash));
  if (absl::Status status = measurement->Start(); !status.ok()) return status;
  return measurement;
}

}  // namespace insightloop
