// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace insightloop::cli {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char LowerOf(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// Levenshtein's distance, with a swap of neighbours as one step.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string Join(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string joined;
  joined.reserve(size);
  for (const std::string_view part : parts) joined.append(part);
  return joined;
}

std::string JoinList(const std::vector<std::string>& items, std::string_view separator) {
  std::string joined;
  for (const std::string& item : items) {
    if (!joined.empty()) joined.append(separator);
    joined.append(item);
  }
  return joined;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerOf);
  return lower;
}

bool EqualsWithoutCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return LowerOf(x) == LowerOf(y);
         });
}

std::string Kebab(std::string_view name) {
  std::string kebab;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '_' || c == '-') {
      kebab += '-';
      continue;
    }
    const bool starts_word = IsUpper(c) && i > 0 && (IsLower(name[i - 1]) || IsDigit(name[i - 1]));
    if (starts_word) kebab += '-';
    kebab += LowerOf(c);
  }
  return kebab;
}

std::string Slug(std::string_view text) {
  std::string slug;
  for (const char raw : text) {
    const char c = LowerOf(raw);
    if (IsLower(c) || (IsDigit(c) && !slug.empty())) {
      slug += c;
    } else if (IsDigit(c)) {
      slug += 'c';  // an id starts with a letter
      slug += c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
    if (slug.size() == 63) break;
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

std::string Nearest(std::string_view typed, const std::vector<std::string>& candidates) {
  std::string nearest;
  // More than a third of the letters wrong is another word, not a slip.
  std::size_t best = std::max<std::size_t>(typed.size() / 3, 1) + 1;
  const std::string lower = Lower(typed);
  for (const std::string& candidate : candidates) {
    std::size_t distance = Distance(lower, candidate);
    if (lower.size() >= 3 && candidate.starts_with(lower)) distance = 1;
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string Grouped(long long count) {
  const std::string digits = std::to_string(count);
  const std::size_t sign = digits[0] == '-' ? 1 : 0;
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > sign && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string Counted(long long count, std::string_view singular, std::string_view plural) {
  return Join({Grouped(count), " ", count == 1 ? singular : plural});
}

bool IsUtf8(std::string_view bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  const unsigned char* const end = p + bytes.size();
  while (p < end) {
    // Most text is ASCII: look at eight bytes at once.
    while (end - p >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, p, sizeof word);
      if ((word & 0x8080808080808080ULL) != 0) break;
      p += 8;
    }
    if (p == end) break;
    if (*p < 0x80) {
      ++p;
      continue;
    }
    int follow = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;
    const unsigned lead = *p++;
    if (lead >= 0xC2 && lead <= 0xDF) {
      follow = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      follow = 2;
      if (lead == 0xE0) low = 0xA0;   // shorter forms exist
      if (lead == 0xED) high = 0x9F;  // surrogates
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      follow = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;  // beyond U+10FFFF
    } else {
      return false;
    }
    for (; follow > 0; --follow) {
      if (p == end || *p < low || *p > high) return false;
      low = 0x80;
      high = 0xBF;
      ++p;
    }
  }
  return true;
}

std::string Printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char raw = text[i];
    const auto c = static_cast<unsigned char>(raw);
    if (raw == '\n' || raw == '\t' || raw == '\r') {
      safe += ' ';
    } else if (c < 0x20 || c == 0x7F) {
      safe += '?';
    } else if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      safe += '?';  // U+0080 to U+009F: control characters too
      ++i;
    } else {
      safe += raw;
    }
  }
  return safe;
}

std::string LastPart(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::string Wrapped(const std::string& text, std::size_t width) {
  std::string wrapped;
  std::size_t column = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t blank = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, blank);
    rest.remove_prefix(std::min(blank + 1, rest.size()));
    if (column > 0 && column + 1 + word.size() > width) {
      wrapped += '\n';
      column = 0;
    } else if (column > 0) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += word.size();
  }
  return wrapped;
}

}  // namespace insightloop::cli
