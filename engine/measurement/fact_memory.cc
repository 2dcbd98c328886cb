// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/fact_memory.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"
#include "engine/measurement/read_ahead.h"

namespace insightloop {
namespace {

// What the parts take at most, besides units' names; tests/bench measures it.
constexpr std::int64_t kBytesPerUnit = 80;
constexpr std::int64_t kBytesPerOutcome = 48;
constexpr std::int64_t kBytesPerExposedUnit = 32;
constexpr std::int64_t kBytesPerUnitMetric = 24;
constexpr std::int64_t kBytesPerWord = 192;  // two entries of hash maps, besides two copies of it

constexpr std::size_t kRowsAtOnce = 64;  // whose memory is asked for before the first is judged
constexpr std::size_t kRowsAhead = 8;    // of the one that is remembered

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::string AttributesText(const AttributeMap& attributes) {
  if (attributes.empty()) return {};
  Json json = Json::object();
  for (const auto& [id, value] : attributes) {
    std::visit([&, &key = id](const auto& alternative) { json[key] = alternative; }, value);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);  // never throws
}

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
  // Half of the work, and none of the rest has to do with it.
  absl::Status identified;
  std::thread identifying([&] {
    identified = ReadAhead<StoredIdentity>([&](const auto& row) { return log.ScanIdentities(row); },
                                           [&](auto rows) { RememberIdentities(rows); });
  });
  absl::Status status = log.ScanWords([this](const WordRow& row) { RememberWord(row); });
  status.Update(log.ScanUnits([this](const UnitRow& row) { RememberUnit(row); }));
  // Before the outcomes, so that no row is pending.
  status.Update(
      log.ScanExposures(std::nullopt, [this](const ExposureRow& row) { RememberExposure(row); }));
  status.Update(ReadAhead<StoredOutcome>([&](const auto& row) { return log.ScanOutcomes(row); },
                                         [&](auto rows) { RememberOutcomes(rows); }));
  status.Update(log.ScanRejections(
      [this](const RejectionKey& key, std::int64_t rows) { RememberRejection(key, rows); }));
  identifying.join();
  status.Update(identified);
  return status;
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
  const auto found = experiment_by_name_.find(View(experiment));
  const UnitNumber unit = units_.Find(FindWord(unit_type), unit_id);
  if (found == experiment_by_name_.end() || unit == 0) return std::nullopt;
  const std::optional<RowNumber> row = RowOf(unit, found->second);
  if (!row.has_value()) return std::nullopt;
  const Roster& roster = experiments_[found->second]->roster;
  const RosterCell& cell = roster.cell(*row);
  return FirstExposure{.epoch = cell.epoch, .variant = roster.variant(cell)};
}

std::vector<ExposedIn> FactMemory::FindCounting(const UnitKey& unit, std::string_view event,
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

// The identities with the unit's number stay until the next start; nothing can meet them any more.
void FactMemory::EraseUnit(UnitNumber unit,
                           std::span<const std::pair<absl::uint128, std::uint32_t>> identities) {
  name_bytes_ -= static_cast<std::int64_t>(units_.Erase(unit));
  for (const auto& [identity, digest] : identities) identities_.Add(identity, digest);
  first_erased_ = first_erased_ == 0 ? unit : std::min(first_erased_, unit);
}

std::int64_t FactMemory::bytes() const {
  std::int64_t bytes = name_bytes_ + static_cast<std::int64_t>(units_.size()) * kBytesPerUnit +
                       static_cast<std::int64_t>(identities_.size()) * kBytesPerOutcome +
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
  const auto found = words_.find(View(text));
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
void FactMemory::RememberIdentities(std::span<const Row> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + kRowsAhead < rows.size()) identities_.Prefetch(rows[i + kRowsAhead].key);
    const Row& row = rows[i];
    identities_.Add(row.key, ContentDigest(row.occur_time, row.kind, row.value));
  }
}

template <class Row>
void FactMemory::RememberOutcomes(std::span<const Row> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + 2 * kRowsAhead < rows.size()) {
      units_.Prefetch(static_cast<UnitNumber>(rows[i + 2 * kRowsAhead].unit));
    }
    if (i + kRowsAhead < rows.size())
      PrefetchRow(rows[i + kRowsAhead].unit, rows[i + kRowsAhead].event);
    RememberOutcome(StoredPart(rows[i]));
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

RowFate FactStage::Add(const Exposure& exposure) {
  ExposureRow row{.unit = Unit(exposure.unit),
                  .experiment = Word(exposure.experiment),
                  .epoch = exposure.epoch,
                  .variant = Word(exposure.variant),
                  .occur_time = exposure.occur_time,
                  .receive_time = exposure.receive_time,
                  .source = exposure.source,
                  .attributes = AttributesText(exposure.attributes)};
  const ExposureKey key = KeyOf(row);
  const ExposureRank rank = RankOf(row.occur_time, row.attributes);
  const std::optional<ExposureRank> stored = memory_.FindRank(row.experiment, key);
  if (stored.has_value() && rank >= *stored) return {.fate = Fate::kDuplicate};
  const auto [staged, is_new] = exposures_.emplace(std::pair(row.experiment, key), rank);
  if (!is_new && rank >= staged->second) return {.fate = Fate::kDuplicate};
  staged->second = rank;
  batch_.exposures.push_back(std::move(row));
  return {.fate = Fate::kAccepted};
}

void FactStage::Reserve(std::size_t outcomes) {
  batch_.outcomes.reserve(outcomes);
  outcomes_.reserve(outcomes);
  outcome_of_unit_.reserve(outcomes);
}

absl::Status FactStage::Add(std::span<Outcome> outcomes, std::vector<RowFate>& fates) {
  std::vector<Identity> identities;
  while (!outcomes.empty()) {
    const std::span<Outcome> some = outcomes.first(std::min(outcomes.size(), kRowsAtOnce));
    if (auto status = Identify(some, identities); !status.ok()) return status;
    for (std::size_t i = 0; i < some.size(); ++i) fates.push_back(Add(identities[i], some[i]));
    outcomes = outcomes.subspan(some.size());
  }
  return absl::OkStatus();
}

// What memory knows of units and identities is all over the place, and fetching it takes longer
// than all else: it is asked for ahead, of many rows at the same time.
absl::Status FactStage::Identify(std::span<const Outcome> outcomes,
                                 std::vector<Identity>& identities) {
  std::array<std::size_t, kRowsAtOnce> hashes;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const UnitKey& unit = outcomes[i].unit;
    hashes[i] = UnitTable::HashOf(Word(unit.unit_type), unit.unit_id);
  }
  memory_.units_.Prefetch(std::span(hashes).first(outcomes.size()));
  identities.clear();
  for (const Outcome& outcome : outcomes) {
    // Before the unit is looked up: one that only repeats what was erased must not become known
    // anew.
    const auto erased = FindErased(outcome);
    if (!erased.ok()) return erased.status();
    if (erased->has_value()) {
      identities.push_back({.erased = **erased});
      continue;
    }
    const std::int64_t unit = Unit(outcome.unit);
    const std::int64_t event = Word(outcome.event);
    const absl::StatusOr<absl::uint128> key = hash_.OfOutcome(unit, event, outcome.outcome_id);
    if (!key.ok()) return key.status();
    memory_.identities_.Prefetch(*key);
    const absl::StatusOr<std::int64_t> response_key =
        hash_.OfResponse(unit, outcome.context.response_id);
    if (!response_key.ok()) return response_key.status();
    identities.push_back(
        {.unit = unit, .event = event, .key = *key, .response_key = *response_key});
  }
  return absl::OkStatus();
}

RowFate FactStage::Add(const Identity& identity, Outcome& outcome) {
  const auto& [unit, event, key, response_key, erased] = identity;
  const std::uint32_t digest = ContentDigest(outcome.occur_time, outcome.kind, outcome.value);
  std::optional<std::uint32_t> known = erased.has_value() ? erased : memory_.identities_.Find(key);
  if (!known.has_value()) {
    const auto [staged, is_new] = outcomes_.emplace(key, digest);
    if (!is_new) known = staged->second;
  }
  if (known.has_value()) {
    return *known == digest ? RowFate{.fate = Fate::kDuplicate} : RejectReused(outcome);
  }

  OutcomeContext& context = outcome.context;
  OutcomeRow& row = batch_.outcomes.emplace_back(OutcomeRow{
      .id = memory_.last_outcome_ + static_cast<std::int64_t>(batch_.outcomes.size()) + 1,
      .unit = unit,
      .event = event,
      .outcome_id = std::move(outcome.outcome_id),
      .key = key,
      .occur_time = outcome.occur_time,
      .receive_time = outcome.receive_time,
      .kind = outcome.kind,
      .value = outcome.value,
      .late = outcome.late,
      .channel = Word(context.channel),
      .touchpoint = Word(context.touchpoint),
      .source = Word(context.source),
      .response_id = std::move(context.response_id),
      .comment = std::move(context.comment),
      .item = std::move(context.item),
      .category = std::move(context.category),
      .response_key = response_key,
      .previous_id = LastOutcomeOf(unit)});
  outcome_of_unit_[unit] = row.id;
  return RowFate{.fate = outcome.late ? Fate::kLate : Fate::kAccepted};
}

RowFate FactStage::RejectReused(const Outcome& outcome) {
  RowFate fate = {
      .fate = Fate::kRejected,
      .reason = "ID_REUSED",
      .field = "outcome_id",
      .detail = absl::StrCat(Quoted(outcome.outcome_id), " is known for unit ",
                             Quoted(outcome.unit.unit_id), " and ", outcome.event,
                             " with another time or answer; give every outcome an id of its own")};
  for (ExposedIn& in : memory_.FindCounting(outcome.unit, outcome.event, outcome.occur_time)) {
    ++batch_.rejections[{.experiment = std::move(in.experiment),
                         .variant = std::move(in.variant),
                         .reason = fate.reason,
                         .day = StartOfDay(outcome.receive_time)}];
  }
  return fate;
}

void FactStage::Add(const Rejections& rejections) {
  for (const auto& [key, rows] : rejections) batch_.rejections[key] += rows;
}

std::int64_t FactStage::Word(const std::string& text) {
  if (text.empty()) return 0;
  if (const std::int64_t stored = memory_.FindWord(text); stored != 0) return stored;
  const auto [staged, is_new] = words_.emplace(text, 0);
  if (is_new) {
    staged->second = memory_.last_word_ + static_cast<std::int64_t>(words_.size());
    batch_.words.push_back({.id = staged->second, .text = text});
  }
  return staged->second;
}

std::int64_t FactStage::Unit(const UnitKey& key) {
  const std::int64_t unit_type = Word(key.unit_type);
  if (const UnitNumber stored = memory_.units_.Find(unit_type, key.unit_id); stored != 0) {
    return stored;
  }
  const auto [staged, is_new] = units_[unit_type].emplace(key.unit_id, 0);
  if (is_new) {
    staged->second = static_cast<std::int64_t>(memory_.units_.size() + batch_.units.size()) + 1;
    batch_.units.push_back(
        {.id = staged->second, .unit_type = unit_type, .external_id = key.unit_id});
  }
  return staged->second;
}

absl::StatusOr<std::optional<std::uint32_t>> FactStage::FindErased(const Outcome& outcome) {
  if (memory_.first_erased_ == 0) return std::nullopt;
  // Who came back has a number above the erased one.
  const UnitNumber unit =
      memory_.units_.Find(memory_.FindWord(outcome.unit.unit_type), outcome.unit.unit_id);
  const std::int64_t event = memory_.FindWord(outcome.event);
  if (event == 0 || (unit != 0 && unit < memory_.first_erased_)) return std::nullopt;
  const auto key = hash_.OfErasedOutcome(outcome.unit, event, outcome.outcome_id);
  if (!key.ok()) return key.status();
  return memory_.identities_.Find(*key);
}

std::int64_t FactStage::LastOutcomeOf(std::int64_t unit) const {
  const auto staged = outcome_of_unit_.find(unit);
  if (staged != outcome_of_unit_.end()) return staged->second;
  return unit <= static_cast<std::int64_t>(memory_.units_.size())
             ? memory_.units_.last_outcome(static_cast<UnitNumber>(unit))
             : 0;
}

void FactStage::PublishTo(FactMemory& memory) const {
  for (const WordRow& row : batch_.words) memory.RememberWord(row);
  for (const UnitRow& row : batch_.units) memory.RememberUnit(row);
  for (const ExposureRow& row : batch_.exposures) memory.RememberExposure(row);
  const std::span<const OutcomeRow> outcomes = batch_.outcomes;
  memory.RememberIdentities(outcomes);
  memory.RememberOutcomes(outcomes);
  for (const auto& [key, rows] : batch_.rejections) memory.RememberRejection(key, rows);
}

}  // namespace insightloop
