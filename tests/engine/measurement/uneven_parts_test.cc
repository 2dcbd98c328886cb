// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/uneven_parts.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace insightloop {
namespace {

// How many of so many hashes, which lie at equal distances, each part gets.
std::vector<double> SizesOf(std::uint64_t hashes) {
  std::vector<double> sizes(kUnevenParts);
  const std::uint64_t distance = ~std::uint64_t{0} / hashes;
  for (std::uint64_t i = 0; i < hashes; ++i) ++sizes.at(UnevenPartOf(i * distance));
  return sizes;
}

TEST(UnevenPartsTest, SharesGrowEvenlyFromOneToTwo) {
  constexpr std::uint64_t kHashes = 1 << 22;
  const std::vector<double> sizes = SizesOf(kHashes);
  for (std::size_t p = 0; p < kUnevenParts; ++p) {
    // Of a line from 1 to 2 over all parts, whose area is 1.5 times their number.
    const double share = (1 + (static_cast<double>(p) + 0.5) / kUnevenParts) / (1.5 * kUnevenParts);
    EXPECT_NEAR(sizes[p], share * kHashes, 2) << "part " << p;
  }
}

// A part that holds `kCapacity` doubles with the next.
TEST(UnevenPartsTest, FewPartsDoubleAtTheSameTime) {
  constexpr double kCapacity = 57'344;  // of an absl::flat_hash_set with 2^16 places
  const std::vector<double> before = SizesOf(14'000'000);
  const std::vector<double> after = SizesOf(14'140'000);
  std::size_t doubled = 0;
  for (std::size_t p = 0; p < kUnevenParts; ++p) {
    if (before[p] <= kCapacity && after[p] > kCapacity) ++doubled;
  }
  EXPECT_GE(doubled, 1);
  EXPECT_LE(doubled, kUnevenParts / 50);
}

}  // namespace
}  // namespace insightloop
