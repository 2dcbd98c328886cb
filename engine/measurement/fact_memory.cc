// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/fact_memory.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "engine/domain/absl_view.h"
#include "engine/measurement/read_ahead.h"
#include "engine/measurement/row_blocks.h"

namespace insightloop {
namespace {

// What the parts take at most, besides units' names; tests/bench measures it.
constexpr std::int64_t kBytesPerUnit = 80;
constexpr std::int64_t kBytesPerExposedUnit = 32;
constexpr std::int64_t kBytesPerUnitMetric = 24;
constexpr std::int64_t kBytesPerWord = 192;  // two entries of hash maps, besides two copies of it

StoredOutcome StoredPart(const OutcomeRow& row) {
  return {.id = row.id,
          .unit = row.unit,
          .event = row.event,
          .occur_time = row.occur_time,
          .kind = row.kind,
          .late = row.late,
          .value = row.value,
          .source = row.source,
          .response_key = row.response_key};
}
const StoredOutcome& StoredPart(const StoredOutcome& outcome) { return outcome; }

// The old tally's plan, but for the end.
bool IsStoppedPlan(const MeasurePlan& stopped, MeasurePlan running) {
  running.stop_time = stopped.stop_time;
  return stopped.stop_time.has_value() && running == stopped;
}

}  // namespace

absl::Status FactMemory::Load(FactLog& log) {
  absl::Status status = log.ScanWords([this](const WordRow& row) { RememberWord(row); });
  // Rows name what comes before them, so that nothing is read behind an error. Exposures come
  // before outcomes, so that no row is pending.
  if (status.ok()) status = log.ScanUnits([this](const UnitRow& row) { RememberUnit(row); });
  if (status.ok()) {
    status =
        log.ScanExposures(std::nullopt, [this](const ExposureRow& row) { RememberExposure(row); });
  }
  if (status.ok()) {
    status = ReadAhead<StoredOutcome>([&](const auto& row) { return log.ScanOutcomes(row); },
                                      [&](auto rows) { RememberOutcomes(rows); });
  }
  if (status.ok()) {
    status = log.ScanRejections(
        [this](const RejectionKey& key, std::int64_t rows) { RememberRejection(key, rows); });
  }
  return status;
}

void FactMemory::Add(const FactBatch& batch) {
  for (const WordRow& row : batch.words) RememberWord(row);
  for (const UnitRow& row : batch.units) RememberUnit(row);
  for (const ExposureRow& row : batch.exposures) RememberExposure(row);
  RememberOutcomes<OutcomeRow>(batch.outcomes);
  for (const auto& [key, rows] : batch.rejections) RememberRejection(key, rows);
}

void FactMemory::Follow(const MeasurePlan& plan) {
  const std::uint32_t index = IndexOf(plan.experiment);
  RememberedExperiment& experiment = *experiments_[index];
  if (experiment.tally != nullptr) {
    Tally& tally = *experiment.tally;
    if (tally.plan() == plan) return;
    if (IsStoppedPlan(plan, tally.plan()) && tally.Stop(*plan.stop_time)) return;
  }
  experiment.tally = std::make_unique<Tally>(EmptyTally(plan));
  experiment.tally->GrowTo(experiment.roster.size());
  for (const MeasuredMetric& metric : plan.metrics) {
    followed_events_.insert(metric.event);
    if (!metric.denominator_event.empty()) followed_events_.insert(metric.denominator_event);
  }
  for (RowNumber row = 0; row < experiment.roster.size(); ++row) {
    if (units_.last_outcome(experiment.roster.unit(row)) != 0) {
      experiment.tally->pending.insert(row);
    }
  }
  with_pending_.erase(index);
  if (!experiment.tally->pending.empty()) with_pending_.insert(index);
}

void FactMemory::Unfollow(const std::string& experiment) {
  const auto found = experiment_by_name_.find(experiment);
  if (found == experiment_by_name_.end()) return;
  experiments_[found->second]->tally.reset();
  with_pending_.erase(found->second);
}

const RememberedExperiment* FactMemory::Find(const std::string& experiment) const {
  const auto found = experiment_by_name_.find(experiment);
  return found == experiment_by_name_.end() ? nullptr : experiments_[found->second].get();
}

std::vector<std::string> FactMemory::WithPending() const {
  std::vector<std::string> names;
  for (const auto& [name, index] : experiment_by_name_) {
    if (with_pending_.contains(index)) names.push_back(name);
  }
  return names;
}

std::vector<PendingRow> FactMemory::PendingOf(const std::string& experiment) const {
  const RememberedExperiment* const found = Find(experiment);
  std::vector<PendingRow> rows;
  if (found == nullptr || found->tally == nullptr) return rows;
  for (const RowNumber row : found->tally->pending) {
    const UnitNumber unit = found->roster.unit(row);
    rows.push_back({.row = row,
                    .unit = unit,
                    .first = found->roster.first(row),
                    .last_outcome = units_.last_outcome(unit)});
  }
  return rows;
}

void FactMemory::Settle(const std::string& experiment, const std::vector<PendingRow>& rows,
                        const Tally& read) {
  const std::uint32_t index = IndexOf(experiment);
  const Roster& roster = experiments_[index]->roster;
  Tally* const tally = experiments_[index]->tally.get();
  if (tally == nullptr || tally->plan() != read.plan()) return;  // not followed so any more
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PendingRow& row = rows[i];
    const bool is_same =
        roster.first(row.row) == row.first && units_.last_outcome(row.unit) == row.last_outcome;
    if (!is_same || !tally->pending.contains(row.row)) continue;
    tally->CopyRow(read, static_cast<RowNumber>(i), row.row);
    tally->pending.erase(row.row);
  }
  if (!tally->pending.empty()) return;
  tally->pending = {};  // gives back the room that it had
  with_pending_.erase(index);
}

Tally FactMemory::EmptyTally(const MeasurePlan& plan) const {
  Tally tally(plan);
  BindWords(tally);
  return tally;
}

void FactMemory::BindWords(Tally& tally) const {
  for (const MeasuredMetric& metric : tally.plan().metrics) {
    tally.SetWord(metric.event, FindWord(metric.event));
    tally.SetWord(metric.denominator_event, FindWord(metric.denominator_event));
  }
}

std::optional<FirstExposure> FactMemory::FindFirstExposure(std::string_view experiment,
                                                           std::string_view unit_type,
                                                           std::string_view unit_id) const {
  const auto found = experiment_by_name_.find(AbslView(experiment));
  const UnitNumber unit = units_.Find(FindWord(unit_type), unit_id);
  if (found == experiment_by_name_.end() || unit == 0) return std::nullopt;
  const std::optional<RowNumber> row = RowOf(unit, found->second);
  if (!row.has_value()) return std::nullopt;
  const Roster& roster = experiments_[found->second]->roster;
  const RosterCell& cell = roster.cell(*row);
  return FirstExposure{.epoch = cell.epoch, .variant = roster.variant(cell)};
}

std::vector<ExposedIn> FactMemory::FindCounting(UnitView unit, std::string_view event,
                                                Time time) const {
  std::vector<ExposedIn> found;
  const UnitNumber number = units_.Find(FindWord(unit.unit_type), unit.unit_id);
  if (number == 0) return found;
  for (Membership m = units_.memberships(number); m.roster != Membership::kNone;) {
    const Roster& roster = experiments_[m.roster]->roster;
    const Tally* const tally = experiments_[m.roster]->tally.get();
    if (tally != nullptr && tally->IsInWindow(event, roster.first(m.row), time)) {
      found.push_back(
          {.experiment = tally->plan().experiment, .variant = roster.variant(roster.cell(m.row))});
    }
    m = roster.next(m.row);
  }
  return found;
}

UnitErasure FactMemory::ErasureOf(const UnitKey& unit) const {
  UnitErasure erasure{.unit = unit};
  const UnitNumber found = units_.Find(FindWord(unit.unit_type), unit.unit_id);
  if (found == 0) return erasure;
  erasure.number = found;
  erasure.last_outcome = units_.last_outcome(found);
  return erasure;
}

void FactMemory::EraseUnit(UnitNumber unit) {
  name_bytes_ -= static_cast<std::int64_t>(units_.Erase(unit));
  first_erased_ = first_erased_ == 0 ? unit : std::min(first_erased_, unit);
}

std::int64_t FactMemory::bytes() const {
  std::int64_t bytes = name_bytes_ + static_cast<std::int64_t>(units_.size()) * kBytesPerUnit +
                       2 * word_bytes_ + static_cast<std::int64_t>(words_.size()) * kBytesPerWord;
  for (const auto& experiment : experiments_) {
    const std::size_t metrics =
        experiment->tally == nullptr ? 0 : experiment->tally->plan().metrics.size();
    bytes += static_cast<std::int64_t>(experiment->roster.size()) *
                 (kBytesPerExposedUnit + kBytesPerUnitMetric * static_cast<std::int64_t>(metrics)) +
             experiment->roster.bytes_beside_rows();
    if (experiment->tally != nullptr) bytes += experiment->tally->bytes_beside_rows();
  }
  return bytes;
}

std::string FactMemory::TextOf(std::int64_t word) const {
  const auto found = texts_.find(word);
  return found == texts_.end() ? "" : found->second;
}

std::int64_t FactMemory::FindWord(std::string_view text) const {
  const auto found = words_.find(AbslView(text));
  return found == words_.end() ? 0 : found->second;
}

std::uint32_t FactMemory::IndexOf(const std::string& experiment) {
  const auto [index, is_new] =
      experiment_by_name_.try_emplace(experiment, static_cast<std::uint32_t>(experiments_.size()));
  if (is_new) {
    experiments_.push_back(std::make_unique<RememberedExperiment>());
    if (const std::int64_t word = FindWord(experiment); word != 0) {
      experiment_by_word_[word] = index->second;
    }
  }
  return index->second;
}

std::optional<RowNumber> FactMemory::RowOf(UnitNumber unit, std::uint32_t experiment) const {
  for (Membership m = units_.memberships(unit); m.roster != Membership::kNone;
       m = experiments_[m.roster]->roster.next(m.row)) {
    if (m.roster == experiment) return m.row;
  }
  return std::nullopt;
}

std::optional<ExposureRank> FactMemory::FindRank(std::int64_t experiment,
                                                 const ExposureKey& key) const {
  const auto found = experiment_by_word_.find(experiment);
  if (found == experiment_by_word_.end() || key.unit > static_cast<std::int64_t>(units_.size())) {
    return std::nullopt;
  }
  return experiments_[found->second]->roster.Find(
      RowOf(static_cast<UnitNumber>(key.unit), found->second), key);
}

void FactMemory::RememberWord(const WordRow& row) {
  if (words_.insert_or_assign(row.text, row.id).second) {
    word_bytes_ += static_cast<std::int64_t>(row.text.size());
  }
  texts_[row.id] = row.text;
  last_word_ = std::max(last_word_, row.id);
  const auto experiment = experiment_by_name_.find(row.text);
  if (experiment != experiment_by_name_.end()) experiment_by_word_[row.id] = experiment->second;
  if (!followed_events_.contains(row.text)) return;
  for (const auto& remembered : experiments_) {
    if (remembered->tally != nullptr) remembered->tally->SetWord(row.text, row.id);
  }
}

void FactMemory::RememberUnit(const UnitRow& row) {
  const UnitNumber unit = units_.Add(row.unit_type, row.external_id);
  if (row.external_id.empty() && first_erased_ == 0) first_erased_ = unit;
  name_bytes_ += static_cast<std::int64_t>(row.external_id.size());
}

void FactMemory::RememberExposure(const ExposureRow& row) {
  ++exposure_rows_;
  auto found = experiment_by_word_.find(row.experiment);
  if (found == experiment_by_word_.end()) {
    found = experiment_by_word_.emplace(row.experiment, IndexOf(texts_.at(row.experiment))).first;
  }
  const std::uint32_t index = found->second;
  RememberedExperiment& experiment = *experiments_[index];
  const auto unit = static_cast<UnitNumber>(row.unit);
  const Roster::Change change =
      experiment.roster.Add(RowOf(unit, index), row, texts_.at(row.variant));
  if (!change.row.has_value()) return;
  if (change.is_new) {
    experiment.roster.SetNext(*change.row, units_.memberships(unit));
    units_.SetMemberships(unit, {.roster = index, .row = *change.row});
  }
  Tally* const tally = experiment.tally.get();
  if (tally == nullptr) return;
  if (change.is_new) tally->GrowTo(experiment.roster.size());
  const bool has_outcomes = units_.last_outcome(unit) != 0;
  const bool is_behind =
      change.is_new ? tally->CanCount(row.occur_time, units_.latest(unit)) : change.is_earlier;
  if (!has_outcomes || !is_behind) return;
  tally->pending.insert(*change.row);
  with_pending_.insert(index);
}

template <class Row>
void FactMemory::RememberOutcomes(std::span<const Row> rows) {
  while (!rows.empty()) {
    const std::span<const Row> some = TakeBlock(rows);
    for (const Row& row : some) units_.Prefetch(static_cast<UnitNumber>(row.unit));
    for (const Row& row : some) PrefetchRow(row.unit, row.event);
    for (const Row& row : some) RememberOutcome(StoredPart(row));
  }
}

// What an outcome of that event changes in the unit's first experiment.
void FactMemory::PrefetchRow(std::int64_t unit, std::int64_t event) const {
  const Membership first = units_.memberships(static_cast<UnitNumber>(unit));
  if (first.roster == Membership::kNone) return;
  const RememberedExperiment& experiment = *experiments_[first.roster];
  experiment.roster.Prefetch(first.row);
  if (experiment.tally != nullptr) experiment.tally->Prefetch(first.row, event);
}

void FactMemory::RememberOutcome(const StoredOutcome& row) {
  const auto unit = static_cast<UnitNumber>(row.unit);
  for (Membership m = units_.memberships(unit); m.roster != Membership::kNone;) {
    RememberedExperiment& experiment = *experiments_[m.roster];
    Tally* const tally = experiment.tally.get();
    if (tally != nullptr && (tally->pending.empty() || !tally->pending.contains(m.row))) {
      tally->Fold(m.row, experiment.roster.first(m.row), row);
    }
    m = experiment.roster.next(m.row);
  }
  units_.AddOutcome(unit, row.id, row.occur_time);
  last_outcome_ = std::max(last_outcome_, row.id);
}

void FactMemory::RememberRejection(const RejectionKey& key, std::int64_t rows) {
  RejectionCounts& counts = experiments_[IndexOf(key.experiment)]->rejected[key.reason];
  counts.by_variant[key.variant] += rows;
  counts.by_day[key.day.micros] += rows;
}

}  // namespace insightloop
