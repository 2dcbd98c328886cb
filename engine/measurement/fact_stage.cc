// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/fact_stage.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/domain/absl_view.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"
#include "engine/domain/text.h"
#include "engine/measurement/row_blocks.h"
#include "engine/measurement/unit_table.h"

namespace insightloop {
namespace {

std::string AttributesText(const AttributeMap& attributes) {
  if (attributes.empty()) return {};
  Json json = Json::object();
  for (const auto& [id, value] : attributes) {
    std::visit([&, &key = id](const auto& alternative) { json[key] = alternative; }, value);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);  // never throws
}

}  // namespace

RowFate FactStage::Add(const Exposure& exposure) {
  const std::int64_t unit_type = Word(exposure.unit.unit_type);
  const std::string& unit_id = exposure.unit.unit_id;
  ExposureRow row{.unit = Unit(unit_type, unit_id, UnitTable::HashOf(unit_type, unit_id)),
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
  if (base_ != nullptr) {
    const auto before = base_->exposures_.find(std::pair(row.experiment, key));
    if (before != base_->exposures_.end() && rank >= before->second) {
      return {.fate = Fate::kDuplicate};
    }
  }
  const auto [staged, is_new] = exposures_.emplace(std::pair(row.experiment, key), rank);
  if (!is_new && rank >= staged->second) return {.fate = Fate::kDuplicate};
  staged->second = rank;
  batch_.exposures.push_back(std::move(row));
  return {.fate = Fate::kAccepted};
}

void FactStage::Reserve(std::size_t outcomes) {
  // Of a vector, reserving a little again and again would move it each time.
  const std::size_t rows = batch_.outcomes.size() + outcomes, room = batch_.outcomes.capacity();
  if (rows > room) batch_.outcomes.reserve(std::max(rows, 2 * room));
  outcome_of_unit_.reserve(outcome_of_unit_.size() + outcomes);
}

void FactStage::Add(std::span<const Outcome> outcomes, std::vector<RowFate>& fates) {
  std::vector<Identity> identities, next_identities;
  std::span<const Outcome> some = TakeBlock(outcomes);
  Identify(some, identities);
  while (!some.empty()) {
    // Before this block is judged, so that what was asked for has time to come.
    const std::span<const Outcome> next = TakeBlock(outcomes);
    Identify(next, next_identities);
    for (std::size_t i = 0; i < some.size(); ++i) fates.push_back(Add(identities[i], some[i]));
    some = next;
    std::swap(identities, next_identities);
  }
}

// What is known of units and identities is all over the place, and fetching it takes longer
// than all else: it is asked for ahead, of many rows at the same time.
void FactStage::Identify(std::span<const Outcome> outcomes, std::vector<Identity>& identities) {
  std::array<std::int64_t, kRowsAtOnce> unit_types;
  std::array<std::size_t, kRowsAtOnce> hashes;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    unit_types[i] = Word(outcomes[i].unit.unit_type);
    hashes[i] = UnitTable::HashOf(unit_types[i], outcomes[i].unit.unit_id);
  }
  memory_.units_.Prefetch(std::span(hashes).first(outcomes.size()));
  identities.clear();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    // Before the unit is looked up: one that only repeats what was erased must not become known
    // anew.
    if (const auto erased = FindErased(outcome); erased.has_value()) {
      identities.push_back({.erased = erased});
      continue;
    }
    const std::int64_t unit = Unit(unit_types[i], outcome.unit.unit_id, hashes[i]);
    const std::int64_t event = Word(outcome.event);
    identities.push_back({.unit = unit,
                          .event = event,
                          .key = hash_.OfOutcome(unit, event, outcome.outcome_id),
                          .response_key = hash_.OfResponse(unit, outcome.context.response_id)});
  }
  for (const Identity& identity : identities) identities_.Prefetch(identity.key);
}

RowFate FactStage::Add(const Identity& identity, const Outcome& outcome) {
  const auto& [unit, event, key, response_key, erased] = identity;
  const std::uint32_t digest = ContentDigest(outcome.occur_time, outcome.kind, outcome.value);
  const std::optional<std::uint32_t> known =
      erased.has_value() ? erased : identities_.FindOrAdd(key, digest);
  if (known.has_value()) {
    return *known == digest ? RowFate{.fate = Fate::kDuplicate} : RejectReused(outcome);
  }

  const OutcomeContext& context = outcome.context;
  OutcomeRow& row = batch_.outcomes.emplace_back(
      OutcomeRow{.id = last_outcome() + static_cast<std::int64_t>(batch_.outcomes.size()) + 1,
                 .unit = unit,
                 .event = event,
                 .outcome_id = outcome.outcome_id,
                 .key = key,
                 .occur_time = outcome.occur_time,
                 .receive_time = outcome.receive_time,
                 .kind = outcome.kind,
                 .value = outcome.value,
                 .late = outcome.late,
                 .channel = Word(context.channel),
                 .touchpoint = Word(context.touchpoint),
                 .source = Word(context.source),
                 .response_id = context.response_id,
                 .comment = context.comment,
                 .item = context.item,
                 .category = context.category,
                 .response_key = response_key,
                 .previous_id = LastOutcomeOf(unit)});
  outcome_of_unit_[unit] = row.id;
  return RowFate{.fate = outcome.late ? Fate::kLate : Fate::kAccepted};
}

RowFate FactStage::RejectReused(const Outcome& outcome) {
  Fault fault = {
      .reason = "ID_REUSED",
      .field = "outcome_id",
      .detail = absl::StrCat(Quoted(outcome.outcome_id), " is known for unit ",
                             Quoted(outcome.unit.unit_id), " and ", AbslView(outcome.event),
                             " with another time or answer; give every outcome an id of its own")};
  for (ExposedIn& in : memory_.FindCounting(outcome.unit, outcome.event, outcome.occur_time)) {
    ++batch_.rejections[{.experiment = std::move(in.experiment),
                         .variant = std::move(in.variant),
                         .reason = fault.reason,
                         .day = StartOfDay(outcome.receive_time)}];
  }
  return Rejected(std::move(fault));
}

void FactStage::Add(const Rejections& rejections) {
  for (const auto& [key, rows] : rejections) batch_.rejections[key] += rows;
}

void FactStage::Withdraw() {
  for (const OutcomeRow& row : batch_.outcomes) identities_.Remove(row.key);
}

// Rows mostly say what others before have said: their words are at hand without a hash.
std::int64_t FactStage::Word(std::string_view text) {
  if (text.empty()) return 0;
  const std::size_t place = text.size() + static_cast<unsigned char>(text.back());
  RecentWord& recent = recent_words_[place % recent_words_.size()];
  if (!SameText(recent.text, text)) {
    recent = {.text = std::string(text), .word = FindOrAddWord(text)};
  }
  return recent.word;
}

std::int64_t FactStage::FindOrAddWord(std::string_view text) {
  if (const std::int64_t stored = memory_.FindWord(text); stored != 0) return stored;
  if (base_ != nullptr) {
    const auto before = base_->words_.find(AbslView(text));
    if (before != base_->words_.end()) return before->second;
  }
  const auto [staged, is_new] = words_.emplace(std::string(text), 0);
  if (is_new) {
    staged->second = last_word() + static_cast<std::int64_t>(words_.size());
    batch_.words.push_back({.id = staged->second, .text = staged->first});
  }
  return staged->second;
}

std::int64_t FactStage::Unit(std::int64_t unit_type, std::string_view unit_id, std::size_t hash) {
  if (const UnitNumber stored = memory_.units_.Find(unit_type, unit_id, hash); stored != 0) {
    return stored;
  }
  if (base_ != nullptr) {
    const auto of_type = base_->units_.find(unit_type);
    if (of_type != base_->units_.end()) {
      const auto before = of_type->second.find(AbslView(unit_id));
      if (before != of_type->second.end()) return before->second;
    }
  }
  const auto [staged, is_new] = units_[unit_type].emplace(std::string(unit_id), 0);
  if (is_new) {
    staged->second = last_unit() + static_cast<std::int64_t>(batch_.units.size()) + 1;
    batch_.units.push_back(
        {.id = staged->second, .unit_type = unit_type, .external_id = staged->first});
  }
  return staged->second;
}

std::optional<std::uint32_t> FactStage::FindErased(const Outcome& outcome) {
  if (memory_.first_erased_ == 0) return std::nullopt;
  // Who came back has a number above the erased one.
  const UnitNumber unit =
      memory_.units_.Find(memory_.FindWord(outcome.unit.unit_type), outcome.unit.unit_id);
  const std::int64_t event = memory_.FindWord(outcome.event);
  if (event == 0 || (unit != 0 && unit < memory_.first_erased_)) return std::nullopt;
  return identities_.Find(hash_.OfErasedOutcome(outcome.unit, event, outcome.outcome_id));
}

std::int64_t FactStage::LastOutcomeOf(std::int64_t unit) const {
  const auto staged = outcome_of_unit_.find(unit);
  if (staged != outcome_of_unit_.end()) return staged->second;
  if (base_ != nullptr) {
    const auto before = base_->outcome_of_unit_.find(unit);
    if (before != base_->outcome_of_unit_.end()) return before->second;
  }
  return unit <= static_cast<std::int64_t>(memory_.units_.size())
             ? memory_.units_.last_outcome(static_cast<UnitNumber>(unit))
             : 0;
}

std::int64_t FactStage::last_word() const {
  return memory_.last_word_ +
         (base_ == nullptr ? 0 : static_cast<std::int64_t>(base_->batch_.words.size()));
}

std::int64_t FactStage::last_unit() const {
  return static_cast<std::int64_t>(memory_.units_.size() +
                                   (base_ == nullptr ? 0 : base_->batch_.units.size()));
}

std::int64_t FactStage::last_outcome() const {
  return memory_.last_outcome_ +
         (base_ == nullptr ? 0 : static_cast<std::int64_t>(base_->batch_.outcomes.size()));
}

}  // namespace insightloop
