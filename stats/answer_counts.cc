// SPDX-License-Identifier: Apache-2.0

#include "stats/answer_counts.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {
namespace {

absl::Status WhyWrong(std::span<const AnswerCount> answers, std::size_t k,
                      absl::string_view prefix) {
  const std::string answer = absl::StrCat(prefix, "answers[", k, "]");
  const auto& [value, count] = answers[k];
  if (absl::Status status = internal::CheckFinite(value, absl::StrCat(answer, ".value"));
      !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckCount(count, absl::StrCat(answer, ".count"));
      !status.ok()) {
    return status;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      answer, ".value is ", value, "; it must be above the one before, ", answers[k - 1].value));
}

absl::StatusOr<std::int64_t> CountAnswers(std::span<const AnswerCount> answers,
                                          absl::string_view prefix) {
  std::int64_t total = 0;
  for (std::size_t k = 0; k < answers.size(); ++k) {
    const auto& [value, count] = answers[k];
    const bool ascends = k == 0 || value > answers[k - 1].value;
    if (!std::isfinite(value) || count < 0 || !ascends) return WhyWrong(answers, k, prefix);
    if (__builtin_add_overflow(total, count, &total)) {
      return absl::InvalidArgumentError(
          absl::StrCat(prefix, "answers have counts that together exceed 63 bits"));
    }
  }
  return total;
}

}  // namespace

namespace internal {

absl::StatusOr<std::int64_t> CountAnswered(const SurveyArm& arm, absl::string_view prefix) {
  absl::StatusOr<std::int64_t> answered = CountAnswers(arm.answers, prefix);
  if (answered.ok() && arm.asked < *answered) {
    return absl::InvalidArgumentError(absl::StrCat(prefix, "asked is ", arm.asked,
                                                   "; it must be at least the number of answers, ",
                                                   *answered));
  }
  return answered;
}

}  // namespace internal

absl::StatusOr<Moments> MomentsOfAnswers(std::span<const AnswerCount> answers) {
  const absl::StatusOr<std::int64_t> total = CountAnswers(answers, "");
  if (!total.ok()) return total.status();
  if (*total == 0) return absl::FailedPreconditionError("answers are empty; nobody answered");

  const auto n = static_cast<long double>(*total);
  const long double origin = answers.front().value;
  long double shifted_sum = 0;
  for (const auto& [value, count] : answers) {
    shifted_sum += (value - origin) * static_cast<long double>(count);
  }
  const long double mean = origin + shifted_sum / n;
  Moments moments = {.count = *total, .mean = static_cast<double>(mean), .sample_variance = {}};
  if (*total == 1) return moments;

  long double squares = 0;
  for (const auto& [value, count] : answers) {
    squares += (value - mean) * (value - mean) * static_cast<long double>(count);
  }
  moments.sample_variance = static_cast<double>(squares / (n - 1));
  if (!std::isfinite(*moments.sample_variance)) {
    return absl::FailedPreconditionError(
        "answers have a variance that is beyond the range of a double");
  }
  return moments;
}

}  // namespace insightloop::stats
