// SPDX-License-Identifier: Apache-2.0
//
// The units exposed in one experiment (or holdout), a row each in the order of arrival: first
// exposure, and whether the unit was seen in two variants of one epoch. What a row says depends on
// the exposures alone, never on the order in which they came. 24 bytes a row.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_ROSTER_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_ROSTER_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/domain/time.h"
#include "engine/measurement/chunked_column.h"
#include "engine/measurement/unit_table.h"
#include "engine/ports/fact_log.h"

namespace insightloop {

// The order in which exposures of one unit, epoch and variant count: by time; among those of one
// instant, whose attributes may differ, by a digest of these; none come last.
struct ExposureRank {
  Time time;
  std::uint64_t attributes = std::numeric_limits<std::uint64_t>::max();

  friend auto operator<=>(const ExposureRank&, const ExposureRank&) = default;
};

// `attributes` as in `ExposureRow`. Stable across processes.
ExposureRank RankOf(Time time, std::string_view attributes);

// Tells apart the exposures of one experiment of which only the earliest counts. Overrides are
// never analysed, so they must not stand in for an exposure that is.
struct ExposureKey {
  std::int64_t unit = 0, variant = 0;  // variant: word
  std::int32_t epoch = 0;
  bool is_override = false;

  friend bool operator==(const ExposureKey&, const ExposureKey&) = default;
  template <class H>
  friend H AbslHashValue(H h, const ExposureKey& k) {
    return H::combine(std::move(h), k.unit, k.variant, k.epoch, k.is_override);
  }
};

ExposureKey KeyOf(const ExposureRow& row);

// Where first exposures fell.
struct RosterCell {
  std::int32_t epoch = 0;
  std::int64_t variant = 0;      // word
  std::uint32_t attributes = 0;  // index into Roster::attributes()

  friend bool operator==(const RosterCell&, const RosterCell&) = default;
  template <class H>
  friend H AbslHashValue(H h, const RosterCell& c) {
    return H::combine(std::move(h), c.epoch, c.variant, c.attributes);
  }
};

// Not thread-safe. Can be copied: a copy keeps what it was.
class Roster {
 public:
  // Which of its experiment's units a change concerns.
  struct Change {
    std::optional<RowNumber> row;  // absent: an override, which has none
    bool is_new = false;           // the unit's first exposure here
    bool is_earlier = false;       // the first exposure is earlier than it was
  };

  Roster() : attributes_(1), digests_{RankOf({}, "").attributes} {
    index_of_attributes_.emplace("", 0);
  }

  // The earliest exposure of that key; absent when there is none. `row` is the unit's, if any.
  [[nodiscard]] std::optional<ExposureRank> Find(std::optional<RowNumber> row,
                                                 const ExposureKey& key) const;

  // `row` is the unit's, if it has one; a new row is the last one. `variant` is the text of the
  // exposure's variant.
  Change Add(std::optional<RowNumber> row, const ExposureRow& exposure, std::string_view variant);

  [[nodiscard]] std::size_t size() const { return units_.size(); }

  [[nodiscard]] UnitNumber unit(RowNumber row) const { return units_[row]; }
  [[nodiscard]] Time first(RowNumber row) const { return first_[row]; }
  [[nodiscard]] std::uint32_t place(RowNumber row) const { return place_[row]; }
  [[nodiscard]] const RosterCell& cell(RowNumber row) const { return cells_[place_[row] / 2]; }
  [[nodiscard]] Membership next(RowNumber row) const { return next_[row]; }
  void SetNext(RowNumber row, Membership next) { next_[row] = next; }

  // Brings into the cache what first() and next() read.
  void Prefetch(RowNumber row) const {
    __builtin_prefetch(&first_[row]);
    __builtin_prefetch(&next_[row]);
  }

  // For passes over all rows. A row's place is twice the index of its cell, plus 1 when the unit
  // was seen in two variants of one epoch.
  [[nodiscard]] const ChunkedColumn<Time>& first_column() const { return first_; }
  [[nodiscard]] const ChunkedColumn<std::uint32_t>& place_column() const { return place_; }
  [[nodiscard]] const std::vector<RosterCell>& cells() const { return cells_; }
  [[nodiscard]] const std::string& variant(const RosterCell& cell) const {
    return variants_.at(cell.variant);
  }
  [[nodiscard]] const std::vector<std::string>& attributes() const { return attributes_; }  // JSON

  // What it keeps besides its rows, in bytes at most.
  [[nodiscard]] std::int64_t bytes_beside_rows() const;

 private:
  std::uint32_t AttributesIndex(const std::string& json);
  std::uint32_t CellIndex(const RosterCell& cell);
  [[nodiscard]] ExposureRank RankOfRow(RowNumber row) const;
  void Remember(const ExposureKey& key, ExposureRank rank);

  ChunkedColumn<UnitNumber> units_;
  ChunkedColumn<Time> first_;
  ChunkedColumn<std::uint32_t> place_;  // see place_column()
  ChunkedColumn<Membership> next_;

  std::vector<RosterCell> cells_;
  absl::flat_hash_map<RosterCell, std::uint32_t> index_of_cell_;
  absl::flat_hash_map<std::int64_t, std::string> variants_;  // text by word
  std::vector<std::string> attributes_;                      // distinct JSON; the first is empty
  std::vector<std::uint64_t> digests_;                       // of attributes_
  absl::flat_hash_map<std::string, std::uint32_t> index_of_attributes_;
  std::int64_t attribute_bytes_ = 0;  // of the texts

  // What rows cannot say, of few units: exposures that are not the first of their unit, and the
  // variants of units seen in several epochs.
  absl::flat_hash_map<ExposureKey, ExposureRank> others_;
  absl::flat_hash_map<std::pair<RowNumber, std::int32_t>, std::int64_t> other_epochs_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_ROSTER_H_
