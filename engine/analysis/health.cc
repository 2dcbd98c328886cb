// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/health.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/analysis/epoch_strata.h"
#include "engine/analysis/wording.h"
#include "stats/sample_ratio.h"
#include "stats/two_proportions.h"

namespace insightloop {
namespace {

// Where a check begins to warn and to fail: shares above it, p-values below it.
struct Thresholds {
  double warn = 0, fail = 0;
};
constexpr Thresholds kSampleRatioP = {.warn = 0.01, .fail = 0.001};
constexpr Thresholds kCrossedShare = {.warn = 0.001, .fail = 0.1};
constexpr Thresholds kLateShare = {.warn = 0.01, .fail = 0.1};
constexpr double kResponseP = 0.05;

CheckStatus StatusAbove(double share, const Thresholds& bounds) {
  if (share > bounds.fail) return CheckStatus::kFail;
  return share > bounds.warn ? CheckStatus::kWarn : CheckStatus::kPass;
}

CheckStatus StatusBelow(double p_value, const Thresholds& bounds) {
  if (p_value < bounds.fail) return CheckStatus::kFail;
  return p_value < bounds.warn ? CheckStatus::kWarn : CheckStatus::kPass;
}

double Share(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// -------------------------------------------------------------------------------------------------
// Sample ratio

// Arms that the plan gives units.
struct Split {
  std::vector<std::int64_t> units;
  std::vector<double> weights;
  std::vector<std::string> texts;       // `mens 21,307 (weight 1)`
  std::vector<std::string> unexpected;  // units of arms that should have none
};

Split SplitOf(const Study& study, const Epoch& epoch,
              const std::vector<std::int64_t>& units_by_variant) {
  Split split;
  for (std::size_t v = 0; v < study.plan->variants.size(); ++v) {
    const std::string& variant = study.variant_id(v);
    const std::int32_t weight = epoch.weights[v];
    const std::int64_t units = units_by_variant[v];
    if (weight > 0) {
      split.units.push_back(units);
      split.weights.push_back(weight);
      split.texts.push_back(absl::StrCat(variant, " ", Grouped(units), " (weight ", weight, ")"));
    } else if (units > 0) {
      split.unexpected.push_back(absl::StrCat(Counted(units, "unit"), " in ", variant));
    }
  }
  return split;
}

// By variant.
std::vector<std::int64_t> UnitsOf(const Study& study, const Measured& measured,
                                  const Epoch& epoch) {
  if (study.epochs.size() == 1) return measured.exposed_units;
  for (const EpochUnits& of_epoch : measured.exposed_by_epoch) {
    if (of_epoch.epoch == epoch.epoch) return of_epoch.units;
  }
  return std::vector<std::int64_t>(study.plan->variants.size());
}

// The splits of all epochs, each against its own weights.
struct Splits {
  std::vector<stats::SampleRatioResult> tests;
  std::vector<std::string> texts;       // one for each epoch
  std::vector<std::int32_t> too_small;  // numbers of epochs without a test
  std::vector<std::string> unexpected;  // as of one
};

Splits SplitsOf(const Study& study, const Measured& measured) {
  Splits splits;
  const bool several = study.epochs.size() > 1;
  for (const Epoch& epoch : study.epochs) {
    const Split split = SplitOf(study, epoch, UnitsOf(study, measured, epoch));
    const std::string name = absl::StrCat("in epoch ", epoch.epoch);
    const std::string text = absl::StrJoin(split.texts, ", ");
    splits.texts.push_back(several ? absl::StrCat(name, " ", text) : text);
    for (const std::string& units : split.unexpected) {
      splits.unexpected.push_back(several ? absl::StrCat(units, " ", name) : units);
    }
    const auto test = stats::TestSampleRatio(split.units, split.weights);
    if (test.ok()) {
      splits.tests.push_back(*test);
    } else {
      splits.too_small.push_back(epoch.epoch);
    }
  }
  return splits;
}

// -------------------------------------------------------------------------------------------------
// Response rate

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

// p-value of "answered as often as in the control"; absent when there is no test.
std::optional<double> CompareResponses(const EpochStrata& strata) {
  absl::StatusOr<stats::Comparison> comparison;
  if (strata.strata.size() == 1) {
    const auto& [control, treatment] = strata.together;
    comparison = stats::CompareProportions(
        {.control = AnsweredOfAsked(control), .treatment = AnsweredOfAsked(treatment)},
        1 - kResponseP);
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
    comparison = CompareArms(*combined, 1 - kResponseP);
  }
  if (comparison.ok()) return comparison->p_value;
  return std::nullopt;
}

}  // namespace

HealthCheck CheckSampleRatio(const Study& study, const Measured& measured) {
  HealthCheck check = {.check = Check::kSampleRatio, .status = CheckStatus::kPass};
  const Splits splits = SplitsOf(study, measured);
  const std::string units =
      absl::StrCat("Units at first exposure: ", absl::StrJoin(splits.texts, "; "), "; ");
  const auto result = stats::CombineSampleRatios(splits.tests);
  if (result.ok()) {
    check.p_value = result->p_value;
    check.status = StatusBelow(result->p_value, kSampleRatioP);
    const std::string degrees =
        study.epochs.size() > 1
            ? absl::StrCat(" with ", Counted(result->degrees_of_freedom, "degree"), " of freedom")
            : "";
    check.detail =
        absl::StrCat(units, check.status == CheckStatus::kPass ? "as planned" : "not as planned",
                     ", chi-square ", Number(result->chi_squared), degrees, ", ",
                     PValueText(result->p_value), ".");
    if (!splits.too_small.empty()) {
      absl::StrAppend(&check.detail, " Too few units to be tested are in ",
                      EpochsText(splits.too_small), ".");
    }
  } else {
    check.detail = absl::StrCat(units, "too few to be tested against the planned split.");
  }
  if (!splits.unexpected.empty()) {
    check.status = CheckStatus::kFail;
    absl::StrAppend(&check.detail, " By its weight of 0 there should be none, but there are ",
                    absl::StrJoin(splits.unexpected, ", "), ".");
  }
  return check;
}

HealthCheck CheckCrossedUnits(const Measured& measured, bool decision_differs) {
  HealthCheck check = {.check = Check::kCrossedUnits, .status = CheckStatus::kPass};
  const std::int64_t exposed = std::accumulate(
      measured.exposed_units.begin(), measured.exposed_units.end(), measured.crossed_units);
  if (measured.crossed_units == 0) {
    check.detail = absl::StrCat("None of ", Counted(exposed, "exposed unit"),
                                " was seen in more than one variant.");
    return check;
  }
  const double share = Share(measured.crossed_units, exposed);
  check.status = StatusAbove(share, kCrossedShare);
  check.detail =
      absl::StrCat(Grouped(measured.crossed_units), " of ", Counted(exposed, "exposed unit"), " (",
                   Percent(share), ") were seen in more than one variant and are left out");
  if (decision_differs) {
    check.status = CheckStatus::kFail;
    absl::StrAppend(&check.detail,
                    "; counted in their first variant, they would change the decision");
  }
  check.detail += ".";
  return check;
}

HealthCheck CheckLateFacts(const Study& study, const Measured& measured) {
  HealthCheck check = {.check = Check::kLateFacts, .status = CheckStatus::kPass};
  if (measured.outcomes == 0) {
    check.detail = "No outcome of the plan's metrics has come so far.";
    return check;
  }
  const double share = Share(measured.late_outcomes, measured.outcomes);
  check.status = StatusAbove(share, kLateShare);
  check.detail = absl::StrCat(Grouped(measured.late_outcomes), " of ",
                              Counted(measured.outcomes, "outcome"), " (", Percent(share),
                              ") came later than the acceptance window and are left out");
  std::vector<std::string> texts;  // what is late in one variant only is a bias
  for (std::size_t v = 0; measured.late_outcomes > 0 && v < study.plan->variants.size(); ++v) {
    const std::int64_t outcomes = measured.outcomes_by_variant[v];
    if (outcomes == 0) continue;
    const std::int64_t late = measured.late_by_variant[v];
    texts.push_back(absl::StrCat(Grouped(late), " of ", Grouped(outcomes), " (",
                                 Percent(Share(late, outcomes)), ") in ", study.variant_id(v)));
  }
  if (!texts.empty()) absl::StrAppend(&check.detail, ": ", absl::StrJoin(texts, ", "));
  check.detail += ".";
  return check;
}

ResponseRates CheckResponseRate(const Study& study, const Figures& figures, std::size_t metric) {
  ResponseRates rates = {.check = {.check = Check::kResponseRate, .status = CheckStatus::kPass},
                         .differs = std::vector<bool>(study.treatments.size())};
  std::string left_out;
  for (std::size_t i = 0; i < study.treatments.size(); ++i) {
    const EpochStrata strata = MakeEpochStrata(
        study, figures.all, metric, {.control = study.control, .treatment = study.treatments[i]},
        Basis::kAsked);
    if (!strata.left_out.empty()) absl::StrAppend(&left_out, " ", strata.left_out);
    auto p_value = CompareResponses(strata);
    if (!p_value.has_value()) continue;
    // Bonferroni: every treatment counts, also one where nobody was asked.
    *p_value = std::min(1.0, *p_value * static_cast<double>(study.treatments.size()));
    rates.differs[i] = *p_value < kResponseP;
    rates.check.p_value = std::min(*p_value, rates.check.p_value.value_or(1));
    if (rates.differs[i]) rates.check.status = CheckStatus::kWarn;
  }
  rates.check.detail = RatesText(study, figures, metric);
  if (rates.check.p_value.has_value()) {
    absl::StrAppend(&rates.check.detail, "; under equal rates ", PValueText(*rates.check.p_value));
  }
  absl::StrAppend(&rates.check.detail, ".", left_out);
  return rates;
}

HealthCheck CheckMinDuration(const Progress& progress) {
  if (progress.exposed_at_once) {
    return {.check = Check::kMinDuration,
            .status = CheckStatus::kPass,
            .detail = "All units were exposed at once, or no times are known: no days to check."};
  }
  const bool is_long_enough = progress.ran_for >= kLeastDuration;
  return {.check = Check::kMinDuration,
          .status = is_long_enough ? CheckStatus::kPass : CheckStatus::kWarn,
          .detail = absl::StrCat("It ran for ", DaysText(progress.ran_for),
                                 is_long_enough ? "."
                                                : "; at least 7 full days are needed, as "
                                                  "weekdays differ.")};
}

HealthCheck CheckExactSums(const Study& study, const Figures& figures) {
  std::set<std::string> overflowed;
  const auto look_at = [&](const CellFigures& cell) {
    for (std::size_t v = 0; v < study.plan->variants.size(); ++v) {
      for (std::size_t m = 0; m < study.metrics.size(); ++m) {
        if (HasOverflowed(AllEpochs(cell, m, v).sums)) overflowed.insert(study.metric_name(m));
      }
    }
  };
  look_at(figures.all);
  for (const CellFigures& cell : figures.cells) look_at(cell);
  if (overflowed.empty()) {
    return {.check = Check::kExactSums,
            .status = CheckStatus::kPass,
            .detail = "Every sum stayed within what exact arithmetic holds."};
  }
  return {.check = Check::kExactSums,
          .status = CheckStatus::kFail,
          .detail = absl::StrCat("Sums of ", absl::StrJoin(overflowed, ", "),
                                 " exceed what exact arithmetic holds.")};
}

}  // namespace insightloop
