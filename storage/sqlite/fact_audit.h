// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_FACT_AUDIT_H_
#define INSIGHTLOOP_STORAGE_SQLITE_FACT_AUDIT_H_

#include <array>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/ports/fact_audit.h"
#include "storage/sqlite/database.h"

namespace insightloop::storage {

// The port over a database file. Each question is one statement on a connection of its own, so that
// the write-ahead log is not held for longer than one takes.
class SqliteFactAudit : public FactAudit {
 public:
  // `database` must outlive the audit.
  explicit SqliteFactAudit(SqliteDatabase& database) : database_(database) {}

  absl::StatusOr<AuditResult> CheckIntegrity() override;
  absl::StatusOr<AuditResult> CheckReferences() override;
  absl::StatusOr<AuditResult> CheckUniqueness() override;
  absl::StatusOr<AuditResult> CheckChains() override;
  absl::Status ScanIdentities(const std::function<void(const OutcomeRow&)>& row) override;
  absl::StatusOr<std::array<std::uint8_t, 16>> Secret() override { return database_.secret(); }
  absl::Status ScanAssigned(const std::function<void(const AuditedExposure&)>& row) override;
  absl::StatusOr<Measured> Recompute(const MeasurePlan& plan, Time as_of,
                                     std::int64_t exposure_rows,
                                     std::int64_t outcome_rows) override;

 private:
  SqliteDatabase& database_;
};

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_FACT_AUDIT_H_
