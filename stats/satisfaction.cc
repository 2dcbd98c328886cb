// SPDX-License-Identifier: Apache-2.0

#include "stats/satisfaction.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/answer_counts.h"
#include "stats/internal/arguments.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace {

// `prefix` goes before field names in messages: "", "control." or "treatment.".
absl::Status CheckCounts(const NpsCounts& counts, absl::string_view prefix) {
  const auto& [promoters, passives, detractors] = counts;
  const auto check = [&](std::int64_t count, absl::string_view name) {
    return internal::CheckCount(count, absl::StrCat(prefix, name));
  };
  if (absl::Status status = check(promoters, "promoters"); !status.ok()) return status;
  if (absl::Status status = check(passives, "passives"); !status.ok()) return status;
  if (absl::Status status = check(detractors, "detractors"); !status.ok()) return status;
  std::int64_t answers = 0;
  if (__builtin_add_overflow(promoters, passives, &answers) ||
      __builtin_add_overflow(answers, detractors, &answers)) {
    return absl::InvalidArgumentError(absl::StrCat(prefix, "promoters ", promoters, ", passives ",
                                                   passives, " and detractors ", detractors,
                                                   " together exceed 63 bits"));
  }
  if (answers == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(prefix, "promoters, passives and detractors are all 0; nobody answered"));
  }
  return absl::OkStatus();
}

struct Score {
  double value = 0;
  double standard_error = 0;
};

// `added` goes to the promoters and to the detractors, and twice that to the passives.
Score ScoreOf(const NpsCounts& counts, long double added) {
  const long double p = added + static_cast<long double>(counts.promoters);
  const long double k = 2 * added + static_cast<long double>(counts.passives);
  const long double d = added + static_cast<long double>(counts.detractors);
  const long double n = p + k + d;
  // n^2 (p/n + d/n - (p/n - d/n)^2) without its difference, so that an almost unanimous group keeps
  // its variance.
  const long double spread = (p + d) * k + 4 * p * d;
  return {.value = static_cast<double>(100 * (p - d) / n),
          .standard_error = static_cast<double>(100 * std::sqrt(spread / n) / n)};
}

absl::StatusOr<ArmEstimate> Estimate(const NpsCounts& counts, absl::string_view prefix) {
  if (absl::Status status = CheckCounts(counts, prefix); !status.ok()) return status;
  const Score score = ScoreOf(counts, 0);
  return ArmEstimate{.units = counts.promoters + counts.passives + counts.detractors,
                     .value = score.value,
                     .standard_error = score.standard_error,
                     .degrees_of_freedom = {}};
}

// An arm with a standard error that means something: that of a single answer is always 0.
absl::StatusOr<ArmEstimate> EstimateForComparison(const NpsCounts& counts,
                                                  absl::string_view prefix) {
  absl::StatusOr<ArmEstimate> estimate = Estimate(counts, prefix);
  if (estimate.ok() && estimate->units < 2) {
    return absl::FailedPreconditionError(
        absl::StrCat(prefix, "promoters, passives and detractors are one answer; a comparison ",
                     "needs two in each arm"));
  }
  return estimate;
}

}  // namespace

absl::StatusOr<ArmEstimate> EstimateNps(const NpsCounts& counts) { return Estimate(counts, ""); }

absl::StatusOr<Interval> NpsInterval(const NpsCounts& counts, double level) {
  if (absl::Status status = internal::CheckLevel(level); !status.ok()) return status;
  if (absl::Status status = CheckCounts(counts, ""); !status.ok()) return status;
  const double value = ScoreOf(counts, 0).value;
  const Score adjusted = ScoreOf(counts, 0.75L);
  const double half_width = internal::TwoSidedQuantile(level) * adjusted.standard_error;
  // The adjusted centre is closer to 0 than the score, which low levels would leave outside.
  return Interval{.lower = std::max(-100.0, std::min(value, adjusted.value - half_width)),
                  .upper = std::min(100.0, std::max(value, adjusted.value + half_width)),
                  .level = level};
}

absl::StatusOr<Comparison> CompareNps(const Arms<NpsCounts>& arms, double level) {
  const auto control = EstimateForComparison(arms.control, "control.");
  if (!control.ok()) return control.status();
  const auto treatment = EstimateForComparison(arms.treatment, "treatment.");
  if (!treatment.ok()) return treatment.status();
  const absl::StatusOr<EffectEstimate> difference =
      Difference({.control = *control, .treatment = *treatment});
  if (!difference.ok()) return difference.status();
  return Compare(*difference, level);
}

absl::StatusOr<CsatEstimate> EstimateCsat(const CsatCounts& counts) {
  std::array<AnswerCount, 5> answers;
  for (std::size_t k = 0; k < answers.size(); ++k) {
    answers[k] = {.value = static_cast<double>(k + 1), .count = counts.answers[k]};
  }
  const absl::StatusOr<Moments> moments = MomentsOfAnswers(answers);
  if (!moments.ok()) return moments.status();
  CsatEstimate estimate = {
      .top_two = {.successes = counts.answers[3] + counts.answers[4], .trials = moments->count},
      .answer = *moments,
      .shares = {}};
  for (std::size_t k = 0; k < answers.size(); ++k) {
    estimate.shares[k] =
        static_cast<double>(counts.answers[k]) / static_cast<double>(moments->count);
  }
  return estimate;
}

}  // namespace insightloop::stats
