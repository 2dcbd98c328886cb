// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/embedded_measurement.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
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
#include "engine/measurement/fact_memory.h"
#include "engine/measurement/fact_writer.h"
#include "engine/measurement/identity.h"
#include "engine/measurement/outcome_identities.h"
#include "engine/measurement/read_ahead.h"
#include "engine/measurement/summary.h"

namespace insightloop {
namespace {

// Rows behind the log are read one by one, along the chains of their units, up to so many at once;
// where they are many, the whole log is read once for all of them.
constexpr std::size_t kRowsByChain = 4'096;
constexpr std::int64_t kRowsOfLogPerChain = 20;  // that are read in the time of one chain

constexpr int kFreeAttempts = 3;  // to measure without holding up the writer

class EmbeddedMeasurement final : public Measurement {
 public:
  EmbeddedMeasurement(FactLog& log, const Limits& limits, KeyedHash hash)
      : log_(log), writer_(log, limits, std::move(hash), facts_, [this] {
          if (facts_.memory.has_pending()) behind_.notify_one();
        }) {}

  void Start(std::vector<MeasurePlan> plans) {
    writer_.Start([this, plans = std::move(plans)](OutcomeIdentities& identities) {
      return Load(plans, identities);
    });
    catcher_ = std::thread([this] { KeepUp(); });
  }

  ~EmbeddedMeasurement() override {
    StopLoading();
    {
      const std::lock_guard lock(facts_.mutex);
      has_ended_ = true;
    }
    behind_.notify_one();
    if (catcher_.joinable()) catcher_.join();
  }

  using Measurement::Record;
  void Record(FactRows rows, Recorded recorded) override {
    writer_.Record(std::move(rows), std::move(recorded));
  }
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
    const std::shared_lock lock(facts_.mutex);
    return facts_.memory.FindFirstExposure(experiment, unit_type, unit_id);
  }
  std::vector<ExposedIn> FindCounting(UnitView unit, std::string_view event,
                                      Time time) const override {
    if (!is_ready()) return {};
    const std::shared_lock lock(facts_.mutex);
    return facts_.memory.FindCounting(unit, event, time);
  }

 private:
  absl::Status Load(const std::vector<MeasurePlan>& plans, OutcomeIdentities& identities);
  void KeepUp();
  absl::Status CatchUp(const std::string& experiment);
  absl::Status ReadChains(const std::vector<PendingRow>& rows, Tally& read);
  absl::Status ReadLog(const std::vector<PendingRow>& rows, std::int64_t through, Tally& read);
  // Absent: the plan is not followed so that its figures are those of `as_of`, or rows are pending.
  std::optional<Measured> MeasureFollowed(const MeasurePlan& plan, Time as_of, bool& is_followed);
  absl::StatusOr<Measured> MeasureFromLog(const MeasurePlan& plan, Time as_of);

  FactLog& log_;

  std::atomic<bool> is_loaded_ = false;  // facts_ are what the log was at the start
  absl::Status load_status_;             // constant once loaded

  // Mutexes are taken in the order in which they stand here.
  std::mutex measure_mutex_;   // held by the one Measure at work, which bounds its memory
  std::mutex catch_up_mutex_;  // held while pending rows are read, and to change who is followed
  mutable GuardedFactMemory facts_;  // its mutex guards what follows too
  bool has_ended_ = false;
  std::condition_variable_any behind_;  // the catcher: rows are pending, or it should end

  FactWriter writer_;  // goes before what it still publishes to
  std::thread catcher_;
};

absl::Status EmbeddedMeasurement::Load(const std::vector<MeasurePlan>& plans,
                                       OutcomeIdentities& identities) {
  // Half of the work, and none of the rest has to do with it.
  absl::Status identified;
  std::thread identifying([&] {
    identified =
        ReadAhead<StoredIdentity>([&](const auto& row) { return log_.ScanIdentities(row); },
                                  [&](auto rows) { identities.Add(rows); });
  });
  {
    const std::lock_guard lock(facts_.mutex);
    for (const MeasurePlan& plan : plans) facts_.memory.Follow(plan);
    load_status_ = facts_.memory.Load(log_);
  }
  identifying.join();
  load_status_.Update(identified);
  is_loaded_ = true;
  is_loaded_.notify_all();
  return load_status_;
}

absl::StatusOr<bool> EmbeddedMeasurement::EraseUnit(
    const UnitKey& unit, const std::function<absl::Status(const UnitErasure&)>& store) {
  if (absl::Status status = WaitUntilReady(); !status.ok()) return status;
  bool was_known = false;
  const absl::Status status = writer_.RunAlone([&](KeyedHash& hash, OutcomeIdentities& identities) {
    UnitErasure erasure;
    {
      const std::shared_lock lock(facts_.mutex);
      erasure = facts_.memory.ErasureOf(unit);
    }
    std::vector<std::pair<absl::uint128, std::uint32_t>> erased;  // with their digests
    erasure.key_of = [&](const OutcomeRow& row) {
      const absl::uint128 key = hash.OfErasedOutcome(unit, row.event, row.outcome_id);
      erased.emplace_back(key, ContentDigest(row.occur_time, row.kind, row.value));
      return key;
    };
    absl::Status stored = store(erasure);
    was_known = erasure.number != 0;
    if (!stored.ok() || !was_known) return stored;
    // Those by the unit's number stay until the next start; nothing can meet them any more.
    for (const auto& [identity, digest] : erased) identities.FindOrAdd(identity, digest);
    const std::lock_guard not_overtaking(facts_.publish_mutex);
    const std::lock_guard lock(facts_.mutex);
    facts_.memory.EraseUnit(static_cast<UnitNumber>(erasure.number));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return was_known;
}

// -------------------------------------------------------------------------------------------------
// Rows behind the log

void EmbeddedMeasurement::KeepUp() {
  while (true) {
    std::vector<std::string> behind;
    {
      std::unique_lock lock(facts_.mutex);
      behind_.wait(lock, [this] { return has_ended_ || facts_.memory.has_pending(); });
      if (has_ended_) return;
      behind = facts_.memory.WithPending();
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
      const std::shared_lock lock(facts_.mutex);
      if (has_ended_) return absl::UnavailableError("the server is stopping");
      through = facts_.memory.last_outcome();
      rows = facts_.memory.PendingOf(experiment);
      if (rows.empty()) return absl::OkStatus();
      read = facts_.memory.EmptyTally(facts_.memory.Find(experiment)->tally->plan());
    }
    if (!left.has_value()) left = rows.size();
    const bool by_chain = static_cast<std::int64_t>(rows.size()) * kRowsOfLogPerChain < through;
    if (by_chain && rows.size() > kRowsByChain) rows.resize(kRowsByChain);
    read->GrowTo(rows.size());
    absl::Status status = by_chain ? ReadChains(rows, *read) : ReadLog(rows, through, *read);
    if (!status.ok()) return status;
    *left -= std::min(*left, rows.size());
    const std::lock_guard lock(facts_.mutex);
    facts_.memory.Settle(experiment, rows, *read);
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
  const std::lock_guard lock(facts_.mutex);
  facts_.memory.Follow(plan);
  behind_.notify_one();
}

void EmbeddedMeasurement::Unfollow(const std::string& experiment) {
  is_loaded_.wait(false);
  const std::lock_guard not_while_reading(catch_up_mutex_);
  const std::lock_guard lock(facts_.mutex);
  facts_.memory.Unfollow(experiment);
}

absl::StatusOr<Measured> EmbeddedMeasurement::Measure(const MeasurePlan& plan, Time as_of) {
  if (absl::Status status = WaitUntilReady(); !status.ok()) return status;
  const std::lock_guard one_at_a_time(measure_mutex_);
  for (int attempt = 0; attempt <= kFreeAttempts; ++attempt) {
    // Behind a writer that waits: readers could overtake it for ever.
    { const std::lock_guard in_turn(facts_.publish_mutex); }
    bool is_followed = false;
    if (auto measured = MeasureFollowed(plan, as_of, is_followed)) return *std::move(measured);
    if (!is_followed) return MeasureFromLog(plan, as_of);
    const std::lock_guard reading(catch_up_mutex_);
    std::unique_lock not_overtaken(facts_.publish_mutex, std::defer_lock);
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
  const std::shared_lock lock(facts_.mutex);
  const RememberedExperiment* const experiment = facts_.memory.Find(plan.experiment);
  is_followed = experiment != nullptr && experiment->tally != nullptr &&
                experiment->tally->plan() == plan && !experiment->tally->HasCountedAt(as_of);
  if (!is_followed || !experiment->tally->pending.empty()) return std::nullopt;
  Measured measured = Summarise(experiment->roster, *experiment->tally, as_of);
  measured.late_by_source =
      LateRowsOf(LateBySource(experiment->roster, *experiment->tally), facts_.memory);
  measured.rejected = RejectedOf(*experiment, plan);
  measured.exposure_rows = facts_.memory.exposure_rows();
  measured.outcome_rows = facts_.memory.last_outcome();
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
    const std::shared_lock lock(facts_.mutex);
    const RememberedExperiment* const experiment = facts_.memory.Find(plan.experiment);
    if (experiment != nullptr) {
      roster = experiment->roster;
      rejected = RejectedOf(*experiment, plan);
    }
    tally = facts_.memory.EmptyTally(plan);
    tally->EndAt(as_of);
    exposure_rows = facts_.memory.exposure_rows();
    outcome_rows = facts_.memory.last_outcome();
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
    const std::shared_lock lock(facts_.mutex);
    measured.late_by_source = LateRowsOf(LateBySource(roster, *tally), facts_.memory);
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
  auto measurement = std::make_unique<EmbeddedMeasurement>(log, limits, KeyedHash(*secret));
  measurement->Start(std::move(plans));
  return measurement;
}

}  // namespace insightloop
