// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/migrations.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "storage/sqlite/migrations/0001_initial.sql.h"
#include "storage/sqlite/migrations/0002_epochs.sql.h"
#include "storage/sqlite/migrations/0003_rejections.sql.h"
#include "storage/sqlite/migrations/0004_response_keys.sql.h"

namespace insightloop::storage {
namespace {

constexpr Migration kMigrations[] = {
    {1, "initial", kInitialSchema},
    {2, "epochs", kListEpochs},
    {3, "rejections", kCountRejections},
    {4, "response_keys", kAddResponseKeys},
};

constexpr char kInsertMeta[] = "INSERT INTO meta (key, value) VALUES (?, ?)";
constexpr char kSelectMeta[] = "SELECT value FROM meta WHERE key = ?";

absl::Status NotADatabase(const std::string& path) {
  return WrongState("NOT_A_DATABASE", path,
                    "is not a database of insightloop; give the path of one, or of a new file");
}

absl::Status NewerSchema(const std::string& path, std::int64_t found, std::int64_t known) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat(path, ": has schema version ", found, ", this program knows versions up to ",
                   known, "; use the newer program that wrote it, or restore an older backup"),
      {.reason = "NEWER_SCHEMA",
       .metadata = {{"schema_version", absl::StrCat(found)},
                    {"known_version", absl::StrCat(known)}},
       .resource = path});
}

// The file format stores numbers with the high byte first.
std::int32_t ReadBigEndian(const unsigned char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | bytes[i];
  return static_cast<std::int32_t>(value);
}

absl::Status InsertTextMeta(Connection& connection, std::string_view key, std::string_view value) {
  auto insert = connection.Prepare(kInsertMeta);
  if (!insert.ok()) return insert.status();
  return insert->BindText(key).BindText(value).Run();
}

absl::Status InsertOrigin(Connection& connection, const Origin& origin) {
  auto insert = connection.Prepare(kInsertMeta);
  if (!insert.ok()) return insert.status();
  const std::string secret(origin.secret.begin(), origin.secret.end());
  if (auto status = insert->BindText("secret").BindBlob(secret).Run(); !status.ok()) return status;
  return InsertTextMeta(connection, "clock", origin.simulated_clock ? "SIMULATED" : "REAL");
}

absl::Status Apply(Connection& connection, const Migration& migration, const Origin& origin,
                   Time now) {
  auto transaction = Transaction::Begin(connection);
  if (!transaction.ok()) return transaction.status();
  if (auto status = connection.RunScript(migration.sql); !status.ok()) return status;
  if (migration.version == 1) {
    if (auto status = InsertOrigin(connection, origin); !status.ok()) return status;
  }
  if (auto status = InsertTextMeta(
          connection, absl::StrCat("migration ", migration.version, " ", migration.name),
          FormatTime(now));
      !status.ok()) {
    return status;
  }
  // PRAGMA takes no parameters; both are numbers of ours. They are part of the transaction.
  if (auto status =
          connection.RunScript(absl::StrCat("PRAGMA application_id = ", kApplicationId,
                                            "; PRAGMA user_version = ", migration.version));
      !status.ok()) {
    return status;
  }
  return transaction->Commit();
}

}  // namespace

std::span<const Migration> AllMigrations() { return kMigrations; }

absl::Status CheckFile(const std::string& path, std::int32_t newest_version) {
  // Offsets: https://www.sqlite.org/fileformat2.html, section 1.3.
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  constexpr std::size_t kHeaderBytes = 100;
  constexpr std::size_t kUserVersion = 60;
  constexpr std::size_t kApplication = 68;

  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return WrongState("NOT_WRITABLE", path,
                      absl::StrCat("cannot be read: ", std::strerror(errno),
                                   "; correct the path or the file's permissions"));
  }
  std::array<unsigned char, kHeaderBytes> header{};
  const ssize_t size = pread(file, header.data(), header.size(), 0);
  const int error = errno;
  close(file);
  if (size < 0) {
    return WrongState("NOT_WRITABLE", path,
                      absl::StrCat("cannot be read: ", std::strerror(error),
                                   "; correct the path or the file's permissions"));
  }
  if (size == 0) return absl::OkStatus();
  // A power cut while the file was made can have kept the end of its first page and lost the
  // beginning. SQLite then undoes that first transaction by the journal beside.
  const bool has_lost_header =
      std::all_of(header.begin(), header.end(), [](int byte) { return byte == 0; });
  if (has_lost_header && access((path + "-journal").c_str(), F_OK) == 0) return absl::OkStatus();
  if (size < static_cast<ssize_t>(kHeaderBytes) ||
      !std::equal(kMagic.begin(), kMagic.end(), header.begin())) {
    return NotADatabase(path);
  }
  const std::int32_t application = ReadBigEndian(&header[kApplication]);
  const std::int32_t version = ReadBigEndian(&header[kUserVersion]);
  // Zero: perhaps one of ours whose first transaction is still in the log. Migrate() looks again.
  if (application != kApplicationId && application != 0) return NotADatabase(path);
  if (application == kApplicationId && version > newest_version) {
    return NewerSchema(path, version, newest_version);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> IsNew(Connection& connection) {
  const auto application = connection.QueryInt("PRAGMA application_id");
  if (!application.ok()) return application.status();
  const auto version = connection.QueryInt("PRAGMA user_version");
  if (!version.ok()) return version.status();
  const auto objects = connection.QueryInt("SELECT count(*) FROM sqlite_schema");
  if (!objects.ok()) return objects.status();
  return *application == 0 && *version == 0 && *objects == 0;
}

absl::Status CheckOwner(Connection& connection, std::span<const Migration> migrations) {
  const auto is_new = IsNew(connection);
  if (!is_new.ok()) return is_new.status();
  if (*is_new) return absl::OkStatus();
  const auto application = connection.QueryInt("PRAGMA application_id");
  if (!application.ok()) return application.status();
  if (*application != kApplicationId) return NotADatabase(connection.path());
  const auto version = connection.QueryInt("PRAGMA user_version");
  if (!version.ok()) return version.status();
  const std::int64_t newest = migrations.back().version;
  if (*version > newest) return NewerSchema(connection.path(), *version, newest);
  return absl::OkStatus();
}

absl::Status Migrate(Connection& connection, std::span<const Migration> migrations,
                     const Origin& origin, Time now) {
  const auto version = connection.QueryInt("PRAGMA user_version");
  if (!version.ok()) return version.status();
  for (const Migration& migration : migrations) {
    if (migration.version <= *version) continue;
    if (auto status = Apply(connection, migration, origin, now); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<Origin> ReadOrigin(Connection& connection) {
  Origin origin;
  auto select = connection.Prepare(kSelectMeta);
  if (!select.ok()) return select.status();
  auto row = select->BindText("secret").Step();
  if (!row.ok()) return row.status();
  if (!*row || select->Blob(0).size() != origin.secret.size()) {
    return MakeError(absl::StatusCode::kDataLoss,
                     "the database has lost its secret: restore a backup",
                     {.reason = "STORE_CORRUPT"});
  }
  std::ranges::copy(select->Blob(0), origin.secret.begin());
  const auto clock = connection.QueryText("SELECT value FROM meta WHERE key = 'clock'");
  if (!clock.ok()) return clock.status();
  origin.simulated_clock = *clock == "SIMULATED";
  return origin;
}

}  // namespace insightloop::storage
