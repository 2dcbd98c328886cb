// SPDX-License-Identifier: Apache-2.0
//
// How the key of an outcome is stored: 16 bytes, the high one first. Pure.

#ifndef INSIGHTLOOP_STORAGE_SQLITE_KEY_BYTES_H_
#define INSIGHTLOOP_STORAGE_SQLITE_KEY_BYTES_H_

#include <array>
#include <string_view>

#include "absl/numeric/int128.h"

namespace insightloop::storage {

using KeyBytes = std::array<char, 16>;

KeyBytes BytesOf(absl::uint128 key);

// 0 for bytes of another length: a damaged key is still a key, and a wrong one.
absl::uint128 KeyOf(std::string_view bytes);

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_KEY_BYTES_H_
