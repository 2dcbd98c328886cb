// SPDX-License-Identifier: Apache-2.0
//
// Times and durations as people write them. Times are int64 microseconds since 1970 UTC, from year
// 1 to 9999; GCC 12 has no parsing of its own in <chrono>, and a file has a time in every row, so
// this is written for speed.

#ifndef INSIGHTLOOP_CLIENTS_CLI_TIMES_H_
#define INSIGHTLOOP_CLIENTS_CLI_TIMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace insightloop::cli {

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;

// What ParseTime accepts, for help and error texts.
inline constexpr std::string_view kTimeForms =
    "RFC 3339 (2026-03-01T09:30:00+07:00), YYYY-MM-DD, or 'YYYY-MM-DD HH:MM:SS[.ffffff]', "
    "the last two taken as UTC";

// Reads one of kTimeForms; digits beyond microseconds are cut off. Empty if it is none of them or
// not a day of the calendar.
std::optional<std::int64_t> ParseTime(std::string_view text);

// RFC 3339 in UTC, with as many digits of the second as needed: `2026-03-01T02:30:00Z`.
std::string FormatTime(std::int64_t micros);

// What ParseDuration accepts, for help and error texts.
inline constexpr std::string_view kDurationForms = "such as 7d, 36h, 90m, 86400s or 1d12h";

// Reads a length of time in nanoseconds: numbers with units d, h, m, s or ms, one after the other.
// Negative lengths and bare numbers are refused, as is more than 290 years.
std::optional<std::int64_t> ParseDurationNanos(std::string_view text);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_TIMES_H_
