// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "engine/domain/error.h"
#include "storage/sqlite/migrations/0001_initial.sql.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/status_matchers.h"

namespace insightloop::storage {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Origin kOrigin{.secret = {1, 2, 3}, .simulated_clock = true};
constexpr Migration kFirst{1, "initial", kInitialSchema};
constexpr Migration kSecond{2, "add_notes", "CREATE TABLE notes (text TEXT) STRICT"};
constexpr Migration kFailing{3, "fail",
                             "CREATE TABLE half (x TEXT) STRICT; CREATE TABLE notes (x)"};

class MigrationsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.File()).close();
    Reopen();
  }
  void Reopen() {
    connection_.reset();
    auto opened = Connection::Open(folder_.File(), Connection::Mode::kWrite);
    ASSERT_THAT(opened, IsOk());
    connection_ = *std::move(opened);
  }
  absl::StatusOr<std::int64_t> TablesNamed(const std::string& name) {
    return connection_->QueryInt("SELECT count(*) FROM sqlite_schema WHERE name = '" + name + "'");
  }

  TestFolder folder_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(MigrationsTest, ANewDatabaseIsBroughtToTheLastVersion) {
  ASSERT_THAT(IsNew(*connection_), IsOkAndHolds(true));
  ASSERT_THAT(Migrate(*connection_, AllMigrations(), kOrigin, kOpened), IsOk());
  EXPECT_THAT(IsNew(*connection_), IsOkAndHolds(false));
  EXPECT_THAT(connection_->QueryInt("PRAGMA user_version"),
              IsOkAndHolds(AllMigrations().back().version));
  EXPECT_THAT(connection_->QueryInt("PRAGMA application_id"), IsOkAndHolds(kApplicationId));
  for (const char* table :
       {"meta", "resources", "changes", "words", "units", "exposures", "outcomes", "rejections"}) {
    EXPECT_THAT(TablesNamed(table), IsOkAndHolds(1)) << table;
  }
}

TEST_F(MigrationsTest, TheVersionsOfMigrationsHaveNoGaps) {
  std::int32_t version = 0;
  for (const Migration& migration : AllMigrations()) EXPECT_EQ(migration.version, ++version);
}

TEST_F(MigrationsTest, AllTablesAreStrict) {
  ASSERT_THAT(Migrate(*connection_, AllMigrations(), kOrigin, kOpened), IsOk());
  EXPECT_THAT(connection_->QueryInt("SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
                                    " AND strict = 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"),
              IsOkAndHolds(0));
}

TEST_F(MigrationsTest, TablesOfFactsHaveNoSecondIndex) {
  ASSERT_THAT(Migrate(*connection_, AllMigrations(), kOrigin, kOpened), IsOk());
  EXPECT_THAT(connection_->QueryInt("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND"
                                    " tbl_name IN ('words', 'units', 'exposures', 'outcomes')"),
              IsOkAndHolds(0));
}

TEST_F(MigrationsTest, TheOriginIsGivenOnceAndKept) {
  ASSERT_THAT(Migrate(*connection_, {&kFirst, 1}, kOrigin, kOpened), IsOk());
  const Origin other{.secret = {9}, .simulated_clock = false};
  const Migration both[] = {kFirst, kSecond};
  ASSERT_THAT(Migrate(*connection_, both, other, kOpened), IsOk());
  const auto origin = ReadOrigin(*connection_);
  ASSERT_THAT(origin, IsOk());
  EXPECT_EQ(origin->secret, kOrigin.secret);
  EXPECT_TRUE(origin->simulated_clock);
}

TEST_F(MigrationsTest, ALaterStepKeepsWhatIsStored) {
  ASSERT_THAT(Migrate(*connection_, {&kFirst, 1}, kOrigin, kOpened), IsOk());
  ASSERT_THAT(connection_->RunScript("INSERT INTO words VALUES (1, 'events/purchase')"), IsOk());
  Reopen();
  const Migration both[] = {kFirst, kSecond};
  ASSERT_THAT(CheckOwner(*connection_, both), IsOk());
  ASSERT_THAT(Migrate(*connection_, both, kOrigin, kOpened + Seconds(1)), IsOk());
  EXPECT_THAT(connection_->QueryInt("PRAGMA user_version"), IsOkAndHolds(2));
  EXPECT_THAT(TablesNamed("notes"), IsOkAndHolds(1));
  EXPECT_THAT(connection_->QueryText("SELECT text FROM words"), IsOkAndHolds("events/purchase"));
  EXPECT_THAT(connection_->QueryText("SELECT value FROM meta WHERE key = 'migration 2 add_notes'"),
              IsOkAndHolds(FormatTime(kOpened + Seconds(1))));
}

TEST_F(MigrationsTest, StartedExperimentsListTheirOneEpoch) {
  ASSERT_THAT(Migrate(*connection_, {&kFirst, 1}, kOrigin, kOpened), IsOk());
  ASSERT_THAT(connection_->RunScript(R"sql(
      INSERT INTO resources VALUES
        ('experiments/a', 'experiments', 1, 0, 0, '{"epoch":1,"start_time":"2026-01-31T09:00:00Z",'
          || '"variants":[{"variant_id":"c","weight":9},{"variant_id":"t"}]}'),
        ('experiments/b', 'experiments', 2, 0, 0, '{"variants":[{"variant_id":"c","weight":9}]}')
      )sql"),
              IsOk());
  ASSERT_THAT(Migrate(*connection_, AllMigrations(), kOrigin, kOpened), IsOk());
  EXPECT_THAT(connection_->QueryText("SELECT json_extract(body, '$.epochs') FROM resources"
                                     " WHERE name = 'experiments/a'"),
              IsOkAndHolds(R"([{"epoch":1,"start_time":"2026-01-31T09:00:00Z","weights":[9,0]}])"));
  EXPECT_THAT(connection_->QueryInt("SELECT count(*) FROM resources WHERE body LIKE '%epochs%'"),
              IsOkAndHolds(1));
}

TEST_F(MigrationsTest, OutcomesFromBeforeAreInNoQuestionnaire) {
  ASSERT_THAT(Migrate(*connection_, AllMigrations().first(3), kOrigin, kOpened), IsOk());
  ASSERT_THAT(connection_->RunScript(
                  "INSERT INTO outcomes (id, unit, event, key, occur_time, receive_time, kind,"
                  " value, late, response_id) VALUES (1, 1, 1, zeroblob(16), 0, 0, 1, 5, 0, 'r')"),
              IsOk());
  Reopen();
  ASSERT_THAT(Migrate(*connection_, AllMigrations(), kOrigin, kOpened), IsOk());
  EXPECT_THAT(connection_->QueryInt("SELECT count(*) FROM outcomes WHERE value = 5 AND"
                                    " response_id = 'r' AND response_key IS NULL"),
              IsOkAndHolds(1));
}

TEST_F(MigrationsTest, AFailingStepLeavesTheStepBefore) {
  const Migration all[] = {kFirst, kSecond, kFailing};
  EXPECT_THAT(Migrate(*connection_, all, kOrigin, kOpened), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(connection_->QueryInt("PRAGMA user_version"), IsOkAndHolds(2));
  EXPECT_THAT(TablesNamed("half"), IsOkAndHolds(0));
  EXPECT_THAT(ReadOrigin(*connection_), IsOk());
}

TEST_F(MigrationsTest, ANewerDatabaseIsRefusedWithBothVersionsAndTheRemedy) {
  const Migration both[] = {kFirst, kSecond};
  ASSERT_THAT(Migrate(*connection_, both, kOrigin, kOpened), IsOk());
  const absl::Status status = CheckOwner(*connection_, {&kFirst, 1});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("schema version 2"), HasSubstr("up to 1"),
                                     HasSubstr("use the newer program"))));
  const ErrorDetails details = DetailsOf(status);
  EXPECT_EQ(details.reason, "NEWER_SCHEMA");
  EXPECT_EQ(details.metadata.at("schema_version"), "2");
  EXPECT_EQ(details.metadata.at("known_version"), "1");
  connection_.reset();
  EXPECT_EQ(ReasonOf(CheckFile(folder_.File(), 1)), "NEWER_SCHEMA");
  EXPECT_THAT(CheckFile(folder_.File(), 2), IsOk());
}

// What a power cut can leave of a file that was being made.
TEST(CheckFileTest, AFileThatLostItsHeaderIsLeftToSqliteWhereThereIsAJournalToUndoIt) {
  const TestFolder folder;
  std::ofstream(folder.File()) << std::string(512, '\0') + std::string(512, 'x');
  EXPECT_EQ(ReasonOf(CheckFile(folder.File(), 1)), "NOT_A_DATABASE");
  std::ofstream(folder.File() + "-journal") << "";
  EXPECT_THAT(CheckFile(folder.File(), 1), IsOk());
}

TEST_F(MigrationsTest, ADatabaseOfNobodyKnowsWhomIsNotOurs) {
  // Many programs leave application_id at 0.
  ASSERT_THAT(connection_->RunScript("CREATE TABLE theirs (x)"), IsOk());
  EXPECT_EQ(ReasonOf(CheckOwner(*connection_, AllMigrations())), "NOT_A_DATABASE");
}

TEST_F(MigrationsTest, ADatabaseWithoutItsSecretIsDamaged) {
  ASSERT_THAT(Migrate(*connection_, AllMigrations(), kOrigin, kOpened), IsOk());
  ASSERT_THAT(connection_->RunScript("DELETE FROM meta WHERE key = 'secret'"), IsOk());
  EXPECT_THAT(ReadOrigin(*connection_), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace insightloop::storage
