// SPDX-License-Identifier: Apache-2.0
//
// The two frozen hashes that place a unit: layer to slot, experiment to variant. XXH64 over a
// framed key, then multiply-shift on integers: no floating point, no remainder, the same in every
// language. tests/data/assignment_vectors.csv pins the results; a change of either breaks every
// running experiment and needs an ADR.
//
// Sources: XXH64, Yann Collet, xxHash specification 0.1.1; multiply-shift, Daniel Lemire, Fast
// random integer generation in an interval, ACM TOMACS 2019.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_HASHING_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_HASHING_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace insightloop {

// Salts and unit ids are never longer than this.
inline constexpr std::size_t kMaxSaltBytes = 64;
inline constexpr std::size_t kMaxHashedIdBytes = 256;

// A salt, with the hashes that begin with it begun. Cheap to copy.
class Salt {
 public:
  // What is hashed with it. The seeds, 1 and 2, keep the two apart even if two salts were equal.
  enum class Use { kSlot, kVariant };

  Salt() : Salt("") {}
  explicit Salt(std::string_view salt);

  // XXH64 of the salt's length as one byte, the salt, the unit id; so ("ab", "c") is not
  // ("a", "bc").
  std::uint64_t Hash(Use use, std::string_view unit_id) const;

 private:
  // After all whole stripes, of 32 bytes, of the length and the salt.
  struct Begun {
    std::array<std::uint64_t, 4> lanes{};
    std::uint64_t hash = 0;  // if no other stripe follows
  };
  // Where unit ids fill further stripes.
  std::uint64_t HashStripes(const Begun& begun, std::string_view unit_id) const;

  std::size_t size_ = 0;  // of the length and the salt
  std::array<Begun, 2> begun_;
  std::array<std::uint64_t, 4> rest_{};  // the bytes after those stripes, then zeros
};

// What both are made from.
std::uint64_t SlotHash(const Salt& layer_salt, std::string_view unit_id);
std::uint64_t VariantHash(const Salt& experiment_salt, std::string_view unit_id);

// Where a variant's hash falls among `weights` laid end to end: from 0 to below their sum.
std::uint64_t PointOf(std::uint64_t variant_hash, std::span<const std::int32_t> weights);

// The slot, 0 to 999, of a unit in the layer with this salt. Pure, no allocation.
std::int32_t SlotOf(const Salt& layer_salt, std::string_view unit_id);

// Index of the variant of a unit in the experiment with this salt. `weights` are not below 0 and
// their sum is above 0 and fits 32 bits; a weight of 0 is never chosen. Pure, no allocation.
std::size_t VariantOf(const Salt& experiment_salt, std::string_view unit_id,
                      std::span<const std::int32_t> weights);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_HASHING_H_
