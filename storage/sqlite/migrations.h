// SPDX-License-Identifier: Apache-2.0
//
// The schema of a database file: numbered steps, forward only, each in one transaction. The number
// of the last step is SQLite's `user_version`; `application_id` says that the file is ours.

#ifndef INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_H_
#define INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/time.h"
#include "storage/sqlite/statement.h"

namespace insightloop::storage {

// "ILdb", at byte 68 of the file.
inline constexpr std::int32_t kApplicationId = 0x494C'6462;

struct Migration {
  std::int32_t version;  // from 1, without gaps
  const char* name;
  const char* sql;
};

// Every migration that there is, in order. Released ones never change.
std::span<const Migration> AllMigrations();

// Keys the hashes of outcomes' identities.
using Secret = std::array<std::uint8_t, 16>;

// What a database is given when it is made and then keeps for life.
struct Origin {
  Secret secret{};
  bool simulated_clock = false;
};

// Looks at the file itself, without SQLite and without writing, so that a refused file stays as it
// is. An absent or empty file is fine, and so is one whose making a power cut has torn: SQLite
// makes it empty.
//
// Errors, all kFailedPrecondition:
//   NOT_A_DATABASE  it is something else, or of another application.
//   NEWER_SCHEMA    it was written by a newer version of this program.
//   NOT_WRITABLE    it cannot be read.
absl::Status CheckFile(const std::string& path, std::int32_t newest_version);

// Whether nothing was ever stored in the file.
absl::StatusOr<bool> IsNew(Connection& connection);

// As CheckFile, after SQLite has read the log as well.
absl::Status CheckOwner(Connection& connection, std::span<const Migration> migrations);

// Brings a new or checked database up to the last of `migrations`; `origin` is for a new one. When
// a step fails, the database stays at the one before. Errors: the connection's.
absl::Status Migrate(Connection& connection, std::span<const Migration> migrations,
                     const Origin& origin, Time now);

// The origin of a migrated database. Errors: kDataLoss, STORE_CORRUPT when it has none.
absl::StatusOr<Origin> ReadOrigin(Connection& connection);

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_MIGRATIONS_H_
