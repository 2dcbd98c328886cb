// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/fact_log.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "storage/sqlite/key_bytes.h"
#include "storage/sqlite/outcome_rows.h"
#include "storage/sqlite/row_visits.h"
#include "storage/sqlite/statement.h"

namespace insightloop::storage {
namespace {

constexpr char kInsertWord[] = "INSERT INTO words (id, text) VALUES (?, ?)";
constexpr char kInsertUnit[] = "INSERT INTO units (id, unit_type, external_id) VALUES (?, ?, ?)";
constexpr char kInsertExposure[] =
    "INSERT INTO exposures"
    " (unit, experiment, epoch, variant, occur_time, receive_time, source, attributes)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
// Without the id: SQLite numbers rows as the log does, and then need not look for their places.
constexpr char kInsertOutcomes[] =
    "INSERT INTO outcomes"
    " (unit, event, key, occur_time, receive_time, kind, value, late, channel, touchpoint, source,"
    " previous_id, outcome_id, response_id, comment, item, category, response_key)"
    " SELECT unit, event, key, occur_time, receive_time, kind, value, late, channel, touchpoint,"
    " source, previous_id, outcome_id, response_id, comment, item, category, response_key"
    " FROM outcome_rows(?)";
// For outcomes that have none of the other columns: a fifth of the statement's time goes into
// saying so of each.
constexpr char kInsertPlainOutcomes[] =
    "INSERT INTO outcomes"
    " (unit, event, key, occur_time, receive_time, kind, value, late, source, previous_id,"
    " outcome_id)"
    " SELECT unit, event, key, occur_time, receive_time, kind, value, late, source, previous_id,"
    " outcome_id FROM outcome_rows(?)";

constexpr char kAddRejections[] =
    "INSERT INTO rejections (experiment, variant, reason, day, rows) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET rows = rows + excluded.rows";

constexpr char kScanWords[] =
    "SELECT 1 FROM words NOT INDEXED WHERE visit(?, id, text) ORDER BY id";
constexpr char kScanUnits[] =
    "SELECT 1 FROM units NOT INDEXED WHERE visit(?, id, unit_type, external_id) ORDER BY id";
constexpr char kScanExposures[] =
    "SELECT 1 FROM exposures NOT INDEXED WHERE visit(?, unit, experiment, epoch, variant,"
    " occur_time, receive_time, source, attributes) ORDER BY id";
constexpr char kScanExposuresOf[] =
    "SELECT 1 FROM exposures NOT INDEXED WHERE CASE experiment WHEN ?2 THEN visit(?1, unit,"
    " experiment, epoch, variant, occur_time, receive_time, source, attributes) END ORDER BY id";
constexpr char kScanRejections[] = "SELECT experiment, variant, reason, day, rows FROM rejections";
constexpr char kScanOutcomes[] =
    "SELECT 1 FROM outcomes NOT INDEXED WHERE visit(?, id, unit, event, occur_time, kind, value,"
    " late, source, response_key) ORDER BY id";
constexpr char kScanIdentities[] =
    "SELECT 1 FROM outcomes NOT INDEXED WHERE visit(?, key, occur_time, kind, value) ORDER BY id";

constexpr char kFindOutcome[] =
    "SELECT 1 FROM outcomes WHERE id = ?2 AND visit(?1, id, unit, event, occur_time, kind,"
    " value, late, source, response_key, previous_id)";

absl::Status Insert(Statement& statement, const WordRow& row) {
  return statement.BindInt(row.id).BindText(row.text).Run();
}

absl::Status Insert(Statement& statement, const UnitRow& row) {
  return statement.BindInt(row.id).BindInt(row.unit_type).BindTextOrNull(row.external_id).Run();
}

absl::Status Insert(Statement& statement, const ExposureRow& row) {
  return statement.BindInt(row.unit)
      .BindInt(row.experiment)
      .BindInt(row.epoch)
      .BindInt(row.variant)
      .BindInt(row.occur_time.micros)
      .BindInt(row.receive_time.micros)
      .BindInt(static_cast<std::int64_t>(row.source))
      .BindTextOrNull(row.attributes)
      .Run();
}

template <class Row>
absl::Status InsertAll(Connection& connection, const char* sql, const std::vector<Row>& rows) {
  if (rows.empty()) return absl::OkStatus();
  auto statement = connection.Prepare(sql);
  if (!statement.ok()) return statement.status();
  for (const Row& row : rows) {
    if (auto status = Insert(*statement, row); !status.ok()) return status;
  }
  return absl::OkStatus();
}

bool IsPlain(const OutcomeRow& row) {
  return row.channel == 0 && row.touchpoint == 0 && row.response_id.empty() &&
         row.comment.empty() && row.item.empty() && row.category.empty() && row.response_key == 0;
}

absl::Status InsertOutcomes(Connection& connection, const std::vector<OutcomeRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  const bool is_plain = std::all_of(rows.begin(), rows.end(), IsPlain);
  auto statement = connection.Prepare(is_plain ? kInsertPlainOutcomes : kInsertOutcomes);
  if (!statement.ok()) return statement.status();
  absl::Status status = statement->BindPointer(&rows, kOutcomeRowsPointer).Run();
  if (status.ok() && connection.last_row_id() != rows.back().id) {
    status = MakeError(absl::StatusCode::kInternal,
                       absl::StrCat("the outcome that was to be number ", rows.back().id,
                                    " became ", connection.last_row_id(), "; please report it"),
                       {.reason = "STORE_INTERNAL"});
  }
  return status;
}

absl::Status AddRejections(Connection& connection, const Rejections& rejections) {
  if (rejections.empty()) return absl::OkStatus();
  auto add = connection.Prepare(kAddRejections);
  if (!add.ok()) return add.status();
  for (const auto& [key, rows] : rejections) {
    add->BindText(key.experiment).BindText(key.variant).BindText(key.reason);
    if (auto status = add->BindInt(key.day.micros).BindInt(rows).Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void Read(const VisitedRow& from, WordRow& row) {
  row.id = from.Int(0);
  row.text = from.Text(1);
}

void Read(const VisitedRow& from, UnitRow& row) {
  row.id = from.Int(0);
  row.unit_type = from.Int(1);
  row.external_id = from.Text(2);
}

void Read(const VisitedRow& from, ExposureRow& row) {
  row.unit = from.Int(0);
  row.experiment = from.Int(1);
  row.epoch = static_cast<std::int32_t>(from.Int(2));
  row.variant = from.Int(3);
  row.occur_time = {from.Int(4)};
  row.receive_time = {from.Int(5)};
  row.source = static_cast<ExposureSource>(from.Int(6));
  row.attributes = from.Text(7);
}

void Read(const VisitedRow& from, StoredOutcome& row) {
  row.id = from.Int(0);
  row.unit = from.Int(1);
  row.event = from.Int(2);
  row.occur_time = {from.Int(3)};
  row.kind = static_cast<OutcomeKind>(from.Int(4));
  row.value = from.Int(5);
  row.late = from.Int(6) != 0;
  row.source = from.Int(7);
  row.response_key = from.Int(8);
}

struct LinkedOutcome {
  StoredOutcome outcome;
  std::int64_t previous_id = 0;
};

void Read(const VisitedRow& from, LinkedOutcome& row) {
  Read(from, row.outcome);
  row.previous_id = from.Int(9);
}

void Read(const VisitedRow& from, StoredIdentity& row) {
  row.key = KeyOf(from.Blob(0));
  row.occur_time = {from.Int(1)};
  row.kind = static_cast<OutcomeKind>(from.Int(2));
  row.value = from.Int(3);
}

}  // namespace

// Fills a row from each row that the statement visits, and hands it on; the texts' memory is used
// again. `argument` is what ?2 stands for.
template <class Row>
absl::Status SqliteFactLog::Scan(Connection& connection, const char* sql,
                                 std::optional<std::int64_t> argument,
                                 void (*read)(const VisitedRow&, Row&),
                                 const std::function<void(const Row&)>& take) const {
  auto select = connection.Prepare(sql);
  if (!select.ok()) return select.status();
  Row row;
  const RowVisitor visitor = [&](const VisitedRow& from) {
    read(from, row);
    take(row);
    return is_stopped_.load();
  };
  select->BindPointer(&visitor, kRowVisitorPointer);
  if (argument.has_value()) select->BindInt(*argument);
  if (is_stopped_) return StoreClosed();
  const auto stopped = select->Step();
  if (!stopped.ok()) return stopped.status();
  return *stopped ? StoreClosed() : absl::OkStatus();
}

template <class Row>
absl::Status SqliteFactLog::ScanTable(const char* sql, void (*read)(const VisitedRow&, Row&),
                                      const std::function<void(const Row&)>& take) {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  return Scan<Row>(**reader, sql, std::nullopt, read, take);
}

void SqliteFactLog::Append(const FactBatch& batch, Appended appended) {
  const auto insert = [&batch](Connection& connection) {
    absl::Status status = InsertAll(connection, kInsertWord, batch.words);
    if (status.ok()) status = InsertAll(connection, kInsertUnit, batch.units);
    if (status.ok()) status = InsertAll(connection, kInsertExposure, batch.exposures);
    if (status.ok()) status = InsertOutcomes(connection, batch.outcomes);
    if (status.ok()) status = AddRejections(connection, batch.rejections);
    return status;
  };
  database_.writer().Start(Writer::Lane::kFacts, insert, std::move(appended));
}

absl::Status SqliteFactLog::ScanWords(const std::function<void(const WordRow&)>& row) {
  return ScanTable<WordRow>(kScanWords, Read, row);
}

absl::Status SqliteFactLog::ScanUnits(const std::function<void(const UnitRow&)>& row) {
  return ScanTable<UnitRow>(kScanUnits, Read, row);
}

absl::Status SqliteFactLog::ScanExposures(std::optional<std::int64_t> experiment,
                                          const std::function<void(const ExposureRow&)>& row) {
  if (!experiment) return ScanTable<ExposureRow>(kScanExposures, Read, row);
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  return Scan<ExposureRow>(**reader, kScanExposuresOf, experiment, Read, row);
}

absl::Status SqliteFactLog::ScanRejections(
    const std::function<void(const RejectionKey&, std::int64_t rows)>& row) {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  auto select = (*reader)->Prepare(kScanRejections);
  if (!select.ok()) return select.status();
  return select->ForRows([&](const Statement& from) {
    row({.experiment = std::string(from.Text(0)),
         .variant = std::string(from.Text(1)),
         .reason = std::string(from.Text(2)),
         .day = {from.Int(3)}},
        from.Int(4));
  });
}

absl::Status SqliteFactLog::ScanOutcomes(const std::function<void(const StoredOutcome&)>& row) {
  return ScanTable<StoredOutcome>(kScanOutcomes, Read, row);
}

absl::Status SqliteFactLog::ScanIdentities(const std::function<void(const StoredIdentity&)>& row) {
  return ScanTable<StoredIdentity>(kScanIdentities, Read, row);
}

absl::Status SqliteFactLog::FollowChains(
    std::span<const std::int64_t> last_ids,
    const std::function<void(std::size_t chain, const StoredOutcome&)>& row) {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  for (std::size_t chain = 0; chain < last_ids.size(); ++chain) {
    for (std::int64_t id = last_ids[chain]; id != 0;) {
      std::int64_t previous = 0;
      const auto status =
          Scan<LinkedOutcome>(**reader, kFindOutcome, id, Read, [&](const LinkedOutcome& found) {
            previous = found.previous_id;
            row(chain, found.outcome);
          });
      if (!status.ok()) return status;
      id = previous;
    }
  }
  return absl::OkStatus();
}

}  // namespace insightloop::storage
