// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/statement.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/domain/time.h"
#include "storage/sqlite/outcome_rows.h"
#include "storage/sqlite/row_visits.h"

namespace insightloop::storage {
namespace {

constexpr int kBusyTimeoutMillis = 5'000;

// For both modes. The database's own setting, WAL, is made when it is opened for writing.
constexpr char kSettings[] = R"sql(
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA cell_size_check = ON;
  PRAGMA mmap_size = 0;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 0;
)sql";
// What is deleted or replaced is overwritten with zeros: erased texts must not stay in free space.
constexpr char kWriteSettings[] = "PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON";
constexpr char kReadSettings[] = "PRAGMA query_only = ON";

int NoteWalPages(void* pages, sqlite3* /*handle*/, const char* /*schema*/, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

int Length(std::string_view text) { return static_cast<int>(text.size()); }

// SQLite takes a null pointer for NULL, and an empty view may have one.
const char* DataOf(std::string_view text) { return text.data() != nullptr ? text.data() : ""; }

}  // namespace

Failure FailureOf(int code, std::string_view detail) {
  const std::string cause = absl::StrCat("SQLite reports ", std::string(detail), " (", code, ")");
  const auto failure = [&](absl::StatusCode status, const char* reason, const std::string& message,
                           Trouble trouble, std::optional<Duration> retry_delay = std::nullopt) {
    return Failure{MakeError(status, message,
                             {.reason = reason,
                              .metadata = {{"sqlite_code", absl::StrCat(code)}},
                              .retry_delay = retry_delay}),
                   trouble};
  };
  // The index of the log is a file too. It grows for want of nothing but space, and what it holds
  // is made anew from the log.
  const int primary = code == SQLITE_IOERR_SHMSIZE ? SQLITE_FULL : code & 0xff;
  switch (primary) {
    case SQLITE_FULL:
      return failure(absl::StatusCode::kResourceExhausted, "DISK_FULL",
                     absl::StrCat("the database has no space left: free some, then retry; ", cause),
                     Trouble::kFull, Seconds(10));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return failure(
          absl::StatusCode::kUnavailable, "STORE_BUSY",
          absl::StrCat("another program holds the database: end it, then retry; ", cause),
          Trouble::kNone, Seconds(1));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return failure(absl::StatusCode::kDataLoss, "STORE_CORRUPT",
                     absl::StrCat("the database file is damaged: restore a backup; ", cause),
                     Trouble::kBroken);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_PROTOCOL:
    case SQLITE_NOLFS:
      return failure(absl::StatusCode::kUnavailable, "STORE_IO_ERROR",
                     absl::StrCat("the database file cannot be read or written: check the disk and "
                                  "the file's permissions; ",
                                  cause),
                     Trouble::kBroken);
    case SQLITE_NOMEM:
      return failure(absl::StatusCode::kUnavailable, "STORE_OUT_OF_MEMORY",
                     absl::StrCat("no memory is left: give the process more; ", cause),
                     Trouble::kBroken);
    default:  // constraints, misuse, SQL errors: ours
      return failure(absl::StatusCode::kInternal, "STORE_INTERNAL",
                     absl::StrCat("the store broke a rule of its own: please report it; ", cause),
                     Trouble::kNone);
  }
}

// ---------------------------------------------------------------------------------------------------
// Statement

Statement::Statement(Connection* connection, sqlite3_stmt* handle)
    : connection_(connection), handle_(handle) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      handle_(std::exchange(other.handle_, nullptr)),
      bound_(other.bound_),
      bind_error_(other.bind_error_) {}

Statement::~Statement() {
  if (handle_ != nullptr) connection_->GiveBack(handle_);
}

void Statement::Note(int code) {
  if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
}

Statement& Statement::BindInt(std::int64_t value) {
  Note(sqlite3_bind_int64(handle_, ++bound_, value));
  return *this;
}

Statement& Statement::BindText(std::string_view text) {
  Note(sqlite3_bind_text(handle_, ++bound_, DataOf(text), Length(text), SQLITE_STATIC));
  return *this;
}

Statement& Statement::BindTextOrNull(std::string_view text) {
  return text.empty() ? BindNull() : BindText(text);
}

Statement& Statement::BindBlob(std::string_view bytes) {
  Note(sqlite3_bind_blob(handle_, ++bound_, DataOf(bytes), Length(bytes), SQLITE_STATIC));
  return *this;
}

Statement& Statement::BindNull() {
  Note(sqlite3_bind_null(handle_, ++bound_));
  return *this;
}

Statement& Statement::BindPointer(const void* pointer, const char* type) {
  // Its reader gets it back as const.
  Note(sqlite3_bind_pointer(handle_, ++bound_, const_cast<void*>(pointer), type, nullptr));
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) return connection_->Fail(bind_error_);
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->Fail(code);
}

absl::Status Statement::ForRows(const std::function<void(const Statement& row)>& take) {
  while (true) {
    const auto more = Step();
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    take(*this);
  }
}

absl::Status Statement::Run() {
  if (bind_error_ != SQLITE_OK) return connection_->Fail(bind_error_);
  const int code = sqlite3_step(handle_);
  if (code != SQLITE_DONE && code != SQLITE_ROW) return connection_->Fail(code);
  sqlite3_reset(handle_);  // repeats the step's code, which was fine
  bound_ = 0;
  return absl::OkStatus();
}

std::int64_t Statement::Int(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view Statement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::string_view Statement::Blob(int column) const {
  const void* bytes = sqlite3_column_blob(handle_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::optional<std::string> Statement::OptionalText(int column) const {
  if (sqlite3_column_type(handle_, column) == SQLITE_NULL) return std::nullopt;
  return std::string(Text(column));
}

// ---------------------------------------------------------------------------------------------------
// Connection

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Mode mode) {
  sqlite3* handle = nullptr;
  const int flags = (mode == Mode::kWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  // SQLite makes a handle also when it fails, unless memory ran out.
  std::unique_ptr<Connection> connection(new Connection(handle, path));
  if (code != SQLITE_OK) return connection->Fail(code);

  sqlite3_busy_timeout(handle, kBusyTimeoutMillis);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  if (mode == Mode::kRead) connection->SkipCheckpointOnClose(true);
  if (auto status = connection->RunScript(kSettings); !status.ok()) return status;
  if (auto status = connection->RunScript(mode == Mode::kWrite ? kWriteSettings : kReadSettings);
      !status.ok()) {
    return status;
  }
  const int added = mode == Mode::kWrite ? AddOutcomeRows(handle) : AddRowVisits(handle);
  if (added != SQLITE_OK) return connection->Fail(added);
  sqlite3_wal_hook(handle, NoteWalPages, &connection->wal_pages_);
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, handle] : idle_) sqlite3_finalize(handle);
  sqlite3_close(handle_);
}

absl::StatusOr<Statement> Connection::Prepare(std::string_view sql) {
  if (const auto found = idle_.find(sql); found != idle_.end()) {
    sqlite3_stmt* handle = found->second;
    idle_.erase(found);
    return Statement(this, handle);
  }
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), Length(sql), SQLITE_PREPARE_PERSISTENT,
                                      &handle, nullptr);
  if (code != SQLITE_OK) return Fail(code);
  return Statement(this, handle);
}

void Connection::GiveBack(sqlite3_stmt* handle) {
  sqlite3_reset(handle);  // repeats the last step's code, which has been reported
  sqlite3_clear_bindings(handle);
  const bool kept = idle_.try_emplace(sqlite3_sql(handle), handle).second;
  if (!kept) sqlite3_finalize(handle);  // two of one text were in use at the same time
}

absl::Status Connection::RunScript(const std::string& script) {
  const int code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Fail(code);
}

absl::StatusOr<std::int64_t> Connection::QueryInt(std::string_view sql) {
  auto statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const auto row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? statement->Int(0) : 0;
}

absl::StatusOr<std::string> Connection::QueryText(std::string_view sql) {
  auto statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const auto row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? std::string(statement->Text(0)) : std::string();
}

std::int64_t Connection::last_row_id() const { return sqlite3_last_insert_rowid(handle_); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

absl::StatusOr<bool> Connection::Checkpoint() {
  int pages = 0;
  int moved = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
  if (code != SQLITE_OK) return Fail(code);
  return moved >= pages;
}

absl::Status Connection::CheckpointAndTruncate() {
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Fail(code);
}

void Connection::SkipCheckpointOnClose(bool skip) {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, skip ? 1 : 0, nullptr);
}

absl::Status Connection::Fail(int code) {
  const char* detail = handle_ != nullptr && sqlite3_extended_errcode(handle_) == code
                           ? sqlite3_errmsg(handle_)
                           : sqlite3_errstr(code);
  Failure failure = FailureOf(code, detail);
  absl::Status status = failure.status;
  if (failure.trouble > failure_.trouble) failure_ = std::move(failure);
  return status;
}

// ---------------------------------------------------------------------------------------------------
// Transaction and savepoint

absl::StatusOr<Transaction> Transaction::Begin(Connection& connection) {
  // IMMEDIATE takes the write lock now; a later upgrade could fail.
  if (auto status = connection.RunScript("BEGIN IMMEDIATE"); !status.ok()) return status;
  return Transaction(connection);
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() {
  // Some errors make SQLite roll back by itself.
  if (connection_ == nullptr || !connection_->in_transaction()) return;
  // A failure is remembered by the connection.
  connection_->RunScript("ROLLBACK").IgnoreError();
}

absl::Status Transaction::Commit() {
  if (auto status = connection_->RunScript("COMMIT"); !status.ok()) return status;
  connection_ = nullptr;
  return absl::OkStatus();
}

absl::StatusOr<Savepoint> Savepoint::Begin(Connection& connection) {
  if (auto status = connection.RunScript("SAVEPOINT part"); !status.ok()) return status;
  return Savepoint(connection);
}

Savepoint::Savepoint(Savepoint&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Savepoint::~Savepoint() {
  if (connection_ == nullptr || !connection_->in_transaction()) return;
  connection_->RunScript("ROLLBACK TO part; RELEASE part").IgnoreError();
}

absl::Status Savepoint::Release() {
  if (auto status = connection_->RunScript("RELEASE part"); !status.ok()) return status;
  connection_ = nullptr;
  return absl::OkStatus();
}

}  // namespace insightloop::storage
