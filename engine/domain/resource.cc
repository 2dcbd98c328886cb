// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/resource.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/domain/text.h"

namespace insightloop {

bool IsValidId(std::string_view id) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto legal = [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !id.empty() && id.size() <= 63 && lower(id.front()) && id.back() != '-' &&
         std::all_of(id.begin(), id.end(), legal);
}

bool IsNameIn(std::string_view collection, std::string_view name) {
  return name.size() > collection.size() + 1 && name.starts_with(collection) &&
         name[collection.size()] == '/' && IsValidId(name.substr(collection.size() + 1));
}

std::string_view IdOf(std::string_view name) { return name.substr(name.rfind('/') + 1); }

std::string_view CollectionOf(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

// Table 3-7 of the Unicode Standard, version 15: well-formed UTF-8 byte sequences.
bool IsUtf8(std::string_view text) {
  if (IsAscii(text)) return true;  // as most are
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    // Most bytes are ASCII: eight at a time as long as none has its highest bit set.
    if (std::uint64_t eight = 0; i + sizeof(eight) <= text.size()) {
      std::memcpy(&eight, text.data() + i, sizeof(eight));
      if ((eight & 0x8080808080808080) == 0) {
        i += sizeof(eight);
        continue;
      }
    }
    const unsigned char first = byte(i);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xC2 ? 0
                               : first < 0xE0 ? 2
                               : first < 0xF0 ? 3
                               : first < 0xF5 ? 4
                                              : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      const unsigned char low = k > 1 ? 0x80 : first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
      const unsigned char high = k > 1 ? 0xBF : first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
      if (byte(i + k) < low || byte(i + k) > high) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace insightloop
