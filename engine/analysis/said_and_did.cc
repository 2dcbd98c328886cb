// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/said_and_did.h"

#include <algorithm>
#include <cstdint>

#include "engine/ports/measurement.h"

namespace insightloop {
namespace {

struct Kind {
  Said said{};  // as it is measured
  Saying saying{};
};

std::vector<Kind> KindsOf(MetricKind survey) {
  if (survey == MetricKind::kCsat) {
    return {{Said::kGood, Saying::kTopTwo},
            {Said::kBad, Saying::kLow},
            {Said::kNothing, Saying::kNothing}};
  }
  return {{Said::kGood, Saying::kPromoter},
          {Said::kMiddling, Saying::kPassive},
          {Said::kBad, Saying::kDetractor},
          {Said::kNothing, Saying::kNothing}};
}

struct Group {
  std::int64_t units = 0;
  std::optional<double> value;
};

Group GroupOf(const Study& study, const Figures& figures, std::size_t survey, Said said,
              std::size_t behaviour, std::size_t variant) {
  const std::vector<stats::ExactSums> sums = AllEpochs(figures.all, survey, variant).sums.behaviour;
  if (sums.empty()) return {};
  const stats::ExactSums& of_group = sums[static_cast<std::size_t>(said)];
  Group group = {.units = of_group.count()};
  const auto moments = of_group.ToMoments(study.metrics[behaviour].resolution);
  if (moments.ok()) group.value = moments->mean;
  return group;
}

}  // namespace

bool IsBehaviour(MetricKind kind) {
  return IsShare(kind) || kind == MetricKind::kCount || kind == MetricKind::kMean;
}

std::vector<SaidAndDid> CompareSaidAndDid(const Study& study, const Figures& figures) {
  std::vector<SaidAndDid> lines;
  const auto found =
      std::find_if(study.metrics.begin(), study.metrics.end(),
                   [](const StudyMetric& metric) { return IsBehaviour(metric.metric->kind); });
  if (found == study.metrics.end()) return lines;
  const auto behaviour = static_cast<std::size_t>(found - study.metrics.begin());
  for (std::size_t survey = 0; survey < study.metrics.size(); ++survey) {
    if (!IsSurvey(study.kind(survey))) continue;
    for (const std::size_t treatment : study.treatments) {
      for (const auto& [said, saying] : KindsOf(study.kind(survey))) {
        const Group treated = GroupOf(study, figures, survey, said, behaviour, treatment);
        const Group control = GroupOf(study, figures, survey, said, behaviour, study.control);
        lines.push_back({.survey = study.metric_name(survey),
                         .said = saying,
                         .metric = study.metric_name(behaviour),
                         .variant = study.variant_id(treatment),
                         .control = study.variant_id(study.control),
                         .units_treatment = treated.units,
                         .units_control = control.units,
                         .treatment_value = treated.value,
                         .control_value = control.value});
      }
    }
  }
  return lines;
}

}  // namespace insightloop
