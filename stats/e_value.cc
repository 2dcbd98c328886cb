// SPDX-License-Identifier: Apache-2.0

#include "stats/e_value.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {

absl::StatusOr<std::vector<double>> AlwaysValidLogPValues(std::span<const double> log_e_values) {
  std::vector<double> log_p_values;
  log_p_values.reserve(log_e_values.size());
  double smallest = 0;
  for (std::size_t k = 0; k < log_e_values.size(); ++k) {
    if (absl::Status status =
            internal::CheckNumber(log_e_values[k], absl::StrCat("log_e_values[", k, "]"));
        !status.ok()) {
      return status;
    }
    smallest = std::min(smallest, -log_e_values[k]);
    log_p_values.push_back(smallest);
  }
  return log_p_values;
}

}  // namespace insightloop::stats
