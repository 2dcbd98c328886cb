// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/identity.h"

#include <sodium/crypto_shorthash_siphash24.h>

#include <algorithm>
#include <cstddef>

namespace insightloop {
namespace {

void PutLittleEndian(std::int64_t number, std::uint8_t* bytes) {
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> 8 * i);
  }
}

std::uint64_t ReadLittleEndian(const std::uint8_t* bytes) {
  std::uint64_t number = 0;
  for (int i = 7; i >= 0; --i) number = number << 8 | bytes[i];
  return number;
}

}  // namespace

absl::uint128 KeyedHash::Of(std::span<const std::uint8_t> bytes) const {
  std::array<std::uint8_t, crypto_shorthash_siphashx24_BYTES> out;
  static_assert(out.size() == 16 && crypto_shorthash_siphashx24_KEYBYTES == 16);
  // Always 0, and needs no sodium_init(): it draws no random numbers.
  crypto_shorthash_siphashx24(out.data(), bytes.data(), bytes.size(), secret_.data());
  return absl::MakeUint128(ReadLittleEndian(out.data() + 8), ReadLittleEndian(out.data()));
}

absl::uint128 KeyedHash::OfOutcome(std::int64_t unit, std::int64_t event,
                                   std::string_view outcome_id) {
  // Two fields of fixed length before the text: no two identities share a frame.
  frame_.resize(16 + outcome_id.size());
  PutLittleEndian(unit, frame_.data());
  PutLittleEndian(event, frame_.data() + 8);
  std::copy(outcome_id.begin(), outcome_id.end(), frame_.begin() + 16);
  return Of(frame_);
}

std::int64_t KeyedHash::OfResponse(std::int64_t unit, std::string_view response_id) {
  if (response_id.empty()) return 0;
  // As of event 0, which there is not.
  const absl::uint128 hash = OfOutcome(unit, 0, response_id);
  return static_cast<std::int64_t>(std::max<std::uint64_t>(absl::Uint128Low64(hash), 1));
}

absl::uint128 KeyedHash::OfErasedOutcome(UnitView unit, std::int64_t event,
                                         std::string_view outcome_id) {
  // As of unit 0, which there is not; texts but the last with their lengths.
  const auto& [type, id] = unit;
  frame_.resize(32 + type.size() + id.size() + outcome_id.size());
  std::uint8_t* to = frame_.data();
  const auto put_number = [&to](std::int64_t number) {
    PutLittleEndian(number, to);
    to += sizeof(number);
  };
  const auto put_text = [&to](std::string_view text) {
    to = std::copy(text.begin(), text.end(), to);
  };
  put_number(0);
  put_number(event);
  put_number(static_cast<std::int64_t>(type.size()));
  put_text(type);
  put_number(static_cast<std::int64_t>(id.size()));
  put_text(id);
  put_text(outcome_id);
  return Of(frame_);
}

}  // namespace insightloop
