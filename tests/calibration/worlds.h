// SPDX-License-Identifier: Apache-2.0
//
// Worlds whose truth is known: how units behave, drawn from a seed. Simulations ask whether what
// stats/ says of a world is as often right as it claims.

#ifndef INSIGHTLOOP_TESTS_CALIBRATION_WORLDS_H_
#define INSIGHTLOOP_TESTS_CALIBRATION_WORLDS_H_

#include <array>
#include <cstdint>
#include <random>
#include <string>

namespace insightloop::calibration {

using Random = std::mt19937_64;

// One unit as measured, in whole steps: outcome, denominator (of ratio metrics, else 1), covariate
// (known before exposure).
using Unit = std::array<std::int64_t, 3>;

struct World {
  std::string name;
  double resolution = 1;  // of a step of the outcome

  // Draws one unit; a `lift` of 0.1 makes the expected outcome a tenth higher. The covariate does
  // not feel it.
  Unit (*draw)(Random& random, double lift) = nullptr;

  // Without lift, per unit and in the metric's unit: E[outcome] / E[denominator].
  double value = 0;
};

// Conversion: 10 % of units, customers who used to buy more likely to buy again.
World Binary();

// Orders: overdispersed counts with mean 1.5.
World Counts();

// Revenue: 3 of 10 units buy, for a log-normal amount with log-sd 1, in cents.
World SkewedRevenue();

// Orders per visit, 0.3; units differ in how often they come and how readily they order.
World OrdersPerVisit();

// A log-normal amount whose logarithm has mean `log_mean` and standard deviation `log_sd`, in
// hundredths.
std::int64_t DrawCents(Random& random, double log_mean, double log_sd);

// True with that probability.
bool DrawBool(Random& random, double probability);

}  // namespace insightloop::calibration

#endif  // INSIGHTLOOP_TESTS_CALIBRATION_WORLDS_H_
