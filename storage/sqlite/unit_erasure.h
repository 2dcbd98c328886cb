// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_UNIT_ERASURE_H_
#define INSIGHTLOOP_STORAGE_SQLITE_UNIT_ERASURE_H_

#include "absl/status/status.h"
#include "engine/ports/unit_erasure.h"
#include "storage/sqlite/statement.h"

namespace insightloop::storage {

// Takes out of facts and of the log of changes who the unit was, as
// ResourceStore::Transaction::EraseUnit() says, but for the row about it. Within a transaction.
absl::Status EraseUnit(Connection& connection, const UnitErasure& erasure);

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_UNIT_ERASURE_H_
