// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/anytime_plan.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace insightloop {
namespace {

constexpr std::int64_t kUnplannedUnits = 10'000;

std::int64_t PlannedUnits(const Study& study, const stats::Arms<std::size_t>& variants,
                          std::int64_t units) {
  const std::int64_t of_all = study.plan->plan.planned_units;
  if (of_all == 0) return study.plan->external && study.stopped ? units : kUnplannedUnits;
  const std::vector<Variant>& sealed = study.plan->variants;
  double weights = 0;
  for (const Variant& variant : sealed) weights += variant.weight;
  const double share =
      (sealed[variants.control].weight + sealed[variants.treatment].weight) / weights;
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(of_all) * share));
}

}  // namespace

stats::AnytimePlan MakeAnytimePlan(const Study& study, const CellFigures& cell,
                                   const stats::Arms<std::size_t>& variants, double alpha) {
  const std::int64_t units =
      cell.matured_units[variants.control] + cell.matured_units[variants.treatment];
  return {.units = units, .planned_units = PlannedUnits(study, variants, units), .alpha = alpha};
}

}  // namespace insightloop
