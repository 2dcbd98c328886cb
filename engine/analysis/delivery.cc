// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/delivery.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/enough_data.h"
#include "engine/analysis/wording.h"
#include "stats/comparison.h"
#include "stats/confidence_sequence.h"
#include "stats/mean_difference.h"

namespace insightloop {
namespace {

struct Level {
  double value = 0, upper = 0;
};

// Of a metric with one number per unit, in one treatment; `upper` holds with 1 - alpha.
absl::StatusOr<Level> LevelOf(const Study& study, const Figures& figures, std::size_t metric,
                              std::size_t variant, double least, double alpha) {
  const MetricFigures arm = AllEpochs(figures.all, metric, variant);
  if (arm.units < kLeastUnits) return absl::FailedPreconditionError("too few units");
  const auto moments = arm.sums.values.ToMoments(study.metrics[metric].resolution);
  if (!moments.ok()) return moments.status();
  const auto mean = stats::EstimateMean(*moments);
  if (!mean.ok()) return mean.status();
  const stats::EffectEstimate estimate = {.effect = mean->value,
                                          .standard_error = mean->standard_error};
  // It is looked at whenever a verdict is.
  const std::int64_t planned =
      PlannedUnits(*study.plan, {.control = study.control, .treatment = variant});
  const auto test = stats::TestBelowAnytime(
      estimate, least, {.units = arm.units, .planned_units = (planned + 1) / 2, .alpha = alpha});
  // All units have the same number.
  return Level{.value = mean->value, .upper = test.ok() ? test->bound : mean->value};
}

// Looks for treatments whose level is below `least` beyond doubt.
void LookAt(const Study& study, const Figures& figures, const std::string& name, double least,
            std::string_view what_least_is, HealthCheck& check, std::vector<std::string>& texts) {
  const auto metric = FindMetric(study, name);
  if (!metric.has_value()) return;
  const Statistic statistic = StatisticsOf(study.kind(*metric)).front();
  constexpr double kTests = 2;  // of a treatment: its reach, and its mechanism
  const double alpha = study.alpha / (kTests * static_cast<double>(study.treatments.size()));
  for (const std::size_t treatment : study.treatments) {
    const auto level = LevelOf(study, figures, *metric, treatment, least, alpha);
    if (!level.ok()) continue;
    const bool below = level->upper < least;
    if (below) check.status = CheckStatus::kWarn;
    texts.push_back(absl::StrCat(name, " is ", ValueText(statistic, level->value), " in ",
                                 study.variant_id(treatment), ", at most ",
                                 ValueText(statistic, level->upper),
                                 below ? ", which is below " : ", which may be ",
                                 std::string(what_least_is), " ", ValueText(statistic, least)));
  }
}

}  // namespace

std::optional<HealthCheck> CheckDelivery(const Study& study, const Figures& figures) {
  const Hypothesis& hypothesis = study.plan->hypothesis;
  if (!hypothesis.planned_reach.has_value() && !hypothesis.mechanism_floor.has_value()) {
    return std::nullopt;
  }
  HealthCheck check = {
      .check = Check::kDelivery, .status = CheckStatus::kPass, .stage = Stage::kExecution};
  std::vector<std::string> texts;
  if (hypothesis.planned_reach.has_value()) {
    LookAt(study, figures, hypothesis.delivery_metric, *hypothesis.planned_reach / 2,
           "half the planned reach,", check, texts);
  }
  if (hypothesis.mechanism_floor.has_value()) {
    LookAt(study, figures, hypothesis.mechanism_metric, *hypothesis.mechanism_floor,
           "the planned floor of", check, texts);
  }
  check.detail = texts.empty() ? "Too few units to say whether the action arrived."
                               : absl::StrCat(absl::StrJoin(texts, "; "), ".");
  return check;
}

}  // namespace insightloop
