// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/outcome_identities.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "absl/numeric/int128.h"

namespace insightloop {
namespace {

TEST(OutcomeIdentitiesTest, FindsWhatWasAddedAndNothingElse) {
  constexpr std::uint32_t kOutcomes = 100'000;
  OutcomeIdentities identities;
  std::mt19937_64 random(20'261'126);
  const auto next = [&] { return absl::MakeUint128(random(), random()); };
  EXPECT_EQ(identities.Find(next()), std::nullopt);
  identities.Prefetch(next());
  std::vector<absl::uint128> added;
  for (std::uint32_t i = 0; i < kOutcomes; ++i) {
    ASSERT_EQ(identities.FindOrAdd(added.emplace_back(next()), i), std::nullopt);
  }
  for (std::uint32_t i = 0; i < kOutcomes; ++i) {
    ASSERT_EQ(identities.Find(added[i]), i);
    ASSERT_EQ(identities.Find(next()), std::nullopt);
  }
}

TEST(OutcomeIdentitiesTest, TheFirstOfAnIdentityStays) {
  OutcomeIdentities identities;
  EXPECT_EQ(identities.FindOrAdd(7, 1), std::nullopt);
  const std::int64_t bytes = identities.bytes();
  EXPECT_GT(bytes, 0);
  EXPECT_EQ(identities.FindOrAdd(7, 2), 1U);
  EXPECT_EQ(identities.bytes(), bytes);
  EXPECT_EQ(identities.Find(7), 1U);
}

TEST(OutcomeIdentitiesTest, WhatIsRemovedIsNewAgain) {
  OutcomeIdentities identities;
  identities.FindOrAdd(7, 1);
  identities.FindOrAdd(8, 2);
  const std::int64_t bytes = identities.bytes();
  identities.Remove(7);
  EXPECT_EQ(identities.Find(7), std::nullopt);
  EXPECT_EQ(identities.Find(8), 2U);
  EXPECT_LT(identities.bytes(), bytes);
  identities.Remove(7);
  EXPECT_EQ(identities.FindOrAdd(7, 3), std::nullopt);
  EXPECT_EQ(identities.bytes(), bytes);
}

// They differ only in bits by which neither the part is chosen nor the first place in it.
TEST(OutcomeIdentitiesTest, IdentitiesThatMeetAreToldApart) {
  OutcomeIdentities identities;
  for (std::uint32_t i = 0; i < 1'000; ++i) identities.FindOrAdd(absl::MakeUint128(i, 3), i);
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    ASSERT_EQ(identities.Find(absl::MakeUint128(i, 3)), i);
    ASSERT_EQ(identities.Find(absl::MakeUint128(i, 4)), std::nullopt);
  }
  // In another part.
  EXPECT_EQ(identities.Find(absl::MakeUint128(std::uint64_t{200} << 56, 3)), std::nullopt);
}

}  // namespace
}  // namespace insightloop
