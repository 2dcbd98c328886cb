// SPDX-License-Identifier: Apache-2.0

#include "stats/two_proportions.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/internal/arguments.h"
#include "stats/internal/int128.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace internal {
namespace {

// (x_t n_c - x_c n_t) over a product of two counts. Whole numbers until the last step, so that
// nothing cancels and swapping arms turns the sign and nothing else.
double CrossDifferenceOver(const Arms<Proportion>& arms, Int128 denominator) {
  const auto& [control, treatment] = arms;
  const Int128 numerator =
      Int128{treatment.successes} * control.trials - Int128{control.successes} * treatment.trials;
  return static_cast<double>(static_cast<long double>(numerator) /
                             static_cast<long double>(denominator));
}

double RatioOf(const Counts& treatment, const Counts& control) {
  return treatment.successes / treatment.trials * (control.trials / control.successes);
}

}  // namespace

absl::Status CheckProportions(const Arms<Proportion>& arms) {
  if (absl::Status status = CheckProportion(arms.control, "control"); !status.ok()) return status;
  return CheckProportion(arms.treatment, "treatment");
}

absl::Status CheckProportionsAndLevel(const Arms<Proportion>& arms, double level) {
  if (absl::Status status = CheckProportions(arms); !status.ok()) return status;
  return CheckLevel(level);
}

double DifferenceOfShares(const Arms<Proportion>& arms) {
  return CrossDifferenceOver(arms, Int128{arms.treatment.trials} * arms.control.trials);
}

double RatioOfShares(const Arms<Proportion>& arms) {
  return RatioOf(CountsOf(arms.treatment), CountsOf(arms.control));
}

double RelativeDifferenceOfShares(const Arms<Proportion>& arms) {
  return CrossDifferenceOver(arms, Int128{arms.treatment.trials} * arms.control.successes);
}

ZTest TestStatistic(double statistic, Alternative alternative) {
  Tail tail;
  switch (alternative) {
    case Alternative::kTwoSided:
      tail = NormalTwoSidedTail(statistic);
      break;
    case Alternative::kGreater:
      tail = NormalUpperTail(statistic);
      break;
    case Alternative::kLess:
      tail = NormalUpperTail(-statistic);
      break;
  }
  return {.statistic = statistic, .p_value = tail.p, .log_p_value = tail.log_p};
}

}  // namespace internal

namespace {

// 1/x - 1/n, the squared standard error of ln(x / n).
double SquaredLogError(const internal::Counts& arm) {
  return arm.failures / arm.successes / arm.trials;
}

// Katz's interval after adding `more` to successes and trials.
absl::StatusOr<Interval> LogInterval(const Arms<Proportion>& arms, double level, double more) {
  auto [control, treatment] =
      Arms<internal::Counts>{internal::CountsOf(arms.control), internal::CountsOf(arms.treatment)};
  for (internal::Counts* arm : {&control, &treatment}) {
    arm->successes += more;
    arm->trials += more;
  }
  if (control.failures == 0 && treatment.failures == 0) {
    return absl::FailedPreconditionError(
        "all units of both arms succeeded; the ratio has no standard error");
  }
  const double ratio = internal::RatioOf(treatment, control);
  const double half_width = internal::TwoSidedQuantile(level) *
                            std::sqrt(SquaredLogError(control) + SquaredLogError(treatment));
  // At most 17: a level that is a double, below 1, has a quantile below 8.3.
  return Interval{.lower = ratio * std::exp(-half_width),
                  .upper = ratio * std::exp(half_width),
                  .level = level};
}

absl::Status CheckSuccesses(const Proportion& arm, absl::string_view name) {
  if (arm.successes > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(name, ".successes is 0; this ratio of shares needs one at least"));
}

}  // namespace

absl::StatusOr<EffectEstimate> ProportionDifference(const Arms<Proportion>& arms) {
  if (absl::Status status = internal::CheckProportions(arms); !status.ok()) return status;
  const absl::StatusOr<ArmEstimate> control = EstimateProportion(arms.control);
  const absl::StatusOr<ArmEstimate> treatment = EstimateProportion(arms.treatment);
  return EffectEstimate{
      .effect = internal::DifferenceOfShares(arms),
      .standard_error = std::hypot(control->standard_error, treatment->standard_error),
      .degrees_of_freedom = {},
  };
}

absl::StatusOr<Comparison> CompareProportions(const Arms<Proportion>& arms, double level) {
  const absl::StatusOr<EffectEstimate> difference = ProportionDifference(arms);
  if (!difference.ok()) return difference.status();
  return Compare(*difference, level);
}

absl::StatusOr<ZTest> PooledZTest(const Arms<Proportion>& arms, Alternative alternative) {
  if (absl::Status status = internal::CheckProportions(arms); !status.ok()) return status;
  const internal::Counts control = internal::CountsOf(arms.control);
  const internal::Counts treatment = internal::CountsOf(arms.treatment);
  const double successes = control.successes + treatment.successes;
  const double failures = control.failures + treatment.failures;
  if (successes == 0 || failures == 0) {
    return absl::FailedPreconditionError(absl::StrCat("all units of both arms ",
                                                      successes == 0 ? "failed" : "succeeded",
                                                      "; their common share has no variance"));
  }
  // p (1-p) (1/n_c + 1/n_t) with p = successes / trials of both.
  const double variance = successes / control.trials * failures / treatment.trials /
                          (control.trials + treatment.trials);
  return internal::TestStatistic(internal::DifferenceOfShares(arms) / std::sqrt(variance),
                                 alternative);
}

absl::StatusOr<Interval> NewcombeInterval(const Arms<Proportion>& arms, double level) {
  if (absl::Status status = internal::CheckProportionsAndLevel(arms, level); !status.ok()) {
    return status;
  }
  const double z = internal::TwoSidedQuantile(level);
  const double difference = internal::DifferenceOfShares(arms);
  const auto control = internal::DistancesToWilsonEnds(internal::CountsOf(arms.control), z);
  const auto treatment = internal::DistancesToWilsonEnds(internal::CountsOf(arms.treatment), z);
  return Interval{.lower = difference - std::hypot(treatment.below, control.above),
                  .upper = difference + std::hypot(treatment.above, control.below),
                  .level = level};
}

absl::StatusOr<Interval> AgrestiCaffoInterval(const Arms<Proportion>& arms, double level) {
  if (absl::Status status = internal::CheckProportions(arms); !status.ok()) return status;
  Arms<Proportion> more = arms;
  for (Proportion* arm : {&more.control, &more.treatment}) {
    if (arm->trials > std::numeric_limits<std::int64_t>::max() - 2) {
      return absl::FailedPreconditionError(
          absl::StrCat("an arm has ", arm->trials, " trials; they must leave room for 2 more"));
    }
    arm->successes += 1;
    arm->trials += 2;
  }
  const absl::StatusOr<Comparison> comparison = CompareProportions(more, level);
  if (!comparison.ok()) return comparison.status();
  return comparison->interval;
}

absl::StatusOr<double> RatioOfProportions(const Arms<Proportion>& arms) {
  if (absl::Status status = internal::CheckProportions(arms); !status.ok()) return status;
  if (absl::Status status = CheckSuccesses(arms.control, "control"); !status.ok()) return status;
  return internal::RatioOfShares(arms);
}

absl::StatusOr<Interval> LogRatioInterval(const Arms<Proportion>& arms, double level) {
  if (absl::Status status = internal::CheckProportionsAndLevel(arms, level); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckSuccesses(arms.control, "control"); !status.ok()) return status;
  if (absl::Status status = CheckSuccesses(arms.treatment, "treatment"); !status.ok()) {
    return status;
  }
  return LogInterval(arms, level, 0);
}

absl::StatusOr<Interval> AdjustedLogRatioInterval(const Arms<Proportion>& arms, double level) {
  if (absl::Status status = internal::CheckProportionsAndLevel(arms, level); !status.ok()) {
    return status;
  }
  return LogInterval(arms, level, 0.5);
}

}  // namespace insightloop::stats
