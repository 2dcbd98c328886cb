// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/fact_memory.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"

namespace insightloop {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Digest of what a resent outcome must repeat.
std::uint64_t ContentDigest(Time occur_time, OutcomeKind kind, std::int64_t value) {
  const std::array<std::int64_t, 3> content = {occur_time.micros, static_cast<std::int64_t>(kind),
                                               value};
  return XXH64(content.data(), sizeof(content), /*seed=*/0);
}

std::string AttributesText(const AttributeMap& attributes) {
  if (attributes.empty()) return {};
  Json json = Json::object();
  for (const auto& [id, value] : attributes) {
    std::visit([&, &key = id](const auto& alternative) { json[key] = alternative; }, value);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);  // never throws
}

template <class Map, class Key>
std::int64_t NumberIn(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : found->second;
}

RowFate ReusedId(const Outcome& outcome) {
  return {
      .fate = Fate::kRejected,
      .reason = "ID_REUSED",
      .field = "outcome_id",
      .detail = absl::StrCat(Quoted(outcome.outcome_id), " is known for unit ",
                             Quoted(outcome.unit.unit_id), " and ", outcome.event,
                             " with another time or answer; give every outcome an id of its own")};
}

}  // namespace

ExposureRank RankOf(Time time, const std::string& attributes) {
  ExposureRank rank{.time = time};
  if (!attributes.empty())
    rank.attributes = XXH64(attributes.data(), attributes.size(), /*seed=*/0);
  return rank;
}

absl::Status FactMemory::Load(FactLog& log) {
  absl::Status status = log.ScanWords([this](const WordRow& row) { RememberWord(row); });
  status.Update(log.ScanUnits([this](const UnitRow& row) { RememberUnit(row); }));
  status.Update(
      log.ScanExposures(std::nullopt, [this](const ExposureRow& row) { RememberExposure(row); }));
  status.Update(log.ScanOutcomes([this](const OutcomeRow& row) { RememberOutcome(row); }));
  return status;
}

std::int64_t FactMemory::FindWord(const std::string& text) const { return NumberIn(words_, text); }

std::int64_t FactMemory::ExposuresOf(std::int64_t experiment) const {
  return NumberIn(exposure_counts_, experiment);
}

std::optional<FirstExposure> FactMemory::FindFirstExposure(std::string_view experiment,
                                                           std::string_view unit_type,
                                                           std::string_view unit_id) const {
  const auto names = units_.find(NumberIn(words_, View(unit_type)));
  if (names == units_.end()) return std::nullopt;
  const std::int64_t* const unit = names->second.Find(std::string(unit_id));
  if (unit == nullptr) return std::nullopt;
  const Standing* const standing = standings_.Find({NumberIn(words_, View(experiment)), *unit});
  if (standing == nullptr) return std::nullopt;
  return FirstExposure{.epoch = standing->epoch, .variant = texts_.at(standing->variant)};
}

void FactMemory::RememberWord(const WordRow& row) {
  words_[row.text] = row.id;
  texts_[row.id] = row.text;
  last_word_ = std::max(last_word_, row.id);
}

void FactMemory::RememberUnit(const UnitRow& row) {
  // An erased unit has no name any more; its number stays taken.
  if (!row.external_id.empty()) units_[row.unit_type].Emplace(row.external_id, row.id);
  last_unit_ = std::max(last_unit_, row.id);
}

void FactMemory::RememberExposure(const ExposureRow& row) {
  const ExposureKey key{.experiment = row.experiment,
                        .unit = row.unit,
                        .variant = row.variant,
                        .epoch = row.epoch,
                        .is_override = row.source == ExposureSource::kOverride};
  const ExposureRank rank = RankOf(row.occur_time, row.attributes);
  const auto [first, is_new] = exposures_.Emplace(key, rank);
  if (!is_new) first = std::min(first, rank);
  ++exposure_counts_[row.experiment];
  if (key.is_override) return;
  const Standing standing{.time = row.occur_time, .epoch = row.epoch, .variant = row.variant};
  const auto [least, is_first] = standings_.Emplace({row.experiment, row.unit}, standing);
  if (!is_first) least = std::min(least, standing);
}

void FactMemory::RememberOutcome(const OutcomeRow& row) {
  outcomes_.Emplace(row.key, ContentDigest(row.occur_time, row.kind, row.value));
  const auto unit = static_cast<std::size_t>(row.unit);
  if (unit >= outcome_of_unit_.size()) {
    outcome_of_unit_.resize(std::max(unit + 1, outcome_of_unit_.size() * 2));
  }
  outcome_of_unit_[unit] = row.id;
  last_outcome_ = std::max(last_outcome_, row.id);
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
  const ExposureKey key{.experiment = row.experiment,
                        .unit = row.unit,
                        .variant = row.variant,
                        .epoch = row.epoch,
                        .is_override = row.source == ExposureSource::kOverride};
  const ExposureRank rank = RankOf(row.occur_time, row.attributes);
  const ExposureRank* const stored = memory_.exposures_.Find(key);
  if (stored != nullptr && rank >= *stored) return {.fate = Fate::kDuplicate};
  const auto [staged, is_new] = exposures_.emplace(key, rank);
  if (!is_new && rank >= staged->second) return {.fate = Fate::kDuplicate};
  staged->second = rank;
  batch_.exposures.push_back(std::move(row));
  return {.fate = Fate::kAccepted};
}

absl::StatusOr<RowFate> FactStage::Add(const Outcome& outcome) {
  const std::int64_t unit = Unit(outcome.unit);
  const std::int64_t event = Word(outcome.event);
  const absl::StatusOr<absl::uint128> key = hash_.OfOutcome(unit, event, outcome.outcome_id);
  if (!key.ok()) return key.status();
  const std::uint64_t digest = ContentDigest(outcome.occur_time, outcome.kind, outcome.value);
  const std::uint64_t* known = memory_.outcomes_.Find(*key);
  if (known == nullptr) {
    const auto [staged, is_new] = outcomes_.emplace(*key, digest);
    if (!is_new) known = &staged->second;
  }
  if (known != nullptr) {
    return *known == digest ? RowFate{.fate = Fate::kDuplicate} : ReusedId(outcome);
  }

  const OutcomeContext& context = outcome.context;
  OutcomeRow& row = batch_.outcomes.emplace_back(OutcomeRow{
      .id = memory_.last_outcome_ + static_cast<std::int64_t>(batch_.outcomes.size()) + 1,
      .unit = unit,
      .event = event,
      .outcome_id = outcome.outcome_id,
      .key = *key,
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
      .previous_id = LastOutcomeOf(unit)});
  outcome_of_unit_[unit] = row.id;
  return RowFate{.fate = outcome.late ? Fate::kLate : Fate::kAccepted};
}

std::int64_t FactStage::Word(const std::string& text) {
  if (text.empty()) return 0;
  if (const std::int64_t stored = NumberIn(memory_.words_, text); stored != 0) return stored;
  const auto [staged, is_new] = words_.emplace(text, 0);
  if (is_new) {
    staged->second = memory_.last_word_ + static_cast<std::int64_t>(words_.size());
    batch_.words.push_back({.id = staged->second, .text = text});
  }
  return staged->second;
}

std::int64_t FactStage::Unit(const UnitKey& key) {
  const std::int64_t unit_type = Word(key.unit_type);
  if (const auto names = memory_.units_.find(unit_type); names != memory_.units_.end()) {
    const std::int64_t* const stored = names->second.Find(key.unit_id);
    if (stored != nullptr) return *stored;
  }
  const auto [staged, is_new] = units_[unit_type].emplace(key.unit_id, 0);
  if (is_new) {
    staged->second = memory_.last_unit_ + static_cast<std::int64_t>(batch_.units.size()) + 1;
    batch_.units.push_back(
        {.id = staged->second, .unit_type = unit_type, .external_id = key.unit_id});
  }
  return staged->second;
}

std::int64_t FactStage::LastOutcomeOf(std::int64_t unit) const {
  const auto staged = outcome_of_unit_.find(unit);
  if (staged != outcome_of_unit_.end()) return staged->second;
  const auto index = static_cast<std::size_t>(unit);
  return index < memory_.outcome_of_unit_.size() ? memory_.outcome_of_unit_[index] : 0;
}

void FactStage::PublishTo(FactMemory& memory) const {
  for (const WordRow& row : batch_.words) memory.RememberWord(row);
  for (const UnitRow& row : batch_.units) memory.RememberUnit(row);
  for (const ExposureRow& row : batch_.exposures) memory.RememberExposure(row);
  for (const OutcomeRow& row : batch_.outcomes) memory.RememberOutcome(row);
}

}  // namespace insightloop
