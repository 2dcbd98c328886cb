// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/hashing.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/domain/layer.h"
#include "engine/domain/text.h"

namespace insightloop {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

// -------------------------------------------------------------------------------------------------
// XXH64, in pieces: the library's starts every hash anew, while a salt's stripes are always alike

constexpr std::size_t kStripe = 4 * kWord;
constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5;

using Lanes = std::array<std::uint64_t, 4>;

std::uint64_t Round(std::uint64_t lane, std::uint64_t word) {
  return std::rotl(lane + word * kPrime2, 31) * kPrime1;
}

void AddStripe(Lanes& lanes, const std::uint64_t* words) {
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = Round(lanes[i], words[i]);
}

std::uint64_t Converge(const Lanes& lanes) {
  std::uint64_t hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
                       std::rotl(lanes[3], 18);
  for (const std::uint64_t lane : lanes) hash = (hash ^ Round(0, lane)) * kPrime1 + kPrime4;
  return hash;
}

std::uint64_t AddWord(std::uint64_t hash, std::uint64_t word) {
  return std::rotl(hash ^ Round(0, word), 27) * kPrime1 + kPrime4;
}

// Takes up the last bytes, `size` of a word.
std::uint64_t Finish(std::uint64_t hash, std::uint64_t last, std::size_t size) {
  if (size >= kWord / 2) {
    hash = std::rotl(hash ^ (last & 0xFFFFFFFF) * kPrime1, 23) * kPrime2 + kPrime3;
    last >>= 32;
    size -= kWord / 2;
  }
  for (; size > 0; --size, last >>= 8) {
    hash = std::rotl(hash ^ (last & 0xFF) * kPrime5, 11) * kPrime1;
  }
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

// Calls `add` with the words of a text that begins inside of a word, after the `begun` bytes of it
// in `carry`; returns the bytes that fill no word: (begun + the text's size) % kWord. Words after
// the first are loaded from where they lie. Always inline: what `add` changes stays in registers.
template <class Add>
[[gnu::always_inline]] inline std::uint64_t ForEachWord(std::string_view text, std::size_t begun,
                                                        std::uint64_t carry, Add add) {
  if (text.size() < kWord) {
    const std::uint64_t word = LoadShort(text);
    carry |= word << 8 * begun;
    if (begun + text.size() < kWord) return carry;
    add(carry);
    return word >> 8 * (kWord - begun);
  }
  add(carry | LoadAt<std::uint64_t>(text, 0) << 8 * begun);
  std::size_t at = kWord - begun;
  for (; at + kWord <= text.size(); at += kWord) add(LoadAt<std::uint64_t>(text, at));
  const std::size_t left = text.size() - at;
  // In two steps, as none of it may be left.
  return LoadAt<std::uint64_t>(text, text.size() - kWord) >> 1 >> (8 * (kWord - left) - 1);
}

// Maps a hash to [0, total): relative bias of each value below total / 2^32.
std::uint64_t ScaleToRange(std::uint64_t hash, std::uint64_t total) {
  return ((hash >> 32) * total) >> 32;
}

}  // namespace

Salt::Salt(std::string_view salt) {
  salt = salt.substr(0, kMaxSaltBytes);  // ours are shorter; another's may come over the wire
  size_ = 1 + salt.size();
  std::array<char, 3 * kStripe> frame{static_cast<char>(salt.size())};
  static_assert(sizeof(frame) > kMaxSaltBytes);
  salt.copy(frame.data() + 1, salt.size());
  std::array<std::uint64_t, sizeof(frame) / kWord> words;
  std::memcpy(words.data(), frame.data(), sizeof(words));

  const std::size_t stripes = size_ / kStripe;
  std::copy_n(words.begin() + 4 * stripes, rest_.size(), rest_.begin());
  for (std::size_t use = 0; use < begun_.size(); ++use) {
    const std::uint64_t seed = use + 1;
    Lanes& lanes = begun_[use].lanes;
    lanes = {seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1};
    for (std::size_t i = 0; i < stripes; ++i) AddStripe(lanes, &words[4 * i]);
    begun_[use].hash = stripes == 0 ? seed + kPrime5 : Converge(lanes);
  }
}

std::uint64_t Salt::Hash(Use use, std::string_view unit_id) const {
  const Begun& begun = begun_[static_cast<std::size_t>(use)];
  const std::size_t rest = size_ % kStripe;
  if (rest + unit_id.size() >= kStripe) return HashStripes(begun, unit_id);
  // As most are: words are taken up as they form, and never lie in memory.
  std::uint64_t hash = begun.hash + size_ + unit_id.size();
  const std::uint64_t* next = rest_.data();
  for (std::size_t left = rest / kWord; left > 0; --left) hash = AddWord(hash, *next++);
  const std::uint64_t last = ForEachWord(unit_id, rest % kWord, *next,
                                         [&](std::uint64_t word) { hash = AddWord(hash, word); });
  return Finish(hash, last, (rest + unit_id.size()) % kWord);
}

std::uint64_t Salt::HashStripes(const Begun& begun, std::string_view unit_id) const {
  const std::size_t rest = size_ % kStripe;
  std::array<std::uint64_t, (kStripe + kMaxHashedIdBytes) / kWord> words;
  std::memcpy(words.data(), rest_.data(), sizeof(rest_));  // all: a fixed number of bytes
  std::uint64_t* end = words.data() + rest / kWord;
  const std::uint64_t last = ForEachWord(unit_id, rest % kWord, rest_[rest / kWord],
                                         [&](std::uint64_t word) { *end++ = word; });

  Lanes lanes = begun.lanes;
  const std::uint64_t* next = words.data();
  for (; end - next >= 4; next += 4) AddStripe(lanes, next);
  std::uint64_t hash = Converge(lanes) + size_ + unit_id.size();
  for (; next < end; ++next) hash = AddWord(hash, *next);
  return Finish(hash, last, (rest + unit_id.size()) % kWord);
}

std::uint64_t SlotHash(const Salt& layer_salt, std::string_view unit_id) {
  return layer_salt.Hash(Salt::Use::kSlot, unit_id);
}

std::uint64_t VariantHash(const Salt& experiment_salt, std::string_view unit_id) {
  return experiment_salt.Hash(Salt::Use::kVariant, unit_id);
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
  const std::uint64_t point = PointOf(VariantHash(experiment_salt, unit_id), weights);
  // Looks at all of them: a jump that depends on the hash would be foreseen half of the time.
  std::size_t variant = 0;
  std::uint64_t until = 0;
  for (const std::int32_t weight : weights) {
    until += static_cast<std::uint64_t>(weight);
    variant += point >= until ? 1 : 0;
  }
  return variant;
}

}  // namespace insightloop
