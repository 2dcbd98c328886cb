// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/event.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace insightloop {

std::string FactName(const Event& event) {
  return absl::StrCat(event.meta.name, "@", event.meta.create_time.micros);
}

std::optional<std::int64_t> StepsPerUnit(double resolution) {
  std::int64_t steps = 1;
  for (int decimals = 0; decimals <= 9; ++decimals, steps *= 10) {
    if (resolution == 1.0 / static_cast<double>(steps)) return steps;
  }
  return std::nullopt;
}

std::optional<std::int64_t> ToSteps(double value, double resolution, std::int64_t max_steps) {
  const auto per_unit = StepsPerUnit(resolution);
  if (!per_unit.has_value() || !std::isfinite(value)) return std::nullopt;
  const double steps = std::round(value * static_cast<double>(*per_unit));
  if (std::abs(steps) > static_cast<double>(max_steps)) return std::nullopt;
  return static_cast<std::int64_t>(steps);
}

}  // namespace insightloop
