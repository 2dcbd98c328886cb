// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/unit_table.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

namespace insightloop {
namespace {

constexpr std::int64_t kCustomer = 1, kDevice = 2;

TEST(UnitTableTest, FindsUnitsByTypeAndId) {
  UnitTable units;
  EXPECT_EQ(units.Find(kCustomer, "42"), 0U);
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = "unit-" + std::to_string(i);
    ASSERT_EQ(units.Add(kCustomer, id), static_cast<UnitNumber>(2 * i + 1));
    ASSERT_EQ(units.Add(kDevice, id), static_cast<UnitNumber>(2 * i + 2));
  }
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = "unit-" + std::to_string(i);
    ASSERT_EQ(units.Find(kCustomer, id), static_cast<UnitNumber>(2 * i + 1));
    ASSERT_EQ(units.Find(kDevice, id), static_cast<UnitNumber>(2 * i + 2));
  }
  EXPECT_EQ(units.Find(kCustomer, "unit-10000"), 0U);
  EXPECT_EQ(units.Find(3, "unit-1"), 0U);
}

TEST(UnitTableTest, FindsAnErasedUnitNoMoreButOneThatCameBack) {
  UnitTable units;
  units.Add(kCustomer, "42");
  units.Add(kDevice, "42");
  EXPECT_EQ(units.Erase(1), 2U);
  EXPECT_EQ(units.Find(kCustomer, "42"), 0U);
  EXPECT_EQ(units.Find(kDevice, "42"), 2U);
  EXPECT_EQ(units.Add(kCustomer, "42"), 3U);
  EXPECT_EQ(units.Find(kCustomer, "42"), 3U);
}

TEST(UnitTableTest, FindsTheOthersWhereManyWereErased) {
  UnitTable units;
  const auto name = [](int i) { return "unit-" + std::to_string(i); };
  for (int i = 0; i < 10'000; ++i) units.Add(kCustomer, name(i));
  for (int i = 0; i < 10'000; i += 2) units.Erase(static_cast<UnitNumber>(i + 1));
  for (int i = 10'000; i < 30'000; ++i) units.Add(kCustomer, name(i));
  for (int i = 0; i < 30'000; ++i) {
    const bool is_erased = i < 10'000 && i % 2 == 0;
    ASSERT_EQ(units.Find(kCustomer, name(i)), static_cast<UnitNumber>(is_erased ? 0 : i + 1));
  }
}

TEST(UnitTableTest, FindsNoUnitWithoutAName) {
  UnitTable units;
  EXPECT_EQ(units.Add(kCustomer, ""), 1U);  // was erased before a restart
  EXPECT_EQ(units.Add(kCustomer, "42"), 2U);
  EXPECT_EQ(units.Find(kCustomer, ""), 0U);
  EXPECT_EQ(units.Find(kCustomer, "42"), 2U);
}

TEST(UnitTableTest, PrefetchesWhateverIsAsked) {
  UnitTable units;
  const std::array hashes = {UnitTable::HashOf(kCustomer, "41"), UnitTable::HashOf(kCustomer, "42"),
                             UnitTable::HashOf(kCustomer, "43")};
  units.Prefetch(hashes);
  units.Add(kCustomer, "41");
  units.Add(kCustomer, "42");
  units.Erase(1);
  units.Prefetch(hashes);
  EXPECT_EQ(units.Find(kCustomer, "42", hashes[1]), 2U);
}

}  // namespace
}  // namespace insightloop
