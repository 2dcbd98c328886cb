// SPDX-License-Identifier: Apache-2.0
//
// Rows of a file that could not be used: the first are told one by one with file, row, column,
// value and remedy, the rest are counted.

#ifndef INSIGHTLOOP_CLIENTS_CLI_ROW_REPORT_H_
#define INSIGHTLOOP_CLIENTS_CLI_ROW_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "clients/cli/terminal.h"

namespace insightloop::cli {

struct RowProblem {
  std::string file;
  std::int64_t row = 0;  // the header is row 1
  std::string column;    // may be empty, as may be `value`
  std::string value;
  std::string problem;
  std::string remedy;
};

class RowReport {
 public:
  static constexpr std::size_t kMostTold = 20;

  void Add(RowProblem problem);
  std::int64_t count() const { return count_; }
  bool full() const { return told_.size() >= kMostTold; }
  const std::vector<RowProblem>& told() const { return told_; }

  // One line each on `err`, and a last one that counts the rest. Also with --quiet: these are
  // errors.
  void Print(const Terminal& terminal) const;

 private:
  std::int64_t count_ = 0;
  std::vector<RowProblem> told_;
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_ROW_REPORT_H_
