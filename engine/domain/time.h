// SPDX-License-Identifier: Apache-2.0
//
// Points and lengths of time: whole microseconds, points in UTC since 1970.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_TIME_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_TIME_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace insightloop {

// A length of time.
struct Duration {
  std::int64_t micros = 0;
  friend auto operator<=>(const Duration&, const Duration&) = default;
};

constexpr Duration Seconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration Hours(std::int64_t n) { return Seconds(n * 3600); }
constexpr Duration Days(std::int64_t n) { return Hours(n * 24); }

// A point in time. The default is "not set".
struct Time {
  std::int64_t micros = 0;
  friend auto operator<=>(const Time&, const Time&) = default;
};

constexpr Time operator+(Time t, Duration d) { return {t.micros + d.micros}; }
constexpr Time operator-(Time t, Duration d) { return {t.micros - d.micros}; }
constexpr Duration operator-(Time a, Time b) { return {a.micros - b.micros}; }

// Facts and definitions may carry times of these years; all sums of two such times fit.
constexpr Time kEarliestTime{-62'135'596'800'000'000};  // 0001-01-01T00:00:00Z
constexpr Time kLatestTime{253'402'300'799'999'999};    // 9999-12-31T23:59:59.999999Z

// Of the day in UTC.
constexpr Time StartOfDay(Time time) {
  const std::int64_t rest = time.micros % Days(1).micros;
  return {time.micros - (rest < 0 ? rest + Days(1).micros : rest)};
}

// RFC 3339 in UTC, such as `2026-01-31T09:00:00.5Z`.
std::string FormatTime(Time time);
std::optional<Time> ParseTime(std::string_view text);

// Seconds with a fraction, such as `86400s` or `0.5s`, as in the JSON form of durations.
std::string FormatDuration(Duration duration);
std::optional<Duration> ParseDuration(std::string_view text);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_TIME_H_
