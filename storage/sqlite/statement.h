// SPDX-License-Identifier: Apache-2.0
//
// The SQLite C API as this folder uses it: a connection, its prepared statements, transactions and
// savepoints. Only outcome_rows.cc and row_visits.cc include sqlite3.h too, and result codes become
// absl::Status in one place.

#ifndef INSIGHTLOOP_STORAGE_SQLITE_STATEMENT_H_
#define INSIGHTLOOP_STORAGE_SQLITE_STATEMENT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace insightloop::storage {

class Connection;

// What an error means for the connection it happened on.
enum class Trouble {
  kNone,    // the statement failed; nothing else did
  kFull,    // no space left: roll back, try again later
  kBroken,  // the file can no longer be trusted to take what is written
};

// SQLite's result code as a status with a reason, and what it means.
struct Failure {
  absl::Status status;
  Trouble trouble = Trouble::kNone;
};

// `code` is an extended result code that is an error; `detail` is SQLite's message.
Failure FailureOf(int code, std::string_view detail);

// A prepared statement on loan from its connection; given back, reset, when destroyed. Parameters
// are bound one after the other:
//
//   statement->BindText(name).BindInt(revision);
//   return statement->ForRows([&](const Statement& row) { Take(row.Int(0)); });
//
// Bound texts and blobs are not copied: they must live until Run() returns or the statement is
// gone.
class Statement {
 public:
  Statement(Connection* connection, sqlite3_stmt* handle);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& BindInt(std::int64_t value);
  Statement& BindText(std::string_view text);
  Statement& BindTextOrNull(std::string_view text);  // empty: NULL
  Statement& BindBlob(std::string_view bytes);
  Statement& BindNull();
  // A pointer that SQL cannot see; `type` is a constant that its reader knows.
  Statement& BindPointer(const void* pointer, const char* type);

  // Goes to the next row of the result; false when there is none.
  absl::StatusOr<bool> Step();
  // Goes through the rest of the result, and calls `take` at each of its rows.
  absl::Status ForRows(const std::function<void(const Statement& row)>& take);
  // Runs a statement without a result, after which it can be bound anew.
  absl::Status Run();

  // Columns of the current row, from 0. NULL reads as 0, empty or absent. The views are valid until
  // the next step.
  [[nodiscard]] std::int64_t Int(int column) const;
  [[nodiscard]] std::string_view Text(int column) const;
  [[nodiscard]] std::string_view Blob(int column) const;
  [[nodiscard]] std::optional<std::string> OptionalText(int column) const;

 private:
  void Note(int code);  // of a binding

  Connection* connection_;
  sqlite3_stmt* handle_;
  int bound_ = 0;
  int bind_error_ = 0;  // the first; Step() and Run() report it
};

// One connection; used by one thread at a time.
class Connection {
 public:
  enum class Mode {
    kWrite,  // the one that writes and checkpoints; the file must exist
    kRead,
  };

  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Mode mode);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // The text is compiled once and kept.
  absl::StatusOr<Statement> Prepare(std::string_view sql);
  // Runs statements separated by `;`. For constant texts only.
  absl::Status RunScript(const std::string& script);
  // The first column of the first row.
  absl::StatusOr<std::int64_t> QueryInt(std::string_view sql);
  absl::StatusOr<std::string> QueryText(std::string_view sql);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::int64_t last_row_id() const;
  [[nodiscard]] bool in_transaction() const;

  // Pages in the write-ahead log after the last commit of this connection.
  [[nodiscard]] int wal_pages() const { return wal_pages_; }
  // Moves the write-ahead log into the database as far as readers permit without waiting; true when
  // all of it was moved.
  absl::StatusOr<bool> Checkpoint();
  // As Checkpoint(), waiting for readers, and cuts the log to nothing. Error: kUnavailable
  // (STORE_BUSY) when a reader takes too long.
  absl::Status CheckpointAndTruncate();
  // Closing the last connection normally checkpoints.
  void SkipCheckpointOnClose(bool skip);

  // The worst that happened since the last ClearFailure(), whoever looked at the status.
  [[nodiscard]] const Failure& failure() const { return failure_; }
  void ClearFailure() { failure_ = {}; }

 private:
  friend class Statement;
  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  absl::Status Fail(int code);  // translates and remembers
  void GiveBack(sqlite3_stmt* handle);

  sqlite3* handle_;
  const std::string path_;
  // Prepared statements that nobody uses at the moment, by their text.
  std::map<std::string, sqlite3_stmt*, std::less<>> idle_;
  Failure failure_;
  int wal_pages_ = 0;
};

// A writing transaction; rolls back unless committed.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(Connection& connection);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  absl::Status Commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}

  Connection* connection_;  // null when committed or moved from
};

// A part of a transaction that can fail alone; rolls back unless released.
class Savepoint {
 public:
  static absl::StatusOr<Savepoint> Begin(Connection& connection);
  Savepoint(Savepoint&& other) noexcept;
  Savepoint& operator=(Savepoint&&) = delete;
  ~Savepoint();

  absl::Status Release();

 private:
  explicit Savepoint(Connection& connection) : connection_(&connection) {}

  Connection* connection_;  // null when released or moved from
};

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_STATEMENT_H_
