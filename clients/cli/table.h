// SPDX-License-Identifier: Apache-2.0
//
// Aligned columns for a terminal. Widths are those of the screen, not of bytes: a letter with a
// combining mark is one column wide, an ideograph two.

#ifndef INSIGHTLOOP_CLIENTS_CLI_TABLE_H_
#define INSIGHTLOOP_CLIENTS_CLI_TABLE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace insightloop::cli {

// Columns that UTF-8 text takes on a terminal.
std::size_t DisplayWidth(std::string_view text);

// The text, or as much of it as fits into `width` columns with an ellipsis at its end.
std::string Shortened(std::string_view text, std::size_t width);

// Text in columns, with two blanks between them. Cells are made printable.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;  // printed in the first line; a table of empty titles has none
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Missing cells are empty; there must not be more cells than columns.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // All lines, each ended and without blanks at its end; `bold_title` brightens the titles.
  std::string Render(bool bold_title, std::string_view indent = {}) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_TABLE_H_
