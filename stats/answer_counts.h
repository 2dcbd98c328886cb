// SPDX-License-Identifier: Apache-2.0
//
// Answers to one survey question, counted by their value: 1 to 5, 0 to 10, or -100, 0 and 100 for
// detractors, passives and promoters. Methods that need more than mean and variance take these.

#ifndef INSIGHTLOOP_STATS_ANSWER_COUNTS_H_
#define INSIGHTLOOP_STATS_ANSWER_COUNTS_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/moments.h"

namespace insightloop::stats {

// How many units gave an answer of this value.
struct AnswerCount {
  double value = 0;
  std::int64_t count = 0;
};

// A survey in one arm. Who was asked and did not answer, or dismissed the survey, is in `asked`
// alone.
struct SurveyArm {
  std::span<const AnswerCount> answers;  // strictly ascending values; a count may be 0
  std::int64_t asked = 0;                // units, at least as many as answered
};

// Mean and variance of the answers.
//
// Errors: kInvalidArgument    a value is not finite or not above the one before, a count is
//                             negative, or the counts together exceed 63 bits.
//         kFailedPrecondition nobody answered, or the variance does not fit in a double.
// Two passes over the counts, so that a large mean does not drown a small variance. Pure function;
// safe from any thread; no allocation unless it fails.
absl::StatusOr<Moments> MomentsOfAnswers(std::span<const AnswerCount> answers);

namespace internal {

// The number of answers, after checking them as MomentsOfAnswers() does; also kInvalidArgument when
// fewer were asked than answered. `prefix` goes before field names in messages: "", "control." or
// "treatment.".
absl::StatusOr<std::int64_t> CountAnswered(const SurveyArm& arm, absl::string_view prefix);

}  // namespace internal

}  // namespace insightloop::stats

#endif  // INSIGHTLOOP_STATS_ANSWER_COUNTS_H_
