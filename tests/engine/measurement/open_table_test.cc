// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/open_table.h"

#include <gtest/gtest.h>

#include <cstddef>

namespace insightloop {
namespace {

struct Entry {
  [[nodiscard]] bool is_free() const { return key == 0; }
  [[nodiscard]] std::size_t hash() const { return hashed; }

  int key = 0;
  std::size_t hashed = 0;
};

auto Is(int key) {
  return [key](const Entry& entry) { return entry.key == key; };
}

TEST(OpenTableTest, FindsNothingWhereNothingIs) {
  OpenTable<Entry> table;
  table.Prefetch(7);
  EXPECT_EQ(table.Find(7, Is(1)), nullptr);
  EXPECT_TRUE(table.Add({.key = 1, .hashed = 7}, Is(1)));
  EXPECT_EQ(table.Find(7, Is(2)), nullptr);
  EXPECT_EQ(table.Find(3, Is(1)), nullptr);  // which leads to the same place
}

TEST(OpenTableTest, KeepsTheFirstOfTwoThatAreTheSame) {
  OpenTable<Entry> table;
  EXPECT_TRUE(table.Add({.key = 1, .hashed = 7}, Is(1)));
  EXPECT_FALSE(table.Add({.key = 1, .hashed = 7}, Is(1)));
  EXPECT_TRUE(table.Add({.key = 2, .hashed = 7}, Is(2)));
}

TEST(OpenTableTest, FindsAllOfOneHashAlsoBehindTheLastPlace) {
  OpenTable<Entry> table;
  constexpr std::size_t kLastPlace = ~std::size_t{0};  // of a table of any size
  for (int key = 1; key <= 1'000; ++key) {
    ASSERT_TRUE(table.Add({.key = key, .hashed = kLastPlace}, Is(key)));
    // Ends at a free place, also just before the table grows.
    ASSERT_EQ(table.Find(kLastPlace, Is(key + 1)), nullptr);
  }
  for (int key = 1; key <= 1'000; ++key) {
    const Entry* const found = table.Find(kLastPlace, Is(key));
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(found->key, key);
  }
}

TEST(OpenTableTest, FindsAllAfterItHasGrown) {
  OpenTable<Entry> table;
  const auto hash = [](int key) { return static_cast<std::size_t>(key) * 0x9e3779b97f4a7c15; };
  for (int key = 1; key <= 10'000; ++key) {
    ASSERT_TRUE(table.Add({.key = key, .hashed = hash(key)}, Is(key)));
  }
  for (int key = 1; key <= 10'000; ++key) {
    table.Prefetch(hash(key));
    ASSERT_NE(table.Find(hash(key), Is(key)), nullptr) << key;
    ASSERT_FALSE(table.Add({.key = key, .hashed = hash(key)}, Is(key))) << key;
  }
  EXPECT_EQ(table.Find(hash(10'001), Is(10'001)), nullptr);
}

}  // namespace
}  // namespace insightloop
