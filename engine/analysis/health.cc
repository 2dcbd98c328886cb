// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/health.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/epoch_strata.h"
#include "engine/analysis/thresholds.h"
#include "engine/analysis/wording.h"
#include "engine/sealing.h"
#include "stats/confidence_sequence.h"
#include "stats/mean_difference.h"
#include "stats/sample_ratio.h"
#include "stats/sample_ratio_sequence.h"
#include "stats/two_proportions.h"

namespace insightloop {
namespace {

constexpr Thresholds kSampleRatioE = {.warn = 100, .fail = 1'000};
constexpr Thresholds kCrossedShare = {.warn = 0.001, .fail = 0.1};
constexpr Thresholds kLateShare = {.warn = 0.01, .fail = 0.1};
constexpr Thresholds kRejectedShare = {.warn = 0.01, .fail = 0.1};
constexpr Thresholds kMismatchShare = {.warn = 0.001, .fail = 0.01};
constexpr std::int64_t kLeastRejected = 10;  // rows, for either to fail
constexpr Duration kFreshFor = Hours(24);
constexpr double kLargestUnitShare = 0.05;
constexpr double kSharesP = 0.001;               // over all treatments together
constexpr std::int64_t kSharesPlanned = 10'000;  // where the test is sharpest
constexpr double kStraightLinedShare = 0.2;
constexpr double kStraightLinedP = 0.05;                         // over all treatments together
constexpr Thresholds kBalanceP = {.warn = 0.01, .fail = 0.001};  // over all covariates together

// -------------------------------------------------------------------------------------------------
// Sample ratio

// By index of Study::epochs, then of SealedPlan::variants.
using UnitsByEpoch = std::vector<std::vector<std::int64_t>>;

UnitsByEpoch ExposedByEpoch(const Study& study, const Measured& measured) {
  if (study.epochs.size() == 1) return {measured.exposed_units};
  UnitsByEpoch units;
  for (const Epoch& epoch : study.epochs) {
    const auto of_epoch =
        std::find_if(measured.exposed_by_epoch.begin(), measured.exposed_by_epoch.end(),
                     [&](const EpochUnits& e) { return e.epoch == epoch.epoch; });
    units.push_back(of_epoch != measured.exposed_by_epoch.end()
                        ? of_epoch->units
                        : std::vector<std::int64_t>(study.plan->variants.size()));
  }
  return units;
}

UnitsByEpoch MaturedUnits(const Study& study, const CellFigures& cell) {
  UnitsByEpoch units;
  for (const ArmsOfEpoch& arms : cell.epochs) {
    auto& of_epoch = units.emplace_back(study.plan->variants.size());
    for (std::size_t v = 0; v < arms.size(); ++v) of_epoch[v] = arms[v].units;
  }
  return units;
}

// ln E of "units fall into the variants as planned", each epoch against its own weights.
double LogEvidence(const Study& study, const UnitsByEpoch& units) {
  std::vector<std::vector<double>> weights;
  for (const Epoch& epoch : study.epochs) {
    weights.emplace_back(epoch.weights.begin(), epoch.weights.end());
  }
  std::vector<stats::SplitEpoch> epochs;
  for (std::size_t e = 0; e < units.size(); ++e) {
    epochs.push_back({.unit_counts = units[e], .weights = weights[e]});
  }
  // Weights were checked with the plan, and counts are counts.
  return stats::MonitorSampleRatio(epochs)->log_e_value;
}

// `mens 21,307 (weight 1), womens 21,387 (weight 1)`; of several epochs `in epoch 1 …; in epoch 2
// …`.
std::string SplitText(const Study& study, const UnitsByEpoch& units) {
  std::vector<std::string> epochs;
  for (std::size_t e = 0; e < units.size(); ++e) {
    std::vector<std::string> arms;
    for (std::size_t v = 0; v < units[e].size(); ++v) {
      const std::int32_t weight = study.epochs[e].weights[v];
      if (weight == 0 && units[e][v] == 0) continue;
      arms.push_back(
          absl::StrCat(study.variant_id(v), " ", Grouped(units[e][v]), " (weight ", weight, ")"));
    }
    const std::string text = absl::StrJoin(arms, ", ");
    epochs.push_back(
        units.size() == 1 ? text : absl::StrCat("in epoch ", study.epochs[e].epoch, " ", text));
  }
  return absl::StrJoin(epochs, "; ");
}

// Pearson's test of the epochs that have enough units for it, for one reading.
absl::StatusOr<stats::SampleRatioResult> TestOnce(const Study& study, const UnitsByEpoch& units) {
  std::vector<stats::SampleRatioResult> tests;
  for (std::size_t e = 0; e < units.size(); ++e) {
    std::vector<std::int64_t> planned;
    std::vector<double> weights;
    for (std::size_t v = 0; v < units[e].size(); ++v) {
      if (study.epochs[e].weights[v] == 0) continue;
      planned.push_back(units[e][v]);
      weights.push_back(study.epochs[e].weights[v]);
    }
    const auto test = stats::TestSampleRatio(planned, weights);
    if (test.ok()) tests.push_back(*test);
  }
  return stats::CombineSampleRatios(tests);
}

// -------------------------------------------------------------------------------------------------
// Where a fault is found

constexpr std::size_t kMostPlaces = 10;

// Keeps those that carry most of it, the first first.
void Rank(std::vector<FaultPlace>& places) {
  std::stable_sort(places.begin(), places.end(),
                   [](const FaultPlace& a, const FaultPlace& b) { return *a.figure > *b.figure; });
  if (places.size() > kMostPlaces) places.resize(kMostPlaces);
}

// E as a double and as a text; beyond what a double holds only that it is.
struct EValue {
  double value = 0;
  std::string text;
};
EValue EValueOf(double log_e_value) {
  constexpr double kMostLog = 690;  // of 1e300, about
  if (log_e_value > kMostLog) return {.value = std::exp(kMostLog), .text = "above 1e299"};
  const double value = std::exp(log_e_value);
  return {.value = value, .text = Number(value)};
}

// Segment values and days whose split by itself is not as planned.
std::vector<FaultPlace> FindSplits(const Study& study, const Measured& measured,
                                   const Figures& figures) {
  constexpr double kLeastEvidence = 10;  // E; there are many places
  std::vector<FaultPlace> places;
  const auto add = [&](FaultPlace place, const Study& of, const UnitsByEpoch& units) {
    const EValue e = EValueOf(LogEvidence(of, units));
    if (e.value < kLeastEvidence) return;
    place.figure = e.value;
    place.detail = absl::StrCat(SplitText(of, units), ", E = ", e.text, ".");
    places.push_back(std::move(place));
  };
  for (const CellFigures& cell : figures.cells) {
    add({.segment = cell.segment}, study, MaturedUnits(study, cell));
  }
  for (const DayUnits& day : measured.exposed_by_day) {
    const auto epoch = std::find_if(study.epochs.begin(), study.epochs.end(),
                                    [&](const Epoch& e) { return e.epoch == day.epoch; });
    Study of_day = study;
    of_day.epochs = {study.epochs.size() == 1 || epoch == study.epochs.end() ? study.epochs.front()
                                                                             : *epoch};
    add({.day = day.day}, of_day, {day.units});
  }
  Rank(places);
  return places;
}

// Days and segment values in which at least twice the share of all units was seen in several
// variants.
std::vector<FaultPlace> FindCrossings(const Measured& measured, const Figures& figures,
                                      const Figures& with_crossed, double overall) {
  std::vector<FaultPlace> places;
  const auto add = [&](FaultPlace place, std::int64_t crossed, std::int64_t units) {
    if (crossed == 0 || Share(crossed, units) < 2 * overall) return;
    place.figure = Share(crossed, units);
    place.detail = absl::StrCat(Grouped(crossed), " of ", Counted(units, "unit"), " (",
                                Percent(*place.figure), ") were seen in several variants.");
    places.push_back(std::move(place));
  };
  const auto units_in = [](const CellFigures& cell) {
    std::int64_t units = 0;
    for (const ArmsOfEpoch& arms : cell.epochs) {
      for (const ArmFigures& arm : arms) units += arm.units;
    }
    return units;
  };
  for (const CellFigures& cell : with_crossed.cells) {
    const auto without =
        std::find_if(figures.cells.begin(), figures.cells.end(),
                     [&](const CellFigures& other) { return other.segment == cell.segment; });
    const std::int64_t all = units_in(cell);
    add({.segment = cell.segment}, all - (without == figures.cells.end() ? 0 : units_in(*without)),
        all);
  }
  for (const DayUnits& day : measured.exposed_by_day) {
    add({.day = day.day}, day.crossed,
        std::accumulate(day.units.begin(), day.units.end(), day.crossed));
  }
  Rank(places);
  return places;
}

FaultPlace PlaceOfRows(FaultPlace place, std::int64_t rows, std::int64_t all) {
  place.figure = Share(rows, all);
  place.detail = absl::StrCat(Grouped(rows), " of them (", Percent(*place.figure), ").");
  return place;
}

// Sources of the late outcomes, which there are.
std::vector<FaultPlace> FindLateSources(const Measured& measured) {
  std::vector<FaultPlace> places;
  for (const LateRows& late : measured.late_by_source) {
    if (late.source.empty()) continue;
    places.push_back(PlaceOfRows({.source = late.source}, late.rows, measured.late_outcomes));
  }
  Rank(places);
  return places;
}

// Days on which the rows came, of which there are some.
std::vector<FaultPlace> FindRejections(const std::vector<RejectedRows>& rejected) {
  std::map<Time, std::int64_t> rows;
  std::int64_t all = 0;
  for (const RejectedRows& of_reason : rejected) {
    for (const DayRows& day : of_reason.by_day) {
      rows[day.day] += day.rows;
      all += day.rows;
    }
  }
  std::vector<FaultPlace> places;
  for (const auto& [day, of_day] : rows) {
    places.push_back(PlaceOfRows({.day = day}, of_day, all));
  }
  Rank(places);
  return places;
}

// -------------------------------------------------------------------------------------------------
// Late and rejected facts

// Of "the same share as in the control", over all treatments, at any reading; sharpest for `alpha`.
// Absent where there is no test. `shares` by variant.
std::optional<double> CompareShares(const Study& study,
                                    const std::vector<stats::Proportion>& shares, double alpha) {
  const auto comparisons = static_cast<double>(study.treatments.size());
  std::optional<double> least;
  for (const std::size_t treatment : study.treatments) {
    const stats::Arms<stats::Proportion> arms = {.control = shares[study.control],
                                                 .treatment = shares[treatment]};
    const auto once = stats::CompareProportions(arms, 1 - alpha);
    if (!once.ok()) continue;
    const auto comparison =
        stats::CompareAnytime({.effect = once->effect, .standard_error = once->standard_error},
                              {.units = arms.control.trials + arms.treatment.trials,
                               .planned_units = kSharesPlanned,
                               .alpha = alpha / comparisons});
    if (!comparison.ok()) continue;
    least = std::fmin(least.value_or(1), std::fmin(1, comparison->p_value * comparisons));
  }
  return least;
}

std::int64_t ExposedUnitsOf(const Measured& measured) {
  return std::accumulate(measured.exposed_units.begin(), measured.exposed_units.end(),
                         measured.crossed_units);
}

std::int64_t RowsOf(const RejectedRows& rejected) {
  return std::accumulate(rejected.by_variant.begin(), rejected.by_variant.end(),
                         rejected.without_variant);
}

// `OUT_OF_RANGE 8, ID_REUSED 4`, most first.
std::string ReasonsText(std::vector<RejectedRows> rejected) {
  std::stable_sort(
      rejected.begin(), rejected.end(),
      [](const RejectedRows& a, const RejectedRows& b) { return RowsOf(a) > RowsOf(b); });
  return absl::StrJoin(rejected, ", ", [](std::string* text, const RejectedRows& rows) {
    absl::StrAppend(text, rows.reason, " ", Grouped(RowsOf(rows)));
  });
}

// `12 of 500 (2.4 %) in control, 0 of 500 (0 %) in treatment`; variants without any are left out.
std::string SharesText(const Study& study, const std::vector<stats::Proportion>& shares) {
  std::vector<std::string> texts;
  for (std::size_t v = 0; v < shares.size(); ++v) {
    const auto& [part, whole] = shares[v];
    if (whole == 0) continue;
    texts.push_back(absl::StrCat(Grouped(part), " of ", Grouped(whole), " (",
                                 Percent(Share(part, whole)), ") in ", study.variant_id(v)));
  }
  return absl::StrJoin(texts, ", ");
}

// -------------------------------------------------------------------------------------------------
// Covariate balance

constexpr std::size_t kCovariateVariable = 1;  // of MetricSums::joint; ratios have no covariate

// The covariate of a metric with one, in the units of an arm that have it.
absl::StatusOr<stats::ArmEstimate> EstimateCovariate(const StudyMetric& metric,
                                                     const MetricSums& sums) {
  if (!sums.joint.has_value()) return absl::FailedPreconditionError("no covariate");
  const auto moments = sums.joint->OfVariable(kCovariateVariable)
                           .ToMoments(metric.joint_resolutions[kCovariateVariable]);
  if (!moments.ok()) return moments.status();
  return stats::EstimateMean(*moments);
}

// Of "the covariate's mean is the same in both variants", at any reading; absent where there is no
// test.
std::optional<double> CompareCovariate(const Study& study, const Figures& figures,
                                       std::size_t metric, std::size_t treatment) {
  const stats::Arms<std::size_t> variants = {.control = study.control, .treatment = treatment};
  std::vector<stats::Arms<stats::ArmEstimate>> estimates;
  for (const auto& [control, treated] :
       MakeEpochStrata(study, figures.all, metric, variants, Basis::kUnits).strata) {
    const auto of_control = EstimateCovariate(study.metrics[metric], control.sums);
    const auto of_treatment = EstimateCovariate(study.metrics[metric], treated.sums);
    if (!of_control.ok() || !of_treatment.ok()) return std::nullopt;
    estimates.push_back({.control = *of_control, .treatment = *of_treatment});
  }
  const auto combined = CombineArms(estimates);
  if (!combined.ok()) return std::nullopt;
  const auto difference = stats::Difference(*combined);
  if (!difference.ok()) return std::nullopt;
  const auto comparison = stats::CompareAnytime(
      *difference, MakeAnytimePlan(study, figures.all, variants, kBalanceP.fail));
  if (!comparison.ok()) return std::nullopt;
  return comparison->p_value;
}

}  // namespace

HealthCheck CheckSampleRatio(const Study& study, const Measured& measured, const Figures& figures) {
  const UnitsByEpoch units = ExposedByEpoch(study, measured);
  const double log_e_value = LogEvidence(study, units);
  const EValue e = EValueOf(log_e_value);
  HealthCheck check = {.check = Check::kSampleRatio,
                       .status = StatusFrom(e.value, kSampleRatioE),
                       .stage = Stage::kAssignment,
                       .figure = e.value,
                       .warn_at = kSampleRatioE.warn,
                       .fail_at = kSampleRatioE.fail};
  check.detail = absl::StrCat("Exposed units: ", SplitText(study, units), "; ",
                              check.status == CheckStatus::kPass ? "as planned" : "not as planned",
                              ", E = ", e.text);
  if (const auto once = TestOnce(study, units); once.ok()) {
    check.p_value = once->p_value;
    absl::StrAppend(&check.detail, "; for one reading chi-square ", Number(once->chi_squared), ", ",
                    PValueText(once->p_value));
  }
  check.detail += ".";
  if (check.status != CheckStatus::kPass) check.places = FindSplits(study, measured, figures);
  if (std::isinf(log_e_value)) {
    absl::StrAppend(&check.detail, " By its weight of 0 a variant should have no units.");
  }
  return check;
}

HealthCheck CheckSegmentRatio(const Study& study, const Figures& figures) {
  struct Cell {
    const CellFigures* figures = nullptr;
    double log_e_value = 0;
  };
  std::vector<Cell> cells;
  for (const CellFigures& cell : figures.cells) {
    cells.push_back(
        {.figures = &cell, .log_e_value = LogEvidence(study, MaturedUnits(study, cell))});
  }
  std::stable_sort(cells.begin(), cells.end(),
                   [](const Cell& a, const Cell& b) { return a.log_e_value > b.log_e_value; });
  const double warn_at = kSampleRatioE.fail * static_cast<double>(cells.size());
  const EValue worst = EValueOf(cells.front().log_e_value);
  HealthCheck check = {.check = Check::kSegmentRatio,
                       .status = worst.value >= warn_at ? CheckStatus::kWarn : CheckStatus::kPass,
                       .stage = Stage::kAssignment,
                       .figure = worst.value,
                       .warn_at = warn_at};
  if (check.status == CheckStatus::kPass) {
    check.detail = absl::StrCat("Matured units of ", Counted(std::ssize(cells), "segment value"),
                                " are split as planned, the largest E is ", worst.text, ".");
    return check;
  }
  for (const Cell& cell : cells) {
    if (cell.log_e_value < std::log(warn_at) || check.places.size() == kMostPlaces) break;
    const EValue e = EValueOf(cell.log_e_value);
    check.places.push_back(
        {.segment = cell.figures->segment,
         .figure = e.value,
         .detail = absl::StrCat(SplitText(study, MaturedUnits(study, *cell.figures)),
                                ", E = ", e.text, ".")});
  }
  check.detail = absl::StrCat("Matured units of ", check.places.front().segment,
                              " are not split as planned: ", check.places.front().detail);
  return check;
}

HealthCheck CheckCrossedUnits(const Measured& measured, const Figures& figures,
                              const Figures& with_crossed, bool decision_differs) {
  HealthCheck check = {.check = Check::kCrossedUnits,
                       .status = CheckStatus::kPass,
                       .stage = Stage::kInterference,
                       .figure = 0,
                       .warn_at = kCrossedShare.warn,
                       .fail_at = kCrossedShare.fail};
  const std::int64_t exposed = ExposedUnitsOf(measured);
  if (measured.crossed_units == 0) {
    check.detail = absl::StrCat("None of ", Counted(exposed, "exposed unit"),
                                " was seen in more than one variant.");
    return check;
  }
  const double share = Share(measured.crossed_units, exposed);
  check.figure = share;
  check.status = StatusAbove(share, kCrossedShare);
  check.detail =
      absl::StrCat(Grouped(measured.crossed_units), " of ", Counted(exposed, "exposed unit"), " (",
                   Percent(share), ") were seen in more than one variant and are left out");
  if (decision_differs) {
    check.status = CheckStatus::kFail;
    absl::StrAppend(&check.detail,
                    "; counted in their first variant, they would change the decision");
  }
  check.detail += ".";
  if (check.status != CheckStatus::kPass) {
    check.places = FindCrossings(measured, figures, with_crossed, share);
  }
  return check;
}

HealthCheck CheckLateFacts(const Study& study, const Measured& measured) {
  HealthCheck check = {.check = Check::kLateFacts,
                       .status = CheckStatus::kPass,
                       .stage = Stage::kLogging,
                       .warn_at = kLateShare.warn,
                       .fail_at = kLateShare.fail};
  if (measured.outcomes == 0) {
    check.detail = "No outcome of the plan's metrics has come so far.";
    return check;
  }
  const double share = Share(measured.late_outcomes, measured.outcomes);
  check.figure = share;
  check.status = StatusAbove(share, kLateShare);
  check.detail = absl::StrCat(Grouped(measured.late_outcomes), " of ",
                              Counted(measured.outcomes, "outcome"), " (", Percent(share),
                              ") came later than the acceptance window and are left out");
  std::vector<stats::Proportion> outcomes, units;  // by variant
  for (const OutcomeCounts& counts : measured.outcomes_by_variant) {
    outcomes.push_back({.successes = counts.late, .trials = counts.outcomes});
    units.push_back({.successes = counts.units_with_late, .trials = counts.units});
  }
  // What is late in one variant only is a bias.
  const std::string shares = measured.late_outcomes > 0 ? SharesText(study, outcomes) : "";
  absl::StrAppend(&check.detail, shares.empty() ? "" : ": ", shares, ".");
  check.p_value = CompareShares(study, units, kSharesP);
  if (check.p_value.value_or(1) < kSharesP) {
    check.status = CheckStatus::kFail;
    absl::StrAppend(&check.detail, " Not in every variant as many units are concerned, ",
                    PValueText(*check.p_value), ".");
  }
  if (check.status != CheckStatus::kPass) check.places = FindLateSources(measured);
  return check;
}

HealthCheck CheckRejectedFacts(const Study& study, const Measured& measured) {
  HealthCheck check = {.check = Check::kRejectedFacts,
                       .status = CheckStatus::kPass,
                       .stage = Stage::kLogging,
                       .warn_at = kRejectedShare.warn,
                       .fail_at = kRejectedShare.fail};
  std::vector<RejectedRows> rejected;
  std::int64_t rows = 0;
  std::vector<stats::Proportion> shares;  // by variant
  for (std::size_t v = 0; v < study.plan->variants.size(); ++v) {
    shares.push_back(
        {.trials = measured.exposed_units[v] + measured.outcomes_by_variant[v].outcomes});
  }
  for (const RejectedRows& of_reason : measured.rejected) {
    if (of_reason.reason == kVariantNotAssigned) continue;
    rejected.push_back(of_reason);
    rows += RowsOf(of_reason);
    for (std::size_t v = 0; v < shares.size(); ++v) {
      shares[v].successes += of_reason.by_variant[v];
      shares[v].trials += of_reason.by_variant[v];
    }
  }
  const std::int64_t all = rows + ExposedUnitsOf(measured) + measured.outcomes;
  if (all == 0) {
    check.detail = "No fact has come so far.";
    return check;
  }
  check.figure = Share(rows, all);
  check.status = StatusAbove(*check.figure, kRejectedShare);
  if (rows < kLeastRejected) check.status = std::min(check.status, CheckStatus::kWarn);
  check.detail = absl::StrCat(Grouped(rows), " of ", Counted(all, "fact"), " (",
                              Percent(*check.figure), ") were rejected");
  if (rows > 0) absl::StrAppend(&check.detail, ", ", ReasonsText(rejected));
  const std::string by_variant = rows > 0 ? SharesText(study, shares) : "";
  absl::StrAppend(&check.detail, by_variant.empty() ? "" : ": ", by_variant, ".");
  if (std::any_of(shares.begin(), shares.end(), [](const stats::Proportion& share) {
        return share.trials > 0 && Share(share.successes, share.trials) > kRejectedShare.warn;
      })) {
    check.p_value = CompareShares(study, shares, kSharesP);
  }
  if (check.p_value.value_or(1) < kSharesP) {
    // Rows are not independent: one sender that tries again and again is many.
    check.status = std::max(check.status, CheckStatus::kWarn);
    absl::StrAppend(&check.detail, " Not in every variant as many are rejected, ",
                    PValueText(*check.p_value), ".");
  }
  if (check.status != CheckStatus::kPass) check.places = FindRejections(rejected);
  return check;
}

HealthCheck CheckExposureMismatch(const Measured& measured) {
  HealthCheck check = {.check = Check::kExposureMismatch,
                       .status = CheckStatus::kPass,
                       .stage = Stage::kExecution,
                       .figure = 0,
                       .warn_at = kMismatchShare.warn,
                       .fail_at = kMismatchShare.fail};
  const auto found =
      std::find_if(measured.rejected.begin(), measured.rejected.end(),
                   [](const RejectedRows& rows) { return rows.reason == kVariantNotAssigned; });
  const std::int64_t exposed = ExposedUnitsOf(measured);
  if (found == measured.rejected.end()) {
    check.detail = absl::StrCat("Beside ", Counted(exposed, "exposed unit"),
                                " no exposure named another variant than the unit's hash gives.");
    return check;
  }
  const std::int64_t rows = RowsOf(*found);
  check.figure = Share(rows, exposed + rows);
  check.status = StatusAbove(*check.figure, kMismatchShare);
  if (rows < kLeastRejected) check.status = std::min(check.status, CheckStatus::kWarn);
  check.detail = absl::StrCat(
      "Beside ", Counted(exposed, "exposed unit"), " ", Counted(rows, "exposure"), " (",
      Percent(*check.figure),
      ") named another variant than the unit's hash gives, and were rejected: look whether units "
      "see what they are assigned.");
  if (check.status != CheckStatus::kPass) check.places = FindRejections({*found});
  return check;
}

HealthCheck CheckFreshness(const Experiment& experiment, const Measured& measured, Time now) {
  constexpr auto kHour = static_cast<double>(Hours(1).micros);
  // A sender's clock may be ahead.
  const Duration silent =
      std::max(now - measured.last_fact.value_or(experiment.start_time), Duration{});
  const bool is_fresh = silent < kFreshFor;
  HealthCheck check = {.check = Check::kFreshness,
                       .status = is_fresh ? CheckStatus::kPass : CheckStatus::kWarn,
                       .stage = Stage::kLogging,
                       .figure = static_cast<double>(silent.micros) / kHour,
                       .warn_at = static_cast<double>(kFreshFor.micros) / kHour};
  check.detail = absl::StrCat(
      measured.last_fact.has_value()
          ? absl::StrCat("The last fact happened at ", FormatTime(*measured.last_fact))
          : absl::StrCat("No fact has come since the start at ", FormatTime(experiment.start_time)),
      ", ", Number(*check.figure), " hours ago.");
  return check;
}

HealthCheck CheckCovariateBalance(const Study& study, const Figures& figures) {
  HealthCheck check = {
      .check = Check::kCovariateBalance, .status = CheckStatus::kPass, .stage = Stage::kAssignment};
  struct Finding {
    double p_value = 1;
    std::string text;
  };
  std::vector<Finding> findings;
  double comparisons = 0;  // also those that cannot be made
  std::set<std::string> attributes;
  for (std::size_t m = 0; m < study.metrics.size(); ++m) {
    const auto& covariate = study.metrics[m].metric->covariate;
    if (!covariate.has_value()) continue;
    // An attribute is the same for every metric.
    if (!covariate->attribute.empty() && !attributes.insert(covariate->attribute).second) continue;
    for (const std::size_t treatment : study.treatments) {
      ++comparisons;
      const auto p_value = CompareCovariate(study, figures, m, treatment);
      if (!p_value.has_value()) continue;
      findings.push_back(
          {.p_value = *p_value,
           .text = absl::StrCat(CovariateText(*covariate), " of ", study.metric_name(m), " in ",
                                study.variant_id(treatment))});
    }
  }
  if (findings.empty()) {
    check.detail = "No covariate could be compared so far.";
    return check;
  }
  const Finding& least =
      *std::min_element(findings.begin(), findings.end(),
                        [](const Finding& a, const Finding& b) { return a.p_value < b.p_value; });
  check.figure = check.p_value = least.p_value;
  const Thresholds thresholds = {.warn = kBalanceP.warn / comparisons,
                                 .fail = kBalanceP.fail / comparisons};
  check.warn_at = thresholds.warn;
  check.fail_at = thresholds.fail;
  check.status = StatusBelow(least.p_value, thresholds);
  check.detail = absl::StrCat(check.status == CheckStatus::kPass
                                  ? "Before the experiment units were alike; the largest "
                                    "difference from the control is in "
                                  : "Already before the experiment units differed from the "
                                    "control's in ",
                              least.text, ", ", PValueText(least.p_value), ".");
  return check;
}

std::optional<HealthCheck> CheckStraightLining(const Study& study, const Measured& measured) {
  std::vector<stats::Proportion> shares;  // by variant
  stats::Proportion all;
  for (const QuestionnaireCounts& counts : measured.questionnaires_by_variant) {
    shares.push_back({.successes = counts.straight_lined, .trials = counts.judged});
    all.successes += counts.straight_lined;
    all.trials += counts.judged;
  }
  if (all.trials == 0) return std::nullopt;
  const double share = Share(all.successes, all.trials);
  HealthCheck check = {
      .check = Check::kStraightLining,
      .status = share >= kStraightLinedShare ? CheckStatus::kWarn : CheckStatus::kPass,
      .stage = Stage::kExecution,
      .figure = share,
      .warn_at = kStraightLinedShare};
  check.detail = absl::StrCat(Grouped(all.successes), " of ", Counted(all.trials, "questionnaire"),
                              " of four answers or more (", Percent(share),
                              ") have one answer throughout: ", SharesText(study, shares), ".");
  check.p_value = CompareShares(study, shares, kStraightLinedP);
  if (check.p_value.value_or(1) < kStraightLinedP) {
    check.status = CheckStatus::kWarn;
    absl::StrAppend(&check.detail, " Not in every variant as many have, ",
                    PValueText(*check.p_value), ".");
  }
  return check;
}

HealthCheck CheckLargestUnit(const Study& study, const Figures& figures, std::size_t primary,
                             const std::vector<bool>& decides) {
  HealthCheck check = {.check = Check::kLargestUnit,
                       .status = CheckStatus::kPass,
                       .stage = Stage::kAnalysis,
                       .warn_at = kLargestUnitShare};
  std::string largest;  // in a sentence
  std::vector<std::string> deciding;
  for (std::size_t v = 0; v < study.plan->variants.size(); ++v) {
    if (decides[v]) deciding.push_back(study.variant_id(v));
    const MetricFigures arm = AllEpochs(figures.all, primary, v);
    const double resolution = study.metrics[primary].resolution;
    const auto moments = arm.sums.values.ToMoments(resolution);
    if (!moments.ok() || !(moments->mean > 0)) continue;
    const double value = static_cast<double>(arm.sums.largest) * resolution;
    const double share = value / (moments->mean * static_cast<double>(moments->count));
    if (share <= check.figure.value_or(0)) continue;
    check.figure = share;
    largest = absl::StrCat("One unit has ", PlainNumber(value), ", ", Percent(share),
                           " of the sum of ", study.variant_id(v), ".");
  }
  check.detail = largest.empty() ? "No unit has any of the sums so far." : largest;
  if (check.figure.value_or(0) > kLargestUnitShare || !deciding.empty()) {
    check.status = CheckStatus::kWarn;
    absl::StrAppend(&check.detail, " So much on one unit is fragile.");
  }
  if (study.metrics[primary].metric->covariate.has_value()) {
    check.detail +=
        " Whether it decides is not looked at: the figures are adjusted for a covariate.";
  }
  if (!deciding.empty()) {
    absl::StrAppend(&check.detail, " Without the largest unit of ",
                    absl::StrJoin(deciding, ", or without that of "),
                    " it would be another decision.");
  }
  return check;
}

HealthCheck CheckMinDuration(const Progress& progress) {
  if (progress.exposed_at_once) {
    return {.check = Check::kMinDuration,
            .status = CheckStatus::kPass,
            .detail = "All units were exposed at once, or no times are known: no days to check.",
            .stage = Stage::kAnalysis};
  }
  const bool is_long_enough = progress.ran_for >= progress.least_duration;
  return {.check = Check::kMinDuration,
          .status = is_long_enough ? CheckStatus::kPass : CheckStatus::kWarn,
          .detail = absl::StrCat("It ran for ", DaysText(progress.ran_for),
                                 is_long_enough ? "" : "; " + LeastDurationText(progress), "."),
          .stage = Stage::kAnalysis};
}

HealthCheck CheckExactSums(const Study& study, const Figures& figures) {
  std::set<std::string> overflowed;
  const auto look_at = [&](const CellFigures& cell) {
    for (std::size_t v = 0; v < study.plan->variants.size(); ++v) {
      for (std::size_t m = 0; m < study.metrics.size(); ++m) {
        if (HasOverflowed(AllEpochs(cell, m, v).sums)) overflowed.insert(study.metric_name(m));
      }
    }
  };
  look_at(figures.all);
  for (const CellFigures& cell : figures.cells) look_at(cell);
  if (overflowed.empty()) {
    return {.check = Check::kExactSums,
            .status = CheckStatus::kPass,
            .detail = "Every sum stayed within what exact arithmetic holds.",
            .stage = Stage::kAnalysis};
  }
  return {.check = Check::kExactSums,
          .status = CheckStatus::kFail,
          .detail = absl::StrCat("Sums of ", absl::StrJoin(overflowed, ", "),
                                 " exceed what exact arithmetic holds."),
          .stage = Stage::kAnalysis};
}

HealthCheck CheckPlanDeparture(const Study& study, const Experiment& experiment) {
  HealthCheck check = {.check = Check::kPlanDeparture,
                       .status = CheckStatus::kPass,
                       .detail = "It was run and is judged as its plan was sealed.",
                       .stage = Stage::kAnalysis};
  const auto changes = static_cast<std::int64_t>(study.epochs.size()) - 1;
  if (Sha256Hex(experiment.sealed_plan) != experiment.plan_digest) {
    check.status = CheckStatus::kFail;
    check.detail =
        "The plan that it is judged by is not the one that was sealed at its start: the "
        "digest of the stored text is another one.";
  } else if (changes > 0) {
    check.status = CheckStatus::kWarn;
    check.detail = absl::StrCat("The weights of the variants were changed ",
                                changes == 1 ? "once" : absl::StrCat(changes, " times"),
                                " after its start; figures are combined over the epochs.");
  }
  return check;
}

}  // namespace insightloop
