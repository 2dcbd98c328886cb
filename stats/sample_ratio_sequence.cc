// SPDX-License-Identifier: Apache-2.0

#include "stats/sample_ratio_sequence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/dirichlet_multinomial.h"
#include "stats/internal/arguments.h"
#include "stats/sample_ratio.h"

namespace insightloop::stats {
namespace {

constexpr double kConcentrationOfSmallLosses = 10'000;
constexpr double kConcentrationOfGrossLosses = 100;

absl::Status CheckEpoch(const SplitEpoch& epoch, const std::string& name) {
  if (epoch.unit_counts.size() != epoch.weights.size()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ".unit_counts has ",
                                                   epoch.unit_counts.size(), " arms, but ", name,
                                                   ".weights has ", epoch.weights.size()));
  }
  for (std::size_t i = 0; i < epoch.weights.size(); ++i) {
    if (absl::Status status = internal::CheckFiniteNotNegative(
            epoch.weights[i], absl::StrCat(name, ".weights[", i, "]"));
        !status.ok()) {
      return status;
    }
  }
  if (std::all_of(epoch.weights.begin(), epoch.weights.end(), [](double w) { return w == 0; })) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".weights has no positive weight; some arm must get units"));
  }
  return internal::CountUnits(epoch.unit_counts, absl::StrCat(name, ".unit_counts")).status();
}

std::optional<std::size_t> UnplannedArm(const SplitEpoch& epoch) {
  for (std::size_t i = 0; i < epoch.weights.size(); ++i) {
    if (epoch.weights[i] == 0 && epoch.unit_counts[i] > 0) return i;
  }
  return std::nullopt;
}

// ln(exp(a) + exp(b)).
double LogAdd(double a, double b) {
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

double LogEValue(const SplitEpoch& epoch) {
  std::vector<std::int64_t> unit_counts;
  std::vector<double> weights;
  for (std::size_t i = 0; i < epoch.weights.size(); ++i) {
    if (epoch.weights[i] == 0) continue;
    unit_counts.push_back(epoch.unit_counts[i]);
    weights.push_back(epoch.weights[i]);
  }
  return LogAdd(internal::LogBayesFactorAround(unit_counts, weights, kConcentrationOfSmallLosses),
                internal::LogBayesFactorAround(unit_counts, weights, kConcentrationOfGrossLosses)) -
         std::numbers::ln2;
}

}  // namespace

absl::StatusOr<SampleRatioEvidence> MonitorSampleRatio(std::span<const SplitEpoch> epochs) {
  for (std::size_t k = 0; k < epochs.size(); ++k) {
    if (absl::Status status = CheckEpoch(epochs[k], absl::StrCat("epochs[", k, "]"));
        !status.ok()) {
      return status;
    }
  }
  double log_product = 0;
  double log_sum = -std::numeric_limits<double>::infinity();
  double log_weight = 0;  // of an epoch in the sum, then of all that have not begun
  for (std::size_t k = 0; k < epochs.size(); ++k) {
    if (const std::optional<std::size_t> arm = UnplannedArm(epochs[k])) {
      return SampleRatioEvidence{.log_e_value = std::numeric_limits<double>::infinity(),
                                 .unplanned = {{.epoch = k, .arm = *arm}}};
    }
    const double log_e_value = LogEValue(epochs[k]);
    log_weight -= std::numbers::ln2;
    log_product += log_e_value;
    log_sum = LogAdd(log_sum, log_weight + log_e_value);
  }
  return SampleRatioEvidence{
      .log_e_value = LogAdd(log_product, LogAdd(log_sum, log_weight)) - std::numbers::ln2,
      .unplanned = {}};
}

}  // namespace insightloop::stats
