// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/planner.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/enough_data.h"
#include "engine/analysis/study.h"
#include "engine/analysis/wording.h"
#include "engine/domain/error.h"
#include "stats/families.h"
#include "stats/planning.h"

namespace insightloop {
namespace {

constexpr double kMostUnitsPerDay = 1e12;
constexpr std::int32_t kMostDays = 36'500;

// -------------------------------------------------------------------------------------------------
// What is asked

// Of surveys' two statistics the share of the top two boxes decides.
bool IsPlannedAsShare(MetricKind kind) { return IsShare(kind) || kind == MetricKind::kCsat; }

bool IsNonInferiority(const SealedPlan& plan) { return plan.plan.goal == Goal::kNonInferiority; }

// The smallest effect that matters or, where that is the goal, the margin.
const EffectSize& SizeToPlanFor(const SealedPlan& plan) {
  return IsNonInferiority(plan) ? *plan.plan.margin : *plan.hypothesis.smallest_effect;
}

bool NeedsBaseline(const Metric& metric, const EffectSize& smallest) {
  return IsPlannedAsShare(metric.kind) || smallest.scale == Scale::kRelative;
}

void CheckBaseline(const Metric& metric, const EffectSize& smallest, double baseline,
                   std::string_view source, Violations& violations) {
  const std::string is = absl::StrCat("is ", baseline, std::string(source));
  if (IsPlannedAsShare(metric.kind)) {
    if (baseline > 0 && baseline < 1) return;
    violations.Add("OUT_OF_RANGE", "baseline",
                   absl::StrCat(is, "; give the share of ", metric.meta.name,
                                " in the control, above 0 and below 1"));
  } else if (smallest.scale == Scale::kRelative && !(baseline > 0)) {
    violations.Add("OUT_OF_RANGE", "baseline",
                   absl::StrCat(is,
                                "; a smallest effect that is RELATIVE needs more than 0: give "
                                "that, or plan for an ABSOLUTE one"));
  } else if (!std::isfinite(baseline)) {
    violations.Add("OUT_OF_RANGE", "baseline", absl::StrCat(is, "; give a finite number"));
  }
}

void CheckStandardDeviation(const Metric& metric, double standard_deviation,
                            Violations& violations) {
  if (IsPlannedAsShare(metric.kind)) {
    violations.Add("NOT_FOR_KIND", "standard_deviation",
                   absl::StrCat("is ", standard_deviation, ", but ", metric.meta.name, " is a ",
                                std::string(EnumName(metric.kind)),
                                ", whose baseline says it already; leave it out"));
  } else if (!(standard_deviation > 0 && std::isfinite(standard_deviation))) {
    violations.Add("OUT_OF_RANGE", "standard_deviation",
                   absl::StrCat("is ", standard_deviation, "; give a finite number above 0"));
  }
}

// Fields that need no figures to be judged. `power` is with its default.
void CheckInput(const SealedPlan& plan, const Metric& metric, const PlanningInput& input,
                double power, Violations& violations) {
  if (!(input.units_per_day > 0 && input.units_per_day <= kMostUnitsPerDay)) {
    violations.Add("OUT_OF_RANGE", "units_per_day",
                   absl::StrCat("is ", input.units_per_day,
                                "; give how many units come in a day, above 0 and at most ",
                                kMostUnitsPerDay));
  }
  if (input.days < 0 || input.days > kMostDays) {
    violations.Add("OUT_OF_RANGE", "days",
                   absl::StrCat("is ", input.days, "; give 0 to ", kMostDays));
  }
  if (!(power > plan.plan.alpha && power < 1)) {
    violations.Add("OUT_OF_RANGE", "power",
                   absl::StrCat("is ", power, "; give a chance above alpha, ", plan.plan.alpha,
                                ", and below 1, such as ", kDefaultPower));
  }
  if (input.baseline.has_value()) {
    CheckBaseline(metric, SizeToPlanFor(plan), *input.baseline, "", violations);
  }
  if (input.standard_deviation.has_value()) {
    CheckStandardDeviation(metric, *input.standard_deviation, violations);
  }
}

// -------------------------------------------------------------------------------------------------
// What is known of the metric

struct Known {
  std::optional<double> baseline, standard_deviation;
  double variance_removed = 0;  // of shares; a standard deviation is of what is left
  std::int64_t units = 0;       // that the figures are of; 0: all is given
};

// From the first treatment that can be compared on all units. Nothing where none can.
Known ReadFigures(const Verdict& verdict, const Metric& metric) {
  for (const Result& result : verdict.results) {
    if (result.metric != metric.meta.name || !result.segment.empty() ||
        result.statistic != StatisticsOf(metric.kind).front() ||
        !result.control_value.has_value() || !result.standard_error.has_value()) {
      continue;
    }
    const std::int64_t control = result.units_control.value_or(0);
    const std::int64_t treatment = result.units_treatment.value_or(0);
    const auto standard_deviation = stats::ImpliedStandardDeviation(
        {.standard_error = *result.standard_error}, {.control = control, .treatment = treatment});
    if (!standard_deviation.ok()) continue;
    return {.baseline = result.control_value,
            .standard_deviation = *standard_deviation,
            .variance_removed = std::max(0.0, result.variance_removed.value_or(0)),
            .units = control + treatment};
  }
  return {};
}

// What `input` gives and, where that is not enough, the figures so far say.
absl::StatusOr<Known> Learn(const SealedPlan& plan, const Metric& metric,
                            const Experiment& experiment, const PlanningInput& input,
                            const std::function<absl::StatusOr<Verdict>()>& so_far) {
  const EffectSize& smallest = SizeToPlanFor(plan);
  Known known = {.baseline = input.baseline, .standard_deviation = input.standard_deviation};
  const bool lacks_baseline = NeedsBaseline(metric, smallest) && !known.baseline.has_value();
  const bool lacks_deviation =
      !IsPlannedAsShare(metric.kind) && !known.standard_deviation.has_value();
  if (!lacks_baseline && !lacks_deviation) return known;

  Violations violations;
  if (experiment.sealed_plan.empty()) {
    for (const auto& [field, lacks] :
         {std::pair{"baseline", lacks_baseline}, {"standard_deviation", lacks_deviation}}) {
      if (!lacks) continue;
      violations.Add("FIELD_REQUIRED", field,
                     absl::StrCat("is not set, and ", plan.experiment,
                                  " is a DRAFT without figures of its own; give that of ",
                                  metric.meta.name, " as it is known before"));
    }
    return violations.ToStatus();
  }
  const auto verdict = so_far();
  if (!verdict.ok()) return verdict.status();
  const Known figures = ReadFigures(*verdict, metric);
  if (figures.units == 0) {
    return WrongState(
        "NO_FIGURES", plan.experiment,
        absl::StrCat("has no figures of ", metric.meta.name, " to plan with yet; give ",
                     lacks_baseline ? "a baseline" : "",
                     lacks_baseline && lacks_deviation ? " and " : "",
                     lacks_deviation ? "a standard_deviation" : "", " as known before"));
  }
  if (lacks_baseline) {
    CheckBaseline(metric, smallest, *figures.baseline, ", as in the control so far", violations);
    if (!violations.empty()) return violations.ToStatus();
  }
  if (!known.baseline.has_value()) known.baseline = figures.baseline;
  if (lacks_deviation) known.standard_deviation = figures.standard_deviation;
  known.variance_removed = figures.variance_removed;
  known.units = figures.units;
  return known;
}

// -------------------------------------------------------------------------------------------------
// Choices

// What every choice is planned for.
struct Task {
  std::string experiment;
  const Metric* metric = nullptr;
  bool non_inferiority = false;
  EffectSize smallest;         // of non-inferiority the margin
  stats::PlannedMetric known;  // turned so that up is good
  double effect = 0;           // `smallest` in the metric's unit, above 0
  std::int64_t least_days = 0;
  double unit_of_scale = 1;  // what 1 on the scale of `smallest` is in the metric's unit
  double units_per_day = 0;
  std::int32_t days = 0;
  // What anytime intervals of a sealed plan are tuned to.
  std::optional<std::int64_t> planned_units;
};

// An effect on the scale of the smallest.
std::string EffectText(const Task& task, double effect) {
  return SizeText(StatisticsOf(task.metric->kind).front(),
                  {.value = effect, .scale = task.smallest.scale});
}

// What the primary metric is to show, if it has that effect.
struct ToShow {
  stats::Goal goal{};
  double effect = 0;
};
ToShow GoalOf(const Task& task) {
  if (task.non_inferiority) return {.goal = stats::Goal::kNotWorse};
  return {.goal = stats::Goal::kDifference, .effect = task.effect};
}

struct Terms {
  ChoiceKind kind{};
  Method method{};
  std::vector<double> weights;  // control's first
  double alpha = 0;             // of one treatment's interval
  double power = 0;             // of the primary metric
};

stats::Design DesignOf(const Task& task, const Terms& terms, stats::Goal goal) {
  const bool anytime = terms.method == Method::kAlwaysValid;
  return {.weights = terms.weights,
          .alpha = terms.alpha,
          .goal = goal,
          .margin = goal == stats::Goal::kDifference ? 0 : task.effect,
          .reading = anytime ? stats::Reading::kAnytime : stats::Reading::kOnce,
          .planned_units = anytime ? task.planned_units : std::nullopt};
}

// Below these nothing is decided.
double FewestUnits(const Task& task, const Terms& terms) {
  double in_an_arm = kLeastUnits;
  if (IsShare(task.metric->kind)) {
    const double control = task.known.baseline, treatment = control + GoalOf(task).effect;
    const double rarest = std::min({control, 1 - control, treatment, 1 - treatment});
    in_an_arm = std::max(in_an_arm, kLeastSuccesses / rarest);
  }
  double sum = 0;
  for (const double weight : terms.weights) sum += weight;
  return in_an_arm * sum / *std::min_element(terms.weights.begin(), terms.weights.end());
}

absl::Status CannotPlan(const Task& task, const absl::Status& why) {
  return WrongState("CANNOT_PLAN", task.experiment,
                    absl::StrCat("cannot be planned: ", std::string(why.message()),
                                 "; check baseline, standard_deviation, units_per_day and the "
                                 "smallest effect"));
}

// The chance to find the effect with so many units; absent where they are too few to decide.
std::optional<double> PowerAt(const Task& task, const Terms& terms, double units) {
  if (units < FewestUnits(task, terms)) return std::nullopt;
  const auto [goal, effect] = GoalOf(task);
  const auto power = stats::Power(DesignOf(task, terms, goal), task.known, effect, units);
  return power.ok() ? std::optional(*power) : std::nullopt;
}

absl::StatusOr<double> UnitsFor(const Task& task, const Terms& terms) {
  const double fewest = FewestUnits(task, terms);
  const auto [goal, effect] = GoalOf(task);
  const stats::Design design = DesignOf(task, terms, goal);
  const auto at_fewest = stats::Power(design, task.known, effect, fewest);
  if (!at_fewest.ok()) return at_fewest.status();
  if (*at_fewest >= terms.power) return fewest;
  return stats::SampleSize(design, task.known, effect, terms.power);
}

// Where days are given, what is found in them.
void LookInDays(const Task& task, const Terms& terms, PlanChoice& choice) {
  if (task.days == 0) return;
  choice.out_of_reach = choice.days > task.days;
  const double units = task.days * task.units_per_day;
  choice.power_in_days = PowerAt(task, terms, units);
  if (!choice.power_in_days.has_value() || task.non_inferiority) return;
  const auto effect = stats::DetectableEffect(DesignOf(task, terms, stats::Goal::kDifference),
                                              task.known, units, terms.power);
  if (effect.ok()) choice.detectable_effect = *effect / task.unit_of_scale;
}

absl::StatusOr<PlanChoice> MakeChoice(const Task& task, const Terms& terms) {
  const auto units = UnitsFor(task, terms);
  if (!units.ok()) return units.status();
  PlanChoice choice = {.kind = terms.kind,
                       .method = terms.method,
                       .alpha = terms.alpha,
                       .power = terms.power,
                       .units = static_cast<std::int64_t>(std::ceil(*units))};
  const auto whole_units = static_cast<double>(choice.units);
  const auto days = stats::DaysFor(whole_units, task.units_per_day);
  if (!days.ok()) return days.status();
  // The plan may ask for fewer than seven, or for more.
  const double to_come = std::ceil(whole_units / task.units_per_day);
  choice.days = std::max(task.least_days,
                         *days > stats::kLeastDays ? *days : static_cast<std::int64_t>(to_come));
  if (!task.non_inferiority) {
    const auto equivalence =
        stats::Power(DesignOf(task, terms, stats::Goal::kEquivalent), task.known, 0, whole_units);
    if (!equivalence.ok()) return equivalence.status();
    choice.equivalence_chance = *equivalence;
  }
  LookInDays(task, terms, choice);
  return choice;
}

// What other primary metrics leave of alpha.
double ShareOfPrimary(const SealedPlan& plan) {
  double share = 1;
  for (const CoPrimary& co_primary : plan.plan.co_primaries) share -= co_primary.alpha_share;
  return share;
}

std::size_t PrimariesThatMustWin(const SealedPlan& plan) {
  const bool all = plan.plan.co_primary_rule == CoPrimaryRule::kAll;
  return all ? 1 + plan.plan.co_primaries.size() : 1;
}

// The plan's own terms, then each that differs in one thing.
absl::StatusOr<std::vector<Terms>> TermsOf(const SealedPlan& plan, std::vector<double> weights,
                                           double power) {
  const std::size_t treatments = plan.variants.size() - 1;
  const std::size_t guardrails = plan.hypothesis.guardrails.size();
  const double alpha_of_primary = plan.plan.alpha * ShareOfPrimary(plan);
  const auto alpha =
      stats::AlphaPerComparison(alpha_of_primary, static_cast<std::int64_t>(treatments));
  if (!alpha.ok()) return alpha.status();
  const auto primaries = static_cast<std::int64_t>(PrimariesThatMustWin(plan));
  const auto raised = stats::PowerOfEach(power, static_cast<std::int64_t>(guardrails) + primaries);
  if (!raised.ok()) return raised.status();
  const auto without_guardrails = stats::PowerOfEach(power, primaries);
  if (!without_guardrails.ok()) return without_guardrails.status();

  const Terms as_planned = {.kind = ChoiceKind::kAsPlanned,
                            .method = plan.plan.method,
                            .weights = std::move(weights),
                            .alpha = *alpha,
                            .power = *raised};
  std::vector<Terms> all = {as_planned};
  const auto add = [&](ChoiceKind kind) -> Terms& {
    all.push_back(as_planned);
    all.back().kind = kind;
    return all.back();
  };
  add(ChoiceKind::kOtherMethod).method =
      plan.plan.method == Method::kFixedHorizon ? Method::kAlwaysValid : Method::kFixedHorizon;
  const auto [least, most] =
      std::minmax_element(as_planned.weights.begin(), as_planned.weights.end());
  if (*least != *most) {
    add(ChoiceKind::kEqualWeights).weights.assign(as_planned.weights.size(), 1);
  }
  if (treatments > 1) {
    Terms& one = add(ChoiceKind::kOneTreatment);
    one.alpha = alpha_of_primary;
    one.weights = {as_planned.weights[0],
                   *std::min_element(as_planned.weights.begin() + 1, as_planned.weights.end())};
  }
  if (guardrails > 0) add(ChoiceKind::kWithoutGuardrails).power = *without_guardrails;
  return all;
}

// -------------------------------------------------------------------------------------------------
// Notes

std::string OutOfReach(const Task& task, const std::vector<PlanChoice>& choices) {
  const PlanChoice& plan = choices.front();
  std::vector<std::string> in_reach;
  for (const PlanChoice& choice : choices) {
    if (!choice.out_of_reach) in_reach.emplace_back(EnumName(choice.kind));
  }
  const auto come = static_cast<std::int64_t>(task.days * task.units_per_day);
  std::string text =
      absl::StrCat("The plan is out of reach: it takes ", Counted(plan.units, "unit"), " and ",
                   Counted(plan.days, "day"), ", but in ", Counted(task.days, "day"), " ",
                   Counted(come, "unit"), " come. ");
  if (!plan.power_in_days.has_value()) {
    absl::StrAppend(&text, "That is too few for any decision. ");
  } else if (task.non_inferiority) {
    absl::StrAppend(&text, "With these the chance to show that nothing is lost by ",
                    EffectText(task, task.smallest.value), " or more is ",
                    Percent(*plan.power_in_days), ". ");
  } else {
    absl::StrAppend(&text, "With these the chance to find ", EffectText(task, task.smallest.value),
                    " is ", Percent(*plan.power_in_days), ", and ",
                    plan.detectable_effect.has_value()
                        ? absl::StrCat("the smallest effect found with ", Percent(plan.power),
                                       " is ", EffectText(task, *plan.detectable_effect))
                        : absl::StrCat("no effect is found with ", Percent(plan.power)),
                    ". ");
  }
  return absl::StrCat(
      text, "In reach: ", in_reach.empty() ? "none of the choices" : absl::StrJoin(in_reach, ", "),
      ".");
}

// What plan.planned_units says, and should say.
std::string PlannedUnitsNote(const SealedPlan& plan, const Task& task, const Terms& terms,
                             std::int64_t units, bool draft) {
  const std::int64_t planned = plan.plan.planned_units;
  const std::string remedy =
      draft ? absl::StrCat(" Set plan.planned_units to ", units, ".") : std::string();
  if (planned > 0 && planned < units) {
    const auto power = PowerAt(task, terms, static_cast<double>(planned));
    return absl::StrCat("The plan has ", Counted(planned, "planned unit"), ", with which ",
                        power.has_value() ? "the power is " + Percent(*power)
                                          : std::string("nothing can be decided"),
                        ".", remedy);
  }
  if (planned > 0 || !draft) return {};
  return absl::StrCat("The plan has no size.", remedy,
                      plan.plan.method == Method::kFixedHorizon
                          ? " It decides there."
                          : " Its intervals are tightest there.");
}

std::string GuardrailsNote(const SealedPlan& plan, const Terms& terms, double power) {
  const auto guardrails = static_cast<std::int64_t>(plan.hypothesis.guardrails.size());
  return absl::StrCat("So that the primary metric and ", Counted(guardrails, "guardrail"),
                      " all pass with ", Percent(power), ", it alone is planned at ",
                      Percent(terms.power), "; the units that their margins take are not counted.");
}

std::string CoPrimariesNote(const SealedPlan& plan, const Terms& terms) {
  const auto others = static_cast<std::int64_t>(plan.plan.co_primaries.size());
  if (PrimariesThatMustWin(plan) > 1) {
    return absl::StrCat("All of ", Counted(others + 1, "primary metric"),
                        " must win, so this one is planned at a power of ", Percent(terms.power),
                        "; the others may take more units.");
  }
  return absl::StrCat("This primary metric has ", Percent(ShareOfPrimary(plan)),
                      " of alpha; the others may win as well, which is not counted.");
}

// -------------------------------------------------------------------------------------------------

// Weights of those that take part, control's first, and where they stand in the plan.
struct Split {
  std::vector<double> weights;
  stats::Arms<std::size_t> compared;  // control and the smallest treatment
};

Split SplitOf(const SealedPlan& plan, const Experiment& experiment) {
  Split split;
  const auto weight_of = [&](std::size_t v) {
    return experiment.epochs.empty() ? plan.variants[v].weight
                                     : experiment.epochs.back().weights[v];
  };
  for (std::size_t v = 0; v < plan.variants.size(); ++v) {
    if (plan.variants[v].control) split.compared.control = v;
  }
  split.weights = {static_cast<double>(weight_of(split.compared.control))};
  double least = 0;
  for (std::size_t v = 0; v < plan.variants.size(); ++v) {
    const double weight = weight_of(v);
    if (v == split.compared.control || weight == 0) continue;
    split.weights.push_back(weight);
    if (least == 0 || weight < least) {
      least = weight;
      split.compared.treatment = v;
    }
  }
  return split;
}

// From the last exposure until its unit is read.
Duration MaturingTime(const SealedPlan& plan, const Limits& limits) {
  std::int64_t longest = 0;
  for (const Metric& metric : plan.metrics) {
    if (!metric.window.has_value()) continue;
    longest = std::max(longest, metric.window->delay.micros + metric.window->length.micros);
  }
  return longest > 0 ? Duration{longest + limits.lateness_allowance.micros} : Duration{};
}

absl::StatusOr<const Metric*> FindPrimary(const SealedPlan& plan) {
  const Metric* metric = FindByName(plan.metrics, plan.hypothesis.primary_metric);
  if (metric == nullptr) {
    return absl::InternalError(absl::StrCat("the plan of ", plan.experiment,
                                            " lacks its primary metric ",
                                            plan.hypothesis.primary_metric));
  }
  if (metric->kind == MetricKind::kQuantile) {
    return WrongState("CANNOT_PLAN", plan.experiment,
                      absl::StrCat("is decided by ", metric->meta.name,
                                   ", a QUANTILE, whose error cannot be foretold; plan with a MEAN "
                                   "or PROPORTION of the same event as primary metric"));
  }
  if (!IsNonInferiority(plan) && !plan.hypothesis.smallest_effect.has_value()) {
    return WrongState("NO_SMALLEST_EFFECT", plan.hypothesis.meta.name,
                      absl::StrCat("has no smallest_effect to plan for; set its value and scale "
                                   "before ",
                                   plan.experiment, " starts"));
  }
  return metric;
}

std::int64_t LeastDays(const SealedPlan& plan) {
  const Duration least = plan.plan.minimum_duration.value_or(kDefaultMinimumDuration);
  return (least.micros + Days(1).micros - 1) / Days(1).micros;
}

absl::StatusOr<Task> MakeTask(const SealedPlan& plan, const Metric& metric, const Known& known,
                              const PlanningInput& input) {
  Task task = {.experiment = plan.experiment,
               .metric = &metric,
               .non_inferiority = IsNonInferiority(plan),
               .smallest = SizeToPlanFor(plan),
               .least_days = LeastDays(plan),
               .units_per_day = input.units_per_day,
               .days = input.days};
  if (task.smallest.scale == Scale::kRelative) task.unit_of_scale = *known.baseline;
  task.effect = task.smallest.value * task.unit_of_scale;
  if (!IsPlannedAsShare(metric.kind)) {
    task.known.standard_deviation = *known.standard_deviation;
    return task;
  }
  const bool down = GoodDirection(plan, metric) == Direction::kDecrease;
  task.known = {.test = stats::PlannedTest::kProportion,
                .baseline = down ? 1 - *known.baseline : *known.baseline,
                .variance_removed = known.variance_removed};
  if (task.non_inferiority || task.known.baseline + task.effect <= 1) return task;
  return InvalidField(
      "OUT_OF_RANGE", "baseline",
      absl::StrCat("is ", *known.baseline, "; the smallest effect, ",
                   EffectText(task, task.smallest.value), ", would make that ",
                   down ? *known.baseline - task.effect : *known.baseline + task.effect,
                   ", which no share can be; give another baseline or a smaller effect"));
}

}  // namespace

absl::StatusOr<Planning> MakePlanning(const SealedPlan& plan, const Experiment& experiment,
                                      const PlanningInput& input, const Limits& limits,
                                      const std::function<absl::StatusOr<Verdict>()>& so_far) {
  const auto metric = FindPrimary(plan);
  if (!metric.ok()) return metric.status();
  const double planned_power = plan.plan.power == 0 ? kDefaultPower : plan.plan.power;
  const double power = input.power == 0 ? planned_power : input.power;
  Violations violations;
  CheckInput(plan, **metric, input, power, violations);
  if (!violations.empty()) return violations.ToStatus();
  const auto known = Learn(plan, **metric, experiment, input, so_far);
  if (!known.ok()) return known.status();
  auto task = MakeTask(plan, **metric, *known, input);
  if (!task.ok()) return task.status();

  const bool draft = experiment.sealed_plan.empty();
  const bool survey = IsSurvey((*metric)->kind);  // planned in answers, where plans count units
  Split split = SplitOf(plan, experiment);
  // A file without a size in its plan is read at its own (anytime_plan.h).
  const bool has_size = !draft && (!plan.external || plan.plan.planned_units > 0);
  if (has_size && !survey) task->planned_units = PlannedUnits(plan, split.compared);
  const auto terms = TermsOf(plan, std::move(split.weights), power);
  if (!terms.ok()) return CannotPlan(*task, terms.status());

  Planning planning = {.experiment = plan.experiment,
                       .metric = (*metric)->meta.name,
                       .smallest_effect = task->smallest,
                       .absolute_effect = task->effect,
                       .baseline = known->baseline,
                       .standard_deviation = known->standard_deviation,
                       .figures_units = known->units,
                       .maturing_time = MaturingTime(plan, limits),
                       .goal = plan.plan.goal};
  std::int64_t cheapest = 0;
  for (const Terms& of_choice : *terms) {
    auto choice = MakeChoice(*task, of_choice);
    if (!choice.ok()) return CannotPlan(*task, choice.status());
    if (cheapest == 0 || choice->units < cheapest) cheapest = choice->units;
    planning.choices.push_back(*std::move(choice));
  }
  for (PlanChoice& choice : planning.choices) {
    choice.price = static_cast<double>(choice.units) / static_cast<double>(cheapest);
  }

  const Terms& as_planned = terms->front();
  const PlanChoice& choice = planning.choices.front();
  if (choice.out_of_reach) planning.notes.push_back(OutOfReach(*task, planning.choices));
  if (!survey) {
    std::string note = PlannedUnitsNote(plan, *task, as_planned, choice.units, draft);
    if (!note.empty()) planning.notes.push_back(std::move(note));
  }
  if (!plan.hypothesis.guardrails.empty()) {
    planning.notes.push_back(GuardrailsNote(plan, as_planned, power));
  }
  if (!plan.plan.co_primaries.empty()) {
    planning.notes.push_back(CoPrimariesNote(plan, as_planned));
  }
  return planning;
}

}  // namespace insightloop
