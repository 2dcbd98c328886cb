// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/table.h"

#include <gtest/gtest.h>

namespace insightloop::cli {
namespace {

TEST(DisplayWidthTest, CountsColumnsOfTheScreen) {
  EXPECT_EQ(DisplayWidth("visit"), 5U);
  EXPECT_EQ(DisplayWidth("Đơn hàng"), 8U);
  EXPECT_EQ(DisplayWidth("a\xCC\x81"), 1U);  // a letter and a combining acute accent
  EXPECT_EQ(DisplayWidth("日本"), 4U);
  EXPECT_EQ(DisplayWidth("→"), 1U);
}

TEST(ShortenedTest, CutsAtTheColumnAndNeverInsideALetter) {
  EXPECT_EQ(Shortened("short", 5), "short");
  EXPECT_EQ(Shortened("longer text", 7), "longer…");
  EXPECT_EQ(Shortened("日本語の", 6), "日本…");
}

TEST(TableTest, AlignsByWidthOnScreen) {
  Table table({{"NAME"}, {"UNITS", Table::Align::kRight}});
  table.AddRow({"Hà Nội", "7"});
  table.AddRow({"日本", "21,307"});
  EXPECT_EQ(table.Render(false),
            "NAME     UNITS\n"
            "Hà Nội       7\n"
            "日本    21,307\n");
}

TEST(TableTest, LeavesNoBlanksAtTheEndOfLines) {
  Table table({{""}, {""}});
  table.AddRow({"a", "long"});
  table.AddRow({"b", ""});
  EXPECT_EQ(table.Render(false, "  "), "  a  long\n  b\n");
}

}  // namespace
}  // namespace insightloop::cli
