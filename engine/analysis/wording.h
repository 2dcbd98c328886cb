// SPDX-License-Identifier: Apache-2.0
//
// Figures as people read them in sentences: `21,307`, `18.28 %`, `+7.66 points`, `p = 0.228`.

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_WORDING_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_WORDING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/domain/hypothesis.h"
#include "engine/domain/metric.h"
#include "engine/domain/time.h"
#include "engine/domain/verdict.h"

namespace insightloop {

// 21307 as `21,307`.
std::string Grouped(std::int64_t number);

// 21307 and `unit` as `21,307 units`; one as `1 unit`.
std::string Counted(std::int64_t number, const std::string& noun);

// 0.1828 as `18.28 %`.
std::string Percent(double share);

// `p = 0.228`; tiny ones as `p = 5.7e-112`, and those below any double as `p < 1e-300`.
std::string PValueText(double p_value);

// Six digits: `0.5`, `1.42262`.
std::string Number(double number);

// `6.5 days`.
std::string DaysText(Duration duration);

// `epoch 2`, `epochs 2, 4`.
std::string EpochsText(const std::vector<std::int32_t>& epochs);

// `attributes/spend`, `the 28.0 days before`.
std::string CovariateText(const Covariate& covariate);

// For people who do not calculate: four digits or more, never an exponent, as `1,250,000`,
// `0.0125`.
std::string PlainNumber(double number);

// Whether values are shares, shown in per cent.
bool IsShare(Statistic statistic);

// A statistic's value: shares in per cent, everything else in the metric's unit.
std::string ValueText(Statistic statistic, double value);

// A signed difference of two such values: shares in percentage points.
std::string DifferenceText(Statistic statistic, double difference);

// An interval of such a difference, `[+6.90, +8.42] at 97.5 %`.
std::string IntervalText(Statistic statistic, double lower, double upper, double level);

// A signed relative difference: 0.05 as `+5 %`.
std::string LiftText(double lift);

// A size of an effect: `5 % relative`, `0.5 percentage points`.
std::string SizeText(Statistic statistic, const EffectSize& size);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_WORDING_H_
