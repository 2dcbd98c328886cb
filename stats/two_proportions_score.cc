// SPDX-License-Identifier: Apache-2.0

#include "stats/two_proportions_score.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/bracketed_root.h"
#include "stats/internal/tails.h"

namespace insightloop::stats {
namespace {

// A start above 0 for roots that may be as close to it as 1 / trials.
constexpr double kAlmostZero = 1e-100;

using internal::Counts;

// N / (N-1).
double SmallSampleFactor(const Arms<Proportion>& arms) {
  const double units =
      static_cast<double>(arms.control.trials) + static_cast<double>(arms.treatment.trials);
  return units / (units - 1);
}

// -------------------------------------------------------------------------------------------------
// Shares of a given difference

// A difference of shares with its distance from 1 or -1, whichever is nearer, each with all digits.
struct DifferenceTested {
  double difference = 0;
  double slack = 1;  // 1 - |difference|
};

// Two arms whose shares are p in `low` and p + difference in `high`, 0 <= difference < 1. The most
// likely p, 0 <= p <= slack, is the root of a cubic. Its solution by the cosine loses half the
// digits near double roots and all digits of small shares; instead Newton's method on
//   f(p) = p * (derivative of the log-likelihood)
//        = x_l + x_h p / (p + difference) - f_l p / (1-p) - f_h p / (slack - p),
// with x successes and f failures, whose terms cancel only where the root itself does not matter.
// f is concave and f(0) >= 0, so that steps from the right of the root never cross it.
struct Pair {
  Counts low;
  Counts high;
  DifferenceTested tested;
};

struct Slope {
  double value = 0;
  double derivative = 0;
};

Slope LikelihoodSlope(const Pair& pair, double p) {
  const auto& [low, high, tested] = pair;
  const double high_share = p + tested.difference;
  const double high_failing = tested.slack - p;
  const double low_failing = 1 - p;
  return {.value = low.successes + high.successes * (p / high_share) -
                   low.failures * (p / low_failing) - high.failures * (p / high_failing),
          .derivative = high.successes * (tested.difference / high_share / high_share) -
                        low.failures / (low_failing * low_failing) -
                        high.failures * (tested.slack / high_failing / high_failing)};
}

// Whether f has no root above 0, so that 0 is the most likely.
bool IsZeroMostLikely(const Pair& pair) {
  const auto& [low, high, tested] = pair;
  if (low.successes > 0) return false;
  if (high.successes == 0) return true;
  return high.successes / tested.difference <= low.failures + high.failures / tested.slack;
}

// The most likely p, when it is at most half the slack.
double MostLikelyLowShare(const Pair& pair) {
  if (IsZeroMostLikely(pair)) return 0;
  // It lies between what each arm says on its own.
  const double from_low = pair.low.successes / pair.low.trials;
  const double from_high = pair.high.successes / pair.high.trials - pair.tested.difference;
  double p = std::min(std::max(from_low, from_high), pair.tested.slack / 2);
  constexpr int kMostSteps = 200;  // a root of a few times 1e-19 may be neared by halves
  for (int step = 0; step < kMostSteps; ++step) {
    const Slope slope = LikelihoodSlope(pair, p);
    const double next = p - slope.value / slope.derivative;
    if (!(next > 0 && next < p)) break;  // rounding has the last word
    const bool converged = p - next <= std::numeric_limits<double>::epsilon() * p;
    p = next;
    if (converged) break;
  }
  return std::max(p, 0.0);
}

// The same arms seen from the other end: failures for successes. The share of `low` is then what
// was the failing share of `high`.
Pair Mirrored(const Pair& pair) {
  const auto mirrored = [](const Counts& counts) {
    return Counts{counts.failures, counts.successes, counts.trials};
  };
  return {.low = mirrored(pair.high), .high = mirrored(pair.low), .tested = pair.tested};
}

// The variance of the observed difference when the true one is as tested.
double DifferenceVariance(const Arms<Counts>& arms, const DifferenceTested& tested) {
  if (tested.slack <= 0) return 0;
  Pair pair = {.low = arms.control, .high = arms.treatment, .tested = tested};
  if (tested.difference < 0) {
    std::swap(pair.low, pair.high);
    pair.tested.difference = -tested.difference;
  }
  // From the end that is nearer, so that its distance has all digits.
  if (LikelihoodSlope(pair, tested.slack / 2).value > 0) pair = Mirrored(pair);
  const double p = MostLikelyLowShare(pair);
  return p * (1 - p) / pair.low.trials +
         (p + pair.tested.difference) * (tested.slack - p) / pair.high.trials;
}

// The end above the observed difference. The lower end is that of the swapped arms, negated.
double UpperDifference(const Arms<Proportion>& arms, double z) {
  const Arms<Counts> counts = {internal::CountsOf(arms.control),
                               internal::CountsOf(arms.treatment)};
  const auto& [control, treatment] = counts;
  const double observed = internal::DifferenceOfShares(arms);
  // 1 - observed and 1 + observed, without cancellation.
  const double room_above =
      treatment.failures / treatment.trials + control.successes / control.trials;
  const double room_below =
      treatment.successes / treatment.trials + control.failures / control.trials;
  if (room_above == 0) return 1;
  const double factor = SmallSampleFactor(arms);
  // In terms of the distance from the observed difference, so that it has all digits.
  const auto beyond = [&](double distance) {
    const double difference = observed + distance;
    const double slack = difference >= 0 ? room_above - distance : room_below + distance;
    return distance - z * std::sqrt(factor * DifferenceVariance(counts, {.difference = difference,
                                                                         .slack = slack}));
  };
  return std::min(1.0, observed + internal::BracketedRoot(beyond, kAlmostZero, room_above));
}

// -------------------------------------------------------------------------------------------------
// Shares of a given ratio

// A ratio of shares with its distance from 1, each with all digits.
struct RatioTested {
  double ratio = 1;
  double excess = 0;  // ratio - 1
};

// The variance of p_t - ratio * p_c when the true ratio is as tested. The most likely shares solve
// a quadratic: one for the treatment's share, one for its failing share, with the same
// discriminant; both are taken, so that neither loses digits near 0. For ratios of 1 or more.
double VarianceAtLeastOne(const Arms<Counts>& arms, const RatioTested& tested) {
  const auto& [control, treatment] = arms;
  const double successes = control.successes + treatment.successes;
  const double failures = control.failures + treatment.failures;
  const double units = control.trials + treatment.trials;
  const double b = (successes + treatment.failures) * tested.excess - failures;
  const double root =
      std::sqrt(std::max(0.0, b * b + 4 * units * treatment.failures * tested.excess));
  const double share = 2 * successes * tested.ratio /
                       (successes * (1 + tested.ratio) + treatment.failures * tested.ratio +
                        control.failures + root);
  const double failing =
      b <= 0 ? (root - b) / (2 * units) : 2 * treatment.failures * tested.excess / (b + root);
  return share * failing / treatment.trials + share * (tested.excess + failing) / control.trials;
}

template <typename T>
Arms<T> Swapped(const Arms<T>& arms) {
  return {.control = arms.treatment, .treatment = arms.control};
}

double RatioVariance(const Arms<Counts>& arms, const RatioTested& tested) {
  if (tested.excess >= 0) return VarianceAtLeastOne(arms, tested);
  const RatioTested inverse = {.ratio = 1 / tested.ratio, .excess = -tested.excess / tested.ratio};
  return tested.ratio * tested.ratio * VarianceAtLeastOne(Swapped(arms), inverse);
}

// The end above the observed ratio. The lower end is one over that of the swapped arms.
double UpperRatio(const Arms<Proportion>& arms, double z) {
  if (arms.control.successes == 0) return std::numeric_limits<double>::infinity();
  const Arms<Counts> counts = {internal::CountsOf(arms.control),
                               internal::CountsOf(arms.treatment)};
  const double control_share = counts.control.successes / counts.control.trials;
  const double observed = internal::RatioOfShares(arms);
  const double observed_excess = internal::RelativeDifferenceOfShares(arms);
  const double factor = SmallSampleFactor(arms);
  const auto beyond = [&](double distance) {
    const RatioTested tested = {.ratio = observed + distance, .excess = observed_excess + distance};
    return control_share * distance - z * std::sqrt(factor * RatioVariance(counts, tested));
  };
  double far = observed + 1;
  while (beyond(far) < 0) far *= 4;  // ends, as the variance grows no faster than the distance
  return observed + internal::BracketedRoot(beyond, kAlmostZero, far);
}

}  // namespace

absl::StatusOr<Interval> ScoreDifferenceInterval(const Arms<Proportion>& arms, double level) {
  if (absl::Status status = internal::CheckProportionsAndLevel(arms, level); !status.ok()) {
    return status;
  }
  const double z = internal::TwoSidedQuantile(level);
  return Interval{.lower = -UpperDifference(Swapped(arms), z),
                  .upper = UpperDifference(arms, z),
                  .level = level};
}

absl::StatusOr<Interval> ScoreRatioInterval(const Arms<Proportion>& arms, double level) {
  if (absl::Status status = internal::CheckProportionsAndLevel(arms, level); !status.ok()) {
    return status;
  }
  if (arms.control.successes == 0 && arms.treatment.successes == 0) {
    return absl::FailedPreconditionError(
        "neither arm has successes; all ratios fit that equally well");
  }
  const double z = internal::TwoSidedQuantile(level);
  const double observed = internal::RatioOfShares(arms);
  // Rounding must not leave out the ratio itself.
  return Interval{.lower = std::min(observed, 1 / UpperRatio(Swapped(arms), z)),
                  .upper = std::max(observed, UpperRatio(arms, z)),
                  .level = level};
}

absl::StatusOr<ZTest> ScoreTestAbove(const Arms<Proportion>& arms, double margin,
                                     ScoreVariance variance) {
  if (absl::Status status = internal::CheckProportions(arms); !status.ok()) return status;
  if (!(margin > -1 && margin < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("margin is ", margin, "; it must be above -1 and below 1, such as -0.01"));
  }
  const double units_factor =
      variance == ScoreVariance::kMiettinenNurminen ? SmallSampleFactor(arms) : 1;
  const double square =
      units_factor *
      DifferenceVariance({internal::CountsOf(arms.control), internal::CountsOf(arms.treatment)},
                         {.difference = margin, .slack = 1 - std::abs(margin)});
  if (square == 0) {
    return absl::FailedPreconditionError(
        "all units of both arms had the same fate; at margin 0 that has no variance");
  }
  return internal::TestStatistic((internal::DifferenceOfShares(arms) - margin) / std::sqrt(square),
                                 Alternative::kGreater);
}

}  // namespace insightloop::stats
