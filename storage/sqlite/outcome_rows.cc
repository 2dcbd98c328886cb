// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/outcome_rows.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <vector>

#include "engine/ports/fact_log.h"
#include "storage/sqlite/key_bytes.h"

// A table-valued function, as https://www.sqlite.org/vtab.html#tabfunc2 describes it.

namespace insightloop::storage {
namespace {

constexpr char kDeclaration[] =
    "CREATE TABLE x(unit, event, key, occur_time, receive_time, kind, value, late, channel,"
    " touchpoint, source, previous_id, outcome_id, response_id, comment, item, category,"
    " response_key, rows HIDDEN)";
enum Column {
  kUnit,
  kEvent,
  kKey,
  kOccurTime,
  kReceiveTime,
  kKind,
  kValue,
  kLate,
  kChannel,
  kTouchpoint,
  kSource,
  kPreviousId,
  kOutcomeId,
  kResponseId,
  kComment,
  kItem,
  kCategory,
  kResponseKey,
  kRows
};

struct Cursor : sqlite3_vtab_cursor {
  const std::vector<OutcomeRow>* rows = nullptr;
  std::size_t at = 0;
  KeyBytes key{};  // of the row
};

Cursor& Of(sqlite3_vtab_cursor* cursor) { return *static_cast<Cursor*>(cursor); }

int Connect(sqlite3* connection, void* /*context*/, int /*count*/, const char* const* /*arguments*/,
            sqlite3_vtab** table, char** /*error*/) {
  *table = new (std::nothrow) sqlite3_vtab{};
  if (*table == nullptr) return SQLITE_NOMEM;
  return sqlite3_declare_vtab(connection, kDeclaration);
}

int Disconnect(sqlite3_vtab* table) {
  delete table;
  return SQLITE_OK;
}

// The one way to read it: with the pointer given, from the first row to the last.
int PlanScan(sqlite3_vtab* /*table*/, sqlite3_index_info* plan) {
  for (int i = 0; i < plan->nConstraint; ++i) {
    const auto& constraint = plan->aConstraint[i];
    if (constraint.iColumn != kRows || constraint.usable == 0) continue;
    plan->aConstraintUsage[i].argvIndex = 1;
    plan->aConstraintUsage[i].omit = 1;
    return SQLITE_OK;
  }
  return SQLITE_CONSTRAINT;
}

int OpenCursor(sqlite3_vtab* /*table*/, sqlite3_vtab_cursor** cursor) {
  *cursor = new (std::nothrow) Cursor{};
  return *cursor == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int CloseCursor(sqlite3_vtab_cursor* cursor) {
  delete &Of(cursor);
  return SQLITE_OK;
}

int Begin(sqlite3_vtab_cursor* cursor, int /*plan*/, const char* /*plan_text*/, int /*count*/,
          sqlite3_value** arguments) {
  Of(cursor).rows = static_cast<const std::vector<OutcomeRow>*>(
      sqlite3_value_pointer(arguments[0], kOutcomeRowsPointer));
  Of(cursor).at = 0;
  return Of(cursor).rows == nullptr ? SQLITE_MISUSE : SQLITE_OK;
}

int Next(sqlite3_vtab_cursor* cursor) {
  ++Of(cursor).at;
  return SQLITE_OK;
}

int IsAtEnd(sqlite3_vtab_cursor* cursor) {
  return Of(cursor).at == Of(cursor).rows->size() ? 1 : 0;
}

int RowId(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(Of(cursor).at);
  return SQLITE_OK;
}

// A result that is not set is NULL.
void SetUnlessZero(sqlite3_context* result, std::int64_t number) {
  if (number != 0) sqlite3_result_int64(result, number);
}

void SetUnlessEmpty(sqlite3_context* result, std::string_view text) {
  if (text.empty()) return;
  sqlite3_result_text(result, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

int ReadColumn(sqlite3_vtab_cursor* cursor, sqlite3_context* result, int column) {
  const OutcomeRow& row = (*Of(cursor).rows)[Of(cursor).at];
  switch (column) {
    case kUnit:
      sqlite3_result_int64(result, row.unit);
      break;
    case kEvent:
      sqlite3_result_int64(result, row.event);
      break;
    case kKey:
      Of(cursor).key = BytesOf(row.key);
      sqlite3_result_blob(result, Of(cursor).key.data(), static_cast<int>(Of(cursor).key.size()),
                          SQLITE_STATIC);
      break;
    case kOccurTime:
      sqlite3_result_int64(result, row.occur_time.micros);
      break;
    case kReceiveTime:
      sqlite3_result_int64(result, row.receive_time.micros);
      break;
    case kKind:
      sqlite3_result_int64(result, static_cast<std::int64_t>(row.kind));
      break;
    case kValue:
      sqlite3_result_int64(result, row.value);
      break;
    case kLate:
      sqlite3_result_int64(result, row.late ? 1 : 0);
      break;
    case kChannel:
      SetUnlessZero(result, row.channel);
      break;
    case kTouchpoint:
      SetUnlessZero(result, row.touchpoint);
      break;
    case kSource:
      SetUnlessZero(result, row.source);
      break;
    case kPreviousId:
      SetUnlessZero(result, row.previous_id);
      break;
    case kOutcomeId:
      SetUnlessEmpty(result, row.outcome_id);
      break;
    case kResponseId:
      SetUnlessEmpty(result, row.response_id);
      break;
    case kComment:
      SetUnlessEmpty(result, row.comment);
      break;
    case kItem:
      SetUnlessEmpty(result, row.item);
      break;
    case kCategory:
      SetUnlessEmpty(result, row.category);
      break;
    case kResponseKey:
      SetUnlessZero(result, row.response_key);
      break;
    default:
      break;
  }
  return SQLITE_OK;
}

// Without xCreate: it exists in every database of the connection and needs no CREATE.
constexpr sqlite3_module kModule = {.xConnect = Connect,
                                    .xBestIndex = PlanScan,
                                    .xDisconnect = Disconnect,
                                    .xOpen = OpenCursor,
                                    .xClose = CloseCursor,
                                    .xFilter = Begin,
                                    .xNext = Next,
                                    .xEof = IsAtEnd,
                                    .xColumn = ReadColumn,
                                    .xRowid = RowId};

}  // namespace

int AddOutcomeRows(sqlite3* connection) {
  return sqlite3_create_module_v2(connection, "outcome_rows", &kModule, nullptr, nullptr);
}

}  // namespace insightloop::storage
