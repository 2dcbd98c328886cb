// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/identity.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"

namespace insightloop {
namespace {

std::array<std::uint8_t, 16> CountingSecret() {
  std::array<std::uint8_t, 16> secret;
  std::iota(secret.begin(), secret.end(), std::uint8_t{0});
  return secret;
}

absl::uint128 HashOf(const std::vector<std::uint8_t>& bytes) {
  return KeyedHash(CountingSecret()).Of(bytes);
}

absl::uint128 IdentityOf(std::int64_t unit, std::int64_t event, const std::string& outcome_id,
                         std::uint8_t first_byte_of_secret = 0) {
  auto secret = CountingSecret();
  secret[0] = first_byte_of_secret;
  return KeyedHash(secret).OfOutcome(unit, event, outcome_id);
}

// Reference: vectors_sip128 of the authors' implementation: key 00 01 … 0f, input 00 01 … of the
// given length, output a3 81 7f 04 …, da 87 c1 d8 … and 54 93 e9 99 …
TEST(KeyedHashTest, MatchesTheAuthorsVectors) {
  std::vector<std::uint8_t> fifteen(15);
  std::iota(fifteen.begin(), fifteen.end(), std::uint8_t{0});

  EXPECT_EQ(HashOf({}), absl::MakeUint128(0x930255c71472f66d, 0xe6a825ba047f81a3));
  EXPECT_EQ(HashOf({0}), absl::MakeUint128(0x45fc229b11597634, 0x44af996bd8c187da));
  EXPECT_EQ(HashOf(fifteen), absl::MakeUint128(0xd9c3cf970fec087e, 0x11a8b03399e99354));
}

TEST(KeyedHashTest, GivesTheSameIdentityEveryTime) {
  KeyedHash hash(CountingSecret());
  const absl::uint128 first = hash.OfOutcome(1, 2, "o-1");
  EXPECT_NE(hash.OfOutcome(3, 4, "another"), first);
  EXPECT_EQ(hash.OfOutcome(1, 2, "o-1"), first);
}

TEST(KeyedHashTest, TellsApartUnitEventIdAndDatabase) {
  const absl::uint128 identity = IdentityOf(1, 2, "o-1");
  EXPECT_NE(identity, IdentityOf(2, 2, "o-1"));
  EXPECT_NE(identity, IdentityOf(1, 3, "o-1"));
  EXPECT_NE(identity, IdentityOf(2, 1, "o-1"));
  EXPECT_NE(identity, IdentityOf(1, 2, "o-2"));
  EXPECT_NE(identity, IdentityOf(1, 2, "o-1", /*first_byte_of_secret=*/1));
}

TEST(KeyedHashTest, AQuestionnaireIsOfItsUnitAndResponse) {
  KeyedHash hash(CountingSecret());
  const auto of = [&](std::int64_t unit, const char* response) {
    return hash.OfResponse(unit, response);
  };
  EXPECT_EQ(of(1, "r-1"), of(1, "r-1"));
  EXPECT_NE(of(1, "r-1"), of(1, "r-2"));
  EXPECT_NE(of(1, "r-1"), of(2, "r-1"));
  EXPECT_NE(of(1, "r-1"), 0);
  EXPECT_EQ(of(1, ""), 0);
}

TEST(KeyedHashTest, AnErasedUnitsIdentitiesTellApartEveryText) {
  KeyedHash hash(CountingSecret());
  const auto of = [&](const char* type, const char* id, std::int64_t event, const char* outcome) {
    return hash.OfErasedOutcome({.unit_type = type, .unit_id = id}, event, outcome);
  };
  const absl::uint128 identity = of("t", "anna", 2, "o-1");
  EXPECT_EQ(identity, of("t", "anna", 2, "o-1"));
  EXPECT_NE(identity, of("ta", "nna", 2, "o-1"));
  EXPECT_NE(identity, of("t", "annao", 2, "-1"));
  EXPECT_NE(identity, of("t", "anna", 3, "o-1"));
  EXPECT_NE(identity, of("t", "anna", 2, "o-2"));
}

}  // namespace
}  // namespace insightloop
