// SPDX-License-Identifier: Apache-2.0

#include "tests/calibration/worlds.h"

#include <cmath>

namespace insightloop::calibration {
namespace {

double DrawUniform(Random& random) { return std::ldexp(static_cast<double>(random() >> 11), -53); }

double DrawGamma(Random& random, double shape, double mean) {
  return std::gamma_distribution<double>(shape, mean / shape)(random);
}

std::int64_t DrawPoisson(Random& random, double mean) {
  return std::poisson_distribution<std::int64_t>(mean)(random);
}

Unit DrawBinary(Random& random, double lift) {
  // Half of the units have a rate of 4 %, half of 16 %; earlier purchases tell them apart in part.
  const double rate = DrawBool(random, 0.5) ? 0.16 : 0.04;
  return {DrawBool(random, rate * (1 + lift)) ? 1 : 0, 1, DrawPoisson(random, 20 * rate)};
}

Unit DrawCount(Random& random, double lift) {
  const double rate = DrawGamma(random, 2, 1.5);
  return {DrawPoisson(random, rate * (1 + lift)), 1, DrawPoisson(random, rate)};
}

Unit DrawRevenue(Random& random, double lift) {
  const std::int64_t before = DrawBool(random, 0.3) ? DrawCents(random, 3, 1) : 0;
  // Who bought before buys again with more than twice the probability; 0.3 * 0.5 + 0.7 * 3 / 14 is
  // 0.3.
  const bool buys = DrawBool(random, before > 0 ? 0.5 : 3.0 / 14);
  return {buys ? DrawCents(random, 3 + std::log1p(lift), 1) : 0, 1, before};
}

Unit DrawVisits(Random& random, double lift) {
  const std::int64_t visits = 1 + DrawPoisson(random, DrawGamma(random, 2, 3));
  const double rate = DrawBool(random, 0.5) ? 0.4 : 0.2;
  std::int64_t orders = 0;
  for (std::int64_t visit = 0; visit < visits; ++visit) {
    if (DrawBool(random, rate * (1 + lift))) ++orders;
  }
  return {orders, visits, DrawPoisson(random, 10 * rate)};
}

}  // namespace

bool DrawBool(Random& random, double probability) { return DrawUniform(random) < probability; }

std::int64_t DrawCents(Random& random, double log_mean, double log_sd) {
  const double amount = std::lognormal_distribution<double>(log_mean, log_sd)(random);
  return std::llround(100 * amount);
}

World Binary() { return {.name = "Binary", .draw = DrawBinary, .value = 0.1}; }

World Counts() { return {.name = "Counts", .draw = DrawCount, .value = 1.5}; }

World SkewedRevenue() {
  // The mean of a log-normal variable is exp(log-mean + variance / 2).
  return {.name = "SkewedRevenue",
          .resolution = 0.01,
          .draw = DrawRevenue,
          .value = 0.3 * std::exp(3 + 0.5)};
}

World OrdersPerVisit() { return {.name = "OrdersPerVisit", .draw = DrawVisits, .value = 0.3}; }

}  // namespace insightloop::calibration
