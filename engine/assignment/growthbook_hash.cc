// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/growthbook_hash.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>

namespace insightloop {
namespace {

// FNV-1a of 32 bits, fed with UTF-16 code units.
class Fnv32a {
 public:
  // Adds a text of its own: no character goes on from the text before.
  void AddUtf8(std::string_view text) {
    std::uint32_t code_point = 0;
    int missing = 0;  // bytes of the code point
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        code_point = byte;
        missing = 0;
      } else if (byte < 0xC0) {
        code_point = (code_point << 6) | (byte & 0x3FU);
        --missing;
      } else {
        missing = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        code_point = byte & (0x3FU >> missing);
      }
      if (missing == 0) AddCodePoint(code_point);
    }
  }

  [[nodiscard]] std::uint32_t hash() const { return hash_; }

 private:
  void AddCodePoint(std::uint32_t code_point) {
    if (code_point < 0x10000) {
      AddCodeUnit(code_point);
    } else {  // a surrogate pair
      AddCodeUnit(0xD800 + ((code_point - 0x10000) >> 10));
      AddCodeUnit(0xDC00 + (code_point & 0x3FF));
    }
  }

  void AddCodeUnit(std::uint32_t unit) { hash_ = (hash_ ^ unit) * 16'777'619; }

  std::uint32_t hash_ = 0x811C9DC5;
};

// Version 1 of a place in [0, 1).
double Thousandths(std::uint32_t hash) { return hash % 1'000 / 1'000.0; }

}  // namespace

std::uint32_t GrowthBookFnv32a(std::initializer_list<std::string_view> pieces) {
  Fnv32a fnv;
  for (const std::string_view piece : pieces) fnv.AddUtf8(piece);
  return fnv.hash();
}

double GrowthBookHash(GrowthBookVersion version, std::string_view seed, std::string_view value) {
  if (version == GrowthBookVersion::kV1) return Thousandths(GrowthBookFnv32a({value, seed}));
  std::array<char, std::numeric_limits<std::uint32_t>::digits10 + 1> digits;
  const char* const end =
      std::to_chars(digits.data(), digits.data() + digits.size(), GrowthBookFnv32a({seed, value}))
          .ptr;
  const std::string_view decimal(digits.data(), static_cast<std::size_t>(end - digits.data()));
  return GrowthBookFnv32a({decimal}) % 10'000 / 10'000.0;
}

bool InGrowthBookNamespace(std::string_view unit_id, std::string_view namespace_id, double from,
                           double to) {
  // Version 1 with the seed "__" + namespace, without putting that text together.
  const double hash = Thousandths(GrowthBookFnv32a({unit_id, "__", namespace_id}));
  return from <= hash && hash < to;
}

std::vector<GrowthBookRange> GrowthBookRanges(std::span<const double> weights, double coverage) {
  coverage = std::clamp(coverage, 0.0, 1.0);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  const bool equal = total < 0.99 || total > 1.01;
  std::vector<GrowthBookRange> ranges;
  ranges.reserve(weights.size());
  double from = 0;
  for (const double weight : weights) {
    const double share = equal ? 1.0 / static_cast<double>(weights.size()) : weight;
    const double width = coverage * share;  // rounded by itself, as in JavaScript
    ranges.push_back({.from = from, .to = from + width});
    from += share;
  }
  return ranges;
}

std::optional<std::size_t> ChooseGrowthBookVariation(double hash,
                                                     std::span<const GrowthBookRange> ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].from <= hash && hash < ranges[i].to) return i;
  }
  return std::nullopt;
}

std::vector<double> GrowthBookShares(std::span<const std::int32_t> weights) {
  const auto total =
      static_cast<double>(std::accumulate(weights.begin(), weights.end(), std::int64_t{0}));
  std::vector<double> shares;
  shares.reserve(weights.size());
  for (const std::int32_t weight : weights) shares.push_back(weight / total);
  return shares;
}

}  // namespace insightloop
