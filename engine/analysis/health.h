// SPDX-License-Identifier: Apache-2.0
//
// Whether the data can be trusted, before any effect is read. A check that fails makes the verdict
// INVALID. Every check is there whenever it applies, also when it finds nothing. What it finds in
// some segments or days more than in others is placed there.
//
//   check              WARN           FAIL
//   SAMPLE_RATIO       E >= 100       E >= 1,000
//   SEGMENT_RATIO      E >= 1,000 K   -            over K segment values
//   CROSSED_UNITS      > 0.1 %        > 10 %, or the decision depends on how they are counted
//   LATE_FACTS         > 1 %          > 10 %, or p < 0.001 for equal shares of units
//   REJECTED_FACTS     > 1 %          > 10 %         WARN too where p < 0.001 for equal shares
//   EXPOSURE_MISMATCH  > 0.1 %        > 1 %
//   COVARIATE_BALANCE  p < 0.01/c     p < 0.001/c  over c covariates, times the treatments
//   LARGEST_UNIT       > 5 %, or it decides  -     of the sum of a variant, primary metric
//   RESPONSE_RATE      p < 0.05       (response_rate.h)
//   STRAIGHT_LINING    >= 20 %, or p < 0.05 for equal shares  -   of the questionnaires judged
//   FRESHNESS          >= 24 h        -            of running experiments
//   MIN_DURATION       < the plan's   -
//   EXACT_SUMS         -              a sum overflowed
//   PLAN_DEPARTURE     other weights  the plan is not the one that was sealed
//   DELIVERY (delivery.h)  less than half the planned reach, or below the mechanism's floor  -

#ifndef INSIGHTLOOP_ENGINE_ANALYSIS_HEALTH_H_
#define INSIGHTLOOP_ENGINE_ANALYSIS_HEALTH_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/analysis/figures.h"
#include "engine/analysis/progress.h"
#include "engine/analysis/study.h"
#include "engine/domain/experiment.h"
#include "engine/domain/time.h"
#include "engine/domain/verdict.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// Each epoch against its own weights. Units count in the epoch of their first exposure. By an
// e-value (stats/sample_ratio_sequence.h), so that it may be read every day.
HealthCheck CheckSampleRatio(const Study& study, const Measured& measured, const Figures& figures);

// The same of the matured units of each segment cell, of which there are some; names the worst.
HealthCheck CheckSegmentRatio(const Study& study, const Figures& figures);

// `decision_differs`: the decision with crossed units counted in their first variant is another one
// than without them.
HealthCheck CheckCrossedUnits(const Measured& measured, const Figures& figures,
                              const Figures& with_crossed, bool decision_differs);

HealthCheck CheckLateFacts(const Study& study, const Measured& measured);

// Of the rows of the experiment's run, the share that was rejected, but for the next check's. A row
// that is sent again counts again; as that can look like a difference between variants, these are
// compared only where in one more is rejected than is warned of.
HealthCheck CheckRejectedFacts(const Study& study, const Measured& measured);

// Exposures to another variant than the unit's hash gives, beside the exposed units. They were
// rejected, and count again when sent again. The assignment itself is known to be right, so what
// was shown or said of it is not: stage EXECUTION.
HealthCheck CheckExposureMismatch(const Measured& measured);

// Of a running experiment, at `now`: how long ago the last fact happened, by its own time.
HealthCheck CheckFreshness(const Experiment& experiment, const Measured& measured, Time now);

// How many questionnaires have one answer throughout; absent where none can be judged. It begins
// where people are asked, before anything is recorded: stage EXECUTION.
std::optional<HealthCheck> CheckStraightLining(const Study& study, const Measured& measured);

// Whether the covariates of the study's metrics, of which some have one, were alike in each
// treatment and the control; at any reading.
HealthCheck CheckCovariateBalance(const Study& study, const Figures& figures);

// How much of the primary metric's sum in a variant one unit has; `decides`, by variant: whether
// the decision is another one without that unit.
HealthCheck CheckLargestUnit(const Study& study, const Figures& figures, std::size_t primary,
                             const std::vector<bool>& decides);

HealthCheck CheckMinDuration(const Progress& progress);

// Whether it was run and is judged as sealed: the digest of the plan, and the variants' weights.
HealthCheck CheckPlanDeparture(const Study& study, const Experiment& experiment);

// `figures` with crossed units, so that every sum is looked at.
HealthCheck CheckExactSums(const Study& study, const Figures& figures);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ANALYSIS_HEALTH_H_
