// SPDX-License-Identifier: Apache-2.0

#include "stats/posterior.h"

#include <gtest/gtest.h>

#include <cmath>

namespace insightloop::stats {
namespace {

TEST(PosteriorTest, IsTheEstimateUnderAFlatPrior) {
  const auto posterior = EstimatePosterior({.effect = 1.96, .standard_error = 1}, std::nullopt);
  ASSERT_TRUE(posterior.ok());
  EXPECT_EQ(posterior->mean, 1.96);
  EXPECT_EQ(posterior->standard_deviation, 1);
  // Tables of the normal distribution and its unit loss integral: L(1.96) = 0.00945.
  EXPECT_NEAR(posterior->chance_to_win, 0.9750021, 5e-8);
  EXPECT_NEAR(posterior->loss_of_treatment, 0.00945, 5e-6);
  EXPECT_NEAR(posterior->loss_of_control, 1.96 + 0.00945, 5e-6);
}

TEST(PosteriorTest, ShrinksTowardsThePrior) {
  // By hand: as precise as the estimate, so half way, with a variance of one half.
  const auto posterior = EstimatePosterior({.effect = 4, .standard_error = 1},
                                           NormalPrior{.mean = 2, .standard_deviation = 1});
  ASSERT_TRUE(posterior.ok());
  EXPECT_DOUBLE_EQ(posterior->mean, 3);
  EXPECT_DOUBLE_EQ(posterior->standard_deviation, std::sqrt(0.5));
}

TEST(PosteriorTest, LossesFarOutKeepTheirDigits) {
  // s phi(z) (1 - z M(z)), from mpmath with 60 digits.
  const auto at = [](double z) {
    return EstimatePosterior({.effect = z, .standard_error = 1}, std::nullopt)->loss_of_treatment;
  };
  EXPECT_NEAR(at(10) / 7.4745602545893281e-25, 1, 1e-12);
  EXPECT_NEAR(at(31) / 8.6763541349110342e-213, 1, 1e-10);
}

TEST(PosteriorTest, RefusesWhatHasNoAnswer) {
  EXPECT_EQ(EstimatePosterior({.effect = 1, .standard_error = 0}, std::nullopt).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(EstimatePosterior({.effect = NAN, .standard_error = 1}, std::nullopt).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EstimatePosterior({.effect = 1, .standard_error = 1}, NormalPrior{}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace insightloop::stats
