// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/table.h"

#include <algorithm>
#include <clocale>
#include <cwchar>

#include "clients/cli/text.h"

namespace insightloop::cli {
namespace {

// wcwidth() asks the locale; ours is always UTF-8, whatever the user's is. Set for this thread
// only.
class Utf8Locale {
 public:
  Utf8Locale() : previous_(uselocale(Get())) {}
  ~Utf8Locale() { uselocale(previous_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t Get() {
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return utf8 != nullptr ? utf8 : LC_GLOBAL_LOCALE;
  }
  locale_t previous_;
};

// The first code point of well-formed or broken UTF-8; a broken byte stands for itself.
struct CodePoint {
  wchar_t value;
  std::size_t bytes;
};

CodePoint FirstCodePoint(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  std::size_t bytes = 1;
  unsigned value = lead;
  if (lead >= 0xC2 && lead <= 0xDF) {
    bytes = 2;
    value = lead & 0x1FU;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    bytes = 3;
    value = lead & 0x0FU;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    bytes = 4;
    value = lead & 0x07U;
  }
  if (text.size() < bytes) return {static_cast<wchar_t>(lead), 1};
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {static_cast<wchar_t>(lead), 1};
    value = value << 6 | (byte(i) & 0x3FU);
  }
  return {static_cast<wchar_t>(value), bytes};
}

std::size_t WidthOf(wchar_t c) { return static_cast<std::size_t>(std::max(wcwidth(c), 0)); }

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  const Utf8Locale locale;
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    width += WidthOf(point.value);
    text.remove_prefix(point.bytes);
  }
  return width;
}

std::string Shortened(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const Utf8Locale locale;
  std::string shortened;
  std::size_t used = 1;  // the ellipsis
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    used += WidthOf(point.value);
    if (used > width) break;
    shortened.append(text.substr(0, point.bytes));
    text.remove_prefix(point.bytes);
  }
  return shortened + "…";
}

void Table::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = Printable(cell);
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::Render(bool bold_title, std::string_view indent) const {
  std::vector<std::size_t> widths;
  bool titled = false;
  for (const Column& column : columns_) {
    widths.push_back(DisplayWidth(column.title));
    titled = titled || !column.title.empty();
  }
  for (const auto& row : rows_) {
    for (std::size_t k = 0; k < row.size(); ++k) {
      widths[k] = std::max(widths[k], DisplayWidth(row[k]));
    }
  }
  std::string text;
  const auto add_line = [&](const auto& cell_of) {
    std::string line(indent);
    for (std::size_t k = 0; k < columns_.size(); ++k) {
      const std::string& cell = cell_of(k);
      const std::string padding(widths[k] - DisplayWidth(cell), ' ');
      const bool right = columns_[k].align == Align::kRight;
      line += right ? padding + cell : cell + padding;
      if (k + 1 < columns_.size()) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  };
  if (titled) {
    const std::string line =
        add_line([&](std::size_t k) -> const std::string& { return columns_[k].title; });
    text += bold_title ? Join({"\033[1m", line, "\033[0m\n"}) : line + "\n";
  }
  for (const auto& row : rows_) {
    text += add_line([&](std::size_t k) -> const std::string& { return row[k]; }) + "\n";
  }
  return text;
}

}  // namespace insightloop::cli
