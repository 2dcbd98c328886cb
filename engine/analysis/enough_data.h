// SPDX-License-Identifier: Apache-2.0
//
// Whether there is enough data for a decision. Intervals hold only approximately, and not early:
// decisions need 100 matured units in each of the two variants and 25 successes and 25 failures, 50
// units that are not 0, or 50 answers.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_ENOUGH_DATA_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_ENOUGH_DATA_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/analysis/figures.h"
#include "engine/analysis/study.h"

namespace insightloop {

constexpr std::int64_t kLeastUnits = 100;
constexpr std::int64_t kLeastSuccesses = 25;  // and failures

// Why a comparison has too little data, in a sentence; absent when it has enough.
std::optional<std::string> MissingData(const Study& study, const CellFigures& cell,
                                       std::size_t metric, std::size_t treatment);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_ENOUGH_DATA_H_
