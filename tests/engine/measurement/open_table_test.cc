// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/open_table.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <set>
#include <vector>

namespace insightloop {
namespace {

struct Entry {
  [[nodiscard]] bool is_free() const { return key == 0; }
  [[nodiscard]] std::size_t hash() const { return hashed; }

  int key = 0;
  std::size_t hashed = 0;
  int value = 0;
};

auto Is(int key) {
  return [key](const Entry& entry) { return entry.key == key; };
}

TEST(OpenTableTest, FindsNothingWhereNothingIs) {
  OpenTable<Entry> table;
  table.Prefetch(7);
  EXPECT_EQ(table.Find(7, Is(1)), nullptr);
  EXPECT_FALSE(table.Remove(7, Is(1)));
  EXPECT_EQ(table.FindOrAdd({.key = 1, .hashed = 7}, Is(1)), nullptr);
  EXPECT_EQ(table.Find(7, Is(2)), nullptr);
  EXPECT_EQ(table.Find(3, Is(1)), nullptr);  // which leads to the same place
}

TEST(OpenTableTest, KeepsTheFirstOfTwoThatAreTheSame) {
  OpenTable<Entry> table;
  EXPECT_EQ(table.FindOrAdd({.key = 1, .hashed = 7, .value = 3}, Is(1)), nullptr);
  const Entry* const first = table.FindOrAdd({.key = 1, .hashed = 7, .value = 4}, Is(1));
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->value, 3);
  EXPECT_EQ(table.FindOrAdd({.key = 2, .hashed = 7}, Is(2)), nullptr);
}

TEST(OpenTableTest, FindsAllOfOneHashAlsoBehindTheLastPlace) {
  OpenTable<Entry> table;
  constexpr std::size_t kLastPlace = ~std::size_t{0};  // of a table of any size
  for (int key = 1; key <= 1'000; ++key) {
    ASSERT_EQ(table.FindOrAdd({.key = key, .hashed = kLastPlace}, Is(key)), nullptr);
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
    ASSERT_EQ(table.FindOrAdd({.key = key, .hashed = hash(key)}, Is(key)), nullptr);
  }
  for (int key = 1; key <= 10'000; ++key) {
    table.Prefetch(hash(key));
    ASSERT_NE(table.Find(hash(key), Is(key)), nullptr) << key;
    ASSERT_NE(table.FindOrAdd({.key = key, .hashed = hash(key)}, Is(key)), nullptr) << key;
  }
  EXPECT_EQ(table.Find(hash(10'001), Is(10'001)), nullptr);
}

// Near the last place of a table up to some size: of those that stand around its end, some stay
// there when it grows, and some move far away.
TEST(OpenTableTest, GrowingKeepsAllAlsoAroundTheEnd) {
  OpenTable<Entry> table;
  std::mt19937 random(20'261'128);
  std::vector<std::size_t> hashes = {0};  // by key
  for (int key = 1; key <= 3'000; ++key) {
    const std::size_t far = std::size_t{1} << random() % 14;
    hashes.push_back(~(far | random() % 8));
    ASSERT_EQ(table.FindOrAdd({.key = key, .hashed = hashes.back()}, Is(key)), nullptr);
    if (key % 16 != 0) continue;
    for (int other = 1; other <= key; ++other) {
      const Entry* const found = table.Find(hashes[static_cast<std::size_t>(other)], Is(other));
      ASSERT_NE(found, nullptr) << other << " of " << key;
      ASSERT_EQ(found->key, other);
    }
    ASSERT_EQ(table.Find(hashes.back(), Is(key + 1)), nullptr);
  }
}

// Few hashes, near the last place of a table of any size, so that entries stand in each other's way
// also around the end.
TEST(OpenTableTest, WhatIsRemovedIsNotFoundAndAllElseIs) {
  OpenTable<Entry> table;
  std::set<int> there;
  std::mt19937 random(20'261'127);
  const auto hash = [](int key) { return ~(static_cast<std::size_t>(key % 7) * 5); };
  for (int step = 0; step < 20'000; ++step) {
    const int key = 1 + static_cast<int>(random() % 40);
    if (random() % 2 == 0) {
      const bool is_new = table.FindOrAdd({.key = key, .hashed = hash(key)}, Is(key)) == nullptr;
      ASSERT_EQ(is_new, there.insert(key).second);
    } else {
      ASSERT_EQ(table.Remove(hash(key), Is(key)), there.erase(key) == 1);
    }
    for (int other = 1; other <= 40; ++other) {
      ASSERT_EQ(table.Find(hash(other), Is(other)) != nullptr, there.contains(other))
          << other << " in step " << step;
    }
  }
}

}  // namespace
}  // namespace insightloop
