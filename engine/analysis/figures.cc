// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/figures.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace insightloop {
namespace {

absl::Status CheckJoint(const StudyMetric& metric, const MetricSums& sums, std::int64_t units) {
  const std::size_t variables = metric.joint_resolutions.size();
  if (variables == 0) return absl::OkStatus();
  if (!sums.joint.has_value() || sums.joint->variables() != variables) {
    return absl::InternalError(absl::StrCat("no sums of ", variables, " variables"));
  }
  if (sums.joint->overflowed() || sums.joint->count() == units) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("joint sums over ", sums.joint->count(), " of ", units, " units"));
}

absl::Status CheckQuantile(const MetricSums& sums, std::int64_t units) {
  if (!sums.quantile.has_value()) return absl::InternalError("no quantile");
  const QuantileSums& quantile = *sums.quantile;
  const bool fits = quantile.units == units && quantile.lower <= quantile.value &&
                    quantile.value <= quantile.upper && 1 <= quantile.lower_rank &&
                    quantile.lower_rank <= quantile.upper_rank && quantile.upper_rank <= units;
  return fits ? absl::OkStatus() : absl::InternalError("a quantile out of order");
}

absl::Status CheckMetric(const StudyMetric& metric, const MetricSums& sums, std::int64_t units) {
  const MetricKind kind = metric.metric->kind;
  if (units > 0) {
    if (absl::Status status = CheckJoint(metric, sums, units); !status.ok()) return status;
    if (kind == MetricKind::kQuantile && !sums.values.overflowed()) {
      if (absl::Status status = CheckQuantile(sums, units); !status.ok()) return status;
    }
  }
  const std::int64_t counted = sums.values.count();
  // Overflowed sums have lost their count; health reports them.
  if (!sums.values.overflowed() && (IsSurvey(kind) ? counted > units : counted != units)) {
    return absl::InternalError(absl::StrCat(counted, " values of ", units, " units"));
  }
  const bool fits = sums.nonzero >= 0 && sums.nonzero <= units && sums.asked >= 0 &&
                    sums.dismissed >= 0 && sums.promoters >= 0 && sums.detractors >= 0 &&
                    sums.top_two >= 0;
  if (!fits) return absl::InternalError("a count out of range");
  if (!IsSurvey(kind) || sums.values.overflowed()) return absl::OkStatus();
  const bool has_weight = !metric.metric->weight.empty();
  if (units > 0 && has_weight && (!sums.weighted || sums.weighted->variables() != 2)) {
    return absl::InternalError("no weighted sums");
  }
  if (!sums.behaviour.empty() && sums.behaviour.size() != kSaidValues) {
    return absl::InternalError(absl::StrCat("sums of ", sums.behaviour.size(), " kinds of answer"));
  }
  if (sums.asked < counted + sums.dismissed || sums.promoters + sums.detractors > counted ||
      sums.top_two > counted) {
    return absl::InternalError(absl::StrCat("counts that exceed the ", counted, " answers"));
  }
  return absl::OkStatus();
}

absl::Status CheckStratum(const Study& study, const Stratum& stratum) {
  if (stratum.variant >= study.plan->variants.size() ||
      stratum.metrics.size() != study.metrics.size() || stratum.units < 0) {
    return absl::InternalError("a stratum does not fit the sealed plan");
  }
  for (std::size_t m = 0; m < study.metrics.size(); ++m) {
    const absl::Status status = CheckMetric(study.metrics[m], stratum.metrics[m], stratum.units);
    if (!status.ok()) {
      return absl::InternalError(absl::StrCat("the figures of ", study.metric_name(m), " in ",
                                              study.variant_id(stratum.variant), " have ",
                                              status.message()));
    }
  }
  return absl::OkStatus();
}

// Of a study with one epoch its number does not matter.
std::optional<std::size_t> EpochIndex(const Study& study, std::int32_t epoch) {
  if (study.epochs.size() == 1) return 0;
  const auto found = std::find_if(study.epochs.begin(), study.epochs.end(),
                                  [=](const Epoch& e) { return e.epoch == epoch; });
  if (found == study.epochs.end()) return std::nullopt;
  return static_cast<std::size_t>(found - study.epochs.begin());
}

absl::Status CheckMeasured(const Study& study, const Measured& measured) {
  if (measured.exposed_units.size() != study.plan->variants.size()) {
    return absl::InternalError("exposed units are not given for every variant of the plan");
  }
  if (measured.outcomes_by_variant.size() != study.plan->variants.size()) {
    return absl::InternalError("outcomes are not given for every variant of the plan");
  }
  for (const Stratum& stratum : measured.strata) {
    // Without its split an epoch would be added to others (Simpson).
    if (study.epochs.size() == 1 && stratum.epoch != measured.strata.front().epoch) {
      return absl::InternalError("figures of more than one epoch, but the experiment has had one");
    }
    if (!EpochIndex(study, stratum.epoch).has_value()) {
      return absl::InternalError(
          absl::StrCat("figures of epoch ", stratum.epoch, ", which the experiment has not had"));
    }
    if (absl::Status status = CheckStratum(study, stratum); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Both ascending.
void AddTo(std::vector<AnswerUnits>& sum, const std::vector<AnswerUnits>& more) {
  std::map<std::int64_t, std::int64_t> units;
  for (const AnswerUnits& answer : sum) units[answer.answer] += answer.units;
  for (const AnswerUnits& answer : more) units[answer.answer] += answer.units;
  sum.clear();
  for (const auto& [answer, number] : units) sum.push_back({.answer = answer, .units = number});
}

void AddTo(std::optional<stats::JointSums>& sum, const std::optional<stats::JointSums>& more) {
  if (!sum.has_value()) {
    sum = more;
  } else if (more.has_value()) {
    sum->Merge(*more).IgnoreError();  // CheckMetric() has seen that they match
  }
}

void AddTo(MetricSums& sum, const MetricSums& more) {
  if (sum.values.count() == 0) {
    sum.quantile = more.quantile;
  } else if (more.values.count() > 0) {
    sum.quantile.reset();
  }
  sum.values.Merge(more.values);
  sum.nonzero += more.nonzero;
  sum.asked += more.asked;
  sum.dismissed += more.dismissed;
  sum.promoters += more.promoters;
  sum.detractors += more.detractors;
  sum.top_two += more.top_two;
  sum.largest = std::max(sum.largest, more.largest);
  AddTo(sum.answers, more.answers);
  if (sum.behaviour.empty()) sum.behaviour.resize(more.behaviour.size());
  for (std::size_t said = 0; said < more.behaviour.size(); ++said) {
    sum.behaviour[said].Merge(more.behaviour[said]);
  }
  AddTo(sum.joint, more.joint);
  AddTo(sum.weighted, more.weighted);
}

void AddTo(ArmFigures& sum, const Stratum& more) {
  sum.units += more.units;
  for (std::size_t m = 0; m < sum.metrics.size(); ++m) {
    const std::optional<QuantileSums> quantile = sum.metrics[m].quantile;
    AddTo(sum.metrics[m], more.metrics[m]);
    if (more.crossed) sum.metrics[m].quantile = quantile;
  }
}

CellFigures EmptyCell(const Study& study, std::string segment) {
  return {.segment = std::move(segment), .epochs = std::vector<ArmsOfEpoch>(study.epochs.size())};
}

void AddTo(const Study& study, CellFigures& cell, const Stratum& stratum) {
  ArmsOfEpoch& arms = cell.epochs[*EpochIndex(study, stratum.epoch)];
  if (arms.empty()) {
    const ArmFigures arm = {.metrics = std::vector<MetricSums>(study.metrics.size())};
    arms.resize(study.plan->variants.size(), arm);
  }
  AddTo(arms[stratum.variant], stratum);
}

std::vector<std::int64_t> MaturedUnits(const Study& study, const CellFigures& all) {
  std::vector<std::int64_t> units(study.plan->variants.size());
  for (const ArmsOfEpoch& arms : all.epochs) {
    for (std::size_t v = 0; v < arms.size(); ++v) units[v] += arms[v].units;
  }
  return units;
}

// Place of a cell's attribute in the plan, then its value.
std::pair<std::size_t, std::string> OrderOf(const Study& study, const std::string& segment) {
  const std::vector<std::string>& attributes = study.plan->plan.segment_attributes;
  const std::string attribute = AttributeOf(segment);
  const auto found =
      std::find_if(attributes.begin(), attributes.end(),
                   [&attribute](const std::string& name) { return IdOf(name) == attribute; });
  return {static_cast<std::size_t>(found - attributes.begin()), segment};
}

}  // namespace

absl::StatusOr<Figures> ArrangeFigures(const Study& study, const Measured& measured,
                                       CrossedUnits crossed) {
  if (absl::Status status = CheckMeasured(study, measured); !status.ok()) return status;
  Figures figures = {.all = EmptyCell(study, ""), .caps = measured.caps};
  figures.caps.resize(study.metrics.size());
  std::map<std::pair<std::size_t, std::string>, CellFigures> cells;
  // Crossed units last, as the quantile of those before them stands.
  std::vector<const Stratum*> strata;
  for (const Stratum& stratum : measured.strata) {
    if (!stratum.crossed || crossed == CrossedUnits::kInFirstVariant) strata.push_back(&stratum);
  }
  std::stable_partition(strata.begin(), strata.end(),
                        [](const Stratum* stratum) { return !stratum->crossed; });
  for (const Stratum* const of_strata : strata) {
    const Stratum& stratum = *of_strata;
    CellFigures* cell = &figures.all;
    if (!stratum.segment.empty()) {
      cell = &cells.try_emplace(OrderOf(study, stratum.segment), EmptyCell(study, stratum.segment))
                  .first->second;
    }
    AddTo(study, *cell, stratum);
  }
  for (auto& [order, cell] : cells) figures.cells.push_back(std::move(cell));
  figures.all.matured_units = MaturedUnits(study, figures.all);
  for (CellFigures& cell : figures.cells) cell.matured_units = figures.all.matured_units;
  return figures;
}

MetricFigures OfMetric(const ArmFigures& arm, std::size_t metric) {
  return {.units = arm.units, .sums = arm.metrics[metric]};
}

void AddTo(MetricFigures& sum, const MetricFigures& more) {
  sum.units += more.units;
  AddTo(sum.sums, more.sums);
}

CellFigures WithoutLargest(const CellFigures& cell, std::size_t metric, std::size_t variant) {
  CellFigures without = cell;
  const std::int64_t largest = AllEpochs(cell, metric, variant).sums.largest;
  for (ArmsOfEpoch& arms : without.epochs) {
    if (arms.empty() || largest == 0) continue;
    MetricSums& sums = arms[variant].metrics[metric];
    if (sums.largest != largest || sums.joint.has_value()) continue;
    sums.values.Remove(largest);
    --sums.nonzero;
    break;
  }
  return without;
}

bool HasOverflowed(const MetricSums& sums) {
  return sums.values.overflowed() || (sums.joint.has_value() && sums.joint->overflowed());
}

MetricFigures AllEpochs(const CellFigures& cell, std::size_t metric, std::size_t variant) {
  MetricFigures sum;
  for (const ArmsOfEpoch& arms : cell.epochs) {
    if (!arms.empty()) AddTo(sum, OfMetric(arms[variant], metric));
  }
  return sum;
}

std::string AttributeOf(const std::string& segment) { return segment.substr(0, segment.find('=')); }

}  // namespace insightloop
