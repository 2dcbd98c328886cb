// SPDX-License-Identifier: Apache-2.0

#include "stats/proportion.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace internal {

absl::Status CheckProportion(const Proportion& proportion, absl::string_view name) {
  const auto& [successes, trials] = proportion;
  if (absl::Status status = CheckCount(trials, absl::StrCat(name, ".trials")); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckCount(successes, absl::StrCat(name, ".successes")); !status.ok()) {
    return status;
  }
  if (successes > trials) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ".successes is ", successes, "; it must be at most ", name, ".trials, ", trials));
  }
  if (trials == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ".trials is 0; a share needs at least one unit"));
  }
  return absl::OkStatus();
}

Counts CountsOf(const Proportion& proportion) {
  return {.successes = static_cast<double>(proportion.successes),
          .failures = static_cast<double>(proportion.trials - proportion.successes),
          .trials = static_cast<double>(proportion.trials)};
}

// The ends solve (p - e)^2 = z^2 e (1-e) / n. One of the two distances is a sum; the other would be
// the difference of nearly equal terms, so it comes from the product of both.
WilsonDistances DistancesToWilsonEnds(const Counts& counts, double z) {
  const auto& [successes, failures, n] = counts;
  const double p = successes / n;
  const double q = failures / n;
  const double z2 = z * z;
  const double sum = z * std::abs(q - p) + std::sqrt(z2 + 4 * n * p * q);
  const double far = z * sum / (2 * (n + z2));
  const double near = p * q == 0 ? 0 : 2 * p * q * z / sum;
  if (successes < failures) return {.below = near, .above = far};
  return {.below = far, .above = near};
}

}  // namespace internal

namespace {

constexpr std::int64_t kMostExactTrials = 1'000'000'000'000;

absl::Status Check(const Proportion& proportion, double level) {
  if (absl::Status status = internal::CheckProportion(proportion, "proportion"); !status.ok()) {
    return status;
  }
  return internal::CheckLevel(level);
}

}  // namespace

absl::StatusOr<ArmEstimate> EstimateProportion(const Proportion& proportion) {
  if (absl::Status status = internal::CheckProportion(proportion, "proportion"); !status.ok()) {
    return status;
  }
  const auto [successes, failures, n] = internal::CountsOf(proportion);
  return ArmEstimate{.units = proportion.trials,
                     .value = successes / n,
                     .standard_error = std::sqrt(successes / n * (failures / n) / n),
                     .degrees_of_freedom = {}};
}

absl::StatusOr<Interval> WilsonInterval(const Proportion& proportion, double level) {
  if (absl::Status status = Check(proportion, level); !status.ok()) return status;
  const double z = internal::TwoSidedQuantile(level);
  const internal::Counts counts = internal::CountsOf(proportion);
  const internal::WilsonDistances distances = internal::DistancesToWilsonEnds(counts, z);
  const double share = counts.successes / counts.trials;
  return Interval{
      .lower = share - distances.below, .upper = share + distances.above, .level = level};
}

absl::StatusOr<Interval> ClopperPearsonInterval(const Proportion& proportion, double level) {
  if (absl::Status status = Check(proportion, level); !status.ok()) return status;
  if (proportion.trials > kMostExactTrials) {
    return absl::FailedPreconditionError(absl::StrCat(
        "proportion.trials is ", proportion.trials, ", too many for an exact interval; ",
        "use Wilson's, which is the same from far fewer on"));
  }
  const auto [successes, failures, n] = internal::CountsOf(proportion);
  const double tail = (1 - level) / 2;
  const Interval interval = {
      .lower = successes == 0 ? 0 : internal::BetaLowerQuantile(tail, successes, failures + 1),
      .upper = failures == 0 ? 1 : internal::BetaUpperQuantile(tail, successes + 1, failures),
      .level = level};
  if (!std::isfinite(interval.lower) || !std::isfinite(interval.upper)) {
    return absl::FailedPreconditionError(
        absl::StrCat("level is ", level, ", for which no end can be found; use Wilson's interval"));
  }
  return interval;
}

}  // namespace insightloop::stats
