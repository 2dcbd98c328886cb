// SPDX-License-Identifier: Apache-2.0

#include "tests/storage/resource_store_contract.h"

#include <gmock/gmock.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace insightloop::testing {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

namespace {

auto Named(const std::string& name) { return Field("name", &StoredResource::name, name); }
auto Body(const std::string& body) { return Field("body", &StoredResource::body, body); }

// All byte values that a digest may have, the zero byte among them.
std::string EveryByte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

}  // namespace

absl::Status ResourceStoreContractTest::Put(const std::string& name, const std::string& body,
                                            const ChangeContext& context) {
  return store().Write(context, [&](ResourceStore::Transaction& transaction) {
    return transaction.Put(name, body).status();
  });
}

absl::Status ResourceStoreContractTest::Delete(const std::string& name,
                                               const ChangeContext& context) {
  return store().Write(
      context, [&](ResourceStore::Transaction& transaction) { return transaction.Delete(name); });
}

TEST_P(ResourceStoreContractTest, GetOfAnUnknownNameIsAbsent) {
  EXPECT_THAT(store().Get("events/purchase"), IsOkAndHolds(Eq(std::nullopt)));
}

TEST_P(ResourceStoreContractTest, PutReturnsAndStoresTheResource) {
  StoredResource put;
  ASSERT_THAT(store().Write({.time = Time{7}},
                            [&](ResourceStore::Transaction& transaction) {
                              auto stored = transaction.Put("events/purchase", R"({"a":1})");
                              if (stored.ok()) put = *stored;
                              return stored.status();
                            }),
              IsOk());
  EXPECT_EQ(put.name, "events/purchase");
  EXPECT_EQ(put.revision, 1);
  EXPECT_EQ(put.create_time, Time{7});
  EXPECT_EQ(put.update_time, Time{7});
  EXPECT_EQ(put.body, R"({"a":1})");

  const auto got = store().Get("events/purchase");
  ASSERT_THAT(got, IsOkAndHolds(Optional(Body(put.body))));
  EXPECT_EQ((*got)->name, put.name);
  EXPECT_EQ((*got)->revision, put.revision);
  EXPECT_EQ((*got)->create_time, put.create_time);
  EXPECT_EQ((*got)->update_time, put.update_time);
}

TEST_P(ResourceStoreContractTest, ReplacingKeepsTheCreateTimeAndMovesTheUpdateTime) {
  ASSERT_THAT(Put("events/a", "1", {.time = Time{10}}), IsOk());
  ASSERT_THAT(Put("events/a", "2", {.time = Time{20}}), IsOk());
  const auto got = store().Get("events/a");
  ASSERT_THAT(got, IsOkAndHolds(Optional(Body("2"))));
  EXPECT_EQ((*got)->create_time, Time{10});
  EXPECT_EQ((*got)->update_time, Time{20});
}

TEST_P(ResourceStoreContractTest, RevisionsGrowByOneOverAllResources) {
  ASSERT_THAT(Put("events/a", "1"), IsOk());
  ASSERT_THAT(Put("metrics/b", "1"), IsOk());
  ASSERT_THAT(Delete("events/a"), IsOk());
  ASSERT_THAT(Put("events/a", "2"), IsOk());
  const auto a = store().Get("events/a");
  const auto b = store().Get("metrics/b");
  ASSERT_THAT(a, IsOkAndHolds(Optional(Body("2"))));
  ASSERT_THAT(b, IsOkAndHolds(Optional(Body("1"))));
  EXPECT_EQ((*a)->revision, 4);
  EXPECT_EQ((*b)->revision, 2);
}

TEST_P(ResourceStoreContractTest, ARolledBackWriteUsesUpNoRevision) {
  EXPECT_THAT(store().Write({},
                            [](ResourceStore::Transaction& transaction) {
                              EXPECT_THAT(transaction.Put("events/a", "1"), IsOk());
                              return absl::AbortedError("no");
                            }),
              StatusIs(absl::StatusCode::kAborted, "no"));
  ASSERT_THAT(Put("events/b", "1"), IsOk());
  const auto b = store().Get("events/b");
  ASSERT_THAT(b, IsOkAndHolds(Optional(Named("events/b"))));
  EXPECT_EQ((*b)->revision, 1);
}

TEST_P(ResourceStoreContractTest, AFailingBodyLeavesNothingBehind) {
  ASSERT_THAT(Put("events/a", "old"), IsOk());
  EXPECT_THAT(store().Write({.request_id = "r", .request_digest = "d"},
                            [](ResourceStore::Transaction& transaction) {
                              EXPECT_THAT(transaction.Put("events/a", "new"), IsOk());
                              EXPECT_THAT(transaction.Put("events/b", "new"), IsOk());
                              return absl::AbortedError("no");
                            }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(store().Get("events/a"), IsOkAndHolds(Optional(Body("old"))));
  EXPECT_THAT(store().Get("events/b"), IsOkAndHolds(Eq(std::nullopt)));
  EXPECT_THAT(store().Changes(0, 100), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(store().Write({},
                            [](ResourceStore::Transaction& transaction) {
                              EXPECT_THAT(transaction.FindRequest("r"),
                                          IsOkAndHolds(Eq(std::nullopt)));
                              return absl::OkStatus();
                            }),
              IsOk());
}

TEST_P(ResourceStoreContractTest, ATransactionSeesItsOwnChangesBeforeOthersDo) {
  ASSERT_THAT(Put("events/a", "1"), IsOk());
  EXPECT_THAT(
      store().Write({},
                    [](ResourceStore::Transaction& transaction) {
                      EXPECT_THAT(transaction.Put("events/b", "2"), IsOk());
                      EXPECT_THAT(transaction.Delete("events/a"), IsOk());
                      EXPECT_THAT(transaction.Get("events/a"), IsOkAndHolds(Eq(std::nullopt)));
                      EXPECT_THAT(transaction.Get("events/b"), IsOkAndHolds(Optional(Body("2"))));
                      EXPECT_THAT(transaction.List({.collection = "events"}),
                                  IsOkAndHolds(ElementsAre(Named("events/b"))));
                      return absl::OkStatus();
                    }),
      IsOk());
}

TEST_P(ResourceStoreContractTest, ReadersSeeAWriteOnlyWhenItHasReturned) {
  ASSERT_THAT(Put("events/a", "old"), IsOk());
  std::thread reader;
  ASSERT_THAT(store().Write({},
                            [&](ResourceStore::Transaction& transaction) {
                              EXPECT_THAT(transaction.Put("events/a", "new"), IsOk());
                              reader = std::thread([&] {
                                EXPECT_THAT(store().Get("events/a"),
                                            IsOkAndHolds(Optional(Body("old"))));
                              });
                              reader.join();
                              return absl::OkStatus();
                            }),
              IsOk());
  EXPECT_THAT(store().Get("events/a"), IsOkAndHolds(Optional(Body("new"))));
}

TEST_P(ResourceStoreContractTest, DeleteRemovesTheResource) {
  ASSERT_THAT(Put("events/a", "1"), IsOk());
  ASSERT_THAT(Delete("events/a"), IsOk());
  EXPECT_THAT(store().Get("events/a"), IsOkAndHolds(Eq(std::nullopt)));
  EXPECT_THAT(store().List({.collection = "events"}), IsOkAndHolds(IsEmpty()));
}

TEST_P(ResourceStoreContractTest, DeleteOfAnUnknownNameIsNotFound) {
  EXPECT_THAT(Delete("events/a"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store().Changes(0, 100), IsOkAndHolds(IsEmpty()));
}

TEST_P(ResourceStoreContractTest, AResourceMadeAnewHasANewCreateTime) {
  ASSERT_THAT(Put("events/a", "1", {.time = Time{10}}), IsOk());
  ASSERT_THAT(Delete("events/a", {.time = Time{20}}), IsOk());
  ASSERT_THAT(Put("events/a", "1", {.time = Time{30}}), IsOk());
  const auto got = store().Get("events/a");
  ASSERT_THAT(got, IsOkAndHolds(Optional(Named("events/a"))));
  EXPECT_EQ((*got)->create_time, Time{30});
}

TEST_P(ResourceStoreContractTest, ListGivesOneCollectionInByteOrder) {
  for (const char* name : {"experiments/b", "experiments/a", "experiments/a-b", "experiments/a1",
                           "experiments/a/verdicts/v1", "events/a", "experiment/a"}) {
    ASSERT_THAT(Put(name, "{}"), IsOk());
  }
  EXPECT_THAT(store().List({.collection = "experiments"}),
              IsOkAndHolds(ElementsAre(Named("experiments/a"), Named("experiments/a-b"),
                                       Named("experiments/a1"), Named("experiments/b"))));
  EXPECT_THAT(store().List({.collection = "experiments/a/verdicts"}),
              IsOkAndHolds(ElementsAre(Named("experiments/a/verdicts/v1"))));
  EXPECT_THAT(store().List({.collection = "layers"}), IsOkAndHolds(IsEmpty()));
}

TEST_P(ResourceStoreContractTest, ListPagesByNameAndLimit) {
  for (const char* name : {"events/a", "events/b", "events/c", "events/d"}) {
    ASSERT_THAT(Put(name, "{}"), IsOk());
  }
  EXPECT_THAT(store().List({.collection = "events", .limit = 2}),
              IsOkAndHolds(ElementsAre(Named("events/a"), Named("events/b"))));
  EXPECT_THAT(store().List({.collection = "events", .after = "events/b", .limit = 1}),
              IsOkAndHolds(ElementsAre(Named("events/c"))));
  EXPECT_THAT(store().List({.collection = "events", .limit = 1, .from_last = true}),
              IsOkAndHolds(ElementsAre(Named("events/d"))));
  EXPECT_THAT(store().List({.collection = "events", .after = "events/b"}),
              IsOkAndHolds(ElementsAre(Named("events/c"), Named("events/d"))));
  // Also after a name that is no longer there.
  EXPECT_THAT(store().List({.collection = "events", .after = "events/cc"}),
              IsOkAndHolds(ElementsAre(Named("events/d"))));
}

TEST_P(ResourceStoreContractTest, ChangesTellWhoDidWhatAndWhen) {
  ASSERT_THAT(Put("events/a", "1",
                  {.actor = "lan",
                   .method = "/insightloop.v1.EventService/CreateEvent",
                   .request_id = "r1",
                   .request_digest = EveryByte(),
                   .time = Time{10}}),
              IsOk());
  ASSERT_THAT(Put("events/a", "2", {.actor = "minh", .time = Time{20}}), IsOk());
  ASSERT_THAT(Delete("events/a", {.time = Time{30}}), IsOk());

  const auto changes = store().Changes(0, 100);
  ASSERT_THAT(changes, IsOkAndHolds(SizeIs(3)));
  const Change& created = changes->at(0);
  EXPECT_EQ(created.revision, 1);
  EXPECT_EQ(created.time, Time{10});
  EXPECT_EQ(created.actor, "lan");
  EXPECT_EQ(created.method, "/insightloop.v1.EventService/CreateEvent");
  EXPECT_EQ(created.request_id, "r1");
  EXPECT_EQ(created.request_digest, EveryByte());
  EXPECT_EQ(created.resource, "events/a");
  EXPECT_EQ(created.before, std::nullopt);
  EXPECT_EQ(created.after, "1");
  const Change& replaced = changes->at(1);
  EXPECT_EQ(replaced.actor, "minh");
  EXPECT_EQ(replaced.method, "");
  EXPECT_EQ(replaced.request_id, "");
  EXPECT_EQ(replaced.before, "1");
  EXPECT_EQ(replaced.after, "2");
  const Change& deleted = changes->at(2);
  EXPECT_EQ(deleted.revision, 3);
  EXPECT_EQ(deleted.actor, "");
  EXPECT_EQ(deleted.before, "2");
  EXPECT_EQ(deleted.after, std::nullopt);
}

TEST_P(ResourceStoreContractTest, ChangesAreReadOnFromARevision) {
  for (const char* name : {"events/a", "events/b", "events/c", "events/d"}) {
    ASSERT_THAT(Put(name, "{}"), IsOk());
  }
  const auto of = [](const char* name) { return Field("resource", &Change::resource, name); };
  EXPECT_THAT(store().Changes(1, 2), IsOkAndHolds(ElementsAre(of("events/b"), of("events/c"))));
  EXPECT_THAT(store().Changes(3, 2), IsOkAndHolds(ElementsAre(of("events/d"))));
  EXPECT_THAT(store().Changes(4, 2), IsOkAndHolds(IsEmpty()));
}

TEST_P(ResourceStoreContractTest, FindRequestGivesTheFirstChangeOfTheRequest) {
  ASSERT_THAT(store().Write({.request_id = "r1", .request_digest = "digest"},
                            [](ResourceStore::Transaction& transaction) {
                              EXPECT_THAT(transaction.Put("events/b", "1"), IsOk());
                              EXPECT_THAT(transaction.Put("events/a", "2"), IsOk());
                              return transaction.Delete("events/b");
                            }),
              IsOk());
  std::optional<Change> found;
  std::optional<Change> other;
  ASSERT_THAT(store().Write({},
                            [&](ResourceStore::Transaction& transaction) {
                              const auto r1 = transaction.FindRequest("r1");
                              const auto r2 = transaction.FindRequest("r2");
                              if (r1.ok()) found = *r1;
                              if (r2.ok()) other = *r2;
                              return r1.ok() ? r2.status() : r1.status();
                            }),
              IsOk());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->revision, 1);
  EXPECT_EQ(found->resource, "events/b");
  EXPECT_EQ(found->after, "1");
  EXPECT_EQ(found->request_digest, "digest");
  EXPECT_EQ(other, std::nullopt);

  const auto changes = store().Changes(0, 100);
  ASSERT_THAT(changes, IsOkAndHolds(SizeIs(3)));
  EXPECT_EQ(changes->at(1).request_id, "r1");
  EXPECT_EQ(changes->at(1).request_digest, "") << "only the first change carries it";
}

TEST_P(ResourceStoreContractTest, FindRequestFindsNothingUnderAnEmptyId) {
  ASSERT_THAT(Put("events/a", "1"), IsOk());
  EXPECT_THAT(store().Write({},
                            [](ResourceStore::Transaction& transaction) {
                              EXPECT_THAT(transaction.FindRequest(""),
                                          IsOkAndHolds(Eq(std::nullopt)));
                              return absl::OkStatus();
                            }),
              IsOk());
}

TEST_P(ResourceStoreContractTest, TextsComeBackByteForByte) {
  const std::string body = "{\"why\":\"khách hàng đợi lâu 'quá' \\\"; --\\u0000\"}";
  ASSERT_THAT(Put("insights/a", body, {.actor = "người dùng"}), IsOk());
  EXPECT_THAT(store().Get("insights/a"), IsOkAndHolds(Optional(Body(body))));
  const std::string large(4 << 20, 'x');
  ASSERT_THAT(Put("insights/b", large), IsOk());
  const auto got = store().Get("insights/b");
  ASSERT_THAT(got, IsOk());
  EXPECT_TRUE(got->has_value() && (*got)->body == large);
}

TEST_P(ResourceStoreContractTest, AWriteWithoutChangesIsFine) {
  EXPECT_THAT(store().Write({.request_id = "r"},
                            [](ResourceStore::Transaction&) { return absl::OkStatus(); }),
              IsOk());
  EXPECT_THAT(store().Changes(0, 100), IsOkAndHolds(IsEmpty()));
}

TEST_P(ResourceStoreContractTest, ErasingAUnitTakesItsOverridesOutOfTheLogAndNothingElse) {
  const std::string others =
      R"({"overrides":[{"unit_id":"a"},{"unit_id":"an\u0000na"}],"x":1.50,"unit_type":"unitTypes/device"})";
  const std::string named =
      R"({"overrides":[{"unit_id":"a"},{"unit_id":"an\u0000na"}],"x":1.50,"unit_type":"unitTypes/t"})";
  const ChangeContext call{.request_id = "r-1", .request_digest = "digest"};
  ASSERT_THAT(Put("experiments/e", named, call), IsOk());
  ASSERT_THAT(Put("experiments/e", R"({"unit_type":"unitTypes/t"})"), IsOk());
  ASSERT_THAT(Put("experiments/f", others), IsOk());
  ASSERT_THAT(Put("insights/i", named), IsOk());
  ASSERT_THAT(
      store().Write(
          {.method = "Erase"},
          [](ResourceStore::Transaction& transaction) {
            return transaction.EraseUnit({.unit = {"unitTypes/t", std::string("an\0na", 5)}});
          }),
      IsOk());
  ASSERT_THAT(store().DiscardErased(), IsOk());
  const auto changes = store().Changes(0, 100);
  ASSERT_THAT(changes, IsOkAndHolds(SizeIs(4)));  // no fact names the unit, so there is no row
  const std::string cleaned =
      R"({"overrides":[{"unit_id":"a"}],"x":1.50,"unit_type":"unitTypes/t"})";
  EXPECT_THAT((*changes)[0].before, Eq(std::nullopt));
  EXPECT_THAT((*changes)[0].after, Optional(cleaned));
  EXPECT_THAT((*changes)[1].before, Optional(cleaned));
  EXPECT_THAT((*changes)[1].after, Optional(std::string(R"({"unit_type":"unitTypes/t"})")));
  EXPECT_THAT((*changes)[2].after, Optional(others));
  EXPECT_THAT((*changes)[3].after, Optional(named));
  // The call is still known, but not as what it was.
  ASSERT_THAT(store().Write({},
                            [](ResourceStore::Transaction& transaction) {
                              const auto first = transaction.FindRequest("r-1");
                              EXPECT_THAT(first,
                                          IsOkAndHolds(Optional(Field(
                                              "request_digest", &Change::request_digest, ""))));
                              return absl::OkStatus();
                            }),
              IsOk());
}

TEST_P(ResourceStoreContractTest, WritesOfManyThreadsRunOneAfterTheOther) {
  constexpr int kThreads = 8;
  constexpr int kWrites = 25;
  ASSERT_THAT(Put("counters/c", "0"), IsOk());
  std::atomic<bool> done = false;
  // What a reader sees never goes back.
  std::thread reader([&] {
    int last = 0;
    while (!done) {
      const auto got = store().Get("counters/c");
      ASSERT_THAT(got, IsOkAndHolds(Optional(Named("counters/c"))));
      const int now = std::stoi((*got)->body);
      EXPECT_GE(now, last);
      last = now;
    }
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&] {
      for (int i = 0; i < kWrites; ++i) {
        EXPECT_THAT(
            store().Write({},
                          [](ResourceStore::Transaction& transaction) {
                            const auto old = transaction.Get("counters/c");
                            if (!old.ok()) return old.status();
                            const int next = std::stoi((*old)->body) + 1;
                            return transaction.Put("counters/c", absl::StrCat(next)).status();
                          }),
            IsOk());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  done = true;
  reader.join();
  EXPECT_THAT(store().Get("counters/c"),
              IsOkAndHolds(Optional(Body(absl::StrCat(kThreads * kWrites)))));
  EXPECT_THAT(store().Changes(0, 1'000), IsOkAndHolds(SizeIs(1 + kThreads * kWrites)));
}

}  // namespace insightloop::testing
