// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

namespace insightloop::cli {
namespace {

std::string Hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 0x0F];
  }
  return hex;
}

// Framing by length keeps ("ab", "c") and ("a", "bc") apart.
void AppendFramed(std::string& text, std::string_view part) {
  text += std::to_string(part.size());
  text += ':';
  text += part;
}

}  // namespace

std::string RowDigest(std::string_view source, std::int64_t row,
                      std::span<const std::string_view> cells) {
  std::string framed;
  AppendFramed(framed, source);
  AppendFramed(framed, std::to_string(row));
  for (const std::string_view cell : cells) AppendFramed(framed, cell);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  // Cannot fail but for want of memory, and then nothing sensible is left to do.
  if (EVP_Digest(framed.data(), framed.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
  return Hex(std::span(digest).first(16));
}

std::string RandomUuid() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);  // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);  // variant of RFC 4122
  std::string uuid;
  for (const char digit : Hex(bytes)) {
    if (uuid.size() == 8 || uuid.size() == 13 || uuid.size() == 18 || uuid.size() == 23) {
      uuid += '-';
    }
    uuid += digit;
  }
  return uuid;
}

}  // namespace insightloop::cli
