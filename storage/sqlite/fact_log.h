// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_FACT_LOG_H_
#define INSIGHTLOOP_STORAGE_SQLITE_FACT_LOG_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/ports/fact_log.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/row_visits.h"
#include "storage/sqlite/statement.h"

namespace insightloop::storage {

// The port over a database file. Appends run on the database's writer; each scan is one statement
// on a connection of its own.
class SqliteFactLog : public FactLog {
 public:
  // `database` must outlive the log.
  explicit SqliteFactLog(SqliteDatabase& database) : database_(database) {}

  void Append(const FactBatch& batch, Appended appended) override;
  absl::Status ScanWords(const std::function<void(const WordRow&)>& row) override;
  absl::Status ScanUnits(const std::function<void(const UnitRow&)>& row) override;
  absl::Status ScanExposures(std::optional<std::int64_t> experiment,
                             const std::function<void(const ExposureRow&)>& row) override;
  absl::Status ScanRejections(
      const std::function<void(const RejectionKey&, std::int64_t rows)>& row) override;
  absl::Status ScanOutcomes(const std::function<void(const StoredOutcome&)>& row) override;
  absl::Status ScanIdentities(const std::function<void(const StoredIdentity&)>& row) override;
  absl::Status FollowChains(
      std::span<const std::int64_t> last_ids,
      const std::function<void(std::size_t chain, const StoredOutcome&)>& row) override;
  void StopScans() override { is_stopped_ = true; }
  absl::StatusOr<std::array<std::uint8_t, 16>> Secret() override { return database_.secret(); }

 private:
  template <class Row>
  absl::Status Scan(Connection& connection, const char* sql, std::optional<std::int64_t> argument,
                    void (*read)(const VisitedRow&, Row&),
                    const std::function<void(const Row&)>& take) const;
  template <class Row>
  absl::Status ScanTable(const char* sql, void (*read)(const VisitedRow&, Row&),
                         const std::function<void(const Row&)>& take);

  SqliteDatabase& database_;
  std::atomic<bool> is_stopped_ = false;
};

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_FACT_LOG_H_
