// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/text.h"

#include <gtest/gtest.h>

namespace insightloop::cli {
namespace {

TEST(KebabTest, SplitsWordsOfCamelAndSnakeCase) {
  EXPECT_EQ(Kebab("GetServerInfo"), "get-server-info");
  EXPECT_EQ(Kebab("primary_metric"), "primary-metric");
  EXPECT_EQ(Kebab("unitTypes"), "unit-types");
}

TEST(SlugTest, KeepsWhatAnIdMayHold) {
  EXPECT_EQ(Slug("NETPRO  "), "netpro");
  EXPECT_EQ(Slug("Orders (gross)"), "orders-gross");
  EXPECT_EQ(Slug("7 days"), "c7-days");
  EXPECT_EQ(Slug("đơn hàng"), "n-h-ng");
  EXPECT_EQ(Slug("%%"), "");
  EXPECT_EQ(Slug(std::string(80, 'a')).size(), 63U);
}

TEST(NearestTest, FindsSlipsAndRefusesStrangers) {
  const std::vector<std::string> commands = {"insights", "hypotheses", "experiments"};
  EXPECT_EQ(Nearest("inisghts", commands), "insights");
  EXPECT_EQ(Nearest("exp", commands), "experiments");
  EXPECT_EQ(Nearest("weather", commands), "");
}

TEST(GroupedTest, PutsCommasBetweenThousands) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(294478), "294,478");
  EXPECT_EQ(Grouped(-1234567), "-1,234,567");
}

TEST(IsUtf8Test, FollowsTheTableOfTheStandard) {
  // Unicode 15, table 3-7: well-formed byte sequences.
  EXPECT_TRUE(IsUtf8("plain text that is longer than eight bytes"));
  EXPECT_TRUE(IsUtf8("Tiếng Việt, 日本語, 😀"));
  EXPECT_FALSE(IsUtf8("Caf\xE9"));           // Latin-1
  EXPECT_FALSE(IsUtf8("\xC0\x80"));          // overlong
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(IsUtf8("12345678\xE2\x82"));  // cut off
}

TEST(PrintableTest, DisarmsControlCharacters) {
  EXPECT_EQ(Printable("a\033[31mb\n\xC2\x9B"), "a?[31mb ?");
}

}  // namespace
}  // namespace insightloop::cli
