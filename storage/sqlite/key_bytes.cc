// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/key_bytes.h"

#include <cstddef>
#include <cstdint>

namespace insightloop::storage {

KeyBytes BytesOf(absl::uint128 key) {
  KeyBytes bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto shift = static_cast<int>(56 - 8 * i);
    bytes[i] = static_cast<char>(absl::Uint128High64(key) >> shift);
    bytes[8 + i] = static_cast<char>(absl::Uint128Low64(key) >> shift);
  }
  return bytes;
}

absl::uint128 KeyOf(std::string_view bytes) {
  if (bytes.size() != KeyBytes{}.size()) return 0;
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    high = high << 8 | static_cast<unsigned char>(bytes[i]);
    low = low << 8 | static_cast<unsigned char>(bytes[8 + i]);
  }
  return absl::MakeUint128(high, low);
}

}  // namespace insightloop::storage
