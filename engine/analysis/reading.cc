// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/reading.h"

#include <algorithm>
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
// points [+6.9, +8.418] at 97.5 %, relative [+63.1 %, +81.6 %].`
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

// A primary metric in an arm.
struct PrimaryReading {
  ContrastOf of;
  Contrast contrast;
  std::optional<std::string> missing;  // why it is not read yet
  PrimaryEvidence evidence;
};

class ArmReader {
 public:
  ArmReader(const Study& study, const CellFigures& figures, const CellFigures& base,
            const DifferingResponse& response)
      : study_(study),
        figures_(figures),
        base_(base),
        response_(response),
        guardrails_(study, figures, base),
        primary_(study.primaries.front().metric) {}

  // `i`: place of the treatment in Study::treatments.
  ArmState Read(std::size_t i) const {
    const std::size_t treatment = study_.treatments[i];
    std::vector<PrimaryReading> primaries;
    ArmEvidence evidence = {.must_all_win = study_.must_all_win()};
    for (std::size_t p = 0; p < study_.primaries.size(); ++p) {
      primaries.push_back(ReadPrimary(study_.primaries[p], treatment, response_[p][i]));
      evidence.primaries.push_back(primaries.back().evidence);
    }
    const std::vector<GuardrailReading> guardrails = ReadGuardrails(treatment);
    for (const GuardrailReading& reading : guardrails) evidence.guardrails.push_back(reading.state);

    ArmState arm = {.variant = study_.variant_id(treatment), .arm_class = ClassifyArm(evidence)};
    const Contrast& first = primaries.front().contrast;
    if (first.effect.has_value()) arm.gain = Gain(*first.effect);
    if (first.comparison.has_value()) arm.standard_error = first.comparison->standard_error;
    LookAheadOf(evidence, primaries, guardrails, arm);
    if (arm.arm_class == ArmClass::kGuardrailHarmed || arm.arm_class == ArmClass::kPending) {
      arm.reasons = GuardrailReasons(guardrails);
    } else {
      for (const PrimaryReading& reading : primaries) {
        if (!Explains(reading.evidence, arm.arm_class)) continue;
        Reason& reason = arm.reasons.emplace_back(PrimaryReason(arm.variant, reading));
        reason.metric = study_.metric_name(reading.of.metric);
      }
    }
    for (Reason& reason : arm.reasons) reason.variant = arm.variant;
    return arm;
  }

  // Whether that metric is what brought the arm to its class; of one that is open every metric is.
  static bool Explains(const PrimaryEvidence& evidence, ArmClass arm_class) {
    switch (arm_class) {
      case ArmClass::kWorse:
        return IsWorse(evidence);
      case ArmClass::kSmall:
        return IsSmall(evidence);
      case ArmClass::kWin:
        return IsBetter(evidence);
      default:
        return true;
    }
  }

  // Why the treatment cannot be judged yet; absent where it can.
  std::optional<std::string> MissingFor(std::size_t treatment) const {
    std::optional<std::string> missing;
    bool some = false;  // can be read
    for (const StudyPrimary& primary : study_.primaries) {
      auto of_primary = MissingData(study_, base_, primary.metric, treatment);
      some = some || !of_primary.has_value();
      if (!missing.has_value()) missing = std::move(of_primary);
    }
    return some && !study_.must_all_win() ? std::nullopt : missing;
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
  PrimaryReading ReadPrimary(const StudyPrimary& primary, std::size_t treatment,
                             bool response_differs) const {
    PrimaryReading reading = {.of = AgainstControl(study_, primary.metric, treatment)};
    reading.contrast = MakeContrast(study_, figures_, reading.of, 1 - study_.alpha_of(primary));
    reading.missing = MissingData(study_, base_, primary.metric, treatment);
    const Direction good = GoodDirection(study_, primary.metric);
    const auto& margin = study_.plan->plan.margin;
    reading.evidence = {.least = margin.has_value() ? -margin->value : 0,
                        .response_differs = response_differs};
    if (reading.missing.has_value()) return reading;
    reading.evidence.effect = BoundsOn(reading.contrast, ScaleOfTest(), good);
    // With a margin the question is not whether an effect matters.
    if (primary.smallest_effect.has_value() && !margin.has_value()) {
      reading.evidence.smallest = primary.smallest_effect->value;
      reading.evidence.on_its_scale =
          BoundsOn(reading.contrast, primary.smallest_effect->scale, good);
    }
    return reading;
  }

  Scale ScaleOfTest() const {
    const auto& margin = study_.plan->plan.margin;
    return margin.has_value() ? margin->scale : Scale::kAbsolute;
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

  void LookAheadOf(const ArmEvidence& evidence, const std::vector<PrimaryReading>& primaries,
                   const std::vector<GuardrailReading>& guardrails, ArmState& arm) const {
    std::vector<DecidingEstimate> estimates;
    for (std::size_t p = 0; p < primaries.size(); ++p) {
      const std::size_t metric = study_.primaries[p].metric;
      DecidingEstimate& estimate =
          estimates.emplace_back(DecidingEstimate{.metric = study_.metric_name(metric),
                                                  .good = GoodDirection(study_, metric),
                                                  .scale = ScaleOfTest()});
      const auto& smallest = study_.primaries[p].smallest_effect;
      if (smallest.has_value()) estimate.scale_of_smallest = smallest->scale;
      const Contrast& contrast = primaries[p].contrast;
      if (!contrast.comparison.has_value()) continue;
      estimate.standard_error = contrast.comparison->standard_error;
      estimate.reach = ReachOf(contrast);
    }
    std::vector<std::string> metrics;
    std::vector<GuardrailOutlook> outlooks;
    for (std::size_t g = 0; g < guardrails.size(); ++g) {
      metrics.push_back(study_.plan->hypothesis.guardrails[g].metric);
      outlooks.push_back(guardrails[g].outlook);
    }
    AddOutlook(estimates, evidence, metrics, outlooks, arm);
  }

  Reason PrimaryReason(const std::string& variant, const PrimaryReading& reading) const {
    if (reading.missing.has_value()) return {"NOT_ENOUGH_DATA", *reading.missing};
    const PrimaryEvidence& evidence = reading.evidence;
    const std::string figures = FiguresText(study_, reading.of, reading.contrast);
    if (const auto& margin = study_.plan->plan.margin; margin.has_value()) {
      return ReasonByMargin(variant, evidence, SizeText(reading.of.statistic, *margin), figures);
    }
    const auto& size = FindPrimary(study_, reading.of.metric)->smallest_effect;
    const std::string smallest =
        size.has_value() ? SizeText(reading.of.statistic, *size) : std::string();
    if (IsWorse(evidence)) {
      return {"PRIMARY_WORSE", absl::StrCat(variant, " is worse: ", figures)};
    }
    if (IsSmall(evidence) && evidence.effect->lower > 0) {
      return {"BETTER_BUT_SMALL",
              absl::StrCat(variant, " is better, but by less than ", smallest, ": ", figures)};
    }
    if (IsSmall(evidence)) {
      return {"EQUIVALENT", absl::StrCat("An effect of ", smallest, " is ruled out for ", variant,
                                         " either way: ", figures)};
    }
    if (IsBetter(evidence)) {
      return {"PRIMARY_BETTER", absl::StrCat(variant, " is better: ", figures)};
    }
    if (evidence.effect && evidence.effect->lower > 0) return ResponseReason(variant, figures);
    if (IsGainRuledOut(evidence)) {
      return {"GAIN_RULED_OUT", absl::StrCat("A gain of ", smallest, " is ruled out for ", variant,
                                             ", a loss is not: ", figures)};
    }
    return {"TOO_SMALL",
            absl::StrCat("The data do not settle whether ", variant, " is better: ", figures)};
  }

  static Reason ReasonByMargin(const std::string& variant, const PrimaryEvidence& evidence,
                               const std::string& margin, const std::string& figures) {
    if (IsWorse(evidence)) {
      return {"INFERIOR", absl::StrCat(variant, " is worse by ", margin, " or more: ", figures)};
    }
    if (IsBetter(evidence)) {
      return {"NOT_INFERIOR",
              absl::StrCat(variant, " is not worse by ", margin, " or more: ", figures)};
    }
    if (evidence.effect && evidence.effect->lower > evidence.least) {
      return ResponseReason(variant, figures);
    }
    return {"INFERIORITY_OPEN", absl::StrCat("The data do not settle whether ", variant,
                                             " is worse by ", margin, " or more: ", figures)};
  }

  static Reason ResponseReason(const std::string& variant, const std::string& figures) {
    return {"RESPONSE_DIFFERS",
            absl::StrCat(variant,
                         " looks better, but its survey was answered at another rate than the "
                         "control's, and what that may hide is not ruled out: ",
                         figures)};
  }

  std::size_t IndexOf(const std::string& variant) const {
    std::size_t index = 0;
    while (study_.variant_id(index) != variant) ++index;
    return index;
  }

  const Study& study_;
  const CellFigures& figures_;
  const CellFigures& base_;
  const DifferingResponse& response_;
  const GuardrailReader guardrails_;
  const std::size_t primary_;  // the first one
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
                        const CellFigures& base, const DifferingResponse& response) {
  const ArmReader reader(study, figures, base, response);
  Situation situation = {.reading_allowed = progress.is_reading_allowed(),
                         .ended = progress.ended(),
                         .before_reading = ReasonsBeforeReading(progress),
                         .waiting = ReasonsToWait(progress),
                         .past_plan = ReasonsPastPlan(progress)};
  for (const std::size_t i : TakingPart(study)) {
    situation.arms.push_back(reader.Read(i));
    if (auto missing = reader.MissingFor(study.treatments[i])) {
      situation.not_enough_data.push_back({"NOT_ENOUGH_DATA", *std::move(missing)});
    } else {
      situation.burnt_in = true;
    }
  }
  situation.best_arm = reader.CompareBest(situation.arms);
  AddChangesOfBest(study.metric_name(study.primaries.front().metric), situation.arms);
  return situation;
}

}  // namespace insightloop
