// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engine/domain/event.h"
#include "engine/domain/resource.h"

namespace insightloop {
namespace {

TEST(TimeTest, WritesAndReadsRfc3339InUtc) {
  EXPECT_EQ(FormatTime({0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime({1'772'438'400'500'000}), "2026-03-02T08:00:00.5Z");
  EXPECT_EQ(ParseTime("2026-03-02T08:00:00.5Z"), Time{1'772'438'400'500'000});
  EXPECT_EQ(ParseTime("2026-03-02T15:00:00+07:00"), Time{1'772'438'400'000'000});
  EXPECT_EQ(ParseTime("1969-12-31T23:59:59.999999Z"), Time{-1});
  EXPECT_EQ(ParseTime("2026-02-30T00:00:00Z"), std::nullopt);
  EXPECT_EQ(ParseTime("tomorrow"), std::nullopt);
}

TEST(TimeTest, WritesAndReadsDurationsInSeconds) {
  EXPECT_EQ(FormatDuration(Days(7)), "604800s");
  EXPECT_EQ(FormatDuration({-1'500'000}), "-1.5s");
  EXPECT_EQ(ParseDuration("0.000001s"), Duration{1});
  EXPECT_EQ(ParseDuration("604800s"), Days(7));
  EXPECT_EQ(ParseDuration("7d"), std::nullopt);
  EXPECT_EQ(ParseDuration(""), std::nullopt);
}

TEST(StepsTest, CountsStepsOfAPowerOfTenExactly) {
  EXPECT_EQ(StepsPerUnit(1), 1);
  EXPECT_EQ(StepsPerUnit(0.01), 100);
  EXPECT_EQ(StepsPerUnit(0.000000001), 1'000'000'000);
  EXPECT_EQ(StepsPerUnit(0.02), std::nullopt);
  EXPECT_EQ(StepsPerUnit(10), std::nullopt);
  EXPECT_EQ(StepsPerUnit(0), std::nullopt);
}

TEST(StepsTest, RoundsToTheNearestStepAndRefusesWhatDoesNotFit) {
  EXPECT_EQ(ToSteps(29.99, 0.01, 1'000'000), 2'999);  // 29.99 is not a double
  EXPECT_EQ(ToSteps(-0.016, 0.01, 1'000'000), -2);
  EXPECT_EQ(ToSteps(10'000, 0.01, 1'000'000), 1'000'000);
  EXPECT_EQ(ToSteps(10'000.01, 0.01, 1'000'000), std::nullopt);
  EXPECT_EQ(ToSteps(1e300, 0.01, 1'000'000), std::nullopt);
  EXPECT_EQ(ToSteps(std::nan(""), 0.01, 1'000'000), std::nullopt);
}

TEST(ResourceNameTest, KnowsLegalIds) {
  EXPECT_TRUE(IsNameIn("events", "events/purchase-2"));
  EXPECT_TRUE(IsNameIn("experiments/spring/verdicts", "experiments/spring/verdicts/v1"));
  for (const char* name : {"events/", "events/2nd", "events/Purchase", "events/a-", "events/a/b",
                           "event/purchase", "events", "", "events/\xC3\xA9"}) {
    EXPECT_FALSE(IsNameIn("events", name)) << name;
  }
  EXPECT_TRUE(IsValidId(std::string(63, 'a')));
  EXPECT_FALSE(IsValidId(std::string(64, 'a')));
}

// Table 3-7 and 3-8 of the Unicode Standard.
TEST(Utf8Test, TellsWellFormedFromIllFormed) {
  for (const char* text : {"", "a", "é", "Nguyễn", "🙂", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const char* text : {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                           "\xC3", "\xE2\x82", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(text));
  }
}

}  // namespace
}  // namespace insightloop
