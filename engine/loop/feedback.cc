// SPDX-License-Identifier: Apache-2.0

#include "engine/loop/feedback.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"

namespace insightloop {
namespace {

std::string Finding(const Result& result) {
  std::string text =
      absl::StrCat(result.variant, " against ", result.control, " on ", result.metric);
  if (result.absolute_effect.has_value()) {
    absl::StrAppendFormat(&text, ": %+.6g", *result.absolute_effect);
  }
  if (result.absolute_interval.has_value()) {
    absl::StrAppendFormat(&text, " [%+.6g, %+.6g]", *result.absolute_interval->lower,
                          *result.absolute_interval->upper);
  }
  if (result.relative_lift.has_value()) {
    absl::StrAppendFormat(&text, ", %+.3g %% relative", 100 * *result.relative_lift);
  }
  return text;
}

// The comparison that the plan decides by: all units, the metric's first statistic.
bool Decides(const Result& result) {
  return result.role == Role::kPrimary && result.segment.empty() &&
         result.statistic != Statistic::kMeanScore;
}

DataType TypeOf(Statistic statistic) {
  return statistic == Statistic::kNetPromoterScore || statistic == Statistic::kTopTwoShare
             ? DataType::kAttitudinal
             : DataType::kBehavioural;
}

std::string Statement(const SealedPlan& plan, const Verdict& verdict) {
  const Hypothesis& hypothesis = plan.hypothesis;
  switch (verdict.decision) {
    case Decision::kShip:
      return absl::StrCat("Confirmed with ", verdict.ship_variant, ": ", hypothesis.then_outcome);
    case Decision::kDoNotShip:
      return absl::StrCat("Harmful: ", hypothesis.if_action);
    case Decision::kNoMeaningfulEffect:
      return absl::StrCat("Does not matter: ", hypothesis.if_action);
    default:
      return absl::StrCat("Still open: ", hypothesis.then_outcome);
  }
}

// At most `max` bytes, cut between characters.
std::string Shortened(std::string text, std::size_t max) {
  if (text.size() <= max) return text;
  std::size_t end = max - std::string_view("…").size();
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

Insight MakeInsight(const SealedPlan& plan, const Verdict& verdict) {
  constexpr std::size_t kMaxText = 2'000;
  Insight insight;
  insight.statement = Shortened(Statement(plan, verdict), kMaxText);
  insight.why = plan.hypothesis.because;
  insight.segment = plan.hypothesis.segment;
  insight.what = plan.hypothesis.then_outcome;
  insight.behaviour = plan.hypothesis.then_outcome;
  insight.how = plan.hypothesis.if_action;
  insight.parents = plan.hypothesis.insights;
  insight.verdict = verdict.name;
  for (const Result& result : verdict.results) {
    if (!Decides(result)) continue;
    insight.evidence.push_back(
        {.source_system = SourceSystem::kExperiment,
         .data_type = TypeOf(result.statistic),
         .finding = Shortened(Finding(result), kMaxText),
         .metric = result.metric,
         .figure = result.absolute_effect,
         .sample_size = result.units_treatment.value_or(0) + result.units_control.value_or(0),
         .observe_time = verdict.data_through,
         .link = verdict.name});
  }
  return insight;
}

}  // namespace insightloop
