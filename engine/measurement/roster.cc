// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/roster.h"

#include <xxhash.h>

#include <algorithm>

namespace insightloop {

ExposureRank RankOf(Time time, std::string_view attributes) {
  ExposureRank rank{.time = time};
  if (!attributes.empty()) {
    rank.attributes = XXH64(attributes.data(), attributes.size(), /*seed=*/0);
  }
  return rank;
}

ExposureKey KeyOf(const ExposureRow& row) {
  return {.unit = row.unit,
          .variant = row.variant,
          .epoch = row.epoch,
          .is_override = row.source == ExposureSource::kOverride};
}

std::optional<ExposureRank> Roster::Find(std::optional<RowNumber> row,
                                         const ExposureKey& key) const {
  if (row.has_value() && !key.is_override) {
    const RosterCell& held = cell(*row);
    if (held.epoch == key.epoch && held.variant == key.variant) return RankOfRow(*row);
  }
  const auto found = others_.find(key);
  if (found == others_.end()) return std::nullopt;
  return found->second;
}

Roster::Change Roster::Add(std::optional<RowNumber> row, const ExposureRow& exposure,
                           std::string_view variant) {
  const ExposureKey key = KeyOf(exposure);
  const ExposureRank rank = RankOf(exposure.occur_time, exposure.attributes);
  if (key.is_override) {
    Remember(key, rank);
    return {};
  }
  variants_.try_emplace(exposure.variant, variant);
  const RosterCell cell{.epoch = exposure.epoch,
                        .variant = exposure.variant,
                        .attributes = AttributesIndex(exposure.attributes)};
  if (!row.has_value()) {
    units_.PushBack(static_cast<UnitNumber>(exposure.unit));
    first_.PushBack(exposure.occur_time);
    place_.PushBack(CellIndex(cell) * 2);
    next_.PushBack({});
    return {.row = static_cast<RowNumber>(units_.size() - 1), .is_new = true};
  }

  const RosterCell held = this->cell(*row);
  const ExposureRank held_rank = RankOfRow(*row);
  bool is_crossed = place_[*row] % 2 != 0;
  if (held.epoch == cell.epoch) {
    is_crossed |= held.variant != cell.variant;
  } else {
    const auto [other, is_first] = other_epochs_.emplace(std::pair(*row, cell.epoch), cell.variant);
    is_crossed |= other->second != cell.variant;
  }
  // Of several exposures at one instant the one of the lowest epoch, then variant, then digest of
  // attributes is the first.
  const auto order = [this](ExposureRank r, const RosterCell& c) {
    return std::tuple(r.time, c.epoch, std::string_view(variants_.at(c.variant)), r.attributes);
  };
  Change change{.row = row};
  const bool has_same_key = held.epoch == cell.epoch && held.variant == cell.variant;
  if (order(rank, cell) < order(held_rank, held)) {
    if (!has_same_key) {
      Remember({.unit = exposure.unit, .variant = held.variant, .epoch = held.epoch}, held_rank);
    }
    if (held.epoch != cell.epoch) {
      other_epochs_.emplace(std::pair(*row, held.epoch), held.variant);
    }
    change.is_earlier = rank.time < held_rank.time;
    first_[*row] = rank.time;
    place_[*row] = CellIndex(cell) * 2;
  } else if (!has_same_key) {
    Remember(key, rank);
  }
  place_[*row] = place_[*row] / 2 * 2 + (is_crossed ? 1 : 0);
  return change;
}

std::uint32_t Roster::AttributesIndex(const std::string& json) {
  const auto [index, is_new] =
      index_of_attributes_.try_emplace(json, static_cast<std::uint32_t>(attributes_.size()));
  if (is_new) {
    attributes_.push_back(json);
    attribute_bytes_ += static_cast<std::int64_t>(json.size());
    digests_.push_back(RankOf({}, json).attributes);
  }
  return index->second;
}

std::int64_t Roster::bytes_beside_rows() const {
  // Vectors and hash maps double as they grow.
  const auto of_entries = [](const auto& entries) {
    using Entry = typename std::decay_t<decltype(entries)>::value_type;
    return static_cast<std::int64_t>(2 * entries.size() * sizeof(Entry));
  };
  return 2 * attribute_bytes_ + of_entries(attributes_) + of_entries(digests_) +
         of_entries(index_of_attributes_) + of_entries(cells_) + of_entries(index_of_cell_) +
         of_entries(others_) + of_entries(other_epochs_);
}

std::uint32_t Roster::CellIndex(const RosterCell& cell) {
  const auto [index, is_new] =
      index_of_cell_.try_emplace(cell, static_cast<std::uint32_t>(cells_.size()));
  if (is_new) cells_.push_back(cell);
  return index->second;
}

ExposureRank Roster::RankOfRow(RowNumber row) const {
  return {.time = first_[row], .attributes = digests_[cell(row).attributes]};
}

void Roster::Remember(const ExposureKey& key, ExposureRank rank) {
  const auto [found, is_new] = others_.try_emplace(key, rank);
  if (!is_new) found->second = std::min(found->second, rank);
}

}  // namespace insightloop
