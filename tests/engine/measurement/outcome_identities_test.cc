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
  for (std::uint32_t i = 0; i < kOutcomes; ++i) identities.Add(added.emplace_back(next()), i);
  EXPECT_EQ(identities.size(), kOutcomes);
  for (std::uint32_t i = 0; i < kOutcomes; ++i) {
    ASSERT_EQ(identities.Find(added[i]), i);
    ASSERT_EQ(identities.Find(next()), std::nullopt);
  }
}

TEST(OutcomeIdentitiesTest, TheFirstOfAnIdentityStays) {
  OutcomeIdentities identities;
  identities.Add(7, 1);
  identities.Add(7, 2);
  EXPECT_EQ(identities.size(), 1U);
  EXPECT_EQ(identities.Find(7), 1U);
}

// They differ only in bits by which neither the part is chosen nor the first place in it.
TEST(OutcomeIdentitiesTest, IdentitiesThatMeetAreToldApart) {
  OutcomeIdentities identities;
  for (std::uint32_t i = 0; i < 1'000; ++i) identities.Add(absl::MakeUint128(i, 3), i);
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    ASSERT_EQ(identities.Find(absl::MakeUint128(i, 3)), i);
    ASSERT_EQ(identities.Find(absl::MakeUint128(i, 4)), std::nullopt);
  }
}

}  // namespace
}  // namespace insightloop
