// SPDX-License-Identifier: Apache-2.0
//
// Loading and comparing short texts: ids, names and labels, of which every assignment reads
// several. A call of the library's would take longer than its work. Pure, no allocation.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_TEXT_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace insightloop {

template <class Word>
Word LoadAt(std::string_view text, std::size_t at) {
  Word word{};
  std::memcpy(&word, text.data() + at, sizeof(word));
  return word;
}

// The bytes of a text of fewer than eight as a word, then zeros.
inline std::uint64_t LoadShort(std::string_view text) {
  // Two pieces: bytes that are in both fall in the same place.
  const auto load = [&]<class Piece>(Piece /*type*/) {
    const std::size_t last = text.size() - sizeof(Piece);
    const std::uint64_t end = LoadAt<Piece>(text, last);
    return LoadAt<Piece>(text, 0) | end << 8 * last;
  };
  if (text.size() >= sizeof(std::uint32_t)) return load(std::uint32_t{});
  if (text.size() >= sizeof(std::uint16_t)) return load(std::uint16_t{});
  return text.empty() ? 0 : LoadAt<unsigned char>(text, 0);
}

// Whether no byte has its highest bit set: one of a word that overlaps others stands for eight.
inline bool IsAscii(std::string_view text) {
  constexpr std::uint64_t kHighest = 0x8080808080808080;
  const std::size_t size = text.size();
  if (size < sizeof(std::uint64_t)) return (LoadShort(text) & kHighest) == 0;
  const std::size_t last = size - sizeof(std::uint64_t);
  std::uint64_t seen = LoadAt<std::uint64_t>(text, last);
  for (std::size_t at = 0; at < last; at += sizeof(std::uint64_t)) {
    seen |= LoadAt<std::uint64_t>(text, at);
  }
  return (seen & kHighest) == 0;
}

// What operator== says.
inline bool SameText(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (b.size() != size) return false;
  // The last word may overlap the one before.
  const auto same = [&]<class Word>(Word /*type*/) {
    const std::size_t last = size - sizeof(Word);
    for (std::size_t at = 0; at < last; at += sizeof(Word)) {
      if (LoadAt<Word>(a, at) != LoadAt<Word>(b, at)) return false;
    }
    return LoadAt<Word>(a, last) == LoadAt<Word>(b, last);
  };
  if (size >= sizeof(std::uint64_t)) return same(std::uint64_t{});
  if (size >= sizeof(std::uint32_t)) return same(std::uint32_t{});
  return size == 0 || same(char{});
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_TEXT_H_
