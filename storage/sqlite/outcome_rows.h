// SPDX-License-Identifier: Apache-2.0
//
// The rows of a batch as a table that SQL can read: one statement inserts them all, at half the
// cost of a statement for each.

#ifndef INSIGHTLOOP_STORAGE_SQLITE_OUTCOME_ROWS_H_
#define INSIGHTLOOP_STORAGE_SQLITE_OUTCOME_ROWS_H_

struct sqlite3;

namespace insightloop::storage {

// Type of the pointer that is bound to the parameter of `outcome_rows(?)`, a
// `const std::vector<OutcomeRow>*`, which must not change while the statement runs.
inline constexpr char kOutcomeRowsPointer[] = "insightloop.outcome_rows";

// Adds the table `outcome_rows` to the connection: the columns of `outcomes` but its id, in the
// order of the vector. The result is SQLite's.
int AddOutcomeRows(sqlite3* connection);

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_OUTCOME_ROWS_H_
