// SPDX-License-Identifier: Apache-2.0

#include "stats/satisfaction.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "stats/int128.h"
#include "stats/wald.h"

namespace insightloop::stats {
namespace {

using internal::Int128;

absl::Status CheckCount(std::int64_t count, absl::string_view prefix, absl::string_view name) {
  if (count >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(prefix, name, " is ", count, "; it must not be negative"));
}

// `prefix` goes before field names in messages: "", "control." or "treatment.".
absl::StatusOr<NpsEstimate> Estimate(const NpsCounts& counts, absl::string_view prefix) {
  const auto& [promoters, passives, detractors] = counts;
  if (absl::Status status = CheckCount(promoters, prefix, "promoters"); !status.ok()) return status;
  if (absl::Status status = CheckCount(passives, prefix, "passives"); !status.ok()) return status;
  if (absl::Status status = CheckCount(detractors, prefix, "detractors"); !status.ok()) {
    return status;
  }
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

  // In whole numbers up to the division, so that an almost unanimous group keeps its variance.
  const auto n = static_cast<long double>(answers);
  const Int128 net = Int128{promoters} - detractors;
  const Int128 spread = (Int128{promoters} + detractors) * answers - net * net;
  const long double variance = 10'000 * static_cast<long double>(spread) / n / n;
  return NpsEstimate{
      .answers = answers,
      .score = static_cast<double>(100 * static_cast<long double>(net) / n),
      .variance = static_cast<double>(variance),
      .standard_error = static_cast<double>(std::sqrt(variance / n)),
  };
}

}  // namespace

absl::StatusOr<NpsEstimate> EstimateNps(const NpsCounts& counts) { return Estimate(counts, ""); }

absl::StatusOr<Comparison> CompareNps(const Arms<NpsCounts>& arms, double level) {
  const absl::StatusOr<NpsEstimate> control = Estimate(arms.control, "control.");
  if (!control.ok()) return control.status();
  const absl::StatusOr<NpsEstimate> treatment = Estimate(arms.treatment, "treatment.");
  if (!treatment.ok()) return treatment.status();
  const internal::Estimate estimate = {
      .effect = treatment->score - control->score,
      .standard_error = std::hypot(treatment->standard_error, control->standard_error),
      .degrees_of_freedom = {},
  };
  return internal::CompareByEstimate(estimate, level);
}

}  // namespace insightloop::stats
