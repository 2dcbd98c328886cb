// SPDX-License-Identifier: Apache-2.0

#include "tests/calibration/simulation.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "absl/status/status.h"
#include "stats/covariates.h"
#include "stats/joint_moments.h"
#include "stats/proportion.h"
#include "stats/quantity.h"

namespace insightloop::calibration {
namespace {

using stats::ArmEstimate;
using stats::Arms;
using stats::JointMoments;
using stats::Quantity;

constexpr Quantity kMean = {.variable = 0};
constexpr Quantity kRatio = {.variable = 0, .over = 1};
constexpr Quantity kCovariate = {.variable = 2};

JointMoments MomentsOf(const World& world, const Sample& sample) {
  return Must(sample.sums.ToMoments(std::array{world.resolution, 1.0, 1.0}));
}

Arms<JointMoments> MomentsOf(const World& world, const Arms<Sample>& samples) {
  return {.control = MomentsOf(world, samples.control),
          .treatment = MomentsOf(world, samples.treatment)};
}

absl::StatusOr<Arms<ArmEstimate>> Unadjusted(const World& world, const Arms<Sample>& samples,
                                             const Quantity& quantity) {
  const Arms<JointMoments> moments = MomentsOf(world, samples);
  return Arms<ArmEstimate>{.control = Must(stats::EstimateQuantity(moments.control, quantity)),
                           .treatment = Must(stats::EstimateQuantity(moments.treatment, quantity))};
}

absl::StatusOr<Arms<ArmEstimate>> Adjusted(const World& world, const Arms<Sample>& samples,
                                           const Quantity& quantity) {
  const auto adjusted = stats::AdjustForCovariates(
      MomentsOf(world, samples), {.outcome = quantity, .covariates = {kCovariate}});
  if (!adjusted.ok()) return adjusted.status();
  return adjusted->arms;
}

absl::StatusOr<ArmEstimate> Share(const Sample& sample) {
  return stats::EstimateProportion({.successes = sample.nonzero, .trials = sample.sums.count()});
}

const Estimator kProportionEstimator = {
    "Proportion",
    [](const World&, const Arms<Sample>& samples) -> absl::StatusOr<Arms<ArmEstimate>> {
      return Arms<ArmEstimate>{.control = Must(Share(samples.control)),
                               .treatment = Must(Share(samples.treatment))};
    }};
const Estimator kMeanEstimator = {"Mean", [](const World& world, const Arms<Sample>& samples) {
                                    return Unadjusted(world, samples, kMean);
                                  }};
const Estimator kAdjustedMeanEstimator = {"AdjustedMean",
                                          [](const World& world, const Arms<Sample>& samples) {
                                            return Adjusted(world, samples, kMean);
                                          }};
const Estimator kRatioEstimator = {"Ratio", [](const World& world, const Arms<Sample>& samples) {
                                     return Unadjusted(world, samples, kRatio);
                                   }};
const Estimator kAdjustedRatioEstimator = {"AdjustedRatio",
                                           [](const World& world, const Arms<Sample>& samples) {
                                             return Adjusted(world, samples, kRatio);
                                           }};

}  // namespace

void Die(const absl::Status& status) {
  std::fprintf(stderr, "the simulation cannot go on: %s\n", status.ToString().c_str());
  std::abort();
}

void Sample::Draw(const World& world, double lift, std::int64_t units, Random& random) {
  for (std::int64_t unit = 0; unit < units; ++unit) {
    const Unit values = world.draw(random, lift);
    if (absl::Status status = sums.Add(values); !status.ok()) Die(status);
    if (values[0] != 0) ++nonzero;
  }
}

std::vector<Subject> AllSubjects() {
  return {{Binary(), kProportionEstimator},    {Binary(), kAdjustedMeanEstimator},
          {Counts(), kMeanEstimator},          {Counts(), kAdjustedMeanEstimator},
          {SkewedRevenue(), kMeanEstimator},   {SkewedRevenue(), kAdjustedMeanEstimator},
          {OrdersPerVisit(), kRatioEstimator}, {OrdersPerVisit(), kAdjustedRatioEstimator}};
}

std::string NameOf(const Subject& subject) { return subject.world.name + subject.estimator.name; }

void PrintTo(const Subject& subject, std::ostream* stream) { *stream << NameOf(subject); }

stats::EffectEstimate EffectOf(const Subject& subject, const Arms<Sample>& samples) {
  return Must(stats::Difference(Must(subject.estimator.estimate(subject.world, samples))));
}

bool BurntIn(const Subject& subject, const Arms<Sample>& samples) {
  for (const Sample& sample : {samples.control, samples.treatment}) {
    const std::int64_t units = sample.sums.count();
    if (units < 100) return false;
    if (subject.world.name == Binary().name) {
      if (sample.nonzero < 25 || units - sample.nonzero < 25) return false;
    } else if (sample.nonzero < 50) {
      return false;
    }
  }
  return true;
}

double FourStandardErrors(double rate, int replications) {
  return 4 * std::sqrt(rate * (1 - rate) / replications);
}

}  // namespace insightloop::calibration
