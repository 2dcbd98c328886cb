// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/hashing.h"

#include <array>

#include "engine/domain/layer.h"
#include "xxhash.h"

namespace insightloop {
namespace {

// Seeds keep the two uses apart even if two salts were equal.
constexpr XXH64_hash_t kSlotSeed = 1;
constexpr XXH64_hash_t kVariantSeed = 2;

// Frame: the salt's length as one byte, the salt, the unit id; so ("ab", "c") is not ("a", "bc").
std::uint64_t FramedHash(std::string_view salt, std::string_view unit_id, XXH64_hash_t seed) {
  std::array<char, 1 + kMaxSaltBytes + kMaxHashedIdBytes> frame;
  frame[0] = static_cast<char>(salt.size());
  salt.copy(frame.data() + 1, salt.size());
  unit_id.copy(frame.data() + 1 + salt.size(), unit_id.size());
  return XXH64(frame.data(), 1 + salt.size() + unit_id.size(), seed);
}

// Maps a hash to [0, total): relative bias of each value below total / 2^32.
std::uint64_t ScaleToRange(std::uint64_t hash, std::uint64_t total) {
  return ((hash >> 32) * total) >> 32;
}

}  // namespace

std::int32_t SlotOf(std::string_view layer_salt, std::string_view unit_id) {
  return static_cast<std::int32_t>(
      ScaleToRange(FramedHash(layer_salt, unit_id, kSlotSeed), kSlotsPerLayer));
}

std::size_t VariantOf(std::string_view experiment_salt, std::string_view unit_id,
                      std::span<const std::int32_t> weights) {
  std::uint64_t total = 0;
  for (const std::int32_t weight : weights) total += static_cast<std::uint64_t>(weight);
  std::uint64_t point = ScaleToRange(FramedHash(experiment_salt, unit_id, kVariantSeed), total);
  std::size_t variant = 0;
  while (point >= static_cast<std::uint64_t>(weights[variant])) {
    point -= static_cast<std::uint64_t>(weights[variant++]);
  }
  return variant;
}

}  // namespace insightloop
