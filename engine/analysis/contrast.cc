// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/contrast.h"

#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/analysis/epoch_strata.h"
#include "stats/arm_estimate.h"
#include "stats/mean_difference.h"
#include "stats/moments.h"
#include "stats/proportion.h"
#include "stats/satisfaction.h"
#include "stats/two_proportions.h"

namespace insightloop {
namespace {

constexpr char kOverflowed[] =
    "The metric's sums exceed what exact arithmetic holds, so no figure can be formed.";

// One arm reduced to what a comparison of its statistic takes.
struct Arm {
  std::string variant;
  bool survey = false, overflowed = false;
  std::int64_t units = 0;
  std::optional<double> value;
  stats::Proportion share;                // SHARE, TOP_TWO_SHARE
  stats::NpsCounts answers;               // NET_PROMOTER_SCORE
  std::optional<stats::Moments> moments;  // MEAN, MEAN_SCORE
  std::optional<stats::ArmEstimate> estimate;
};

void ReadShare(Arm& arm, std::int64_t successes) {
  arm.share = {.successes = successes, .trials = arm.units};
  const absl::StatusOr<stats::ArmEstimate> estimate = stats::EstimateProportion(arm.share);
  if (!estimate.ok()) return;
  arm.value = estimate->value;
  arm.estimate = *estimate;
}

void ReadMean(Arm& arm, const MetricSums& sums, double resolution) {
  const absl::StatusOr<stats::Moments> moments = sums.values.ToMoments(resolution);
  if (!moments.ok()) return;
  arm.moments = *moments;
  arm.value = moments->mean;
  const absl::StatusOr<stats::ArmEstimate> estimate = stats::EstimateMean(*moments);
  if (estimate.ok()) arm.estimate = *estimate;
}

void ReadScore(Arm& arm, const MetricSums& sums) {
  arm.answers = {.promoters = sums.promoters,
                 .passives = arm.units - sums.promoters - sums.detractors,
                 .detractors = sums.detractors};
  const absl::StatusOr<stats::ArmEstimate> estimate = stats::EstimateNps(arm.answers);
  if (!estimate.ok()) return;
  arm.value = estimate->value;
  arm.estimate = *estimate;
}

Arm ReadArm(const Study& study, const ContrastOf& of, std::size_t variant,
            const MetricFigures& figures) {
  const MetricSums& sums = figures.sums;
  const bool survey = IsSurvey(study.kind(of.metric));
  Arm arm = {.variant = study.variant_id(variant),
             .survey = survey,
             .overflowed = sums.values.overflowed(),
             .units = survey ? sums.values.count() : figures.units};
  if (arm.units == 0 || arm.overflowed) return arm;
  switch (of.statistic) {
    case Statistic::kStatisticUnspecified:
      break;
    case Statistic::kShare:
      ReadShare(arm, sums.nonzero);
      break;
    case Statistic::kTopTwoShare:
      ReadShare(arm, sums.top_two);
      break;
    case Statistic::kMean:
    case Statistic::kMeanScore:
      ReadMean(arm, sums, study.metrics[of.metric].resolution);
      break;
    case Statistic::kNetPromoterScore:
      ReadScore(arm, sums);
      break;
  }
  return arm;
}

stats::Arms<Arm> ReadArms(const Study& study, const ContrastOf& of,
                          const stats::Arms<MetricFigures>& figures) {
  return {.control = ReadArm(study, of, of.control, figures.control),
          .treatment = ReadArm(study, of, of.treatment, figures.treatment)};
}

// Puts the estimates that combine the strata into arms that were read from the sums of all strata.
void Stratify(const Study& study, const ContrastOf& of, const EpochStrata& strata,
              stats::Arms<Arm>& arms) {
  std::vector<stats::Arms<stats::ArmEstimate>> estimates;
  for (const stats::Arms<MetricFigures>& stratum : strata.strata) {
    const stats::Arms<Arm> parts = ReadArms(study, of, stratum);
    estimates.push_back({.control = parts.control.estimate.value_or(stats::ArmEstimate{}),
                         .treatment = parts.treatment.estimate.value_or(stats::ArmEstimate{})});
  }
  const auto combined = CombineArms(estimates);
  arms.control.estimate = arms.treatment.estimate = std::nullopt;
  arms.control.value = arms.treatment.value = std::nullopt;
  if (!combined.ok()) return;
  arms.control.estimate = combined->control;
  arms.treatment.estimate = combined->treatment;
  arms.control.value = combined->control.value;
  arms.treatment.value = combined->treatment.value;
}

std::string WhyNoValue(const Arm& arm, const EpochStrata& strata) {
  if (arm.value.has_value()) return "";
  if (arm.overflowed) return kOverflowed;
  if (strata.strata.empty()) return strata.left_out;
  if (arm.survey) return absl::StrCat("Nobody in ", arm.variant, " answered.");
  return absl::StrCat("No unit of ", arm.variant, " has matured.");
}

absl::StatusOr<stats::Comparison> Compare(const stats::Arms<Arm>& arms, Statistic statistic,
                                          double level) {
  const auto& [control, treatment] = arms;
  switch (statistic) {
    case Statistic::kStatisticUnspecified:
      break;
    case Statistic::kShare:
    case Statistic::kTopTwoShare:
      return stats::CompareProportions({.control = control.share, .treatment = treatment.share},
                                       level);
    case Statistic::kMean:
    case Statistic::kMeanScore:
      return stats::CompareMeans({.control = *control.moments, .treatment = *treatment.moments},
                                 level);
    case Statistic::kNetPromoterScore:
      return stats::CompareNps({.control = control.answers, .treatment = treatment.answers}, level);
  }
  return absl::InternalError("no statistic");
}

bool NeedsTwoUnits(Statistic statistic) {
  return statistic == Statistic::kMean || statistic == Statistic::kMeanScore ||
         statistic == Statistic::kNetPromoterScore;
}

std::string WhyNoComparison(const stats::Arms<Arm>& arms, Statistic statistic, bool stratified) {
  if (stratified) {
    return "In each of the two variants all units of an epoch have the same value, so the "
           "difference has no standard error.";
  }
  if (NeedsTwoUnits(statistic) && (arms.control.units < 2 || arms.treatment.units < 2)) {
    return "A variance needs at least two units in each of the two variants.";
  }
  return "In each of the two variants all units have the same value, so the difference has no "
         "standard error.";
}

// An interval by its level, or by how many standard errors it reaches.
using Width = std::variant<double, stats::Reach>;

double LevelOf(const Width& width) {
  const auto* reach = std::get_if<stats::Reach>(&width);
  return reach != nullptr ? reach->level : std::get<double>(width);
}

stats::Interval IntervalOf(const stats::Comparison& comparison, const Width& width) {
  const auto* reach = std::get_if<stats::Reach>(&width);
  if (reach == nullptr) return comparison.interval;
  const double half = reach->standard_errors * comparison.standard_error;
  return {
      .lower = comparison.effect - half, .upper = comparison.effect + half, .level = reach->level};
}

void AddLift(Contrast& contrast, const stats::Arms<Arm>& arms, Statistic statistic,
             const Width& width) {
  if (statistic == Statistic::kNetPromoterScore || statistic == Statistic::kMeanScore) {
    contrast.no_lift = "A score has no natural zero, so a share of it says nothing.";
    return;
  }
  if (!contrast.comparison.has_value()) {
    contrast.no_lift = contrast.no_comparison;
    return;
  }
  if (*arms.control.value <= 0 || *arms.treatment.value <= 0) {
    contrast.no_lift = "A relative lift needs values above 0 in both variants.";
    return;
  }
  const absl::StatusOr<stats::RelativeLift> lift = std::visit(
      [&arms](const auto& level_or_reach) {
        return stats::EstimateRelativeLift(
            {.control = *arms.control.estimate, .treatment = *arms.treatment.estimate},
            level_or_reach);
      },
      width);
  if (lift.ok()) {
    contrast.lift = *lift;
    return;
  }
  contrast.no_lift =
      "A value is below three of its own standard errors: too uncertain to be relative to.";
}

Contrast Make(const Study& study, const CellFigures& cell, const ContrastOf& of,
              const Width& width) {
  const EpochStrata strata =
      MakeEpochStrata(study, cell, of.metric, {.control = of.control, .treatment = of.treatment},
                      BasisOf(study.kind(of.metric)));
  const bool stratified = strata.strata.size() > 1;
  stats::Arms<Arm> arms = ReadArms(study, of, strata.together);
  if (stratified && !arms.control.overflowed && !arms.treatment.overflowed) {
    Stratify(study, of, strata, arms);
  }
  Contrast contrast = {
      .units = {.control = arms.control.units, .treatment = arms.treatment.units},
      .values = {.control = arms.control.value, .treatment = arms.treatment.value},
      .no_treatment_value = WhyNoValue(arms.treatment, strata),
      .no_control_value = WhyNoValue(arms.control, strata),
      .left_out = strata.left_out,
  };
  if (!arms.control.value.has_value() || !arms.treatment.value.has_value()) {
    contrast.no_effect =
        arms.control.value.has_value() ? contrast.no_treatment_value : contrast.no_control_value;
    contrast.no_comparison = contrast.no_effect;
  } else {
    const auto comparison = stratified ? CompareArms({.control = *arms.control.estimate,
                                                      .treatment = *arms.treatment.estimate},
                                                     LevelOf(width))
                                       : Compare(arms, of.statistic, LevelOf(width));
    contrast.effect = *arms.treatment.value - *arms.control.value;
    if (comparison.ok()) {
      // Of shares it is formed from whole numbers, with more digits than the difference of two.
      contrast.effect = comparison->effect;
      contrast.comparison = *comparison;
      contrast.comparison->interval = IntervalOf(*comparison, width);
    } else {
      contrast.no_comparison = WhyNoComparison(arms, of.statistic, stratified);
    }
  }
  AddLift(contrast, arms, of.statistic, width);
  return contrast;
}

}  // namespace

Contrast MakeContrast(const Study& study, const CellFigures& cell, const ContrastOf& of,
                      double level) {
  return Make(study, cell, of, level);
}

Contrast MakeContrast(const Study& study, const CellFigures& cell, const ContrastOf& of,
                      const stats::Reach& reach) {
  return Make(study, cell, of, reach);
}

}  // namespace insightloop
