// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/row_visits.h"

#include <sqlite3.h>

#include <cstddef>

namespace insightloop::storage {
namespace {

std::string_view View(const void* bytes, sqlite3_value* value) {
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void Visit(sqlite3_context* result, int /*count*/, sqlite3_value** values) {
  const auto* const visitor =
      static_cast<const RowVisitor*>(sqlite3_value_pointer(values[0], kRowVisitorPointer));
  if (visitor == nullptr) return sqlite3_result_error_code(result, SQLITE_MISUSE);
  sqlite3_result_int(result, (*visitor)(VisitedRow(values + 1)) ? 1 : 0);
}

}  // namespace

std::int64_t VisitedRow::Int(int column) const { return sqlite3_value_int64(values_[column]); }

std::string_view VisitedRow::Text(int column) const {
  return View(sqlite3_value_text(values_[column]), values_[column]);
}

std::string_view VisitedRow::Blob(int column) const {
  return View(sqlite3_value_blob(values_[column]), values_[column]);
}

int AddRowVisits(sqlite3* connection) {
  constexpr int kAnyCount = -1;
  return sqlite3_create_function_v2(connection, "visit", kAnyCount, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                    nullptr, Visit, nullptr, nullptr, nullptr);
}

}  // namespace insightloop::storage
