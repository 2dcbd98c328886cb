// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/reading.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/contrast.h"
#include "engine/analysis/epoch_strata.h"
#include "engine/analysis/movable_bounds.h"
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

// The same as something that moves; the contrast has that interval.
MovableBounds Movable(const Contrast& contrast, const Bounds& bounds, Scale scale, Direction good) {
  const stats::Comparison& comparison = *contrast.comparison;
  const double reach =
      (comparison.interval.upper - comparison.interval.lower) / 2 / comparison.standard_error;
  return {bounds, scale, good, reach};
}

// A little more than that many standard errors: what comes to lie at a threshold is to pass it.
double JustBeyond(double standard_errors) {
  return standard_errors + std::copysign(1e-6 * (1 + std::abs(standard_errors)), standard_errors);
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

// Another state of a guardrail, and by how many standard errors its estimate is away from it.
struct GuardrailChange {
  GuardrailState state{};
  double standard_errors = 0;  // up is good
};

struct GuardrailReading {
  GuardrailState state = GuardrailState::kOpen;
  Reason reason;  // when harmed or open
  std::vector<GuardrailChange> changes;
  std::optional<double> needed_units;  // over those there are, to hold; of open ones
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
    const MovableBounds passes = Movable(pass, *pass_bounds, scale, good);
    const MovableBounds harms = Movable(harm, *harm_bounds, scale, good);
    reading.changes =
        ChangesOf(reading.state, passes.ToBringLowerTo(most), harms.ToBringUpperTo(most));
    const bool holds_later = pass_bounds->lower + pass_bounds->upper > 2 * most;
    if (reading.state == GuardrailState::kOpen && holds_later) {
      reading.needed_units = passes.UnitsToReach(most);
    }
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
  // `to_hold` and `to_harm`: moves after which it just holds, or just does no harm.
  static std::vector<GuardrailChange> ChangesOf(GuardrailState state, double to_hold,
                                                double to_harm) {
    std::vector<GuardrailChange> changes;
    if (state != GuardrailState::kHolds) changes.push_back({GuardrailState::kHolds, to_hold});
    if (state != GuardrailState::kHarmed) changes.push_back({GuardrailState::kHarmed, to_harm});
    if (state != GuardrailState::kOpen) {
      changes.push_back(
          {GuardrailState::kOpen, state == GuardrailState::kHolds ? to_hold : to_harm});
    }
    return changes;
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
    const std::vector<GuardrailReading> guardrails = ReadGuardrails(treatment);
    for (const GuardrailReading& reading : guardrails) evidence.guardrails.push_back(reading.state);
    const std::vector<Reason> guardrail_reasons = GuardrailReasons(guardrails);

    ArmState arm = {.variant = study_.variant_id(treatment), .arm_class = ClassifyArm(evidence)};
    if (contrast.effect.has_value()) arm.gain = Gain(*contrast.effect);
    if (contrast.comparison.has_value()) arm.standard_error = contrast.comparison->standard_error;
    AddPrimaryChanges(evidence, contrast, arm);
    AddGuardrailChanges(evidence, guardrails, arm);
    arm.to_win = UnitsToWin(arm, evidence, contrast, guardrails);
    arm.to_settle = UnitsToSettle(arm, evidence, contrast);
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

  // The class after each move that brings an end of an interval just past a threshold.
  void AddPrimaryChanges(const ArmEvidence& evidence, const Contrast& contrast,
                         ArmState& arm) const {
    if (!evidence.effect.has_value()) return;
    const Direction good = GoodDirection(study_, primary_);
    const MovableBounds effect = Movable(contrast, *evidence.effect, Scale::kAbsolute, good);
    std::vector<double> moves = {effect.ToBringLowerTo(0), effect.ToBringUpperTo(0)};
    std::optional<MovableBounds> on_its_scale;
    if (evidence.smallest.has_value() && evidence.on_its_scale.has_value()) {
      on_its_scale = Movable(contrast, *evidence.on_its_scale,
                             study_.plan->hypothesis.smallest_effect->scale, good);
      moves.push_back(on_its_scale->ToBringLowerTo(-*evidence.smallest));
      moves.push_back(on_its_scale->ToBringUpperTo(*evidence.smallest));
    }
    for (const double move : moves) {
      if (!std::isfinite(move)) continue;
      ArmEvidence moved = evidence;
      moved.effect = effect.Moved(JustBeyond(move));
      if (on_its_scale.has_value()) moved.on_its_scale = on_its_scale->Moved(JustBeyond(move));
      AddChange({.metric = study_.metric_name(primary_),
                 .standard_errors = move,
                 .arm_class = ClassifyArm(moved),
                 .gain = arm.gain + move * contrast.comparison->standard_error},
                arm);
    }
  }

  void AddGuardrailChanges(const ArmEvidence& evidence,
                           const std::vector<GuardrailReading>& guardrails, ArmState& arm) const {
    for (std::size_t g = 0; g < guardrails.size(); ++g) {
      for (const GuardrailChange& change : guardrails[g].changes) {
        if (!std::isfinite(change.standard_errors)) continue;
        ArmEvidence moved = evidence;
        moved.guardrails[g] = change.state;
        AddChange({.metric = study_.plan->hypothesis.guardrails[g].metric,
                   .standard_errors = change.standard_errors,
                   .arm_class = ClassifyArm(moved),
                   .gain = arm.gain},
                  arm);
      }
    }
  }

  static void AddChange(const ClassChange& change, ArmState& arm) {
    if (change.arm_class != arm.arm_class) arm.changes.push_back(change);
  }

  // How many times as many units there must be; absent for infinite ones.
  static std::optional<double> Times(double units) {
    return std::isfinite(units) ? std::optional(std::max(units, 1.0)) : std::nullopt;
  }

  // For the interval to lie above 0, and every guardrail to hold.
  std::optional<double> UnitsToWin(const ArmState& arm, const ArmEvidence& evidence,
                                   const Contrast& contrast,
                                   const std::vector<GuardrailReading>& guardrails) const {
    if (arm.arm_class == ArmClass::kGuardrailHarmed || arm.gain <= 0 ||
        !evidence.effect.has_value() || evidence.response_differs) {
      return std::nullopt;
    }
    double needed = evidence.effect->lower > 0 ? 1 : UnitsToLeaveZeroOut(evidence, contrast);
    for (const GuardrailReading& reading : guardrails) {
      if (reading.state != GuardrailState::kOpen) continue;
      needed = std::max(needed, reading.needed_units.value_or(INFINITY));
    }
    return Times(needed);
  }

  // For the arm to be small, or worse.
  std::optional<double> UnitsToSettle(const ArmState& arm, const ArmEvidence& evidence,
                                      const Contrast& contrast) const {
    if (arm.arm_class == ArmClass::kGuardrailHarmed || arm.arm_class == ArmClass::kWorse ||
        arm.arm_class == ArmClass::kSmall) {
      return 1;
    }
    if (!evidence.effect.has_value()) return std::nullopt;
    double needed = arm.gain < 0 ? UnitsToLeaveZeroOut(evidence, contrast) : INFINITY;
    if (evidence.smallest.has_value() && evidence.on_its_scale.has_value()) {
      needed =
          std::min(needed, UnitsToBeSmall(evidence, contrast, GoodDirection(study_, primary_)));
    }
    return Times(needed);
  }

  double UnitsToLeaveZeroOut(const ArmEvidence& evidence, const Contrast& contrast) const {
    return Movable(contrast, *evidence.effect, Scale::kAbsolute, GoodDirection(study_, primary_))
        .UnitsToReach(0);
  }

  // Infinite where the estimate itself matters.
  double UnitsToBeSmall(const ArmEvidence& evidence, const Contrast& contrast,
                        Direction good) const {
    const Scale scale = study_.plan->hypothesis.smallest_effect->scale;
    const double most = *evidence.smallest;
    const MovableBounds bounds = Movable(contrast, *evidence.on_its_scale, scale, good);
    const double estimate = scale == Scale::kRelative ? contrast.lift->lift : *contrast.effect;
    if (std::abs(estimate) >= most) return INFINITY;
    return std::max(bounds.UnitsToReach(most), bounds.UnitsToReach(-most));
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

// How many times as many matured units may decide: by the arm that wins first, or once no arm can
// win any more; absent where more would not, or may not be read.
std::optional<double> TimesAsManyUnits(const Situation& situation, const Progress& progress) {
  if (progress.stopped || progress.matured_units == 0) return std::nullopt;
  if (progress.method == Method::kFixedHorizon) {
    if (progress.planned_units <= progress.matured_units) return std::nullopt;
    return static_cast<double>(progress.planned_units) /
           static_cast<double>(progress.matured_units);
  }
  if (!situation.burnt_in) return std::nullopt;
  double to_win = INFINITY, to_settle = 1;
  for (const ArmState& arm : situation.arms) {
    to_win = std::min(to_win, arm.to_win.value_or(INFINITY));
    to_settle = std::max(to_settle, arm.to_settle.value_or(INFINITY));
  }
  const double times = std::min(to_win, to_settle);
  return std::isfinite(times) ? std::optional(times) : std::nullopt;
}

// Among several winners the best one may fall behind another before it stops winning.
void AddChangesOfBest(const std::string& metric, std::vector<ArmState>& arms) {
  const ArmState* const winner = BestWinner(arms);
  if (winner == nullptr) return;
  ArmState& best = arms[static_cast<std::size_t>(winner - arms.data())];
  for (const ArmState& other : arms) {
    if (other.arm_class != ArmClass::kWin || &other == &best) continue;
    const double behind = (other.gain - best.gain) / best.standard_error;
    best.changes.push_back({.metric = metric,
                            .standard_errors = behind,
                            .arm_class = ArmClass::kWin,
                            .gain = best.gain + JustBeyond(behind) * best.standard_error});
  }
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
  AddChangesOfBest(study.metric_name(primary), situation.arms);
  return situation;
}

ToGo FindToGo(const Situation& situation, const Progress& progress) {
  const std::optional<double> times = TimesAsManyUnits(situation, progress);
  ToGo to_go;
  const auto matured = static_cast<double>(progress.matured_units);
  constexpr double kMostUnits = 1e15;
  if (!times.has_value() || matured * *times > kMostUnits) return to_go;
  to_go.units = std::llround(std::ceil(matured * (*times - 1)));
  if (progress.exposed_at_once) return to_go;
  constexpr double kMicrosPerDay = 86'400e6;
  const double days = static_cast<double>(progress.ran_for.micros) / kMicrosPerDay;
  const double units = matured + static_cast<double>(progress.in_flight_units);
  if (!(days > 0) || !(units > 0)) return to_go;
  const double least_days = static_cast<double>(kLeastDuration.micros) / kMicrosPerDay;
  to_go.days = std::max({static_cast<double>(*to_go.units) * days / units, least_days - days, 0.0});
  return to_go;
}

}  // namespace insightloop
