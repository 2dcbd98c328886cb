// SPDX-License-Identifier: Apache-2.0
//
// Comparing short texts: ids, names and labels, of which every assignment compares several. A call
// of the library's would take longer than its work. Pure, no allocation.

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
