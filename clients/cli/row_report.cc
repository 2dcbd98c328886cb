// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/row_report.h"

#include <utility>

#include "clients/cli/table.h"
#include "clients/cli/text.h"

namespace insightloop::cli {

void RowReport::Add(RowProblem problem) {
  ++count_;
  if (!full()) told_.push_back(std::move(problem));
}

void RowReport::Print(const Terminal& terminal) const {
  for (const RowProblem& problem : told_) {
    std::string line = Join({problem.file, ", row ", std::to_string(problem.row)});
    if (!problem.column.empty()) {
      line += Join({", column ", problem.column, " = '", Shortened(problem.value, 60), "'"});
    }
    line += Join({": ", problem.problem});
    if (!problem.remedy.empty()) line += Join({". ", problem.remedy});
    *terminal.err << Printable(line) << '\n';
  }
  const auto rest = count_ - static_cast<std::int64_t>(told_.size());
  if (rest > 0) {
    *terminal.err << "and " << Counted(rest, "more row like these", "more rows like these") << '\n';
  }
  *terminal.err << std::flush;
}

}  // namespace insightloop::cli
