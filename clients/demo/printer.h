// SPDX-License-Identifier: Apache-2.0
//
// What the demo says, line by line: numbered steps, paragraphs, labelled lines and tables, at most
// 100 columns wide. Colours only where a person looks.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_PRINTER_H_
#define INSIGHTLOOP_CLIENTS_DEMO_PRINTER_H_

#include <ostream>
#include <string>
#include <vector>

namespace insightloop::demo {

class Printer {
 public:
  // `out` is not owned.
  Printer(std::ostream& out, bool color) : out_(out), color_(color) {}

  // A heading of the whole; then one of each step, numbered from 1.
  void Title(const std::string& text);
  void Step(const std::string& text);

  // A paragraph, wrapped.
  void Say(const std::string& text);
  // A point of a list, wrapped.
  void Bullet(const std::string& text);
  // A label of up to 12 columns and a text beside it, wrapped.
  void Item(const std::string& label, const std::string& text);
  // A line as it is.
  void Line(const std::string& text = "");
  // Rows in columns; the first row is the heading, the first `left` columns are aligned to the
  // left.
  void Table(const std::vector<std::vector<std::string>>& rows, std::size_t left = 1);

  std::string Bold(const std::string& text) const { return Painted("1", text); }
  std::string Dim(const std::string& text) const { return Painted("2", text); }
  std::string Green(const std::string& text) const { return Painted("32", text); }
  std::string Yellow(const std::string& text) const { return Painted("33", text); }
  std::string Red(const std::string& text) const { return Painted("31", text); }

 private:
  std::string Painted(const char* code, const std::string& text) const;

  std::ostream& out_;
  const bool color_;
  int steps_ = 0;
};

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_PRINTER_H_
