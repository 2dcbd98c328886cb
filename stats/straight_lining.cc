// SPDX-License-Identifier: Apache-2.0

#include "stats/straight_lining.h"

#include <algorithm>

namespace insightloop::stats {

Proportion AddQuestionnaire(const Proportion& straight_lined, std::span<const double> answers) {
  if (answers.size() < kLeastItems) return straight_lined;
  const bool same = std::all_of(answers.begin(), answers.end(),
                                [&](double answer) { return answer == answers.front(); });
  return {.successes = straight_lined.successes + (same ? 1 : 0),
          .trials = straight_lined.trials + 1};
}

}  // namespace insightloop::stats
