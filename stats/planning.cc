// SPDX-License-Identifier: Apache-2.0

#include "stats/planning.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"
#include "stats/internal/tails.h"
#include "stats/normal_mixture.h"

namespace insightloop::stats {
namespace {

constexpr double kMostUnits = 1e18;

constexpr double kFewestDegreesOfFreedom = 1;

bool IsProportion(PlannedTest test) {
  return test == PlannedTest::kProportion || test == PlannedTest::kPooledProportion ||
         test == PlannedTest::kArcsineProportion;
}

absl::Status CheckWeights(const std::vector<double>& weights) {
  if (weights.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "weights has ", weights.size(), " entries; give control's and a treatment's at least"));
  }
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (absl::Status status =
            internal::CheckFinitePositive(weights[k], absl::StrCat("weights[", k, "]"));
        !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDesign(const Design& design) {
  if (absl::Status status = CheckWeights(design.weights); !status.ok()) return status;
  if (absl::Status status = internal::CheckInsideUnitInterval(design.alpha, "alpha");
      !status.ok()) {
    return status;
  }
  if (design.goal != Goal::kDifference) {
    if (absl::Status status = internal::CheckFinitePositive(design.margin, "margin");
        !status.ok()) {
      return status;
    }
  }
  if (design.planned_units.has_value() && *design.planned_units < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("planned_units is ", *design.planned_units, "; it must be 1 or more"));
  }
  return absl::OkStatus();
}

absl::Status CheckMetric(const PlannedMetric& metric) {
  if (!(metric.variance_removed >= 0 && metric.variance_removed < 1)) {
    return absl::InvalidArgumentError(absl::StrCat("variance_removed is ", metric.variance_removed,
                                                   "; it must be 0 or more and below 1"));
  }
  if (IsProportion(metric.test)) {
    return internal::CheckInsideUnitInterval(metric.baseline, "baseline");
  }
  absl::Status baseline = metric.test == PlannedTest::kRelativeMean
                              ? internal::CheckFinitePositive(metric.baseline, "baseline")
                              : internal::CheckFinite(metric.baseline, "baseline");
  if (!baseline.ok()) return baseline;
  return internal::CheckFinitePositive(metric.standard_deviation, "standard_deviation");
}

// Whether the test has a formula for what is asked.
absl::Status CheckCombination(const Design& design, const PlannedMetric& metric) {
  const bool only_difference = metric.test == PlannedTest::kStudentT ||
                               metric.test == PlannedTest::kPooledProportion ||
                               metric.test == PlannedTest::kArcsineProportion;
  if (only_difference && design.goal != Goal::kDifference) {
    return absl::InvalidArgumentError(
        "the metric's test is for the goal kDifference; plan margins with kMean or kProportion");
  }
  if (metric.test == PlannedTest::kStudentT && design.reading == Reading::kAnytime) {
    return absl::InvalidArgumentError(
        "the metric's test kStudentT is read once; plan readings at any time with kMean");
  }
  return absl::OkStatus();
}

absl::Status CheckEffect(const PlannedMetric& metric, double effect) {
  if (absl::Status status = internal::CheckFinite(effect, "effect"); !status.ok()) return status;
  if (!IsProportion(metric.test)) return absl::OkStatus();
  // The rounding of a difference of shares must not push their sum out of range.
  constexpr double kRounding = 1e-15;
  const double share = metric.baseline + effect;
  if (share >= -kRounding && share <= 1 + kRounding) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("effect is ", effect, " on a baseline of ",
                                                 metric.baseline,
                                                 "; their sum is a share and must be in [0, 1]"));
}

absl::Status CheckPower(const Design& design, double power) {
  if (absl::Status status = internal::CheckInsideUnitInterval(power, "power"); !status.ok()) {
    return status;
  }
  if (power > design.alpha) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("power is ", power, "; it must be above alpha, ", design.alpha));
}

absl::Status CheckPlan(const Design& design, const PlannedMetric& metric) {
  if (absl::Status status = CheckDesign(design); !status.ok()) return status;
  if (absl::Status status = CheckMetric(metric); !status.ok()) return status;
  return CheckCombination(design, metric);
}

// Control and the smallest treatment's shares of all units.
Arms<double> SharesCompared(const std::vector<double>& weights) {
  const double largest = *std::max_element(weights.begin(), weights.end());
  double sum = 0;  // of weights that cannot overflow
  for (const double weight : weights) sum += weight / largest;
  const double smallest = *std::min_element(weights.begin() + 1, weights.end());
  return {.control = weights[0] / largest / sum, .treatment = smallest / largest / sum};
}

Arms<double> UnitsCompared(const Design& design, double units) {
  const Arms<double> shares = SharesCompared(design.weights);
  return {.control = shares.control * units, .treatment = shares.treatment * units};
}

double DegreesOfFreedom(const Arms<double>& units) { return units.control + units.treatment - 2; }

absl::Status CheckUnits(const Design& design, const PlannedMetric& metric, double units) {
  if (!(units > 0 && units <= kMostUnits)) {
    return absl::InvalidArgumentError(
        absl::StrCat("units is ", units, "; it must be above 0 and at most ", kMostUnits));
  }
  if (metric.test == PlannedTest::kStudentT &&
      !(DegreesOfFreedom(UnitsCompared(design, units)) >= kFewestDegreesOfFreedom)) {
    return absl::InvalidArgumentError(
        absl::StrCat("units is ", units, "; Student's t needs three in the two arms compared"));
  }
  return absl::OkStatus();
}

// How many standard errors the interval reaches to each side.
double CriticalValue(const Design& design, const Arms<double>& units) {
  if (design.reading == Reading::kOnce) return internal::NormalUpperQuantile(design.alpha / 2);
  const double so_many = units.control + units.treatment;
  const double planned =
      design.planned_units.has_value() ? static_cast<double>(*design.planned_units) : so_many;
  return internal::MixtureMultiplier(so_many / planned * internal::TightestTime(design.alpha),
                                     design.alpha);
}

// The estimate's distribution, on the scale on which it is tested.
struct Scale {
  double effect = 0;
  double error = 0;       // standard error
  double null_error = 0;  // as the test believes it to be
};

Scale MeanScale(const PlannedMetric& metric, double effect, const Arms<double>& units) {
  const double lift = metric.test == PlannedTest::kRelativeMean ? effect / metric.baseline : 0;
  const double error =
      metric.standard_deviation *
      std::hypot(1 / std::sqrt(units.treatment), (1 + lift) / std::sqrt(units.control));
  return {.effect = effect, .error = error, .null_error = error};
}

Scale ProportionScale(const PlannedMetric& metric, double effect, const Arms<double>& units) {
  const double p_control = metric.baseline;
  const double p_treatment = std::clamp(p_control + effect, 0.0, 1.0);
  const double q_control = 1 - p_control;
  const double q_treatment = 1 - p_treatment;
  const double of_one_unit = 1 / units.control + 1 / units.treatment;
  if (metric.test == PlannedTest::kArcsineProportion) {
    // 2 asin(sqrt(p_t)) - 2 asin(sqrt(p_c)) without the difference.
    const double sine =
        effect / (std::sqrt(p_treatment * q_control) + std::sqrt(p_control * q_treatment));
    const double error = std::sqrt(of_one_unit);
    return {
        .effect = 2 * std::asin(std::clamp(sine, -1.0, 1.0)), .error = error, .null_error = error};
  }
  const double error = std::sqrt(p_control * q_control / units.control +
                                 p_treatment * q_treatment / units.treatment);
  if (metric.test == PlannedTest::kProportion) {
    return {.effect = effect, .error = error, .null_error = error};
  }
  const double share_control = units.control / (units.control + units.treatment);
  const double pooled = share_control * p_control + (1 - share_control) * p_treatment;
  return {.effect = effect,
          .error = error,
          .null_error = std::sqrt(pooled * (1 - pooled) * of_one_unit)};
}

Scale ScaleOf(const PlannedMetric& metric, double effect, const Arms<double>& units) {
  Scale scale = IsProportion(metric.test) ? ProportionScale(metric, effect, units)
                                          : MeanScale(metric, effect, units);
  const double left = std::sqrt(1 - metric.variance_removed);
  scale.error *= left;
  scale.null_error *= left;
  return scale;
}

// That an estimate so far beyond its threshold on average is seen to be beyond it.
double ChanceBeyond(double distance, const Scale& scale, double critical_value) {
  return internal::NormalUpperTail((critical_value * scale.null_error - distance) / scale.error).p;
}

double StudentTChance(const Design& design, const Scale& scale, double degrees_of_freedom) {
  const double critical_value =
      internal::StudentTUpperQuantile(design.alpha / 2, degrees_of_freedom);
  const double centre = std::abs(scale.effect) / scale.error;
  const double right = internal::NonCentralTUpperTail(critical_value, degrees_of_freedom, centre);
  if (!design.count_wrong_side) return right;
  return right + internal::NonCentralTUpperTail(critical_value, degrees_of_freedom, -centre);
}

double NormalChance(const Design& design, const Scale& scale, double critical_value) {
  switch (design.goal) {
    case Goal::kDifference: {
      const double distance = std::abs(scale.effect);
      const double right = ChanceBeyond(distance, scale, critical_value);
      if (!design.count_wrong_side) return right;
      return right + ChanceBeyond(-distance, scale, critical_value);
    }
    case Goal::kNotWorse:
      return ChanceBeyond(design.margin + scale.effect, scale, critical_value);
    case Goal::kEquivalent:
      break;
  }
  // The ends never fail together where power is above 0, so P(both hold) = P(above) + P(below) - 1.
  const double above = ChanceBeyond(design.margin + scale.effect, scale, critical_value);
  const double below = ChanceBeyond(design.margin - scale.effect, scale, critical_value);
  return std::max(above + below - 1, 0.0);  // in this order NaN stays NaN
}

// All arguments are in range. NaN where the standard error does not fit in a double.
double Chance(const Design& design, const PlannedMetric& metric, double effect, double units) {
  const Arms<double> compared = UnitsCompared(design, units);
  const Scale scale = ScaleOf(metric, effect, compared);
  return metric.test == PlannedTest::kStudentT
             ? StudentTChance(design, scale, DegreesOfFreedom(compared))
             : NormalChance(design, scale, CriticalValue(design, compared));
}

struct Range {
  double least = 0;
  double most = 0;
};

// Where in the range the chance, which grows with its argument, reaches the power; an end of the
// range when it does so nowhere inside.
double SmallestReaching(absl::FunctionRef<double(double)> chance_at, double power, Range range) {
  for (;;) {
    const double middle = std::sqrt(range.least) * std::sqrt(range.most);
    if (!(middle > range.least && middle < range.most)) return range.most;
    (chance_at(middle) >= power ? range.most : range.least) = middle;
  }
}

// The smallest size at which every arm has a unit, and Student's t a degree of freedom.
double FewestUnits(const Design& design, const PlannedMetric& metric) {
  const Arms<double> shares = SharesCompared(design.weights);
  const double one_each = 1 / std::min(shares.control, shares.treatment);
  if (metric.test != PlannedTest::kStudentT) return one_each;
  return std::max(one_each, (2 + kFewestDegreesOfFreedom) / (shares.control + shares.treatment));
}

// Whether growing units bring the chance to 1.
absl::Status CheckReachable(const Design& design, double effect) {
  switch (design.goal) {
    case Goal::kDifference:
      if (effect != 0) return absl::OkStatus();
      return absl::InvalidArgumentError(
          "effect is 0; no number of units shows that; give the smallest effect that matters");
    case Goal::kNotWorse:
      if (effect > -design.margin) return absl::OkStatus();
      break;
    case Goal::kEquivalent:
      if (std::abs(effect) < design.margin) return absl::OkStatus();
      break;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "effect is ", effect, "; it must be on the good side of the margin, ", design.margin));
}

}  // namespace

absl::StatusOr<double> Power(const Design& design, const PlannedMetric& metric, double effect,
                             double units) {
  if (absl::Status status = CheckPlan(design, metric); !status.ok()) return status;
  if (absl::Status status = CheckEffect(metric, effect); !status.ok()) return status;
  if (absl::Status status = CheckUnits(design, metric, units); !status.ok()) return status;
  const double chance = Chance(design, metric, effect, units);
  if (std::isfinite(chance)) return std::min(chance, 1.0);  // of two tails, but for rounding
  return absl::FailedPreconditionError(
      absl::StrCat("standard_deviation ", metric.standard_deviation, " over ", units,
                   " units gives a standard error beyond the range of a double"));
}

absl::StatusOr<double> SampleSize(const Design& design, const PlannedMetric& metric, double effect,
                                  double power) {
  if (absl::Status status = CheckPlan(design, metric); !status.ok()) return status;
  if (absl::Status status = CheckEffect(metric, effect); !status.ok()) return status;
  if (absl::Status status = CheckPower(design, power); !status.ok()) return status;
  if (absl::Status status = CheckReachable(design, effect); !status.ok()) return status;
  const auto chance_at = [&](double units) { return Chance(design, metric, effect, units); };
  const double fewest = FewestUnits(design, metric);
  if (chance_at(fewest) >= power) {
    return absl::FailedPreconditionError(absl::StrCat(
        "effect ", effect, " is so large that the fewest units there can be, ", fewest,
        ", are enough: one in the smallest arm",
        metric.test == PlannedTest::kStudentT ? " and three in the two compared" : ""));
  }
  const double units = SmallestReaching(chance_at, power, {.least = fewest, .most = kMostUnits});
  if (units < kMostUnits) return units;
  return absl::FailedPreconditionError(
      absl::StrCat("effect ", effect, " takes more than ", kMostUnits, " units"));
}

absl::StatusOr<double> DetectableEffect(const Design& design, const PlannedMetric& metric,
                                        double units, double power) {
  if (absl::Status status = CheckPlan(design, metric); !status.ok()) return status;
  if (absl::Status status = CheckUnits(design, metric, units); !status.ok()) return status;
  if (absl::Status status = CheckPower(design, power); !status.ok()) return status;
  if (design.goal != Goal::kDifference) {
    return absl::InvalidArgumentError("goal has a margin; a detectable effect is of kDifference");
  }
  const bool proportion = IsProportion(metric.test);
  const double scale = proportion ? 1 : metric.standard_deviation;
  const double most = proportion ? 1 - metric.baseline : 1e18;
  const auto chance_at = [&](double effect) {
    return Chance(design, metric, effect * scale, units);
  };
  const double effect = SmallestReaching(chance_at, power, {.least = most * 1e-36, .most = most});
  if (effect < most && std::isfinite(effect * scale)) return effect * scale;
  return absl::FailedPreconditionError(
      absl::StrCat("units is ", units, "; no effect is found with power ", power));
}

absl::StatusOr<double> ImpliedStandardDeviation(const EffectEstimate& estimate,
                                                const Arms<std::int64_t>& units) {
  if (absl::Status status =
          internal::CheckFinitePositive(estimate.standard_error, "standard_error");
      !status.ok()) {
    return status;
  }
  if (units.control < 1 || units.treatment < 1) {
    return absl::InvalidArgumentError(absl::StrCat("units are ", units.control, " in control and ",
                                                   units.treatment,
                                                   " in treatment; both must be 1 or more"));
  }
  const double standard_deviation =
      estimate.standard_error /
      std::sqrt(1 / static_cast<double>(units.control) + 1 / static_cast<double>(units.treatment));
  if (std::isfinite(standard_deviation)) return standard_deviation;
  return absl::FailedPreconditionError(
      absl::StrCat("standard_error ", estimate.standard_error,
                   " implies a standard deviation beyond the range of a double"));
}

absl::StatusOr<std::int64_t> DaysFor(double units, double units_per_day) {
  if (absl::Status status = internal::CheckFinitePositive(units, "units"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckFinitePositive(units_per_day, "units_per_day");
      !status.ok()) {
    return status;
  }
  constexpr double kMostDays = 1e15;
  const double days = std::ceil(units / units_per_day);
  if (!(days <= kMostDays)) {
    return absl::FailedPreconditionError(absl::StrCat("units is ", units, " at ", units_per_day,
                                                      " a day; that is more than ", kMostDays,
                                                      " days"));
  }
  return std::max(kLeastDays, static_cast<std::int64_t>(days));
}

}  // namespace insightloop::stats
