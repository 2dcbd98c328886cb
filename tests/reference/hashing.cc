// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "engine/assignment/growthbook_hash.h"
#include "tests/reference/methods.h"
#include "xxhash.h"

namespace insightloop::reference {
namespace {

// ---- GrowthBook

absl::StatusOr<Json> Hash(const Json& inputs) {
  const int version = inputs.at("version");
  if (version != 1 && version != 2) {
    return absl::InvalidArgumentError(absl::StrCat("version is ", version, "; give 1 or 2"));
  }
  return Json{{"hash", GrowthBookHash(static_cast<GrowthBookVersion>(version),
                                      inputs.at("seed").get<std::string>(),
                                      inputs.at("value").get<std::string>())}};
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isascii);
}

absl::StatusOr<Json> HashOfUtf8(const Json& inputs) {
  const auto seed = inputs.at("seed").get<std::string>();
  const auto value = inputs.at("value").get<std::string>();
  if (!IsAscii(seed) || !IsAscii(value)) {
    return NotOffered("beyond ASCII, GrowthBook's own client hashes UTF-16 code units; so do we");
  }
  return Json{{"v1", GrowthBookHash(GrowthBookVersion::kV1, seed, value)},
              {"v2", GrowthBookHash(GrowthBookVersion::kV2, seed, value)},
              {"fnv1a32_of_value_plus_seed", GrowthBookFnv32a({value, seed})}};
}

absl::StatusOr<Json> InNamespace(const Json& inputs) {
  const Json& range = inputs.at("range");
  return Json{{"in_namespace", InGrowthBookNamespace(inputs.at("user_id").get<std::string>(),
                                                     inputs.at("namespace").get<std::string>(),
                                                     range.at(0), range.at(1))}};
}

// No weights mean equal ones, as does any sum that is not 1.
std::vector<double> NoWeights(int variations) {
  return std::vector<double>(static_cast<std::size_t>(std::max(variations, 0)));
}

absl::StatusOr<Json> BucketRanges(const Json& inputs) {
  const Json& weights = inputs.at("weights");
  Json ranges = Json::array();
  for (const GrowthBookRange& range :
       GrowthBookRanges(weights.is_null() ? NoWeights(inputs.at("num_variations"))
                                          : weights.get<std::vector<double>>(),
                        inputs.at("coverage"))) {
    ranges.push_back({range.from, range.to});
  }
  return Json{{"ranges", ranges}};
}

// Cut to eight digits, as GrowthBook's own test cuts both sides: the cases say 0.33333333.
absl::StatusOr<Json> EqualWeights(const Json& inputs) {
  Json weights = Json::array();
  for (const GrowthBookRange& range :
       GrowthBookRanges(NoWeights(inputs.at("num_variations")), /*coverage=*/1)) {
    weights.push_back(std::floor((range.to - range.from) * 1e8) / 1e8);
  }
  return Json{{"weights", weights}};
}

absl::StatusOr<Json> ChooseVariation(const Json& inputs) {
  std::vector<GrowthBookRange> ranges;
  for (const Json& range : inputs.at("ranges")) ranges.push_back({range.at(0), range.at(1)});
  const std::optional<std::size_t> variation = ChooseGrowthBookVariation(inputs.at("hash"), ranges);
  return Json{{"variation", variation ? Json(*variation) : Json(-1)}};  // -1 is none
}

// ---- Hashes of a message

// Given in hexadecimal, or as "byte i = i mod N" with a length.
absl::StatusOr<std::string> ReadMessage(const Json& message) {
  if (message.contains("hex")) return absl::HexStringToBytes(message.at("hex").get<std::string>());
  const auto generator = message.at("generator").get<std::string>();
  absl::string_view rest = generator;
  std::uint32_t modulus = 0;
  if (!absl::ConsumePrefix(&rest, "byte i = i mod ") || !absl::SimpleAtoi(rest, &modulus) ||
      modulus == 0) {
    return absl::InvalidArgumentError(absl::StrCat("unknown generator: ", generator));
  }
  std::string bytes(message.at("length").get<std::size_t>(), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % modulus);
  return bytes;
}

// FNV-1a of bytes (draft-eastlake-fnv).
template <typename Word>
Word Fnv1a(std::string_view bytes, Word basis, Word prime) {
  for (const char byte : bytes) basis = (basis ^ static_cast<unsigned char>(byte)) * prime;
  return basis;
}

absl::StatusOr<Json> MessageHashes(const Json& inputs) {
  const absl::StatusOr<std::string> message = ReadMessage(inputs.at("message"));
  if (!message.ok()) return message.status();
  const auto seed = inputs.at("seed").get<std::uint32_t>();
  const XXH128_hash_t xxh3_128 = XXH3_128bits_withSeed(message->data(), message->size(), seed);
  return Json{
      {"xxh32", absl::StrFormat("%08x", XXH32(message->data(), message->size(), seed))},
      {"xxh64", absl::StrFormat("%016x", XXH64(message->data(), message->size(), seed))},
      {"xxh3_64",
       absl::StrFormat("%016x", XXH3_64bits_withSeed(message->data(), message->size(), seed))},
      {"xxh3_128", absl::StrFormat("%016x%016x", xxh3_128.high64, xxh3_128.low64)},
      {"fnv1a_32", absl::StrFormat("%08x", Fnv1a<std::uint32_t>(*message, 0x811C9DC5, 0x01000193))},
      {"fnv1a_64", absl::StrFormat("%016x", Fnv1a<std::uint64_t>(*message, 0xCBF29CE484222325,
                                                                 0x00000100000001B3))}};
}

}  // namespace

void AddHashingMethods(Methods& methods) {
  methods["growthbook_bucket_ranges"] = BucketRanges;
  methods["growthbook_choose_variation"] = ChooseVariation;
  methods["growthbook_equal_weights"] = EqualWeights;
  methods["growthbook_hash"] = Hash;
  methods["growthbook_hash_utf8"] = HashOfUtf8;
  methods["growthbook_in_namespace"] = InNamespace;
  methods["message_hashes"] = MessageHashes;
}

}  // namespace insightloop::reference
