// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0001_INITIAL_SQL_H_
#define INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0001_INITIAL_SQL_H_

namespace insightloop::storage {

// Times are microseconds since 1970 in UTC; empty texts and absent numbers are NULL.
inline constexpr char kInitialSchema[] = R"sql(

-- Facts about this database itself: secret, clock, when it was made and migrated.
CREATE TABLE meta (
  key TEXT PRIMARY KEY NOT NULL,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Resources as they are now.
CREATE TABLE resources (
  name TEXT PRIMARY KEY NOT NULL,
  collection TEXT NOT NULL,
  revision INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX resources_by_collection ON resources (collection, name);

-- Every change of a resource, by whom and by which call. AUTOINCREMENT: no revision is ever given
-- twice, even if old changes are removed some day.
CREATE TABLE changes (
  revision INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  actor TEXT,
  method TEXT,
  request_id TEXT,
  request_digest BLOB, -- only with the first change of a call
  resource TEXT NOT NULL,
  "before" TEXT,       -- NULL: created
  "after" TEXT         -- NULL: deleted
) STRICT;
CREATE UNIQUE INDEX changes_by_request ON changes (request_id) WHERE request_digest IS NOT NULL;

-- Facts are only ever appended. These tables have no other index, so that appending stays as fast
-- at a billion rows as at the first; later migrations may add tables or nullable columns only.

CREATE TABLE words (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;

CREATE TABLE units (
  id INTEGER PRIMARY KEY,
  unit_type INTEGER NOT NULL, -- word
  external_id TEXT            -- NULL: erased
) STRICT;

CREATE TABLE exposures (
  id INTEGER PRIMARY KEY,
  unit INTEGER NOT NULL,
  experiment INTEGER NOT NULL, -- word
  epoch INTEGER NOT NULL,
  variant INTEGER NOT NULL,    -- word
  occur_time INTEGER NOT NULL,
  receive_time INTEGER NOT NULL,
  source INTEGER NOT NULL,     -- ExposureSource
  attributes TEXT              -- JSON object
) STRICT;

-- The texts come last: a scan of the numbers never has to step over them.
CREATE TABLE outcomes (
  id INTEGER PRIMARY KEY,
  unit INTEGER NOT NULL,
  event INTEGER NOT NULL,   -- word
  key BLOB NOT NULL,        -- 16 bytes: keyed hash of (unit, event, outcome_id), high byte first
  occur_time INTEGER NOT NULL,
  receive_time INTEGER NOT NULL,
  kind INTEGER NOT NULL,    -- OutcomeKind
  value INTEGER NOT NULL,   -- in steps of the event's resolution
  late INTEGER NOT NULL,    -- 1: past the acceptance window
  channel INTEGER,          -- word
  touchpoint INTEGER,       -- word
  source INTEGER,           -- word
  previous_id INTEGER,      -- the unit's outcome before this
  outcome_id TEXT,          -- NULL: erased
  response_id TEXT,
  comment TEXT,
  item TEXT,
  category TEXT
) STRICT;

)sql";

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_0001_INITIAL_SQL_H_
