// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/interactions.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/contrast.h"
#include "engine/analysis/enough_data.h"
#include "engine/analysis/epoch_strata.h"
#include "engine/analysis/holm.h"
#include "engine/analysis/wording.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"
#include "stats/confidence_sequence.h"
#include "stats/strata.h"

namespace insightloop {
namespace {

struct ValueEffect {
  std::string segment;          // `{attribute id}={value}`
  stats::ArmEstimate estimate;  // of the effect
};

// The effect of all values but one, together.
absl::StatusOr<stats::ArmEstimate> OthersOf(const std::vector<ValueEffect>& values,
                                            std::size_t but) {
  std::vector<std::vector<stats::ArmEstimate>> others;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != but) others.push_back({values[i].estimate});
  }
  const auto combined = stats::CombineStrata(others);
  if (!combined.ok()) return combined.status();
  return combined->arms.front();
}

class Interactions {
 public:
  Interactions(const Study& study, const Figures& figures)
      : study_(study),
        figures_(figures),
        primary_(*FindMetric(study, study.plan->hypothesis.primary_metric)),
        statistic_(StatisticsOf(study.kind(primary_)).front()) {}

  Interaction Test(const std::string& attribute, const std::vector<const CellFigures*>& cells,
                   std::size_t treatment) const {
    const std::vector<ValueEffect> values = EffectsOf(cells, treatment);
    Interaction interaction = {.metric = study_.metric_name(primary_),
                               .attribute = absl::StrCat("attributes/", attribute),
                               .variant = study_.variant_id(treatment),
                               .values = std::ssize(values)};
    const double comparisons = values.size() == 2 ? 1 : static_cast<double>(values.size());
    const ValueEffect* furthest = nullptr;
    double others_effect = 0;
    for (std::size_t i = 0; i < values.size() && values.size() >= 2; ++i) {
      const auto others = OthersOf(values, i);
      if (!others.ok()) continue;
      const auto comparison =
          Compare({.control = *others, .treatment = values[i].estimate}, treatment);
      if (!comparison.ok()) continue;
      const double corrected = std::fmin(1, comparison->p_value * comparisons);
      if (interaction.p_value.has_value() && corrected >= *interaction.p_value) continue;
      interaction.p_value = corrected;
      furthest = &values[i];
      others_effect = others->value;
    }
    if (furthest == nullptr) {
      interaction.detail =
          absl::StrCat("Fewer than two values of ", attribute, " have enough units to compare.");
      return interaction;
    }
    const auto left_out = std::ssize(cells) - std::ssize(values);
    interaction.detail = absl::StrCat(
        "Of ", Counted(std::ssize(values), "value"), " of ", attribute, " the effect of ",
        interaction.variant, " is furthest from the others' for ", furthest->segment, ": ",
        DifferenceText(statistic_, furthest->estimate.value), " against ",
        DifferenceText(statistic_, others_effect), ", ", PValueText(*interaction.p_value), ".",
        left_out == 0
            ? ""
            : absl::StrCat(" Left out with too little data: ", Counted(left_out, "value"), "."));
    return interaction;
  }

 private:
  std::vector<ValueEffect> EffectsOf(const std::vector<const CellFigures*>& cells,
                                     std::size_t treatment) const {
    std::vector<ValueEffect> values;
    for (const CellFigures* cell : cells) {
      // Few units look significant by chance: as for a decision.
      if (MissingData(study_, *cell, primary_, treatment).has_value()) continue;
      const Contrast contrast = MakeContrast(study_, *cell,
                                             {.metric = primary_,
                                              .statistic = statistic_,
                                              .control = study_.control,
                                              .treatment = treatment},
                                             1 - study_.alpha);
      if (!contrast.comparison.has_value()) continue;
      values.push_back({.segment = cell->segment,
                        .estimate = {.units = contrast.units.control + contrast.units.treatment,
                                     .value = contrast.comparison->effect,
                                     .standard_error = contrast.comparison->standard_error}});
    }
    return values;
  }

  // By the test of the plan's method.
  absl::StatusOr<stats::Comparison> Compare(const stats::Arms<stats::ArmEstimate>& effects,
                                            std::size_t treatment) const {
    if (!study_.is_always_valid()) return CompareArms(effects, 1 - study_.alpha);
    const auto difference = stats::Difference(effects);
    if (!difference.ok()) return difference.status();
    return stats::CompareAnytime(
        *difference,
        MakeAnytimePlan(study_, figures_.all, {.control = study_.control, .treatment = treatment},
                        study_.alpha));
  }

  const Study& study_;
  const Figures& figures_;
  const std::size_t primary_;
  const Statistic statistic_;
};

}  // namespace

absl::StatusOr<std::vector<Interaction>> FindInteractions(const Study& study,
                                                          const Figures& figures) {
  std::map<std::string, std::vector<const CellFigures*>> cells_of;
  std::vector<std::string> attributes;  // in the plan's order
  for (const CellFigures& cell : figures.cells) {
    const std::string attribute = AttributeOf(cell.segment);
    if (cells_of[attribute].empty()) attributes.push_back(attribute);
    cells_of[attribute].push_back(&cell);
  }
  const Interactions tests(study, figures);
  std::vector<Interaction> interactions;
  for (const std::string& attribute : attributes) {
    for (const std::size_t treatment : study.treatments) {
      interactions.push_back(tests.Test(attribute, cells_of[attribute], treatment));
    }
  }
  std::vector<Interaction*> family;
  for (Interaction& interaction : interactions) family.push_back(&interaction);
  if (absl::Status status = AdjustByHolm(family); !status.ok()) return status;
  return interactions;
}

}  // namespace insightloop
