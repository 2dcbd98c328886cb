// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightloop::cli {
namespace {

using ::testing::Eq;
using ::testing::Optional;

constexpr std::int64_t kDay = 86'400 * kMicrosPerSecond;

TEST(ParseTimeTest, ReadsEveryDocumentedForm) {
  // 2017-01-21 is day 17187 after 1970-01-01: 47 years, 12 leap days, 20 days.
  constexpr std::int64_t kDate = 17187 * kDay;
  EXPECT_THAT(ParseTime("2017-01-21"), Optional(kDate));
  EXPECT_THAT(ParseTime("2017-01-21 22:11:48.556739"),
              Optional(kDate + (22 * 3600 + 11 * 60 + 48) * kMicrosPerSecond + 556739));
  EXPECT_THAT(ParseTime("2017-01-21T07:00:00+07:00"), Optional(kDate));
  EXPECT_THAT(ParseTime("2017-01-20t20:30:00-03:30"), Optional(kDate));
  EXPECT_THAT(ParseTime("2017-01-21T00:00:00Z"), Optional(kDate));
  EXPECT_THAT(ParseTime("2017-01-21T00:00:00.1234567Z"), Optional(kDate + 123456));
  EXPECT_THAT(ParseTime("1969-12-31T23:59:59.999999Z"), Optional(Eq(-1)));
}

TEST(ParseTimeTest, RefusesWhatIsNoTime) {
  for (const char* const text :
       {"", "2017", "21.01.2017", "2017-02-29", "2017-13-01", "2017-01-21 24:00:00",
        "2017-01-21 22:11", "2017-01-21 22:11:48.", "2017-01-21T22:11:48+7", "2017-01-21x",
        "2017-01-21 22:11:48 Z", "2017-01-21T22:11:60Z"}) {
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  }
}

TEST(ParseTimeTest, KnowsLeapYears) {
  EXPECT_TRUE(ParseTime("2000-02-29").has_value());
  EXPECT_TRUE(ParseTime("2024-02-29").has_value());
  EXPECT_FALSE(ParseTime("1900-02-29").has_value());
}

TEST(FormatTimeTest, IsReadBackAsTheSameTime) {
  for (const char* const text : {"2017-01-21T22:11:48.556739Z", "1969-07-20T20:17:40Z",
                                 "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.5Z"}) {
    const auto time = ParseTime(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(FormatTime(*time), text);
  }
}

TEST(ParseDurationTest, AddsUpUnits) {
  EXPECT_THAT(ParseDurationNanos("7d"), Optional(604'800'000'000'000));
  EXPECT_THAT(ParseDurationNanos("36h"), Optional(129'600'000'000'000));
  EXPECT_THAT(ParseDurationNanos("86400s"), Optional(86'400'000'000'000));
  EXPECT_THAT(ParseDurationNanos("1d12h"), Optional(129'600'000'000'000));
  EXPECT_THAT(ParseDurationNanos("1.5s"), Optional(1'500'000'000));
  EXPECT_THAT(ParseDurationNanos("250ms"), Optional(250'000'000));
}

TEST(ParseDurationTest, RefusesBareNumbersSignsAndOtherUnits) {
  for (const char* const text : {"", "7", "-7d", "7w", "d", "1..5s", "999999d", "7 d"}) {
    EXPECT_EQ(ParseDurationNanos(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace insightloop::cli
