// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "engine/domain/error.h"
#include "storage/sqlite/resource_store.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/status_matchers.h"

namespace insightloop::storage {
namespace {

namespace fs = std::filesystem;

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kRefused = absl::StatusCode::kFailedPrecondition;

// Makes a SQLite file with `script`.
void MakeDatabase(const std::string& path, const std::string& script) {
  std::ofstream(path).close();
  auto connection = Connection::Open(path, Connection::Mode::kWrite);
  ASSERT_THAT(connection, IsOk());
  ASSERT_THAT((*connection)->RunScript(script), IsOk());
}

// That opening `path` is refused with `reason`, and nothing in its folder has changed.
void ExpectRefusedUntouched(const std::string& path, const std::string& reason) {
  const std::string before = BytesOfFile(path);
  const auto time = fs::last_write_time(path);
  const auto opened = OpenDatabase(path);
  EXPECT_THAT(opened, StatusIs(kRefused, HasSubstr(path)));
  EXPECT_EQ(ReasonOf(opened.status()), reason);
  EXPECT_EQ(BytesOfFile(path), before);
  EXPECT_EQ(fs::last_write_time(path), time);
  for (const char* suffix : {"-lock", "-wal", "-shm", "-journal"}) {
    EXPECT_FALSE(fs::exists(path + suffix)) << suffix;
  }
}

TEST(SqliteDatabaseTest, ANewFileIsItsOwnersAlone) {
  const TestFolder folder;
  const auto database = OpenDatabase(folder.File());
  ASSERT_THAT(database, IsOk());
  for (const char* suffix : {"", "-wal", "-lock"}) {
    struct stat status {};
    ASSERT_EQ(stat((folder.File() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST(SqliteDatabaseTest, ClosingLeavesTheDatabaseFileAlone) {
  const TestFolder folder;
  { ASSERT_THAT(OpenDatabase(folder.File()), IsOk()); }
  EXPECT_TRUE(fs::exists(folder.File()));
  for (const char* suffix : {"-lock", "-wal", "-shm"}) {
    EXPECT_FALSE(fs::exists(folder.File() + suffix)) << suffix;
  }
}

TEST(SqliteDatabaseTest, ATemporaryDatabaseIsPrivateAndGoesWithItsObject) {
  for (const char* path : {"", ":memory:"}) {
    auto first = OpenDatabase(path);
    auto second = OpenDatabase(path);
    ASSERT_THAT(first, IsOk());
    ASSERT_THAT(second, IsOk());
    EXPECT_NE((*first)->path(), (*second)->path());
    const fs::path folder = fs::path((*first)->path()).parent_path();
    EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all);
    first->reset();
    EXPECT_FALSE(fs::exists(folder));
    EXPECT_TRUE(fs::exists((*second)->path()));
  }
}

TEST(SqliteDatabaseTest, TheSecretIsMadeOnceFromTheRandomBits) {
  const TestFolder folder;
  Secret secret{};
  {
    CountingRandom random(5);
    const auto database = SqliteDatabase::Open({.path = folder.File(), .now = kOpened}, random);
    ASSERT_THAT(database, IsOk());
    secret = (*database)->secret();
    EXPECT_NE(secret, Secret{});
  }
  CountingRandom random(77);
  const auto database = SqliteDatabase::Open({.path = folder.File(), .now = kOpened}, random);
  ASSERT_THAT(database, IsOk());
  EXPECT_EQ((*database)->secret(), secret);
  const auto other = SqliteDatabase::Open({.now = kOpened}, random);
  ASSERT_THAT(other, IsOk());
  EXPECT_NE((*other)->secret(), secret);
}

TEST(SqliteDatabaseTest, ASecondOpenIsRefusedAndHarmsNothing) {
  const TestFolder folder;
  {
    const auto database = OpenDatabase(folder.File());
    ASSERT_THAT(database, IsOk());
    const auto second = OpenDatabase(folder.File());
    EXPECT_THAT(second, StatusIs(kRefused, HasSubstr("in use by another process")));
    EXPECT_EQ(ReasonOf(second.status()), "DATABASE_IN_USE");
    // Also by another name.
    fs::create_symlink(folder.File(), folder.File("link"));
    EXPECT_EQ(ReasonOf(OpenDatabase(folder.File("link")).status()), "DATABASE_IN_USE");
    SqliteResourceStore store(**database);
    EXPECT_THAT(store.Write({},
                            [](ResourceStore::Transaction& transaction) {
                              return transaction.Put("events/a", "1").status();
                            }),
                IsOk());
  }
  EXPECT_THAT(OpenDatabase(folder.File()), IsOk());
}

TEST(SqliteDatabaseTest, ALockLeftByACrashIsNoObstacle) {
  const TestFolder folder;
  std::ofstream(folder.File() + "-lock").close();
  EXPECT_THAT(OpenDatabase(folder.File()), IsOk());
}

TEST(SqliteDatabaseTest, ANewerSchemaIsRefusedUntouched) {
  const TestFolder folder;
  { ASSERT_THAT(OpenDatabase(folder.File()), IsOk()); }
  {
    auto connection = Connection::Open(folder.File(), Connection::Mode::kWrite);
    ASSERT_THAT(connection, IsOk());
    ASSERT_THAT((*connection)->RunScript("PRAGMA user_version = 1000"), IsOk());
  }
  ExpectRefusedUntouched(folder.File(), "NEWER_SCHEMA");
  EXPECT_THAT(OpenDatabase(folder.File()),
              StatusIs(kRefused, AllOf(HasSubstr("1000"), HasSubstr("use the newer program"))));
}

TEST(SqliteDatabaseTest, AFileOfAnotherApplicationIsRefusedUntouched) {
  const TestFolder folder;
  MakeDatabase(folder.File("a"), "PRAGMA application_id = 42; CREATE TABLE theirs (x)");
  ExpectRefusedUntouched(folder.File("a"), "NOT_A_DATABASE");
  MakeDatabase(folder.File("b"), "CREATE TABLE theirs (x)");
  ExpectRefusedUntouched(folder.File("b"), "NOT_A_DATABASE");
}

TEST(SqliteDatabaseTest, AFileThatIsNoDatabaseIsRefusedUntouched) {
  const TestFolder folder;
  std::ofstream(folder.File("short")) << "hello";
  ExpectRefusedUntouched(folder.File("short"), "NOT_A_DATABASE");
  std::ofstream(folder.File("long")) << std::string(10'000, 'x');
  ExpectRefusedUntouched(folder.File("long"), "NOT_A_DATABASE");
}

TEST(SqliteDatabaseTest, AnEmptyFileBecomesADatabase) {
  const TestFolder folder;
  std::ofstream(folder.File()).close();
  EXPECT_THAT(OpenDatabase(folder.File()), IsOk());
}

TEST(SqliteDatabaseTest, APathThatCannotBeWrittenIsRefused) {
  const TestFolder folder;
  const auto missing = OpenDatabase(folder.File("no/such/folder/database"));
  EXPECT_THAT(missing, StatusIs(kRefused, HasSubstr("a folder that exists and may be written")));
  EXPECT_EQ(ReasonOf(missing.status()), "NOT_WRITABLE");
  EXPECT_EQ(ReasonOf(OpenDatabase(folder.File("")).status()), "NOT_WRITABLE") << "a folder";
  EXPECT_EQ(ReasonOf(OpenDatabase("/dev/null").status()), "NOT_WRITABLE") << "not a regular file";
  std::ofstream(folder.File("file")).close();
  EXPECT_EQ(ReasonOf(OpenDatabase(folder.File("file/database")).status()), "NOT_WRITABLE");
  EXPECT_EQ(ReasonOf(OpenDatabase("/proc/insightloop").status()), "NOT_WRITABLE");
  EXPECT_EQ(ReasonOf(OpenDatabase(folder.File("\xff")).status()), "NOT_WRITABLE") << "not UTF-8";
}

TEST(SqliteDatabaseTest, ADatabaseKeepsToTheClockItWasMadeWith) {
  const TestFolder folder;
  for (const bool simulated : {false, true}) {
    const std::string path = folder.File(simulated ? "simulated" : "real");
    { ASSERT_THAT(OpenWith({.path = path, .simulated_clock = simulated}), IsOk()); }
    const std::string before = BytesOfFile(path);
    const auto other = OpenWith({.path = path, .simulated_clock = !simulated});
    EXPECT_THAT(other, StatusIs(kRefused, HasSubstr(simulated ? "was made with a simulated clock"
                                                              : "was made with the real clock")));
    EXPECT_EQ(ReasonOf(other.status()), "CLOCK_MISMATCH");
    EXPECT_EQ(BytesOfFile(path), before);
    EXPECT_THAT(OpenWith({.path = path, .simulated_clock = simulated}), IsOk());
  }
}

TEST(SqliteDatabaseTest, WritesBeyondTheSizeLimitFailAndTheRestGoesOn) {
  const TestFolder folder;
  constexpr std::int64_t kLimit = 1 << 20;
  const auto write = [](SqliteDatabase& database, const std::string& name, std::size_t size) {
    SqliteResourceStore store(database);
    return store.Write({}, [&](ResourceStore::Transaction& transaction) {
      return transaction.Put(name, std::string(size, 'x')).status();
    });
  };
  {
    const auto database = OpenWith({.path = folder.File(), .max_bytes = kLimit});
    ASSERT_THAT(database, IsOk());
    ASSERT_THAT(write(**database, "events/a", 100), IsOk());
    const absl::Status full = write(**database, "events/b", 4 << 20);
    EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted));
    EXPECT_EQ(ReasonOf(full), "DISK_FULL");
    EXPECT_TRUE(DetailsOf(full).retry_delay.has_value());
    EXPECT_THAT(write(**database, "events/c", 100), IsOk()) << "what fits is still taken";
    SqliteResourceStore store(**database);
    const auto all = store.List({.collection = "events"});
    ASSERT_THAT(all, IsOk());
    EXPECT_EQ(all->size(), 2U) << "and reading goes on";
  }
  EXPECT_LE(fs::file_size(folder.File()), static_cast<std::uintmax_t>(kLimit));
  const auto database = OpenDatabase(folder.File());
  ASSERT_THAT(database, IsOk());
  EXPECT_THAT(write(**database, "events/b", 4 << 20), IsOk()) << "without the limit there is room";
}

TEST(SqliteDatabaseTest, ADamagedFileIsReportedAsSuch) {
  const TestFolder folder;
  { ASSERT_THAT(OpenDatabase(folder.File()), IsOk()); }
  {
    // The pages after the first, which only the header's checks read.
    std::fstream file(folder.File(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file << std::string(200, '\xff');
  }
  const auto opened = OpenDatabase(folder.File());
  EXPECT_THAT(opened, StatusIs(absl::StatusCode::kDataLoss, HasSubstr("restore a backup")));
  EXPECT_EQ(ReasonOf(opened.status()), "STORE_CORRUPT");
}

TEST(SqliteDatabaseTest, TheFileKeepsAWriteAheadLog) {
  const auto database = OpenDatabase(":memory:");
  ASSERT_THAT(database, IsOk());
  const auto reader = (*database)->readers().Borrow();
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT((*reader)->QueryText("PRAGMA journal_mode"), IsOkAndHolds("wal"));
}

}  // namespace
}  // namespace insightloop::storage
