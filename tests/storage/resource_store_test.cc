// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/resource_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "storage/sqlite/database.h"
#include "tests/storage/resource_store_contract.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/status_matchers.h"

namespace insightloop::testing {
namespace {

class SqliteUnderTest : public StoreUnderTest {
 public:
  explicit SqliteUnderTest(std::unique_ptr<storage::SqliteDatabase> database)
      : database_(std::move(database)), store_(*database_) {}
  ResourceStore& store() override { return store_; }

 private:
  std::unique_ptr<storage::SqliteDatabase> database_;
  storage::SqliteResourceStore store_;
};

std::unique_ptr<StoreUnderTest> OpenSqlite(const std::string& path) {
  auto database = storage::OpenDatabase(path);
  if (!database.ok()) {
    ADD_FAILURE() << database.status();
    return nullptr;
  }
  return std::make_unique<SqliteUnderTest>(*std::move(database));
}

std::unique_ptr<StoreUnderTest> OpenMemory() { return OpenSqlite(":memory:"); }

std::unique_ptr<StoreUnderTest> OpenFile() {
  class InFolder : public StoreUnderTest {
   public:
    ResourceStore& store() override { return inner_->store(); }
    storage::TestFolder folder_;
    std::unique_ptr<StoreUnderTest> inner_;
  };
  auto under_test = std::make_unique<InFolder>();
  under_test->inner_ = OpenSqlite(under_test->folder_.File());
  return under_test->inner_ == nullptr ? nullptr : std::move(under_test);
}

INSTANTIATE_TEST_SUITE_P(SqliteMemory, ResourceStoreContractTest,
                         ::testing::Values(StoreFactory(&OpenMemory)));
INSTANTIATE_TEST_SUITE_P(SqliteFile, ResourceStoreContractTest,
                         ::testing::Values(StoreFactory(&OpenFile)));

}  // namespace
}  // namespace insightloop::testing

namespace insightloop::storage {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;

absl::Status Put(SqliteResourceStore& store, const std::string& name, const std::string& body) {
  return store.Write({}, [&](ResourceStore::Transaction& transaction) {
    return transaction.Put(name, body).status();
  });
}

TEST(SqliteResourceStoreTest, ResourcesAndRevisionsOutliveTheProcess) {
  const TestFolder folder;
  {
    auto database = OpenDatabase(folder.File());
    ASSERT_THAT(database, IsOk());
    SqliteResourceStore store(**database);
    ASSERT_THAT(Put(store, "events/a", "1"), IsOk());
    ASSERT_THAT(Put(store, "events/b", "2"), IsOk());
  }
  auto database = OpenDatabase(folder.File());
  ASSERT_THAT(database, IsOk());
  SqliteResourceStore store(**database);
  ASSERT_THAT(Put(store, "events/c", "3"), IsOk());
  const auto all = store.List({.collection = "events"});
  ASSERT_THAT(all, IsOk());
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(all->at(0).body, "1");
  EXPECT_EQ(all->at(2).revision, 3);
}

TEST(SqliteResourceStoreTest, AWriteInsideAWriteIsRefusedInsteadOfWaitingForItself) {
  auto database = OpenDatabase(":memory:");
  ASSERT_THAT(database, IsOk());
  SqliteResourceStore store(**database);
  EXPECT_THAT(
      store.Write({}, [&](ResourceStore::Transaction&) { return Put(store, "events/a", "1"); }),
      StatusIs(absl::StatusCode::kInternal));
}

TEST(SqliteResourceStoreTest, ARequestIdCannotMakeTwoWrites) {
  auto database = OpenDatabase(":memory:");
  ASSERT_THAT(database, IsOk());
  SqliteResourceStore store(**database);
  const auto write = [&](const std::string& name) {
    return store.Write({.request_id = "r"}, [&](ResourceStore::Transaction& transaction) {
      return transaction.Put(name, "1").status();
    });
  };
  ASSERT_THAT(write("events/a"), IsOk());
  // The engine looks with FindRequest() first; a store that let it forget would count twice.
  EXPECT_THAT(write("events/b"), StatusIs(absl::StatusCode::kInternal));
  ASSERT_THAT(Put(store, "events/c", "1"), IsOk());
}

TEST(SqliteResourceStoreTest, CallsAfterClosingAreUnavailable) {
  auto database = OpenDatabase(":memory:");
  ASSERT_THAT(database, IsOk());
  SqliteResourceStore store(**database);
  (*database)->Close();
  (*database)->Close();
  const absl::Status write = Put(store, "events/a", "1");
  EXPECT_THAT(write, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ReasonOf(write), "STORE_CLOSED");
  EXPECT_THAT(store.Get("events/a"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(store.List({.collection = "events"}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(store.Changes(0, 1), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace insightloop::storage
