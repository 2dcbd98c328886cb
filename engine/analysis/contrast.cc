// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/contrast.h"

#include <cmath>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/epoch_strata.h"
#include "stats/arm_estimate.h"
#include "stats/confidence_sequence.h"
#include "stats/covariates.h"
#include "stats/joint_moments.h"
#include "stats/mean_difference.h"
#include "stats/moments.h"
#include "stats/proportion.h"
#include "stats/quantile.h"
#include "stats/quantity.h"
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
  stats::Proportion share;                   // SHARE, TOP_TWO_SHARE
  stats::NpsCounts answers;                  // NET_PROMOTER_SCORE
  std::optional<stats::Moments> moments;     // MEAN, MEAN_SCORE
  std::optional<stats::JointMoments> joint;  // of a metric with a covariate
  std::optional<stats::ArmEstimate> estimate;
  std::optional<stats::ArmEstimate> counted;  // where a covariate adjusts `estimate`, before that
  std::string lacking;  // why a ratio or quantile has no value or no estimate, in a sentence
};

// Numbers of the variables of MetricSums::joint.
constexpr std::size_t kNumber = 0;
constexpr std::size_t kDenominator = 1;
constexpr std::size_t kCovariate = 1;
constexpr std::size_t kMissing = 2;

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

void ReadRatio(Arm& arm, const stats::JointMoments& moments) {
  const double denominator = moments.means[kDenominator];
  if (denominator == 0) {
    arm.lacking = absl::StrCat("The denominator of ", arm.variant, " is 0.");
    return;
  }
  arm.value = moments.means[kNumber] / denominator;
  const absl::StatusOr<stats::ArmEstimate> estimate =
      stats::EstimateQuantity(moments, {.variable = kNumber, .over = kDenominator});
  if (estimate.ok()) arm.estimate = *estimate;
}

void ReadQuantile(Arm& arm, const QuantileSums& sums, const StudyMetric& metric) {
  const auto value_of = [&metric](std::int64_t steps) {
    return static_cast<double>(steps) * metric.resolution;
  };
  arm.value = value_of(sums.value);
  const absl::StatusOr<stats::ArmEstimate> estimate =
      stats::EstimateQuantile({.units = sums.units,
                               .value = *arm.value,
                               .lower = value_of(sums.lower),
                               .upper = value_of(sums.upper),
                               .lower_rank = static_cast<double>(sums.lower_rank),
                               .upper_rank = static_cast<double>(sums.upper_rank)},
                              metric.metric->quantile);
  if (estimate.ok()) {
    arm.estimate = *estimate;
  } else if (sums.lower == sums.upper) {
    arm.lacking = absl::StrCat("Around the quantile the units of ", arm.variant,
                               " have one value, so it has no standard error.");
  } else {
    arm.lacking = absl::StrCat("The quantile of ", arm.variant,
                               " needs more units to have a standard error.");
  }
}

Arm ReadArm(const Study& study, const ContrastOf& of, std::size_t variant,
            const MetricFigures& figures) {
  const MetricSums& sums = figures.sums;
  const StudyMetric& metric = study.metrics[of.metric];
  const bool survey = IsSurvey(study.kind(of.metric));
  Arm arm = {.variant = study.variant_id(variant),
             .survey = survey,
             .overflowed = HasOverflowed(sums),
             .units = survey ? sums.values.count() : figures.units};
  if (arm.units == 0 || arm.overflowed) return arm;
  if (sums.joint.has_value()) {
    const auto joint = sums.joint->ToMoments(metric.joint_resolutions);
    if (joint.ok()) arm.joint = *joint;
  }
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
      ReadMean(arm, sums, metric.resolution);
      break;
    case Statistic::kNetPromoterScore:
      ReadScore(arm, sums);
      break;
    case Statistic::kRatio:
      if (arm.joint.has_value()) ReadRatio(arm, *arm.joint);
      break;
    case Statistic::kQuantile:
      if (sums.quantile.has_value()) ReadQuantile(arm, *sums.quantile, metric);
      break;
  }
  return arm;
}

// Adjusts values and estimates for the covariate; leaves them where that cannot be done.
void Adjust(stats::Arms<Arm>& arms) {
  auto& [control, treatment] = arms;
  if (!control.joint.has_value() || !treatment.joint.has_value()) return;
  const stats::Quantity outcome = {.variable = kNumber, .over = {}};
  const auto adjusted = stats::AdjustForCovariates(
      {.control = *control.joint, .treatment = *treatment.joint},
      {.outcome = outcome,
       .covariates = {{.variable = kCovariate, .over = {}}, {.variable = kMissing, .over = {}}}});
  const auto counted_control = stats::EstimateQuantity(*control.joint, outcome);
  const auto counted_treatment = stats::EstimateQuantity(*treatment.joint, outcome);
  if (!adjusted.ok() || !counted_control.ok() || !counted_treatment.ok()) return;
  control.counted = *counted_control;
  treatment.counted = *counted_treatment;
  control.estimate = adjusted->arms.control;
  treatment.estimate = adjusted->arms.treatment;
  // theta is estimated too, which no t distribution knows of.
  control.estimate->degrees_of_freedom = treatment.estimate->degrees_of_freedom = std::nullopt;
  control.value = control.estimate->value;
  treatment.value = treatment.estimate->value;
}

stats::Arms<Arm> ReadArms(const Study& study, const ContrastOf& of,
                          const stats::Arms<MetricFigures>& figures) {
  stats::Arms<Arm> arms = {.control = ReadArm(study, of, of.control, figures.control),
                           .treatment = ReadArm(study, of, of.treatment, figures.treatment)};
  if (study.metrics[of.metric].metric->covariate.has_value()) Adjust(arms);
  return arms;
}

// Puts the estimates that combine the strata into arms that were read from the sums of all strata.
void Stratify(const Study& study, const ContrastOf& of, const EpochStrata& strata,
              stats::Arms<Arm>& arms) {
  for (Arm* arm : {&arms.control, &arms.treatment}) {
    arm->estimate = arm->counted = std::nullopt;
    arm->value = std::nullopt;
    arm->lacking.clear();
  }
  std::vector<stats::Arms<stats::ArmEstimate>> estimates, counted;
  bool adjusted = false;
  for (const stats::Arms<MetricFigures>& stratum : strata.strata) {
    const auto [control, treatment] = ReadArms(study, of, stratum);
    if (!control.estimate.has_value() || !treatment.estimate.has_value()) {
      arms.control.lacking = arms.treatment.lacking =
          control.lacking.empty() ? treatment.lacking : control.lacking;
      return;
    }
    estimates.push_back({.control = *control.estimate, .treatment = *treatment.estimate});
    counted.push_back({.control = control.counted.value_or(*control.estimate),
                       .treatment = treatment.counted.value_or(*treatment.estimate)});
    adjusted = adjusted || control.counted.has_value();
  }
  const auto combined = CombineArms(estimates);
  if (!combined.ok()) return;
  arms.control.estimate = combined->control;
  arms.treatment.estimate = combined->treatment;
  arms.control.value = combined->control.value;
  arms.treatment.value = combined->treatment.value;
  if (!adjusted) return;
  const auto combined_counted = CombineArms(counted);
  if (!combined_counted.ok()) return;
  arms.control.counted = combined_counted->control;
  arms.treatment.counted = combined_counted->treatment;
}

std::string WhyNoValue(const Arm& arm, const EpochStrata& strata) {
  if (arm.value.has_value()) return "";
  if (!arm.lacking.empty()) return arm.lacking;
  if (arm.overflowed) return kOverflowed;
  if (strata.strata.empty()) return strata.left_out;
  if (arm.survey) return absl::StrCat("Nobody in ", arm.variant, " answered.");
  return absl::StrCat("No unit of ", arm.variant, " has matured.");
}

// By the two estimates where there is no method of the statistic's own, or it has been left behind
// by combining strata or adjusting for a covariate.
absl::StatusOr<stats::Comparison> Compare(const stats::Arms<Arm>& arms, Statistic statistic,
                                          bool stratified, double level) {
  const auto& [control, treatment] = arms;
  if (stratified || control.counted.has_value() || statistic == Statistic::kRatio ||
      statistic == Statistic::kQuantile) {
    if (!control.estimate.has_value() || !treatment.estimate.has_value()) {
      return absl::FailedPreconditionError("no estimate");
    }
    return CompareArms({.control = *control.estimate, .treatment = *treatment.estimate}, level);
  }
  switch (statistic) {
    case Statistic::kStatisticUnspecified:
    case Statistic::kRatio:
    case Statistic::kQuantile:
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
         statistic == Statistic::kNetPromoterScore || statistic == Statistic::kRatio;
}

std::string WhyNoComparison(const stats::Arms<Arm>& arms, Statistic statistic, bool stratified) {
  if (!arms.control.lacking.empty()) return arms.control.lacking;
  if (!arms.treatment.lacking.empty()) return arms.treatment.lacking;
  if (stratified) {
    return "In each of the two variants all units of an epoch have the same value, so the "
           "difference has no standard error.";
  }
  if (NeedsTwoUnits(statistic) && (arms.control.units < 2 || arms.treatment.units < 2)) {
    return "A variance needs at least two units in each of the two variants.";
  }
  if (arms.control.counted.has_value()) {
    return "The covariate explains every unit's value, so the difference has no standard error.";
  }
  if (statistic == Statistic::kRatio) {
    return "In each of the two variants all units have the same ratio, so the difference has no "
           "standard error.";
  }
  return "In each of the two variants all units have the same value, so the difference has no "
         "standard error.";
}

// An interval by its level when read once, by how many standard errors it reaches, or by the plan
// of one that may be read at any time.
using Width = std::variant<double, stats::Reach, stats::AnytimePlan>;

double LevelOf(const Width& width) {
  if (const auto* level = std::get_if<double>(&width)) return *level;
  if (const auto* reach = std::get_if<stats::Reach>(&width)) return reach->level;
  return 1 - std::get<stats::AnytimePlan>(width).alpha;
}

// What is read once at that level, with its interval as wide as it is to be.
absl::StatusOr<stats::Comparison> Widened(stats::Comparison comparison, const Width& width) {
  if (const auto* plan = std::get_if<stats::AnytimePlan>(&width)) {
    return stats::CompareAnytime(
        {.effect = comparison.effect, .standard_error = comparison.standard_error}, *plan);
  }
  if (const auto* reach = std::get_if<stats::Reach>(&width)) {
    const double half = reach->standard_errors * comparison.standard_error;
    comparison.interval = {.lower = comparison.effect - half,
                           .upper = comparison.effect + half,
                           .level = reach->level};
  }
  return comparison;
}

absl::StatusOr<stats::RelativeLift> LiftOf(const stats::Arms<stats::ArmEstimate>& arms,
                                           const Width& width) {
  if (const auto* level = std::get_if<double>(&width)) {
    return stats::EstimateRelativeLift(arms, *level);
  }
  if (const auto* reach = std::get_if<stats::Reach>(&width)) {
    return stats::EstimateRelativeLift(arms, *reach);
  }
  const auto multiplier = stats::AnytimeMultiplier(std::get<stats::AnytimePlan>(width));
  if (!multiplier.ok()) return multiplier.status();
  return stats::EstimateRelativeLift(
      arms, stats::Reach{.standard_errors = *multiplier, .level = LevelOf(width)});
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
  const absl::StatusOr<stats::RelativeLift> lift =
      LiftOf({.control = *arms.control.estimate, .treatment = *arms.treatment.estimate}, width);
  if (lift.ok()) {
    contrast.lift = *lift;
    return;
  }
  contrast.no_lift =
      "A value is below three of its own standard errors: too uncertain to be relative to.";
}

double StandardErrorOf(const stats::ArmEstimate& control, const stats::ArmEstimate& treatment) {
  return std::hypot(control.standard_error, treatment.standard_error);
}

// Of a metric with a covariate.
void AddAdjustment(Contrast& contrast, const stats::Arms<Arm>& arms) {
  const auto& [control, treatment] = arms;
  if (control.counted.has_value()) {
    const double left = StandardErrorOf(*control.estimate, *treatment.estimate) /
                        StandardErrorOf(*control.counted, *treatment.counted);
    contrast.variance_removed = 1 - left * left;
  } else if (control.units < 2 || treatment.units < 2) {
    contrast.no_adjustment = "A covariate needs at least two units in each of the two variants.";
  } else {
    contrast.no_adjustment = contrast.no_comparison;
  }
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
  if (IsSurvey(study.kind(of.metric))) {
    const MetricSums& control = strata.together.control.sums;
    const MetricSums& treatment = strata.together.treatment.sums;
    contrast.asked = {.control = control.asked, .treatment = treatment.asked};
    contrast.dismissed = {.control = control.dismissed, .treatment = treatment.dismissed};
  }
  if (!arms.control.value.has_value() || !arms.treatment.value.has_value()) {
    contrast.no_effect =
        arms.control.value.has_value() ? contrast.no_treatment_value : contrast.no_control_value;
    contrast.no_comparison = contrast.no_effect;
  } else {
    auto comparison = Compare(arms, of.statistic, stratified, LevelOf(width));
    if (comparison.ok()) comparison = Widened(*comparison, width);
    contrast.effect = *arms.treatment.value - *arms.control.value;
    if (comparison.ok()) {
      // Of shares it is formed from whole numbers, with more digits than the difference of two.
      contrast.effect = comparison->effect;
      contrast.comparison = *comparison;
    } else {
      contrast.no_comparison = WhyNoComparison(arms, of.statistic, stratified);
    }
  }
  AddLift(contrast, arms, of.statistic, width);
  if (study.metrics[of.metric].metric->covariate.has_value()) AddAdjustment(contrast, arms);
  return contrast;
}

}  // namespace

Contrast MakeContrast(const Study& study, const CellFigures& cell, const ContrastOf& of,
                      double level) {
  if (!study.is_always_valid()) return Make(study, cell, of, level);
  return Make(
      study, cell, of,
      MakeAnytimePlan(study, cell, {.control = of.control, .treatment = of.treatment}, 1 - level));
}

Contrast MakeContrast(const Study& study, const CellFigures& cell, const ContrastOf& of,
                      const stats::Reach& reach) {
  return Make(study, cell, of, reach);
}

EffectInterval ToInterval(const Study& study, const stats::Interval& interval) {
  return {.lower = interval.lower,
          .upper = interval.upper,
          .level = interval.level,
          .validity = study.is_always_valid() ? Validity::kAlwaysValid : Validity::kFixedHorizon};
}

}  // namespace insightloop
