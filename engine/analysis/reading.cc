// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/reading.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/contrast.h"
#include "engine/analysis/enough_data.h"
#include "engine/analysis/outlook.h"
#include "engine/analysis/wording.h"
#include "stats/confidence_sequence.h"

namespace insightloop {
namespace {

constexpr double kHarmAlpha = 0.05;  // of any false alarm over all guardrails and treatments

// -------------------------------------------------------------------------------------------------
// Directions and scales

Bounds Turned(const stats::Interval& interval, Direction good) {
  if (good == Direction::kDecrease) return {.lower = -interval.upper, .upper = -interval.lower};
  return {.lower = interval.lower, .upper = interval.upper};
}

// The interval on the scale of a size; absent when it cannot be stated there.
std::optional<Bounds> BoundsOn(const Contrast& contrast, Scale scale, Direction good) {
  if (scale == Scale::kRelative) {
    if (!contrast.lift.has_value()) return std::nullopt;
    return Turned(contrast.lift->interval, good);
  }
  if (!contrast.comparison.has_value()) return std::nullopt;
  return Turned(contrast.comparison->interval, good);
}

// Standard errors from the estimate to either end of its interval, which there is.
double ReachOf(const Contrast& contrast) {
  const stats::Interval& interval = contrast.comparison->interval;
  return (interval.upper - interval.lower) / 2 / contrast.comparison->standard_error;
}

// `metrics/visit 18.28 % (21,307 units) against 10.62 % (21,306), difference +7.659 percentage
// points
// [+6.9, +8.418] at 97.5 %, relative [+63.1 %, +81.6 %].`
std::string FiguresText(const Study& study, const ContrastOf& of, const Contrast& contrast) {
  if (!contrast.effect.has_value()) {
    return absl::StrCat(study.metric_name(of.metric), " cannot be compared. ", contrast.no_effect);
  }
  const char* noun = IsSurvey(study.kind(of.metric)) ? "answer" : "unit";
  std::string text = absl::StrCat(
      study.metric_name(of.metric), " ", ValueText(of.statistic, *contrast.values.treatment), " (",
      Counted(contrast.units.treatment, noun), ") against ",
      ValueText(of.statistic, *contrast.values.control), " (", Grouped(contrast.units.control),
      "), difference ", DifferenceText(of.statistic, *contrast.effect));
  const std::string left_out =
      contrast.left_out.empty() ? "" : absl::StrCat(" ", contrast.left_out);
  if (!contrast.comparison.has_value()) {
    return absl::StrCat(text, " without an interval. ", contrast.no_comparison, left_out);
  }
  const stats::Interval& interval = contrast.comparison->interval;
  absl::StrAppend(&text, " ",
                  IntervalText(of.statistic, interval.lower, interval.upper, interval.level));
  if (contrast.lift.has_value()) {
    absl::StrAppend(&text, ", relative [", LiftText(contrast.lift->interval.lower), ", ",
                    LiftText(contrast.lift->interval.upper), "]");
  }
  if (contrast.variance_removed.has_value()) {
    absl::StrAppend(&text, ", adjusted for ",
                    CovariateText(*study.metrics[of.metric].metric->covariate));
  }
  return absl::StrCat(text, ".", left_out);
}

ContrastOf AgainstControl(const Study& study, std::size_t metric, std::size_t treatment) {
  return {.metric = metric,
          .statistic = StatisticsOf(study.kind(metric)).front(),
          .control = study.control,
          .treatment = treatment};
}

// -------------------------------------------------------------------------------------------------
// Guardrails

struct GuardrailReading {
  GuardrailState state = GuardrailState::kOpen;
  Reason reason;  // when harmed or open
  GuardrailOutlook outlook;
};

class GuardrailReader {
 public:
  GuardrailReader(const Study& study, const CellFigures& figures, const CellFigures& base)
      : study_(study), figures_(figures), base_(base) {
    const auto comparisons =
        static_cast<double>(study.plan->hypothesis.guardrails.size() * study.treatments.size());
    harm_alpha_ = kHarmAlpha / comparisons;
  }

  // Not for a guardrail without a metric in the plan.
  GuardrailReading Read(const Guardrail& guardrail, std::size_t metric,
                        std::size_t treatment) const {
    const ContrastOf of = AgainstControl(study_, metric, treatment);
    if (const auto missing = MissingData(study_, base_, metric, treatment)) {
      return Open(guardrail, of, *missing);
    }
    if (!guardrail.margin.has_value()) return Open(guardrail, of, "It has no margin.");
    const Direction good = GoodDirection(study_, metric);
    const Contrast harm = MakeContrast(study_, figures_, of, HarmReach(of));
    const Contrast pass = MakeContrast(study_, figures_, of, 1 - study_.alpha);
    const auto harm_bounds = BoundsOn(harm, guardrail.margin->scale, good);
    const auto pass_bounds = BoundsOn(pass, guardrail.margin->scale, good);
    if (!harm_bounds.has_value() || !pass_bounds.has_value()) {
      return Open(guardrail, of, pass.comparison.has_value() ? pass.no_lift : pass.no_comparison);
    }
    const double most = -guardrail.margin->value;
    GuardrailReading reading = {.state = GuardrailState::kHolds};
    if (harm_bounds->upper < most) {
      reading = Harmed(guardrail, of, harm);
    } else if (pass_bounds->lower <= most) {
      reading = Open(guardrail, of, FiguresText(study_, of, pass));
    }
    const Scale scale = guardrail.margin->scale;
    const MovableBounds passes(*pass_bounds, scale, good, ReachOf(pass));
    const MovableBounds harms(*harm_bounds, scale, good, ReachOf(harm));
    reading.outlook = LookAhead(reading.state, passes, harms, most);
    return reading;
  }

 private:
  // Harm is looked for at every reading, so its bound holds at all of them together.
  stats::Reach HarmReach(const ContrastOf& of) const {
    const auto multiplier = stats::OneSidedAnytimeMultiplier(MakeAnytimePlan(
        study_, base_, {.control = of.control, .treatment = of.treatment}, harm_alpha_));
    // There is one: MissingData() has seen units, and alpha is below one half. The level is that of
    // both sides together; only the one of harm is read.
    return {.standard_errors = *multiplier, .level = 1 - 2 * harm_alpha_};
  }
  std::string About(const Guardrail& guardrail, const ContrastOf& of) const {
    std::string text = study_.metric_name(of.metric);
    if (guardrail.margin.has_value()) {
      absl::StrAppend(&text, " by its margin of ", SizeText(of.statistic, *guardrail.margin));
    }
    return text;
  }
  GuardrailReading Open(const Guardrail& guardrail, const ContrastOf& of,
                        const std::string& why) const {
    return {.state = GuardrailState::kOpen,
            .reason = {.code = "GUARDRAIL_OPEN",
                       .detail = absl::StrCat("That ", study_.variant_id(of.treatment),
                                              " does not worsen ", About(guardrail, of),
                                              " is not shown: ", why)}};
  }
  GuardrailReading Harmed(const Guardrail& guardrail, const ContrastOf& of,
                          const Contrast& contrast) const {
    return {.state = GuardrailState::kHarmed,
            .reason = {.code = kGuardrailHarm,
                       .detail = absl::StrCat(study_.variant_id(of.treatment), " worsens ",
                                              About(guardrail, of),
                                              " or more: ", FiguresText(study_, of, contrast))}};
  }

  const Study& study_;
  const CellFigures& figures_;
  const CellFigures& base_;
  double harm_alpha_ = 0;  // one-sided, of one guardrail in one treatment
};

// -------------------------------------------------------------------------------------------------
// Arms

class ArmReader {
 public:
  ArmReader(const Study& study, const CellFigures& figures, const CellFigures& base)
      : study_(study),
        figures_(figures),
        base_(base),
        guardrails_(study, figures, base),
        primary_(*FindMetric(study, study.plan->hypothesis.primary_metric)) {}

  ArmState Read(std::size_t treatment, bool response_differs) const {
    const ContrastOf of = AgainstControl(study_, primary_, treatment);
    const double level = 1 - study_.alpha / static_cast<double>(study_.treatments.size());
    const Contrast contrast = MakeContrast(study_, figures_, of, level);
    const auto missing = MissingData(study_, base_, primary_, treatment);
    ArmEvidence evidence = PrimaryEvidence(contrast);
    evidence.response_differs = response_differs;
    if (missing.has_value()) evidence.effect = evidence.on_its_scale = std::nullopt;
    const std::vector<GuardrailReading> guardrails = ReadGuardrails(treatment);
    for (const GuardrailReading& reading : guardrails) evidence.guardrails.push_back(reading.state);
    const std::vector<Reason> guardrail_reasons = GuardrailReasons(guardrails);

    ArmState arm = {.variant = study_.variant_id(treatment), .arm_class = ClassifyArm(evidence)};
    if (contrast.effect.has_value()) arm.gain = Gain(*contrast.effect);
    if (contrast.comparison.has_value()) arm.standard_error = contrast.comparison->standard_error;
    LookAheadOf(evidence, contrast, guardrails, arm);
    if (arm.arm_class == ArmClass::kGuardrailHarmed || arm.arm_class == ArmClass::kPending) {
      arm.reasons = guardrail_reasons;
    } else if (missing.has_value()) {
      arm.reasons = {{.code = "NOT_ENOUGH_DATA", .detail = *missing}};
    } else {
      arm.reasons = {PrimaryReason(arm, evidence, of, contrast)};
    }
    for (Reason& reason : arm.reasons) reason.variant = arm.variant;
    return arm;
  }

  // Among several winners: which the best one leaves behind, each pair at its share of alpha.
  std::vector<Reason> CompareBest(const std::vector<ArmState>& arms) const {
    std::vector<std::size_t> others;
    const ArmState* best = BestWinner(arms);
    if (best == nullptr) return {};
    for (const ArmState& arm : arms) {
      if (arm.arm_class == ArmClass::kWin && &arm != best) others.push_back(IndexOf(arm.variant));
    }
    if (others.empty()) return {};
    const auto winners = static_cast<double>(others.size() + 1);
    const double level = 1 - study_.alpha / (winners * (winners - 1) / 2);
    std::string distinguished, not_ruled_out;
    for (const std::size_t other : others) {
      ContrastOf of = AgainstControl(study_, primary_, IndexOf(best->variant));
      of.control = other;
      const Contrast contrast = MakeContrast(study_, figures_, of, level);
      const bool is_better =
          contrast.comparison.has_value() &&
          Turned(contrast.comparison->interval, GoodDirection(study_, primary_)).lower > 0;
      absl::StrAppend(is_better ? &distinguished : &not_ruled_out, " ", study_.variant_id(other),
                      ": ", FiguresText(study_, of, contrast));
    }
    if (not_ruled_out.empty()) {
      return {{.code = "BEST_DISTINGUISHED",
               .detail = absl::StrCat(best->variant, " is better than every other winner. Against",
                                      distinguished)}};
    }
    return {{.code = "BEST_NOT_DISTINGUISHED",
             .detail = absl::StrCat(best->variant,
                                    " has the largest effect, but these winners are not ruled out "
                                    "as the best. Against",
                                    not_ruled_out)}};
  }

 private:
  ArmEvidence PrimaryEvidence(const Contrast& contrast) const {
    const Direction good = GoodDirection(study_, primary_);
    ArmEvidence evidence = {.effect = BoundsOn(contrast, Scale::kAbsolute, good)};
    if (const auto& smallest = study_.plan->hypothesis.smallest_effect) {
      evidence.smallest = smallest->value;
      evidence.on_its_scale = BoundsOn(contrast, smallest->scale, good);
    }
    return evidence;
  }

  double Gain(double effect) const {
    return GoodDirection(study_, primary_) == Direction::kDecrease ? -effect : effect;
  }

  // By index of the hypothesis' guardrails.
  std::vector<GuardrailReading> ReadGuardrails(std::size_t treatment) const {
    std::vector<GuardrailReading> readings;
    for (const Guardrail& guardrail : study_.plan->hypothesis.guardrails) {
      readings.push_back(
          guardrails_.Read(guardrail, *FindMetric(study_, guardrail.metric), treatment));
    }
    return readings;
  }

  // Of those that are harmed; when none is, of those that are open.
  static std::vector<Reason> GuardrailReasons(const std::vector<GuardrailReading>& guardrails) {
    std::vector<Reason> harmed, open;
    for (const GuardrailReading& reading : guardrails) {
      if (reading.state == GuardrailState::kHarmed) harmed.push_back(reading.reason);
      if (reading.state == GuardrailState::kOpen) open.push_back(reading.reason);
    }
    return harmed.empty() ? open : harmed;
  }

  void LookAheadOf(const ArmEvidence& evidence, const Contrast& contrast,
                   const std::vector<GuardrailReading>& guardrails, ArmState& arm) const {
    const Hypothesis& hypothesis = study_.plan->hypothesis;
    DecidingEstimate estimate = {.metric = study_.metric_name(primary_),
                                 .standard_error = arm.standard_error,
                                 .good = GoodDirection(study_, primary_)};
    if (contrast.comparison.has_value()) estimate.reach = ReachOf(contrast);
    if (hypothesis.smallest_effect.has_value()) {
      estimate.scale_of_smallest = hypothesis.smallest_effect->scale;
    }
    std::vector<std::string> metrics;
    std::vector<GuardrailOutlook> outlooks;
    for (std::size_t g = 0; g < guardrails.size(); ++g) {
      metrics.push_back(hypothesis.guardrails[g].metric);
      outlooks.push_back(guardrails[g].outlook);
    }
    AddOutlook(estimate, evidence, metrics, outlooks, arm);
  }

  Reason PrimaryReason(const ArmState& arm, const ArmEvidence& evidence, const ContrastOf& of,
                       const Contrast& contrast) const {
    const std::string figures = FiguresText(study_, of, contrast);
    const auto& size = study_.plan->hypothesis.smallest_effect;
    const std::string smallest = size.has_value() ? SizeText(of.statistic, *size) : "";
    switch (arm.arm_class) {
      case ArmClass::kWorse:
        return {"PRIMARY_WORSE", absl::StrCat(arm.variant, " is worse: ", figures)};
      case ArmClass::kWin:
        return {"PRIMARY_BETTER", absl::StrCat(arm.variant, " is better: ", figures)};
      case ArmClass::kSmall:
        if (evidence.effect->lower > 0) {
          return {"BETTER_BUT_SMALL", absl::StrCat(arm.variant, " is better, but by less than ",
                                                   smallest, ": ", figures)};
        }
        return {"EQUIVALENT", absl::StrCat("An effect of ", smallest, " is ruled out for ",
                                           arm.variant, " either way: ", figures)};
      case ArmClass::kGuardrailHarmed:
      case ArmClass::kPending:
      case ArmClass::kOpen:
        break;
    }
    if (evidence.response_differs && evidence.effect && evidence.effect->lower > 0) {
      return {"RESPONSE_DIFFERS",
              absl::StrCat(arm.variant,
                           " looks better, but its survey was answered at another rate "
                           "than the control's, so the answers may come from other people: ",
                           figures)};
    }
    if (IsGainRuledOut(evidence)) {
      return {"GAIN_RULED_OUT", absl::StrCat("A gain of ", smallest, " is ruled out for ",
                                             arm.variant, ", a loss is not: ", figures)};
    }
    return {"TOO_SMALL",
            absl::StrCat("The data do not settle whether ", arm.variant, " is better: ", figures)};
  }

  std::size_t IndexOf(const std::string& variant) const {
    std::size_t index = 0;
    while (study_.variant_id(index) != variant) ++index;
    return index;
  }

  const Study& study_;
  const CellFigures& figures_;
  const CellFigures& base_;
  const GuardrailReader guardrails_;
  const std::size_t primary_;
};

// Places in Study::treatments of those that were given units in some epoch: what was dropped since
// is still judged. Of a plan that gives none, all.
std::vector<std::size_t> TakingPart(const Study& study) {
  std::vector<std::size_t> all, weighted;
  for (std::size_t i = 0; i < study.treatments.size(); ++i) {
    all.push_back(i);
    if (study.had_weight(study.treatments[i])) weighted.push_back(i);
  }
  return weighted.empty() ? all : weighted;
}

}  // namespace

Situation ReadSituation(const Study& study, const Progress& progress, const CellFigures& figures,
                        const CellFigures& base, const std::vector<bool>& response_differs) {
  const std::size_t primary = *FindMetric(study, study.plan->hypothesis.primary_metric);
  const ArmReader reader(study, figures, base);
  Situation situation = {.reading_allowed = progress.is_reading_allowed(),
                         .ended = progress.ended(),
                         .before_reading = ReasonsBeforeReading(progress),
                         .waiting = ReasonsToWait(progress),
                         .past_plan = ReasonsPastPlan(progress)};
  for (const std::size_t i : TakingPart(study)) {
    const std::size_t treatment = study.treatments[i];
    situation.arms.push_back(reader.Read(treatment, response_differs[i]));
    if (auto missing = MissingData(study, base, primary, treatment)) {
      situation.not_enough_data.push_back({"NOT_ENOUGH_DATA", *std::move(missing)});
    } else {
      situation.burnt_in = true;
    }
  }
  situation.best_arm = reader.CompareBest(situation.arms);
  AddChangesOfBest(study.metric_name(primary), situation.arms);
  return situation;
}

}  // namespace insightloop
