// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/growthbook_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace insightloop {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::FieldsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

// The test vectors of draft-eastlake-fnv (section 8.2.2, FNV-1a of 32 bits).
TEST(GrowthBookFnv32aTest, GivesThePublishedHashesOfAscii) {
  EXPECT_EQ(GrowthBookFnv32a({}), 0x811C9DC5U);
  EXPECT_EQ(GrowthBookFnv32a({""}), 0x811C9DC5U);
  EXPECT_EQ(GrowthBookFnv32a({"a"}), 0xE40C292CU);
  EXPECT_EQ(GrowthBookFnv32a({"foobar"}), 0xBF9CF968U);
}

TEST(GrowthBookFnv32aTest, TakesPiecesAsOneText) {
  EXPECT_EQ(GrowthBookFnv32a({"foo", "", "b", "ar"}), GrowthBookFnv32a({"foobar"}));
}

// One step by hand: (0x811C9DC5 ^ 0xE9) * 16777619 = 0x811C9D2C * 0x01000193, of which the lower 32
// bits are 0x6C0B6C44. As two bytes of UTF-8, C3 A9, it would be two steps.
TEST(GrowthBookFnv32aTest, TakesACharacterOfTwoBytesAsOneUnit) {
  EXPECT_EQ(GrowthBookFnv32a({"\u00E9"}), 0x6C0B6C44U);
}

// From the definition in JavaScript, with charCodeAt and Math.imul, in Node.js.
TEST(GrowthBookFnv32aTest, HashesAsJavaScriptDoesAtEachLengthOfUtf8) {
  EXPECT_EQ(GrowthBookFnv32a({"\u07FF"}), 0x7A06C94EU);
  EXPECT_EQ(GrowthBookFnv32a({"\u0800"}), 0x04FFC51FU);
  EXPECT_EQ(GrowthBookFnv32a({"\uFFFF"}), 0x79AEA14EU);
  EXPECT_EQ(GrowthBookFnv32a({"Nguy\u1EC5n"}), 0xD8DDD647U);
  EXPECT_EQ(GrowthBookFnv32a({"\u7528\u6237\u4E00"}), 0x5FEAEA20U);
}

// U+1F600 is D83D DE00 in UTF-16; the hashes are JavaScript's, as above.
TEST(GrowthBookFnv32aTest, TakesACharacterBeyondTheBasicPlaneAsTwoUnits) {
  std::uint32_t by_hand = 0x811C9DC5;
  by_hand = (by_hand ^ 0xD83D) * 16'777'619;
  by_hand = (by_hand ^ 0xDE00) * 16'777'619;
  EXPECT_EQ(by_hand, 0xCB31C4B8U);
  EXPECT_EQ(GrowthBookFnv32a({"\U0001F600"}), 0xCB31C4B8U);
  EXPECT_EQ(GrowthBookFnv32a({"a\U0001F600b"}), 0x8FCA8501U);
  EXPECT_EQ(GrowthBookFnv32a({"\U00010000"}), 0x36215BCDU);
  EXPECT_EQ(GrowthBookFnv32a({"\U0010FFFF"}), 0xF9282CA3U);
}

// Cut off, or a byte that continues nothing: any hash will do, reading past the end will not.
TEST(GrowthBookFnv32aTest, StaysWithinTextsThatAreNotUtf8) {
  for (const char* text : {"\xC3", "\xE7\x94", "\xF0\x9F\x98", "\x80\x80", "\xFF"}) {
    EXPECT_EQ(GrowthBookFnv32a({text, "a"}), GrowthBookFnv32a({"a"}));
  }
}

// GrowthBook, packages/sdk-js/test/cases.json, "hash".
TEST(GrowthBookHashTest, GivesThePublishedHashes) {
  constexpr auto kV1 = GrowthBookVersion::kV1;
  constexpr auto kV2 = GrowthBookVersion::kV2;
  EXPECT_EQ(GrowthBookHash(kV1, "", "a"), 0.22);
  EXPECT_EQ(GrowthBookHash(kV1, "", "b"), 0.077);
  EXPECT_EQ(GrowthBookHash(kV1, "b", "a"), 0.946);
  EXPECT_EQ(GrowthBookHash(kV2, "seed", "a"), 0.0505);
  EXPECT_EQ(GrowthBookHash(kV2, "seed", "b"), 0.2696);
  EXPECT_EQ(GrowthBookHash(kV2, "foo", "ab"), 0.2575);
  EXPECT_EQ(GrowthBookHash(kV2, "90850943850283058242805", "123"), 0.7516);
}

// From the definition in JavaScript, in Node.js.
TEST(GrowthBookHashTest, HashesTextsBeyondAsciiAsJavaScriptDoes) {
  EXPECT_EQ(GrowthBookHash(GrowthBookVersion::kV1, "na\u00EFve", "caf\u00E9"), 0.495);
  EXPECT_EQ(GrowthBookHash(GrowthBookVersion::kV2, "na\u00EFve", "caf\u00E9"), 0.9376);
  EXPECT_EQ(GrowthBookHash(GrowthBookVersion::kV1, "seed", "\U0001F600"), 0.429);
  EXPECT_EQ(GrowthBookHash(GrowthBookVersion::kV2, "seed", "\U0001F600"), 0.4346);
}

// Unit 3 has hash 0.335 in namespace2: FNV-1a of "3__namespace2", by the definition in Node.js.
TEST(GrowthBookNamespaceTest, HoldsItsLowerEndAndNotItsUpperEnd) {
  EXPECT_TRUE(InGrowthBookNamespace("3", "namespace2", 0.335, 0.4));
  EXPECT_TRUE(InGrowthBookNamespace("3", "namespace2", 0, 0.336));
  EXPECT_FALSE(InGrowthBookNamespace("3", "namespace2", 0, 0.335));
  EXPECT_FALSE(InGrowthBookNamespace("3", "namespace2", 0.336, 1));
  EXPECT_FALSE(InGrowthBookNamespace("3", "namespace2", 0.335, 0.335));
}

// GrowthBook, packages/sdk-js/test/cases.json, "getBucketRange": three variations at 20 %.
TEST(GrowthBookRangesTest, ShortensEachRangeInPlace) {
  const std::array<double, 3> weights = {0.2, 0.3, 0.5};
  EXPECT_THAT(GrowthBookRanges(weights, 0.2),
              ElementsAre(FieldsAre(0.0, DoubleEq(0.04)), FieldsAre(0.2, DoubleEq(0.26)),
                          FieldsAre(0.5, DoubleEq(0.6))));
}

TEST(GrowthBookRangesTest, BringsCoverageBetween0And1) {
  const std::array<double, 2> weights = {0.5, 0.5};
  EXPECT_THAT(GrowthBookRanges(weights, 1.5),
              ElementsAre(FieldsAre(0.0, 0.5), FieldsAre(0.5, 1.0)));
  EXPECT_THAT(GrowthBookRanges(weights, -1), ElementsAre(FieldsAre(0.0, 0.0), FieldsAre(0.5, 0.5)));
}

// The same file: weights that add up to more than 1.01, or less than 0.99, count as equal.
TEST(GrowthBookRangesTest, SplitsEquallyWhenWeightsDoNotAddUpTo1) {
  const auto equal = ElementsAre(FieldsAre(0.0, 0.5), FieldsAre(0.5, 1.0));
  EXPECT_THAT(GrowthBookRanges(std::array<double, 2>{0.7, 0.6}, 1), equal);
  EXPECT_THAT(GrowthBookRanges(std::array<double, 2>{0.4, 0.58}, 1), equal);
  EXPECT_THAT(GrowthBookRanges(std::array<double, 2>{0, 0}, 1), equal);
  EXPECT_THAT(GrowthBookRanges(std::array<double, 2>{0.4, 0.5999}, 1),
              ElementsAre(FieldsAre(0.0, 0.4), FieldsAre(0.4, DoubleEq(0.9999))));
  EXPECT_THAT(GrowthBookRanges({}, 1), IsEmpty());
}

TEST(GrowthBookVariationTest, IsTheFirstWhoseRangeHoldsTheHash) {
  const std::array<GrowthBookRange, 3> ranges = {{{0, 0.25}, {0.5, 0.5}, {0.5, 0.75}}};
  EXPECT_THAT(ChooseGrowthBookVariation(0, ranges), Optional(0U));
  EXPECT_THAT(ChooseGrowthBookVariation(0.2499, ranges), Optional(0U));
  EXPECT_THAT(ChooseGrowthBookVariation(0.25, ranges), Eq(std::nullopt));
  EXPECT_THAT(ChooseGrowthBookVariation(0.5, ranges), Optional(2U));  // never an empty range
  EXPECT_THAT(ChooseGrowthBookVariation(0.75, ranges), Eq(std::nullopt));
}

// Half of 40 % and half of 60 %.
TEST(GrowthBookRangesTest, ComeFromIntegerWeights) {
  const std::array<std::int32_t, 2> weights = {4, 6};
  const std::vector<GrowthBookRange> ranges = GrowthBookRanges(GrowthBookShares(weights), 0.5);
  EXPECT_THAT(ChooseGrowthBookVariation(0.1999, ranges), Optional(0U));
  EXPECT_THAT(ChooseGrowthBookVariation(0.2, ranges), Eq(std::nullopt));
  EXPECT_THAT(ChooseGrowthBookVariation(0.4, ranges), Optional(1U));
  EXPECT_THAT(ChooseGrowthBookVariation(0.6999, ranges), Optional(1U));
  EXPECT_THAT(ChooseGrowthBookVariation(0.7, ranges), Eq(std::nullopt));
}

}  // namespace
}  // namespace insightloop
