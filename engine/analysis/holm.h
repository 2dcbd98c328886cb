// SPDX-License-Identifier: Apache-2.0
//
// Holm's correction of a family of comparisons, of which some could not be made: they still count.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_HOLM_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_HOLM_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "stats/multiplicity.h"

namespace insightloop {

// Sets `adjusted_p_value` where there is a `p_value`; both are optional members of a comparison.
// Error: kInternal.
template <class Comparison>
absl::Status AdjustByHolm(const std::vector<Comparison*>& family) {
  std::vector<Comparison*> made;
  std::vector<double> p_values;
  for (Comparison* const comparison : family) {
    if (!comparison->p_value.has_value()) continue;
    made.push_back(comparison);
    p_values.push_back(*comparison->p_value);
  }
  const auto adjusted = stats::AdjustPValues(stats::Correction::kHolm, p_values, family.size());
  if (!adjusted.ok()) return absl::InternalError(adjusted.status().message());
  for (std::size_t i = 0; i < made.size(); ++i) made[i]->adjusted_p_value = (*adjusted)[i];
  return absl::OkStatus();
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_HOLM_H_
