// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/domain/resource.h"

namespace insightloop::storage {
namespace {

namespace fs = std::filesystem;

absl::Status NotWritable(const std::string& path, const std::string& cause) {
  return WrongState(
      "NOT_WRITABLE", path,
      absl::StrCat("cannot be opened for writing: ", cause,
                   "; correct the path, or the permissions of the file and its folder"));
}

// Makes the file when it is absent, readable by its owner alone; SQLite gives its other files the
// same mode.
absl::Status MakeFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return NotWritable(path, std::strerror(errno));
  close(file);
  return absl::OkStatus();
}

// One name for one file, so that its lock is found whichever way it is given.
absl::StatusOr<std::string> CanonicalPath(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  if (error) return NotWritable(path, error.message());
  const fs::path canonical = fs::weakly_canonical(absolute, error);
  if (error) return NotWritable(path, error.message());
  if (!IsUtf8(canonical.string())) {
    return NotWritable(absl::CHexEscape(canonical.string()), "the path is not UTF-8");
  }
  // Opening a pipe would wait for its other end.
  const fs::file_type type = fs::status(canonical, error).type();
  if (fs::exists(fs::file_status(type)) && type != fs::file_type::regular) {
    return NotWritable(canonical, "it is not a regular file");
  }
  // By another name a second server could open it beside us, with a log of its own.
  std::error_code no_links;
  if (type == fs::file_type::regular && fs::hard_link_count(canonical, no_links) > 1 && !no_links) {
    return NotWritable(canonical, "it has more than one name (hard link)");
  }
  return canonical.string();
}

Origin MakeOrigin(bool simulated_clock, Random& random) {
  Origin origin{.simulated_clock = simulated_clock};
  for (std::size_t i = 0; i < origin.secret.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t bits = random.Next();
    std::memcpy(&origin.secret[i], &bits, sizeof(bits));
  }
  return origin;
}

absl::Status UseWriteAheadLog(Connection& connection) {
  // Run to its end: the change is only committed after the row that names the new mode.
  if (auto status = connection.RunScript("PRAGMA journal_mode = WAL"); !status.ok()) return status;
  const auto mode = connection.QueryText("PRAGMA journal_mode");
  if (!mode.ok()) return mode.status();
  if (*mode != "wal") {
    return NotWritable(connection.path(), "its file system cannot keep a write-ahead log");
  }
  return absl::OkStatus();
}

absl::Status LimitSize(Connection& connection, std::int64_t max_bytes) {
  const auto page_size = connection.QueryInt("PRAGMA page_size");
  if (!page_size.ok()) return page_size.status();
  // PRAGMA takes no parameters; this is a number.
  const std::int64_t pages = std::max<std::int64_t>(1, max_bytes / *page_size);
  return connection.RunScript(absl::StrCat("PRAGMA max_page_count = ", pages));
}

}  // namespace

// Readable by its owner alone; goes with everything in it.
class SqliteDatabase::TemporaryFolder {
 public:
  static absl::StatusOr<std::unique_ptr<TemporaryFolder>> Make() {
    std::error_code error;
    const fs::path parent = fs::temp_directory_path(error);
    if (error) return NotWritable("the folder for temporary files", error.message());
    std::string path = parent / "insightloop-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) return NotWritable(path, std::strerror(errno));
    return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(std::move(path)));
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

SqliteDatabase::SqliteDatabase(std::unique_ptr<TemporaryFolder> folder, std::string path,
                               std::unique_ptr<FileLock> lock)
    : folder_(std::move(folder)), path_(std::move(path)), lock_(std::move(lock)), readers_(path_) {}

SqliteDatabase::~SqliteDatabase() { Close(); }

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(SqliteOptions options,
                                                                     Random& random) {
  std::unique_ptr<TemporaryFolder> folder;
  if (options.path.empty() || options.path == ":memory:") {
    auto made = TemporaryFolder::Make();
    if (!made.ok()) return made.status();
    folder = *std::move(made);
    options.path = folder->path() + "/database";
  }
  auto path = CanonicalPath(options.path);
  if (!path.ok()) return path.status();
  auto lock = FileLock::Acquire(*path);
  if (!lock.ok()) return lock.status();
  std::unique_ptr<SqliteDatabase> database(
      new SqliteDatabase(std::move(folder), *std::move(path), *std::move(lock)));
  if (auto status = database->Start(std::move(options), random); !status.ok()) return status;
  return database;
}

absl::Status SqliteDatabase::Start(SqliteOptions options, Random& random) {
  if (auto status = CheckFile(path_, AllMigrations().back().version); !status.ok()) return status;
  if (auto status = MakeFile(path_); !status.ok()) return status;
  auto opened = Connection::Open(path_, Connection::Mode::kWrite);
  if (!opened.ok()) return opened.status();
  std::unique_ptr<Connection> connection = *std::move(opened);

  // Until the file is known to be ours and of this schema, nothing is moved into it.
  connection->SkipCheckpointOnClose(true);
  if (auto status = CheckOwner(*connection, AllMigrations()); !status.ok()) return status;
  const auto is_new = IsNew(*connection);
  if (!is_new.ok()) return is_new.status();
  if (!*is_new) {
    const auto origin = ReadOrigin(*connection);
    if (!origin.ok()) return origin.status();
    if (origin->simulated_clock != options.simulated_clock) {
      return WrongState(
          "CLOCK_MISMATCH", path_,
          origin->simulated_clock
              ? "was made with a simulated clock; simulate the clock again, or give another path"
              : "was made with the real clock; do not simulate the clock, or give another path");
    }
  }
  if (auto status = UseWriteAheadLog(*connection); !status.ok()) return status;
  if (folder_ != nullptr) {
    // Nothing of it outlives the process, so nothing has to wait for the disk.
    if (auto status = connection->RunScript("PRAGMA synchronous = OFF"); !status.ok()) {
      return status;
    }
  }
  if (options.max_bytes > 0) {
    if (auto status = LimitSize(*connection, options.max_bytes); !status.ok()) return status;
  }
  if (auto status = Migrate(*connection, AllMigrations(),
                            MakeOrigin(options.simulated_clock, random), options.now);
      !status.ok()) {
    return status;
  }
  const auto origin = ReadOrigin(*connection);
  if (!origin.ok()) return origin.status();
  secret_ = origin->secret;
  // So that the file itself says whose it is and of which schema, before anyone relies on it. Also
  // brings home what a crash left in the log.
  if (auto status = connection->CheckpointAndTruncate(); !status.ok()) return status;
  connection->SkipCheckpointOnClose(false);
  writer_ = std::make_unique<Writer>(std::move(connection), std::move(options.on_failure));
  return absl::OkStatus();
}

void SqliteDatabase::Close() {
  readers_.Close();
  if (writer_ == nullptr) return;  // never started
  writer_->Shutdown();
  const std::lock_guard guard(close_mutex_);
  lock_.reset();
}

}  // namespace insightloop::storage
