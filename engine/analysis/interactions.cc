// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/interactions.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/analysis/anytime_plan.h"
#include "engine/analysis/contrast.h"
#include "engine/analysis/enough_data.h"
#include "engine/analysis/wording.h"
#include "stats/comparison.h"
#include "stats/confidence_sequence.h"
#include "stats/multiplicity.h"

namespace insightloop {
namespace {

struct ValueEffect {
  std::string segment;  // `{attribute id}={value}`
  double units = 0, effect = 0, standard_error = 0;
};

// All values but one, together.
ValueEffect OthersOf(const std::vector<ValueEffect>& values, std::size_t but) {
  ValueEffect others;
  double squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i == but) continue;
    const ValueEffect& value = values[i];
    others.units += value.units;
    others.effect += value.units * value.effect;
    squares += std::pow(value.units * value.standard_error, 2);
  }
  others.effect /= others.units;
  others.standard_error = std::sqrt(squares) / others.units;
  return others;
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
    for (std::size_t i = 0; i < values.size() && values.size() >= 2; ++i) {
      const auto p_value = CompareWithOthers(values, i, treatment);
      if (!p_value.has_value()) continue;
      const double corrected = std::fmin(1, *p_value * comparisons);
      if (interaction.p_value.has_value() && corrected >= *interaction.p_value) continue;
      interaction.p_value = corrected;
      furthest = &values[i];
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
        DifferenceText(statistic_, furthest->effect), " against ",
        DifferenceText(statistic_,
                       OthersOf(values, static_cast<std::size_t>(furthest - values.data())).effect),
        ", ", PValueText(*interaction.p_value), ".",
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
      values.push_back(
          {.segment = cell->segment,
           .units = static_cast<double>(contrast.units.control + contrast.units.treatment),
           .effect = contrast.comparison->effect,
           .standard_error = contrast.comparison->standard_error});
    }
    return values;
  }

  std::optional<double> CompareWithOthers(const std::vector<ValueEffect>& values, std::size_t value,
                                          std::size_t treatment) const {
    const ValueEffect others = OthersOf(values, value);
    const stats::EffectEstimate difference = {
        .effect = values[value].effect - others.effect,
        .standard_error = std::hypot(values[value].standard_error, others.standard_error)};
    const auto comparison =
        study_.is_always_valid()
            ? stats::CompareAnytime(
                  difference, MakeAnytimePlan(study_, figures_.all,
                                              {.control = study_.control, .treatment = treatment},
                                              study_.alpha))
            : stats::Compare(difference, 1 - study_.alpha);
    if (!comparison.ok()) return std::nullopt;
    return comparison->p_value;
  }

  const Study& study_;
  const Figures& figures_;
  const std::size_t primary_;
  const Statistic statistic_;
};

void AdjustByHolm(std::vector<Interaction>& interactions) {
  std::vector<double> p_values;
  for (const Interaction& interaction : interactions) {
    p_values.push_back(interaction.p_value.value_or(1));
  }
  const auto adjusted = stats::AdjustPValues(stats::Correction::kHolm, p_values);
  for (std::size_t i = 0; adjusted.ok() && i < interactions.size(); ++i) {
    if (interactions[i].p_value.has_value()) interactions[i].adjusted_p_value = (*adjusted)[i];
  }
}

}  // namespace

std::vector<Interaction> FindInteractions(const Study& study, const Figures& figures) {
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
  AdjustByHolm(interactions);
  return interactions;
}

}  // namespace insightloop
