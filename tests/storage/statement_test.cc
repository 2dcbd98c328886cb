// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "engine/domain/error.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/status_matchers.h"

namespace insightloop::storage {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

class StatementTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.File()).close();
    auto opened = Connection::Open(folder_.File(), Connection::Mode::kWrite);
    ASSERT_THAT(opened, IsOk());
    connection_ = *std::move(opened);
    ASSERT_THAT(connection_->RunScript("CREATE TABLE t (id INTEGER PRIMARY KEY, x ANY) STRICT"),
                IsOk());
  }

  TestFolder folder_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(StatementTest, ValuesComeBackAsTheyWereBound) {
  const std::string text("a\0ü'\"", 6);
  auto insert = connection_->Prepare("INSERT INTO t (x) VALUES (?)");
  ASSERT_THAT(insert, IsOk());
  ASSERT_THAT(insert->BindInt(-9'000'000'000).Run(), IsOk());
  ASSERT_THAT(insert->BindText(text).Run(), IsOk());
  ASSERT_THAT(insert->BindBlob(text).Run(), IsOk());
  ASSERT_THAT(insert->BindTextOrNull("").Run(), IsOk());
  ASSERT_THAT(insert->BindTextOrNull({}).Run(), IsOk());
  ASSERT_THAT(insert->BindText({}).Run(), IsOk());

  auto select = connection_->Prepare("SELECT x, typeof(x) FROM t ORDER BY id");
  ASSERT_THAT(select, IsOk());
  ASSERT_THAT(select->Step(), IsOkAndHolds(true));
  EXPECT_EQ(select->Int(0), -9'000'000'000);
  ASSERT_THAT(select->Step(), IsOkAndHolds(true));
  EXPECT_EQ(select->Text(0), text);
  ASSERT_THAT(select->Step(), IsOkAndHolds(true));
  EXPECT_EQ(select->Blob(0), text);
  EXPECT_EQ(select->Text(1), "blob");
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(select->Step(), IsOkAndHolds(true));
    EXPECT_EQ(select->Text(1), "null");
    EXPECT_EQ(select->OptionalText(0), std::nullopt);
    EXPECT_EQ(select->Int(0), 0);
  }
  ASSERT_THAT(select->Step(), IsOkAndHolds(true));
  EXPECT_EQ(select->Text(1), "text");
  EXPECT_EQ(select->OptionalText(0), "");
  EXPECT_THAT(select->Step(), IsOkAndHolds(false));
}

TEST_F(StatementTest, OneTextCanBeUsedTwiceAtTheSameTime) {
  ASSERT_THAT(connection_->RunScript("INSERT INTO t (x) VALUES (1), (2)"), IsOk());
  constexpr char kSql[] = "SELECT x FROM t ORDER BY id";
  auto outer = connection_->Prepare(kSql);
  ASSERT_THAT(outer, IsOk());
  ASSERT_THAT(outer->Step(), IsOkAndHolds(true));
  auto inner = connection_->Prepare(kSql);
  ASSERT_THAT(inner, IsOk());
  ASSERT_THAT(inner->Step(), IsOkAndHolds(true));
  ASSERT_THAT(outer->Step(), IsOkAndHolds(true));
  EXPECT_EQ(outer->Int(0), 2);
  EXPECT_EQ(inner->Int(0), 1);
}

TEST_F(StatementTest, AStatementGivenBackRemembersNothing) {
  for (int i = 0; i < 2; ++i) {
    auto insert = connection_->Prepare("INSERT INTO t (id, x) VALUES (?, ?)");
    ASSERT_THAT(insert, IsOk());
    insert->BindInt(i);
    if (i == 0) insert->BindInt(7);
    ASSERT_THAT(insert->Run(), IsOk());
  }
  EXPECT_THAT(connection_->QueryInt("SELECT count(*) FROM t WHERE x IS NULL"), IsOkAndHolds(1));
}

TEST_F(StatementTest, ABindingWithoutItsParameterFailsTheStep) {
  auto select = connection_->Prepare("SELECT 1");
  ASSERT_THAT(select, IsOk());
  EXPECT_THAT(select->BindInt(1).Step(), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(connection_->failure().trouble, Trouble::kNone);
}

TEST_F(StatementTest, ATransactionRollsBackUnlessCommitted) {
  {
    auto transaction = Transaction::Begin(*connection_);
    ASSERT_THAT(transaction, IsOk());
    ASSERT_THAT(connection_->RunScript("INSERT INTO t (x) VALUES (1)"), IsOk());
  }
  EXPECT_FALSE(connection_->in_transaction());
  EXPECT_THAT(connection_->QueryInt("SELECT count(*) FROM t"), IsOkAndHolds(0));
}

TEST_F(StatementTest, ASavepointRollsBackAlone) {
  auto transaction = Transaction::Begin(*connection_);
  ASSERT_THAT(transaction, IsOk());
  ASSERT_THAT(connection_->RunScript("INSERT INTO t (x) VALUES (1)"), IsOk());
  {
    auto savepoint = Savepoint::Begin(*connection_);
    ASSERT_THAT(savepoint, IsOk());
    ASSERT_THAT(connection_->RunScript("INSERT INTO t (x) VALUES (2)"), IsOk());
  }
  ASSERT_THAT(transaction->Commit(), IsOk());
  EXPECT_THAT(connection_->QueryInt("SELECT sum(x) FROM t"), IsOkAndHolds(1));
}

TEST_F(StatementTest, AReaderCannotWrite) {
  auto reader = Connection::Open(folder_.File(), Connection::Mode::kRead);
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT((*reader)->RunScript("INSERT INTO t (x) VALUES (1)"),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(StatementTest, ConnectionsAreSetForSafety) {
  for (const Connection::Mode mode : {Connection::Mode::kWrite, Connection::Mode::kRead}) {
    auto connection = Connection::Open(folder_.File(), mode);
    ASSERT_THAT(connection, IsOk());
    EXPECT_THAT((*connection)->QueryInt("PRAGMA synchronous"), IsOkAndHolds(2)) << "FULL";
    EXPECT_THAT((*connection)->QueryInt("PRAGMA foreign_keys"), IsOkAndHolds(1));
    EXPECT_THAT((*connection)->QueryInt("PRAGMA trusted_schema"), IsOkAndHolds(0));
    EXPECT_THAT((*connection)->QueryInt("PRAGMA cell_size_check"), IsOkAndHolds(1));
    EXPECT_THAT((*connection)->QueryInt("PRAGMA mmap_size"), IsOkAndHolds(0));
    EXPECT_THAT((*connection)->QueryInt("PRAGMA busy_timeout"), IsOkAndHolds(5'000));
    EXPECT_THAT((*connection)->QueryInt("PRAGMA wal_autocheckpoint"), IsOkAndHolds(0));
    // What SQLITE_DBCONFIG_DEFENSIVE is for.
    EXPECT_THAT((*connection)->RunScript("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema"),
                StatusIs(absl::StatusCode::kInternal, HasSubstr("may not be modified")));
  }
}

// Numbers: https://www.sqlite.org/rescode.html
TEST(FailureOfTest, GivesEachResultCodeItsMeaning) {
  const struct {
    int code;
    absl::StatusCode status;
    const char* reason;
    Trouble trouble;
  } kCases[] = {
      {13, absl::StatusCode::kResourceExhausted, "DISK_FULL", Trouble::kFull},
      {4874, absl::StatusCode::kResourceExhausted, "DISK_FULL", Trouble::kFull},  // IOERR_SHMSIZE
      {5, absl::StatusCode::kUnavailable, "STORE_BUSY", Trouble::kNone},
      {517, absl::StatusCode::kUnavailable, "STORE_BUSY", Trouble::kNone},  // BUSY_SNAPSHOT
      {10, absl::StatusCode::kUnavailable, "STORE_IO_ERROR", Trouble::kBroken},
      {1034, absl::StatusCode::kUnavailable, "STORE_IO_ERROR", Trouble::kBroken},  // IOERR_FSYNC
      {8, absl::StatusCode::kUnavailable, "STORE_IO_ERROR", Trouble::kBroken},     // READONLY
      {14, absl::StatusCode::kUnavailable, "STORE_IO_ERROR", Trouble::kBroken},    // CANTOPEN
      {7, absl::StatusCode::kUnavailable, "STORE_OUT_OF_MEMORY", Trouble::kBroken},
      {11, absl::StatusCode::kDataLoss, "STORE_CORRUPT", Trouble::kBroken},
      {26, absl::StatusCode::kDataLoss, "STORE_CORRUPT", Trouble::kBroken},   // NOTADB
      {2067, absl::StatusCode::kInternal, "STORE_INTERNAL", Trouble::kNone},  // UNIQUE
      {21, absl::StatusCode::kInternal, "STORE_INTERNAL", Trouble::kNone},    // MISUSE
      {18, absl::StatusCode::kInternal, "STORE_INTERNAL", Trouble::kNone},    // TOOBIG
  };
  for (const auto& expected : kCases) {
    const Failure failure = FailureOf(expected.code, "some detail");
    EXPECT_THAT(failure.status, StatusIs(expected.status, HasSubstr("some detail")));
    EXPECT_EQ(ReasonOf(failure.status), expected.reason) << expected.code;
    EXPECT_EQ(failure.trouble, expected.trouble) << expected.code;
  }
}

TEST(FailureOfTest, SaysWhenToTryAgainOnAFullDisk) {
  EXPECT_TRUE(DetailsOf(FailureOf(13, "").status).retry_delay.has_value());
}

}  // namespace
}  // namespace insightloop::storage
