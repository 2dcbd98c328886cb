// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/anytime_plan.h"

#include <algorithm>
#include <cmath>

namespace insightloop {
std::int64_t PlannedUnits(const SealedPlan& plan, const stats::Arms<std::size_t>& variants) {
  constexpr std::int64_t kUnplannedUnits = 10'000;
  const std::int64_t of_all = plan.plan.planned_units;
  if (of_all == 0) return kUnplannedUnits;
  double weights = 0;
  for (const Variant& variant : plan.variants) weights += variant.weight;
  const double share =
      (plan.variants[variants.control].weight + plan.variants[variants.treatment].weight) / weights;
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(of_all) * share));
}

stats::AnytimePlan MakeAnytimePlan(const Study& study, const CellFigures& cell,
                                   const stats::Arms<std::size_t>& variants, double alpha) {
  const std::int64_t units =
      cell.matured_units[variants.control] + cell.matured_units[variants.treatment];
  const bool is_finished =
      study.plan->plan.planned_units == 0 && study.plan->external && study.stopped;
  return {.units = units,
          .planned_units = is_finished ? units : PlannedUnits(*study.plan, variants),
          .alpha = alpha};
}

}  // namespace insightloop
