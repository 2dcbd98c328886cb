// SPDX-License-Identifier: Apache-2.0
//
// The append-only log of facts under the embedded `Measurement`: durable append, sequential scan.
// It knows internal numbers only; names, deduplication and rules are its user's.

#ifndef INSIGHTLOOP_ENGINE_PORTS_FACT_LOG_H_
#define INSIGHTLOOP_ENGINE_PORTS_FACT_LOG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/facts.h"
#include "engine/domain/time.h"

namespace insightloop {

// A word of the log's dictionary: a unit type, event, experiment, variant, channel, touchpoint or
// source. Numbers start at 1.
struct WordRow {
  std::int64_t id = 0;
  std::string text;
};

struct UnitRow {
  std::int64_t id = 0;         // from 1, without gaps
  std::int64_t unit_type = 0;  // word
  std::string external_id;     // empty: erased
};

struct ExposureRow {
  std::int64_t unit = 0;
  std::int64_t experiment = 0;  // word
  std::int32_t epoch = 0;
  std::int64_t variant = 0;  // word
  Time occur_time, receive_time;
  ExposureSource source{};
  std::string attributes;  // JSON object; empty: none
};

// Its texts are views: of what the sender has, or of what is being read.
struct OutcomeRow {
  std::int64_t id = 0;  // from 1, without gaps
  std::int64_t unit = 0;
  std::int64_t event = 0;  // word
  std::string_view outcome_id;
  // Keyed hash of (unit, event, outcome_id); of an erased unit of its name in place of its number.
  absl::uint128 key = 0;
  Time occur_time, receive_time;
  OutcomeKind kind{};
  std::int64_t value = 0;
  bool late = false;
  std::int64_t channel = 0, touchpoint = 0, source = 0;   // words; 0: none
  std::string_view response_id, comment, item, category;  // empty: none
  std::int64_t response_key = 0;  // keyed hash of unit and response_id; 0: no response_id
  std::int64_t previous_id = 0;   // the unit's outcome before this; 0: none
};

// What of a stored outcome is measured.
struct StoredOutcome {
  std::int64_t id = 0, unit = 0, event = 0;
  Time occur_time;
  OutcomeKind kind{};
  bool late = false;
  std::int64_t value = 0;
  std::int64_t source = 0;
  std::int64_t response_key = 0;
};

// What of a stored outcome a resent one is compared with.
struct StoredIdentity {
  absl::uint128 key = 0;
  Time occur_time;
  OutcomeKind kind{};
  std::int64_t value = 0;
};

struct FactBatch {
  std::vector<WordRow> words;
  std::vector<UnitRow> units;
  std::vector<ExposureRow> exposures;
  std::vector<OutcomeRow> outcomes;
  Rejections rejections;
};

// One caller appends; scans may run beside it from any thread, each on one consistent state. No
// method throws.
class FactLog {
 public:
  virtual ~FactLog() = default;

  using Appended = std::function<void(const absl::Status&)>;

  // Appends all rows or none, and adds rejections to those of the same key; then calls `appended`
  // once: from a thread that it must not hold up, or before this returns. OK means durable. Until
  // that call the batch must stay as it is, with all that it views, and no other append may begin.
  //
  // Errors: kResourceExhausted when the disk is full (nothing is stored; try again later);
  // kUnavailable when the log has shut down or cannot write; kInternal when the ids of outcomes,
  // which follow each other, do not follow the last one stored.
  virtual void Append(const FactBatch& batch, Appended appended) = 0;

  virtual absl::Status ScanWords(const std::function<void(const WordRow&)>& row) = 0;
  virtual absl::Status ScanUnits(const std::function<void(const UnitRow&)>& row) = 0;
  // In order of storing; all experiments when `experiment` is absent.
  virtual absl::Status ScanExposures(std::optional<std::int64_t> experiment,
                                     const std::function<void(const ExposureRow&)>& row) = 0;
  // With the number of rows; each key once.
  virtual absl::Status ScanRejections(
      const std::function<void(const RejectionKey&, std::int64_t rows)>& row) = 0;
  // In order of storing.
  virtual absl::Status ScanOutcomes(const std::function<void(const StoredOutcome&)>& row) = 0;
  virtual absl::Status ScanIdentities(const std::function<void(const StoredIdentity&)>& row) = 0;

  // Of each chain the outcome with id last_ids[chain] (0: none) and all of its unit before it, the
  // last one first.
  virtual absl::Status FollowChains(
      std::span<const std::int64_t> last_ids,
      const std::function<void(std::size_t chain, const StoredOutcome&)>& row) = 0;

  // For a log whose user ends: scans under way and all later ones fail with kUnavailable. From any
  // thread.
  virtual void StopScans() = 0;

  // The secret of this database, which keys the hashes of outcomes' identities.
  virtual absl::StatusOr<std::array<std::uint8_t, 16>> Secret() = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PORTS_FACT_LOG_H_
