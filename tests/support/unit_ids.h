// SPDX-License-Identifier: Apache-2.0
//
// Ids of units as platforms have them, each kind without end and without a repetition in the first
// million.

#ifndef INSIGHTLOOP_TESTS_SUPPORT_UNIT_IDS_H_
#define INSIGHTLOOP_TESTS_SUPPORT_UNIT_IDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace insightloop::testing {

struct Ids {
  const char* name;
  std::string (*make)(std::size_t unit, std::mt19937_64& random);  // a new one for every unit
};

inline std::string Number(std::size_t unit, std::mt19937_64&) { return absl::StrCat(unit + 1); }

// Version 4.
inline std::string Uuid(std::size_t, std::mt19937_64& random) {
  const std::uint64_t a = random(), b = random();
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%012x", a >> 32, (a >> 16) & 0xFFFF, a & 0xFFF,
                         0x8000 | (b >> 48 & 0x3FFF), b & 0xFFFFFFFFFFFF);
}

// Five prefixes; 37 has no factor in common with 10^7, so no number comes twice.
inline std::string PhoneNumber(std::size_t unit, std::mt19937_64&) {
  constexpr std::array<const char*, 5> kPrefixes = {"+8490", "+8498", "+1415", "+44770", "+49151"};
  return absl::StrFormat("%s%07d", kPrefixes[unit % 5], unit / 5 * 37 % 10'000'000);
}

inline std::string EmailAddress(std::size_t unit, std::mt19937_64&) {
  constexpr std::array<const char*, 10> kNames = {"an",   "binh",  "chi",  "dung", "giang",
                                                  "anna", "peter", "mary", "john", "li"};
  constexpr std::array<const char*, 5> kHosts = {"example.com", "mail.example.com", "example.org",
                                                 "example.net", "post.example.net"};
  return absl::StrCat(kNames[unit % 10], ".", kNames[unit / 10 % 10], unit / 500, "@",
                      kHosts[unit / 100 % 5]);
}

inline constexpr std::array<Ids, 4> kAllIds = {Ids{"numbers", Number}, Ids{"UUIDs", Uuid},
                                               Ids{"phone numbers", PhoneNumber},
                                               Ids{"e-mail addresses", EmailAddress}};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_UNIT_IDS_H_
