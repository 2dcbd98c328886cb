// SPDX-License-Identifier: Apache-2.0

#include "stats/lee_bounds.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/internal/int128.h"
#include "stats/mean_difference.h"

namespace insightloop::stats {
namespace {

using internal::Int128;

// An arm, and the estimate of all its answers.
struct Respondents {
  SurveyArm arm;
  ArmEstimate all;
};

absl::StatusOr<Respondents> ReadArm(const SurveyArm& arm, absl::string_view name) {
  const absl::StatusOr<std::int64_t> answered =
      internal::CountAnswered(arm, absl::StrCat(name, "."));
  if (!answered.ok()) return answered.status();
  if (*answered < 2) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ".answers number ", *answered, "; bounds need two answers in each arm"));
  }
  const absl::StatusOr<Moments> moments = MomentsOfAnswers(arm.answers);
  if (!moments.ok()) return moments.status();
  const absl::StatusOr<ArmEstimate> all = EstimateMean(*moments);
  if (!all.ok()) return all.status();
  return Respondents{.arm = arm, .all = *all};
}

// Which response rate is higher: above 0 if `left`'s, below 0 if `right`'s.
Int128 CompareRates(const Respondents& left, const Respondents& right) {
  return Int128{left.all.units} * right.arm.asked - Int128{right.all.units} * left.arm.asked;
}

// How much of the answers of `higher` is kept, from whole numbers.
struct Kept {
  Int128 numerator = 0;  // answers kept times `denominator`
  Int128 denominator = 1;
  long double share = 1;                   // of the answers
  long double trimmed_share = 0;           // 1 - share, with all its digits
  long double squared_relative_error = 0;  // of the share
};

// The variance of the logarithm of a response rate, (1 - r) / (n r).
long double SquaredRelativeError(const Respondents& respondents) {
  const auto asked = static_cast<long double>(respondents.arm.asked);
  const auto answered = static_cast<long double>(respondents.all.units);
  return static_cast<long double>(respondents.arm.asked - respondents.all.units) / asked / answered;
}

Kept KeptAnswers(const Respondents& higher, const Respondents& lower) {
  const Int128 numerator = Int128{lower.all.units} * higher.arm.asked;
  const Int128 denominator = lower.arm.asked;
  const Int128 all = denominator * higher.all.units;
  return {
      .numerator = numerator,
      .denominator = denominator,
      .share = static_cast<long double>(numerator) / static_cast<long double>(all),
      .trimmed_share = static_cast<long double>(all - numerator) / static_cast<long double>(all),
      .squared_relative_error = SquaredRelativeError(higher) + SquaredRelativeError(lower)};
}

// The lowest value of which some answers are trimmed from the top. There is one, as fewer than all
// are kept.
double TrimmingValue(std::span<const AnswerCount> answers, const Kept& kept) {
  std::size_t k = 0;
  Int128 cumulative = answers[k].count;
  while (cumulative * kept.denominator <= kept.numerator) cumulative += answers[++k].count;
  return answers[k].value;
}

// The mean of what is left after trimming from the top.
ArmEstimate TrimTop(std::span<const AnswerCount> answers, std::int64_t answered, const Kept& kept) {
  const auto n = static_cast<long double>(answered);
  const long double trimming_value = TrimmingValue(answers, kept);
  const auto shortfall = [&](double value) {
    return std::max(trimming_value - static_cast<long double>(value), 0.0L);
  };
  long double mean_shortfall = 0;
  for (const auto& [value, count] : answers) {
    mean_shortfall += shortfall(value) * static_cast<long double>(count) / n;
  }
  long double squares = 0;
  for (const auto& [value, count] : answers) {
    const long double deviation = shortfall(value) - mean_shortfall;
    squares += deviation * deviation * static_cast<long double>(count);
  }
  const long double below = mean_shortfall / kept.share;
  const long double of_answers = squares / (n - 1) / n / kept.share / kept.share;
  const long double of_share = below * below * kept.squared_relative_error;
  return {.units = answered,
          .value = static_cast<double>(trimming_value - below),
          .standard_error = static_cast<double>(std::sqrt(of_answers + of_share)),
          .degrees_of_freedom = {}};
}

ArmEstimate TrimBottom(std::span<const AnswerCount> answers, std::int64_t answered,
                       const Kept& kept) {
  std::vector<AnswerCount> mirrored(answers.rbegin(), answers.rend());
  for (AnswerCount& answer : mirrored) answer.value = -answer.value;
  ArmEstimate estimate = TrimTop(mirrored, answered, kept);
  estimate.value = -estimate.value;
  return estimate;
}

ArmBounds Trim(const Respondents& higher, const Kept& kept) {
  ArmBounds bounds = {.lower = TrimTop(higher.arm.answers, higher.all.units, kept),
                      .upper = TrimBottom(higher.arm.answers, higher.all.units, kept)};
  // When next to nothing is trimmed, rounding must not turn the bounds round.
  bounds.lower.value = std::min(bounds.lower.value, higher.all.value);
  bounds.upper.value = std::max(bounds.upper.value, higher.all.value);
  return bounds;
}

}  // namespace

absl::StatusOr<LeeBounds> EstimateLeeBounds(const Arms<SurveyArm>& arms) {
  const absl::StatusOr<Respondents> control = ReadArm(arms.control, "control");
  if (!control.ok()) return control.status();
  const absl::StatusOr<Respondents> treatment = ReadArm(arms.treatment, "treatment");
  if (!treatment.ok()) return treatment.status();

  LeeBounds result;
  Arms<ArmBounds> bounds = {.control = {.lower = control->all, .upper = control->all},
                            .treatment = {.lower = treatment->all, .upper = treatment->all}};
  const Int128 order = CompareRates(*treatment, *control);
  if (order != 0) {
    const bool treatment_higher = order > 0;
    const Respondents& higher = treatment_higher ? *treatment : *control;
    const Respondents& lower = treatment_higher ? *control : *treatment;
    const Kept kept = KeptAnswers(higher, lower);
    result.trimmed_arm = treatment_higher ? TrimmedArm::kTreatment : TrimmedArm::kControl;
    result.trimmed_share = static_cast<double>(kept.trimmed_share);
    (treatment_higher ? bounds.treatment : bounds.control) = Trim(higher, kept);
  }
  const absl::StatusOr<EffectBounds> effect = DifferenceOfBounds(bounds);
  if (!effect.ok()) return effect.status();
  result.effect = *effect;
  return result;
}

}  // namespace insightloop::stats
