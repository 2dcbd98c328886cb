// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/response_rate.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/contrast.h"
#include "engine/analysis/epoch_strata.h"
#include "engine/analysis/response_bounds.h"
#include "engine/analysis/thresholds.h"
#include "engine/analysis/wording.h"
#include "stats/confidence_sequence.h"
#include "stats/two_proportions.h"

namespace insightloop {
namespace {

constexpr Thresholds kResponseP = {.warn = 0.05, .fail = 0.001};  // over all treatments together

stats::Proportion AnsweredOfAsked(const MetricFigures& figures) {
  return {.successes = figures.sums.values.count(), .trials = figures.sums.asked};
}

// ` and 12 turned it down`; empty when nobody did.
std::string DismissedText(const Figures& figures, std::size_t metric, std::size_t variant) {
  const std::int64_t dismissed = AllEpochs(figures.all, metric, variant).sums.dismissed;
  return dismissed == 0 ? "" : absl::StrCat(" and ", Grouped(dismissed), " turned it down");
}

// `metrics/nps: 97 % of 2,831 asked in 2017 answered, nobody was asked in 2018`.
std::string RatesText(const Study& study, const Figures& figures, std::size_t metric) {
  std::vector<std::string> texts;
  for (std::size_t v = 0; v < study.plan->variants.size(); ++v) {
    const stats::Proportion responses = AnsweredOfAsked(AllEpochs(figures.all, metric, v));
    if (responses.trials == 0) {
      texts.push_back(absl::StrCat("nobody was asked in ", study.variant_id(v)));
      continue;
    }
    texts.push_back(absl::StrCat(Percent(Share(responses.successes, responses.trials)), " of ",
                                 Grouped(responses.trials), " asked in ", study.variant_id(v),
                                 " answered", DismissedText(figures, metric, v)));
  }
  return absl::StrCat(study.metric_name(metric), ": ", absl::StrJoin(texts, ", "));
}

// p-value of "answered as often as in the control": for one reading where a fixed horizon has come
// to its end, else at any. Absent when there is no test.
std::optional<double> CompareResponses(const Study& study, const Figures& figures,
                                       const EpochStrata& strata,
                                       const stats::Arms<std::size_t>& variants) {
  absl::StatusOr<stats::Comparison> comparison;
  if (strata.strata.size() == 1) {
    const auto& [control, treatment] = strata.together;
    comparison = stats::CompareProportions(
        {.control = AnsweredOfAsked(control), .treatment = AnsweredOfAsked(treatment)},
        1 - kResponseP.warn);
  } else {
    std::vector<stats::Arms<stats::ArmEstimate>> estimates;
    for (const auto& [control, treatment] : strata.strata) {
      const auto of_control = stats::EstimateProportion(AnsweredOfAsked(control));
      const auto of_treatment = stats::EstimateProportion(AnsweredOfAsked(treatment));
      if (!of_control.ok() || !of_treatment.ok()) return std::nullopt;
      estimates.push_back({.control = *of_control, .treatment = *of_treatment});
    }
    const auto combined = CombineArms(estimates);
    if (!combined.ok()) return std::nullopt;
    comparison = CompareArms(*combined, 1 - kResponseP.warn);
  }
  if (comparison.ok() && (study.is_always_valid() || !study.stopped)) {
    comparison = stats::CompareAnytime(
        {.effect = comparison->effect, .standard_error = comparison->standard_error},
        MakeAnytimePlan(study, figures.all, variants, kResponseP.fail));
  }
  if (comparison.ok()) return comparison->p_value;
  return std::nullopt;
}

// What the bounds of an effect on a primary metric, given who answered, say of the arm.
struct BoundsSay {
  bool better = false;   // whatever trimming those who answer in one arm only
  bool nothing = false;  // they include the effect that is tested against
  std::string text;
};

BoundsSay AskBounds(const Study& study, const Figures& figures, const StudyPrimary& primary,
                    std::size_t treatment) {
  const ContrastOf of = {.metric = primary.metric,
                         .statistic = StatisticsOf(study.kind(primary.metric)).front(),
                         .control = study.control,
                         .treatment = treatment};
  const BoundsByResponse bounds =
      BoundByResponse(study, figures.all, of, 1 - study.alpha_of(primary));
  if (!bounds.lee.has_value()) return {.text = bounds.no_lee};
  if (!bounds.lee->interval.has_value()) {
    return {.text = "Bounds of what that may hide have no interval."};
  }
  double least = 0;
  if (const auto& margin = study.plan->plan.margin; margin.has_value()) {
    const bool relative = margin->scale == Scale::kRelative;
    const Contrast contrast = MakeContrast(study, figures.all, of, 1 - study.alpha);
    least = -margin->value * (relative ? contrast.values.control.value_or(0) : 1);
  }
  const EffectInterval& interval = *bounds.lee->interval;
  const bool down = GoodDirection(study, primary.metric) == Direction::kDecrease;
  const double lower = down ? -*interval.upper : *interval.lower;
  const double upper = down ? -*interval.lower : *interval.upper;
  return {.better = lower > least,
          .nothing = lower <= least && upper >= least,
          .text = absl::StrCat(
              "Among those who would answer either way the effect of ", study.variant_id(treatment),
              " lies between ", DifferenceText(of.statistic, *bounds.lee->lower), " and ",
              DifferenceText(of.statistic, *bounds.lee->upper), " ",
              IntervalText(of.statistic, *interval.lower, *interval.upper, *interval.level), ".")};
}

}  // namespace

ResponseRates CheckResponseRate(const Study& study, const Figures& figures, std::size_t metric) {
  const StudyPrimary* const primary = FindPrimary(study, metric);
  ResponseRates rates = {.check = {.check = Check::kResponseRate,
                                   .status = CheckStatus::kPass,
                                   .stage = Stage::kExecution,
                                   .warn_at = kResponseP.warn},
                         .differs = std::vector<bool>(study.treatments.size())};
  if (primary != nullptr) rates.check.fail_at = kResponseP.fail;
  std::string left_out, bounds;
  for (std::size_t i = 0; i < study.treatments.size(); ++i) {
    const stats::Arms<std::size_t> variants = {.control = study.control,
                                               .treatment = study.treatments[i]};
    const EpochStrata strata = MakeEpochStrata(study, figures.all, metric, variants, Basis::kAsked);
    if (!strata.left_out.empty()) absl::StrAppend(&left_out, " ", strata.left_out);
    auto p_value = CompareResponses(study, figures, strata, variants);
    if (!p_value.has_value()) continue;
    // Bonferroni: every treatment counts, also one where nobody was asked.
    *p_value = std::min(1.0, *p_value * static_cast<double>(study.treatments.size()));
    rates.check.p_value = std::min(*p_value, rates.check.p_value.value_or(1));
    CheckStatus status = StatusBelow(*p_value, kResponseP);
    if (status != CheckStatus::kPass && primary != nullptr) {
      const BoundsSay say = AskBounds(study, figures, *primary, study.treatments[i]);
      absl::StrAppend(&bounds, " ", say.text);
      rates.differs[i] = !say.better;
      if (!say.nothing) status = CheckStatus::kWarn;
    } else if (status == CheckStatus::kFail) {
      status = CheckStatus::kWarn;  // it does not decide
    }
    rates.check.status = std::max(rates.check.status, status);
  }
  rates.check.figure = rates.check.p_value;
  rates.check.detail = RatesText(study, figures, metric);
  if (rates.check.p_value.has_value()) {
    absl::StrAppend(&rates.check.detail, "; under equal rates ", PValueText(*rates.check.p_value));
  }
  absl::StrAppend(&rates.check.detail, ".", bounds, left_out);
  return rates;
}

}  // namespace insightloop
