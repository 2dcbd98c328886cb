// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/enough_data.h"

#include "absl/strings/str_cat.h"
#include "engine/analysis/epoch_strata.h"
#include "engine/analysis/wording.h"

namespace insightloop {
namespace {

constexpr std::int64_t kLeastNonzero = 50;
constexpr std::int64_t kLeastAnswers = 50;

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

}  // namespace

std::optional<std::string> MissingData(const Study& study, const CellFigures& cell,
                                       std::size_t metric, std::size_t treatment) {
  const MetricKind kind = study.kind(metric);
  const EpochStrata strata =
      MakeEpochStrata(study, cell, metric, {.control = study.control, .treatment = treatment},
                      BasisOf(study.kind(metric)));
  const stats::Arms<MetricFigures>& read = strata.together;
  if (HasEnough(kind, read.control) && HasEnough(kind, read.treatment)) return std::nullopt;
  std::string text = absl::StrCat(study.metric_name(metric), " needs ", kLeastUnits,
                                  " matured units in each variant with ", NeedText(kind), "; ",
                                  HaveText(study, read.treatment, metric, treatment), ", ",
                                  HaveText(study, read.control, metric, study.control), ".");
  if (!strata.left_out.empty()) absl::StrAppend(&text, " ", strata.left_out);
  return text;
}

}  // namespace insightloop
