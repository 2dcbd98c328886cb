// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0003_REJECTIONS_SQL_H_
#define INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0003_REJECTIONS_SQL_H_

namespace insightloop::storage {

// How many rows were rejected that concern an experiment. Keys are names that the engine knows, so
// that senders cannot make the table grow but by a few rows a day.
inline constexpr char kCountRejections[] = R"sql(

CREATE TABLE rejections (
  experiment TEXT NOT NULL,
  variant TEXT NOT NULL, -- empty: none that the experiment has
  reason TEXT NOT NULL,
  day INTEGER NOT NULL,  -- of receipt: its start
  rows INTEGER NOT NULL,
  PRIMARY KEY (experiment, variant, reason, day)
) STRICT, WITHOUT ROWID;

)sql";

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0003_REJECTIONS_SQL_H_
