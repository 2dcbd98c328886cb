// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/times.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace insightloop::cli {
namespace {

// Days since 1970-01-01 of a day of the Gregorian calendar, and back.
// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
std::int64_t DaysFromCivil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

struct Civil {
  std::int64_t year;
  int month;
  int day;
};

Civil CivilFromDays(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int DaysInMonth(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

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
  if (!reader.ok() || year < 1 || month < 1 || month > 12 || day < 1 ||
      day > DaysInMonth(year, month)) {
    return std::nullopt;
  }
  std::int64_t micros = DaysFromCivil(year, month, day) * 86400 * kMicrosPerSecond;
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
  constexpr std::int64_t kDay = 86400 * kMicrosPerSecond;
  std::int64_t days = micros / kDay;
  std::int64_t rest = micros % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  const Civil civil = CivilFromDays(days);
  const std::int64_t seconds = rest / kMicrosPerSecond;
  const std::int64_t fraction = rest % kMicrosPerSecond;
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04lld-%02d-%02dT%02lld:%02lld:%02lld",
                static_cast<long long>(civil.year), civil.month, civil.day,
                static_cast<long long>(seconds / 3600), static_cast<long long>(seconds / 60 % 60),
                static_cast<long long>(seconds % 60));
  std::string text = buffer.data();
  if (fraction != 0) {
    std::snprintf(buffer.data(), buffer.size(), ".%06lld", static_cast<long long>(fraction));
    text += buffer.data();
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
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
