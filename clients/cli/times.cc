// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/times.h"

#include <cmath>
#include <cstdlib>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace insightloop::cli {
namespace {

// Reads from the front of a text; once something did not fit, `ok` stays false.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool empty() const { return text_.empty(); }
  char front() const { return text_.empty() ? '\0' : text_.front(); }
  bool digit() const { return front() >= '0' && front() <= '9'; }

  int Number(std::size_t digits) {
    if (text_.size() < digits) return Fail();
    int number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return Fail();
      number = number * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return number;
  }
  void Literal(char c) {
    if (front() != c) {
      Fail();
      return;
    }
    text_.remove_prefix(1);
  }
  void Skip() { text_.remove_prefix(1); }
  int Fail() {
    ok_ = false;
    text_ = {};
    return 0;
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

// The digits after the point of a second, as microseconds.
std::int64_t ReadFraction(Reader& reader) {
  if (!reader.digit()) return reader.Fail();
  std::int64_t micros = 0;
  std::int64_t unit = kMicrosPerSecond / 10;
  while (reader.digit()) {
    micros += (reader.front() - '0') * unit;
    unit /= 10;
    reader.Skip();
  }
  return micros;
}

}  // namespace

std::optional<std::int64_t> ParseTime(std::string_view text) {
  Reader reader(text);
  const int year = reader.Number(4);
  reader.Literal('-');
  const int month = reader.Number(2);
  reader.Literal('-');
  const int day = reader.Number(2);
  const absl::CivilDay date(year, month, day);  // 30 February becomes 1 or 2 March
  if (!reader.ok() || year < 1 || date.month() != month || date.day() != day) return std::nullopt;
  std::int64_t micros = absl::ToUnixMicros(absl::FromCivil(date, absl::UTCTimeZone()));
  if (reader.empty()) return micros;
  if (reader.front() != 'T' && reader.front() != 't' && reader.front() != ' ') return std::nullopt;
  reader.Skip();
  const int hour = reader.Number(2);
  reader.Literal(':');
  const int minute = reader.Number(2);
  reader.Literal(':');
  const int second = reader.Number(2);
  if (!reader.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  micros += (hour * 3600LL + minute * 60LL + second) * kMicrosPerSecond;
  if (reader.front() == '.') {
    reader.Skip();
    micros += ReadFraction(reader);
  }
  if (reader.front() == 'Z' || reader.front() == 'z') {
    reader.Skip();
  } else if (reader.front() == '+' || reader.front() == '-') {
    const int sign = reader.front() == '+' ? 1 : -1;
    reader.Skip();
    const int hours = reader.Number(2);
    reader.Literal(':');
    const int minutes = reader.Number(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    micros -= sign * (hours * 3600LL + minutes * 60LL) * kMicrosPerSecond;
  }
  if (!reader.ok() || !reader.empty()) return std::nullopt;
  return micros;
}

std::string FormatTime(std::int64_t micros) {
  return absl::FormatTime("%E4Y-%m-%d%ET%H:%M:%E*SZ", absl::FromUnixMicros(micros),
                          absl::UTCTimeZone());
}

std::optional<std::int64_t> ParseDurationNanos(std::string_view text) {
  if (text.empty()) return std::nullopt;
  long double nanos = 0;
  while (!text.empty()) {
    std::size_t digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    const std::string number(text.substr(0, digits));
    char* end = nullptr;
    const long double amount = std::strtold(number.c_str(), &end);
    if (end != number.c_str() + number.size()) return std::nullopt;
    text.remove_prefix(digits);
    std::size_t letters = text.find_first_of("0123456789.");
    if (letters == std::string_view::npos) letters = text.size();
    const std::string_view unit = text.substr(0, letters);
    text.remove_prefix(letters);
    if (unit == "d") {
      nanos += amount * 86400e9L;
    } else if (unit == "h") {
      nanos += amount * 3600e9L;
    } else if (unit == "m") {
      nanos += amount * 60e9L;
    } else if (unit == "s") {
      nanos += amount * 1e9L;
    } else if (unit == "ms") {
      nanos += amount * 1e6L;
    } else {
      return std::nullopt;
    }
  }
  if (!(nanos < 9.2e18L)) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(nanos));
}

}  // namespace insightloop::cli
