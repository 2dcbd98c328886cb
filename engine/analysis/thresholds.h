// SPDX-License-Identifier: Apache-2.0
//
// From where on what a health check finds is a warning or a failure.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_THRESHOLDS_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_THRESHOLDS_H_

#include <cstdint>

#include "engine/domain/verdict.h"

namespace insightloop {

// Where a check begins to warn and to fail: e-values from there on, shares above, p-values below.
struct Thresholds {
  double warn = 0, fail = 0;
};

inline CheckStatus StatusAbove(double share, const Thresholds& bounds) {
  if (share > bounds.fail) return CheckStatus::kFail;
  return share > bounds.warn ? CheckStatus::kWarn : CheckStatus::kPass;
}

inline CheckStatus StatusBelow(double p_value, const Thresholds& bounds) {
  if (p_value < bounds.fail) return CheckStatus::kFail;
  return p_value < bounds.warn ? CheckStatus::kWarn : CheckStatus::kPass;
}

inline CheckStatus StatusFrom(double e_value, const Thresholds& bounds) {
  if (e_value >= bounds.fail) return CheckStatus::kFail;
  return e_value >= bounds.warn ? CheckStatus::kWarn : CheckStatus::kPass;
}

inline double Share(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_THRESHOLDS_H_
