// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0004_RESPONSE_KEYS_SQL_H_
#define INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0004_RESPONSE_KEYS_SQL_H_

namespace insightloop::storage {

// Ties the answers of one questionnaire also once their response_id is erased, so that figures
// stay. Answers from before have no key and are in no questionnaire: it is a keyed hash, which SQL
// cannot compute.
inline constexpr char kAddResponseKeys[] = R"sql(

-- Keyed hash of (unit, response_id); NULL: no response_id
ALTER TABLE outcomes ADD COLUMN response_key INTEGER;

)sql";

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0004_RESPONSE_KEYS_SQL_H_
