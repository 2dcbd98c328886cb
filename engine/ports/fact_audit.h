// SPDX-License-Identifier: Apache-2.0
//
// A second look at the stored facts, by other means than those that record and measure: are they
// whole, does each count once, and what do they add up to?

#ifndef INSIGHTLOOP_ENGINE_PORTS_FACT_AUDIT_H_
#define INSIGHTLOOP_ENGINE_PORTS_FACT_AUDIT_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/time.h"
#include "engine/ports/fact_log.h"
#include "engine/ports/measurement.h"

namespace insightloop {

struct AuditResult {
  std::int64_t rows = 0;    // looked at
  std::int64_t faults = 0;  // wrong ones
  std::string detail;       // what is wrong, with an example of each kind; empty without faults
};

// An exposure that says the engine assigned it, with its names.
struct AuditedExposure {
  std::string experiment, unit_id, variant;
  std::int32_t epoch = 0;
  // The unit was exposed to that variant in an earlier epoch, overrides left aside.
  bool is_kept = false;
};

// Reads what is durable and never holds up who appends; facts appended meanwhile may or may not be
// seen. Safe for concurrent calls. No method throws.
//
// Errors of all: kDataLoss where the store cannot be read for what is broken in it; kUnavailable
// when it has shut down.
class FactAudit {
 public:
  virtual ~FactAudit() = default;

  // Whether the store's own structures are sound. Rows are pages.
  virtual absl::StatusOr<AuditResult> CheckIntegrity() = 0;
  // Whether every unit, word and experiment that a fact names is there, and no number is left out.
  virtual absl::StatusOr<AuditResult> CheckReferences() = 0;
  // Whether every word, unit and outcome is stored once.
  virtual absl::StatusOr<AuditResult> CheckUniqueness() = 0;
  // Whether every outcome names the unit's outcome before it.
  virtual absl::StatusOr<AuditResult> CheckChains() = 0;

  // Identities of the outcomes whose texts are not erased: id, unit, event, outcome_id and key; the
  // text lasts as long as the call of `row`.
  virtual absl::Status ScanIdentities(const std::function<void(const OutcomeRow&)>& row) = 0;
  // The secret that keys them.
  virtual absl::StatusOr<std::array<std::uint8_t, 16>> Secret() = 0;

  // Exposures with the source ASSIGNED whose units are not erased; those of holdouts too.
  virtual absl::Status ScanAssigned(const std::function<void(const AuditedExposure&)>& row) = 0;

  // What Measurement::Measure() must say of the first `exposure_rows` and `outcome_rows` facts; its
  // rejections are all that are stored by now.
  virtual absl::StatusOr<Measured> Recompute(const MeasurePlan& plan, Time as_of,
                                             std::int64_t exposure_rows,
                                             std::int64_t outcome_rows) = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PORTS_FACT_AUDIT_H_
