// SPDX-License-Identifier: Apache-2.0

#include "stats/internal/bracketed_root.h"

#include <boost/math/policies/policy.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>

namespace insightloop::stats::internal {
namespace {

namespace policies = boost::math::policies;
namespace tools = boost::math::tools;

using Quiet = policies::policy<policies::domain_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>>;

constexpr int kBits = 48;  // of the root; beyond these, the functions' own rounding decides
constexpr std::uintmax_t kMostEvaluations = 2000;  // bisection from the smallest double up

}  // namespace

double BracketedRoot(absl::FunctionRef<double(double)> function, double lower, double upper) {
  const double at_lower = function(lower);
  const double at_upper = function(upper);
  if (at_lower == 0 || std::signbit(at_lower) == std::signbit(at_upper)) return lower;
  std::uintmax_t evaluations = kMostEvaluations;
  const auto [below, above] =
      tools::toms748_solve(function, lower, upper, at_lower, at_upper,
                           tools::eps_tolerance<double>(kBits), evaluations, Quiet());
  return below + (above - below) / 2;
}

}  // namespace insightloop::stats::internal
