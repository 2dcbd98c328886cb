// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/printer.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "clients/demo/text.h"

namespace insightloop::demo {
namespace {

constexpr std::size_t kWidth = 100;
constexpr char kIndent[] = "   ";
constexpr std::size_t kIndentWidth = sizeof kIndent - 1;
constexpr std::size_t kLabelWidth = 12;

std::vector<std::size_t> WidthsOf(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  return widths;
}

}  // namespace

void Printer::Title(const std::string& text) {
  Line(Bold(text));
  Line();
}

void Printer::Step(const std::string& text) {
  Line();
  Line(Bold(absl::StrCat(++steps_, ". ", text)));
  out_.flush();
}

void Printer::Say(const std::string& text) {
  for (const std::string& line : Wrapped(text, kWidth - kIndentWidth)) Line(kIndent + line);
}

void Printer::Bullet(const std::string& text) {
  std::string left = "– ";
  for (const std::string& line : Wrapped(text, kWidth - kIndentWidth - 2)) {
    Line(kIndent + left + line);
    left = "  ";
  }
}

void Printer::Item(const std::string& label, const std::string& text) {
  std::string left = Dim(PadRight(label, kLabelWidth));
  for (const std::string& line : Wrapped(text, kWidth - kIndentWidth - kLabelWidth)) {
    Line(kIndent + left + line);
    left = std::string(kLabelWidth, ' ');
  }
}

void Printer::Line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(' ');
  out_ << (end == std::string::npos ? "" : text.substr(0, end + 1)) << '\n';
  out_.flush();
}

void Printer::Table(const std::vector<std::vector<std::string>>& rows, std::size_t left) {
  const std::vector<std::size_t> widths = WidthsOf(rows);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      if (i > 0) line += "  ";
      line += i < left ? PadRight(rows[r][i], widths[i]) : PadLeft(rows[r][i], widths[i]);
    }
    Line(kIndent + (r == 0 ? Dim(line) : line));
  }
}

std::string Printer::Painted(const char* code, const std::string& text) const {
  return color_ ? absl::StrCat("\x1b[", code, "m", text, "\x1b[0m") : text;
}

}  // namespace insightloop::demo
