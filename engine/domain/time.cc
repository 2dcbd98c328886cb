// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/time.h"

#include <string>

#include "absl/time/time.h"
#include "engine/domain/absl_view.h"

namespace insightloop {

std::string FormatTime(Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", absl::FromUnixMicros(time.micros),
                          absl::UTCTimeZone());
}

std::optional<Time> ParseTime(std::string_view text) {
  absl::Time parsed;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, AbslView(text), &parsed, &error)) {
    return std::nullopt;
  }
  const Time time{absl::ToUnixMicros(parsed)};
  if (time < kEarliestTime || time > kLatestTime) return std::nullopt;
  return time;
}

std::string FormatDuration(Duration duration) {
  const std::string sign = duration.micros < 0 ? "-" : "";
  const std::int64_t micros = duration.micros < 0 ? -duration.micros : duration.micros;
  std::string text = sign + std::to_string(micros / 1'000'000);
  if (const std::int64_t rest = micros % 1'000'000; rest != 0) {
    std::string digits = std::to_string(1'000'000 + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + "s";
}

std::optional<Duration> ParseDuration(std::string_view text) {
  absl::Duration parsed;
  if (text.empty() || text.back() != 's' || !absl::ParseDuration(AbslView(text), &parsed)) {
    return std::nullopt;
  }
  return Duration{absl::ToInt64Microseconds(parsed)};
}

}  // namespace insightloop
