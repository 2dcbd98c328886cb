// SPDX-License-Identifier: Apache-2.0
//
// The one door for facts: judges every submitted row against its definitions and passes the good
// ones on to `Measurement`. A bad row does not sink its neighbours; each row gets exactly one fate.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_RECORDER_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/assignment/assigner.h"
#include "engine/assignment/catalog_holder.h"
#include "engine/domain/facts.h"
#include "engine/domain/limits.h"
#include "engine/ports/clock.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// A unit with the exposures that follow from what it was assigned.
struct AssignedUnit {
  UnitKey unit;
  AttributeMap attributes;
  std::vector<AssignedExposure> exposures;
};

// Rows of one call, as its caller has them.
template <class Row>
struct SubmittedRows {
  std::size_t size = 0;
  // Called once for each row, in order, before the call returns: fills in the row, which is empty,
  // or says why it is none. Views in the row must last until the call is answered.
  std::function<std::optional<Fault>(std::size_t place, Row& row)> read;
};

using RowsRecorded = std::function<void(absl::StatusOr<std::vector<RowFate>>)>;

// Safe for concurrent calls.
class Recorder {
 public:
  // All outlive the recorder.
  Recorder(const CatalogHolder& catalog, Measurement& measurement, const Clock& clock,
           const Limits& limits);

  // `recorded` gets one fate per row, in order; OK means that every row not rejected is durable. It
  // is called as that of Measurement::Record.
  //
  // Rejections (reason, field): UNKNOWN_EXPERIMENT experiment · EXPERIMENT_NOT_RUNNING experiment ·
  // UNKNOWN_HOLDOUT experiment · UNKNOWN_UNIT_TYPE, WRONG_UNIT_TYPE unit_type · INVALID_UNIT_ID
  // unit_id · UNKNOWN_VARIANT, VARIANT_NOT_ASSIGNED variant · UNKNOWN_EPOCH epoch · TIME_IN_FUTURE,
  // TIME_MISSING, BEFORE_START, EXPERIMENT_PAUSED, AFTER_STOP occur_time · UNDECLARED_ATTRIBUTE,
  // WRONG_ATTRIBUTE_TYPE, NOT_FINITE attributes.{id} · TOO_MANY_ATTRIBUTES attributes · and what
  // `rows.read` says. Errors: kInvalidArgument for no rows (NO_ROWS) or too many (TOO_MANY_ROWS);
  // those of Measurement::Record.
  //
  // Rejected rows of an experiment's run that could be read are also counted for it, durably where
  // others are recorded with them, and otherwise if possible.
  void RecordExposures(const SubmittedRows<SubmittedExposure>& rows, RowsRecorded recorded);

  // Records now what `catalog` assigned, in parts where it is much, and waits for it. Errors: those
  // of Measurement::Record; parts before may be durable, and asking again counts nothing twice.
  absl::Status RecordAssigned(const Catalog& catalog, std::span<const AssignedUnit> units);

  // As RecordExposures. Rejections: INVALID_OUTCOME_ID outcome_id · INVALID_UNIT_ID unit_id ·
  // UNKNOWN_UNIT_TYPE unit_type · UNKNOWN_EVENT event · TIME_IN_FUTURE, TIME_MISSING occur_time ·
  // VALUE_MISSING, VALUE_NOT_EXPECTED, NOT_FINITE, OUT_OF_RANGE value · NOT_A_SURVEY asked,
  // dismissed · TEXT_TOO_LONG, INVALID_UTF8 the text · ID_REUSED outcome_id · and what `rows.read`
  // says.
  void RecordOutcomes(const SubmittedRows<SubmittedOutcome>& rows, bool backfill,
                      RowsRecorded recorded);

  // Rows rejected since this object was made, by reason.
  [[nodiscard]] std::map<std::string, std::int64_t> rejected() const;

 private:
  // Has rejected rows counted first.
  RowsRecorded Counting(RowsRecorded recorded);

  void CountRejected(const std::string& reason);

  const CatalogHolder& catalog_;
  Measurement& measurement_;
  const Clock& clock_;
  const Limits limits_;

  mutable std::mutex rejected_mutex_;
  std::map<std::string, std::int64_t> rejected_;  // guarded by rejected_mutex_; rows by reason
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_RECORDER_H_
