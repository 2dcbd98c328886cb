// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/reading.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/contrast.h"
#include "engine/analysis/epoch_strata.h"
#include "engine/analysis/wording.h"
#include "stats/confidence_sequence.h"

namespace insightloop {
namespace {

constexpr std::int64_t kLeastNonzero = 50;
constexpr std::int64_t kLeastAnswers = 50;
constexpr double kHarmAlpha = 0.05;  // of any false alarm over all guardrails and treatments

// -------------------------------------------------------------------------------------------------
// Enough data

bool HasEnough(MetricKind kind, const MetricFigures& arm) {
  const MetricSums& sums = arm.sums;
  if (arm.units < kLeastUnits) return false;
  if (IsSurvey(kind)) return sums.values.count() >= kLeastAnswers;
  if (!IsShare(kind)) return sums.nonzero >= kLeastNonzero;
  return sums.nonzero >= kLeastSuccesses && arm.units - sums.nonzero >= kLeastSuccesses;
}

std::string NeedText(MetricKind kind) {
  if (IsSurvey(kind)) return absl::StrCat(kLeastAnswers, " answers");
  if (!IsShare(kind)) return absl::StrCat(kLeastNonzero, " that are not 0");
  return absl::StrCat(kLeastSuccesses, " successes and ", kLeastSuccesses, " failures");
}

std::string HaveText(const Study& study, const MetricFigures& arm, std::size_t metric,
                     std::size_t variant) {
  const MetricSums& sums = arm.sums;
  const std::string units =
      absl::StrCat(study.variant_id(variant), " has ", Counted(arm.units, "unit"), " with ");
  if (IsSurvey(study.kind(metric))) {
    return absl::StrCat(units, Counted(sums.values.count(), "answer"));
  }
  if (!IsShare(study.kind(metric))) {
    return absl::StrCat(units, Grouped(sums.nonzero), " not 0");
  }
  return absl::StrCat(units, Grouped(sums.nonzero), " successes and ",
                      Grouped(arm.units - sums.nonzero), " failures");
}

// -------------------------------------------------------------------------------------------------
// Directions and scales

// Of the primary metric what the hypothesis predicts, where it says so.
Direction GoodDirection(const Study& study, std::size_t metric) {
  const Hypothesis& hypothesis = study.plan->hypothesis;
  const bool is_primary = study.metric_name(metric) == hypothesis.primary_metric;
  if (is_primary && hypothesis.predicted_direction != Direction::kDirectionUnspecified) {
    return hypothesis.predicted_direction;
  }
  return study.metrics[metric].metric->desired_direction;
}

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

// What a metric of control and treatment is compared on.
EpochStrata StrataOf(const Study& study, const CellFigures& cell, std::size_t metric,
                     std::size_t treatment) {
  return MakeEpochStrata(study, cell, metric, {.control = study.control, .treatment = treatment},
                         BasisOf(study.kind(metric)));
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
    if (harm_bounds->upper < -guardrail.margin->value) return Harmed(guardrail, of, harm);
    if (pass_bounds->lower > -guardrail.margin->value) return {.state = GuardrailState::kHolds};
    return Open(guardrail, of, FiguresText(study_, of, pass));
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
            .reason = {.code = "GUARDRAIL_HARM",
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
    const std::vector<Reason> guardrail_reasons = ReadGuardrails(treatment, evidence);

    ArmState arm = {.variant = study_.variant_id(treatment), .arm_class = ClassifyArm(evidence)};
    if (contrast.effect.has_value()) arm.gain = Gain(*contrast.effect);
    if (arm.arm_class == ArmClass::kGuardrailHarmed || arm.arm_class == ArmClass::kPending) {
      arm.reasons = guardrail_reasons;
    } else if (missing.has_value()) {
      arm.reasons = {{.code = "NOT_ENOUGH_DATA", .detail = *missing}};
    } else {
      arm.reasons = {PrimaryReason(arm, evidence, of, contrast)};
    }
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

  // Adds their states to `evidence`. The reasons of those that are harmed; when none is, of those
  // that are open.
  std::vector<Reason> ReadGuardrails(std::size_t treatment, ArmEvidence& evidence) const {
    std::vector<Reason> harmed, open;
    for (const Guardrail& guardrail : study_.plan->hypothesis.guardrails) {
      const auto metric = FindMetric(study_, guardrail.metric);
      if (!metric.has_value()) continue;
      GuardrailReading reading = guardrails_.Read(guardrail, *metric, treatment);
      evidence.guardrails.push_back(reading.state);
      if (reading.state == GuardrailState::kHarmed) harmed.push_back(std::move(reading.reason));
      if (reading.state == GuardrailState::kOpen) open.push_back(std::move(reading.reason));
    }
    return harmed.empty() ? open : harmed;
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

// -------------------------------------------------------------------------------------------------
// Reasons to wait

Reason BeforeHorizon(const Progress& progress) {
  if (progress.planned_units == 0) {
    return {"BEFORE_HORIZON",
            absl::StrCat("No size is planned, so the decision is made at the end; ",
                         Counted(progress.matured_units, "unit"), " have matured so far.")};
  }
  const std::string matured =
      absl::StrCat(Grouped(progress.matured_units), " of ",
                   Counted(progress.planned_units, "planned unit"), " have matured");
  if (progress.ended()) {
    return {"BEFORE_HORIZON", absl::StrCat("It ended before its planned size: ", matured,
                                           "; a fixed horizon is not read early.")};
  }
  return {"BEFORE_HORIZON",
          absl::StrCat(matured, ", ", Grouped(progress.planned_units - progress.matured_units),
                       " to go; a fixed horizon is read once, at its end.")};
}

Reason WindowsOpen(const Progress& progress) {
  return {"WINDOWS_OPEN", absl::StrCat("The windows of ", Counted(progress.in_flight_units, "unit"),
                                       " are still open.")};
}

std::vector<Reason> BeforeReading(const Progress& progress) {
  std::vector<Reason> reasons;
  if (!progress.is_horizon_reached()) reasons.push_back(BeforeHorizon(progress));
  if (!progress.stopped && progress.ran_for < kLeastDuration) {
    reasons.push_back(
        {"MIN_DURATION", absl::StrCat("It has run for ", DaysText(progress.ran_for),
                                      "; at least 7 full days are needed, as weekdays differ.")});
  }
  if (progress.stopped && progress.in_flight_units > 0) reasons.push_back(WindowsOpen(progress));
  return reasons;
}

// Nothing keeps anybody from reading again later: then the error rate is not the one promised.
std::vector<Reason> PastPlan(const Progress& progress) {
  if (progress.method == Method::kAlwaysValid || progress.planned_units == 0 || progress.ended() ||
      progress.matured_units <= progress.planned_units) {
    return {};
  }
  return {
      {"PAST_PLAN",
       absl::StrCat(Grouped(progress.matured_units), " of ",
                    Counted(progress.planned_units, "planned unit"),
                    " have matured; a fixed horizon promises its error rate for one reading, at "
                    "the planned size: was this the first?")}};
}

std::vector<Reason> Waiting(const Progress& progress) {
  std::vector<Reason> reasons;
  const bool always_valid = progress.method == Method::kAlwaysValid;
  if (progress.planned_units > 0 && progress.matured_units >= progress.planned_units) {
    reasons.push_back(
        {"PAST_PLAN",
         absl::StrCat(Grouped(progress.matured_units), " of ",
                      Counted(progress.planned_units, "planned unit"),
                      " have matured and do not decide; ",
                      always_valid ? "later readings are as valid, but what is left to find is "
                                     "smaller than planned for."
                                   : "later readings are beyond what a fixed horizon promises, so "
                                     "stop it to conclude it.")});
  }
  if (progress.in_flight_units > 0) reasons.push_back(WindowsOpen(progress));
  return reasons;
}

}  // namespace

Progress MakeProgress(const Study& study, const Experiment& experiment, const Measured& measured,
                      const Figures& figures, Time data_through) {
  Progress progress = {
      .method = study.plan->plan.method,
      .stopped = study.stopped,
      .ran_for = (study.stopped ? experiment.stop_time : data_through) - experiment.start_time,
      .in_flight_units = measured.in_flight_units,
      .planned_units = study.plan->plan.planned_units,
  };
  for (const ArmsOfEpoch& arms : figures.all.epochs) {
    for (const ArmFigures& arm : arms) progress.matured_units += arm.units;
  }
  if (experiment.external && measured.first_exposure.has_value()) {
    progress.ran_for = *measured.last_exposure - *measured.first_exposure;
    progress.exposed_at_once = progress.ran_for < Seconds(60);
  }
  return progress;
}

std::optional<std::string> MissingData(const Study& study, const CellFigures& cell,
                                       std::size_t metric, std::size_t treatment) {
  const MetricKind kind = study.kind(metric);
  const EpochStrata strata = StrataOf(study, cell, metric, treatment);
  const stats::Arms<MetricFigures>& read = strata.together;
  if (HasEnough(kind, read.control) && HasEnough(kind, read.treatment)) return std::nullopt;
  std::string text = absl::StrCat(study.metric_name(metric), " needs ", kLeastUnits,
                                  " matured units in each variant with ", NeedText(kind), "; ",
                                  HaveText(study, read.treatment, metric, treatment), ", ",
                                  HaveText(study, read.control, metric, study.control), ".");
  if (!strata.left_out.empty()) absl::StrAppend(&text, " ", strata.left_out);
  return text;
}

Situation ReadSituation(const Study& study, const Progress& progress, const CellFigures& figures,
                        const CellFigures& base, const std::vector<bool>& response_differs) {
  const std::size_t primary = *FindMetric(study, study.plan->hypothesis.primary_metric);
  const ArmReader reader(study, figures, base);
  Situation situation = {.reading_allowed = progress.is_reading_allowed(),
                         .ended = progress.ended(),
                         .before_reading = BeforeReading(progress),
                         .waiting = Waiting(progress),
                         .past_plan = PastPlan(progress)};
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
  return situation;
}

}  // namespace insightloop
