// SPDX-License-Identifier: Apache-2.0
//
// What the simulations share: the estimators under test, samples of a world, and how far a rate may
// be from what it should be.

#ifndef INSIGHTLOOP_TESTS_CALIBRATION_SIMULATION_H_
#define INSIGHTLOOP_TESTS_CALIBRATION_SIMULATION_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stats/arm_estimate.h"
#include "stats/comparison.h"
#include "stats/joint_sums.h"
#include "tests/calibration/worlds.h"

namespace insightloop::calibration {

// Ends the process: a simulation that cannot read its own samples is wrong.
[[noreturn]] void Die(const absl::Status& status);

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Die(result.status());
  return *std::move(result);
}

// One arm of a running experiment.
struct Sample {
  stats::JointSums sums{3};  // outcome, denominator, covariate
  std::int64_t nonzero = 0;  // units whose outcome is not 0

  void Draw(const World& world, double lift, std::int64_t units, Random& random);
};

struct Estimator {
  std::string name;
  absl::StatusOr<stats::Arms<stats::ArmEstimate>> (*estimate)(
      const World& world, const stats::Arms<Sample>& samples) = nullptr;
};

// A world and an estimator that fits it; what parameterized tests run over.
struct Subject {
  World world;
  Estimator estimator;
};

std::vector<Subject> AllSubjects();

std::string NameOf(const Subject& subject);
void PrintTo(const Subject& subject, std::ostream* stream);  // for GoogleTest

stats::EffectEstimate EffectOf(const Subject& subject, const stats::Arms<Sample>& samples);

// The burn-in of a decision: 100 units in each arm, of shares 25 successes and 25 failures, of
// other metrics 50 units that are not 0.
bool BurntIn(const Subject& subject, const stats::Arms<Sample>& samples);

// Four standard errors of a rate seen in so many replications whose true value is `rate`: one right
// simulation in 16,000 goes beyond.
double FourStandardErrors(double rate, int replications);

}  // namespace insightloop::calibration

#endif  // INSIGHTLOOP_TESTS_CALIBRATION_SIMULATION_H_
