// SPDX-License-Identifier: Apache-2.0

#include "stats/manski_bounds.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/internal/arguments.h"
#include "stats/mean_difference.h"

namespace insightloop::stats {
namespace {

absl::Status CheckRange(const AnswerRange& range) {
  if (absl::Status status = internal::CheckFinite(range.lowest, "range.lowest"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckFinite(range.highest, "range.highest"); !status.ok()) {
    return status;
  }
  if (range.lowest < range.highest) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "range.lowest is ", range.lowest, "; it must be below range.highest, ", range.highest));
}

absl::Status CheckInside(const SurveyArm& arm, const AnswerRange& range, absl::string_view prefix) {
  if (arm.answers.empty()) return absl::OkStatus();
  for (const AnswerCount& answer : {arm.answers.front(), arm.answers.back()}) {
    if (answer.value >= range.lowest && answer.value <= range.highest) continue;
    return absl::InvalidArgumentError(absl::StrCat(prefix, "answers have the value ", answer.value,
                                                   "; it must be from range.lowest, ", range.lowest,
                                                   ", to range.highest, ", range.highest));
  }
  return absl::OkStatus();
}

// The answers, with `missing` more of a value that is an end of the range.
std::vector<AnswerCount> Fill(std::span<const AnswerCount> answers, const AnswerCount& missing) {
  std::vector<AnswerCount> filled(answers.begin(), answers.end());
  if (missing.count == 0) return filled;
  if (filled.empty() || missing.value > filled.back().value) {
    filled.push_back(missing);
  } else if (missing.value < filled.front().value) {
    filled.insert(filled.begin(), missing);
  } else {
    AnswerCount& end = missing.value == filled.front().value ? filled.front() : filled.back();
    end.count += missing.count;
  }
  return filled;
}

absl::StatusOr<ArmEstimate> MeanOf(const std::vector<AnswerCount>& answers) {
  const absl::StatusOr<Moments> moments = MomentsOfAnswers(answers);
  if (!moments.ok()) return moments.status();
  return EstimateMean(*moments);
}

absl::StatusOr<ArmBounds> BoundArm(const SurveyArm& arm, const AnswerRange& range,
                                   absl::string_view prefix) {
  const absl::StatusOr<std::int64_t> answered = internal::CountAnswered(arm, prefix);
  if (!answered.ok()) return answered.status();
  if (absl::Status status = CheckInside(arm, range, prefix); !status.ok()) return status;
  if (arm.asked < 2) {
    return absl::FailedPreconditionError(
        absl::StrCat(prefix, "asked is ", arm.asked, "; bounds need two units in each arm"));
  }
  const std::int64_t missing = arm.asked - *answered;
  const auto lower = MeanOf(Fill(arm.answers, {.value = range.lowest, .count = missing}));
  if (!lower.ok()) return lower.status();
  auto upper = MeanOf(Fill(arm.answers, {.value = range.highest, .count = missing}));
  if (!upper.ok()) return upper.status();
  // When next to nobody is missing, rounding must not turn the bounds round.
  upper->value = std::max(upper->value, lower->value);
  return ArmBounds{.lower = *lower, .upper = *upper};
}

}  // namespace

absl::StatusOr<ManskiBounds> EstimateManskiBounds(const Arms<SurveyArm>& arms,
                                                  const AnswerRange& range) {
  if (absl::Status status = CheckRange(range); !status.ok()) return status;
  const absl::StatusOr<ArmBounds> control = BoundArm(arms.control, range, "control.");
  if (!control.ok()) return control.status();
  const absl::StatusOr<ArmBounds> treatment = BoundArm(arms.treatment, range, "treatment.");
  if (!treatment.ok()) return treatment.status();
  ManskiBounds bounds = {.arms = {.control = *control, .treatment = *treatment}, .effect = {}};
  const absl::StatusOr<EffectBounds> effect = DifferenceOfBounds(bounds.arms);
  if (!effect.ok()) return effect.status();
  bounds.effect = *effect;
  return bounds;
}

}  // namespace insightloop::stats
