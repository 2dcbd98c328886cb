// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/hashing.h"

#include <cstring>

#include "engine/domain/layer.h"

// The hash is the hot path's main work: compiled into this file.
#define XXH_INLINE_ALL
#include "xxhash.h"

namespace insightloop {

// What is hashed: the salt's length as one byte, the salt, the unit id; so ("ab", "c") is not
// ("a", "bc").
class Frame {
 public:
  Frame(const Salt& salt, std::string_view unit_id) : size_(salt.size_ + unit_id.size()) {
    std::memcpy(bytes_, salt.framed_.data(), sizeof(salt.framed_));
    std::memcpy(bytes_ + salt.size_, unit_id.data(), unit_id.size());
  }
  std::uint64_t Hash(XXH64_hash_t seed) const { return XXH64(bytes_, size_, seed); }

 private:
  alignas(32) char bytes_[sizeof(Salt::framed_) + kMaxHashedIdBytes];
  const std::size_t size_;
};

namespace {

// Seeds keep the two uses apart even if two salts were equal.
constexpr XXH64_hash_t kSlotSeed = 1;
constexpr XXH64_hash_t kVariantSeed = 2;

// Maps a hash to [0, total): relative bias of each value below total / 2^32.
std::uint64_t ScaleToRange(std::uint64_t hash, std::uint64_t total) {
  return ((hash >> 32) * total) >> 32;
}

}  // namespace

Salt::Salt(std::string_view salt) {
  salt = salt.substr(0, kMaxSaltBytes);  // ours are shorter; another's may come over the wire
  size_ = 1 + salt.size();
  framed_[0] = static_cast<char>(salt.size());
  salt.copy(framed_.data() + 1, salt.size());
}

std::uint64_t SlotHash(const Salt& layer_salt, std::string_view unit_id) {
  return Frame(layer_salt, unit_id).Hash(kSlotSeed);
}

std::uint64_t VariantHash(const Salt& experiment_salt, std::string_view unit_id) {
  return Frame(experiment_salt, unit_id).Hash(kVariantSeed);
}

std::uint64_t PointOf(std::uint64_t variant_hash, std::span<const std::int32_t> weights) {
  std::uint64_t total = 0;
  for (const std::int32_t weight : weights) total += static_cast<std::uint64_t>(weight);
  return ScaleToRange(variant_hash, total);
}

std::int32_t SlotOf(const Salt& layer_salt, std::string_view unit_id) {
  return static_cast<std::int32_t>(ScaleToRange(SlotHash(layer_salt, unit_id), kSlotsPerLayer));
}

std::size_t VariantOf(const Salt& experiment_salt, std::string_view unit_id,
                      std::span<const std::int32_t> weights) {
  std::uint64_t point = PointOf(VariantHash(experiment_salt, unit_id), weights);
  std::size_t variant = 0;
  while (point >= static_cast<std::uint64_t>(weights[variant])) {
    point -= static_cast<std::uint64_t>(weights[variant++]);
  }
  return variant;
}

}  // namespace insightloop
